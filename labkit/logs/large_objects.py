"""Large log objects of a lab's log groups: kept beside the events whose texts were cut.

A pointer says nothing of where its object is; it is a hash of the group, the event's number and the
path, so it can be looked for only where it was made: in its Region, while its group is there.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from labkit.logs.records import LogGroup
from labkit.logs.store import LogStore

_HEAD = "LLO"
_DIGITS = 48


class Found(NamedTuple):
    """An object: the group and the number of the event it belongs to, and its text."""

    group: LogGroup
    seq: int
    text: str


def pointer(group: LogGroup, seq: int, path: str) -> str:
    """The pointer of an object."""
    told = f"{group.arn}|{group.created_us}|{seq}|{path}"
    digits = blake2b(told.encode(), digest_size=_DIGITS // 2).hexdigest()
    return _HEAD + digits + _check(digits)


def is_pointer(text: str) -> bool:
    """Whether a text has the form of a pointer."""
    digits, check = text[len(_HEAD) : len(_HEAD) + _DIGITS], text[len(_HEAD) + _DIGITS :]
    return text.startswith(_HEAD) and check == _check(digits)


def _check(digits: str) -> str:
    return blake2b(digits.encode(), digest_size=4).hexdigest()


def references(group: LogGroup, seq: int) -> dict[str, str]:
    """``@ptr.$[...]`` -> pointer of each object of an event."""
    return {f"@ptr.{path}": pointer(group, seq, path) for path in group.objects.get(seq, ())}


def find(store: LogStore, text: str) -> Found | None:
    """The object of a pointer, None when it is not here."""
    for group in store.groups():
        for seq, objects in group.objects.items():
            for path, whole in objects.items():
                if pointer(group, seq, path) == text:
                    return Found(group, seq, whole)
    return None
