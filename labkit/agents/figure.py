"""A figure: what was measured of one thing, before it has a name in CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one section.

    Parameters
    ----------
    section, field:
        Keys of :data:`labkit.agents.catalogue.KINDS`: ``disk``, ``used_percent``.
    labels:
        What tells its thing apart: ``(("path", "/"), ("device", "xvda1"), ("fstype", "xfs"))``.
    value:
        In the catalogue's unit. Of a counter: how far it has counted.
    """

    section: str
    field: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Machine(Protocol):
    """Whatever can be measured."""

    def figures(self, section: str) -> list[Figure]:
        """All figures of a section, now."""
