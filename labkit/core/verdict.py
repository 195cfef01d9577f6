"""Answers that explain themselves: a value, and the rules that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that had a say.

    Parameters
    ----------
    rule:
        The rule's name, as the AWS page or the decision table calls it (``missing: premature``).
    text:
        One sentence for a person.
    inputs:
        What the rule looked at, plain values.
    """

    rule: str
    text: str
    inputs: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T]):
    """A value with its reasons, most decisive first."""

    value: T
    because: tuple[Reason, ...] = ()

    def __str__(self) -> str:
        lines = [str(self.value)]
        lines += [f"  because {reason}" for reason in self.because]
        return "\n".join(lines)
