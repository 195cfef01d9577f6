"""Seams of what moto tells its own CloudWatch, Logs and EventBridge: it reaches labkit's instead.

moto's services write to one another's backends: a state machine puts its history into moto's Logs,
a Kinesis stream its metrics into moto's CloudWatch. Nobody would ever read them there, since the
Logs, EventBridge and CloudWatch of a lab are labkit's. So while a world is mounted, whoever in moto
looks up one of those three backends, by whatever name and however late, gets a façade: what is
written becomes a fact (``log.emitted``, ``event.emitted``, ``metric.emitted``), alarms that moto
would make are asked for through ports, and so is whether a log group is there.

The façades know exactly what moto asks of them, which ``tests/backing/test_moto_facades.py`` reads
from moto's source, use by use. Anything else is answered 501 and named, not silently lost:

=====================================  ==========================================================
moto                                   what it does with those backends
=====================================  ==========================================================
``ec2`` flow logs                      asks whether the log group is there
``route53`` query logging              lists the log groups to find one by its ARN
``awslambda``                          makes the group and a stream, puts what a function printed
``batch``                              the same for a job
``stepfunctions``                      puts the history of an execution
``kinesis``                            puts two metrics with each record
``applicationautoscaling``             puts the alarms of a target-tracking policy, deletes them
``s3`` notifications                   go another way altogether: ``labkit.backing.s3``
``s3`` CreateBucket                    walks over all EventBridge backends: there are none
=====================================  ==========================================================

What no fact can be made of, since it carries neither time nor text (making a group, making a
stream), is done by whoever hears the first ``log.emitted`` of that group or stream.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import listener, mounted, seam

#: Folder of moto -> how AWS calls the service that writes.
_SOURCES = {"awslambda": "lambda", "stepfunctions": "states", "ec2": "vpc-flow-logs"}


class Facade:
    """What one of the three backends is while a world is mounted.

    Parameters
    ----------
    account, region:
        Whose backend it stands for.
    """

    service = ""

    def __init__(self, account: str, region: str) -> None:
        self.account_id = account
        self.region_name = region

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(f"labkit's {self.service} has no {name} for other services")


def _source() -> str:
    """Which of moto's services is writing, as AWS calls it."""
    frame = sys._getframe(2)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("moto."):
            folder = name.split(".")[1]
            return _SOURCES.get(folder, folder)
        frame = frame.f_back  # type: ignore[assignment]
    return "aws"


class _Group:
    """A log group as Route 53 looks at one."""

    def __init__(self, arn: str) -> None:
        self.arn = arn


#: The log group that is being asked about by somebody who lists them all.
_asked: list[tuple[str, str]] = []


@contextmanager
def asking_for(name: str, arn: str) -> Iterator[None]:
    """Let a list of log groups hold the one of this name and ARN, when it is there."""
    _asked.append((name, arn))
    try:
        yield
    finally:
        _asked.pop()


class LogsFacade(Facade):
    """moto's Logs for one account and region."""

    service = "logs"

    def ensure_log_group(self, log_group_name: str, *_: Any, **__: Any) -> None:
        """Nothing to tell: the group comes with its first line."""

    def create_log_stream(self, *_: Any, **__: Any) -> None:
        """Nothing to tell: the stream comes with its first line."""

    ensure_log_stream = create_log_stream

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: Sequence[Any]
    ) -> tuple[str, dict[str, Any]]:
        """Tell ``log.emitted``; times are milliseconds as the Logs API has them."""
        emitters = listener("emit")
        if emitters is not None and log_events:
            events = [_line(event) for event in log_events]
            emitters.log(
                self.account_id,
                self.region_name,
                _source(),
                log_group_name,
                log_stream_name,
                events,
            )
        return "", {}

    def list_tags_log_group(self, log_group_name: str) -> dict[str, str]:
        """Flow logs ask for the tags of a group to learn whether it is there."""
        if not self._there(log_group_name):
            from moto.logs.exceptions import ResourceNotFoundException

            raise ResourceNotFoundException()
        return {}

    def describe_log_groups(self, *_: Any, **__: Any) -> tuple[list[_Group], None]:
        """The log group that is being asked about, when it is there: see :func:`asking_for`."""
        return [_Group(arn) for name, arn in _asked if self._there(name)], None

    def _there(self, name: str) -> bool:
        emitters = listener("emit")
        return emitters is None or bool(
            emitters.log_group_exists(self.account_id, self.region_name, name)
        )


def _line(event: dict[str, Any]) -> tuple[int, str]:
    return round(event["timestamp"] * 1000), str(event["message"])


class CloudWatchFacade(Facade):
    """moto's CloudWatch for one account and region."""

    service = "cloudwatch"

    def put_metric_data(self, namespace: str, metric_data: Sequence[dict[str, Any]]) -> None:
        """Tell ``metric.emitted`` for each value."""
        emitters = listener("emit")
        if emitters is None:
            return
        for datum in metric_data:
            dimensions = {d["Name"]: d["Value"] for d in datum.get("Dimensions", ())}
            emitters.metric(
                self.account_id,
                self.region_name,
                namespace,
                datum["MetricName"],
                dimensions,
                float(datum["Value"]),
                datum.get("Unit", "None"),
            )

    def put_metric_alarm(self, **given: Any) -> Any:
        """Ask CloudWatch for an alarm that a scaling policy manages."""
        parameters = {
            shown: given[name]
            for name, shown in _ALARM.items()
            if given.get(name) not in (None, [], "")
        }
        emitters = listener("emit")
        arn = emitters.put_alarm(self.account_id, self.region_name, parameters)
        return _Alarm(parameters["AlarmName"], arn)

    def delete_alarms(self, alarm_names: Sequence[str]) -> None:
        """Ask CloudWatch to delete alarms that a scaling policy manages."""
        listener("emit").delete_alarms(self.account_id, self.region_name, list(alarm_names))


class _Alarm:
    def __init__(self, name: str, arn: str) -> None:
        self.name = name
        self.alarm_name = name
        self.alarm_arn = arn


_ALARM = {
    "name": "AlarmName",
    "namespace": "Namespace",
    "metric_name": "MetricName",
    "comparison_operator": "ComparisonOperator",
    "evaluation_periods": "EvaluationPeriods",
    "period": "Period",
    "threshold": "Threshold",
    "statistic": "Statistic",
    "description": "AlarmDescription",
    "dimensions": "Dimensions",
    "alarm_actions": "AlarmActions",
    "unit": "Unit",
}


class EventsFacade(Facade):
    """moto's EventBridge for one account and region."""

    service = "events"

    def put_events(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Tell ``event.emitted`` for each entry."""
        import json

        emitters = listener("emit")
        for event in events if emitters is not None else ():
            detail = event.get("Detail", "{}")
            emitters.event(
                self.account_id,
                self.region_name,
                event["Source"],
                event["DetailType"],
                list(event.get("Resources", ())),
                json.loads(detail) if isinstance(detail, str) else detail,
            )
        return [{"EventId": ""} for _ in events]


FACADES: dict[str, Callable[[str, str], Facade]] = {
    "logs": LogsFacade,
    "cloudwatch": CloudWatchFacade,
    "events": EventsFacade,
}


@seam("moto.core.base_backend")
def _answer_with_facades(module: ModuleType) -> None:
    account_backend = module.AccountSpecificBackend
    look_up = account_backend.__getitem__

    def __getitem__(self: Any, region: str) -> Any:
        make = FACADES.get(self.service_name)
        if make is None or mounted() is None:
            return look_up(self, region)
        return make(self.account_id, region)

    account_backend.__getitem__ = __getitem__


@seam("moto.route53.models")
def _name_the_log_group(module: ModuleType) -> None:
    backend = module.Route53Backend
    create = backend.create_query_logging_config

    def create_query_logging_config(self: Any, hosted_zone_id: str, log_group_arn: str) -> Any:
        arn = str(log_group_arn).removesuffix(":*")
        with asking_for(arn.split(":log-group:", 1)[-1], arn):
            if mounted() is None:
                return create(self, hosted_zone_id, log_group_arn)
            # AWS takes the ARN with and without ``:*``, moto only with.
            made = create(self, hosted_zone_id, f"{arn}:*" if ":log-group:" in arn else arn)
            made.log_group_arn = log_group_arn
            return made

    backend.create_query_logging_config = create_query_logging_config


@seam("moto.stepfunctions.parser.asl.eval.event.logging")
def _write_history(module: ModuleType) -> None:
    """moto makes a log event of a history event without giving it a time, and breaks on that."""
    plain = module.LogEvent

    def log_event(ingestion_time: int, log_event: Any) -> Any:
        if mounted() is None:
            return plain(ingestion_time=ingestion_time, log_event=log_event)
        return {"timestamp": ingestion_time, "message": module.to_json_str(log_event)}

    module.LogEvent = log_event  # type: ignore[attr-defined]
