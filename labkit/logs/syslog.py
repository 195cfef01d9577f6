"""Syslog into log groups: which VPC endpoint feeds which groups, and what comes in.

A message goes to every group whose configuration names its endpoint, into the stream
``<endpoint>_Syslog_<Region>``, as it came; its fields are found by queries. The service writes as
``syslog.logs.amazonaws.com``, so a resource policy has to let it in. What was received and what was
dropped, and why, is told in ``AWS/Logs``. (User guide, CWL_Syslog and the pages below it)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.core.clock import to_datetime
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.logs.engine import syslog
from labkit.logs.engine.batch import clean, size_of
from labkit.logs.figures import NAMESPACE
from labkit.logs.records import LogGroup

if TYPE_CHECKING:
    from labkit.logs.service import Logs
    from labkit.logs.store import LogStore

#: Under which kind a store keeps the configurations.
KIND = "syslog"
SERVICE = "syslog.logs.amazonaws.com"
#: Of one batch, as PutLogEvents takes it.
_MOST_BYTES, _MOST_EVENTS, _OVERHEAD = 1_048_576, 10_000, 26


@dataclass(frozen=True, slots=True)
class Configuration:
    """Messages that come by an endpoint go to a group."""

    group_arn: str
    group_name: str
    endpoint: str
    created_us: int


class Syslog:
    """The syslog service of a lab.

    Parameters
    ----------
    logs:
        The service.
    world:
        Clock, facts and ports.
    """

    def __init__(self, logs: Logs, world: World) -> None:
        self._logs, self._world = logs, world

    def take(
        self,
        account: str,
        region: str,
        endpoint: str,
        messages: Sequence[str],
        dropped: int = 0,
        opened: int = 0,
        closed: int = 0,
    ) -> bool:
        """What came to an endpoint; whether all of it was delivered.

        Parameters
        ----------
        account, region, endpoint:
            Where.
        messages:
            In the order in which they came.
        dropped:
            Datagrams that were too large.
        opened, closed:
            Connections that began and ended.
        """
        store = self._logs.store(account, region)
        found: list[Configuration] = [
            one for one in store.of(KIND).values() if one.endpoint == endpoint
        ]
        for name, count in (("Established", opened), ("Closed", closed)):
            self._measure(store, f"SyslogConnections{name}", count)
        good = bool(found) or not messages
        for one in found:
            if dropped:
                self._drop(store, one, "MessageSizeExceeded", dropped)
            if messages:
                good = self._deliver(store, one, messages) and good
        return good

    def _deliver(self, store: LogStore, one: Configuration, messages: Sequence[str]) -> bool:
        group = store.find(one.group_name)
        if group is None:
            self._drop(store, one, "ResourceNotFound", len(messages))
            return False
        if not self._may_write(group, one):
            self._drop(store, one, "AccessDenied", len(messages))
            return False
        now = to_datetime(self._world.clock.now_us)
        texts = [clean(text) for text in messages]
        fields = [syslog.fields_of(text, now) for text in texts]
        self._write(store, group, one, texts, ["" if f is None else dumps(f) for f in fields])
        self._measure(store, "SyslogMessagesReceived", len(texts), ["LogGroupName", group.name])
        return True

    def _write(
        self,
        store: LogStore,
        group: LogGroup,
        one: Configuration,
        texts: Sequence[str],
        fields: Sequence[str],
    ) -> None:
        now_us = self._world.clock.now_us
        name = f"{one.endpoint}_Syslog_{store.region}"
        stream = group.streams.get(name) or store.add_stream(group, name, now_us)
        begin, size = 0, 0
        for place in range(len(texts) + 1):
            more = size_of(texts[place]) + _OVERHEAD if place < len(texts) else _MOST_BYTES
            if place > begin and (size + more > _MOST_BYTES or place - begin >= _MOST_EVENTS):
                self._logs.accept(
                    group,
                    stream,
                    [now_us // 1000] * (place - begin),
                    texts[begin:place],
                    structured=fields[begin:place],
                )
                begin, size = place, 0
            size += more

    def _may_write(self, group: LogGroup, one: Configuration) -> bool:
        source = f"arn:aws:ec2:{group.region}:{group.account}:vpc-endpoint/{one.endpoint}"
        stream = f"{group.arn}:log-stream:{one.endpoint}_Syslog_{group.region}"
        return all(
            self._world.ports.allowed(SERVICE, action, stream, source, group.account)
            for action in ("logs:CreateLogStream", "logs:PutLogEvents")
        )

    def _drop(self, store: LogStore, one: Configuration, reason: str, count: int) -> None:
        self._measure(
            store, "SyslogMessagesDropped", count, ["LogGroupName", one.group_name],
            ["Reason", reason],
        )  # fmt: skip

    def _measure(self, store: LogStore, name: str, count: int, *dimensions: list[str]) -> None:
        if not count:
            return
        told = {
            "namespace": NAMESPACE,
            "dimensions": sorted(dimensions),
            "metric_name": name,
            "value": float(count),
            "unit": "Count",
        }
        self._world.facts.publish("metric.emitted", store.account, store.region, told)
