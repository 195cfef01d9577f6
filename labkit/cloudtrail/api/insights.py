"""CloudTrail Insights: which trails look for unusual rates of calls, and what they found.

Source: botocore cloudtrail 2013-11-01; CloudTrail user guide, logging-insights-events-with-
cloudtrail (aws-semantics 7.6). The codes of the errors are AWS's; the texts are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.api import trails as trails_api
from labkit.cloudtrail.api.events import insight_events
from labkit.cloudtrail.engine import selectors
from labkit.cloudtrail.insights import CALL_RATE, ERROR_RATE, Series, series_of
from labkit.cloudtrail.records import Trail
from labkit.core.call import Call
from labkit.core.clock import DAY, SECOND, to_datetime, to_us
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail

#: Period (seconds) -> how many days back its data goes.
PERIODS = {60: 15, 300: 63, 3600: 90}
_DIMENSIONS = ("EventId", "EventName", "EventSource")


def _service(call: Call) -> CloudTrail:
    service: CloudTrail = call.store.service
    return service


def put_insight_selectors(
    call: Call,
    /,
    *,
    InsightSelectors: Sequence[Mapping[str, Any]],
    TrailName: str | None = None,
    EventDataStore: str | None = None,
    InsightsDestination: str | None = None,
) -> dict[str, Any]:
    """Let a trail look for unusual rates; an empty list switches it off.

    Raises
    ------
    AwsError
        InvalidInsightSelectorsException when the trail does not log the events that the type
        compares; TrailNotFoundException, InvalidHomeRegionException;
        UnsupportedOperationException for an event data store.
    """
    trail = trails_api.at_home(call, _named(TrailName, EventDataStore or InsightsDestination))
    if not all(one.get("InsightType") for one in InsightSelectors):
        raise _refused("each selector needs its InsightType")
    kinds = [one["InsightType"] for one in InsightSelectors]
    if len(set(kinds)) != len(kinds):
        raise _refused("each InsightType is given once")
    for one in InsightSelectors:
        categories = set(one.get("EventCategories") or ["Management"])
        if categories - {"Management", "Data"}:
            raise _refused(f"EventCategories are Management and Data, not {sorted(categories)}")
        if "Management" in categories and not _logs(trail, one["InsightType"]):
            raise _refused(
                f"the trail does not log the {_NEEDED[one['InsightType']]} management events that "
                f"{one['InsightType']} needs"
            )
        if "Data" in categories and not selectors.asks_data(trail.selectors, trail.advanced):
            raise _refused("the trail logs no data events, and EventCategories has Data")
    if InsightSelectors and not trail.insight_selectors:
        trail.insights_since_us = call.now_us
    trail.insight_selectors = [dict(one) for one in InsightSelectors]
    service = _service(call)
    service.insights.changed(call.account)
    service.trails.changed(trail, "insight selectors")
    return {"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors}


#: What each type compares, in words.
_NEEDED = {CALL_RATE: "write", ERROR_RATE: "read or write"}


def _logs(trail: Trail, kind: str) -> bool:
    reading = (False,) if kind == CALL_RATE else (False, True)
    return any(
        selectors.logs(
            selectors.Described("Management", read_only, "", "ec2.amazonaws.com"),
            trail.selectors or selectors.DEFAULT,
            trail.advanced,
        )
        for read_only in reading
    )


def get_insight_selectors(
    call: Call, /, *, TrailName: str | None = None, EventDataStore: str | None = None
) -> dict[str, Any]:
    """Which insights a trail looks for.

    Raises
    ------
    AwsError
        InsightNotEnabledException when it looks for none; TrailNotFoundException.
    """
    trail = trails_api.find(call, _named(TrailName, EventDataStore))
    if not trail.insight_selectors:
        raise AwsError(
            "InsightNotEnabledException",
            f"Trail {trail.arn} has no insight selectors: put-insight-selectors switches them on.",
        )
    return {"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors}


def list_insights_metric_data(
    call: Call,
    /,
    *,
    EventSource: str,
    EventName: str,
    InsightType: str,
    TrailName: str | None = None,
    ErrorCode: str | None = None,
    StartTime: datetime | None = None,
    EndTime: datetime | None = None,
    Period: int = 3600,
    DataType: str = "NonZeroData",
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The counts that insights are found in: calls, or errors, of an operation by period.

    Values are calls in the period; the guide does not say whether they are counts or averages.

    Raises
    ------
    AwsError
        InvalidParameterException for a period that there is not, a range that is empty or too far
        back, an error code without an error rate or the other way round.
    """
    if Period not in PERIODS:
        raise _parameter(f"Period is one of {', '.join(map(str, PERIODS))}, not {Period}")
    if (InsightType == ERROR_RATE) != bool(ErrorCode):
        raise _parameter(f"ErrorCode goes with {ERROR_RATE}, and with nothing else")
    end_us = call.now_us if EndTime is None else to_us(EndTime)
    start_us = end_us - DAY if StartTime is None else to_us(StartTime)
    step_us = Period * SECOND
    oldest_us = call.now_us - PERIODS[Period] * DAY
    if start_us >= end_us:
        raise _parameter("StartTime must be before EndTime")
    start_us = max(start_us, oldest_us) // step_us * step_us
    service = _service(call)
    trail = {"TrailARN": _source(call, TrailName).arn} if TrailName else {}
    series = Series(InsightType, EventSource, EventName, ErrorCode or "")
    history = service.store(call.account, call.region)
    counts: dict[int, int] = {}
    for fact in history.calls_of(series, series_of, start_us, end_us):
        place = fact.at_us // step_us * step_us
        counts[place] = counts.get(place, 0) + 1
    if DataType == "FillWithZeros":
        places = list(range(start_us, end_us, step_us))
    else:
        places = sorted(counts)
    first = _first(NextToken)
    most = MaxResults or 21_600
    page = places[first : first + most]
    return {
        **trail,
        "EventSource": EventSource,
        "EventName": EventName,
        "InsightType": InsightType,
        **({"ErrorCode": ErrorCode} if ErrorCode else {}),
        "Timestamps": [to_datetime(place) for place in page],
        "Values": [float(counts.get(place, 0)) for place in page],
        **({"NextToken": f"from-{first + most}"} if first + most < len(places) else {}),
    }


def list_insights_data(
    call: Call,
    /,
    *,
    InsightSource: str,
    DataType: str,
    Dimensions: Mapping[str, str] | None = None,
    StartTime: datetime | None = None,
    EndTime: datetime | None = None,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Insight events of a trail, the newest first.

    Parameters
    ----------
    InsightSource:
        The trail's ARN.
    Dimensions:
        At most one of EventId, EventName and EventSource.

    Raises
    ------
    AwsError
        InvalidParameterException.
    """
    trail = _source(call, InsightSource)
    asked = dict(Dimensions or {})
    if len(asked) > 1 or set(asked) - set(_DIMENSIONS):
        raise _parameter(f"Dimensions are one of {', '.join(_DIMENSIONS)}")
    when_us = (
        None if StartTime is None else to_us(StartTime),
        None if EndTime is None else to_us(EndTime),
    )
    told = _service(call).insights.told(trail.account, call.region) if trail.logging else []
    found = insight_events(told, next(iter(asked.items()), None), when_us)
    first, most = _first(NextToken), MaxResults or 50
    more = {"NextToken": f"from-{first + most}"} if first + most < len(found) else {}
    return {"Events": found[first : first + most], **more}


def _named(trail: str | None, store: str | None) -> str:
    if store:
        raise AwsError(
            "UnsupportedOperationException",
            "Insights of event data stores are not part of this lab: name a trail.",
        )
    if not trail:
        raise AwsError("InvalidParameterCombinationException", "TrailName is required.")
    return trail


def _source(call: Call, name: str) -> Trail:
    """A trail, for operations whose model has no error of its own for one that is not there."""
    try:
        return trails_api.find(call, name)
    except AwsError as problem:
        raise AwsError("InvalidParameterException", problem.message) from None


def _first(token: str | None) -> int:
    if token is None:
        return 0
    if not token.removeprefix("from-").isdigit():
        raise _parameter("NextToken is not valid: give back the one of the answer before")
    return int(token.removeprefix("from-"))


def _refused(why: str) -> AwsError:
    return AwsError("InvalidInsightSelectorsException", f"Invalid insight selectors: {why}.")


def _parameter(why: str) -> AwsError:
    return AwsError("InvalidParameterException", f"{why}.")
