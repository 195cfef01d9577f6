"""A past in event history: columns as they were imported, and quick answers about them.

A million calls as objects are about 700 MB and take ten seconds to make (scaled from 200,000). A
past keeps the columns instead (:class:`labkit.core.past_calls.PastCalls`), and a fact is made for
the rows that somebody reads.

A look-up asks about the deed, the caller or the id of a call. There are few deeds and few callers,
so each of them is tested once, and a row's answer is a look into a small table of booleans. Ids are
hashes, nothing can be said of them without making them: a look-up by id makes them from the newest
end until it finds its own, and keeps seven bytes of each for the next look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudtrail.engine.lookup import Match
from labkit.cloudtrail.engine.record import event_digest
from labkit.core.facts import Fact
from labkit.core.past_calls import PastCalls

if TYPE_CHECKING:
    import numpy as np

#: Ids are made for so many rows at once, a power of two.
_CHUNK = 14


class Past:
    """Imported calls of one account.

    Parameters
    ----------
    calls:
        The columns; they may not change any more.
    account, region:
        Where the calls were made.
    """

    def __init__(self, calls: PastCalls, account: str, region: str) -> None:
        import numpy as np

        self.calls = calls
        self.account = account
        self.region = region
        self.deed = np.asarray(calls.deed)
        self.caller = np.asarray(calls.caller)
        self._tails = np.zeros(len(calls), np.uint64)
        self._made = [False] * (len(calls) // (1 << _CHUNK) + 1)

    def fact(self, row: int) -> Fact:
        """A row as the gateway would have told it."""
        at_us = int(self.calls.at_us[row])
        return Fact("call.finished", at_us, self.account, self.region, (), self.calls.data(row))

    def verdicts(self, matches: Match) -> np.ndarray:
        """What a look-up says of each deed or of each caller, as booleans."""
        import numpy as np

        calls = self.calls
        if matches.about == "deed":
            told = (
                {
                    "service": deed.service,
                    "operation": deed.operation,
                    "read_only": deed.read_only,
                    "request": deed.request,
                    "response": deed.response,
                    "error_code": deed.error_code,
                }
                for deed in calls.deeds
            )
            return np.fromiter(map(matches.test, told), bool, len(calls.deeds))
        callers = ({"principal": caller.principal} for caller in calls.callers)
        return np.fromiter(map(matches.test, callers), bool, len(calls.callers))

    def ending_in(self, tail: bytes, rows: np.ndarray) -> np.ndarray:
        """Of which rows the event id may end in these seven bytes, as booleans."""
        import numpy as np

        if len(tail) != 7:
            return np.zeros(len(rows), bool)
        for chunk in np.unique(rows >> _CHUNK).tolist():
            if not self._made[chunk]:
                self._make_tails(chunk)
        found: np.ndarray = self._tails[rows] == np.uint64(int.from_bytes(tail, "big"))
        return found

    def _make_tails(self, chunk: int) -> None:
        import numpy as np

        calls, account = self.calls, self.account
        low = chunk << _CHUNK
        high = min(len(calls), low + (1 << _CHUNK))
        made = b"".join(
            event_digest(account, calls.request_id(row))[8:] for row in range(low, high)
        )
        self._tails[low:high] = np.frombuffer(made, ">u8") & np.uint64((1 << 56) - 1)
        self._made[chunk] = True
