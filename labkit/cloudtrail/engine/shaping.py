"""Parameters and answers in the form that CloudTrail gives them.

boto3 writes ``{"AlarmName": "hot", "Period": 60}``, the record says ``{"alarmName": "hot",
"period": 60}``: the first letter small on every level (``MD5OfMessageBody`` becomes
``mD5OfMessageBody``), except for the keys of maps, which are the user's own. Services of the
REST-JSON protocol made since about 2017 keep the names of their JSON body instead
(``records.toml``: style wire). EC2 and S3 have shapes of their own (:mod:`ec2 <.ec2>`,
:mod:`s3 <.s3>`).

Secrets never reach a record: each service has its list of members that are left out or covered,
and this is done first. Bytes are left out too, since records never show a body.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from labkit.core.clock import to_us

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
REMOVED = "<sensitiveDataRemoved>"

_BYTES = (bytes, bytearray)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Style:
    """What ``records.toml`` says of a service; see the head of that file."""

    style: str
    times: str
    maps: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()
    omit: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    hide_top: frozenset[str] = frozenset()
    blank: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    server: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    shown: str = ""
    denied: str = ""


_WORDS = ("maps", "path", "body", "omit", "hide", "hide_top", "blank", "errors", "server")


@cache
def _table() -> Mapping[str, Any]:
    place = files("labkit") / "cloudtrail" / "records.toml"
    return tomllib.loads(place.read_text(encoding="utf-8"))


@cache
def style_of(service: str) -> Style:
    """How the records of a service look, by botocore's service name."""
    row = {**_table()["default"], **_table().get(service, {})}
    for key in _WORDS:
        row[key] = frozenset(row.get(key, "").split())
    return Style(**row)


def lower_first(name: str) -> str:
    """``AlarmName`` -> ``alarmName``, ``VPCZoneIdentifier`` -> ``vPCZoneIdentifier``."""
    return name[:1].lower() + name[1:]


def moment(value: datetime, times: str) -> str | int:
    """A time inside parameters or an answer, as the service's records write it."""
    if times == "millis":
        return to_us(value) // 1000
    comma = "," if times == "comma" else ""
    hour = value.hour % 12 or 12
    half = "AM" if value.hour < 12 else "PM"
    day = f"{_MONTHS[value.month - 1]} {value.day}, {value.year}{comma}"
    return f"{day} {hour}:{value:%M:%S} {half}"


def without_secrets(value: dict[str, Any], style: Style) -> dict[str, Any]:
    """A parameter object or an answer without what its service keeps secret, and without bytes.

    This comes before any shaping, by boto3's names, so that no shape can forget it.
    """
    return _members_without(value, style, True)


def _members_without(value: dict[str, Any], style: Style, top: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, member in value.items():
        if member is None or name in style.omit or isinstance(member, _BYTES):
            continue
        if name in style.hide or (top and name in style.hide_top):
            kept[name] = HIDDEN
        elif name in style.blank:
            kept[name] = REMOVED
        elif name in style.maps and isinstance(member, dict):
            # The keys are the user's own: a tag called Password is no password.
            kept[name] = {
                key: _without(item, style)
                for key, item in member.items()
                if not isinstance(item, _BYTES)
            }
        else:
            kept[name] = _without(member, style)
    return kept


def _without(value: Any, style: Style) -> Any:
    if isinstance(value, dict):
        return _members_without(value, style, False)
    if isinstance(value, list):
        return [_without(item, style) for item in value if not isinstance(item, _BYTES)]
    return value


def plain(value: Any, style: Style, operation: str = "", *, top: bool = True) -> Any:
    """A parameter object or an answer in the style ``lower`` or ``wire``."""
    if isinstance(value, dict):
        shaped: dict[str, Any] = {}
        for name, member in value.items():
            if name in style.maps and isinstance(member, dict):
                # What the user's keys lead to is AWS's again.
                made = {k: plain(v, style, operation, top=False) for k, v in member.items()}
            else:
                made = plain(member, style, operation, top=False)
            shaped[_name(name, style, top, operation)] = made
        return shaped
    if isinstance(value, list):
        return [plain(item, style, operation, top=False) for item in value]
    return scalar(value, style)


def scalar(value: Any, style: Style) -> Any:
    """A single value: times as the service writes them, everything else as it is."""
    return moment(value, style.times) if isinstance(value, datetime) else value


def _name(name: str, style: Style, top: bool, operation: str) -> str:
    if style.style != "wire":
        return lower_first(name)
    in_path = top and name in style.path and f"{operation}.{name}" not in style.body
    return lower_first(name) if in_path else name
