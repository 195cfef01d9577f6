"""PutMetricData.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.1, 1.2, 11.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from labkit.cloudwatch.api.requests import invalid, parts
from labkit.cloudwatch.store import UNIT_CODES, UNITS, Column, dimensions_of, grain
from labkit.core.call import Call
from labkit.core.clock import DAY, HOUR, to_us
from labkit.core.errors import AwsError
from labkit.core.sources import Series

_LIMIT = 2.0**360


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
    store, service = parts(call)
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
        raise invalid(
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
            raise invalid(
                f"The parameter {where}.Unit must be a value in the set [ {', '.join(UNITS)} ]"
            )
        resolution = datum.get("StorageResolution", 60)
        if resolution not in (1, 60):
            raise invalid(f"The parameter {where}.StorageResolution must be 1 or 60.")
        _check_value(call, where, datum)
        ready.append((target, datum, grain(at_us, resolution), unit))
    for target, datum, at_us, unit in ready:
        if isinstance(target, Series):
            given = dimensions_of(datum.get("Dimensions", ()))
            column = store.column(target, now_us)
            known[(Namespace, datum["MetricName"], given)] = column
        else:
            column = target
        if now_us >= column.hour_over_us:
            column.sent(now_us)
        else:
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
        raise invalid("The value AWS/ for parameter Namespace is invalid.")
    if not 1 <= len(namespace) <= 255 or namespace.startswith(":") or not namespace.strip():
        raise invalid(f"The value {namespace} for parameter Namespace is invalid.")


def _new_series(
    call: Call,
    namespace: str,
    where: str,
    datum: dict[str, Any],
    given: tuple[tuple[str, str], ...],
) -> Series:
    name = datum["MetricName"]
    if not 1 <= len(name) <= 255 or not name.strip():
        raise invalid(f"The value {name} for parameter {where}.MetricName is invalid.")
    most = call.quota("metrics.dimensions")
    if len(given) > most:
        raise invalid(
            f"The collection {where}.Dimensions must not have a size greater than {most}."
        )
    for i, (key, value) in enumerate(given, 1):
        if not 1 <= len(key) <= 255 or key.startswith(":") or not _plain_ascii(key):
            raise invalid(
                f"The value {key} for parameter {where}.Dimensions.member.{i}.Name is invalid."
            )
        if not 1 <= len(value) <= 1024 or not _plain_ascii(value):
            raise invalid(
                f"The value {value} for parameter {where}.Dimensions.member.{i}.Value is invalid."
            )
    if len({key for key, _ in given}) < len(given):
        raise invalid(f"The parameter {where}.Dimensions names the same dimension twice.")
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
            raise invalid(
                f"The parameters {where}.Values and {where}.Counts must be of the same size."
            )
        most = call.quota("metrics.values")
        if not 1 <= len(values) <= most:
            raise invalid(
                f"The collection {where}.Values must not have a size greater than {most}."
                if values
                else f"The collection {where}.Values must not be empty."
            )
        for i, one in enumerate(values, 1):
            _check_number(f"{where}.Values.member.{i}", one)
        for i, one in enumerate(counts or (), 1):
            _check_number(f"{where}.Counts.member.{i}", one)
            if one <= 0:
                raise invalid(
                    f"The value {one} for parameter {where}.Counts.member.{i} is invalid."
                )
        return
    if statistics is not None:
        for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
            _check_number(f"{where}.StatisticValues.{name}", statistics[name])
        if statistics["SampleCount"] <= 0:
            raise invalid(f"The parameter {where}.StatisticValues.SampleCount must be positive.")
        if statistics["Minimum"] > statistics["Maximum"]:
            raise invalid(
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
        raise invalid(f"The value {shown} for parameter {where} is invalid.")


def _out_of_time(where: str, past: bool) -> AwsError:
    if past:
        return invalid(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks."
        )
    return invalid(
        f"The parameter {where}.Timestamp must specify a time no more than two hours in the future."
    )
