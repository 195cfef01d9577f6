"""The agent's configuration file: ``amazon-cloudwatch-agent.json``, read and checked.

Theory of operation
-------------------
1. Everything wrong is told at once, each with the path to it in the document:
   ``metrics.metrics_collected.disk.measurement: is required``. A key that the agent's own schema
   does not allow is an error there and here; a key that it reads over is a warning.
2. What the agent would do and labkit's does not (``statsd``, ``procstat`` ...) is a warning: a
   working file from a real server is read as it is.
3. The result is a value without defaults left to fill in: intervals, names and units are decided.

Source: the agent's JSON schema (translator/config/schema.json); CloudWatch user guide, "Manually
create or edit the CloudWatch agent configuration file".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.agents import config_logs
from labkit.agents.catalogue import EC2_DIMENSIONS, KINDS, NOT_COLLECTED, UNITS, field_of
from labkit.agents.log_file import LogFile
from labkit.agents.problems import ConfigError, Problems

#: The namespace that a configuration without one gets.
NAMESPACE = "CWAgent"
#: Seconds between two collections, and between two PutMetricData calls.
INTERVAL_S = 60
FLUSH_S = 60
#: The longest interval, seconds: two days.
_LONGEST_S = 172_800
_MODES = ("ec2", "onPremise", "onPrem", "auto")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure that a section shall publish: the field, its published name and unit."""

    field: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of ``metrics_collected``, decided.

    Parameters
    ----------
    name:
        ``cpu``, ``disk`` ...
    measurements:
        What it publishes.
    interval_s:
        Seconds between two collections; below 60 the metrics are high-resolution ones.
    resources:
        Which things (mount points, devices, interfaces); None for all.
    dimensions:
        Its own ``append_dimensions``: (name, value) pairs.
    dropped:
        Fields of which only the roll-ups are published (``drop_original_metrics``).
    ignored_types:
        File system types that ``disk`` leaves out.
    drop_device:
        Whether ``disk`` leaves out the dimension ``device``.
    total_cpu:
        Whether ``cpu`` publishes ``cpu-total``.
    """

    name: str
    measurements: tuple[Measurement, ...]
    interval_s: int = INTERVAL_S
    resources: tuple[str, ...] | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    dropped: frozenset[str] = frozenset()
    ignored_types: frozenset[str] = frozenset()
    drop_device: bool = False
    total_cpu: bool = True

    @property
    def resolution(self) -> int:
        """StorageResolution of its metrics: 1 when collected more often than each minute."""
        return 1 if self.interval_s < 60 else 60

    def wants(self, thing: str) -> bool:
        """Whether a mount point, device or interface is one of its ``resources``."""
        return self.resources is None or "*" in self.resources or thing in self.resources


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration, decided. Read it with :func:`read`.

    Parameters
    ----------
    sections:
        What is measured.
    namespace, appended, aggregated:
        Of ``metrics``: ``appended`` are keys of :data:`EC2_DIMENSIONS`, ``aggregated`` the
        roll-ups, each a tuple of dimension names (an empty one: no dimensions).
    omit_hostname:
        Whether the dimension ``host`` is left out though nothing is appended.
    flush_s:
        Longest wait between a collection and its PutMetricData, seconds.
    logs:
        Which files are followed.
    log_flush_s:
        The same for PutLogEvents.
    region, role_arn, endpoint, logs_endpoint:
        Where to and as whom; empty: as the machine is set up.
    mode:
        ``ec2`` or ``onPremise``; empty when nothing is said.
    state_file:
        Where the old agent writes down how far it has read; empty: nowhere.
    warnings:
        What was read over, or is not done here.
    """

    sections: tuple[Section, ...] = ()
    namespace: str = NAMESPACE
    appended: tuple[str, ...] = ()
    aggregated: tuple[tuple[str, ...], ...] = ()
    omit_hostname: bool = False
    flush_s: int = FLUSH_S
    logs: tuple[LogFile, ...] = ()
    log_flush_s: int = 5
    region: str = ""
    role_arn: str = ""
    endpoint: str = ""
    logs_endpoint: str = ""
    mode: str = ""
    state_file: str = ""
    warnings: tuple[str, ...] = field(default=())


def read(document: str | bytes | Mapping[str, Any]) -> Config:
    """The configuration of a JSON text or of a document already parsed.

    Raises
    ------
    ConfigError
        With every problem, each naming its place in the document.
    """
    problems = Problems()
    if isinstance(document, str | bytes):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise ConfigError([f"this is no JSON: {error}"]) from None
    root = problems.mapping(document, "the document")
    agent = problems.mapping(root.get("agent", {}), "agent")
    interval_s = problems.seconds(
        agent, "metrics_collection_interval", "agent", INTERVAL_S, _LONGEST_S
    )
    mode = problems.text(agent, "mode", "agent")
    if mode and mode not in _MODES:
        problems.add("agent.mode", f"{mode!r} is none of {', '.join(_MODES)}")
    metrics = _metrics(problems, root, interval_s)
    logs, log_flush_s, logs_endpoint = config_logs.logs(problems, root)
    for key in root:
        if key in ("traces", "opentelemetry"):
            problems.warn(key, "is read over: traces are the X-Ray part's")
        elif key not in ("agent", "metrics", "logs", "csm"):
            problems.warn(key, "is no section of the agent's and is read over")
    if not metrics.get("sections") and not logs and not problems.found:
        problems.add("the document", "has neither metrics nor logs to collect")
    problems.raise_if_any()
    return Config(
        omit_hostname=problems.flag(agent, "omit_hostname", "agent", default=False),
        logs=logs,
        log_flush_s=log_flush_s,
        region=problems.text(agent, "region", "agent"),
        role_arn=_role(problems, agent),
        logs_endpoint=logs_endpoint,
        mode={"onPrem": "onPremise", "auto": ""}.get(mode, mode),
        warnings=tuple(problems.warnings),
        **metrics,
    )


def _role(problems: Problems, agent: Mapping[str, Any]) -> str:
    credentials = problems.mapping(agent.get("credentials", {}), "agent.credentials")
    return problems.text(credentials, "role_arn", "agent.credentials")


_METRICS_KEYS = {
    "namespace", "aggregation_dimensions", "append_dimensions", "metrics_destinations",
    "metrics_collected", "force_flush_interval", "credentials", "endpoint_override",
    "service.name", "deployment.environment",
}  # fmt: skip


def _metrics(problems: Problems, root: Mapping[str, Any], interval_s: int) -> dict[str, Any]:
    if "metrics" not in root:
        return {}
    metrics = problems.mapping(root["metrics"], "metrics")
    for key in metrics:
        if key not in _METRICS_KEYS:
            problems.add(f"metrics.{key}", "is not allowed here")
    namespace = problems.text(metrics, "namespace", "metrics") or NAMESPACE
    if len(namespace) > 255:
        problems.add("metrics.namespace", "is longer than 255 characters")
    if namespace.startswith("AWS/"):
        problems.add("metrics.namespace", "begins with AWS/, which PutMetricData refuses")
    if "metrics_collected" not in metrics:
        problems.add("metrics.metrics_collected", "is required")
    collected = problems.mapping(metrics.get("metrics_collected", {}), "metrics.metrics_collected")
    if "metrics_collected" in metrics and not collected and not problems.found:
        problems.add("metrics.metrics_collected", "names no section")
    sections = [
        _section(problems, name, body, f"metrics.metrics_collected.{name}", interval_s)
        for name, body in collected.items()
        if _collects(problems, name)
    ]
    return {
        "sections": tuple(one for one in sections if one is not None),
        "namespace": namespace,
        "appended": _appended(problems, metrics),
        "aggregated": _aggregated(problems, metrics),
        "flush_s": problems.seconds(
            metrics, "force_flush_interval", "metrics", FLUSH_S, _LONGEST_S
        ),
        "endpoint": problems.text(metrics, "endpoint_override", "metrics"),
    }


def _collects(problems: Problems, name: str) -> bool:
    where = f"metrics.metrics_collected.{name}"
    if name in KINDS:
        return True
    if name in NOT_COLLECTED:
        problems.warn(where, f"is not collected here ({NOT_COLLECTED[name]})")
    else:
        problems.add(where, f"is no section; there are {', '.join(KINDS)}")
    return False


_SECTION_KEYS = {
    "measurement", "metrics_collection_interval", "append_dimensions", "resources",
    "drop_original_metrics",
}  # fmt: skip
_OWN_KEYS = {"cpu": {"totalcpu"}, "disk": {"ignore_file_system_types", "drop_device"}}


def _section(
    problems: Problems, name: str, raw: Any, where: str, interval_s: int
) -> Section | None:
    body = problems.mapping(raw, where)
    for key in body:
        if key not in _SECTION_KEYS | _OWN_KEYS.get(name, set()):
            problems.warn(f"{where}.{key}", "is read over")
    measurements = _measurements(problems, name, body, where)
    resources = problems.texts(body, "resources", where) if "resources" in body else None
    if name == "cpu" and resources not in (None, (), ("*",)):
        problems.add(f"{where}.resources", 'of cpu is ["*"] (every core) or left out')
    total_cpu = problems.flag(body, "totalcpu", where, default=True)
    if name == "cpu" and not total_cpu and not resources:
        problems.add(where, 'collects nothing: totalcpu is false and resources is not ["*"]')
    dropped = set()
    for i, given in enumerate(problems.texts(body, "drop_original_metrics", where)):
        known = field_of(name, given)
        if known is None:
            problems.warn(f"{where}.drop_original_metrics[{i}]", f"{given!r} is none of {name}'s")
        else:
            dropped.add(known)
    extra = problems.mapping(body.get("append_dimensions", {}), f"{where}.append_dimensions")
    for key, value in extra.items():
        if not isinstance(value, str) or not value:
            problems.add(f"{where}.append_dimensions.{key}", "is not a text")
    if problems.found:
        return None
    return Section(
        name,
        measurements,
        problems.seconds(body, "metrics_collection_interval", where, interval_s, _LONGEST_S),
        resources,
        tuple(sorted(extra.items())),
        frozenset(dropped),
        frozenset(problems.texts(body, "ignore_file_system_types", where)),
        problems.flag(body, "drop_device", where, default=False),
        total_cpu,
    )


def _measurements(
    problems: Problems, name: str, body: Mapping[str, Any], where: str
) -> tuple[Measurement, ...]:
    where = f"{where}.measurement"
    if "measurement" not in body:
        problems.add(where, "is required")
        return ()
    given = body["measurement"]
    if not isinstance(given, Sequence) or isinstance(given, str):
        problems.add(where, "is not a list")
        return ()
    found = []
    for i, one in enumerate(given):
        spot = f"{where}[{i}]"
        asked = {"name": one} if isinstance(one, str) else problems.mapping(one, spot)
        text = problems.text(asked, "name", spot)
        if not text:
            problems.add(spot, "has no name")
            continue
        known = field_of(name, text)
        if known is None:
            near = ", ".join(KINDS[name].units)
            problems.add(spot, f"{text!r} is none of {name}'s figures: {near}")
            continue
        unit = problems.text(asked, "unit", spot) or KINDS[name].units[known]
        if unit not in UNITS:
            problems.add(f"{spot}.unit", f"{unit!r} is no unit of CloudWatch's")
        for key in asked:
            if key not in ("name", "rename", "unit", "category"):
                problems.warn(f"{spot}.{key}", "is read over")
        found.append(
            Measurement(known, problems.text(asked, "rename", spot) or f"{name}_{known}", unit)
        )
    return tuple(found)


def _appended(problems: Problems, metrics: Mapping[str, Any]) -> tuple[str, ...]:
    where = "metrics.append_dimensions"
    found = []
    for key, value in problems.mapping(metrics.get("append_dimensions", {}), where).items():
        name = "ImageId" if key == "ImageID" else key  # the guide writes both
        if name not in EC2_DIMENSIONS:
            problems.warn(
                f"{where}.{key}",
                f"is read over: here only {', '.join(EC2_DIMENSIONS)} count; other dimensions go "
                "into a section's own append_dimensions",
            )
        elif value not in (
            EC2_DIMENSIONS[name],
            EC2_DIMENSIONS[name].replace("ImageId", "ImageID"),
        ):
            problems.add(f"{where}.{key}", f"must be {EC2_DIMENSIONS[name]!r}, not {value!r}")
        else:
            found.append(name)
    return tuple(found)


def _aggregated(problems: Problems, metrics: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    where = "metrics.aggregation_dimensions"
    given = metrics.get("aggregation_dimensions", [])
    if not isinstance(given, list):
        problems.add(where, "is not a list of lists of dimension names")
        return ()
    found: list[tuple[str, ...]] = []
    for i, one in enumerate(given):
        if not isinstance(one, list) or not all(isinstance(name, str) and name for name in one):
            problems.add(f"{where}[{i}]", "is not a list of dimension names")
        elif len(one) > 30:
            problems.add(f"{where}[{i}]", "has more than 30 dimensions")
        elif tuple(one) not in found:
            found.append(tuple(one))
    return tuple(found)


__all__ = ["Config", "ConfigError", "Measurement", "Section", "read"]
