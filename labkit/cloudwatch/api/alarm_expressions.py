"""PutMetricAlarm's Metrics and ThresholdMetricId: what an alarm on an expression may be.

Source: botocore cloudwatch 2010-08-01; CloudWatch user guide, "Create an alarm based on a metric
math expression" and "... on anomaly detection"; aws-semantics 1.6, 1.8, 1.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.api.get_metric_data import check_queries
from labkit.cloudwatch.api.requests import validation
from labkit.cloudwatch.queries import program_of
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.errors import AwsError, NotImplementedYet

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.program import Program
    from labkit.cloudwatch.engine.watched import Watch

BANDS = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
#: What does not go together with Metrics.
_OF_ONE_METRIC = (
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit",
    "EvaluateLowSampleCountPercentile",
)  # fmt: skip


def watch_of(call: Call, config: Mapping[str, Any], name: str) -> Watch:
    """What the configuration of an alarm on an expression watches.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterCombination, MissingParameter, LimitExceeded.
    """
    from labkit.cloudwatch.engine.watched import Watch

    queries: Sequence[dict[str, Any]] = config["Metrics"]
    for other in _OF_ONE_METRIC:
        if other in config:
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameters Metrics and {other} are mutually exclusive and you have specified "
                "both.",
            )
    check_queries(call, queries, "Metrics")
    _check_sizes(call, queries)
    band = config.get("ThresholdMetricId")
    returning = [one["Id"] for one in queries if one.get("ReturnData") is not False]
    if len(returning) != (1 if band is None else 2):
        told = "one element" if band is None else "two elements"
        raise validation(f"Exactly {told} of the metrics list should return data.")
    for one in queries:
        if "MetricStat" in one:
            reading.statistic(one["MetricStat"]["Stat"], "MetricStat.Stat")
        if one.get("AccountId") not in (None, call.account):
            _refuse_account(call, one["AccountId"])
    program = program_of(queries, "PutMetricAlarm")
    if band is not None and band not in returning:
        raise validation("ThresholdMetricId must be the Id of an element that returns data.")
    watched = next(id_ for id_ in returning if id_ != band)
    _check_use(program)
    _check_period(program)
    _check_result(program, watched)
    if band is not None:
        _check_band(program, band)
    _check_insights(call, program, config, watched, name)
    return Watch(program, watched, band)


def _refuse_account(call: Call, account: str) -> None:
    """Refuse an account that shares no metrics with this one."""
    linked = call.ports.linked_accounts(call.account, call.region)
    if not any(one.account == account for one in linked):
        raise validation(f"The account {account} is not linked to {call.account}.")


def _check_sizes(call: Call, queries: Sequence[Mapping[str, Any]]) -> None:
    metrics = sum("MetricStat" in one for one in queries)
    for count, limit, what in (
        (len(queries), call.quota("alarms.queries"), "metrics and expressions"),
        (metrics, call.quota("alarms.query_metrics"), "metrics"),
        (len(queries) - metrics, call.quota("alarms.query_expressions"), "expressions"),
    ):
        if count > limit:
            raise validation(f"An alarm has at most {limit} {what}, this one {count}.")


def _check_use(program: Program) -> None:
    for query in program.queries.values():
        for _ in query.calls("INSIGHT_RULE_METRIC"):
            raise NotImplementedYet(
                "cloudwatch",
                "PutMetricAlarm",
                "An alarm on INSIGHT_RULE_METRIC had to be decided anew with each log event.",
            )
        for call in query.calls("SEARCH"):
            raise validation(
                f"Error in expression '{query.id}': SEARCH is not supported in an alarm "
                f"(at position {call.at + 1})"
            )


def _check_period(program: Program) -> None:
    periods = {one.metric.period for one in program.queries.values() if one.metric is not None}
    if len(periods) > 1:
        raise validation("All metrics of an alarm must have the same period.")


def _check_result(program: Program, watched: str) -> None:
    if program.kinds[watched] == "TS":
        return
    query = program.queries[watched].insights
    if query is None or not query.order:
        raise validation(
            "Metrics expression that return multi time series are only allowed for "
            "MetricsInsights expression with an ORDER BY clause"
        )


def _check_band(program: Program, band: str) -> None:
    if program.kinds[band] != "TS[]" or not any(
        program.queries[band].calls("ANOMALY_DETECTION_BAND")
    ):
        raise validation("ThresholdMetricId must be the Id of an ANOMALY_DETECTION_BAND function.")


def _check_insights(
    call: Call, program: Program, config: Mapping[str, Any], watched: str, name: str
) -> None:
    if not any(one.insights for one in program.queries.values()):
        return
    seconds = program.period(watched) * config.get("EvaluationPeriods", 1)
    most = call.quota("insights.alarm_seconds")
    if seconds > most:
        raise validation(
            "A Metrics Insights alarm looks at the last three hours: EvaluationPeriods * Period "
            f"must be <= {most}."
        )
    store: Store = call.store
    others = sum(
        any(one.insights for one in alarm.watch.program.queries.values())
        for alarm in store.alarms.values()
        if alarm.watch is not None and alarm.name != name
    )
    if others >= call.quota("insights.alarms"):
        raise AwsError(
            "LimitExceeded", "The quota for alarms for this customer has already been reached."
        )
