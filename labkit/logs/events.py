"""The events of one log group, in columns.

Theory of operation. Events get a number (``seq``) as they come, without gaps. They lie in chunks:
four number columns (time, time of ingestion, stream, size) and the messages, as a list while the
chunk grows and as an arrow array once it is full or came in bulk. Whoever reads by time needs
them sorted: the order is computed once for a state of the group and kept until the next event
comes. Queries do not need an order; they take the chunks as they are (:meth:`Events.table`).
Nothing is removed when events expire: readers give the first instant that is still kept, and
:meth:`Events.forget` drops whole chunks that nobody can see any more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labkit.logs.engine.batch import OVERHEAD, size_of
from labkit.logs.engine.search import Messages

if TYPE_CHECKING:
    import pyarrow as pa

#: Events of a chunk.
CHUNK = 16_384
#: Where the events of deleted streams stand: before everything that anybody reads.
_NEVER_MS = -(2**62) - 1


class Row(NamedTuple):
    """An event as readers see it. Times in milliseconds."""

    at_ms: int
    ingested_ms: int
    stream: int
    seq: int
    message: str


class Sifted(NamedTuple):
    """Events for a query: those that it must read, and how many and how much there were in all.

    ``table`` has not their texts: ``texts()`` takes them, for a query that reads them. ``exact``:
    they are those that pass and no others.
    """

    table: Any
    records: int
    bytes: int
    texts: Callable[[], Any]
    exact: bool


#: Which of some messages a query must read: their numbers, ascending, or None for all of them.
Passing = Callable[[Messages], Any]


class _Chunk:
    """Some events with consecutive numbers."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.messages: Any = []
        self._at: Any = []
        self._ingested: Any = []
        self._stream: Any = []
        self._size: Any = []
        self._columns: tuple[Any, Any, Any, Any] | None = None
        self._bounds: tuple[int, int, int] | None = None
        self._searchable: Messages | None = None
        self.sealed = False
        #: Columns that a query made out of the messages, by their name; kept for the next query.
        self.derived: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.messages)

    def add(
        self, at: Sequence[int], ingested_ms: int, stream: int, messages: Sequence[str],
        sizes: Sequence[int],
    ) -> None:  # fmt: skip
        """Add events of one stream."""
        self.messages.extend(messages)
        self._at.extend(at)
        self._ingested.extend([ingested_ms] * len(at))
        self._stream.extend([stream] * len(at))
        self._size.extend(sizes)
        self._columns = self._bounds = None

    @classmethod
    def bulk(
        cls, first: int, at: Any, ingested: Any, stream: Any, messages: Any, size: Any
    ) -> _Chunk:
        """A full chunk out of arrays."""
        made = cls(first)
        made.messages, made._columns, made.sealed = messages, (at, ingested, stream, size), True
        # The copy that is searched is made while the lines are brought in: made by the first query
        # over ten million lines, it would be there beside the lines that it takes the place of.
        made.searchable()
        return made

    def columns(self) -> tuple[Any, Any, Any, Any]:
        """Time, ingestion, stream, size as arrays."""
        if self._columns is None:
            self._columns = (
                np.asarray(self._at, np.int64),
                np.asarray(self._ingested, np.int64),
                np.asarray(self._stream, np.int32),
                np.asarray(self._size, np.int32),
            )
        return self._columns

    def bounds(self) -> tuple[int, int, int]:
        """The first and the last instant (milliseconds) and the bytes of the messages."""
        if self._bounds is None:
            at, _, _, size = self.columns()
            empty = not len(at)
            self._bounds = (
                0 if empty else int(at.min()),
                _NEVER_MS if empty else int(at.max()),
                int(size.sum(dtype=np.int64)),
            )
        return self._bounds

    def seal(self) -> None:
        """Pack the messages: the chunk is full."""
        import pyarrow as pa

        self.columns()
        self._at = self._ingested = self._stream = self._size = ()
        self.messages = pa.array(self.messages, pa.large_string())
        self.sealed = True

    def message(self, offset: int) -> str:
        """The text of an event."""
        held = self.messages[offset]
        return str(held.as_py() if self.sealed else held)

    def texts(self, offsets: Any) -> list[str]:
        """The texts of several events."""
        if not self.sealed:
            return [self.messages[offset] for offset in offsets.tolist()]
        import pyarrow as pa

        taken: list[str] = self.messages.take(pa.array(offsets)).to_pylist()
        return taken

    def searchable(self) -> Messages:
        """The messages as they are searched; kept, once the chunk is full."""
        if self._searchable is None:
            made = Messages(self.arrow())
            if not self.sealed:
                return made
            self._searchable, self.messages = made, made.array
        return self._searchable

    def arrow(self) -> pa.Array:
        """The messages as an arrow array."""
        import pyarrow as pa

        return self.messages if self.sealed else pa.array(self.messages, pa.large_string())


class Events:
    """The events of a log group."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []
        self._firsts: list[int] = []
        self._next = 0
        self._order: tuple[Any, Any, Any, Any] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    @property
    def next_seq(self) -> int:
        """The number that the next event gets."""
        return self._next

    # ---- in

    def append(
        self,
        stream: int,
        at_ms: Sequence[int],
        messages: Sequence[str],
        ingested_ms: int,
        sizes: Sequence[int] = (),
    ) -> int:
        """Keep events of one stream, in the order given; the number of the first one.

        ``sizes``: bytes of the messages in UTF-8, counted here when they are left out.
        """
        first = self._next
        if not self._chunks or self._chunks[-1].sealed:
            self._begin(_Chunk(first))
        chunk = self._chunks[-1]
        chunk.add(at_ms, ingested_ms, stream, messages, sizes or [size_of(t) for t in messages])
        self._next += len(at_ms)
        self._order = None
        if len(chunk) >= CHUNK:
            chunk.seal()
        return first

    def extend(self, at_ms: Any, messages: Any, stream: Any, ingested_ms: Any = None) -> None:
        """Keep many events at once.

        Parameters
        ----------
        at_ms:
            Array of times, milliseconds since the epoch.
        messages:
            List or arrow array of texts, as long.
        stream:
            Number of the stream, or an array of numbers.
        ingested_ms:
            Array of times of ingestion; the events' own when None.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        at = np.asarray(at_ms, np.int64)
        texts = (
            messages
            if isinstance(messages, pa.Array | pa.ChunkedArray)
            else pa.array(messages, pa.large_string())
        )
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        texts = texts.cast(pa.large_string())
        streams = np.broadcast_to(np.asarray(stream, np.int32), at.shape)
        ingested = at if ingested_ms is None else np.asarray(ingested_ms, np.int64)
        sizes = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int32)
        if self._chunks and not self._chunks[-1].sealed:
            self._chunks[-1].seal()
        for begin in range(0, len(at), CHUNK * 8):
            cut = slice(begin, begin + CHUNK * 8)
            self._begin(
                _Chunk.bulk(
                    self._next, at[cut], ingested[cut], streams[cut],
                    texts.slice(begin, CHUNK * 8), sizes[cut],
                )
            )  # fmt: skip
            self._next += len(at[cut])
        self._order = None

    def _begin(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self._firsts.append(chunk.first)

    # ---- out

    def row(self, seq: int) -> Row | None:
        """The event of a number, None when it is not there."""
        place = bisect_right(self._firsts, seq) - 1
        if place < 0 or seq - self._firsts[place] >= len(self._chunks[place]):
            return None
        chunk = self._chunks[place]
        offset = seq - chunk.first
        at, ingested, stream, _ = chunk.columns()
        if at[offset] <= _NEVER_MS:
            return None
        return Row(
            int(at[offset]), int(ingested[offset]), int(stream[offset]), seq, chunk.message(offset)
        )

    def rows(self, seqs: Any) -> list[Row]:
        """The events of many numbers, all of them there, in their order: faster than one by one."""
        seqs = np.asarray(seqs, np.int64)
        if len(seqs) < 64:
            return [row for row in map(self.row, seqs.tolist()) if row is not None]
        places = np.searchsorted(self._firsts, seqs, side="right") - 1
        found: list[Any] = [None] * len(seqs)
        for place in np.unique(places).tolist():
            chunk = self._chunks[place]
            where = np.nonzero(places == place)[0]
            offsets = seqs[where] - chunk.first
            at, ingested, stream, _ = chunk.columns()
            texts = chunk.texts(offsets)
            made = map(
                Row, at[offsets].tolist(), ingested[offsets].tolist(), stream[offsets].tolist(),
                seqs[where].tolist(), texts,
            )  # fmt: skip
            for spot, row in zip(where.tolist(), made, strict=True):
                found[spot] = row
        return found

    def _sorted(self) -> tuple[Any, Any, Any, Any]:
        """Time, stream, number and size, in the order of time, ingestion, number."""
        if self._order is None:
            if not self._chunks:
                empty = np.empty(0, np.int64)
                self._order = (empty, empty, empty, empty)
                return self._order
            parts = [chunk.columns() for chunk in self._chunks]
            at = np.concatenate([part[0] for part in parts])
            ingested = np.concatenate([part[1] for part in parts])
            stream = np.concatenate([part[2] for part in parts])
            size = np.concatenate([part[3] for part in parts])
            seq = np.concatenate(
                [np.arange(c.first, c.first + len(c), dtype=np.int64) for c in self._chunks]
            )
            later = at[1:] > at[:-1]
            if (later | ((at[1:] == at[:-1]) & (ingested[1:] >= ingested[:-1]))).all():
                # As most events come: there is nothing to sort.
                self._order = (at, stream, seq, size)
            else:
                order = np.lexsort((seq, ingested, at))
                self._order = (at[order], stream[order], seq[order], size[order])
        return self._order

    def seqs(self, start_ms: int, end_ms: int, streams: Sequence[int] | None = None) -> Any:
        """Numbers of the events of a range, start included and end not, in the order of reading."""
        at, stream, seq, _ = self._sorted()
        low, high = np.searchsorted(at, [start_ms, end_ms])
        found = seq[low:high]
        return found if streams is None else found[np.isin(stream[low:high], streams)]

    def scan(
        self, start_ms: int, end_ms: int, streams: Sequence[int] | None = None
    ) -> Iterator[Row]:
        """The events of a range, start included and end not, in the order of reading."""
        seqs = self.seqs(start_ms, end_ms, streams)
        for begin in range(0, len(seqs), CHUNK):
            yield from self.rows(seqs[begin : begin + CHUNK])

    def table(self, start_ms: int, end_ms: int) -> pa.Table:
        """The events of a range, both ends included, as arrow: unsorted, for queries.

        Columns ``ts``, ``ing`` (int64, milliseconds), ``stream_index`` (int32), ``ptr`` (int64, the
        number), ``msg`` (large_string).
        """
        found = self.sifted(start_ms, end_ms, None)
        return found.table.append_column("msg", found.texts())

    def sifted(self, start_ms: int, end_ms: int, passing: Passing | None) -> Sifted:
        """What :meth:`table` gives, without texts and without events that ``passing`` leaves out.

        ``passing`` says which of some messages are looked at: their numbers, ascending, or None for
        all of them. What it leaves out counts as looked at all the same.
        """
        import pyarrow as pa

        kinds = (pa.int64(), pa.int64(), pa.int32(), pa.int64())
        parts: list[list[Any]] = [[], [], [], []]
        held: list[tuple[pa.Array, Any]] = []
        records = total = 0
        exact = passing is not None
        for chunk in self._chunks:
            at, ingested, stream, size = chunk.columns()
            first, last, whole = chunk.bounds()
            if last < start_ms or first > end_ms:
                continue
            inside = None
            if first < start_ms or last > end_ms:
                inside = (at >= start_ms) & (at <= end_ms)
            records += len(at) if inside is None else int(inside.sum())
            total += whole if inside is None else int(size[inside].sum(dtype=np.int64))
            rows = None if passing is None else passing(chunk.searchable())
            exact = exact and rows is not None
            if inside is not None:
                rows = np.flatnonzero(inside) if rows is None else rows[inside[rows]]
            if rows is None:
                seq = np.arange(chunk.first, chunk.first + len(at), dtype=np.int64)
            elif not len(rows):
                continue
            else:
                seq = rows.astype(np.int64) + chunk.first
                at, ingested, stream = at[rows], ingested[rows], stream[rows]
            held.append((chunk.arrow(), rows))
            for into, column in zip(parts, (at, ingested, stream, seq), strict=True):
                into.append(pa.array(column))

        def texts() -> pa.ChunkedArray:
            taken = [all_ if rows is None else all_.take(pa.array(rows)) for all_, rows in held]
            return pa.chunked_array(taken, pa.large_string())

        table = pa.table(
            [pa.chunked_array(part, kind) for part, kind in zip(parts, kinds, strict=True)],
            names=["ts", "ing", "stream_index", "ptr"],
        )
        return Sifted(table, records, total, texts, exact)

    def digest(self) -> str:
        """A hash of all events."""
        found = blake2b(digest_size=16)
        for chunk in self._chunks:
            for column in chunk.columns():
                found.update(np.ascontiguousarray(column).tobytes())
            found.update("\0".join(chunk.texts(np.arange(len(chunk)))).encode())
        return found.hexdigest()

    def columns(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Time, ingestion, stream and size (0 where the stream was deleted), chunk by chunk."""
        for chunk in self._chunks:
            yield chunk.columns()

    def stored_bytes(self, start_ms: int) -> int:
        """Bytes of the events since an instant, 26 added to each."""
        total = 0
        for chunk in self._chunks:
            at, _, _, size = chunk.columns()
            kept = size[at >= start_ms]
            total += int(kept.sum()) + OVERHEAD * len(kept)
        return total

    # ---- gone

    def forget(self, before_ms: int) -> None:
        """Drop chunks whose events are all older."""
        kept = [c for c in self._chunks if not len(c) or int(c.columns()[0].max()) >= before_ms]
        if len(kept) < len(self._chunks):
            self._chunks = kept
            self._firsts = [chunk.first for chunk in kept]
            self._order = None

    def drop_stream(self, stream: int) -> None:
        """Forget the events of a stream that was deleted; the others keep their numbers."""
        for place, chunk in enumerate(self._chunks):
            at, ingested, which, size = chunk.columns()
            if not (which == stream).any():
                continue
            # The events stay where they are, so that numbers stay true, at an instant nobody reads.
            far = np.where(which == stream, np.int64(_NEVER_MS), at)
            size = np.where(which == stream, np.int32(0), size)
            texts = chunk.arrow()
            self._chunks[place] = _Chunk.bulk(chunk.first, far, ingested, which, texts, size)
        self._order = None
