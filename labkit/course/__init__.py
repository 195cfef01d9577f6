"""The teaching layer: exercises that are judged by what an account does, progress, the map.

::

    from labkit.course import exercise
    ex = exercise("01_metrics")     # opens the prepared world; shows the ticket
    ex.check(1)                     # what your work does in a world that you have not seen
    ex.hint(1), ex.solution(1)

    from labkit import course
    course.map()                    # the chapters, and where you are

========== =====================================================================================
chapters   the course as data (chapters.toml), drawn as a map
task       the contract: what an exercise and its checks are made of
outcomes   passed, not yet, error in your code, nothing built yet
faces      how an outcome, a ticket, a hint look on a page and in a terminal
exercises  what a learner holds
bench      what a judge holds: replays, fresh worlds, the learner's code played in them
worlds     the builder of every exercise's world, by name
variant    other names and figures for each learner
blame      whose line it was, and what AWS's answer means here
progress   the learner's file
checks/    one file a chapter: its world, its checks
release    exercises/ made from solutions/
report     the anatomy of a lesson, measured
terminal   labkit check, progress, course ...
questions/ exam practice: question_bank, sitting, marking, repetition, exam, exam_terminal
========== =====================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Progress", "exercise", "map"]

if TYPE_CHECKING:
    from labkit.course.chapters import map
    from labkit.course.exercises import exercise
    from labkit.course.progress import Progress

_HOMES = {"exercise": "exercises", "map": "chapters", "Progress": "progress"}


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'labkit.course' has no attribute {name!r}")
    return getattr(import_module(f"labkit.course.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
