"""PutAnomalyDetector, DescribeAnomalyDetectors, DeleteAnomalyDetector.

A detector says which metric, or which expression, a model of normal values is trained for, and how.
The model itself is :mod:`labkit.cloudwatch.engine.anomaly`; ANOMALY_DETECTION_BAND and anomaly
alarms use the detector's configuration. A band without a detector is trained with the defaults.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 1.9, 11.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from labkit.cloudwatch.api.get_metric_data import check_queries
from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import invalid, parts, series_of
from labkit.cloudwatch.queries import program_of
from labkit.cloudwatch.reading import statistic
from labkit.cloudwatch.records import AnomalyDetector
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.clock import DAY, to_us
from labkit.core.errors import AwsError
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine import anomaly

_LEGACY = ("Namespace", "MetricName", "Dimensions", "Stat")
#: What a metric-math detector can't watch, see the user guide's "Anomaly detection on metric math".
_REFUSED = ("METRICS", "SEARCH", "DB_PERF_INSIGHTS")


def put_anomaly_detector(
    call: Call,
    /,
    *,
    Namespace: str | None = None,
    MetricName: str | None = None,
    Dimensions: Sequence[dict[str, str]] | None = None,
    Stat: str | None = None,
    Configuration: dict[str, Any] | None = None,
    MetricCharacteristics: dict[str, Any] | None = None,
    SingleMetricAnomalyDetector: dict[str, Any] | None = None,
    MetricMathAnomalyDetector: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Have a model trained for a metric or an expression; one that exists gets the configuration.

    Raises
    ------
    AwsError
        InvalidParameterCombination, InvalidParameterValue, MissingParameter, ValidationError.
    """
    store, service = parts(call)
    given = {"Configuration": Configuration or {}, "Characteristics": MetricCharacteristics or {}}
    watched = _watched(
        call,
        {
            "Namespace": Namespace, "MetricName": MetricName, "Dimensions": Dimensions,
            "Stat": Stat,
        },
        SingleMetricAnomalyDetector,
        MetricMathAnomalyDetector,
    )  # fmt: skip
    configuration = _configuration(call, given)
    known = _find(store, watched)
    if known is not None:
        known.configuration, known.given = configuration, given
        detector = known
    else:
        series, stat, queries, meaning = watched
        id_ = call.ids.uuid()
        detector = AnomalyDetector(
            id_, series, stat, queries, meaning, configuration, given, call.now_us
        )
        store.detectors[id_] = detector
    service.evaluator.touch_bands(call.account, call.region)
    return {"AnomalyDetectorId": detector.id}


def describe_anomaly_detectors(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    Namespace: str | None = None,
    MetricName: str | None = None,
    Dimensions: Sequence[dict[str, str]] | None = None,
    AnomalyDetectorTypes: Sequence[str] | None = None,
    AnomalyDetectorIds: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The detectors of this account and region.

    Without ``AnomalyDetectorTypes`` only those of one metric, as on AWS.

    Raises
    ------
    AwsError
        InvalidParameterCombination, InvalidNextToken.
    """
    store, _ = parts(call)
    filters = (Namespace, MetricName, Dimensions, AnomalyDetectorTypes)
    if AnomalyDetectorIds is not None and any(one is not None for one in filters):
        raise AwsError(
            "InvalidParameterCombination",
            "AnomalyDetectorIds goes with no other filter.",
        )
    wanted = series_of("", "", Dimensions or ()).dimensions
    types = AnomalyDetectorTypes or ("SINGLE_METRIC",)
    found = []
    for one in store.detectors.values():
        kind = "METRIC_MATH" if one.series is None else "SINGLE_METRIC"
        if AnomalyDetectorIds is not None:
            if one.id in AnomalyDetectorIds:
                found.append(one)
            continue
        if kind not in types:
            continue
        if one.series is not None and not (
            Namespace in (None, one.series.namespace)
            and MetricName in (None, one.series.name)
            and set(wanted) <= set(one.series.dimensions)
        ):
            continue
        found.append(one)
    shown, token = page(
        found, MaxResults or call.quota("anomaly.describe_page"), NextToken, (filters, "detectors")
    )
    answer: dict[str, Any] = {"AnomalyDetectors": [_described(call, store, one) for one in shown]}
    if token:
        answer["NextToken"] = token
    return answer


def delete_anomaly_detector(
    call: Call,
    /,
    *,
    AnomalyDetectorId: str | None = None,
    Namespace: str | None = None,
    MetricName: str | None = None,
    Dimensions: Sequence[dict[str, str]] | None = None,
    Stat: str | None = None,
    SingleMetricAnomalyDetector: dict[str, Any] | None = None,
    MetricMathAnomalyDetector: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Forget a detector; bands of what it watched are trained with the defaults from then on.

    Raises
    ------
    AwsError
        ResourceNotFoundException (404) when there is none, and what PutAnomalyDetector refuses.
    """
    store, service = parts(call)
    if AnomalyDetectorId is not None:
        known = store.detectors.get(AnomalyDetectorId)
    else:
        watched = _watched(
            call,
            {
                "Namespace": Namespace, "MetricName": MetricName, "Dimensions": Dimensions,
                "Stat": Stat,
            },
            SingleMetricAnomalyDetector,
            MetricMathAnomalyDetector,
        )  # fmt: skip
        known = _find(store, watched)
    if known is None:
        raise AwsError(
            "ResourceNotFoundException", "The anomaly detector does not exist.", status=404
        )
    del store.detectors[known.id]
    service.evaluator.touch_bands(call.account, call.region)
    return {}


# -- what is watched
_Watched = tuple[Series | None, str, list[dict[str, Any]], str | None]


def _watched(
    call: Call,
    legacy: Mapping[str, Any],
    single: Mapping[str, Any] | None,
    math: Mapping[str, Any] | None,
) -> _Watched:
    old = [name for name in _LEGACY if legacy[name] is not None]
    given = [
        name
        for name, there in (
            (old[0] if old else "", bool(old)),
            ("SingleMetricAnomalyDetector", single is not None),
            ("MetricMathAnomalyDetector", math is not None),
        )
        if there
    ]
    if len(given) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameters {given[0]} and {given[1]} are mutually exclusive and you have "
            "specified both.",
        )
    if not given:
        raise AwsError(
            "MissingParameter",
            "One of SingleMetricAnomalyDetector and MetricMathAnomalyDetector is required.",
        )
    if math is not None:
        return _watched_math(call, math.get("MetricDataQueries", ()))
    chosen = legacy if single is None else single
    for name in ("Namespace", "MetricName", "Stat"):
        if not chosen.get(name):
            raise AwsError("MissingParameter", f"The parameter {name} is required.")
    statistic(chosen["Stat"], "Stat")
    account = chosen.get("AccountId")
    if account not in (None, call.account):
        raise invalid(f"The account {account} is not linked to {call.account}.")
    series = series_of(chosen["Namespace"], chosen["MetricName"], chosen.get("Dimensions") or ())
    return series, chosen["Stat"], [], None


def _watched_math(call: Call, queries: Sequence[dict[str, Any]]) -> _Watched:
    check_queries(call, queries, "MetricDataQueries")
    most = call.quota("anomaly.math_queries")
    if len(queries) > most:
        raise invalid(f"A metric-math anomaly detector has at most {most} metrics and expressions.")
    returning = [one["Id"] for one in queries if one.get("ReturnData") is not False]
    if len(returning) != 1:
        raise invalid("Exactly one element of the metrics list should return data.")
    program = program_of(queries, "PutAnomalyDetector")
    id_ = returning[0]
    if program.queries[id_].tree is None:
        raise invalid("A metric-math anomaly detector watches an expression.")
    for function in (*_REFUSED, "ANOMALY_DETECTION_BAND"):
        if program.uses(id_, function):
            raise invalid(f"Anomaly detection on metric math does not support {function}.")
    periods = {one.metric.period for one in program.closure(id_) if one.metric is not None}
    if len(periods) > 1:
        raise invalid("All metrics of an anomaly detector must have the same period.")
    if any(not 60 <= period <= 3600 for period in periods):
        raise invalid("The period of an anomaly detector is between one minute and one hour.")
    return None, "", [dict(one) for one in queries], program.meaning(id_)


def _find(store: Store, watched: _Watched) -> AnomalyDetector | None:
    series, stat, _, meaning = watched
    if series is not None:
        return store.detector(series, stat)
    return next((one for one in store.detectors.values() if one.meaning == meaning), None)


def _configuration(call: Call, given: Mapping[str, Mapping[str, Any]]) -> anomaly.Configuration:
    from labkit.cloudwatch.engine.anomaly import Configuration

    asked = given["Configuration"]
    ranges = asked.get("ExcludedTimeRanges", ())
    most = call.quota("anomaly.excluded_ranges")
    if len(ranges) > most:
        raise invalid(f"ExcludedTimeRanges has at most {most} members.")
    excluded = tuple((to_us(one["StartTime"]), to_us(one["EndTime"])) for one in ranges)
    if any(start >= end for start, end in excluded):
        raise invalid("An excluded time range must begin before it ends.")
    timezone = asked.get("MetricTimezone") or "UTC"
    try:
        ZoneInfo(timezone)
    except (ValueError, KeyError, OSError) as problem:
        raise invalid(f"The value {timezone} for parameter MetricTimezone is invalid.") from problem
    return Configuration(
        excluded=excluded,
        timezone=timezone,
        periodic_spikes=bool(given["Characteristics"].get("PeriodicSpikes")),
        speed=asked.get("AdaptationSpeed", "NORMAL"),
        filtering=asked.get("OutlierFilteringStrength", "MODERATE"),
    )


def _described(call: Call, store: Store, one: AnomalyDetector) -> dict[str, Any]:
    asked = one.given["Configuration"]
    shown: dict[str, Any] = {
        "AnomalyDetectorId": one.id,
        "Configuration": {**asked, "ExcludedTimeRanges": list(asked.get("ExcludedTimeRanges", ()))},
        "StateValue": _state(call, store, one),
    }
    if one.given["Characteristics"]:
        shown["MetricCharacteristics"] = one.given["Characteristics"]
    if one.series is None:
        shown["MetricMathAnomalyDetector"] = {"MetricDataQueries": one.queries}
        return shown
    metric = {
        "Namespace": one.series.namespace,
        "MetricName": one.series.name,
        "Dimensions": [{"Name": n, "Value": v} for n, v in one.series.dimensions],
        "Stat": one.stat,
    }
    shown |= metric
    shown["SingleMetricAnomalyDetector"] = {"AccountId": call.account, **metric}
    return shown


def _state(call: Call, store: Store, one: AnomalyDetector) -> str:
    """PENDING_TRAINING until the first training after the detector was made."""
    from labkit.cloudwatch.engine.anomaly import RETRAINED_US, state_of

    trained_us = call.now_us - call.now_us % RETRAINED_US
    if trained_us <= one.created_us:
        return "PENDING_TRAINING"
    since = trained_us - 14 * DAY
    watched = [one.series] if one.series is not None else _series_in(one.queries)
    firsts = [
        int(samples.timestamps[0])
        for series in watched
        for _, samples in store.service.history(store, series, None, call.now_us, since, trained_us)
    ]
    return state_of(min(firsts, default=None), trained_us)


def _series_in(queries: Sequence[Mapping[str, Any]]) -> list[Series]:
    metrics = [one["MetricStat"]["Metric"] for one in queries if "MetricStat" in one]
    return [
        series_of(one.get("Namespace", ""), one["MetricName"], one.get("Dimensions", ()))
        for one in metrics
    ]
