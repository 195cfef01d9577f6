"""What log events cost while they lie there: gigabyte-hours, as the bill asks for them.

An event is stored from its ingestion until it expires under whichever retention held by then, or
until its stream or group is deleted. What was deleted is remembered as numbers alone, so that the
bill of a stretch that is over does not change any more. AWS charges for the compressed size, about
15 % of what came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from labkit.core.usage import Usage
from labkit.core.world import World
from labkit.logs.engine.batch import OVERHEAD
from labkit.logs.records import LogGroup, LogStream

ITEM = "logs.stored"
#: Stored size over ingested size.
COMPRESSED = Fraction(15, 100)
_BYTE_SECONDS = 3600 * 2**30
_DAY_S = 86_400
_EVER_S = 2**40


@dataclass(frozen=True, slots=True)
class Stored:
    """Events, as the bill sees them: seconds since the epoch and bytes.

    Parameters
    ----------
    at, ingested, size:
        int64 arrays.
    kept:
        (until second, days): the retention until each change; the last one open.
    until_s:
        When they were deleted.
    """

    at: Any
    ingested: Any
    size: Any
    kept: Sequence[tuple[int, int | None]]
    until_s: int = _EVER_S

    def byte_seconds(self, start_s: int, end_s: int) -> int:
        """Bytes times seconds of a stretch."""
        begin = np.maximum(self.ingested, start_s)
        end = np.minimum(self.gone(), min(end_s, self.until_s))
        return int((np.maximum(end - begin, 0) * self.size).sum())

    def bytes(self, now_s: int) -> int:
        """Bytes that are there at an instant."""
        there = (self.gone() > now_s) & (self.ingested <= now_s)
        return int(self.size[there].sum()) if now_s < self.until_s else 0

    def gone(self) -> Any:
        """When each event expires or has expired."""
        gone = np.full(len(self.at), _EVER_S, dtype=np.int64)
        since_s = -_EVER_S
        for until_s, days in self.kept:
            if days is not None:
                expires = np.maximum(self.at + days * _DAY_S, since_s)
                gone = np.where((gone == _EVER_S) & (expires < until_s), expires, gone)
            since_s = until_s
        return gone


class Storage:
    """Implements :class:`labkit.core.usage.Metered` for what the log groups of a lab hold.

    Parameters
    ----------
    world:
        The stores of the lab.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._deleted: list[tuple[str, str, Stored]] = []

    def deleted(self, group: LogGroup, stream: LogStream | None = None) -> None:
        """A group, or a stream in one, is about to be deleted."""
        now_s = self._world.clock.now_us // 1_000_000
        self._deleted += [
            (group.account, group.region, one) for one in _stored(group, stream, now_s)
        ]

    def usage(self, start_us: int, end_us: int) -> Iterator[Usage]:
        """Gigabyte-hours of ``(start_us, end_us]``."""
        start_s, end_s = start_us // 1_000_000, end_us // 1_000_000
        totals: dict[tuple[str, str], int] = {}
        for account, region, one in self._all():
            used = one.byte_seconds(start_s, end_s)
            totals[account, region] = totals.get((account, region), 0) + used
        yield from _told(totals, Fraction(1, _BYTE_SECONDS))

    def per_hour(self, now_us: int) -> Iterator[Usage]:
        """What an hour uses if everything stays as it is."""
        totals: dict[tuple[str, str], int] = {}
        for account, region, one in self._all():
            held = one.bytes(now_us // 1_000_000)
            totals[account, region] = totals.get((account, region), 0) + held
        yield from _told(totals, Fraction(1, 2**30))

    def _all(self) -> Iterator[tuple[str, str, Stored]]:
        yield from self._deleted
        for (account, region), store in sorted(self._world.stores("logs").items()):
            for group in store.groups():
                for one in _stored(group):
                    yield account, region, one


def _told(totals: dict[tuple[str, str], int], scale: Fraction) -> Iterator[Usage]:
    for (account, region), total in sorted(totals.items()):
        if total:
            yield Usage(ITEM, account, region, total * scale * COMPRESSED)


def _stored(
    group: LogGroup, stream: LogStream | None = None, until_s: int = _EVER_S
) -> Iterator[Stored]:
    kept = [(at_us // 1_000_000, days) for at_us, days in group.kept_until]
    kept.append((_EVER_S, group.kept_days))
    for at, ingested, which, size in group.events.columns():
        chosen = (size > 0) if stream is None else (which == stream.index) & (size > 0)
        yield Stored(
            at[chosen] // 1000, ingested[chosen] // 1000,
            size[chosen].astype(np.int64) + OVERHEAD, kept, until_s,
        )  # fmt: skip
