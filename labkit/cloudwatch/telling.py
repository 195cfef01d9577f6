"""What CloudWatch tells of its alarms: facts for the lab, events for EventBridge, history.

Texts are written when somebody reads them: a week of a thousand alarms changes states thousands of
times, and nearly nobody looks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from labkit.cloudwatch import events
from labkit.cloudwatch.records import AnyAlarm, HistoryItem, Why
from labkit.core.facts import Late
from labkit.core.jsontext import dumps
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.cloudwatch.store import Store


class Telling:
    """The facts and events of a lab's alarms.

    Parameters
    ----------
    world:
        Where facts are told.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def changed(self, alarm: AnyAlarm, old: str, old_why: Why, by_hand: bool) -> None:
        """Tell ``alarm.changed``: an alarm is in another state than ``old``."""
        why = alarm.why
        facts = self._world.facts
        if facts.heard("alarm.changed"):
            facts.publish(
                "alarm.changed",
                alarm.account,
                alarm.region,
                Late(
                    {
                        "alarm_name": alarm.name,
                        "alarm_arn": alarm.arn,
                        "alarm_type": alarm.type,
                        "state": alarm.state,
                        "previous_state": old,
                        "by_hand": by_hand,
                    },
                    {
                        "reason": why.tell_text,
                        "reason_data": why.tell_data,
                        "previous_reason": old_why.tell_text,
                        "previous_reason_data": old_why.tell_data,
                    },
                ),
            )

    def emit_change(
        self, alarm: AnyAlarm, before: events.State, muting: events.Muting | None
    ) -> None:
        """Tell EventBridge of a change.

        Parameters
        ----------
        alarm:
            In its new state.
        before:
            The state that it left.
        muting:
            The mute rule that keeps it from acting, if one does.
        """
        facts = self._world.facts
        if not facts.heard("event.emitted"):
            return
        after = events.state_of(alarm)
        detail = partial(events.state_change, alarm, alarm.config, before, after, muting)
        facts.publish(
            "event.emitted",
            alarm.account,
            alarm.region,
            Late(
                {
                    "source": events.SOURCE,
                    "detail_type": events.STATE_CHANGE,
                    "resources": [alarm.arn],
                },
                {"detail": detail},
            ),
        )

    def configured(
        self, store: Store, alarm: AnyAlarm, change: str, before: events.Before | None
    ) -> None:
        """Tell of an alarm that was created, updated or deleted: history, facts.

        Parameters
        ----------
        change:
            created, updated or deleted.
        before:
            Its configuration before an update.
        """
        now_us, facts = self._world.clock.now_us, self._world.facts
        shown = {
            key: value
            for key, value in alarm.describe().items()
            if not key.endswith("Timestamp") and not key.startswith("State")
        }
        data = {"type": change.title().removesuffix("d"), "version": "1.0", "alarm": shown}
        line = f'Alarm "{alarm.name}" {change}'
        store.note(
            HistoryItem(now_us, alarm.name, "ConfigurationUpdate", line, dumps(data), alarm.type)
        )
        facts.publish(
            "alarm.configured",
            alarm.account,
            alarm.region,
            {
                "alarm_name": alarm.name,
                "alarm_arn": alarm.arn,
                "alarm_type": alarm.type,
                "change": change,
            },
        )
        if facts.heard("event.emitted"):
            facts.publish(
                "event.emitted",
                alarm.account,
                alarm.region,
                {
                    "source": events.SOURCE,
                    "detail_type": events.CONFIGURATION_CHANGE,
                    "resources": [alarm.arn],
                    "detail": events.configuration_change(alarm, change, before),
                },
            )


def state_history(old: str, old_why: Why, new: str, why: Why) -> str:
    """HistoryData of a state change: reason data nested as an object; at most 4,095 characters."""

    def side(state: str, reason: Why, data: str) -> str:
        made = dumps({"stateValue": state, "stateReason": reason.text})
        # It is JSON already, a caller's perhaps, and goes in as it is.
        return f'{made[:-1]},"stateReasonData":{data}}}' if data else made

    def told(old_data: str) -> str:
        sides = f'"oldState":{side(old, old_why, old_data)},"newState":{side(new, why, why.data)}'
        return f'{{"version":"1.0",{sides}}}'

    text = told(old_why.data)
    return text if len(text) <= 4095 else told("")
