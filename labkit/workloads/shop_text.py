"""Columns of text: log lines by the hundred thousand, without a line of Python for each.

A log line is pieces side by side. Those that repeat (a path, a name) are taken from a short list;
numbers are printed by Arrow; what has a fixed width (a time, an id) is written as a matrix of
bytes, one row for each line, whose buffer is the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labkit.core.clock import MILLISECOND, MINUTE, SECOND, iso, to_datetime

#: Two hexadecimal digits of each byte, as one number of 16 bits.
_PAIRS = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)
_TWO = np.frombuffer("".join(f"{n:02d}" for n in range(100)).encode(), np.uint8).reshape(100, 2)
_THREE = np.frombuffer("".join(f"{n:03d}" for n in range(1000)).encode(), np.uint8).reshape(-1, 3)
#: The digits of a UUID between its dashes.
_RUNS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def lines(*parts: Any) -> pa.Array:
    """Pieces side by side: columns of text, whole numbers (arrays), and plain text for all rows."""
    columns = [
        pa.scalar(part) if isinstance(part, str) else numbers(part) if _is_array(part) else part
        for part in parts
    ]
    return pc.binary_join_element_wise(*columns, "")


def _is_array(part: Any) -> bool:
    return isinstance(part, np.ndarray)


def numbers(values: np.ndarray) -> pa.Array:
    """Whole numbers as text."""
    return pc.cast(pa.array(values), pa.string())


def decimals(values: np.ndarray, digits: int) -> pa.Array:
    """Whole numbers as text with a point before the last two or three ``digits``."""
    table = {2: _TWO, 3: _THREE}[digits]
    whole, rest = np.divmod(np.asarray(values, dtype=np.int64), 10**digits)
    return lines(numbers(whole), ".", fixed(table[rest]))


def pick(texts: Sequence[str], which: np.ndarray) -> pa.Array:
    """The text of each row out of a short list."""
    return pa.array(list(texts), pa.string()).take(pa.array(which))


def fixed(matrix: np.ndarray) -> pa.Array:
    """A column out of a matrix of bytes, one row of ASCII for each line."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = np.ascontiguousarray(matrix)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def hexes(*halves: np.ndarray) -> np.ndarray:
    """Columns of 64 bits as a matrix of hexadecimal digits."""
    raw = [half.astype(">u8").view(np.uint8).reshape(-1, 8) for half in halves]
    pairs = _PAIRS.take(np.concatenate(raw, axis=1))
    return pairs.view(np.uint8).reshape(len(halves[0]), 16 * len(halves))


def uuids(high: np.ndarray, low: np.ndarray) -> pa.Array:
    """Random bits as UUIDs of version 4."""
    digits = hexes(high, low)
    digits[:, 12] = ord("4")
    digits[:, 16] = np.frombuffer(b"89ab", np.uint8)[(low >> np.uint64(62)).astype(np.intp)]
    matrix = np.full((len(high), 36), ord("-"), np.uint8)
    for dashes, (begin, end) in enumerate(_RUNS):
        matrix[:, begin + dashes : end + dashes] = digits[:, begin:end]
    return fixed(matrix)


def stamps(at_us: np.ndarray) -> pa.Array:
    """``2026-01-05T09:00:03.123Z``."""
    minute, low = _minutes(at_us)
    heads = _table([iso(int(one) * MINUTE)[:16] + ":" for one in range(low, low + _span(minute))])
    rest = at_us % MINUTE
    millis = _THREE[rest % SECOND // MILLISECOND]
    point, zulu = _same(at_us, "."), _same(at_us, "Z")
    return fixed(np.hstack([heads[minute], _TWO[rest // SECOND], point, millis, zulu]))


def times_of_day(at_us: np.ndarray, form: str, tail: str = "") -> pa.Array:
    """A time whose last part is the seconds: ``form`` is strftime's for all up to the minute."""
    minute, low = _minutes(at_us)
    when = (to_datetime(int(one) * MINUTE) for one in range(low, low + _span(minute)))
    heads = _table([one.strftime(form) for one in when])
    seconds = _TWO[at_us % MINUTE // SECOND]
    return fixed(np.hstack([heads[minute], seconds, _same(at_us, tail)]))


def _minutes(at_us: np.ndarray) -> tuple[np.ndarray, int]:
    minute = at_us // MINUTE
    low = int(minute.min()) if len(minute) else 0
    return minute - low, low


def _span(minute: np.ndarray) -> int:
    return int(minute.max()) + 1 if len(minute) else 1


def _table(texts: Sequence[str]) -> np.ndarray:
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), -1)


def _same(rows: np.ndarray, text: str) -> np.ndarray:
    return np.broadcast_to(np.frombuffer(text.encode(), np.uint8), (len(rows), len(text)))
