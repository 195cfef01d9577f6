"""What the exams ask: domains, weights, counts, minutes; a file a version in ``exams/``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from labkit.core.errors import LabError

#: The ends of AWS's scale.
LOWEST, HIGHEST = 100, 1000


@dataclass(frozen=True, slots=True)
class Domain:
    """A content domain of an exam: its number, name, weight in percent, and known skills."""

    number: int
    name: str
    weight: int
    skills: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exam:
    """One version of an exam.

    Parameters
    ----------
    code, name:
        ``SOA-C03`` and its title.
    questions, scored:
        How many there are, and how many of them count.
    minutes:
        How long it lasts.
    pass_mark:
        On the scale from 100 to 1,000.
    kinds:
        Kinds of question that it has.
    domains:
        By number; the weights add up to 100.
    as_of, last_day:
        Of when these facts are; the last day on which it can be taken, where one is known.
    """

    code: str
    name: str
    questions: int
    scored: int
    minutes: int
    pass_mark: int
    kinds: tuple[str, ...]
    domains: Mapping[int, Domain]
    as_of: str
    last_day: str = ""

    def estimate(self, share: float) -> int:
        """A scaled score for a share of right answers: a straight line, as AWS publishes none."""
        return round(LOWEST + (HIGHEST - LOWEST) * share)


@cache
def exams() -> Mapping[str, Exam]:
    """Every exam that there are facts of, by code."""
    found = {}
    folder = files("labkit.course") / "exams"
    for place in sorted(folder.iterdir(), key=lambda one: one.name):
        if place.name.endswith(".toml"):
            data = tomllib.loads(place.read_text(encoding="utf-8"))
            domains = {
                row["number"]: Domain(
                    row["number"], row["name"], row["weight"], row.get("skills", {})
                )
                for row in data.pop("domains")
            }
            kinds = tuple(data.pop("kinds"))
            found[data["code"]] = Exam(**data, kinds=kinds, domains=domains)
    return found


def exam_of(code: str) -> Exam:
    """The exam with a code.

    Raises
    ------
    LabError
        When there is none, with the codes there are.
    """
    found = exams().get(code.upper())
    if found is None:
        raise LabError(f"no exam is called {code!r}; there are: {', '.join(exams())}")
    return found
