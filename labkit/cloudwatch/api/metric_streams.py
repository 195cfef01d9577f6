"""PutMetricStream, GetMetricStream, ListMetricStreams, Start-, Stop- and DeleteMetricStream.

Source: botocore cloudwatch 2010-08-01 (aws-semantics 1.10, 11.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import invalid, parts
from labkit.cloudwatch.streams import MetricStream, Streams
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")


def put_metric_stream(
    call: Call,
    /,
    *,
    Name: str,
    FirehoseArn: str,
    RoleArn: str,
    OutputFormat: str,
    IncludeFilters: Sequence[dict[str, Any]] = (),
    ExcludeFilters: Sequence[dict[str, Any]] = (),
    Tags: Sequence[dict[str, str]] = (),
    StatisticsConfigurations: Sequence[dict[str, Any]] = (),
    IncludeLinkedAccountsMetrics: bool = False,
) -> dict[str, Any]:
    """Make a stream, which runs at once; or change one, which leaves its state as it is.

    Raises
    ------
    AwsError
        InvalidParameterCombination, InvalidParameterValue.
    """
    if not _NAME.fullmatch(Name):
        raise invalid("Name must contain only alphanumerics, hyphen (-) and underscore (_).")
    _check_arns(call, FirehoseArn, RoleArn)
    _check_filters(call, IncludeFilters, ExcludeFilters)
    _check_statistics(call, StatisticsConfigurations, OutputFormat)
    config: dict[str, Any] = {
        "FirehoseArn": FirehoseArn,
        "RoleArn": RoleArn,
        "OutputFormat": OutputFormat,
        "IncludeFilters": list(IncludeFilters),
        "ExcludeFilters": list(ExcludeFilters),
        "StatisticsConfigurations": list(StatisticsConfigurations),
        "IncludeLinkedAccountsMetrics": IncludeLinkedAccountsMetrics,
    }
    streams, held = _held(call)
    known = held.get(Name)
    if known is not None:
        known.config, known.updated_us = config, call.now_us
        return {"Arn": known.arn}
    arn = f"arn:aws:cloudwatch:{call.region}:{call.account}:metric-stream/{Name}"
    tags = {one["Key"]: one["Value"] for one in Tags}
    made = held[Name] = MetricStream(
        Name, arn, call.account, call.region, config, call.now_us, call.now_us, tags=tags
    )
    streams.start(made)
    return {"Arn": arn}


def get_metric_stream(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A stream's configuration and state.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    _, held = _held(call)
    found = held.get(Name)
    if found is None:
        raise AwsError(
            "ResourceNotFoundException", f"Metric stream {Name} does not exist.", status=404
        )
    config = {key: value for key, value in found.config.items() if value not in ([], None)}
    return {**_entry(found), **config}


def list_metric_streams(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The streams of this account and Region, in order of their names.

    Raises
    ------
    AwsError
        InvalidNextToken.
    """
    _, held = _held(call)
    found = [one for _, one in sorted(held.items())]
    shown, token = page(found, MaxResults or call.quota("streams.list_page"), NextToken, "streams")
    answer: dict[str, Any] = {"Entries": [_entry(one) for one in shown]}
    if token:
        answer["NextToken"] = token
    return answer


def start_metric_streams(call: Call, /, *, Names: Sequence[str]) -> dict[str, Any]:
    """Let streams run from now on; what came while they were stopped is not sent.

    Raises
    ------
    AwsError
        InvalidParameterValue for a name that is not there: then none is started.
    """
    streams, held = _held(call)
    for one in _named(held, Names):
        streams.start(one)
        one.updated_us = call.now_us
    return {}


def stop_metric_streams(call: Call, /, *, Names: Sequence[str]) -> dict[str, Any]:
    """Let streams rest.

    Raises
    ------
    AwsError
        InvalidParameterValue for a name that is not there: then none is stopped.
    """
    streams, held = _held(call)
    for one in _named(held, Names):
        streams.stop(one)
        one.updated_us = call.now_us
    return {}


def delete_metric_stream(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete a stream; one that is not there is deleted already."""
    streams, held = _held(call)
    if Name in held:
        streams.delete(held[Name])
    return {}


def _held(call: Call) -> tuple[Streams, dict[str, MetricStream]]:
    _, service = parts(call)
    return service.streams, service.streams.of(call.account, call.region)


def _named(held: Mapping[str, MetricStream], names: Sequence[str]) -> list[MetricStream]:
    if missing := [name for name in names if name not in held]:
        raise invalid(f"The metric streams {', '.join(missing)} do not exist.")
    return [held[name] for name in names]


def _entry(one: MetricStream) -> dict[str, Any]:
    return {
        "Arn": one.arn,
        "CreationDate": to_datetime(one.created_us),
        "LastUpdateDate": to_datetime(one.updated_us),
        "Name": one.name,
        "FirehoseArn": one.config["FirehoseArn"],
        "State": one.state,
        "OutputFormat": one.config["OutputFormat"],
    }


def _check_arns(call: Call, firehose: str, role: str) -> None:
    wanted = f"arn:aws:firehose:{call.region}:{call.account}:deliverystream/"
    if not firehose.startswith(wanted) or firehose == wanted:
        raise invalid(
            f"The value {firehose} for parameter FirehoseArn is invalid: it must be a delivery "
            f"stream of this account and Region ({wanted}...)."
        )
    if not _ROLE.fullmatch(role):
        raise invalid(f"The value {role} for parameter RoleArn is invalid: it must be a role.")


def _check_filters(
    call: Call, include: Sequence[Mapping[str, Any]], exclude: Sequence[Mapping[str, Any]]
) -> None:
    if include and exclude:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters IncludeFilters and ExcludeFilters are mutually exclusive and you have "
            "specified both.",
        )
    filters = [*include, *exclude]
    most = call.quota("streams.filter_names")
    count = sum(1 + len(one.get("MetricNames") or ()) for one in filters)
    if count > most:
        raise invalid(
            f"A stream's filters can include up to {most} total names; these are {count}."
        )
    if any("Namespace" not in one for one in filters):
        raise invalid("Each filter must have a Namespace.")


def _check_statistics(call: Call, given: Sequence[Mapping[str, Any]], form: str) -> None:
    from labkit.cloudwatch.engine.statistics import BASIC, parse_statistic
    from labkit.cloudwatch.engine.streaming.filters import is_percentile

    limits = {
        "StatisticsConfigurations": (len(given), "streams.statistics_configurations"),
        "IncludeMetrics": (
            max((len(one["IncludeMetrics"]) for one in given), default=0),
            "streams.statistics_metrics",
        ),
        "AdditionalStatistics": (
            max((len(one["AdditionalStatistics"]) for one in given), default=0),
            "streams.additional_statistics",
        ),
    }
    for name, (count, quota) in limits.items():
        if count > call.quota(quota):
            raise invalid(f"The parameter {name} can have at most {call.quota(quota)} entries.")
    for statistic in (text for one in given for text in one["AdditionalStatistics"]):
        try:
            kind = parse_statistic(statistic)
        except ValueError as problem:
            raise invalid(f"The statistic {statistic} is invalid: {problem}") from problem
        if kind.kind in BASIC:
            raise invalid(f"{statistic} is no additional statistic: every stream has it.")
        if form != "json" and not is_percentile(statistic):
            raise invalid(
                f"The statistic {statistic} is not supported by {form}: only percentiles are."
            )
