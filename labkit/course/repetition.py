"""Spaced repetition: what a learner's answers so far say about what to ask next.

The state of a question is a few plain values in the learner's progress file, in the section of
the questions: how often it was right and wrong, how it went last, and fsrs's card, which knows when
it is due. Instants are the learner's own days, not a lab's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from labkit.core.clock import machine_now_us, to_datetime
from labkit.course.question_bank import Question


class QuestionState(Protocol):
    """Whoever keeps the states of questions: :class:`labkit.course.progress.Progress`."""

    @property
    def questions(self) -> Mapping[str, Any]:
        """Question id -> its plain values."""

    def update_questions(self, changes: Mapping[str, Any]) -> None:
        """Set the values of some questions, and leave the others."""


class Unkept:
    """States that live as long as the process: for a demo, and for tests."""

    def __init__(self) -> None:
        self.questions: dict[str, Any] = {}

    def update_questions(self, changes: Mapping[str, Any]) -> None:
        """Set the values of some questions."""
        self.questions |= changes


def state_of(learner: str | None = None) -> QuestionState:
    """The learner's progress file; memory alone where this labkit has none."""
    try:
        progress = import_module("labkit.course.progress")
    except ImportError:
        return Unkept()
    kept: QuestionState = progress.progress_of(learner)
    return kept


def now() -> datetime:
    """The learner's own time."""
    return to_datetime(machine_now_us())


def answered(
    state: QuestionState, question: Question, right: bool, at: datetime | None = None
) -> datetime:
    """Note an answer; when the question is due again.

    A right answer is fsrs's ``Good``, a wrong one ``Again``; the intervals have no random part.
    """
    from fsrs import Card, Rating, Scheduler

    at = at or now()
    entry = dict(state.questions.get(question.id, {}))
    card = _card(entry)
    if card is None:
        card = Card(card_id=0, due=at)
    scheduler = Scheduler(enable_fuzzing=False)
    card, _ = scheduler.review_card(card, Rating.Good if right else Rating.Again, at)
    kept: dict[str, Any] = {k: v for k, v in card.to_dict().items() if k != "card_id"}
    entry = {
        "right": int(entry.get("right", 0)) + right,
        "wrong": int(entry.get("wrong", 0)) + (not right),
        "last": "right" if right else "wrong",
        "at": at.isoformat(timespec="seconds"),
        "card": kept,
    }
    state.update_questions({question.id: entry})
    due: datetime = card.due
    return due


def due(
    state: QuestionState, questions: Sequence[Question], at: datetime | None = None
) -> list[Question]:
    """Those whose day has come, the longest overdue first."""
    at = at or now()
    found = []
    for question in questions:
        card = _card(state.questions.get(question.id, {}))
        if card is not None and card.due <= at:
            found.append((card.due, question.id, question))
    return [question for _, _, question in sorted(found, key=lambda row: row[:2])]


def fresh(state: QuestionState, questions: Sequence[Question]) -> list[Question]:
    """Those that were never answered."""
    return [question for question in questions if question.id not in state.questions]


def mistaken(state: QuestionState, questions: Sequence[Question]) -> list[Question]:
    """Those that were wrong the last time."""
    return [
        question
        for question in questions
        if state.questions.get(question.id, {}).get("last") == "wrong"
    ]


def _card(entry: Mapping[str, Any]) -> Any:
    """fsrs's card of an entry; None for a question that was never asked, or a damaged entry."""
    from fsrs import Card

    try:
        kept: Any = {"card_id": 0, **entry["card"]}
        return Card.from_dict(kept)
    except (KeyError, TypeError, ValueError):
        return None
