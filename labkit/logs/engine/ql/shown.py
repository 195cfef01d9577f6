"""The texts of numbers and times in an answer, as ``lq_shown`` and ``lq_time`` make them in SQL.

The last statement of a query selects numbers and times as they are, and their texts are made here:
binding the two macros takes duckdb longer than a small query takes otherwise. A test holds both
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

#: Years 1 to 9999: what can be shown as a date.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def number_text(number: float | None) -> str | None:
    """A number with at most four digits behind the point; None for what is none."""
    if number is None or not isfinite(number):
        return None
    value, size = float(number), abs(number)
    if size >= 1e15:
        return repr(value)
    if value.is_integer():
        return str(int(value))
    return f"{value:.4f}".rstrip("0").rstrip(".") if size >= 0.0001 else repr(value)


def _time_texts(times: Sequence[float | None]) -> list[str | None]:
    """Milliseconds since the epoch as ``2026-01-05 09:00:00.000``; None for what is no date."""
    seconds: dict[int, str] = {}
    texts: list[str | None] = []
    for time in times:
        if time is None or not _FIRST_MS <= time <= _LAST_MS:
            texts.append(None)
            continue
        second, ms = divmod(round(time), 1000)
        text = seconds.get(second)
        if text is None:
            text = seconds[second] = str(_EPOCH + timedelta(seconds=second))[:19]
        texts.append(f"{text}.{ms:03d}")
    return texts


_TEXTS: dict[str, Callable[[Sequence[Any]], list[str | None]]] = {
    "num": lambda numbers: [number_text(number) for number in numbers],
    "time": _time_texts,
}


def texts_of(rows: list[tuple[Any, ...]], kinds: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows with texts for the numbers and times in them.

    Parameters
    ----------
    rows:
        From duckdb.
    kinds:
        For each of the first columns ``num``, ``time``, or anything else for what stays as it is.
    """
    if not rows or not any(kind in _TEXTS for kind in kinds):
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, kind in enumerate(kinds):
        make = _TEXTS.get(kind)
        if make is not None:
            columns[place] = make(columns[place])
    return list(zip(*columns, strict=True))
