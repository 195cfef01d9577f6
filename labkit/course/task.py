"""The contract: what an exercise and its checks are made of.

A chapter's file in :mod:`labkit.course.checks` defines one :class:`Task` and its :class:`Check`
subclasses, and ends with ``TASK = ...()``. The rules that all of them keep:

1. **Judged by effect.** A check asks what the account *does* (an e-mail at 10:07, a metric that can
   be read), never how a parameter is set. Several designs pass.
2. **Fair.** What is played unseen needs nothing that is not in the ticket or visible in the sample
   which the learner can inspect.
3. **Untouched is not wrong.** ``attempt`` answers None when nothing has been built, and it looks at
   the world, not at the text of a cell.
4. **The judge works elsewhere.** A judge plays in replays and fresh worlds from its
   :class:`~labkit.course.bench.Bench`; what the learner built is asked of ``bench.copy``. A call
   to the learner's own lab would move its clock by a millisecond.
5. **The learner's errors are the learner's, the check's are ours.** Learner's code is only called
   through ``bench.calling(...)``; whatever else a judge raises is a mistake in labkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.course.outcomes import Attempted, NotAttempted, Outcome
from labkit.course.variant import Variant

if TYPE_CHECKING:
    from labkit.course.bench import Bench
    from labkit.lab import Lab


@dataclass(frozen=True)
class Ticket:
    """What a colleague asks for.

    Parameters
    ----------
    who:
        Who writes: ``Mara, on-call lead``.
    text:
        Four to eight lines in their voice: what happened, what they need, what would be
        unacceptable, by when.
    deliver:
        What to hand in, one or two sentences.
    """

    who: str
    text: str
    deliver: str


class Check:
    """One thing that is judged.

    Subclasses set the class attributes and write :meth:`attempt` and :meth:`judge`.
    """

    #: What it is about, a few words.
    title: ClassVar[str] = ""
    #: nbgrader's points.
    points: ClassVar[int] = 1
    #: 1 a question that redirects the eye; 2 the concept and the parameter's name; 3 nearly the
    #: answer, with one blank.
    hints: ClassVar[tuple[str, str, str]] = ("", "", "")
    #: Why the plausible alternatives fail: stands under the worked solution.
    alternatives: ClassVar[tuple[str, ...]] = ()
    #: ``grade_id`` of the solution cell that answers this check; the task's first when empty.
    cell: ClassVar[str] = ""

    def attempt(self, bench: Bench) -> Attempted | None:
        """What the learner built, in one line; None when the world is untouched."""
        raise NotImplementedError

    def untouched(self, bench: Bench) -> NotAttempted:
        """What is said when nothing has been built."""
        return NotAttempted("Nothing has been built yet.")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play what the learner has not seen, and say what happened."""
        raise NotImplementedError

    def means(self, code: str) -> str:
        """What AWS's error ``code`` means in this world; empty when nothing special."""
        return ""

    def run(self, bench: Bench) -> Outcome:
        """Attempt, then judge."""
        attempted = self.attempt(bench)
        if attempted is None:
            return self.untouched(bench)
        return self.judge(bench, attempted)


class Task:
    """One chapter's exercise: a ticket, a world, and up to three checks."""

    #: ``01_metrics``: the same name on every shelf.
    chapter: ClassVar[str] = ""
    title: ClassVar[str] = ""
    #: How long it takes a learner.
    minutes: ClassVar[int] = 20
    #: The world's first instant; the lab's own when None.
    start: ClassVar[datetime | None] = None
    checks: ClassVar[tuple[Check, ...]] = ()
    #: Why this exercise can't be judged through ``labkit check --endpoint``; empty when it can.
    needs_notebook: ClassVar[str] = ""

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The learner's names, ids, thresholds and hours: plain values, never the difficulty."""
        return {}

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Prepare the world; its handles by name.

        Called by :mod:`labkit.course.worlds` for the learner's lab, and again for every replay:
        the same ids must come out. What it does leaves no line in the learner's journal.

        Parameters
        ----------
        lab:
            A lab that has just begun, not active; work through ``lab.client(...)``.
        facts:
            What :meth:`vary` returned for this learner.
        """
        return {}

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """The ticket with the learner's figures."""
        raise NotImplementedError

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """Handle -> what it is, for the ticket's "You have"."""
        return {}

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """Further attributes of the learner's ``ex`` that live outside the world: samples, play."""
        return {}
