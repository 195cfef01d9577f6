"""ListMetrics.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import parts
from labkit.cloudwatch.sharing import shared_with
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.clock import DAY, HOUR
from labkit.core.errors import AwsError
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
    ``RecentlyActive="PT3H"`` lists those with points in the last three hours. In a monitoring
    account ``IncludeLinkedAccounts`` adds what source accounts share, ``OwningAccount`` leaves only
    one account's; ``OwningAccounts`` in the answer says whose each metric is.

    Raises
    ------
    AwsError
        InvalidParameterValue, InvalidNextToken.
    """
    store, service = parts(call)
    oldest_us = call.now_us - (_RECENT_US if RecentlyActive else _LISTED_US)
    wanted = [(one["Name"], one.get("Value")) for one in Dimensions]
    if OwningAccount is not None and not IncludeLinkedAccounts:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter OwningAccount goes with IncludeLinkedAccounts only.",
        )
    stores: list[tuple[Store, Callable[[str], bool]]] = [(store, lambda namespace: True)]
    if IncludeLinkedAccounts:
        shared = shared_with(service, call.ports, call.account, call.region)
        stores += [(one.store, one.shares) for one in shared]
    found = [
        (series, here.account)
        for here, shares in stores
        if OwningAccount in (None, here.account)
        for series in service.series(here, call.now_us, oldest_us)
        if shares(series.namespace)
        and (Namespace is None or series.namespace == Namespace)
        and (MetricName is None or series.name == MetricName)
        and _has_dimensions(series, wanted)
    ]
    found.sort()
    linked = (IncludeLinkedAccounts, OwningAccount)
    request = (Namespace, MetricName, sorted(map(str, wanted)), RecentlyActive, linked)
    shown, token = page(found, call.quota("metrics.list_page"), NextToken, request)
    answer: dict[str, Any] = {
        "Metrics": [
            {
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": [{"Name": n, "Value": v} for n, v in series.dimensions],
            }
            for series, _ in shown
        ]
    }
    if IncludeLinkedAccounts:
        answer["OwningAccounts"] = [account for _, account in shown]
    if token:
        answer["NextToken"] = token
    return answer


def _has_dimensions(series: Series, wanted: Iterable[tuple[str, str | None]]) -> bool:
    have = dict(series.dimensions)
    return all(name in have and (value is None or have[name] == value) for name, value in wanted)
