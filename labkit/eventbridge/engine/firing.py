"""When a rule's schedule fires next: the expression, since when it counts, after which instant."""

from __future__ import annotations

from functools import lru_cache

from labkit.schedules import InvalidSchedule, Schedule, parse_rule_schedule


@lru_cache(maxsize=4096)
def _schedule(expression: str) -> Schedule:
    return parse_rule_schedule(expression)


def problem(expression: str) -> str:
    """Why a rule may not have this schedule, in AWS's words and ours; empty when it may."""
    try:
        _schedule(expression)
    except InvalidSchedule as why:
        return f"{why.message} {why.reason[:1].upper()}{why.reason[1:]}."
    return ""


def next_us(expression: str, since_us: int, after_us: int) -> int | None:
    """The first firing after ``after_us``; a rate counts from ``since_us``. None: never again."""
    return _schedule(expression).next_firing(after_us, since_us)
