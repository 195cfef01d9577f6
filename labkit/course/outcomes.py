"""What a check finds: one of four outcomes, as values. How they look is in :mod:`faces`.

========== ====================================================================================
Passed     it does what the ticket asks; says why, what it costs, and remarks that never block
NotYet     it was played and something went wrong; brings the counter-example
Broken     the learner's code, or one of their calls, ended in an error; explains it
NotAttempted  the world is as it was handed over
========== ====================================================================================

A fifth, :class:`Stumbled`, is labkit's own mistake: a check that broke. It says so plainly.

Every message is built from the same five parts: what you built (one line), what was played, what
happened (with the counter-example as a picture), one question that points at the idea, and how
many hints there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labkit.views.drawing import Drawing


@dataclass(frozen=True)
class Outcome:
    """What all outcomes have.

    Parameters
    ----------
    finding:
        The verdict in one sentence with its numbers: ``7 of 10 incidents heard in time``.
    """

    finding: str

    @property
    def passed(self) -> bool:
        """Whether the check is passed."""
        return False


@dataclass(frozen=True)
class Attempted:
    """What the learner built, in one line: ``checkout-slow, p99, 60 s, 3 of 3, above 1,500 ms``."""

    built: str


@dataclass(frozen=True)
class Passed(Outcome):
    """It does what the ticket asks.

    Parameters
    ----------
    why:
        Why it is right: the idea, in a sentence or two.
    built:
        The learner's design in one line.
    cost:
        What it costs on AWS.
    alternative:
        Another design that passes, with its price or drawback.
    remarks:
        What could be better; they never block.
    figure:
        What was played, drawn.
    """

    why: str = ""
    built: str = ""
    cost: str = ""
    alternative: str = ""
    remarks: tuple[str, ...] = ()
    figure: Drawing | None = None

    @property
    def passed(self) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class NotYet(Outcome):
    """Something went wrong when it was played.

    Parameters
    ----------
    built:
        The learner's design in one line.
    played:
        What was played: ``incident 4 of 10: latency flaps, two bad minutes then one good``.
    happened:
        What happened then, with the numbers of the counter-example.
    question:
        One question that points at the idea, never at the parameter.
    figure:
        The counter-example, drawn.
    also:
        What else went wrong, in one sentence.
    """

    built: str = ""
    played: str = ""
    happened: str = ""
    question: str = ""
    figure: Drawing | None = None
    also: str = ""


@dataclass(frozen=True)
class Broken(Outcome):
    """The learner's code, or one of their calls, ended in an error.

    Parameters
    ----------
    error:
        AWS's or Python's own words.
    where:
        ``line 7 of your cell: cloudwatch.put_metric_data(...)``; empty when not known.
    means:
        What this error means in this world.
    played:
        What was being played.
    """

    error: str = ""
    where: str = ""
    means: str = ""
    played: str = ""


@dataclass(frozen=True)
class NotAttempted(Outcome):
    """The world is as it was handed over.

    Parameters
    ----------
    start:
        Where to start, in one sentence.
    """

    start: str = ""


@dataclass(frozen=True)
class Stumbled(Outcome):
    """The check itself broke: labkit's mistake, not the learner's.

    Parameters
    ----------
    detail:
        What to put into the report: the exception and the place in labkit.
    """

    detail: str = ""


@dataclass(frozen=True)
class Judged:
    """An outcome with everything around it that its face shows.

    Parameters
    ----------
    chapter, number, of, title, points:
        Which check.
    outcome:
        What it found.
    hints_used, hints:
        How many of the hints were taken.
    """

    chapter: str
    number: int
    of: int
    title: str
    points: int
    outcome: Outcome
    hints_used: int = 0
    hints: int = 0
    first_pass: bool = field(default=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether the check is passed."""
        return self.outcome.passed

    def __str__(self) -> str:
        from labkit.course.faces import judged_text

        return judged_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from labkit.course.faces import judged_html

        return judged_html(self)
