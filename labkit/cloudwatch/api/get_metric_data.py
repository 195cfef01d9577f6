"""GetMetricData.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.5, 11.1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.api.paging import offset_of, token_for
from labkit.cloudwatch.api.requests import (
    check_period,
    invalid,
    parts,
    series_of,
    time_range,
    validation,
    visible_end,
)
from labkit.cloudwatch.store import Store
from labkit.cloudwatch.usage import metrics_asked
from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime, to_us
from labkit.core.errors import AwsError, NotImplementedYet

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch

_ID = re.compile(r"^[a-z][a-zA-Z0-9_]*$")


def get_metric_data(
    call: Call,
    /,
    *,
    MetricDataQueries: Sequence[dict[str, Any]],
    StartTime: datetime,
    EndTime: datetime,
    NextToken: str | None = None,
    ScanBy: str = "TimestampDescending",
    MaxDatapoints: int | None = None,
    LabelOptions: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Statistics of up to 500 metrics at once; newest first unless ``ScanBy`` says otherwise.

    A period without points is left out, never answered as zero or null. Metric math
    (``Expression``) is not there yet: the honest 501.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterValue, InvalidParameterCombination, InvalidNextToken.
    """
    store, service = parts(call)
    queries = list(MetricDataQueries)
    _check_queries(call, queries)
    most = call.quota("metrics.data_datapoints")
    if MaxDatapoints is not None and not 1 <= MaxDatapoints <= most:
        raise invalid(f"The value {MaxDatapoints} for parameter MaxDatapoints is invalid.")
    if to_us(StartTime) >= visible_end(call, EndTime):
        raise validation("The parameter StartTime must be less than the parameter EndTime.")
    request = (queries, StartTime, EndTime, ScanBy)
    skip = offset_of(NextToken, request)
    room = MaxDatapoints or most
    labels = reading.default_labels(queries)
    results: list[dict[str, Any]] = []
    position, cut = 0, False
    for query, label in zip(queries, labels, strict=True):
        if query.get("ReturnData") is False:
            continue
        found = _one_query(call, store, service, query, StartTime, EndTime)
        times, values, messages = found
        if ScanBy == "TimestampDescending":
            times, values = times[::-1], values[::-1]
        first, last = max(skip - position, 0), skip + room - position
        position += len(times)
        if skip and first >= len(times) and position <= skip:
            continue  # told in full on an earlier page
        here = slice(first, max(last, 0))
        status = "Complete" if last >= len(times) else "PartialData"
        cut = cut or status == "PartialData"
        if cut and last <= 0 and len(times):
            continue  # wholly on a later page
        result: dict[str, Any] = {
            "Id": query["Id"],
            "Label": label,
            "Timestamps": [to_datetime(one) for one in times[here].tolist()],
            "Values": values[here].tolist(),
            "StatusCode": status,
        }
        if messages:
            result["Messages"] = messages
        results.append(result)
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if cut:
        answer["NextToken"] = token_for(skip + room, request)
    return answer


get_metric_data.metered = metrics_asked  # type: ignore[attr-defined]


def _one_query(
    call: Call,
    store: Store,
    service: CloudWatch,
    query: dict[str, Any],
    start: datetime,
    end: datetime,
) -> tuple[Any, Any, list[dict[str, str]]]:
    asked = query["MetricStat"]
    metric = asked["Metric"]
    period = asked["Period"]
    statistic = reading.statistic(asked["Stat"], "MetricStat.Stat")
    start_us, end_us = time_range(call, start, end, period)
    series = series_of(
        metric.get("Namespace", ""), metric.get("MetricName", ""), metric.get("Dimensions", ())
    )
    found = service.read(store, series, asked.get("Unit"), call.now_us, start_us, end_us, period)
    messages: list[dict[str, str]] = []
    if len(found) > 1:
        names = ", ".join(unit for unit, _ in found)
        messages.append({"Code": "MultipleUnits", "Value": f"Multiple units returned: '[{names}]'"})
    if not found:
        return *reading.nothing(), messages
    samples = found[0][1]
    windows = reading.windows(samples, start_us, end_us, period * SECOND)
    values = statistic.columns(samples, windows, windows + period * SECOND)
    kept = values == values
    return windows[kept], values[kept], messages


def _check_queries(call: Call, queries: list[dict[str, Any]]) -> None:
    most = call.quota("metrics.data_queries")
    if not queries or len(queries) > most:
        raise validation(
            f"The collection MetricDataQueries must not have a size greater than {most}."
            if queries
            else "The collection MetricDataQueries must not be empty."
        )
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise validation("The values for parameter id in MetricDataQueries are not unique.")
    for i, query in enumerate(queries, 1):
        where = f"MetricDataQueries.member.{i}"
        if not _ID.match(query["Id"]) or len(query["Id"]) > 255:
            raise validation(
                f"The value {query['Id']} for parameter {where}.Id is invalid: it must begin with "
                "a lower-case letter and hold letters, digits and underscores."
            )
        has_metric, has_expression = "MetricStat" in query, "Expression" in query
        if has_metric and has_expression:
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameters {where}.MetricStat and {where}.Expression are mutually exclusive "
                "and you have specified both.",
            )
        if has_expression:
            raise NotImplementedYet(
                "cloudwatch", "GetMetricData", "Metric math (Expression) comes with a later part."
            )
        if not has_metric:
            raise AwsError(
                "MissingParameter",
                f"One of the parameters {where}.MetricStat and {where}.Expression is required.",
            )
        check_period(query["MetricStat"]["Period"], f"{where}.MetricStat.Period")
