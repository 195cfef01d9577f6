"""What transformers make of the lines that come in: the group's own, else the account's.

Each batch tells ``AWS/Logs TransformedLogEvents``, ``TransformedBytes`` and
``TransformationErrors``: by log group for the group's own transformer, by ``PolicyLevel`` for the
account's. Lines above 512 KB are not transformed. (User guide, CloudWatch-Logs-Transformation,
CloudWatch-Logs-Monitoring-CloudWatch-Metrics)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.jsontext import parse
from labkit.core.world import World
from labkit.logs.account_policies import TRANSFORMER, AccountPolicies
from labkit.logs.engine.batch import size_of
from labkit.logs.engine.transform import transform
from labkit.logs.figures import NAMESPACE
from labkit.logs.records import STANDARD, LogGroup
from labkit.logs.store import LogStore
from labkit.logs.structured import ERROR

#: The kind of policy of a group under which its transformer is kept.
KIND = "transformer"
MOST_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Made:
    """What a transformer made of a batch.

    ``texts``: the lines as filters on transformed logs see them, those of which it made nothing as
    they came. ``kept``: what is kept of each; see :mod:`labkit.logs.structured`.
    """

    texts: Sequence[str] = ()
    kept: Sequence[str] = ()


class Transforming:
    """The transformers of a lab.

    Parameters
    ----------
    world:
        Facts of the lab.
    policies:
        The account's transformers are among them.
    """

    def __init__(self, world: World, policies: AccountPolicies) -> None:
        self._world, self._policies = world, policies
        self._read: dict[str, Sequence[Mapping[str, Any]]] = {}

    def made(self, group: LogGroup, stream: str, messages: Sequence[str]) -> Made:
        """What a group's transformer makes of lines of a stream; nothing when it has none."""
        config, level = self._config(group)
        if config is None:
            return Made()
        about = {
            "@logGroupName": group.name,
            "@logGroupStream": stream,
            "@accountId": group.account,
            "@regionName": group.region,
        }
        texts, kept = [], []
        for text in messages:
            found = transform(config, text, about) if size_of(text) < MOST_BYTES else None
            texts.append(found or text)
            kept.append(found or f"{ERROR}{_why(config, text)}")
        failed = sum(one.startswith(ERROR) for one in kept)
        size = sum(size_of(one) for one in kept if not one.startswith(ERROR))
        self._measure(group, level, len(kept) - failed, size, failed)
        return Made(texts, kept)

    def _config(self, group: LogGroup) -> tuple[Sequence[Mapping[str, Any]] | None, list[str]]:
        held: Any = group.policies.get(KIND)
        if held is not None:
            return held.config, ["LogGroupName", group.name]
        store: LogStore = self._world.store("logs", group.account, group.region)
        if group.log_class != STANDARD or not store.kept.get("account_policies"):
            return None, []
        policy = next(self._policies.selecting(store, TRANSFORMER, group), None)
        if policy is None:
            return None, []
        config = self._read.get(policy.document)
        if config is None:
            config = self._read[policy.document] = parse(policy.document)
        return config, ["PolicyLevel", "AccountPolicy"]

    def _measure(
        self, group: LogGroup, dimension: list[str], events: int, size: int, failed: int
    ) -> None:
        for name, value in (
            ("TransformedLogEvents", events),
            ("TransformedBytes", size),
            ("TransformationErrors", failed),
        ):
            if not value:
                continue
            told = {
                "namespace": NAMESPACE,
                "dimensions": [dimension],
                "metric_name": name,
                "value": float(value),
                "unit": "Bytes" if name == "TransformedBytes" else "None",
            }
            self._world.facts.publish("metric.emitted", group.account, group.region, told)


def _why(config: Sequence[Mapping[str, Any]], text: str) -> str:
    if size_of(text) >= MOST_BYTES:
        return "The log event is larger than 512 KB."
    return f"The log event is not what {next(iter(config[0]))} parses."
