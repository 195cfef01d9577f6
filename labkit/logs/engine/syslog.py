"""Syslog messages: the fields that CloudWatch Logs extracts, for queries.

Three forms are told apart by how a message begins: RFC 5424, RFC 3164 (BSD), and Cisco's FTD and
ASA, which have a tag like ``%ASA-4-106023:`` in a header of either form. The message itself is kept
as it came. (User guide, CWL_Syslog)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from logging.handlers import SysLogHandler
from typing import Any

#: Bytes of a message by TCP and by UDP.
MOST_TCP, MOST_UDP = 64 * 1024, 8 * 1024

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_BSD = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
_ELEMENT = r"\[[^ =\]\"]{1,32}(?: [^ =\]\"]{1,32}=\"(?:[^\"\\\]]|\\.)*\")*\]"

_RFC5424 = re.compile(
    rf"<(?P<pri>\d{{1,3}})>1 (?P<timestamp>-|{_ISO}) (?P<hostname>[!-~]{{1,255}}) "
    r"(?P<appName>[!-~]{1,48}) (?P<procId>[!-~]{1,128}) (?P<msgId>[!-~]{1,32}) "
    rf"(?P<data>-|(?:{_ELEMENT})+)(?: (?P<message>.*))?",
    re.DOTALL,
)
_RFC3164 = re.compile(
    rf"<(?P<pri>\d{{1,3}})>(?P<timestamp>{_BSD}) (?P<hostname>\S+) "
    r"(?:(?P<appName>[^\s:\[]{1,48})(?:\[(?P<procId>[^\]\s]{1,128})\])?: ?)?(?P<message>.*)",
    re.DOTALL,
)
_CISCO = re.compile(
    rf"<(?P<pri>\d{{1,3}})>(?:1 )?(?:(?P<timestamp>{_ISO}|{_BSD}|[A-Z][a-z]{{2}} [ \d]\d \d{{4}} "
    r"\d\d:\d\d:\d\d)(?::)? )?(?:(?P<deviceId>[^\s:%]+)(?: ?:)? )?(?:[ -]|:)*"
    r"%(?P<device>FTD|ASA|FMC-AUDIT-LOG)-(?:(?P<subsystem>[a-z]+)-)?(?P<level>[0-7])-"
    r"(?P<messageId>\d+): ?(?P<message>.*)",
    re.DOTALL,
)
_PAIR = re.compile(r"([^ =\]\"]+)=\"((?:[^\"\\\]]|\\.)*)\"")
_ESCAPED = re.compile(r"\\([\"\\\]])")

#: Names of severities: the protocol's, and those of Cisco's devices.
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_CISCO_SEVERITIES = (
    "emergency", "alert", "critical", "error", "warning", "notification", "informational",
    "debugging",
)  # fmt: skip


@cache
def facilities() -> tuple[str, ...]:
    """Names of facilities by their code."""
    names = {code: name for name, code in SysLogHandler.facility_names.items()}
    # The library calls 4 `security` as well, an old name of `auth`.
    return tuple("auth" if code == 4 else names.get(code, str(code)) for code in range(24))


def fields_of(text: str, now: datetime) -> dict[str, Any] | None:
    """The fields of a message; None when it has none of the three forms.

    Parameters
    ----------
    text:
        The message, without the frame that it came in.
    now:
        An aware instant: a BSD timestamp has no year, and means the one that is nearest.
    """
    found = _CISCO.match(text)
    if found is not None:
        return _cisco(found, now)
    found = _RFC5424.match(text) or _RFC3164.match(text)
    if found is None:
        return None
    code = int(found["pri"])
    if code > 191:
        return None
    told: dict[str, Any] = {
        "facility": facilities()[code // 8],
        "facilityCode": code // 8,
        "severity": SEVERITIES[code % 8],
        "severityCode": code % 8,
        "timestamp": _stamp(found["timestamp"], now),
    }
    groups = found.groupdict()
    for name in ("hostname", "appName", "procId", "msgId"):
        if groups.get(name) not in (None, "-"):
            told[name] = groups[name]
    if groups.get("data") not in (None, "-"):
        told["structuredData"] = _elements(groups["data"])
    told["message"] = (groups["message"] or "").removeprefix("\ufeff")
    return {name: value for name, value in told.items() if value not in (None, "")}


def _cisco(found: re.Match[str], now: datetime) -> dict[str, Any]:
    level = int(found["level"])
    told = {
        "device": found["device"],
        "timestamp": _stamp(found["timestamp"], now),
        "deviceId": found["deviceId"],
        "severity": _CISCO_SEVERITIES[level],
        "severityLevel": level,
        "messageId": found["messageId"],
        "subsystem": found["subsystem"],
        "message": found["message"],
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _elements(text: str) -> dict[str, dict[str, str]]:
    """``[origin ip="1.2.3.4"]`` as ``{"origin": {"ip": "1.2.3.4"}}``."""
    found = {}
    for element in re.findall(_ELEMENT, text):
        name = element[1:-1].split(" ", 1)[0]
        found[name] = {key: _ESCAPED.sub(r"\1", value) for key, value in _PAIR.findall(element)}
    return found


def _stamp(text: str | None, now: datetime) -> str | None:
    """A timestamp in ISO 8601; None where there is none."""
    if text is None or text == "-":
        return None
    if text[:1].isdigit():
        return text
    dated = re.search(r" \d{4} ", text)
    try:
        if dated:
            at = datetime.strptime(text, "%b %d %Y %H:%M:%S").replace(tzinfo=UTC)
        else:
            # Read in a leap year, so that 29 February is a day.
            at = datetime.strptime(f"2024 {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return f"{at if dated else _nearest(at, now):%Y-%m-%dT%H:%M:%SZ}"


def _nearest(at: datetime, now: datetime) -> datetime:
    """The same day and time in the year that brings it nearest to now."""
    year = now.astimezone(UTC).year
    found = []
    for one in (year - 1, year, year + 1):
        try:
            found.append(at.replace(year=one))
        except ValueError:  # 29 February in a year without one
            found.append(at.replace(year=one, day=28) + timedelta(days=1))
    return min(found, key=lambda when: abs(when - now))


def frames(data: bytes) -> tuple[list[bytes], bytes]:
    """The messages in what a TCP connection has sent, and what is left of it (RFC 6587).

    A message that begins with its length is as long as that says; any other ends with its line.
    """
    found = []
    while data:
        counted = re.match(rb"([1-9]\d{0,6}) (?=<)", data)
        if counted is not None:
            begin = counted.end()
            end = begin + int(counted[1])
            if len(data) < end:
                break
            found.append(data[begin:end])
            data = data[end:]
            continue
        line, newline, rest = data.partition(b"\n")
        if not newline:
            break
        found.append(line.rstrip(b"\r\0"))
        data = rest
    return [one for one in found if one], data
