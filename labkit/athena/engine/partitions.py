"""Partition projection: which partitions a table has, computed from its properties.

Source: Athena user guide, "Supported types for partition projection" (enum, integer, date,
injected). Dates are written in Java's letters, with ``NOW`` as an end that moves with the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

from labkit.athena.engine.problems import Failed
from labkit.athena.records import Table

_JAVA = {
    "yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"
}  # fmt: skip
_UNITS = {
    "YEARS": 365, "MONTHS": 30, "WEEKS": 7, "DAYS": 1,
}  # fmt: skip
#: More partitions than this are a mistake in the properties, not a table.
MOST = 1_000_000


def projected(
    table: Table, now: datetime, injected: Mapping[str, Sequence[str]]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Values and location of every partition that the properties project.

    Parameters
    ----------
    table:
        With ``projection.enabled`` true.
    now:
        The end of a range that says ``NOW``.
    injected:
        For columns of type ``injected``: the values that the query's WHERE names.

    Raises
    ------
    Failed
        INVALID_TABLE_PROPERTY, CONSTRAINT_VIOLATION as Athena does.
    """
    columns = [column.name for column in table.partitions]
    ranges = [_values(table, name, now, injected) for name in columns]
    total = 1
    for one in ranges:
        total *= max(1, len(one))
    if total > MOST:
        raise Failed("INVALID_TABLE_PROPERTY", f"the projection makes {total} partitions")
    template = table.properties.get("storage.location.template", "")
    for values in product(*ranges):
        yield values, location(table, dict(zip(columns, values, strict=True)), template)


def location(table: Table, values: Mapping[str, str], template: str = "") -> str:
    """Where a partition lies: by the template, or as Hive names folders."""
    if template:
        where = re.sub(r"\$\{(\w+)\}", lambda m: values.get(m.group(1).lower(), ""), template)
    else:
        base = table.location.rstrip("/")
        where = "/".join([base, *(f"{name}={value}" for name, value in values.items())])
    return where if where.endswith("/") else where + "/"


def _values(
    table: Table, name: str, now: datetime, injected: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    def setting(key: str) -> str:
        return table.properties.get(f"projection.{name}.{key}", "")

    kind = setting("type").lower()
    if kind == "enum" and setting("values"):
        return [one.strip() for one in setting("values").split(",")]
    if kind == "injected":
        if name not in injected:
            raise Failed(
                "CONSTRAINT_VIOLATION",
                f"For the injected projected partition column {name}, the WHERE clause must "
                "contain only static equality conditions, and at least one such condition must "
                "be present.",
            )
        return list(injected[name])
    first, comma, last = setting("range").partition(",")
    if kind == "integer" and comma:
        return _numbers(name, first, last, setting("interval") or "1", setting("digits") or "0")
    if kind == "date" and comma:
        return _dates(setting, first.strip(), last.strip(), now)
    raise Failed(
        "INVALID_TABLE_PROPERTY",
        f"Table {table.database}.{table.name} is configured for partition projection, but the "
        f"following partition columns are missing projection configuration: [{name}]",
    )


def _numbers(name: str, first: str, last: str, step: str, digits: str) -> list[str]:
    try:
        low, high, every, width = int(first), int(last), int(step), int(digits)
        numbers = range(low, high + 1, every)
    except ValueError:
        raise Failed(
            "INVALID_TABLE_PROPERTY", f"range, interval and digits of {name} are whole numbers"
        ) from None
    if len(numbers) > MOST:
        raise Failed("INVALID_TABLE_PROPERTY", f"the projection makes {len(numbers)} partitions")
    return [str(n).zfill(width) for n in numbers]


def _dates(setting: object, first: str, last: str, now: datetime) -> list[str]:
    java = setting("format") or "yyyy-MM-dd"  # type: ignore[operator]
    form = re.sub("yyyy|MM|dd|HH|mm|ss", lambda m: _JAVA[m.group()], java.replace("'", ""))
    begin, end = _moment(first, form, now), _moment(last, form, now)
    unit = (setting("interval.unit") or _unit_of(java)).upper()  # type: ignore[operator]
    every = int(setting("interval") or 1)  # type: ignore[operator]
    found: list[str] = []
    at = begin
    while at <= end and len(found) <= MOST:
        text = at.strftime(form)
        if not found or found[-1] != text:
            found.append(text)
        at = _next(at, unit, every)
    return found


def _unit_of(java: str) -> str:
    for letters, unit in (("mm", "MINUTES"), ("HH", "HOURS"), ("dd", "DAYS"), ("MM", "MONTHS")):
        if letters in java:
            return unit
    return "YEARS"


def _next(at: datetime, unit: str, every: int) -> datetime:
    if unit in ("MONTHS", "YEARS"):
        months = at.year * 12 + at.month - 1 + every * (12 if unit == "YEARS" else 1)
        return at.replace(year=months // 12, month=months % 12 + 1, day=1)
    if unit == "HOURS":
        return at + timedelta(hours=every)
    if unit == "MINUTES":
        return at + timedelta(minutes=every)
    return at + timedelta(days=every * _UNITS.get(unit, 1))


def _moment(text: str, form: str, now: datetime) -> datetime:
    moving = re.fullmatch(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?", text, flags=re.I)
    if moving:
        if not moving.group(1):
            return now
        unit = moving.group(3).upper() + "S"
        count = int(moving.group(2)) * (1 if moving.group(1) == "+" else -1)
        hours = {"HOURS": 1, "MINUTES": 1 / 60}.get(unit, 24 * _UNITS.get(unit, 1))
        return now + timedelta(hours=count * hours)
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        raise Failed(
            "INVALID_TABLE_PROPERTY", f"the range's end {text!r} is not in the column's format"
        ) from None
