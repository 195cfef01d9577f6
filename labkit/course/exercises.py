"""What a learner holds: ``ex = exercise("01_metrics")``.

It opens the exercise's world (active at once, like any lab), shows the ticket, and judges. The
objects it returns show themselves: as cards in Jupyter, as text in a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from labkit.core.errors import LabError
from labkit.course import worlds
from labkit.course.bench import Bench
from labkit.course.blame import LearnerError, broken, stumbled
from labkit.course.faces import Notice
from labkit.course.outcomes import Broken, Judged, NotAttempted, NotYet, Outcome, Passed
from labkit.course.progress import Progress, progress_of
from labkit.course.task import Check
from labkit.course.variant import learner_id
from labkit.lab import Lab
from labkit.views.drawing import Shown

#: Exercises of this kernel by chapter: opening one again closes the one before.
OPEN: dict[str, Exercise] = {}

F = TypeVar("F", bound=Callable[..., Any])

_NAMES = {
    Passed: "passed",
    NotYet: "not yet",
    Broken: "error",
    NotAttempted: "not attempted",
}


def exercise(
    chapter: str, learner: str | None = None, *, progress: Progress | None = None
) -> Exercise:
    """Open an exercise: a fresh world, and the ticket.

    Parameters
    ----------
    chapter:
        ``01_metrics``, or ``01``.
    learner:
        Whose variant; left out, LABKIT_LEARNER, or whom the progress file remembers.
    progress:
        Where to keep progress; the learner's own file when left out.

    Raises
    ------
    LabError
        When there is no such exercise, or ``learner`` is no learner id.
    """
    task = worlds.task(chapter)
    if progress is None:
        progress = progress_of(learner)
    who = learner_id(learner, progress.learner)
    before = OPEN.pop(task.chapter, None)
    if before is not None:
        before.lab.close()
    opened = OPEN[task.chapter] = Exercise(task.chapter, who, progress)
    return opened


class Exercise(Shown):
    """One exercise in the hands of a learner.

    Its world's handles are attributes (``ex.instances``), beside ``lab``, ``check``, ``hint``,
    ``solution``, ``deliver`` and ``reset``; ``dir(ex)`` and tab completion list them all.

    Parameters
    ----------
    chapter:
        Its chapter, in full.
    learner:
        Whose variant.
    progress:
        Where attempts are noted.
    lab:
        A world made before (``labkit check --endpoint``); a fresh, active one when left out.
    """

    def __init__(
        self, chapter: str, learner: str, progress: Progress, lab: Lab | None = None
    ) -> None:
        self.chapter = chapter
        self.learner = learner
        self.progress = progress
        self._task = worlds.task(chapter)
        self._facts = worlds.facts(chapter, learner)
        self.lab = worlds.open_lab(chapter, learner) if lab is None else lab
        self._delivered: dict[str, Any] = {}
        self._tools = dict(self._task.tools(self))
        self._last: dict[int, tuple[object, Judged]] = {}

    # -- handles
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for holder in (self._tools, self.lab.handles):
            if name in holder:
                return holder[name]
        have = ", ".join([*self._tools, *self.lab.handles])
        raise AttributeError(
            f"the exercise has no {name!r}; beside check, hint, solution, deliver, reset and lab "
            f"there are: {have}"
        )

    def __dir__(self) -> list[str]:
        own = ["chapter", "learner", "progress", "lab", "check", "grade", "hint", "solution",
               "deliver", "reset", "ticket"]  # fmt: skip
        return sorted([*own, *self._tools, *self.lab.handles])

    # -- handing in
    def deliver(self, function: F) -> F:
        """Hand in a function: ``@ex.deliver`` above its ``def``. The newest of a name counts."""
        if not callable(function):
            raise LabError("deliver takes a function: write @ex.deliver on the line above its def")
        self._delivered[getattr(function, "__name__", "function")] = function
        return function

    def reset(self) -> Exercise:
        """Begin again: the world as it was handed over. What you delivered stays delivered."""
        self.lab.reset()
        return self

    # -- judging
    def check(self, number: int | None = None) -> Any:
        """Judge check ``number`` (all of them when left out) in worlds that you have not seen.

        Your lab stays exactly as it is.

        Raises
        ------
        LabError
            When there is no such check.
        """
        if number is None:
            return Verdicts([self.check(n) for n in range(1, len(self._task.checks) + 1)])
        check = self._check(number)
        outcome = self._judge(check)
        first = False
        if type(outcome) in _NAMES and not isinstance(outcome, NotAttempted):
            first = self.progress.tried(self.chapter, number, _NAMES[type(outcome)])
        judged = Judged(
            self.chapter,
            number,
            len(self._task.checks),
            check.title,
            check.points,
            outcome,
            hints_used=self.progress.check(self.chapter, number)["hints"],
            hints=len(check.hints),
            first_pass=first,
        )
        self._last[number] = (self._work(), judged)
        return judged

    def _work(self) -> object:
        """What a verdict is about: as long as it is the same, so is the verdict."""
        journal, clock = self.lab.world.journal, self.lab.world.clock
        return tuple(map(id, self._delivered.values())), id(journal), len(journal), clock.now_us

    def _judge(self, check: Check) -> Outcome:
        bench = Bench(self._task, self.lab, self._facts, dict(self._delivered))
        try:
            return check.run(bench)
        except LearnerError as problem:
            return broken(problem, check.means)
        except Exception:
            return stumbled()
        finally:
            bench.close()

    def grade(self, number: int) -> int:
        """The points of check ``number``: all of them when it is passed, else 0.

        nbgrader reads the number that a graded cell shows as its score. A failed assertion would
        say no more, and would stop whoever runs all cells of an exercise that is not solved yet.
        """
        check = self._check(number)
        work, judged = self._last.get(number, (None, None))
        if judged is None or work != self._work():  # the plain check cell above judges, as a rule
            judged = self.check(number)
        return check.points if judged.passed else 0

    def _check(self, number: int) -> Check:
        checks = self._task.checks
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not 1 <= number <= len(checks)
        ):
            raise LabError(f"this exercise has checks 1 to {len(checks)}; there is no {number!r}")
        return checks[number - 1]

    # -- help
    def hint(self, number: int = 1) -> Notice:
        """The next hint of a check; there are three, each nearer to the answer."""
        check = self._check(number)
        given = min(self.progress.check(self.chapter, number)["hints"] + 1, len(check.hints))
        self.progress.hinted(self.chapter, number, given)
        shown = tuple((f"Hint {n}", check.hints[n - 1]) for n in range(1, given + 1))
        after = (
            f"That was the last one; `solution({number})` is open now."
            if given == len(check.hints)
            else f"There are {len(check.hints) - given} more."
        )
        title = f"Check {number}, {check.title}: hint {given} of {len(check.hints)}"
        return Notice(title, (*shown, ("", after)))

    def solution(self, number: int = 1) -> Notice:
        """The worked solution, and why the plausible alternatives fail.

        It opens after the third hint, or when the check is passed.
        """
        check = self._check(number)
        known = self.progress.check(self.chapter, number)
        if known["passed"] is None and known["hints"] < len(check.hints):
            left = len(check.hints) - known["hints"]
            hints = "one more hint" if left == 1 else f"{left} more hints"
            return Notice(
                f"Check {number}: the solution is closed.",
                (("", f"It opens when the check is passed, or after {hints}: `hint({number})`."),),
            )
        from labkit.course.release import worked

        code = worked(self.chapter, check.cell)
        body = [("code", code)] if code else [
            ("", f"It is in `solutions/{self.chapter}.ipynb`, in a checkout of the project.")
        ]  # fmt: skip
        for n, text in enumerate(check.alternatives):
            body.append(("" if n else "Why not otherwise", text))
        return Notice(f"Check {number}, {check.title}: a worked solution", tuple(body))

    # -- showing
    @cached_property
    def ticket(self) -> Any:
        """The ticket alone."""
        return self._task.ticket(self._facts)

    def state(self) -> list[dict[str, Any]]:
        """One line a check: number, title, points, state, attempts, hints used."""
        rows = []
        for number, check in enumerate(self._task.checks, 1):
            known = self.progress.check(self.chapter, number)
            word = "passed" if known["passed"] else "tried" if known["attempts"] else "open"
            rows.append(
                {
                    "check": number,
                    "title": check.title,
                    "points": check.points,
                    "state": word,
                    "attempts": known["attempts"],
                    "hints": f"{known['hints']} of {len(check.hints)}",
                }
            )
        return rows

    def have(self) -> Mapping[str, str]:
        """Handle -> what it is."""
        return self._task.have(self._facts)

    def __str__(self) -> str:
        from labkit.course.desk import desk_text

        return desk_text(self)

    def _repr_html_(self) -> str:
        from labkit.course.desk import desk_html

        return desk_html(self)


class Verdicts(list[Judged], Shown):
    """Several verdicts, one below the other."""

    @property
    def passed(self) -> bool:
        """Whether all checks are passed."""
        return all(one.passed for one in self)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "\n".join(one._repr_html_() for one in self)
