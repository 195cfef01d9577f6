"""What readers of log events get to see: the one function through which every message goes.

Data protection masks what it finds in messages that are ingested while a policy stands. The text is
kept as it came, since ``logs:Unmask`` shows it; so masking happens where a message is read, by the
policies that stood when it was ingested. A policy that comes later masks nothing that was there
before, and one that goes leaves masked what it masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine import protection
from labkit.logs.records import LogGroup

if TYPE_CHECKING:
    import pyarrow as pa

#: The key of a group's protected spans in its policies.
PROTECTED = "protected"


@dataclass(slots=True)
class Protected:
    """A policy and since when, until when it stood: milliseconds, ``until_ms`` None for still.

    ``owner`` says whose it is: the group's own or the account's.
    """

    policy: protection.Policy
    owner: str
    from_ms: int
    until_ms: int | None = None


def masked(
    group: LogGroup, timestamp_ms: int, message: str, unmask: bool, ingested_ms: int | None = None
) -> str:
    """A message as a reader of its group sees it.

    Parameters
    ----------
    group:
        The log group.
    timestamp_ms, ingested_ms:
        The event's own time, and when it was ingested, which is what decides; milliseconds since
        the epoch. Without the second the first one stands for it.
    message:
        The text as it came.
    unmask:
        Whether the reader asked for the plain text; that they may is asked before.
    """
    spans: list[Protected] = group.policies.get(PROTECTED, [])
    if unmask or not spans:
        return message
    at_ms = timestamp_ms if ingested_ms is None else ingested_ms
    standing = [
        span.policy
        for span in spans
        if span.from_ms <= at_ms and (span.until_ms is None or at_ms < span.until_ms)
    ]
    return protection.masked(message, standing) if standing else message


def shown_as_kept(group: LogGroup) -> bool:
    """Whether every message of a group is read as it was kept: nothing was ever masked in it."""
    return not group.policies.get(PROTECTED)


def masked_column(group: LogGroup, messages: pa.ChunkedArray, ingested: pa.ChunkedArray) -> Any:
    """A column of messages as readers see it, and as it came, for queries.

    Only the events that came while a policy stood are looked at.
    """
    spans: list[Protected] = group.policies.get(PROTECTED, [])
    if not spans or not len(messages):
        return messages, messages
    import numpy as np
    import pyarrow as pa

    at = ingested.to_numpy()
    looked = np.zeros(len(at), bool)
    for span in spans:
        end = span.until_ms if span.until_ms is not None else 2**62
        looked |= (at >= span.from_ms) & (at < end)
    if not looked.any():
        return messages, messages
    texts = messages.to_pylist()
    for place in np.nonzero(looked)[0]:
        at_ms = int(at[place])
        texts[place] = masked(group, at_ms, texts[place], False, at_ms)
    return pa.chunked_array([pa.array(texts, messages.type)]), messages
