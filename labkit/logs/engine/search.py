"""Searching many messages at once, as grep searches a file.

Theory of operation. Arrow keeps messages one after the other in one buffer, and offsets beside it.
A text is looked for in the whole buffer and its places are mapped to messages by the offsets; a
text that only two messages together hold is none. The rarest byte of the text is looked for first:

1. Where it is rare, by ``find``, which looks for one byte faster than memory delivers. That takes
   the messages as ``bytes``; they are copied once, and the arrow array reads the copy. A call for
   each place would take longer than the looking, so numpy is asked for the next place in each of
   many blocks at once.
2. Elsewhere the buffer is compared with two or three bytes of the text, window by window, so that
   what is made on the way stays in the cache.

Either way the places are verified by the other bytes. A text that stands in many messages is given
up: whoever asks looks at every message then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that are compared at once; a multiple of 8.
_WINDOW = 1 << 19
#: Of so many bytes the share of each is counted.
_SAMPLE = 1 << 14
#: A text that stands in more than this share of the messages is not looked for any further.
_FREQUENT = 0.25
#: More than this share of the words with a place in them is not worth going on.
_DENSE = 0.5
#: Rarer than this the places of a byte, or of two or three together, are looked at one by one.
_RARE = 1 / 1000
#: Bytes of a block, in each of which the next place of a rare byte is looked for.
_BLOCK = 1 << 14
#: Of so many blocks that have a further place, they are looked for together.
_WORTH = 32


class Messages:
    """Messages that can be searched.

    Parameters
    ----------
    array:
        A large_string array without missing values.
    """

    def __init__(self, array: pa.Array) -> None:
        import pyarrow as pa

        count = len(array)
        buffers = array.buffers()
        offsets = np.frombuffer(buffers[1], np.int64)[array.offset : array.offset + count + 1]
        begin, end = (int(offsets[0]), int(offsets[-1])) if count else (0, 0)
        whole = buffers[2]
        self._bytes: bytes = b"" if whole is None else whole.slice(begin, end - begin).to_pybytes()
        self._held = np.frombuffer(self._bytes, np.uint8)
        self._offsets = offsets - begin if count else np.zeros(1, np.int64)
        self._ends = self._offsets[1:]
        self._count = count
        sample = self._held[:_SAMPLE]
        self._share = (np.bincount(sample, minlength=256) / max(1, len(sample))).tolist()
        #: The same messages, over the copy.
        self.array = pa.LargeStringArray.from_buffers(
            count, pa.py_buffer(self._offsets), pa.py_buffer(self._bytes)
        )

    def events(self, places: Any, length: int) -> Any:
        """The messages in which texts at some places lie, each once, ascending."""
        rows = np.searchsorted(self._ends, places, side="right")
        rows = rows[places + length <= self._ends[rows]]
        return rows[np.concatenate(([True], rows[1:] != rows[:-1]))] if len(rows) else rows

    def places(self, text: bytes) -> Any:
        """Where a text begins in the buffer, ascending; None when it stands in many messages."""
        held, last = self._held, len(self._held) - len(text) + 1
        if last <= 0:
            return np.empty(0, np.int64)
        looked, rare = self._rarest(text)
        places = self._found(text, looked[0], last) if rare else None
        if places is None:

            def compare(low: int, size: int, hit: Any) -> None:
                begin = low + looked[0]
                np.equal(held[begin : begin + size], text[looked[0]], out=hit)
                for at in looked[1:]:
                    hit &= held[low + at : low + at + size] == text[at]

            places = _set(last, compare)
        if places is None:
            return None
        for at in range(len(text)):
            if at not in looked or (rare and at != looked[0]):
                places = places[held[places + at] == text[at]]
        return places if self._worth(places) else None

    def exponents(self) -> Any:
        """Where a digit stands before an e and what may be an exponent; None when in many."""
        held, last = self._held, len(self._held) - 2
        if last <= 0:
            return np.empty(0, np.int64)

        def compare(low: int, size: int, hit: Any) -> None:
            np.equal(held[low + 1 : low + 1 + size] | 0x20, 0x65, out=hit)
            hit &= (held[low : low + size] - np.uint8(48)) < 10

        places = _set(last, compare)
        if places is None:
            return None
        after = held[places + 2]
        places = places[((after - np.uint8(48)) < 10) | (after == 43) | (after == 45)]
        return places if self._worth(places) else None

    def _worth(self, places: Any) -> bool:
        return len(places) <= _FREQUENT * self._count + 8

    def expected(self, text: bytes) -> float:
        """How often a text is expected: for each byte of the messages, by the sample."""
        looked, _ = self._rarest(text)
        found = 1.0
        for at in looked:
            found *= self._share[text[at]]
        return found

    def _rarest(self, text: bytes) -> tuple[list[int], bool]:
        """The bytes of a text to look for, the rarest first, and whether that one suffices."""
        share = self._share
        order = sorted(range(len(text)), key=lambda at: (share[text[at]], at))
        looked: list[int] = []
        expected = 1.0
        for at in order[:3]:
            looked.append(at)
            expected *= share[text[at]]
            if expected < _RARE:
                break
        return looked, share[text[looked[0]]] < _RARE

    def _found(self, text: bytes, at: int, last: int) -> Any:
        """Where one byte of a text stands; None when that is oftener than was expected.

        The first place in every block, then the second one in every block and so on, as long as
        that is worth a call of numpy, which looks for a byte as fast as ``bytes.find`` does.
        """
        byte, most = text[at : at + 1], int(len(self._bytes) * _RARE * 2) + 64
        # numpy's texts end before the zeros at their end.
        count = len(self._bytes) // _BLOCK if byte != b"\0" else 0
        blocks = np.frombuffer(self._bytes, f"S{_BLOCK}", count)
        begins = np.arange(count) * _BLOCK
        found: list[Any] = []
        rest = [(count * _BLOCK, len(self._bytes))]
        place = np.strings.find(blocks, byte) if count else begins
        while count:
            there = np.flatnonzero(place >= 0)
            places = begins[there] + place[there]
            if len(there) < _WORTH:
                ends = begins[there] + _BLOCK
                rest += zip(places.tolist(), ends.tolist(), strict=True)
                break
            found.append(places)
            most -= len(places)
            if most < 0:
                return None
            place = np.strings.find(blocks, byte, np.where(place < 0, _BLOCK, place + 1))
        for begin, end in rest:
            single = self._one_by_one(byte, begin, end, most)
            if len(single) > most:
                return None
            found.append(np.asarray(single, np.int64))
            most -= len(single)
        every = np.concatenate(found) - at
        every.sort()
        return every[slice(*np.searchsorted(every, (0, last)))]

    def _one_by_one(self, byte: bytes, begin: int, end: int, most: int) -> list[int]:
        """Where a byte stands in a part of the buffer; ``most`` places and one more suffice."""
        found: list[int] = []
        place = self._bytes.find(byte, begin, end)
        while place >= 0 and len(found) <= most:
            found.append(place)
            place = self._bytes.find(byte, place + 1, end)
        return found


def _set(count: int, compare: Callable[[int, int, Any], None]) -> Any:
    """``flatnonzero`` of what ``compare(low, size, into)`` says, window by window.

    Few are set: they are packed, and 64 of them are looked at together. None when many are.
    """
    words = np.zeros((count + 63) // 64, np.uint64)
    packed = words.view(np.uint8)
    hit = np.empty(min(_WINDOW, count), bool)
    for low in range(0, count, _WINDOW):
        size = min(_WINDOW, count - low)
        compare(low, size, hit[:size])
        bits = np.packbits(hit[:size])
        packed[low // 8 : low // 8 + len(bits)] = bits
    held = np.flatnonzero(words)
    if len(held) > _DENSE * len(words) + 8:
        return None
    places = np.flatnonzero(np.unpackbits(words[held].view(np.uint8)).view(bool))
    return held[places >> 6] * 64 + (places & 63)
