"""The schema registry as the lab assembles it: discoverers look at live events.

A discoverer sees the events of its bus as they were put, not what an input transformer makes of
them. A shape that it has seen costs a hash; a new one changes the schema, and a changed schema
is a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.clock import to_datetime
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.quotas import quotas_of
from labkit.schemas.engine import inference
from labkit.schemas.records import DISCOVERED, OPENAPI, Schema, Version
from labkit.schemas.store import Store

#: The ``source`` of the registry's own events.
SOURCE = "aws.schemas"


class Schemas:
    """The schema registries of a whole lab.

    Parameters
    ----------
    world:
        The clock and the stores.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        #: ARNs of the buses at which a discoverer looks.
        self._watched: set[str] = set()
        world.remember("schemas", lambda a, r: Store(a, r, self, world.clock.start_us))

    def watch(self) -> None:
        """Find anew at which buses somebody looks."""
        self._watched = {
            one.source_arn
            for store in self._world.stores("schemas").values()
            for one in store.discoverers.values()
            if one.state == "STARTED"
        }

    def watched(self, bus_arn: str) -> bool:
        """The port ``events_watched``: whether somebody wants to see the events of a bus."""
        return bus_arn in self._watched

    def on_event_put(self, fact: Fact) -> None:
        """An event came onto a bus: whoever looks there learns its shape."""
        event, bus = fact.data["event"], fact.data["bus"]
        arn = f"arn:aws:events:{fact.region}:{fact.account}:event-bus/{bus}"
        if arn not in self._watched or event["source"] == SOURCE:
            return  # what the registry tells of itself teaches it nothing
        store: Store = self._world.store("schemas", fact.account, fact.region)
        for one in store.discoverers.values():
            foreign = event.get("account") != fact.account
            looks = one.source_arn == arn and one.state == "STARTED"
            if looks and (one.cross_account or not foreign):
                self.learn(store, event)
                return

    def learn(self, store: Store, event: Mapping[str, Any]) -> None:
        """Let the schema of such events cover this one, in a new version when it did not."""
        name = inference.schema_name(event["source"], event["detail-type"])
        schemas = store.registries[DISCOVERED].schemas
        schema = schemas.get(name)
        if schema is None:
            if len(schemas) >= _limit("discovery.schemas"):
                return
            schema = store.add_schema(DISCOVERED, name)
            schema.description = (
                f"Schema for event type {event['detail-type']}, published by {event['source']}"
            )
        key = inference.shape_key(event)
        if key in schema.shapes:
            return
        schema.shapes.add(key)
        found = inference.merged(schema.inferred, [event.get("detail")])
        if found != schema.inferred and len(schema.versions) < _limit("schemas.versions"):
            schema.inferred = found
            document = inference.openapi(event["source"], event["detail-type"], found)
            self.add_version(store, DISCOVERED, schema, OPENAPI, dumps(document))

    def add_version(
        self, store: Store, registry: str, schema: Schema, kind: str, content: str
    ) -> Version:
        """Give a schema its next version, and tell the default bus of it.

        A new schema is told twice, as ``Schema Created`` and as ``Schema Version Created`` of
        version 1. Source: EventBridge user guide, event-reference.
        """
        version = store.add_version(schema, kind, content, self._world.clock.now_us)
        kinds = ("Schema Created", "Schema Version Created")
        for detail_type in kinds[version.number > 1 :]:
            self._world.facts.publish(
                "event.emitted",
                store.account,
                store.region,
                {
                    "source": SOURCE,
                    "detail_type": detail_type,
                    "resources": [schema.arn],
                    "detail": {
                        "SchemaName": schema.name,
                        "SchemaType": kind,
                        "RegistryName": registry,
                        "CreationDate": f"{to_datetime(version.created_us):%Y-%m-%dT%H:%M:%SZ}",
                        "Version": str(version.number),
                    },
                },
            )
        return version

    def policy(self, arn: str) -> tuple[str, str] | None:
        """The resource policy that guards a registry and its schemas."""
        _, _, _, region, account, resource = arn.split(":", 5)
        store = self._world.stores("schemas").get((account, region))
        kind, _, rest = resource.partition("/")
        if store is None or kind not in ("registry", "schema"):
            return None
        registry = store.registries.get(rest.partition("/")[0])
        if registry is None or not registry.policy:
            return None
        return f"policy of registry {registry.name}", registry.policy

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self._world.stores("schemas").items())
        ]


def _limit(name: str) -> int:
    group, _, limit = name.partition(".")
    return int(quotas_of("schemas")[group][limit]["value"])
