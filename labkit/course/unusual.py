"""Unusual: an account with weeks of work behind it, whose trail has watched for insights.

Lesson 15 switches Insights on by hand and waits; its exercise and its exam questions begin where
that was done weeks ago.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from labkit.cloudtrail.engine.insights import DAY, Watch
from labkit.core.clock import to_us
from labkit.course import catching
from labkit.lab import Lab
from labkit.views import html
from labkit.views import text as plain
from labkit.views.drawing import Drawing
from labkit.views.wording import count
from labkit.workloads.people import Episode

#: Both kinds of insight.
BOTH = ({"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"})
TRAIL = "teapot"
#: Days that a baseline looks back.
BASELINE_DAYS = 28


def watched(lab: Lab, *episodes: Episode, days: float = 40, since: float = 10) -> None:
    """A past with what went wrong in it, and a trail that has watched both rates.

    Parameters
    ----------
    lab:
        Where; the trail is called ``teapot`` and is us-east-1's, of all Regions.
    episodes:
        What went wrong (``lab.people.episode``).
    days:
        How much past there is.
    since:
        For how many days Insights have been on.
    """
    catching.trail(lab, TRAIL)
    lab.people.past(*episodes, days=days)
    client = lab.client("cloudtrail", "us-east-1")
    client.put_insight_selectors(TrailName=TRAIL, InsightSelectors=list(BOTH))
    service = lab.parts.cloudtrail
    trail = next(one for one in service.trails if one.name == TRAIL)
    service.insights.backdate(trail, to_us(lab.now - timedelta(days=since)))


def told(lab: Lab, region: str = "us-east-1", state: str = "") -> list[dict[str, Any]]:
    """Insight events of a Region out of event history, oldest first; of one state when named."""
    pages = lab.client("cloudtrail", region).get_paginator("lookup_events")
    found = [
        json.loads(event["CloudTrailEvent"])
        for page in pages.paginate(EventCategory="insight")
        for event in page["Events"]
    ]
    return [one for one in found[::-1] if state in ("", one["insightDetails"]["state"])]


def would_tell(hourly: int, release: int = 0) -> Drawing:
    """Whether an intruder who begins on the 29th day is told of, and when.

    Parameters
    ----------
    hourly:
        The intruder's calls an hour, evenly, from 02:00 on for three hours.
    release:
        Calls a minute of the weekly release, Thursdays from 20:00 for 24 minutes.
    """
    begin, of_release = BASELINE_DAYS * DAY, range(20 * 60, 20 * 60 + 24)
    watch = Watch(judged_from=begin)
    for day in range(3, BASELINE_DAYS if release else 0, 7):
        for minute in of_release:
            watch.add(day * DAY + minute, release)
    calls = [0] * 180
    for n in range(3 * hourly):
        calls[n * 60 // hourly] += 1
    for minute, number in enumerate(calls):
        if number:
            watch.add(begin + 120 + minute, number)
    limit = watch.limit(BASELINE_DAYS)
    after = watch.insights[0].told - begin - 120 if watch.insights else None
    most = max(sum(calls[n : n + 5]) for n in range(len(calls)))
    said = f"told after {count(after, 'minute')}" if after else "never told"
    title = f"{hourly} calls an hour: {said}"
    rows = [
        ["usual, calls a minute", f"{limit.average:.4f}"],
        ["busiest five minutes of the baseline", str(limit.peak)],
        ["more than so many in five minutes are unusual", f"{limit.calls:.0f}"],
        ["the intruder's busiest five minutes", str(most)],
    ]
    columns = ["", "calls"]
    data = {"told_after": after, "limit": limit.calls, "most": most}
    body = html.card(title, html.table(columns, rows, right=(1,)), alt=title)
    return Drawing(title, f"{title}\n{plain.table(columns, rows)}", data, body=body)
