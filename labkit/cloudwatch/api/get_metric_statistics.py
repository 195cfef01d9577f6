"""GetMetricStatistics.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.4, 1.5, 11.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.api.requests import check_period, parts, series_of, time_range
from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime, to_us
from labkit.core.errors import AwsError

_BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


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
    store, service = parts(call)
    if not Statistics and not ExtendedStatistics:
        raise AwsError("MissingParameter", "Must specify either Statistics or ExtendedStatistics.")
    if Statistics and ExtendedStatistics:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have "
            "specified both.",
        )
    check_period(Period, "Period")
    statistics = [(name, reading.statistic(name, "Statistics")) for name in Statistics]
    statistics += [
        (name, reading.statistic(name, "ExtendedStatistics")) for name in ExtendedStatistics
    ]
    start_us, end_us = time_range(call, StartTime, EndTime, Period)
    asked = (to_us(EndTime) - to_us(StartTime)) // (Period * SECOND)
    most = call.quota("metrics.statistics_datapoints")
    if asked > most:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {asked} datapoints, which exceeds the limit of {most}. You "
            "may reduce the datapoints requested by increasing Period, or decreasing the time "
            "range.",
        )
    series = series_of(Namespace, MetricName, Dimensions)
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
