"""What CloudWatch remembers of a composite alarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from labkit.cloudwatch.engine.alarm_rule import Rule
from labkit.cloudwatch.engine.suppression import NONE, Suppression
from labkit.cloudwatch.records import (
    ACTIONS_OF,
    CREATION_REASON,
    INSUFFICIENT_DATA,
    Muted,
    Previous,
    Why,
)
from labkit.core.clock import SECOND, to_datetime
from labkit.core.jsontext import loads


@dataclass(slots=True)
class CompositeAlarm:
    """An alarm on alarms: its configuration as given, and its state.

    Parameters
    ----------
    name, arn, account, region, config, serial, configured_us, state, why, updated_us,
    transitioned_us, actions_enabled, tags, muted, previous:
        As in :class:`labkit.cloudwatch.records.Alarm`.
    rule:
        The rule, parsed.
    children:
        Reference in the rule -> the alarm's name.
    suppressor:
        The name of the alarm that suppresses its actions; empty without one.
    suppression:
        Who holds the actions back.
    acted_from:
        The state before the last change, which a delayed action tells.
    generation:
        How often a period of suppression began: an expiry of an older one is passed over.
    """

    type: ClassVar[str] = "CompositeAlarm"

    name: str
    arn: str
    account: str
    region: str
    config: dict[str, Any]
    rule: Rule
    children: dict[str, str]
    suppressor: str
    serial: int
    configured_us: int
    state: str = INSUFFICIENT_DATA
    why: Why = field(default_factory=lambda: Why(CREATION_REASON))
    updated_us: int = 0
    transitioned_us: int = 0
    actions_enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    muted: Muted | None = None
    previous: Previous | None = None
    suppression: Suppression = NONE
    acted_from: str = INSUFFICIENT_DATA
    generation: int = 0

    @property
    def reason(self) -> str:
        """StateReason."""
        return self.why.text

    @property
    def reason_data(self) -> str:
        """StateReasonData, JSON text; empty where AWS has none."""
        return self.why.data

    @property
    def watches(self) -> tuple[str, ...]:
        """The names of its children, each once, in the order of the rule."""
        return tuple(dict.fromkeys(self.children.values()))

    @property
    def wait_us(self) -> int:
        """The WaitPeriod."""
        return int(self.config.get("ActionsSuppressorWaitPeriod", 0)) * SECOND

    @property
    def extension_us(self) -> int:
        """The ExtensionPeriod."""
        return int(self.config.get("ActionsSuppressorExtensionPeriod", 0)) * SECOND

    @property
    def triggering(self) -> list[dict[str, Any]]:
        """The children that led to the state; none after SetAlarmState."""
        try:
            data = loads(self.reason_data) if self.reason_data else {}
        except ValueError:
            return []
        return list(data.get("triggeringAlarms", ())) if isinstance(data, dict) else []

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
            "AlarmRule": config["AlarmRule"],
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": to_datetime(self.updated_us),
            "StateTransitionedTimestamp": to_datetime(self.transitioned_us),
        }
        if self.reason_data:
            shown["StateReasonData"] = self.reason_data
        if self.suppression.by:
            shown["ActionsSuppressedBy"] = self.suppression.by
            shown["ActionsSuppressedReason"] = self.suppression.reason
        for key in _AS_GIVEN:
            if config.get(key) is not None:
                shown[key] = config[key]
        return shown


_AS_GIVEN = (
    "AlarmDescription",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
    "ActionConfiguration",
)
