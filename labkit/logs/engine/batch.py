"""What PutLogEvents takes of a batch, and what it refuses: the whole, or single events.

The whole call fails when the batch is too large, not in the order of time, or its valid events
span more than 24 hours. Single events are passed over, and the call succeeds, when they are more
than two hours in the future, older than 14 days, or older than the group keeps. (API reference,
PutLogEvents.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

MILLIS_OF_HOUR = 3_600_000
MILLIS_OF_DAY = 24 * MILLIS_OF_HOUR

#: Bytes that AWS adds to each event's message when it counts sizes.
OVERHEAD = 26

MOST_BYTES = 1_048_576
MOST_EVENTS = 10_000
TOO_NEW_MS = 2 * MILLIS_OF_HOUR
TOO_OLD_MS = 14 * MILLIS_OF_DAY
SPAN_MS = MILLIS_OF_DAY


def size_of(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def clean(text: str) -> str:
    """A text as UTF-8 can hold it: half a surrogate pair, which JSON lets through, is replaced."""
    if text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text):
        return text
    return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


class Refused(ValueError):
    """The whole batch is refused; the text is AWS's."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Which events of a batch are kept: those from ``start`` up to, not including, ``end``.

    ``rejected``: AWS's ``rejectedLogEventsInfo``, empty when all are kept. ``size``: bytes of the
    kept ones, 26 added to each.
    """

    start: int
    end: int
    rejected: dict[str, int] = field(default_factory=dict)


def admit(
    timestamps_ms: Sequence[int], sizes: Sequence[int], now_ms: int, oldest_kept_ms: int
) -> Admitted:
    """Judge a batch.

    Parameters
    ----------
    timestamps_ms, sizes:
        Time and bytes (UTF-8) of each event, as they were given.
    now_ms:
        The instant of the call.
    oldest_kept_ms:
        Events before this have outlived the group's retention already.

    Raises
    ------
    Refused
        When nothing of it is kept, with AWS's text.
    """
    if len(timestamps_ms) > MOST_EVENTS:
        raise Refused(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: "
            "Member must have length less than or equal to 10000"
        )
    total = sum(sizes) + OVERHEAD * len(sizes)
    if total > MOST_BYTES:
        raise Refused(f"Upload too large: {total} bytes exceeds limit of {MOST_BYTES}")
    if any(a > b for a, b in itertools.pairwise(timestamps_ms)):
        raise Refused("Log events in a single PutLogEvents request must be in chronological order.")
    old_ms, new_ms = now_ms - TOO_OLD_MS, now_ms + TOO_NEW_MS
    too_old = sum(at < old_ms for at in timestamps_ms)
    expired = sum(at < oldest_kept_ms for at in timestamps_ms)
    too_new = sum(at > new_ms for at in timestamps_ms)
    start, end = max(too_old, expired), len(timestamps_ms) - too_new
    rejected: dict[str, int] = {}
    if too_new:
        rejected["tooNewLogEventStartIndex"] = end
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    if start < end and timestamps_ms[end - 1] - timestamps_ms[start] > SPAN_MS:
        raise Refused(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 "
            "hours."
        )
    return Admitted(start, max(start, end), rejected)
