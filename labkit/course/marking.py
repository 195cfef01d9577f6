"""Marking: an answer against a question's key, and a report over many of them. Pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.course.exam_facts import Exam
from labkit.course.question_bank import MATCHING, ORDERING, Question

#: What somebody answered: keys (in order, for an ordering), or option -> target. None: nothing.
Given = Sequence[str] | Mapping[str, str] | None


def is_right(question: Question, given: Given) -> bool:
    """Whether an answer is right; no part marks, and no answer is wrong, as in the exams."""
    if not given:
        return False
    if question.kind == MATCHING:
        return isinstance(given, Mapping) and dict(given) == dict(question.pairs)
    if isinstance(given, Mapping):
        return False
    if question.kind == ORDERING:
        return tuple(given) == question.answers
    return set(given) == set(question.answers)


@dataclass(frozen=True, slots=True)
class Tally:
    """Right ones of those asked."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.right / self.asked if self.asked else 0.0

    def __str__(self) -> str:
        return f"{self.right} of {self.asked}"


@dataclass(frozen=True, slots=True)
class Report:
    """How a set of questions went.

    Parameters
    ----------
    total:
        Over all; unanswered questions count as asked and not right.
    unanswered:
        How many got no answer.
    domains:
        (number, name, weight, tally) of each domain, in a mock exam also of those not asked.
    exam, score:
        Of a mock exam: which, and the estimated scaled score.
    missed:
        Ids of the questions that were not right.
    """

    total: Tally
    unanswered: int
    domains: tuple[tuple[int, str, int, Tally], ...]
    exam: Exam | None
    score: int | None
    missed: tuple[str, ...]

    @property
    def title(self) -> str:
        """The finding, one line."""
        if self.exam is None or self.score is None:
            return f"{self.total} right"
        passes = "at or above" if self.score >= self.exam.pass_mark else "below"
        return (
            f"{self.exam.code}: {self.total} right, about {self.score} on the scale to 1,000, "
            f"{passes} the pass mark of {self.exam.pass_mark}"
        )

    def __str__(self) -> str:
        lines = [self.title]
        for number, name, weight, tally in self.domains:
            bar = "#" * round(tally.share * 20)
            told = f"{tally.right} of {tally.asked}" if tally.asked else "no questions yet"
            lines.append(f"  {number}. {name:<50.50} {weight:3} %  {bar:<20} {told}")
        lines += [f"  {line}" for line in self.notes]
        return "\n".join(lines)

    @property
    def notes(self) -> list[str]:
        """What must be said beside the figures."""
        notes = []
        if self.unanswered:
            notes.append(f"{self.unanswered} without an answer: they count as wrong.")
        if self.missed and self.exam is None:
            notes.append("What was not right comes back first, and with mode mistakes alone.")
        if self.exam is not None:
            notes.append("The score is an estimate: AWS scales its scores and publishes no rule.")
            blank = sum(weight for _, _, weight, tally in self.domains if not tally.asked)
            if blank:
                notes.append(
                    f"The domains without questions here are {blank} % of the exam; this says "
                    "nothing about them."
                )
        return notes


def report(
    questions: Sequence[Question], given: Mapping[str, Given], exam: Exam | None = None
) -> Report:
    """How ``questions`` went, by domain.

    Parameters
    ----------
    questions:
        All that were asked.
    given:
        Question id -> answer; one without an entry was not answered.
    exam:
        Whose domains; of practice, those of each question's first exam count.
    """
    right = {question.id: is_right(question, given.get(question.id)) for question in questions}
    by_domain: dict[tuple[int, str, int], list[bool]] = {}
    if exam is not None:
        by_domain = {(d.number, d.name, d.weight): [] for d in exam.domains.values()}
        for question in questions:
            place = question.in_exam(exam.code)
            if place is not None:
                domain = exam.domains[place.domain]
                key = (domain.number, domain.name, domain.weight)
                by_domain[key].append(right[question.id])
    total = Tally(sum(right.values()), len(questions))
    return Report(
        total=total,
        unanswered=sum(not given.get(question.id) for question in questions),
        domains=tuple((*key, Tally(sum(marks), len(marks))) for key, marks in by_domain.items()),
        exam=exam,
        score=None if exam is None else exam.estimate(total.share),
        missed=tuple(question.id for question in questions if not right[question.id]),
    )


def drawn(exam: Exam, questions: Sequence[Question], count: int) -> list[Question]:
    """``count`` questions of an exam, its domains weighted; ``questions`` are in the order drawn.

    A domain that has too few questions gives all that it has, and the others share the rest.

    Parameters
    ----------
    exam:
        Its domains and weights.
    questions:
        Those that can be asked.
    count:
        How many; fewer come when there are not so many.
    """
    stock: dict[int, list[Question]] = {number: [] for number in exam.domains}
    for question in questions:
        place = question.in_exam(exam.code)
        if place is not None:
            stock[place.domain].append(question)
    wanted = dict.fromkeys(stock, 0)
    left = min(count, sum(map(len, stock.values())))
    while left:
        open_domains = [n for n in stock if wanted[n] < len(stock[n])]
        # One at a time to whoever is furthest below its share: exact, and few enough to be quick.
        neediest = max(open_domains, key=lambda n: (exam.domains[n].weight / (wanted[n] + 0.5), -n))
        wanted[neediest] += 1
        left -= 1
    picked = {q.id for n, how_many in wanted.items() for q in stock[n][:how_many]}
    return [question for question in questions if question.id in picked]
