"""What AWS resources tell the monitoring services: log lines, events, metrics, alarms of theirs.

Everything of the backing that writes to CloudWatch, Logs or EventBridge does it here. A fact is
told when the request under way is over, so that whoever hears it finds moto between two calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.facts import Facts
from labkit.core.ports import Ports


class Emitters:
    """The writing end of a lab's resources.

    Parameters
    ----------
    world:
        moto's world of the lab; moto's own uses come through its façades.
    facts:
        Where ``log.emitted``, ``event.emitted`` and ``metric.emitted`` are told.
    ports:
        Whom to ask for log groups and alarms.
    """

    def __init__(self, world: MotoWorld, facts: Facts, ports: Ports | None = None) -> None:
        self._world = world
        self._facts = facts
        self._ports = ports or Ports()
        world.listen("emit", self)

    def log(
        self,
        account: str,
        region: str,
        source: str,
        log_group: str,
        log_stream: str,
        events: Sequence[tuple[int, str]],
    ) -> None:
        """Tell of log lines.

        Parameters
        ----------
        source:
            The service that writes (``lambda``, ``ecs``, ``route53``).
        events:
            (microseconds since the epoch, text) of each line.
        """
        data = {
            "source": source,
            "log_group": log_group,
            "log_stream": log_stream,
            "events": [[at_us, text] for at_us, text in events],
        }
        self._tell("log.emitted", account, region, data)

    def event(
        self,
        account: str,
        region: str,
        source: str,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
    ) -> None:
        """Tell of an event for the account's default bus (``aws.autoscaling``, ...)."""
        data = {
            "source": source,
            "detail_type": detail_type,
            "resources": list(resources),
            "detail": dict(detail),
        }
        self._tell("event.emitted", account, region, data)

    def metric(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
    ) -> None:
        """Tell of one measured value, as of now."""
        data = {
            "namespace": namespace,
            "dimensions": [list(pair) for pair in sorted(dimensions.items())],
            "metric_name": name,
            "value": value,
            "unit": unit,
        }
        self._tell("metric.emitted", account, region, data)

    def members(self, account: str, region: str, group: str, in_service: Sequence[str]) -> None:
        """Tell which instances of an Auto Scaling group are in service now."""
        data = {"group": group, "in_service": list(in_service)}
        self._tell("group.members", account, region, data)

    def _tell(self, kind: str, account: str, region: str, data: dict[str, Any]) -> None:
        if self._facts.heard(kind):
            self._world.afterwards(lambda: self._facts.publish(kind, account, region, data))

    # -- questions
    def log_group_exists(self, account: str, region: str, name: str) -> bool:
        """Whether there is such a log group; as long as there is no Logs, every one is there."""
        if not self._ports.answered("log_group_exists"):
            return True
        return self._ports.log_group_exists(account, region, name)

    def ensure_log_group(
        self, account: str, region: str, name: str, retention_days: int | None = None
    ) -> None:
        """Let Logs make a group that is not there, and keep its events so many days."""
        if self._ports.answered("ensure_log_group"):
            self._ports.ensure_log_group(account, region, name, retention_days)

    def delete_log_group(self, account: str, region: str, name: str) -> None:
        """Let Logs delete a group."""
        if self._ports.answered("delete_log_group"):
            self._ports.delete_log_group(account, region, name)

    def put_alarm(self, account: str, region: str, parameters: Mapping[str, Any]) -> str:
        """Let CloudWatch make or change an alarm for a service; its ARN."""
        return self._ports.put_alarm(account, region, parameters)

    def delete_alarms(self, account: str, region: str, names: Sequence[str]) -> None:
        """Let CloudWatch delete alarms of a service; names it does not know are passed over."""
        self._ports.delete_alarms(account, region, names)
