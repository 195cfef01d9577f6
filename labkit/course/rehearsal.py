"""Rehearsal: alarms of a lesson played through five incidents and five quiet weeks.

::

    rehearse({"the average": {"Statistic": "Average", "EvaluationPeriods": 3},
              "p99, 3 of 5": {"ExtendedStatistic": "p99", "EvaluationPeriods": 5,
                              "DatapointsToAlarm": 3, "TreatMissingData": "breaching"}})

The checkout of a rehearsal is nobody's: it has its own seed, and exercise 03 plays other hours,
other levels and five incidents more. All alarms hear the same things in the same two worlds, each
with a topic and a mailbox of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labkit.cloudwatch import alarm_grid
from labkit.core.clock import DAY, to_us
from labkit.course.checks.c03_alarms.incidents import METRIC, NAMESPACE, add_checkout, troubles
from labkit.course.checks.c03_alarms.playing import AFTER, delays_of, pages
from labkit.lab import Lab
from labkit.views.drawing import Drawing

#: Of exercise 03's catalogue.
_PLAYED = (0, 1, 2, 4, 5)
_WEEKS = 5
_SEED = 3
#: A usual pace of its own; the hours and minutes at which things happen.
_FACTS: Mapping[str, Any] = {
    "limit": 1500, "usual_ms": 210.0, "busiest": 640.0, "hours": list(range(10)),
    "minutes": [7, 12, 19, 16, 11, 8, 9, 21, 13, 10], "silent_minutes": 270, "past": (),
}  # fmt: skip
#: What the rehearsal fills in where an alarm says nothing.
_USUAL: Mapping[str, Any] = {
    "Namespace": NAMESPACE, "MetricName": METRIC, "Period": 60, "Threshold": 1500,
    "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
}  # fmt: skip


def rehearse(
    alarms: Mapping[str, Mapping[str, Any]], *, within: int = 7, title: str | None = None
) -> Drawing:
    """Play alarms through five incidents and five quiet weeks; the grid of it.

    Parameters
    ----------
    alarms:
        What each is called, and its settings as PutMetricAlarm takes them; metric, one-minute
        period, ``> 1500`` and one evaluation period where they say nothing else.
    within:
        How many minutes are in time.
    title:
        Replaces the title that says the finding.
    """
    with Lab(_SEED, active=False) as stormy, Lab(_SEED, active=False) as quiet:
        for world in (stormy, quiet):
            add_checkout(world, _FACTS)
        found = [one for number, one in enumerate(troubles(stormy, _FACTS)) if number in _PLAYED]
        for spell in (spell for one in found for spell in one.spells):
            stormy.parts.befall(spell)
        mailboxes = _build(stormy, alarms)
        _build(quiet, alarms)
        begin = quiet.now.replace(hour=0, minute=0) + timedelta(days=1)
        stormy.run_until(found[-1].end + AFTER)
        quiet.run_until(begin + timedelta(weeks=_WEEKS))
        rows = []
        for label, address in mailboxes.items():
            weeks = [0] * _WEEKS
            for page in pages(quiet, begin, address):
                weeks[(page.at_us - to_us(begin)) // (7 * DAY)] += 1
            rows.append(alarm_grid.Row(label, delays_of(stormy, found, begin, address), weeks))
    return alarm_grid.grid(rows, incidents=[one.name for one in found], within=within, title=title)


def _build(world: Lab, alarms: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Make the alarms, each with its own topic and mailbox; label -> address."""
    cloudwatch, sns = world.client("cloudwatch"), world.client("sns")
    addresses = {}
    for number, (label, settings) in enumerate(alarms.items(), 1):
        address = addresses[label] = f"alarm{number}@teapot.example"
        topic = sns.create_topic(Name=f"alarm{number}")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
        world.mailbox[-1].confirm()
        cloudwatch.put_metric_alarm(
            **{**_USUAL, "AlarmName": f"alarm{number}", "AlarmActions": [topic], **settings}
        )
    return addresses
