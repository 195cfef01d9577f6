"""Variants: the same exercise with other names and figures for each learner.

A variant is drawn from the chapter and the learner's id alone, so it is the same on every machine
and in every replay, and an answer copied from a neighbour names somebody else's metric. It changes
names, ids, thresholds and hours, never how hard the exercise is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from labkit.core.errors import LabError

T = TypeVar("T")

#: Whose the committed solutions are. A demo leaves nothing in anybody's progress file.
DEMO = "demo"

_LEARNER = re.compile(r"^[A-Za-z0-9._@+-]{1,64}$")


class Variant:
    """Draws for one learner in one chapter; each draw has a name, and order does not matter.

    >>> Variant("01_metrics", "demo").pick("colour", ["red"])
    'red'
    """

    def __init__(self, chapter: str, learner: str) -> None:
        self.chapter = chapter
        self.learner = learner

    def number(self, what: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        text = f"{self.chapter}/{self.learner}/{what}"
        drawn = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        return low + drawn % (high - low + 1)

    def pick(self, what: str, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.number(what, 0, len(among) - 1)]

    def some(self, what: str, among: Sequence[T], how_many: int) -> list[T]:
        """Several of them, no one twice, in an order of their own."""
        left = list(among)
        return [left.pop(self.number(f"{what}/{n}", 0, len(left) - 1)) for n in range(how_many)]

    def seed(self, what: str = "seed") -> int:
        """A seed for figures."""
        return self.number(what, 1, 2**31 - 1)


def checked_learner(learner: str) -> str:
    """The id, when it is one.

    Raises
    ------
    LabError
        For an empty one, spaces, or more than 64 characters.
    """
    if not _LEARNER.match(learner):
        raise LabError(
            f"{learner!r} is no learner id: 1 to 64 letters, digits and . _ @ + - (an e-mail "
            "address will do)"
        )
    return learner


def learner_id(given: str | None, remembered: str) -> str:
    """Who is learning: the argument, else LABKIT_LEARNER, else what the progress file remembers."""
    return checked_learner(given or os.environ.get("LABKIT_LEARNER") or remembered)
