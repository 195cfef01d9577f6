"""What comes in, as figures: AWS/Logs, the bill, and what is embedded in the lines.

Source: CloudWatch Logs user guide, "CloudWatch Logs metrics"; price list.
"""

from __future__ import annotations

from labkit.core.world import World
from labkit.logs.account_policies import AccountPolicies
from labkit.logs.engine.batch import OVERHEAD
from labkit.logs.records import INFREQUENT_ACCESS, STANDARD, Accepted
from labkit.logs.store import LogStore

NAMESPACE = "AWS/Logs"


class Figures:
    """Counts accepted batches.

    Parameters
    ----------
    world:
        Facts and meters of the lab.
    policies:
        Which say whether metrics are made of embedded metric format.
    """

    def __init__(self, world: World, policies: AccountPolicies) -> None:
        self._world = world
        self._policies = policies

    def on_accepted(self, batch: Accepted) -> None:
        """Tell IncomingLogEvents and IncomingBytes, and count the bytes that are paid for."""
        group, world = batch.group, self._world
        size = sum(batch.sizes) + OVERHEAD * len(batch.messages)
        item = "logs.ingested"
        if group.log_class == INFREQUENT_ACCESS:
            item += "_infrequent"
        world.meters.count(item, group.account, group.region, world.clock.now_us, size)
        for name, value, unit in (
            ("IncomingLogEvents", len(batch.messages), "Count"),
            ("IncomingBytes", size, "Bytes"),
        ):
            told = {
                "namespace": NAMESPACE,
                "dimensions": [["LogGroupName", group.name]],
                "metric_name": name,
                "value": float(value),
                "unit": unit,
            }
            world.facts.publish("metric.emitted", group.account, group.region, told)

    def tell_embedded(self, batch: Accepted) -> None:
        """Tell of lines with metrics in them, of a group of the standard class."""
        group = batch.group
        if group.log_class != STANDARD:
            return
        found = [
            [at_ms * 1000, text]
            for at_ms, text in zip(batch.timestamps_ms, batch.messages, strict=True)
            if '"_aws"' in text
        ]
        if not found:
            return
        store: LogStore = self._world.store("logs", group.account, group.region)
        if self._policies.extracts(store, group):
            told = {"log_group": group.name, "log_stream": batch.stream.name, "events": found}
            self._world.facts.publish("log.embedded", group.account, group.region, told)
