"""What CloudTrail remembers of a call."""

from __future__ import annotations

from typing import NamedTuple

from labkit.core.facts import Fact


class Event(NamedTuple):
    """An entry of event history: the fact as it was told; the record is made by who reads it.

    Parameters
    ----------
    number:
        Counts the entries of one account and Region from 0; never used twice.
    fact:
        The ``call.finished`` fact.
    """

    number: int
    fact: Fact
