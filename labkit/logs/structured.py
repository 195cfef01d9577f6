"""What stands for events where fields are looked for: JSON of a transformer or of syslog.

An event's message stays as it came: that is what GetLogEvents, FilterLogEvents and ``@message``
show. Where a group's transformer made something of it, queries, field indexes and GetLogRecord find
their fields in that instead. An event that could not be transformed keeps its own fields and gets
``@transformationError``. (User guide, CloudWatch-Logs-Transformation)

The texts lie by the numbers of their events, in runs without a gap. A group that never had any
costs nothing: no column is added to the tables of its queries.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: Begins what is kept of an event that could not be transformed: why, no JSON.
ERROR = "\0"


class Structured:
    """The texts of one log group, by the numbers of its events."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._runs: list[list[str]] = []
        self._table: tuple[Any, Any] | None = None

    def __bool__(self) -> bool:
        return bool(self._runs)

    def put(self, first_seq: int, texts: Sequence[str]) -> None:
        """Keep the texts of events that follow each other; numbers only grow.

        "" stands for an event that has none.
        """
        if not texts:
            return
        if self._runs and self._firsts[-1] + len(self._runs[-1]) == first_seq:
            self._runs[-1].extend(texts)
        else:
            self._firsts.append(first_seq)
            self._runs.append(list(texts))
        self._table = None

    def text(self, seq: int) -> str | None:
        """The JSON of an event; None when it has none."""
        held = self._held(seq)
        return None if not held or held.startswith(ERROR) else held

    def error(self, seq: int) -> str | None:
        """Why an event could not be transformed; None when it could, or nobody tried."""
        held = self._held(seq)
        return held[1:] if held is not None and held.startswith(ERROR) else None

    def _held(self, seq: int) -> str | None:
        place = bisect_right(self._firsts, seq) - 1
        if place < 0 or seq - self._firsts[place] >= len(self._runs[place]):
            return None
        return self._runs[place][seq - self._firsts[place]]

    def columns(self, seqs: Any, messages: pa.ChunkedArray) -> tuple[Any, Any]:
        """For events by number: the text in which their fields are, and the error, null mostly.

        ``seqs``: array of numbers; ``messages``: their own texts, as long.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._table is None:
            numbers = [
                np.arange(first, first + len(run), dtype=np.int64)
                for first, run in zip(self._firsts, self._runs, strict=True)
            ]
            texts = pa.array([text for run in self._runs for text in run], pa.large_string())
            self._table = (np.concatenate(numbers), texts)
        known, texts = self._table
        at = np.searchsorted(known, seqs)
        at[at == len(known)] = 0
        found = texts.take(pa.array(at, mask=known[at] != seqs))
        failed = pc.starts_with(found, ERROR)
        nothing = pa.scalar(None, pa.large_string())
        errors = pc.if_else(failed, pc.utf8_slice_codeunits(found, 1), nothing)
        empty = pc.or_(failed, pc.equal(found, ""))
        seen = pc.coalesce(pc.if_else(empty, nothing, found), messages.combine_chunks())
        return seen, errors

    def digest(self) -> str:
        """A hash of all of it."""
        found = blake2b(digest_size=16)
        for first, run in zip(self._firsts, self._runs, strict=True):
            found.update(f"{first}\0{len(run)}\0".encode())
            found.update("\0".join(run).encode())
        return found.hexdigest()
