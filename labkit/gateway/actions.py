"""What a call needs permission for: operation and parameters -> IAM actions on resources.

The knowledge is data (``actions.toml``, whose head explains its words); here it is compiled, once
per operation, into a :class:`Plan`. A service that the file does not know needs
``<service>:<Operation>`` on ``*``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from labkit.gateway.policy import Value

_HOLE = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a call needs."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Where:
    """What a resource's ARN takes from the call itself."""

    region: str
    account: str
    caller: str


@dataclass(frozen=True, slots=True)
class _Hole:
    """``{path:through|fallback}`` of an ARN."""

    path: tuple[str, ...]
    through: str
    fallback: str | None


@dataclass(frozen=True, slots=True)
class _Arn:
    """An ARN with holes: texts and holes by turns, a text first and last."""

    parts: tuple[str | _Hole, ...]

    def fill(self, params: Mapping[str, Any], where: Where) -> list[str]:
        """Every ARN that the parameters make of it; none when something is missing."""
        found = [""]
        for part in self.parts:
            if isinstance(part, str):
                found = [arn + part for arn in found]
                continue
            values = list(_values(part, params, where))
            if part.through == "arn" and any(value.startswith("arn:") for value in values):
                return values
            found = [arn + value for arn in found for value in values]
        return found


#: A switch that is off (``unmask``) asks for as little as one that is not there.
_NOT_SAID: tuple[object, ...] = (None, False)


@dataclass(frozen=True, slots=True)
class _Rule:
    action: str
    arns: tuple[_Arn, ...]
    first: bool
    wanted: str
    unwanted: str

    def needs(self, params: Mapping[str, Any], where: Where) -> Iterator[Need]:
        if self.wanted and params.get(self.wanted) in _NOT_SAID:
            return
        if self.unwanted and params.get(self.unwanted) is not None:
            return
        for arn in self.arns:
            filled = arn.fill(params, where)
            for resource in filled:
                yield Need(self.action, resource)
            if filled and self.first:
                return


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of an operation before any call.

    Parameters
    ----------
    action:
        Its usual action.
    free:
        Whether it needs no permission.
    guarded:
        Whether policies of resources may forbid it to an administrator too.
    creates:
        Whether the resource is not there yet.
    """

    action: str
    free: bool
    guarded: bool
    creates: bool
    rules: tuple[_Rule, ...]
    keys: tuple[tuple[str, tuple[str, ...]], ...]
    #: The parameters that decide about the needs; without any of them they are known from before.
    looks_at: frozenset[str]
    bare: dict[Where, list[Need]] = field(default_factory=dict, compare=False, repr=False)

    def needs(self, params: Mapping[str, Any], where: Where) -> list[Need]:
        """The permissions that a call needs, each once; at least one."""
        if not self.looks_at.isdisjoint(params):
            return self._worked_out(params, where)
        # None of the parameters counts (ListTopics): it is the same need each time.
        known = self.bare.get(where)
        if known is None:
            known = self.bare[where] = self._worked_out(params, where)
        return list(known)

    def _worked_out(self, params: Mapping[str, Any], where: Where) -> list[Need]:
        found = dict.fromkeys(need for rule in self.rules for need in rule.needs(params, where))
        return list(found) or [Need(self.action, "*")]

    def context(self, params: Mapping[str, Any]) -> dict[str, Value]:
        """The service's own condition keys, and the tags that the call brings."""
        found: dict[str, Value] = {}
        for key, path in self.keys:
            values = tuple(_text(value) for value in _walk(params, path))
            if values:
                found[key] = values if len(values) > 1 else values[0]
        tags = dict(_tags(params))
        if tags:
            found["aws:TagKeys"] = tuple(tags)
            found |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        return found


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a service words that somebody may not."""

    code: str
    status: int
    style: str


@cache
def _table() -> Mapping[str, Any]:
    text = (files("labkit.gateway") / "actions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def refusal_of(service: str) -> Refusal:
    """How a service words a refusal."""
    row = {**_table()["default"], **_table().get(service, {})}
    return Refusal(row["code"], row["status"], row.get("style", ""))


@cache
def plan_of(service: str, operation: str) -> Plan:
    """What an operation needs, by botocore's service name and the wire name."""
    row: Mapping[str, Any] = _table().get(service, {})
    prefix = row.get("prefix", service)
    action = f"{prefix}:{row.get('actions', {}).get(operation, operation)}"
    rules = tuple(
        _Rule(
            rule.get("action", action),
            tuple(map(_arn, rule["resources"])),
            rule.get("first", False),
            rule.get("if", ""),
            rule.get("unless", ""),
        )
        for rule in row.get("rule", ())
        if operation in rule["operations"].split()
    ) or (_Rule(action, tuple(map(_arn, row.get("resources", ()))), True, "", ""),)
    return Plan(
        action=action,
        free=operation in row.get("free", "").split(),
        guarded=row.get("guarded", False),
        creates=operation in row.get("creates", "").split(),
        rules=rules,
        keys=tuple((key, tuple(path.split("."))) for key, path in row.get("keys", {}).items()),
        looks_at=frozenset(_looks_at(rules)),
    )


def _looks_at(rules: tuple[_Rule, ...]) -> Iterator[str]:
    for rule in rules:
        yield from (rule.wanted, rule.unwanted)
        for arn in rule.arns:
            yield from (part.path[0] for part in arn.parts if isinstance(part, _Hole))


def _arn(text: str) -> _Arn:
    parts: list[str | _Hole] = []
    for place, piece in enumerate(_HOLE.split(text)):
        if place % 2 == 0:
            parts.append(piece)
            continue
        path, bar, fallback = piece.partition("|")
        path, _, through = path.partition(":")
        parts.append(_Hole(tuple(path.split(".")), through, fallback if bar else None))
    return _Arn(tuple(parts))


# -- parameters -----------------------------------------------------------------------------------
def _values(hole: _Hole, params: Mapping[str, Any], where: Where) -> Iterator[str]:
    if len(hole.path) == 1 and hole.path[0] in ("region", "account", "caller"):
        yield getattr(where, hole.path[0])
        return
    found = False
    for value in _walk(params, hole.path):
        text = _THROUGH[hole.through](value, where) if hole.through else _text(value)
        if text:
            found = True
            yield text
    if not found and hole.fallback is not None:
        yield getattr(where, hole.fallback, hole.fallback)


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        if isinstance(value, list | tuple):
            yield from value
        elif value is not None:
            yield value
    elif path[0] == "*":
        if isinstance(value, list | tuple):
            for item in value:
                yield from _walk(item, path[1:])
    elif path[0] == "@":
        if isinstance(value, Mapping):
            yield from map(str, value)
    elif isinstance(value, Mapping):
        yield from _walk(value.get(path[0]), path[1:])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags of a request: a list or a map, and EC2's way."""
    for name in ("Tags", "tags"):
        tags = params.get(name)
        if isinstance(tags, Mapping):
            yield from ((str(key), str(value)) for key, value in tags.items())
        elif isinstance(tags, list):
            yield from _pairs(tags)
    for each in params.get("TagSpecifications") or ():
        if isinstance(each, Mapping):
            yield from _pairs(each.get("Tags") or [])


def _pairs(tags: list[Any]) -> Iterator[tuple[str, str]]:
    for tag in tags:
        if isinstance(tag, Mapping) and "Key" in tag:
            yield str(tag["Key"]), str(tag.get("Value", ""))


# -- the functions that an ARN may go through -----------------------------------------------------
def _queue(url: Any, where: Where) -> str:
    """A queue's ARN, of its URL (or of its name, which SQS takes too)."""
    parts = str(url).rstrip("/").split("/")
    owner = parts[-2] if len(parts) > 3 and parts[-2].isdigit() else where.account
    return f"arn:aws:sqs:{where.region}:{owner}:{parts[-1]}"


def _topic(subscription: Any, where: Where) -> str:
    """The topic of a subscription: its ARN without the last part."""
    return str(subscription).rpartition(":")[0]


def _copied(source: Any, where: Where) -> str:
    """Bucket and key of a CopySource, which is a text or a dict."""
    if isinstance(source, Mapping):
        return f"{source.get('Bucket', '')}/{source.get('Key', '')}"
    from urllib.parse import unquote

    return unquote(str(source)).partition("?versionId=")[0].lstrip("/")


_EC2_KINDS = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}


def _ec2(name: Any, where: Where) -> str:
    """``instance/i-...``: the kind of thing that an EC2 id names, and the id."""
    kind = _EC2_KINDS.get(str(name).partition("-")[0], "*")
    return f"{kind}/{name}"


def _profile(name: Any, where: Where) -> str:
    """The instance profile whose role is passed; who authorises asks IAM for the role."""
    text = str(name)
    if text.startswith("arn:"):
        return text
    return f"arn:aws:iam::{where.account}:instance-profile/{text}"


def _project(build: Any, where: Where) -> str:
    """The project of a build's id (``shop:1a2b...``) or ARN."""
    return str(build).rpartition("/")[2].partition(":")[0]


def _name_or_arn(value: Any, where: Where) -> str:
    """A name; an ARN, which the service takes as well, stands for the whole ARN."""
    return str(value)


def _bus_rules(bus: Any, where: Where) -> str:
    """How the ARNs of a bus's rules begin; of the bus's name or ARN."""
    text = str(bus)
    if text.startswith("arn:"):
        start, _, name = text.partition(":event-bus/")
    else:
        start, name = f"arn:aws:events:{where.region}:{where.account}", text
    return f"{start}:rule/" if name == "default" else f"{start}:rule/{name}/"


def _parameter(name: Any, where: Where) -> str:
    """A parameter's name as it stands in an ARN: without the slash it begins with."""
    return str(name).lstrip("/")


_THROUGH: Mapping[str, Callable[[Any, Where], str]] = {
    "arn": _name_or_arn,
    "queue": _queue,
    "topic": _topic,
    "copied": _copied,
    "ec2": _ec2,
    "profile": _profile,
    "project": _project,
    "parameter": _parameter,
    "bus_rules": _bus_rules,
}
