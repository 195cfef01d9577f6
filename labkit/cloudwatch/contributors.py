"""Contributors: the series of an alarm on several that are in ALARM, and since when.

An alarm on a Metrics Insights query with GROUP BY is in ALARM while any of its series is. Which
ones, is asked rarely, so it is found when asked: at the alarm's last tick, and from there back to
the tick at which each began.

Source: botocore cloudwatch/DescribeAlarmContributors; CloudWatch user guide, "Alarm events and
EventBridge" (aws-semantics 2.5, 2.9).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.records import ALARM, Alarm
from labkit.core.clock import to_datetime
from labkit.core.jsontext import dumps

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store

#: So many ticks are looked back at; a contributor that began earlier tells the alarm's own change.
_BACK = 360


def contributors(service: CloudWatch, store: Store, alarm: Alarm) -> list[dict[str, Any]]:
    """The contributors in ALARM, as DescribeAlarmContributors shows them."""
    from labkit.cloudwatch.engine.columns import tick_step_us
    from labkit.cloudwatch.engine.reasons import contributor_text

    step = tick_step_us(alarm.rule)
    now_us = service.clock.now_us
    tick = now_us - now_us % step
    window = service.evaluator.window(store, alarm, tick)
    evaluation = window.evaluation(alarm.rule, tick, alarm.state)
    ringing = {}
    for (_, one), attributes in zip(evaluation.contributors, window.attributes, strict=False):
        if one.decision == ALARM:
            ringing[dumps(sorted(attributes.items()))] = (attributes, one)
    since = dict.fromkeys(ringing, tick)
    going, back = set(ringing), tick - step
    while going and back >= alarm.transitioned_us and tick - back <= _BACK * step:
        earlier = service.evaluator.window(store, alarm, back)
        before = earlier.evaluation(alarm.rule, back, alarm.state)
        rang = {
            dumps(sorted(attributes.items()))
            for (_, one), attributes in zip(before.contributors, earlier.attributes, strict=False)
            if one.decision == ALARM
        }
        going &= rang
        since |= dict.fromkeys(going, back)
        back -= step
    return [
        {
            "ContributorId": blake2b(f"{alarm.arn}/{key}".encode(), digest_size=8).hexdigest(),
            "ContributorAttributes": attributes,
            "StateReason": contributor_text(one),
            "StateTransitionedTimestamp": to_datetime(since[key]),
        }
        for key, (attributes, one) in sorted(ringing.items())
    ]
