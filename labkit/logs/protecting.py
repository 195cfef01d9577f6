"""Data protection as it happens: which policies stand, what they find, who is told.

Each accepted batch is looked at by the policy of its group and by the account's. An event with
findings is one report, which goes where the policy says (a log group of ``/aws/vendedlogs/``,
Firehose, a bucket), and one count of the metric LogEventsWithFindings. Masking itself is done where
events are read (:mod:`labkit.logs.masking`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from labkit.core.clock import iso
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.logs.engine import protection
from labkit.logs.masking import PROTECTED, Protected, masked
from labkit.logs.records import Accepted, LogGroup

#: Keys: of a group's document in its policies, of the account's policy in its store.
DOCUMENT, ACCOUNT_POLICY = "data_protection", "data_protection"
GROUP, ACCOUNT = "group", "account"
VENDED = "/aws/vendedlogs/"
STREAM = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"


class Protecting:
    """The data protection of a lab.

    Parameters
    ----------
    world:
        Clock, facts, ports, stores.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def stand(self, group: LogGroup, owner: str, policy: protection.Policy | None) -> None:
        """From now on this policy of an owner stands for a group; None for none."""
        now_ms = self._world.clock.now_us // 1000
        spans: list[Protected] = group.policies.setdefault(PROTECTED, [])
        for span in spans:
            if span.owner == owner and span.until_ms is None:
                span.until_ms = now_ms
        if policy is not None:
            spans.append(Protected(policy, owner, now_ms))

    def on_accepted(self, batch: Accepted) -> None:
        """A batch was taken: who asked for findings is told."""
        group = batch.group
        standing = self._standing(group)
        for span in standing:
            policy = span.policy
            reports = []
            for message in batch.messages:
                findings = policy.findings(message)
                if findings:
                    at = iso(batch.ingested_ms * 1000)
                    reports.append(dumps(protection.report(f"{group.arn}:*", at, findings)))
            if reports:
                self._measure(group, len(reports))
                self._tell(group, policy, reports)

    @staticmethod
    def seen(batch: Accepted) -> Accepted:
        """A batch as whoever works on in the log group sees it: masked, where a policy stands."""
        if not batch.group.policies.get(PROTECTED):
            return batch

        def hidden(texts: Sequence[str]) -> list[str]:
            return [masked(batch.group, 0, text, False, batch.ingested_ms) for text in texts]

        return replace(
            batch, messages=hidden(batch.messages), transformed=hidden(batch.transformed)
        )

    def _standing(self, group: LogGroup) -> list[Protected]:
        """The policies of a group, its account's among them."""
        store = self._world.store("logs", group.account, group.region)
        mine = group.policies.get(PROTECTED, [])
        given = next(iter(store.of(ACCOUNT_POLICY).values()), None)
        held = next((s for s in mine if s.owner == ACCOUNT and s.until_ms is None), None)
        if (held.policy if held else None) is not given:
            self.stand(group, ACCOUNT, given)
            mine = group.policies[PROTECTED]
        return [span for span in mine if span.until_ms is None]

    # -- telling
    def _measure(self, group: LogGroup, count: int) -> None:
        self._world.facts.publish(
            "metric.emitted",
            group.account,
            group.region,
            {
                "namespace": "AWS/Logs",
                "dimensions": [["DataProtectionOperation", "Audit"], ["LogGroupArn", group.arn]],
                "metric_name": "LogEventsWithFindings",
                "value": float(count),
                "unit": "Count",
            },
        )

    def _tell(self, group: LogGroup, policy: protection.Policy, reports: list[str]) -> None:
        world, where = self._world, policy.destinations
        account, region = group.account, group.region
        source = f"{group.arn}:*"
        if "CloudWatchLogs" in where and where["CloudWatchLogs"] != group.name:
            lines = [(world.clock.now_us, text) for text in reports]
            stream = f"{group.name.strip('/').replace('/', '-')}"
            world.ports.put_log_lines(account, region, where["CloudWatchLogs"], stream, lines)
        if "Firehose" in where:
            arn = f"arn:aws:firehose:{region}:{account}:deliverystream/{where['Firehose']}"
            body = "".join(f"{text}\n" for text in reports)
            world.ports.deliver(
                arn, body, "delivery.logs.amazonaws.com", source_arn=source, source_account=account,
                parameters={"Vended": True},
            )  # fmt: skip
        if "S3" in where:
            self._into_bucket(group, where["S3"], reports)

    def _into_bucket(self, group: LogGroup, bucket: str, reports: list[str]) -> None:
        import gzip

        world = self._world
        day = iso(world.clock.now_us)[:10].replace("-", "/")
        key = (
            f"AWSLogs/{group.account}/CloudWatchLogs-DataProtection/{group.region}/{day}/"
            f"{world.ids.uuid()}.log.gz"
        )
        source = f"arn:aws:logs:{group.region}:{group.account}:*"
        may = world.ports.bucket_allows(
            bucket, key, "delivery.logs.amazonaws.com", source_arn=source, account=group.account
        )
        if may.value:
            body = "".join(f"{text}\n" for text in reports).encode()
            world.ports.put_object(bucket, key, gzip.compress(body, 6, mtime=0))


def destinations_problem(
    world: World, account: str, region: str, group: Any, policy: protection.Policy
) -> str:
    """What is wrong with the destinations of a policy's findings; '' when they are there."""
    where = policy.destinations
    name = where.get("CloudWatchLogs")
    if name is not None:
        if not name.startswith(VENDED):
            return f"The log group of findings must begin with {VENDED}."
        if not world.ports.log_group_exists(account, region, name):
            return f"The log group {name} does not exist."
        if group is not None and group.name == name:
            return "Findings can't go to the log group that is audited."
    if "S3" in where and world.ports.object_keys(where["S3"], "") is None:
        return f"The bucket {where['S3']} does not exist."
    return ""
