"""The journal: what was done to a world, so that it can be done again.

A world is its builder, its seed and its journal. Everything else (states, histories, e-mails)
follows from these, so ``lab.save`` writes no state and ``Lab.open`` is a replay. Written down, at
their virtual instants, are

- every outermost call that changes something or leaves a management record, failed ones too
  (a refused call is part of what happened, and it took its millisecond);
- every Lab method that changes something (confirm, user, load, ...);
- what an endpoint outside the lab answered, which follows from nothing here;
- nothing that a clock event or a function did: that follows by itself.

An entry's parameters are kept as JSON text made when the call came, since the learner may go on
to change the very dict that was passed in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import ReplayError
from labkit.core.jsontext import loads

FORMAT = "labkit-world-1"

#: The kind of entry that keeps what an endpoint outside the lab answered.
ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Parameters
    ----------
    at_us:
        The instant, microseconds.
    kind:
        ``call`` (an API call), ``method`` (a method of the lab) or ``answer`` (an endpoint's).
    who:
        Access key id of the caller; empty for methods.
    region:
        Region of the call; empty for methods.
    name:
        ``service:Operation`` for a call, the dotted method name otherwise.
    params:
        JSON text of the parameters.
    agent:
        User agent of a call.
    error:
        Error code of a call that failed; a replay whose outcome differs is told apart by it.
    look:
        Whether this is a further look of a long poll, no request of its own.
    """

    at_us: int
    kind: str
    who: str
    region: str
    name: str
    params: str
    agent: str = ""
    error: str = ""
    look: bool = False

    def arguments(self) -> dict[str, Any]:
        """The parameters, datetimes and bytes restored."""
        value = loads(self.params)
        return value if isinstance(value, dict) else {}


class Journal:
    """The entries of one world, in order of time."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def note(self, entry: Entry) -> None:
        """Write a line down."""
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class SavedWorld:
    """What ``lab.save`` writes: everything that a world is made of."""

    seed: int
    start_us: int
    now_us: int
    account: str
    region: str
    noise_seed: int
    builder: str
    builder_args: str
    versions: dict[str, str]
    entries: tuple[Entry, ...]
    #: Accounts whose learner or root user called: their keys are in no journal entry by name.
    accounts: tuple[str, ...] = ()
    #: What reads used, JSON text: no entry holds them, and they are on the bill.
    reads: str = "[]"

    def text(self) -> str:
        """The world as JSON lines: a head, then a line for each entry."""
        head = asdict(self)
        head.pop("entries")
        lines = [json.dumps({"format": FORMAT, **head}, ensure_ascii=False)]
        lines += [json.dumps(asdict(entry), ensure_ascii=False) for entry in self.entries]
        return "\n".join(lines) + "\n"

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the world as JSON lines, atomically: a half-written file replaces nothing."""
        target = Path(path)
        scratch = target.with_name(target.name + ".part")
        scratch.write_text(self.text(), encoding="utf-8")
        os.replace(scratch, target)
        return target

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SavedWorld:
        """Read a world; a damaged file is refused with its line number.

        Raises
        ------
        ReplayError
            When the file is not a saved world or a line of it can't be read.
        """
        return cls.parse(Path(path).read_text(encoding="utf-8"), str(path))

    @classmethod
    def parse(cls, text: str, path: str) -> SavedWorld:
        """The world of a text made by :meth:`text`; ``path`` says in errors where it came from.

        Raises
        ------
        ReplayError
            As :meth:`read`.
        """
        lines = text.splitlines()
        number = 1
        try:
            head = json.loads(lines[0])
            if head.pop("format", None) != FORMAT:
                raise ReplayError(f"{path} is no world saved by labkit ({FORMAT})")
            head["accounts"] = tuple(head.get("accounts", ()))
            entries = []
            for line in lines[1:]:
                number += 1
                entries.append(Entry(**json.loads(line)))
            return cls(**head, entries=tuple(entries))
        except (ValueError, TypeError, IndexError, KeyError) as problem:
            raise ReplayError(f"{path}, line {number}, can't be read: {problem}") from problem
