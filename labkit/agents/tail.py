"""Following a log file: bytes become events, whatever happens to the file meanwhile.

Theory of operation
-------------------
The engine keeps, of each file that it has seen (by its identity, not its name), how far it has read
and what is not a whole event yet. Each look gets the files that match now and reads on:

1. **Appended**: read from where it stopped. A line counts when its line end is there; half a line
   waits, or the second half would become an event of its own.
2. **Truncated** (shorter than what was read; ``copytruncate``): begin again at its start, and
   forget half a line.
3. **Rotated** (another file under the same name): what the old one got after the last look is read
   first, to its end, and its last line counts even without a line end.
4. **Several files match**: only the one that changed last is followed, as the agent does, unless
   all are wanted.
5. **Events of several lines**: a line that begins an event ends the one before. The last event of
   a file waits for the next line, but not for ever: a look that finds nothing new lets it go.
6. **An agent that was stopped** goes on where it was (:meth:`Tail.state`, :meth:`Tail.resume`): a
   file is known by its identity and by its first bytes, for an identity is used again once a file
   is deleted. What is not known is read from its start.
7. Bytes are decoded as they come; a character cut in two by a look is put together by the next.
   What is no character of the encoding becomes U+FFFD, and nothing stops.

No clock, no file: the caller says what is there and reads the bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from labkit.agents.log_file import LogFile
from labkit.agents.timestamps import find, pattern

#: How many of a file's first bytes are remembered.
HEAD = 256
#: An event's bytes; what is longer is cut, and says so.
LONGEST = 1_048_576 - 26
CUT = "[Truncated...]"

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that matches: its name, what identifies it (device, inode), its size and age."""

    path: str
    identity: Identity
    size: int
    changed_us: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event: when it happened, aware, and its text."""

    at: datetime
    text: str


@dataclass(slots=True)
class _Cursor:
    path: str
    offset: int = 0
    decoder: Any = None
    half: str = ""
    lines: list[str] = field(default_factory=list)
    #: The file's first bytes, by which it is known again.
    head: bytes = b""
    #: Whether a state names it that has not been compared with the file yet.
    resumed: bool = False


#: ``read(identity, offset)``: the bytes of a file from there on, also of one that was renamed or
#: removed; nothing when it can't be had any more.
Read = Callable[[Identity, int], bytes]


class Tail:
    """Follows what one entry of ``collect_list`` names.

    Parameters
    ----------
    file:
        What to follow, and how.
    local:
        The zone of timestamps that name none, when the entry says local time.
    """

    def __init__(self, file: LogFile, local: timezone | None = None) -> None:
        self.file = file
        self._local = None if file.utc else local
        self._cursors: dict[Identity, _Cursor] = {}
        self._looked = False
        self._last: datetime | None = None
        #: (path, identity) of files that another one has taken the place of, read to their end.
        self.finished: list[tuple[str, Identity]] = []

    def look(self, files: Sequence[Seen], read: Read, now: datetime) -> list[LogEvent]:
        """The events that came since the last look, in the order of the files' lines.

        Parameters
        ----------
        files:
            Those that match now.
        read:
            Gives their bytes.
        now:
            Aware: the time of events without a timestamp of their own.
        """
        wanted = list(files)
        if not self.file.every and wanted:
            wanted = [max(wanted, key=lambda one: (one.changed_us, one.path))]
        there = {one.identity for one in wanted}
        texts: list[str] = []
        for identity in [known for known in self._cursors if known not in there]:
            cursor = self._cursors.pop(identity)
            self._read_on(cursor, read(identity, cursor.offset), texts, last=True)
            if wanted:
                self.finished.append((cursor.path, identity))
        for one in wanted:
            cursor = self._cursor(one)
            if cursor.resumed and read(one.identity, 0)[: len(cursor.head)] != cursor.head:
                cursor = self._cursors[one.identity] = _Cursor(one.path)
            cursor.resumed = False
            if one.size < cursor.offset:
                self._finish(cursor, texts)
                cursor = self._cursors[one.identity] = _Cursor(one.path)
            before = cursor.offset
            if one.size > cursor.offset:
                self._read_on(cursor, read(one.identity, cursor.offset), texts, last=False)
            if cursor.offset == before:
                self._let_go(cursor, texts)
        self._looked = True
        return [event for text in texts if (event := self._event(text, now)) is not None]

    # -- across a stop of the agent
    def state(self) -> list[dict[str, Any]]:
        """How far each file was read, and what is not a whole event yet; plain values."""
        found = []
        for (device, inode), cursor in self._cursors.items():
            pending, flag = cursor.decoder.getstate() if cursor.decoder is not None else (b"", 0)
            found.append(
                {
                    "path": cursor.path, "device": device, "inode": inode,
                    "offset": cursor.offset, "head": cursor.head.hex(), "half": cursor.half,
                    "lines": list(cursor.lines), "pending": pending.hex(), "flag": flag,
                }
            )  # fmt: skip
        return found

    def resume(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from a :meth:`state`, before the first look.

        Raises
        ------
        ValueError, KeyError, TypeError
            For what is no state.
        """
        for one in state:
            decoder = codecs.getincrementaldecoder(self.file.encoding)("replace")
            decoder.setstate((bytes.fromhex(one["pending"]), int(one["flag"])))
            cursor = _Cursor(
                str(one["path"]), int(one["offset"]), decoder, str(one["half"]),
                [str(line) for line in one["lines"]], bytes.fromhex(one["head"]), resumed=True,
            )  # fmt: skip
            self._cursors[int(one["device"]), int(one["inode"])] = cursor
        # What came while nobody looked is new, whatever the file's initial position says.
        self._looked = self._looked or bool(state)

    def _cursor(self, one: Seen) -> _Cursor:
        cursor = self._cursors.get(one.identity)
        if cursor is None:
            cursor = self._cursors[one.identity] = _Cursor(one.path)
            if self.file.from_end and not self._looked:
                cursor.offset = one.size
        return cursor

    def _read_on(self, cursor: _Cursor, data: bytes, texts: list[str], *, last: bool) -> None:
        if cursor.decoder is None:
            cursor.decoder = codecs.getincrementaldecoder(self.file.encoding)("replace")
        if cursor.offset == len(cursor.head) < HEAD:
            cursor.head += data[: HEAD - len(cursor.head)]
        cursor.offset += len(data)
        text = cursor.half + cursor.decoder.decode(data, last)
        *lines, cursor.half = text.split("\n")
        for line in lines:
            self._line(cursor, line.removesuffix("\r"), texts)
        if last:
            self._finish(cursor, texts)

    def _finish(self, cursor: _Cursor, texts: list[str]) -> None:
        """The end of a file: half a line is a whole one now."""
        if cursor.half:
            self._line(cursor, cursor.half, texts)
            cursor.half = ""
        self._let_go(cursor, texts)

    def _line(self, cursor: _Cursor, line: str, texts: list[str]) -> None:
        if cursor.lines and self._begins(line):
            self._let_go(cursor, texts)
        cursor.lines.append(line)

    def _begins(self, line: str) -> bool:
        """Whether a line begins an event."""
        if self.file.timestamp_starts:
            return pattern(self.file.timestamp_format).search(line) is not None
        if self.file.start is not None:
            return self.file.start.search(line) is not None
        return bool(line) and not line[0].isspace()

    def _let_go(self, cursor: _Cursor, texts: list[str]) -> None:
        text = "\n".join(cursor.lines).rstrip("\n")
        cursor.lines = []
        if text.strip() and self.file.passes(text):
            texts.append(text)

    def _event(self, text: str, now: datetime) -> LogEvent | None:
        at = None
        if self.file.timestamp_format:
            first = text.split("\n", 1)[0]
            at = find(self.file.timestamp_format, first, now, local=self._local)
            # A line without a stamp of its own is as old as the one before it.
            at = at or self._last
            self._last = at
        return LogEvent(at or now, _cut(text))


def _cut(text: str) -> str:
    if len(text) * 4 <= LONGEST:
        return text
    data = text.encode("utf-8")
    if len(data) <= LONGEST:
        return text
    return data[: LONGEST - len(CUT)].decode("utf-8", "ignore") + CUT
