"""PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.1-1.5, 11.1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.api.paging import offset_of, page, token_for
from labkit.cloudwatch.store import UNIT_CODES, UNITS, Column, Store, dimensions_of, grain
from labkit.core.call import Call
from labkit.core.clock import DAY, HOUR, MINUTE, SECOND, to_datetime, to_us
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch

_LIMIT = 2.0**360
_ID = re.compile(r"^[a-z][a-zA-Z0-9_]*$")
_BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
#: A metric without points for two weeks is not listed any more (it can still be read).
_LISTED_US = 14 * DAY
_RECENT_US = 3 * HOUR


def _parts(call: Call) -> tuple[Store, CloudWatch]:
    store: Store = call.store
    return store, store.service


# -- PutMetricData
def put_metric_data(
    call: Call,
    /,
    *,
    Namespace: str,
    MetricData: Sequence[dict[str, Any]] = (),
    EntityMetricData: Sequence[dict[str, Any]] = (),
    StrictEntityValidation: bool = False,
) -> dict[str, Any]:
    """Store points: all of a request, or none of it.

    Each datum holds exactly one of ``Value``, ``Values`` (with ``Counts``) and
    ``StatisticValues``. Points of the same metric and time add up, nothing is overwritten. Without
    ``Timestamp`` the point is of now; it may lie two weeks back and two hours ahead.

    Raises
    ------
    AwsError
        InvalidParameterValue, InvalidParameterCombination, MissingParameter.
    """
    store, service = _parts(call)
    datums: list[tuple[str, dict[str, Any]]] = [
        (f"MetricData.member.{i}", datum) for i, datum in enumerate(MetricData, 1)
    ]
    for i, entity in enumerate(EntityMetricData, 1):
        datums += [
            (f"EntityMetricData.member.{i}.MetricData.member.{j}", datum)
            for j, datum in enumerate(entity.get("MetricData", ()), 1)
        ]
    if not datums:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    _check_namespace(Namespace)
    if len(datums) > call.quota("metrics.datums"):
        raise _invalid(
            "The collection MetricData must not have a size greater than "
            f"{call.quota('metrics.datums')}."
        )
    now_us = call.now_us
    oldest_us = now_us - call.quota("metrics.past_days") * DAY
    newest_us = now_us + call.quota("metrics.future_hours") * HOUR
    ready: list[tuple[Column | Series, dict[str, Any], int, int]] = []
    known = store.as_given
    for where, datum in datums:
        dimensions = datum.get("Dimensions")
        given = dimensions_of(dimensions) if dimensions else ()
        column = known.get((Namespace, datum["MetricName"], given))
        target: Column | Series = column or _new_series(call, Namespace, where, datum, given)
        moment = datum.get("Timestamp")
        at_us = now_us if moment is None else to_us(moment)
        if not oldest_us <= at_us <= newest_us:
            raise _out_of_time(where, at_us < oldest_us)
        unit = UNIT_CODES.get(datum.get("Unit", "None"), -1)
        if unit < 0:
            raise _invalid(
                f"The parameter {where}.Unit must be a value in the set [ {', '.join(UNITS)} ]"
            )
        resolution = datum.get("StorageResolution", 60)
        if resolution not in (1, 60):
            raise _invalid(f"The parameter {where}.StorageResolution must be 1 or 60.")
        _check_value(call, where, datum)
        ready.append((target, datum, grain(at_us, resolution), unit))
    for target, datum, at_us, unit in ready:
        if isinstance(target, Series):
            given = dimensions_of(datum.get("Dimensions", ()))
            column = store.column(target, now_us)
            known[(Namespace, datum["MetricName"], given)] = column
        else:
            column = target
        column.last_put_us = now_us
        _store(column, datum, at_us, unit)
        service.touched(store, column.series)
    return {}


# Its errors are worded by itself (InvalidParameterValue, the parameter's full path).
put_metric_data.own_checks = True  # type: ignore[attr-defined]


def _store(column: Column, datum: dict[str, Any], at_us: int, unit: int) -> None:
    value = datum.get("Value")
    if value is not None:
        column.add_value(at_us, value, unit)
    elif (values := datum.get("Values")) is not None:
        counts = datum.get("Counts") or [1.0] * len(values)
        for one, count in zip(values, counts, strict=True):
            if count == 1.0:
                column.add_value(at_us, one, unit)
            else:
                column.add_row((at_us, one * count, count, one, one, True), unit)
    else:
        given = datum["StatisticValues"]
        total, count = given["Sum"], given["SampleCount"]
        low, high = given["Minimum"], given["Maximum"]
        # A set whose values must all have been the same is as good as the values themselves.
        single = low == high and total == low * count
        column.add_row((at_us, total, count, low, high, single), unit)


def _check_namespace(namespace: str) -> None:
    if namespace.startswith("AWS/"):
        raise _invalid("The value AWS/ for parameter Namespace is invalid.")
    if not 1 <= len(namespace) <= 255 or namespace.startswith(":") or not namespace.strip():
        raise _invalid(f"The value {namespace} for parameter Namespace is invalid.")


def _new_series(
    call: Call,
    namespace: str,
    where: str,
    datum: dict[str, Any],
    given: tuple[tuple[str, str], ...],
) -> Series:
    name = datum["MetricName"]
    if not 1 <= len(name) <= 255 or not name.strip():
        raise _invalid(f"The value {name} for parameter {where}.MetricName is invalid.")
    most = call.quota("metrics.dimensions")
    if len(given) > most:
        raise _invalid(
            f"The collection {where}.Dimensions must not have a size greater than {most}."
        )
    for i, (key, value) in enumerate(given, 1):
        if not 1 <= len(key) <= 255 or key.startswith(":") or not _plain_ascii(key):
            raise _invalid(
                f"The value {key} for parameter {where}.Dimensions.member.{i}.Name is invalid."
            )
        if not 1 <= len(value) <= 1024 or not _plain_ascii(value):
            raise _invalid(
                f"The value {value} for parameter {where}.Dimensions.member.{i}.Value is invalid."
            )
    if len({key for key, _ in given}) < len(given):
        raise _invalid(f"The parameter {where}.Dimensions names the same dimension twice.")
    return Series(namespace, name, tuple(sorted(given)))


def _plain_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable() and bool(text.strip())


def _check_value(call: Call, where: str, datum: dict[str, Any]) -> None:
    value = datum.get("Value")
    values = datum.get("Values")
    statistics = datum.get("StatisticValues")
    if value is not None and values is None and statistics is None:  # nearly every datum
        if not -_LIMIT <= value <= _LIMIT:
            _check_number(f"{where}.Value", value)
        return
    given = [
        name
        for name, one in (("Value", value), ("Values", values), ("StatisticValues", statistics))
        if one is not None
    ]
    if len(given) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and "
            "you have specified both.",
        )
    if values is not None:
        counts = datum.get("Counts")
        if counts is not None and len(counts) != len(values):
            raise _invalid(
                f"The parameters {where}.Values and {where}.Counts must be of the same size."
            )
        most = call.quota("metrics.values")
        if not 1 <= len(values) <= most:
            raise _invalid(
                f"The collection {where}.Values must not have a size greater than {most}."
                if values
                else f"The collection {where}.Values must not be empty."
            )
        for i, one in enumerate(values, 1):
            _check_number(f"{where}.Values.member.{i}", one)
        for i, one in enumerate(counts or (), 1):
            _check_number(f"{where}.Counts.member.{i}", one)
            if one <= 0:
                raise _invalid(
                    f"The value {one} for parameter {where}.Counts.member.{i} is invalid."
                )
        return
    if statistics is not None:
        for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
            _check_number(f"{where}.StatisticValues.{name}", statistics[name])
        if statistics["SampleCount"] <= 0:
            raise _invalid(f"The parameter {where}.StatisticValues.SampleCount must be positive.")
        if statistics["Minimum"] > statistics["Maximum"]:
            raise _invalid(
                f"The parameter {where}.StatisticValues.Minimum must not be greater than "
                f"{where}.StatisticValues.Maximum."
            )
        return
    raise AwsError(
        "MissingParameter",
        f"One of the parameters {where}.Value, {where}.Values and {where}.StatisticValues "
        "is required.",
    )


def _check_number(where: str, value: float) -> None:
    if not -_LIMIT <= value <= _LIMIT:  # NaN compares false too
        shown = "NaN" if math.isnan(value) else str(value)
        raise _invalid(f"The value {shown} for parameter {where} is invalid.")


def _out_of_time(where: str, past: bool) -> AwsError:
    if past:
        return _invalid(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks."
        )
    return _invalid(
        f"The parameter {where}.Timestamp must specify a time no more than two hours in the future."
    )


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


# -- GetMetricStatistics
def get_metric_statistics(
    call: Call,
    /,
    *,
    Namespace: str,
    MetricName: str,
    StartTime: datetime,
    EndTime: datetime,
    Period: int,
    Dimensions: Sequence[dict[str, str]] = (),
    Statistics: Sequence[str] = (),
    ExtendedStatistics: Sequence[str] = (),
    Unit: str | None = None,
) -> dict[str, Any]:
    """Statistics of one metric, one datapoint for each period (and unit) that has points.

    At most 1,440 datapoints; the answer is *not* in order of time (as on AWS; the order here is
    the metric's own, the same in every run). Each Timestamp is the START of its period.

    Raises
    ------
    AwsError
        InvalidParameterCombination, InvalidParameterValue, MissingParameter.
    """
    store, service = _parts(call)
    if not Statistics and not ExtendedStatistics:
        raise AwsError("MissingParameter", "Must specify either Statistics or ExtendedStatistics.")
    if Statistics and ExtendedStatistics:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have "
            "specified both.",
        )
    _check_period(Period, "Period")
    statistics = [(name, reading.statistic(name, "Statistics")) for name in Statistics]
    statistics += [
        (name, reading.statistic(name, "ExtendedStatistics")) for name in ExtendedStatistics
    ]
    start_us, end_us = _range(call, StartTime, EndTime, Period)
    asked = (to_us(EndTime) - to_us(StartTime)) // (Period * SECOND)
    most = call.quota("metrics.statistics_datapoints")
    if asked > most:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {asked} datapoints, which exceeds the limit of {most}. You "
            "may reduce the datapoints requested by increasing Period, or decreasing the time "
            "range.",
        )
    series = _series(Namespace, MetricName, Dimensions)
    datapoints: list[dict[str, Any]] = []
    for unit, samples in service.read(store, series, Unit, call.now_us, start_us, end_us, Period):
        windows = reading.windows(samples, start_us, end_us, Period * SECOND)
        counted: dict[str, Any] = {
            name: one.columns(samples, windows, windows + Period * SECOND)
            for name, one in statistics
        }
        for i, window in enumerate(windows.tolist()):
            point: dict[str, Any] = {"Timestamp": to_datetime(window), "Unit": unit}
            extended: dict[str, float] = {}
            for name, values in counted.items():
                value = float(values[i])
                if math.isnan(value):
                    continue
                if name in _BASIC:
                    point[name] = value
                else:
                    extended[name] = value
            if extended:
                point["ExtendedStatistics"] = extended
            if len(point) > 2:
                datapoints.append(point)
    return {"Label": MetricName, "Datapoints": _shuffled(datapoints)}


def _shuffled(datapoints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """AWS promises no order and gives none: odd places first, so that nobody relies on it."""
    return datapoints[1::2] + datapoints[0::2]


# -- GetMetricData
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
    store, service = _parts(call)
    queries = list(MetricDataQueries)
    _check_queries(call, queries)
    most = call.quota("metrics.data_datapoints")
    if MaxDatapoints is not None and not 1 <= MaxDatapoints <= most:
        raise _invalid(f"The value {MaxDatapoints} for parameter MaxDatapoints is invalid.")
    if to_us(StartTime) >= to_us(EndTime):
        raise _validation("The parameter StartTime must be less than the parameter EndTime.")
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
    start_us, end_us = _range(call, start, end, period)
    series = _series(
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
        raise _validation(
            f"The collection MetricDataQueries must not have a size greater than {most}."
            if queries
            else "The collection MetricDataQueries must not be empty."
        )
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise _validation("The values for parameter id in MetricDataQueries are not unique.")
    for i, query in enumerate(queries, 1):
        where = f"MetricDataQueries.member.{i}"
        if not _ID.match(query["Id"]) or len(query["Id"]) > 255:
            raise _validation(
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
        _check_period(query["MetricStat"]["Period"], f"{where}.MetricStat.Period")


def _validation(message: str) -> AwsError:
    return AwsError("ValidationError", message)


# -- ListMetrics
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
    store, service = _parts(call)
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


# -- shared
def _series(namespace: str, name: str, dimensions: Sequence[dict[str, str]]) -> Series:
    return Series(namespace, name, tuple(sorted(dimensions_of(dimensions))))


def _check_period(period: int, where: str) -> None:
    if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
        raise _invalid(
            f"The parameter {where} must be a multiple of 60, or 1, 5, 10, 20 or 30 for "
            f"high-resolution metrics; the given value is {period}."
        )


def _range(call: Call, start: datetime, end: datetime, period: int) -> tuple[int, int]:
    """The range in microseconds: the start rounded as documented, the end to what is visible now.

    JSON and CBOR clients send whole seconds. A point put at 09:00:00.002 would then not be found
    by a learner who asks up to ``lab.now`` a millisecond later, so an end within the present second
    stands for the second's end, on both doors.
    """
    start_us, end_us = to_us(start), to_us(end)
    if start_us >= end_us:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    now_us = call.now_us
    this_second = now_us - now_us % SECOND
    if this_second <= end_us < this_second + SECOND:
        end_us = this_second + SECOND
    age = now_us - start_us
    if period < 60:
        step = period * SECOND
    elif age < 15 * DAY:
        step = MINUTE
    elif age < 63 * DAY:
        step = 5 * MINUTE
    else:
        step = HOUR
    return start_us - start_us % step, end_us
