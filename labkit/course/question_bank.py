"""The questions: what one is made of, and where they are kept (``questions/NN_name.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from labkit.core.errors import LabError

SINGLE, MULTIPLE, ORDERING, MATCHING = "single", "multiple", "ordering", "matching"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its key, its text, and why it is right or wrong. Of a target ``why`` is empty."""

    key: str
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands in an exam."""

    exam: str
    domain: int
    skill: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A few lines that show the answer in a lab: see :mod:`labkit.course.proofs`."""

    code: str
    proves: tuple[str, ...]
    refutes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Parameters
    ----------
    id, chapter:
        Its name for good, and the chapter's two digits.
    places:
        Exams, domains and skills.
    kind:
        single, multiple, ordering or matching.
    stem, options:
        As asked. ``targets`` are what options are matched to.
    answers:
        Keys of the right options; of an ordering all keys in their order.
    pairs:
        Of a matching question: option -> target.
    services, difficulty, beat, source:
        What it is about, 1 to 3, the step of the lesson, the section of the facts.
    proof:
        None where the simulator can't show it.
    """

    id: str
    chapter: str
    places: tuple[Place, ...]
    kind: str
    stem: str
    options: tuple[Option, ...]
    answers: tuple[str, ...]
    services: tuple[str, ...] = ()
    difficulty: int = 1
    beat: int = 0
    source: str = ""
    targets: tuple[Option, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    proof: Proof | None = None

    def option(self, key: str) -> Option:
        """The option (or target) with a key."""
        return next(one for one in (*self.options, *self.targets) if one.key == key)

    def shuffled(self, seed: object) -> tuple[Option, ...]:
        """The options in an order that the seed decides, never the file."""
        return _shuffled(self.options, f"{seed}/{self.id}")

    def shuffled_targets(self, seed: object) -> tuple[Option, ...]:
        """The targets likewise."""
        return _shuffled(self.targets, f"{seed}/{self.id}/targets")

    def in_exam(self, code: str) -> Place | None:
        """Where it stands in an exam; None when it is not in it."""
        return next((place for place in self.places if place.exam == code), None)


def shuffled_questions(questions: Sequence[Question], seed: object) -> list[Question]:
    """Questions in an order that the seed decides."""
    return sorted(questions, key=lambda one: _draw(f"{seed}/{one.id}"))


def _shuffled(options: Sequence[Option], seed: str) -> tuple[Option, ...]:
    return tuple(sorted(options, key=lambda one: _draw(f"{seed}/{one.key}")))


def _draw(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def question_of(row: Mapping[str, Any], chapter: str) -> Question:
    """A question from its plain values, which a schema has checked."""
    answers = row["answers"]
    pairs = dict(answers) if isinstance(answers, Mapping) else {}
    proof = row.get("proof")
    return Question(
        id=row["id"],
        chapter=chapter,
        places=tuple(Place(p["exam"], p["domain"], p.get("skill", "")) for p in row["exams"]),
        kind=row["kind"],
        stem=row["stem"].strip(),
        options=tuple(
            Option(o["key"], o["text"].strip(), o["why"].strip()) for o in row["options"]
        ),
        answers=tuple(pairs) if pairs else tuple(answers),
        services=tuple(row["services"]),
        difficulty=row["difficulty"],
        beat=row["beat"],
        source=row["source"],
        targets=tuple(Option(t["key"], t["text"]) for t in row.get("targets", ())),
        pairs=pairs,
        proof=None
        if proof is None
        else Proof(proof["code"], tuple(proof["proves"]), tuple(proof.get("refutes", ()))),
    )


def read_files() -> dict[str, Any]:
    """The plain values of every file, by its name."""
    import yaml

    # The one in C is ten times as quick; libyaml may be missing.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    folder = files("labkit.course") / "questions"
    return {
        place.name: yaml.load(place.read_text(encoding="utf-8"), Loader=loader)
        for place in sorted(folder.iterdir(), key=lambda one: one.name)
        if place.name.endswith(".yaml")
    }


@cache
def bank() -> tuple[Question, ...]:
    """Every question, chapter by chapter."""
    return tuple(
        question_of(row, data["chapter"])
        for data in read_files().values()
        for row in data["questions"]
    )


def chosen(
    *, chapter: str | None = None, exam: str | None = None, domain: int | None = None
) -> list[Question]:
    """The questions of a chapter, an exam, a domain of it; all when nothing is said.

    Raises
    ------
    LabError
        When there are none.
    """
    found = [
        question
        for question in bank()
        if (chapter is None or question.chapter == chapter[:2])
        and (exam is None or question.in_exam(exam) is not None)
    ]
    if domain is not None:
        found = [
            q for q in found if any(p.domain == domain for p in q.places if exam in (None, p.exam))
        ]
    if not found:
        asked = ", ".join(
            f"{name} {value}"
            for name, value in (("chapter", chapter), ("exam", exam), ("domain", domain))
            if value is not None
        )
        chapters = ", ".join(sorted({question.chapter for question in bank()}))
        raise LabError(
            f"there are no questions for {asked} yet; chapters with questions: {chapters}"
        )
    return found


def find(question_id: str) -> Question:
    """The question with an id.

    Raises
    ------
    LabError
        When there is none.
    """
    for question in bank():
        if question.id == question_id:
            return question
    raise LabError(f"no question is called {question_id!r}")
