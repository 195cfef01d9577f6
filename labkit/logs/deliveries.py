"""Deliveries of vended logs: sources, destinations, and what goes from one to the other.

A *source* is a resource and one kind of its logs, a *destination* is a log group, a bucket or a
Firehose stream, maybe of another account whose policy must allow it, and a *delivery* joins them.
Records go to a group and to Firehose at once, and into a bucket as one file every five minutes
(ours; AWS says "best effort, in minutes"). The destination's own policies are asked each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import MINUTE, Phase, iso
from labkit.core.facts import Fact
from labkit.core.world import World
from labkit.logs.engine import vended

#: Keys of an account's things in its store.
SOURCES, DESTINATIONS, DELIVERIES = "delivery_sources", "delivery_destinations", "deliveries"
FILE = "logs.delivery"
EVERY_US = 5 * MINUTE
SERVICE = "delivery.logs.amazonaws.com"


@dataclass(slots=True)
class Source:
    """A resource and one kind of its logs."""

    name: str
    arn: str
    resource_arn: str
    service: str
    log_type: str
    tags: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Target:
    """A delivery destination: ``kind`` is S3, CWL or FH."""

    name: str
    arn: str
    kind: str
    resource_arn: str
    form: str
    role_arn: str = ""
    policy: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Delivery:
    """A source that goes to a destination."""

    id: str
    arn: str
    source: str
    target_arn: str
    fields: tuple[str, ...]
    delimiter: str = ""
    suffix: str = ""
    hive: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    #: Records that wait for the next file.
    waiting: list[dict[str, Any]] = field(default_factory=list)


class Deliveries:
    """The deliveries of a lab.

    Parameters
    ----------
    world:
        Clock, ports, stores; the handler ``logs.delivery`` is registered here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.clock.register(FILE, self._file)

    def target(self, arn: str) -> Target | None:
        """A destination by its ARN."""
        parts = arn.split(":", 6)
        if len(parts) != 7 or parts[2] != "logs" or parts[5] != "delivery-destination":
            return None
        found: Target | None = (
            self._world.store("logs", parts[4], parts[3]).of(DESTINATIONS).get(parts[6])
        )
        return found

    # -- what resources tell
    def on_delivery_finished(self, fact: Fact) -> None:
        """A rule's delivery has ended: its bus may be logged."""
        parts = fact.data["source_arn"].split(":", 5)
        if len(parts) != 6 or parts[2] != "events" or not parts[5].startswith("rule/"):
            return
        store = self._world.stores("logs").get((parts[4], parts[3]))
        if store is None or not store.of(DELIVERIES):
            return
        bus = parts[5].removeprefix("rule/").rpartition("/")[0] or "default"
        arn = f"arn:aws:events:{parts[3]}:{parts[4]}:event-bus/{bus}"
        at_ms = self._world.clock.now_us // 1000
        records = vended.bus_records(arn, fact.data, at_ms, self._world.ids.uuid())
        for source, delivery in self._of(store, arn):
            level = source.log_type.removesuffix("_LOGS")
            for record in records:
                if record["log_level"] == level:
                    self._send(store, delivery, vended.chosen(record, delivery.fields))

    @staticmethod
    def _of(store: Any, resource_arn: str) -> Iterator[tuple[Source, Delivery]]:
        for delivery in store.of(DELIVERIES).values():
            source = store.of(SOURCES).get(delivery.source)
            if source is not None and source.resource_arn == resource_arn:
                yield source, delivery

    # -- on the way
    def _send(self, store: Any, delivery: Delivery, record: dict[str, Any]) -> None:
        target = self.target(delivery.target_arn)
        if target is None:
            return
        world = self._world
        if target.kind == vended.S3:
            if not delivery.waiting:
                now_us = world.clock.now_us
                mark_us = now_us - now_us % EVERY_US + EVERY_US
                where = {"account": store.account, "region": store.region, "id": delivery.id}
                world.clock.at(mark_us, Phase.DELIVERIES, FILE, where, cause=())
            delivery.waiting.append(record)
            return
        text = vended.line(record, target.form, delivery.delimiter, delivery.fields)
        source_arn = (
            f"arn:aws:logs:{store.region}:{store.account}:delivery-source:{delivery.source}"
        )
        if target.kind == vended.FIREHOSE:
            world.ports.deliver(
                target.resource_arn, f"{text}\n", SERVICE, source_arn=source_arn,
                parameters={"Vended": True},
            )  # fmt: skip
            return
        parts = target.resource_arn.removesuffix(":*").split(":", 6)
        stream = f"{delivery.source}-{delivery.id}"
        line = (world.clock.now_us, text)
        world.ports.put_log_lines(parts[4], parts[3], parts[6], stream, [line])

    def _file(self, payload: dict[str, Any]) -> None:
        """Clock handler: what waits becomes one object."""
        world = self._world
        store = world.store("logs", payload["account"], payload["region"])
        delivery: Delivery | None = store.of(DELIVERIES).get(payload["id"])
        target = self.target(delivery.target_arn) if delivery is not None else None
        if delivery is None or target is None or not delivery.waiting:
            return
        records, delivery.waiting = delivery.waiting, []
        body, ending = vended.file(records, target.form, delivery.delimiter, delivery.fields)
        bucket, folder = bucket_of(target.resource_arn)
        now = iso(world.clock.now_us)
        stamp = now.replace("-", "").replace(":", "")[:13] + "Z"
        key = f"{folder}AWSLogs/{path(delivery, store, now)}/{stamp}_{world.ids.hex(8)}{ending}"
        may = world.ports.bucket_allows(
            bucket, key, SERVICE, account=store.account,
            source_arn=f"arn:aws:logs:{store.region}:{store.account}:delivery-source:{delivery.source}",
        )  # fmt: skip
        if may.value:
            world.ports.put_object(bucket, key, body)


def bucket_of(arn: str) -> tuple[str, str]:
    """Bucket and folder (with a slash at its end) of ``arn:aws:s3:::bucket/folder``."""
    bucket, _, folder = arn.rpartition(":")[2].partition("/")
    return bucket, f"{folder.rstrip('/')}/" if folder else ""


def path(delivery: Delivery, store: Any, now: str) -> str:
    """The folders of an object, by the delivery's suffix path."""
    template = vended.EVENT_BUS
    parts = {"yyyy": now[:4], "MM": now[5:7], "dd": now[8:10], "HH": now[11:13]}
    names = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "region": "region",
             "account-id": "account-id", "service": "service"}  # fmt: skip
    values: Mapping[str, str] = {
        **parts, "account-id": store.account, "region": store.region, "service": template.service,
    }  # fmt: skip
    text = (delivery.suffix or template.suffix).strip("/")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", f"{names[name]}={value}" if delivery.hive else value)
    return text
