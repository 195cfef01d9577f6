"""Timestamps in log lines: the agent's format codes, found anywhere in a line.

``%d/%b/%Y:%H:%M:%S %z`` is found in ``10.1.2.3 - - [05/Jan/2026:09:12:07 +0000] "GET /"``. A format
without a year means the year that makes the stamp the nearest to now, one without a date means
today.

Source: CloudWatch user guide, agent configuration, ``timestamp_format``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_NUMBER = r"\d{1,2}"
_PADDED = r"\d{2}"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FULL = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

#: Code -> what it looks like. ``%-d`` is ``%d`` without the leading zero.
_LOOKS = {
    "%Y": r"\d{4}",
    "%y": _PADDED,
    "%m": _PADDED,
    "%d": _PADDED,
    "%H": _PADDED,
    "%I": _PADDED,
    "%M": _PADDED,
    "%S": _PADDED,
    "%-m": _NUMBER,
    "%-d": _NUMBER,
    "%-H": _NUMBER,
    "%-I": _NUMBER,
    "%-M": _NUMBER,
    "%-S": _NUMBER,
    "%e": r"[ \d]\d",
    "%b": "|".join(_MONTHS),
    "%B": "|".join(_FULL),
    "%a": "Mon|Tue|Wed|Thu|Fri|Sat|Sun",
    "%A": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "%p": "AM|PM|am|pm",
    "%f": r"\d{1,9}",
    "%z": r"[+-]\d{2}:?\d{2}|Z",
    "%Z": r"[A-Z]{1,5}",
    "%%": "%",
}
_CODE = re.compile(r"%-?.", re.DOTALL)


def unknown_codes(given: str) -> list[str]:
    """The codes of a format that the agent does not know.

    >>> unknown_codes("%Y-%q")
    ['%q']
    """
    return [code for code in _CODE.findall(given) if code not in _LOOKS]


@lru_cache(maxsize=64)
def pattern(given: str) -> re.Pattern[str]:
    """A regular expression that finds a format's stamps in a line."""
    parts, last, seen = [], 0, set()
    for match in _CODE.finditer(given):
        parts.append(re.escape(given[last : match.start()]))
        code = match.group()
        name = _name(code)
        looks = _LOOKS[code]
        if not name or name in seen:
            parts.append(f"(?:{looks})")
        else:
            seen.add(name)
            parts.append(f"(?P<{name}>{looks})")
        last = match.end()
    parts.append(re.escape(given[last:]))
    return re.compile("".join(parts))


def _name(code: str) -> str:
    letter = code[-1]
    if letter in "aAZ%":
        return ""  # a weekday's and a zone's name say nothing that is needed
    return {"e": "day", "d": "day", "f": "fraction"}.get(letter) or {
        "Y": "year", "y": "short_year", "m": "month", "b": "short_month", "B": "long_month",
        "H": "hour", "I": "hour12", "M": "minute", "S": "second", "p": "half", "z": "zone",
    }[letter]  # fmt: skip


def find(given: str, line: str, now: datetime, *, local: timezone | None = None) -> datetime | None:
    """The instant that a line bears.

    Parameters
    ----------
    given:
        The format.
    line:
        Where to look.
    now:
        Aware; for what the format leaves out.
    local:
        The zone of stamps that name none; UTC when left out.

    Returns
    -------
    datetime
        Aware, or None when the format is not there or says no possible time.
    """
    match = pattern(given).search(line)
    if match is None:
        return None
    got = {name: value for name, value in match.groupdict().items() if value is not None}
    zone = _zone(got["zone"]) if "zone" in got else (local or UTC)
    here = now.astimezone(zone)
    try:
        found = datetime(
            _year(got, here.year),
            _month(got, here.month),
            int(got["day"]) if "day" in got else here.day,
            _hour(got),
            int(got.get("minute", 0)),
            int(got.get("second", 0)),
            int(got.get("fraction", "0").ljust(6, "0")[:6]),
            tzinfo=zone,
        )
    except ValueError:
        return None
    if "year" not in got and "short_year" not in got and found > here + timedelta(days=183):
        try:  # read in January, a line of December is last year's
            found = found.replace(year=found.year - 1)
        except ValueError:
            return None
    return found


def _year(got: dict[str, str], this: int) -> int:
    if "year" in got:
        return int(got["year"])
    return 2000 + int(got["short_year"]) if "short_year" in got else this


def _month(got: dict[str, str], this: int) -> int:
    if "month" in got:
        return int(got["month"])
    if "short_month" in got:
        return _MONTHS.index(got["short_month"]) + 1
    return _FULL.index(got["long_month"]) + 1 if "long_month" in got else this


def _hour(got: dict[str, str]) -> int:
    if "hour12" in got:
        half = got.get("half", "AM").upper()
        return int(got["hour12"]) % 12 + (12 if half == "PM" else 0)
    return int(got.get("hour", 0))


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
