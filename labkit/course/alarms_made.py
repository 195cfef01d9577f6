"""The alarms that a learner has made, as checks look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.lab import Lab

if TYPE_CHECKING:
    from labkit.cloudwatch.records import Alarm


def alarms_of(lab: Lab) -> list[Alarm]:
    """The metric alarms of a lab, in the order of their making."""
    # Asking for a store makes one, and the learner's lab is only looked at.
    store = lab.world.stores("cloudwatch").get((lab.account, lab.region))
    if store is None:
        return []
    found = [one for one in store.alarms.values() if hasattr(one, "rule")]
    return sorted(found, key=lambda one: one.serial)


def described(alarm: Alarm) -> str:
    """``failures``: Sum, 300 s, 1 of 1, above 50, missing data: notBreaching."""
    from labkit.views.wording import number

    rule = alarm.rule
    words = {"GreaterThanThreshold": "above", "GreaterThanOrEqualToThreshold": "at or above",
             "LessThanThreshold": "below", "LessThanOrEqualToThreshold": "at or below"}  # fmt: skip
    limit = f"{words.get(rule.comparison, 'outside of')} {number(rule.threshold)}"
    return (
        f"`{alarm.name}`: {rule.expression or rule.statistic}, {rule.period_us // 1_000_000} s, "
        f"{rule.needed} of {rule.evaluation_periods}, {limit}, missing data: "
        f"{rule.treat_missing_data}"
    )
