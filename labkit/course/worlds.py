"""The builder of every exercise's world: ``exercise`` in :data:`labkit.builders.BUILDERS`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError
from labkit.course.variant import Variant

if TYPE_CHECKING:
    from labkit.course.task import Task
    from labkit.lab import Lab

_CHECKS = Path(__file__).parent / "checks"


def chapters_with_tasks() -> list[str]:
    """The chapters that have an exercise, in order: ``["01_metrics", ...]``."""
    return sorted(path.stem.removeprefix("c") for path in _CHECKS.glob("c[0-9][0-9]_*"))


@cache
def task(chapter: str) -> Task:
    """The exercise of a chapter, by ``01_metrics`` or by ``01``.

    Raises
    ------
    LabError
        When there is none of that name.
    """
    known = chapters_with_tasks()
    named = [name for name in known if chapter in (name, name.partition("_")[0])]
    if not named:
        raise LabError(
            f"there is no exercise {chapter!r}; there are: {', '.join(known) or 'none yet'}"
        )
    found: Task = import_module(f"labkit.course.checks.c{named[0]}").TASK
    return found


@cache
def facts(chapter: str, learner: str) -> Mapping[str, Any]:
    """The learner's names and figures in a chapter."""
    one = task(chapter)
    return one.vary(Variant(one.chapter, learner))


def build(lab: Lab, *, chapter: str, learner: str) -> Mapping[str, Any]:
    """Prepare the world of a chapter's exercise; its handles."""
    return task(chapter).build(lab, facts(chapter, learner))


def open_lab(chapter: str, learner: str, *, active: bool = True) -> Lab:
    """A lab that holds the exercise's world.

    Its seed comes from the learner too, so that ids (instances, topics) are the learner's own.
    """
    from labkit.lab import Lab

    one = task(chapter)
    return Lab(
        Variant(one.chapter, learner).seed(),
        one.start,
        active=active,
        builder="exercise",
        builder_args={"chapter": one.chapter, "learner": learner},
    )
