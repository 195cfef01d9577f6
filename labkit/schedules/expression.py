"""A schedule expression of a rule or of EventBridge Scheduler, and when it fires next.

Rules take ``rate`` and ``cron`` in UTC and answer anything else with one sentence; Scheduler takes
``at`` as well and a time zone, and repeats the expression in its sentence. Both keep silent about
what is wrong. Here the reason goes with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from labkit.schedules import at, cron, rate
from labkit.schedules.at import At
from labkit.schedules.cron import Cron
from labkit.schedules.fields import BadField
from labkit.schedules.rate import Rate
from labkit.schedules.zones import zone

_FORM = re.compile(r"(rate|cron|at)\((.*)\)", re.DOTALL)


class InvalidSchedule(ValueError):
    """An expression that AWS refuses.

    Parameters
    ----------
    message:
        AWS's sentence.
    reason:
        What is wrong with it, in ours.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something fires.

    Parameters
    ----------
    text:
        The expression.
    when:
        What it says.
    zone_name:
        IANA name of the time zone of cron and at.
    """

    text: str
    when: Rate | Cron | At
    zone_name: str = "UTC"

    def firings(self, after_us: int, start_us: int | None = None) -> Iterator[int]:
        """Instants (microseconds since the epoch) later than ``after_us``, in order.

        Parameters
        ----------
        after_us:
            Excluded.
        start_us:
            When the schedule began: a rate counts from there (``after_us`` when left out).
        """
        return self.when.firings(
            after_us, after_us if start_us is None else start_us, self.zone_name
        )

    def next_firing(self, after_us: int, start_us: int | None = None) -> int | None:
        """The first firing later than ``after_us``; None when there is none any more."""
        if isinstance(self.when, Rate):
            return self.when.next_firing(after_us, after_us if start_us is None else start_us)
        return next(self.firings(after_us, start_us), None)


def parse_rule_schedule(text: str) -> Schedule:
    """The ``ScheduleExpression`` of a rule.

    Raises
    ------
    InvalidSchedule
        In the words of PutRule.
    """
    try:
        return Schedule(text, _parse(text, strict=True))
    except BadField as problem:
        message = "Parameter ScheduleExpression is not valid."
        raise InvalidSchedule(message, str(problem)) from None


def parse_scheduler_schedule(text: str, zone_name: str = "UTC") -> Schedule:
    """The ``ScheduleExpression`` of a schedule of EventBridge Scheduler.

    Raises
    ------
    InvalidSchedule
        In the words of CreateSchedule.
    """
    try:
        when = _parse(text, strict=False)
    except BadField as problem:
        raise InvalidSchedule(f"Invalid Schedule Expression {text}.", str(problem)) from None
    try:
        zone(zone_name)
    except ValueError as problem:
        message = f"The ScheduleExpressionTimezone {zone_name} is not valid."
        raise InvalidSchedule(message, str(problem)) from None
    return Schedule(text, when, zone_name)


def next_firings(
    expression: str, after_us: int, count: int, zone_name: str = "UTC"
) -> tuple[int, ...]:
    """The next ``count`` firings (microseconds since the epoch) later than ``after_us``.

    Raises
    ------
    InvalidSchedule
        When neither a rule nor Scheduler takes the expression.
    """
    schedule = parse_scheduler_schedule(expression, zone_name)
    return tuple(islice(schedule.firings(after_us), count))


def _parse(text: str, *, strict: bool) -> Rate | Cron | At:
    found = _FORM.fullmatch(text)
    if found is None or (strict and found[1] == "at"):
        kinds = "rate(...) or cron(...)" if strict else "rate(...), cron(...) or at(...)"
        raise BadField(f"a schedule expression is {kinds}")
    kind, inside = found[1], found[2]
    if kind == "rate":
        return rate.parse(inside, strict=strict)
    if kind == "at":
        return at.parse(inside)
    if inside != inside.strip():
        raise BadField("there may be no blanks beside the brackets")
    return cron.parse(inside)
