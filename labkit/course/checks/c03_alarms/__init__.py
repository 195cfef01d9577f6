"""Exercise 03: an alarm that wakes Mara for the right reason.

The learner has a metric, a week of it to look at, and Mara's diary of that week. Their alarm is
played through ten incidents (:mod:`.incidents`) and ten quiet weeks that they have not seen
(:mod:`.playing`), and judged at Mara's mailbox (:mod:`.awake`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import views
from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.course.checks.c03_alarms.awake import Awake
from labkit.course.checks.c03_alarms.incidents import (
    METRIC,
    MINUTE,
    NAMESPACE,
    add_checkout,
    week_before,
)
from labkit.course.checks.c03_alarms.playing import MARA
from labkit.course.faces import Notice
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import START
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text

if TYPE_CHECKING:
    from labkit.lab import Lab


class Alarms(Task):
    """See the head of this file."""

    chapter = "03_alarms"
    title = "Awake for the right reason"
    minutes = 30
    checks = (Awake(),)

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The limit, the checkout's usual pace, and the hours in which things happen."""
        facts: dict[str, Any] = {
            "limit": 100 * variant.number("limit", 12, 18),
            "usual_ms": float(variant.number("usual", 190, 230)),
            "busiest": float(variant.number("busiest", 600, 680)),
            "hours": [variant.number(f"hour {n}", 0, 11) for n in range(10)],
            "minutes": [variant.number(f"minute {n}", 5, 24) for n in range(10)],
            "silent_minutes": 60 * 4 + variant.number("silent", 10, 40),
            "sample_hour": variant.number("sample hour", 9, 11),
            "sample_minute": variant.number("sample minute", 5, 20),
        }
        facts["past"] = week_before(START, facts)
        return facts

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A checkout that reports, and the week behind it."""
        add_checkout(lab, facts)
        return {"mara": MARA, "namespace": NAMESPACE, "metric": METRIC}

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text=f"Checkout latency. Customers leave above {facts['limit']:,} ms, and three in a "
            "hundred who wait are an incident.\n"
            f"Real incidents last eight minutes or more; I want to know within seven.\n"
            "Single slow minutes and the two-minute restart at 03:00 are not my problem. If "
            "checkout stops reporting, that IS my problem.\n"
            "One false page a month is one too many. My diary of last week is on your desk.",
            deliver=f"An alarm whose e-mail reaches `{MARA}`. It will be played through ten "
            "incidents and ten quiet weeks.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The metric, the diary, the glass."""
        return {
            "ex.diary": "what was what in the sample week, 29 December to 4 January",
            'ex.look("Wed 10:02")': "twenty minutes of that week, one by one; `stat=`, `minutes=`",
            "the metric": f"`{NAMESPACE}`, `{METRIC}`, no dimensions, milliseconds, all requests "
            "of every minute",
            "ex.mara": f"`{MARA}`; the letter that asks for a confirmation is `ex.lab.mailbox[-1]`",
            "ex.lab": "the lab; every boto3 client talks to it",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.diary`` and ``ex.look()``."""
        facts = exercise._facts

        def look(when: str, stat: str = "p99", minutes: int = 20) -> Drawing:
            """Minutes of the sample week, one by one: ``look("Wed 10:02", stat="Average")``."""
            return _look(exercise.lab, facts, _moment(when), stat, minutes)

        return {"diary": _diary(facts), "look": look}


def _diary(facts: Mapping[str, Any]) -> Notice:
    past = facts["past"]

    def said(at: datetime) -> str:
        return f"{day_text(to_us(at))} {clock_text(to_us(at))}"

    flapping, night, pair, single, gap = past[0], past[4], past[5], past[6], past[7]
    rows = (
        ("every night 03:00", "the restart: two slow minutes. Not my problem."),
        (said(single[1]), "one slow minute. Not my problem."),
        (said(flapping[1]), "woken. Bad, bad, good, bad, bad, good, eleven minutes. REAL."),
        (said(pair[1]), "two slow minutes. Nobody called. Not my problem."),
        (said(night[1]), "slow for nine minutes, thirty customers a minute. REAL."),
        (said(gap[1]), "two minutes without a number, then as ever. Not my problem."),
        ("all week", "now and then one request of a thousand takes nine seconds. Not my problem."),
    )
    return Notice("Mara's diary, the week of 29 December", rows)


def _moment(when: str) -> datetime:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    monday = (START - timedelta(days=7)).replace(hour=0, minute=0)
    try:
        day, clock = when.split()[0], when.split()[-1]
        hour, minute = (int(part) for part in clock.split(":"))
        return monday + timedelta(days=days.index(day[:3]), hours=hour, minutes=minute)
    except (ValueError, IndexError):
        raise LabError(f'{when!r} is no time of the sample week; write it as "Wed 10:02"') from None


def _look(lab: Lab, facts: Mapping[str, Any], at: datetime, stat: str, minutes: int) -> Drawing:
    first, last = at - 5 * MINUTE, at + (minutes - 5) * MINUTE
    metric = {"Namespace": NAMESPACE, "MetricName": METRIC}
    query = {"Id": "m", "Label": stat, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
    answer = lab.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=first, EndTime=last, ScanBy="TimestampAscending"
    )
    return views.metric(
        answer, threshold=facts["limit"], unit="Milliseconds", period=60, start=first, end=last
    )


TASK = Alarms()
