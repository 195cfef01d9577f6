"""Sinks and links, as they are remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

METRICS = "AWS::CloudWatch::Metric"
LOGS = "AWS::Logs::LogGroup"


@dataclass(slots=True)
class Sink:
    """The place in a monitoring account that source accounts link to."""

    id: str
    arn: str
    name: str
    account: str
    region: str
    policy: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Link:
    """What a source account shares with the owner of a sink.

    Parameters
    ----------
    template, label:
        The label as given, and with its variables written out.
    types:
        The kinds of data that are shared.
    configuration:
        Filters, as given.
    """

    id: str
    arn: str
    account: str
    region: str
    sink_arn: str
    template: str
    label: str
    types: list[str]
    configuration: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def filter(self, kind: str) -> str:
        """The filter of a kind of data; ``*`` when everything is shared."""
        name = {METRICS: "MetricConfiguration", LOGS: "LogGroupConfiguration"}.get(kind, "")
        return str(self.configuration.get(name, {}).get("Filter", "*"))
