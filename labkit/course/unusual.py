"""Unusual: an account with weeks of work behind it, whose trail has watched for insights.

Lesson 15 switches Insights on by hand and waits; its exercise and its exam questions begin where
that was done weeks ago.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.course import catching
from labkit.lab import Lab
from labkit.workloads.people import Episode

#: Both kinds of insight.
BOTH = ({"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"})
TRAIL = "teapot"


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
