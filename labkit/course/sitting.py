"""Sitting: a set of questions in front of one learner, whoever shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labkit.core.clock import machine_now_us, machine_seconds
from labkit.course import marking, repetition
from labkit.course.exam_facts import Exam, exam_of
from labkit.course.marking import Given, Report
from labkit.course.question_bank import Option, Question, chosen, shuffled_questions
from labkit.course.repetition import QuestionState

#: How many questions a practice asks when nobody says otherwise.
PRACTICE = 10
MODES = ("practice", "new", "due", "mistakes")


@dataclass(slots=True)
class Sitting:
    """Questions, the order of their options, and what was answered so far.

    Parameters
    ----------
    questions:
        In the order asked.
    seed:
        Decides the order of options.
    state:
        Where answers are noted.
    exam:
        Of a mock exam; None in practice, where each answer gets its feedback at once.
    seconds:
        How long a mock exam lasts; None has no clock.
    """

    questions: Sequence[Question]
    seed: str
    state: QuestionState
    exam: Exam | None = None
    seconds: float | None = None
    given: dict[str, Given] = field(default_factory=dict)
    _began: float = field(default_factory=machine_seconds)

    @property
    def is_mock(self) -> bool:
        """Whether it is a mock exam: no feedback before its end."""
        return self.exam is not None

    def options(self, question: Question) -> tuple[Option, ...]:
        """A question's options in this sitting's order."""
        return question.shuffled(self.seed)

    def targets(self, question: Question) -> tuple[Option, ...]:
        """A matching question's targets in this sitting's order."""
        return question.shuffled_targets(self.seed)

    @property
    def seconds_left(self) -> float | None:
        """Of a mock exam; None without a clock."""
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (machine_seconds() - self._began))

    @property
    def time_is_up(self) -> bool:
        """Whether no answer counts any more."""
        return self.seconds_left == 0.0

    def answer(self, question: Question, given: Given, at: datetime | None = None) -> bool:
        """Take an answer down and keep it at once; whether it is right.

        An answer of a mock exam may be given anew until the end, and is noted in the learner's
        file by :meth:`finish`. An answer after the end of time is not taken.
        """
        if self.time_is_up or not given:
            return False
        self.given[question.id] = given
        right = marking.is_right(question, given)
        if not self.is_mock:
            repetition.answered(self.state, question, right, at)
        return right

    def finish(self, at: datetime | None = None) -> Report:
        """The report; what was answered in a mock exam is noted now, also after Ctrl-C."""
        if self.is_mock:
            for question in self.questions:
                given = self.given.get(question.id)
                if given:
                    right = marking.is_right(question, given)
                    repetition.answered(self.state, question, right, at)
        asked = list(self.questions)
        if not self.is_mock:
            asked = [question for question in asked if question.id in self.given]
        return marking.report(asked, self.given, self.exam)


def practice(
    chapter: str | None = None,
    *,
    exam: str | None = None,
    domain: int | None = None,
    mode: str = "practice",
    count: int | None = PRACTICE,
    seed: object = None,
    state: QuestionState | None = None,
    learner: str | None = None,
    at: datetime | None = None,
) -> Sitting:
    """Questions to practise, with feedback after each.

    Parameters
    ----------
    chapter, exam, domain:
        Which ones: ``"01"``, ``"SOA-C03"``, ``1``; all when left out.
    mode:
        ``practice`` asks what is due, then what is new, then the rest; ``new``, ``due`` and
        ``mistakes`` (wrong the last time) ask these alone.
    count:
        At most so many; None has no limit.
    seed:
        Of the order of questions and options; another one each time when left out.
    state, learner:
        Where answers are noted: the learner's progress file when left out.
    at:
        The learner's own time; now when left out.
    """
    from labkit.core.errors import LabError

    if mode not in MODES:
        raise LabError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if exam is not None:
        exam = exam_of(exam).code
    state = state or repetition.state_of(learner)
    seed_text = str(machine_now_us() if seed is None else seed)
    pool = shuffled_questions(chosen(chapter=chapter, exam=exam, domain=domain), seed_text)
    due, new = repetition.due(state, pool, at), repetition.fresh(state, pool)
    asked: list[Question] = {
        "practice": [*due, *new, *pool],
        "new": new,
        "due": due,
        "mistakes": repetition.mistaken(state, pool),
    }[mode]
    unique = list(dict.fromkeys(question.id for question in asked))
    by_id: Mapping[str, Question] = {question.id: question for question in pool}
    return Sitting([by_id[name] for name in unique[:count]], seed_text, state)


def mock(
    exam: str,
    *,
    count: int | None = None,
    minutes: float | None = None,
    seed: object = None,
    state: QuestionState | None = None,
    learner: str | None = None,
) -> Sitting:
    """A mock exam: its domains weighted, a clock, no feedback before the end.

    Parameters
    ----------
    exam:
        Its code.
    count:
        How many questions; as many as the exam has when left out (or as there are).
    minutes:
        How long; the exam's time in proportion to the questions when left out.
    seed, state, learner:
        As in :func:`practice`.
    """
    facts = exam_of(exam)
    seed_text = str(machine_now_us() if seed is None else seed)
    pool = shuffled_questions(chosen(exam=facts.code), seed_text)
    asked = marking.drawn(facts, pool, count or facts.questions)
    seconds = 60 * (
        minutes if minutes is not None else facts.minutes * len(asked) / facts.questions
    )
    state = state or repetition.state_of(learner)
    return Sitting(asked, seed_text, state, facts, seconds)
