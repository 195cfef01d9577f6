"""Which services there are: operations, categories, limits, and what is still to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from labkit.backing.backed import SERVICES
from labkit.gateway.dispatch import Operation
from labkit.gateway.recording import Category
from labkit.quotas import quotas_of

#: Services that moto backs so far.
BACKED = SERVICES

#: Services of labkit's own.
OURS = (
    "athena",
    "cloudwatch",
    "cloudtrail",
    "events",
    "logs",
    "oam",
    "scheduler",
    "schemas",
    "synthetics",
    "xray",
)

#: Services of labkit's own whose folder is not called like botocore's service.
_FOLDERS = {"events": "eventbridge"}

#: Services of labkit's own that later parts bring, whole.
LATER = {
    "events": "EventBridge comes with its own part.",
    "pipes": "EventBridge Pipes come with EventBridge.",
    "stepfunctions": "moto runs state machines in threads, on the machine's own time.",
}


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Every operation of our own, by (botocore's service name, wire name)."""
    from labkit.athena import api as athena
    from labkit.cloudtrail import api as cloudtrail
    from labkit.cloudwatch import api as cloudwatch
    from labkit.eventbridge import api as eventbridge
    from labkit.logs import api as logs
    from labkit.oam import api as oam
    from labkit.scheduler import api as scheduler
    from labkit.schemas import api as schemas
    from labkit.synthetics import api as synthetics
    from labkit.xray import api as xray

    built: dict[tuple[str, str], Operation] = {}
    for service in (
        athena,
        cloudwatch,
        cloudtrail,
        eventbridge,
        logs,
        oam,
        scheduler,
        schemas,
        synthetics,
        xray,
    ):
        built.update(service.OPERATIONS)
    return built


@cache
def category(service: str, operation: str) -> Category:
    """How CloudTrail classes an operation."""
    from labkit.cloudtrail.engine.categories import category_of

    found = category_of(service, operation)
    return Category(found.kind, found.read_only, found.answered)


@cache
def pending_of(service: str) -> Mapping[str, str]:
    """Operations of one of our services that are not built yet: wire name -> reason."""
    import tomllib
    from importlib.resources import files

    place = files("labkit") / _FOLDERS.get(service, service) / "pending.toml"
    if not place.is_file():
        return {}
    table: dict[str, str] = {}
    for group in tomllib.loads(place.read_text(encoding="utf-8")).values():
        table |= dict.fromkeys(group["operations"], group["reason"])
    return table


def pending(service: str, operation: str) -> str:
    """Why an operation is answered 501: the published table's reason."""
    if service in LATER:
        return LATER[service]
    return pending_of(service).get(operation, "This service is not part of labkit so far.")


@cache
def validation_codes() -> Mapping[str, str]:
    """The error code of each service that checks parameters against its model."""
    from labkit.athena import api as athena
    from labkit.cloudwatch import api as cloudwatch
    from labkit.eventbridge import api as eventbridge
    from labkit.logs import api as logs
    from labkit.oam import api as oam
    from labkit.scheduler import api as scheduler
    from labkit.schemas import api as schemas
    from labkit.synthetics import api as synthetics
    from labkit.xray import api as xray

    return {
        "athena": athena.VALIDATION_CODE,
        "cloudwatch": cloudwatch.VALIDATION_CODE,
        "events": eventbridge.VALIDATION_CODE,
        "logs": logs.VALIDATION_CODE,
        "oam": oam.VALIDATION_CODE,
        "scheduler": scheduler.VALIDATION_CODE,
        "schemas": schemas.VALIDATION_CODE,
        "synthetics": synthetics.VALIDATION_CODE,
        "xray": xray.VALIDATION_CODE,
    }


@cache
def limits() -> Mapping[str, Mapping[str, Any]]:
    """The limits of our own services."""
    return {name: quotas_of(_FOLDERS.get(name, name)) for name in OURS}


def operations_table() -> str:
    """Which operations of botocore's models are there, service by service, as text."""
    from botocore.session import get_session

    session = get_session()
    built = operations()
    lines = [f"{'service':12} {'there':>5} {'of':>4}  what is not there yet"]
    for service in (*OURS, *LATER):
        names = session.get_service_model(service).operation_names
        there = [name for name in names if (service, name) in built]
        reasons: dict[str, int] = {}
        for name in names:
            if (service, name) not in built:
                why = pending(service, name)
                reasons[why] = reasons.get(why, 0) + 1
        told = "; ".join(f"{count}: {why}" for why, count in reasons.items())
        lines.append(f"{service:12} {len(there):5} {len(names):4}  {told}")
    backed = ", ".join(sorted(BACKED))
    lines.append(f"backed by moto, whole services: {backed}")
    return "\n".join(lines)


def model() -> Mapping[str, list[str]]:
    """Every operation of botocore's models of our own services: service -> names in order."""
    from botocore.session import get_session

    session = get_session()
    return {one: sorted(session.get_service_model(one).operation_names) for one in OURS}


def stored() -> frozenset[tuple[str, str]]:
    """Operations that only keep what they are given and show it again."""
    from labkit.cloudwatch.api import STORED

    return frozenset(("cloudwatch", name) for name in STORED)


def operations_page() -> str:
    """``docs/operations.md``: what each operation of our own services is, by model and code."""
    built, kept = operations(), stored()
    lines = [
        "# Operations",
        "",
        "Written by `labkit operations --markdown`; a test compares this page with botocore's",
        "models and with the code. An operation *acts* when a second operation, the clock or a",
        "fact shows its effect; it is *stored* when it only keeps what it is given. What is not",
        "there answers 501 with the reason given here.",
    ]
    for service, names in model().items():
        acts = [n for n in names if (service, n) in built and (service, n) not in kept]
        keeps = [n for n in names if (service, n) in kept]
        count = f"{len(acts)} act, {len(keeps)} stored, {len(names)} in the model"
        lines += ["", f"## {service}", "", f"{count}.", "", f"**Act:** {_listed(acts)}"]
        if keeps:
            lines += ["", f"**Stored:** {_listed(keeps)}"]
        missing: dict[str, list[str]] = {}
        for name in names:
            if (service, name) not in built:
                missing.setdefault(pending(service, name), []).append(name)
        for reason, absent in missing.items():
            lines += ["", f"**Not there:** {_listed(absent)}: {reason}"]
    return "\n".join(lines) + "\n"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
