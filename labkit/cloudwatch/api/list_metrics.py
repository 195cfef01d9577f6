"""ListMetrics.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import parts
from labkit.core.call import Call
from labkit.core.clock import DAY, HOUR
from labkit.core.sources import Series

#: A metric without points for two weeks is not listed any more (it can still be read).
_LISTED_US = 14 * DAY
_RECENT_US = 3 * HOUR


def list_metrics(
    call: Call,
    /,
    *,
    Namespace: str | None = None,
    MetricName: str | None = None,
    Dimensions: Sequence[dict[str, str]] = (),
    NextToken: str | None = None,
    RecentlyActive: str | None = None,
    IncludeLinkedAccounts: bool = False,
    OwningAccount: str | None = None,
) -> dict[str, Any]:
    """The metrics of this account and region, 500 a page.

    Filters are exact. A dimension filter without a value matches any value, and a metric may have
    more dimensions than were asked for. A metric without points for two weeks is not listed.
    ``RecentlyActive="PT3H"`` lists those with points in the last three hours.

    Raises
    ------
    AwsError
        InvalidParameterValue, InvalidNextToken.
    """
    store, service = parts(call)
    oldest_us = call.now_us - (_RECENT_US if RecentlyActive else _LISTED_US)
    wanted = [(one["Name"], one.get("Value")) for one in Dimensions]
    found = [
        series
        for series in service.series(store, call.now_us, oldest_us)
        if (Namespace is None or series.namespace == Namespace)
        and (MetricName is None or series.name == MetricName)
        and _has_dimensions(series, wanted)
    ]
    found.sort()
    request = (Namespace, MetricName, sorted(map(str, wanted)), RecentlyActive)
    shown, token = page(found, call.quota("metrics.list_page"), NextToken, request)
    answer: dict[str, Any] = {
        "Metrics": [
            {
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": [{"Name": n, "Value": v} for n, v in series.dimensions],
            }
            for series in shown
        ]
    }
    if token:
        answer["NextToken"] = token
    return answer


def _has_dimensions(series: Series, wanted: Iterable[tuple[str, str | None]]) -> bool:
    have = dict(series.dimensions)
    return all(name in have and (value is None or have[name] == value) for name, value in wanted)
