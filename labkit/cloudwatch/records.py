"""What CloudWatch remembers of an alarm, and the lines of its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from labkit.core.clock import to_datetime
from labkit.core.jsontext import dumps
from labkit.core.sources import Dimensions, Series

if TYPE_CHECKING:
    from datetime import tzinfo

    from labkit.cloudwatch.composite_alarm import CompositeAlarm
    from labkit.cloudwatch.engine.anomaly import Configuration
    from labkit.cloudwatch.engine.evaluation import AlarmRule, Evaluation
    from labkit.cloudwatch.engine.watched import Watch, Window

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)

CREATION_REASON = "Unchecked: Initial alarm creation"

#: State -> the parameter that lists what to do on entering it.
ACTIONS_OF = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT_DATA: "InsufficientDataActions"}


class Why:
    """Why an alarm is in its state: AWS's text and its JSON companion.

    Parameters
    ----------
    text, data:
        As given: at creation, or with a state that was set by hand. ``data`` is JSON text, empty
        where AWS has none.
    """

    def __init__(self, text: str, data: str = "") -> None:
        self._text = text
        self._data = data

    @property
    def text(self) -> str:
        """StateReason."""
        return self._text

    @property
    def data(self) -> str:
        """StateReasonData: JSON text, empty where there is none."""
        return self._data

    # The same as functions, for facts that are read later: a closure for each is four objects
    # more, and a month of alarms keeps thirty thousand facts.
    def tell_text(self) -> str:
        """StateReason."""
        return self.text

    def tell_data(self) -> str:
        """StateReasonData."""
        return self.data


class Evaluated(Why):
    """The why of an evaluation, put into words when somebody reads it.

    A week of a thousand alarms changes states thousands of times, and most of the texts are never
    read; the evaluation is a value, so the words come out the same later.

    Parameters
    ----------
    rule:
        The alarm's rule then.
    window:
        The points that were looked at.
    old_state:
        The state before.
    at_us:
        The tick.
    unit:
        The alarm's unit, if it has one.
    """

    def __init__(
        self, rule: AlarmRule, window: Window, old_state: str, at_us: int, unit: str | None
    ) -> None:
        super().__init__("")
        self._rule = rule
        self._window = window
        self._evaluation: Evaluation | None = None
        self._old_state = old_state
        self._at_us = at_us
        self._unit = unit

    @property
    def parts(self) -> dict[str, tuple[float | None, ...]]:
        """The values of the metrics behind an expression, by Id."""
        return self._window.parts

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation, as the scalar engine explains it."""
        if self._evaluation is None:
            self._evaluation = self._window.evaluation(self._rule, self._at_us, self._old_state)
        return self._evaluation

    @property
    def text(self) -> str:
        """StateReason."""
        if not self._text:
            from labkit.cloudwatch.engine.reasons import reason_text

            self._text = reason_text(self.evaluation, self._old_state)
        return self._text

    @property
    def data(self) -> str:
        """StateReasonData."""
        if not self._data:
            from labkit.cloudwatch.engine.reasons import reason_data

            self._data = dumps(reason_data(self.evaluation, self._at_us, self._unit))
        return self._data


@dataclass(frozen=True, slots=True)
class Muted:
    """Actions that a mute rule keeps from running: those of ``state``, entered from ``old_state``.

    ``changed_us`` is when the alarm entered it.
    """

    state: str
    old_state: str
    changed_us: int


@dataclass(frozen=True, slots=True)
class Previous:
    """The state that an alarm was in before: its value, why, and since when."""

    state: str
    why: Why
    at_us: int


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
        The metric it watches; None for an expression.
    watch:
        The expression it watches; None for a metric.
    rule:
        How it decides (:class:`labkit.cloudwatch.engine.evaluation.AlarmRule`).
    serial:
        The how-manieth alarm of this world: alarms that change at one instant do so in this order.
    configured_us, updated_us, transitioned_us:
        When the configuration, any part of the state, and the state's value last changed.
    why:
        What explains the state.
    muted:
        Actions that wait for the end of a mute rule's window.
    previous:
        The state before, as a message to a function tells it.
    created_us:
        When it was made.
    wall_clock:
        The time zone of a window that is aligned to the clock; None for one that slides.
    warm_until_us:
        Until when it is not evaluated; 0 when it is.
    """

    type: ClassVar[str] = "MetricAlarm"

    name: str
    arn: str
    account: str
    region: str
    config: dict[str, Any]
    series: Series | None
    unit: str | None
    rule: AlarmRule
    serial: int
    configured_us: int
    state: str = INSUFFICIENT_DATA
    why: Why = field(default_factory=lambda: Why(CREATION_REASON))
    updated_us: int = 0
    transitioned_us: int = 0
    actions_enabled: bool = True
    watch: Watch | None = None
    tags: dict[str, str] = field(default_factory=dict)
    muted: Muted | None = None
    previous: Previous | None = None
    created_us: int = 0
    wall_clock: tzinfo | None = None
    warm_until_us: int = 0

    @property
    def dimensions(self) -> Dimensions:
        """Those of the metric it watches; none of an expression."""
        return self.series.dimensions if self.series is not None else ()

    def metrics(self) -> list[tuple[str, Series]]:
        """(account, metric) that it looks at; those of a Metrics Insights query come and go."""
        if self.series is not None:
            return [(self.account, self.series)]
        assert self.watch is not None
        found = [(one.account, one.metric) for one in self.watch.program.queries.values()]
        return [
            (account or self.account, Series(spec.namespace, spec.name, spec.dimensions))
            for account, spec in found
            if spec is not None
        ]

    @property
    def sources(self) -> set[str]:
        """The other accounts whose metrics it looks at."""
        return {account for account, _ in self.metrics()} - {self.account}

    @property
    def reason(self) -> str:
        """StateReason."""
        return self.why.text

    @property
    def reason_data(self) -> str:
        """StateReasonData, JSON text; empty where AWS has none."""
        return self.why.data

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation that led to the state; None for a state set by hand or at creation."""
        return self.why.evaluation if isinstance(self.why, Evaluated) else None

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
            "Dimensions": [{"Name": n, "Value": v} for n, v in self.dimensions],
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
    "Metrics",
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "ActionConfiguration",
)


@dataclass(slots=True)
class AnomalyDetector:
    """An anomaly detection model: what it watches and how it is trained.

    Parameters
    ----------
    id:
        Its identifier.
    series, stat:
        The metric and statistic, for a detector of one metric.
    queries, meaning:
        The queries of a metric-math detector, and what its expression comes to.
    configuration:
        How it is trained.
    given:
        Configuration and MetricCharacteristics as PutAnomalyDetector had them.
    created_us:
        When it was made.
    """

    id: str
    series: Series | None
    stat: str
    queries: list[dict[str, Any]]
    meaning: str | None
    configuration: Configuration
    given: dict[str, Any]
    created_us: int


@dataclass(slots=True)
class HistoryItem:
    """One line of an alarm's history.

    ``kind`` is ConfigurationUpdate, StateUpdate or Action; ``told`` is its JSON text, or a
    function that writes it when somebody reads it; ``alarm_type`` MetricAlarm or CompositeAlarm.
    """

    at_us: int
    alarm_name: str
    kind: str
    summary: str
    told: str | Callable[[], str]
    alarm_type: str = "MetricAlarm"

    @property
    def data(self) -> str:
        """HistoryData, JSON text."""
        if not isinstance(self.told, str):
            self.told = self.told()
        return self.told

    def describe(self) -> dict[str, Any]:
        """The line as DescribeAlarmHistory shows it."""
        return {
            "AlarmName": self.alarm_name,
            "AlarmType": self.alarm_type,
            "Timestamp": to_datetime(self.at_us),
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary,
            "HistoryData": self.data,
        }


#: Either kind of alarm.
AnyAlarm: TypeAlias = "Alarm | CompositeAlarm"
