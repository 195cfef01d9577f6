"""Exam practice for notebooks::

    from labkit.course import exam
    exam.practice("01")                     # a chapter's questions, with feedback after each
    exam.practice(exam="SOA-C03", domain=1)
    exam.practice(mode="mistakes")          # what went wrong the last time
    exam.mock("SOA-C03", questions=20)      # a timed exam, its domains weighted
    exam.show("m01-fading")                 # the proof of one question

In a terminal the same is ``labkit exam practice --chapter 01`` and ``labkit exam mock --exam ...``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.course import proofs, sitting
from labkit.course.question_bank import find

if TYPE_CHECKING:
    from labkit.course.exam_widget import Room


def practice(
    chapter: str | None = None, *, questions: int | None = sitting.PRACTICE, **more: Any
) -> Room:
    """Questions with feedback after each, as a widget.

    Parameters
    ----------
    chapter:
        Two digits; every chapter when left out.
    questions:
        At most so many; None asks all.
    more:
        ``exam``, ``domain``, ``mode``, ``seed``, ``learner``: see
        :func:`labkit.course.sitting.practice`.
    """
    from labkit.course.exam_widget import Room

    return Room(sitting.practice(chapter, count=questions, **more))


def mock(exam: str, *, questions: int | None = None, **more: Any) -> Room:
    """A timed mock exam as a widget.

    Parameters
    ----------
    exam:
        Its code, ``SOA-C03``.
    questions:
        How many; as many as the exam has when left out.
    more:
        ``minutes``, ``seed``, ``learner``: see :func:`labkit.course.sitting.mock`.
    """
    from labkit.course.exam_widget import Room

    return Room(sitting.mock(exam, count=questions, **more))


def show(question_id: str) -> proofs.Proven:
    """Run the proof of a question, and see what it shows."""
    return proofs.run(find(question_id))
