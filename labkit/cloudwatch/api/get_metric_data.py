"""GetMetricData.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.5-1.9, 11.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.cloudwatch import queries as reading
from labkit.cloudwatch.api.paging import offset_of, token_for
from labkit.cloudwatch.api.requests import (
    check_period,
    invalid,
    parts,
    time_range,
    validation,
    visible_end,
)
from labkit.cloudwatch.sharing import shared_with
from labkit.cloudwatch.usage import metrics_asked
from labkit.core.call import Call
from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import AwsError

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
    """Metrics, expressions, searches and one SQL query at once; newest first unless ``ScanBy``.

    A period without points is left out, never answered as zero or null. An expression that results
    in several series answers one result for each, all with its Id. A request with an expression is
    never answered in pages: what is beyond ``MaxDatapoints`` is PartialData without a token.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterValue, InvalidParameterCombination, InvalidNextToken.
    """
    store, service = parts(call)
    queries = list(MetricDataQueries)
    check_queries(call, queries)
    most = call.quota("metrics.data_datapoints")
    if MaxDatapoints is not None and not 1 <= MaxDatapoints <= most:
        raise invalid(f"The value {MaxDatapoints} for parameter MaxDatapoints is invalid.")
    if to_us(StartTime) >= visible_end(call, EndTime):
        raise validation("The parameter StartTime must be less than the parameter EndTime.")
    asked = reading.Asked(
        service,
        store,
        call.now_us,
        lambda period: time_range(call, StartTime, EndTime, period),
        to_us(EndTime),
        _zone(LabelOptions),
        lambda: shared_with(service, call.ports, call.account, call.region),
    )
    request = (queries, StartTime, EndTime, ScanBy)
    skip = offset_of(NextToken, request)
    lines = reading.lines(asked, queries, "GetMetricData")
    results, cut = _page(lines, skip, MaxDatapoints or most, ScanBy == "TimestampDescending")
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if cut and not any("Expression" in one for one in queries):
        answer["NextToken"] = token_for(skip + (MaxDatapoints or most), request)
    return answer


get_metric_data.metered = metrics_asked  # type: ignore[attr-defined]


def _page(
    lines: Sequence[reading.Line], skip: int, room: int, newest_first: bool
) -> tuple[list[dict[str, Any]], bool]:
    """The results from datapoint number ``skip`` on, ``room`` of them; whether more are left."""
    results: list[dict[str, Any]] = []
    position, cut = 0, False
    for line in lines:
        times, values = line.times, line.values
        if newest_first:
            times, values = times[::-1], values[::-1]
        first, last = max(skip - position, 0), skip + room - position
        position += len(times)
        if skip and first >= len(times) and position <= skip:
            continue  # told in full on an earlier page
        here = slice(first, max(last, 0))
        status = line.status if last >= len(times) else "PartialData"
        cut = cut or status == "PartialData"
        if cut and last <= 0 and len(times):
            continue  # wholly on a later page
        result: dict[str, Any] = {
            "Id": line.id,
            "Label": line.label,
            "Timestamps": [to_datetime(one) for one in times[here].tolist()],
            "Values": values[here].tolist(),
            "StatusCode": status,
        }
        if line.messages:
            result["Messages"] = line.messages
        results.append(result)
    return results, cut


def _zone(options: Mapping[str, str] | None) -> int:
    text = (options or {}).get("Timezone")
    if text is None:
        return 0
    from labkit.cloudwatch.engine.labels import LabelError, zone_minutes

    try:
        return zone_minutes(text)
    except LabelError as problem:
        raise validation(f"LabelOptions.Timezone: {problem}.") from problem


def check_queries(call: Call, queries: Sequence[Mapping[str, Any]], name: str = "") -> None:
    """Refuse queries that break a rule of their own, whatever stands in their expressions.

    Parameters
    ----------
    name:
        The parameter that holds them, ``MetricDataQueries`` when left out.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterValue, InvalidParameterCombination, MissingParameter.
    """
    name = name or "MetricDataQueries"
    most = call.quota("metrics.data_queries")
    if not queries or len(queries) > most:
        raise validation(
            f"The collection {name} must not have a size greater than {most}."
            if queries
            else f"The collection {name} must not be empty."
        )
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise validation(f"The values for parameter id in {name} are not unique.")
    for i, query in enumerate(queries, 1):
        _check_query(query, f"{name}.member.{i}")
    _check_many(call, queries)


def _check_query(query: Mapping[str, Any], where: str) -> None:
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
    if has_metric:
        check_period(query["MetricStat"]["Period"], f"{where}.MetricStat.Period")
    elif not has_expression:
        raise AwsError(
            "MissingParameter",
            f"One of the parameters {where}.MetricStat and {where}.Expression is required.",
        )
    elif "Period" in query:
        check_period(query["Period"], f"{where}.Period")
    if "${" in query.get("Label", ""):
        from labkit.cloudwatch.engine.labels import LabelError, check

        try:
            check(query["Label"])
        except LabelError as problem:
            raise validation(f"The parameter {where}.Label is invalid: {problem}.") from problem


def _check_many(call: Call, queries: Sequence[Mapping[str, Any]]) -> None:
    from labkit.cloudwatch.engine.insights import is_insights

    expressions = [one["Expression"] for one in queries if "Expression" in one]
    if sum(map(is_insights, expressions)) > call.quota("insights.queries"):
        raise validation("Only one Metrics Insights query is allowed in a request.")
    if sum(text.count("SEARCH(") for text in expressions) > call.quota("math.searches"):
        raise validation(f"A request has at most {call.quota('math.searches')} search expressions.")
