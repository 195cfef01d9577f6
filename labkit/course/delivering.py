"""Checks of a function that is handed in by its name, with ``@ex.deliver``."""

from __future__ import annotations

from typing import ClassVar

from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted
from labkit.course.task import Check


class Delivers(Check):
    """Judges the newest function of a name; subclasses write :meth:`judge`."""

    #: The function's name, and its parameters as its head has them.
    name: ClassVar[str] = ""
    takes: ClassVar[str] = ""
    #: Where it can be tried first, a clause or sentence.
    tryout: ClassVar[str] = ""

    @property
    def signature(self) -> str:
        """Name and parameters, as code."""
        return f"`{self.name}({self.takes})`"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(self.signature) if self.name in bench.delivered else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            f"No `{self.name}` has been handed in yet.",
            start=f"the cell with `@ex.deliver` above `def {self.name}({self.takes})`; "
            f"{self.tryout}",
        )
