"""Alarms that another service makes for itself: those of target-tracking policies.

They are alarms like any other. Nobody called an API for them, so CloudTrail has no record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call, Principal
from labkit.core.world import World
from labkit.quotas import quotas_of

_WHO = "autoscaling.amazonaws.com"


class ManagedAlarms:
    """The answerer of the ports ``put_alarm`` and ``delete_alarms``.

    Parameters
    ----------
    world:
        The lab's clock, facts and stores.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def put_alarm(self, account: str, region: str, parameters: Mapping[str, Any]) -> str:
        """Make or change an alarm for another service (port ``put_alarm``); its ARN."""
        from labkit.cloudwatch.api.alarms import put_metric_alarm

        put_metric_alarm(self._call("PutMetricAlarm", account, region), **parameters)
        return self._world.store("cloudwatch", account, region).alarms[parameters["AlarmName"]].arn

    def delete_alarms(self, account: str, region: str, names: Sequence[str]) -> None:
        """Delete alarms for another service (port ``delete_alarms``)."""
        from labkit.cloudwatch.api.alarms import delete_alarms

        known = [
            name
            for name in names
            if name in self._world.store("cloudwatch", account, region).alarms
        ]
        if known:
            delete_alarms(self._call("DeleteAlarms", account, region), AlarmNames=known)

    def _call(self, operation: str, account: str, region: str) -> Call:
        """A call that a service makes and nobody records."""
        world = self._world
        return Call(
            service="cloudwatch",
            operation=operation,
            account=account,
            region=region,
            now_us=world.clock.now_us,
            principal=Principal("AWSService", account, "", "", name=_WHO),
            request_id="",
            source_ip=_WHO,
            user_agent=_WHO,
            cause=world.clock.cause,
            store=self._world.store("cloudwatch", account, region),
            facts=world.facts,
            ports=world.ports,
            ids=world.ids,
            quotas=quotas_of("cloudwatch"),
        )
