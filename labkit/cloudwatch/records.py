"""What CloudWatch remembers of an alarm, and the lines of its history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import to_datetime
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.evaluation import AlarmRule, Evaluation

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)

CREATION_REASON = "Unchecked: Initial alarm creation"

#: State -> the parameter that lists what to do on entering it.
ACTIONS_OF = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT_DATA: "InsufficientDataActions"}


@dataclass(slots=True)
class Alarm:
    """A metric alarm: its configuration as given, and its state.

    Parameters
    ----------
    name, arn:
        Its identity; the name is unique within an account and region.
    account, region:
        Where it lives.
    config:
        The parameters of the last PutMetricAlarm, tags apart.
    series, unit:
        The metric it watches.
    rule:
        How it decides (:class:`labkit.cloudwatch.engine.evaluation.AlarmRule`).
    serial:
        The how-manieth alarm of this world: alarms that change at one instant do so in this order.
    configured_us, updated_us, transitioned_us:
        When the configuration, any part of the state, and the state's value last changed.
    reason, reason_data:
        Text and JSON text that explain the state; ``reason_data`` is empty where AWS has none.
    evaluation:
        The evaluation that led to the state, None for a state set by hand or at creation.
    """

    name: str
    arn: str
    account: str
    region: str
    config: dict[str, Any]
    series: Series
    unit: str | None
    rule: AlarmRule
    serial: int
    configured_us: int
    state: str = INSUFFICIENT_DATA
    reason: str = CREATION_REASON
    reason_data: str = ""
    updated_us: int = 0
    transitioned_us: int = 0
    actions_enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    evaluation: Evaluation | None = None

    def actions(self, state: str) -> list[str]:
        """The ARNs to act on when the alarm enters ``state``."""
        return list(self.config.get(ACTIONS_OF[state], ()))

    def describe(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms shows it: keys that were never set are absent."""
        config = self.config
        shown: dict[str, Any] = {
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": to_datetime(self.configured_us),
            "ActionsEnabled": self.actions_enabled,
            "OKActions": list(config.get("OKActions", ())),
            "AlarmActions": list(config.get("AlarmActions", ())),
            "InsufficientDataActions": list(config.get("InsufficientDataActions", ())),
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": to_datetime(self.updated_us),
            "StateTransitionedTimestamp": to_datetime(self.transitioned_us),
            "Dimensions": [{"Name": n, "Value": v} for n, v in self.series.dimensions],
        }
        if self.reason_data:
            shown["StateReasonData"] = self.reason_data
        for key in _AS_GIVEN:
            value = config.get(key)
            if value is not None:
                shown[key] = value
        return shown


_AS_GIVEN = (
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line of an alarm's history.

    ``kind`` is ConfigurationUpdate, StateUpdate or Action; ``data`` is JSON text.
    """

    at_us: int
    alarm_name: str
    kind: str
    summary: str
    data: str

    def describe(self) -> dict[str, Any]:
        """The line as DescribeAlarmHistory shows it."""
        return {
            "AlarmName": self.alarm_name,
            "AlarmType": "MetricAlarm",
            "Timestamp": to_datetime(self.at_us),
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary,
            "HistoryData": self.data,
        }
