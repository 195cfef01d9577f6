"""Subscriptions: what is written into log groups goes on, at once, to streams and functions.

Theory of operation
-------------------
1. Each accepted batch is looked at by the filters of its group (two at most) and by the account's
   subscription policy. What matches becomes a message (:mod:`labkit.logs.engine.payloads`).
2. Messages go out in the phase of deliveries of the same instant. (AWS gathers events for a moment;
   "near real time" is all that is said.) What one call wrote into one stream goes out together.
3. A logical destination stands for a stream of another account: its owner's role puts the record.
4. What fails and may pass by itself is tried again for 24 hours and then dropped. What can't help
   by waiting (no such stream, no permission) is dropped at once.
5. Every attempt is measured in AWS/Logs, with the dimensions LogGroupName, DestinationType and
   FilterName (PolicyName for an account's policy): ForwardedLogEvents and ForwardedBytes for what
   arrived, DeliveryErrors and DeliveryThrottling for what did not.
6. A function that is told of its own log lines writes more of them: a loop. AWS warns of it and
   lets it run. Here it is stopped, and said, when the chain of causes gets too long.

Source: CloudWatch Logs user guide, SubscriptionFilters, CrossAccountSubscriptions,
Subscriptions-recursion-prevention, CloudWatch-Logs-Monitoring-CloudWatch-Metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import Phase
from labkit.core.delivery import Delivery, RetryPolicy, Stage
from labkit.core.errors import ChainTooDeep
from labkit.core.facts import MAX_CHAIN
from labkit.core.jsontext import parse
from labkit.core.world import World
from labkit.logs.engine import criteria, payloads
from labkit.logs.masking import masked
from labkit.logs.records import Accepted, LogGroup, event_id

#: Keys: of a group's filters in its policies, of an account's things in its store.
FILTERS, DESTINATIONS = "subscription_filters", "destinations"
SUBSCRIPTIONS = "subscription_policies"

SEND = "logs.subscription"
#: Tried again after 1, 2, 4 ... 128 seconds and then every five minutes, for a day (ours: AWS
#: publishes the day).
RETRY = RetryPolicy(10_000, 86_400, (Stage(8, 1, 128), Stage(10_000, 300, 300)), jitter=0.0)

#: Service of a destination's ARN -> how metrics and messages call it.
TYPES = {"kinesis": "Kinesis", "firehose": "Firehose", "lambda": "Lambda", "logs": "Destination"}
BY_LOG_STREAM, RANDOM = "ByLogStream", "Random"
GROUP_FIELDS = ("LogGroupName", "LogGroupNamePrefix")
EVENT_FIELDS = ("@aws.account", "@aws.region", "@source.log")


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """A filter of a group, or an account's policy (``policy``).

    ``service`` is the name by which the role or the function knows CloudWatch Logs.
    """

    name: str
    group: str
    pattern: str
    destination_arn: str
    role_arn: str = ""
    distribution: str = BY_LOG_STREAM
    transformed: bool = False
    created_us: int = 0
    selection: str = ""
    system_fields: tuple[str, ...] = ()
    service: str = "logs.amazonaws.com"
    policy: bool = False


@dataclass(slots=True)
class Sent:
    """What became of a filter's events so far: how many, and what was said at the last refusal."""

    forwarded: int = 0
    failed: int = 0
    waiting: int = 0
    last: str = ""


@dataclass(slots=True)
class Destination:
    """A logical destination: a stream of this account that others may subscribe to."""

    name: str
    arn: str
    target_arn: str
    role_arn: str
    created_us: int
    access_policy: str = ""
    service: str = "logs.amazonaws.com"
    tags: dict[str, str] = field(default_factory=dict)


class Subscriptions:
    """What goes on from a lab's log groups.

    Parameters
    ----------
    world:
        Clock, facts, ports; the handler ``logs.subscription`` is registered here.
    matcher:
        A filter pattern -> whether a text matches, and what it extracted (None for nothing).
    """

    def __init__(
        self, world: World, matcher: Callable[[str], Callable[[str], Mapping[str, Any] | None]]
    ) -> None:
        self._world = world
        self._matcher = matcher
        self._compiled: dict[str, Callable[[str], Mapping[str, Any] | None]] = {}
        #: (account, Region, group, filter) -> what became of it; a policy's group is its own.
        self.sent: dict[tuple[str, str, str, str], Sent] = {}
        world.clock.register(SEND, self._again)

    # -- who is subscribed
    def filters(self, group: LogGroup) -> Iterator[SubscriptionFilter]:
        """The filters that look at what a group gets: its own, then the account's policy."""
        if group.log_class != "STANDARD":
            return
        yield from group.policies.get(FILTERS, {}).values()
        store = self._world.store("logs", group.account, group.region)
        for policy in store.of(SUBSCRIPTIONS).values():
            chosen = criteria.parse(policy.selection, GROUP_FIELDS)
            if chosen.selects({"LogGroupName": group.name}):
                yield policy

    # -- what comes in
    def on_accepted(self, batch: Accepted) -> None:
        """A batch was taken: what its group's filters match goes out."""
        for one in self.filters(batch.group):
            events = self._events(one, batch)
            if not events:
                continue
            message = payloads.data_message(
                batch.group.account, batch.group.name, batch.stream.name, [one.name], events
            )
            kind = self._kind(one)
            for data, count in payloads.pieces(message, payloads.MOST_BYTES[kind]):
                self._plan(one, batch.group, batch.stream.name, data, count)

    def _events(self, one: SubscriptionFilter, batch: Accepted) -> list[dict[str, Any]]:
        matches = self._match(one.pattern)
        about = {"@aws.account": batch.group.account, "@aws.region": batch.group.region,
                 "@source.log": batch.group.name}  # fmt: skip
        if (
            one.selection
            and not one.policy
            and not criteria.parse(one.selection, EVENT_FIELDS).selects(about)
        ):
            return []
        added = {name: about[name] for name in one.system_fields}
        texts: Sequence[str] = batch.messages
        if one.transformed:
            texts = batch.transformed or texts
        found = []
        for index, (at_ms, plain) in enumerate(zip(batch.timestamps_ms, texts, strict=True)):
            # Nobody unmasks what leaves by a subscription.
            text = masked(batch.group, at_ms, plain, False, batch.ingested_ms)
            extracted = matches(text)
            if extracted is None:
                continue
            event: dict[str, Any] = {
                "id": event_id(at_ms, batch.first_seq + index),
                "timestamp": at_ms,
                "message": text,
            }
            # Fields of a space-delimited pattern go along, by their names; of a JSON pattern
            # ("$.level") nothing does, since the message has them already.
            named = {k[1:]: v for k, v in extracted.items() if k[:1] == "$" and k[:2] != "$."}
            if named or added:
                event["extractedFields"] = {**named, **added}
            found.append(event)
        return found

    def _match(self, pattern: str) -> Callable[[str], Mapping[str, Any] | None]:
        found = self._compiled.get(pattern)
        if found is None:
            found = self._compiled[pattern] = self._matcher(pattern)
        return found

    def _kind(self, one: SubscriptionFilter) -> str:
        arn = one.destination_arn
        behind = self.destination(arn)
        return (behind.target_arn if behind else arn).split(":")[2].replace("logs", "kinesis")

    def destination(self, arn: str) -> Destination | None:
        """A logical destination by its ARN; None for what is none, or is not there."""
        parts = arn.split(":", 6)
        if len(parts) != 7 or parts[2] != "logs" or parts[5] != "destination":
            return None
        store = self._world.store("logs", parts[4], parts[3])
        found: Destination | None = store.of(DESTINATIONS).get(parts[6])
        return found

    # -- what goes out
    def _plan(
        self, one: SubscriptionFilter, group: LogGroup, stream: str, data: bytes, count: int
    ) -> None:
        clock = self._world.clock
        key = stream if one.distribution == BY_LOG_STREAM else self._world.ids.hex(32)
        clock.at(
            clock.now_us,
            Phase.DELIVERIES,
            SEND,
            {
                "account": group.account,
                "region": group.region,
                "group": group.name,
                "filter": one.name,
                "policy": one.policy,
                "key": key,
                "data": data,
                "count": count,
                "first_us": clock.now_us,
                "retries": 0,
            },
            cause=(*clock.cause, f"subscription filter {one.name} of {group.name}"),
        )

    def _again(self, payload: dict[str, Any]) -> None:
        """Clock handler: a message's turn, the first time or again."""
        clock = self._world.clock
        store = self._world.store("logs", payload["account"], payload["region"])
        group = store.find(payload["group"])
        if group is None:
            return
        held = store.of(SUBSCRIPTIONS) if payload["policy"] else group.policies.get(FILTERS, {})
        one = held.get(payload["filter"])
        if one is None:
            return
        if len(clock.cause) >= MAX_CHAIN - 1:
            raise ChainTooDeep(loop_text(one, group, clock.cause))
        done = self.send(one, group.arn, payload["data"], payload["key"])
        self._measure(one, group, payload, done)
        age_us = clock.now_us - payload["first_us"]
        over = done.ok or not done.retryable or RETRY.exhausted(payload["retries"], age_us)
        self._remember(payload, done, bool(over))
        if over:
            return
        payload["retries"] += 1
        due = clock.now_us + RETRY.wait_us(payload["retries"], 0.5)
        due = min(due, payload["first_us"] + RETRY.maximum_age_s * 1_000_000)
        clock.at(max(due, clock.now_us + 1), Phase.DELIVERIES, SEND, payload)

    def _remember(self, payload: Mapping[str, Any], done: Delivery, over: bool) -> None:
        key = (payload["account"], payload["region"], payload["group"], payload["filter"])
        sent, count = self.sent.setdefault(key, Sent()), payload["count"]
        if payload["retries"]:
            sent.waiting -= count
        if done.ok:
            sent.forwarded += count
            return
        sent.last = f"{done.code}: {done.message}"
        if over:
            sent.failed += count
        else:
            sent.waiting += count

    def send(
        self, one: SubscriptionFilter, group_arn: str, data: bytes, key: str, *, dry: bool = False
    ) -> Delivery:
        """Hand a message over, once.

        Parameters
        ----------
        one:
            The filter that it is for.
        group_arn:
            ARN of the log group: what the function's policy is asked with.
        data:
            The message, packed.
        key:
            Partition key of a stream's record.
        dry:
            Only ask whether a function would be invoked.
        """
        target, role, service = one.destination_arn, one.role_arn, one.service
        behind = self.destination(target)
        if behind is not None:
            target, role, service = behind.target_arn, behind.role_arn, behind.service
        elif ":destination:" in target:
            text = "The specified destination does not exist."
            return Delivery(False, "ResourceNotFoundException", False, text)
        kind = target.split(":")[2]
        parameters: dict[str, Any] = {}
        body: str | bytes = data
        if kind == "kinesis":
            parameters["PartitionKey"] = key
        elif kind == "lambda":
            body = payloads.for_function(data)
            if dry:
                parameters["InvocationType"] = "DryRun"
        return self._world.ports.deliver(
            target,
            body,
            role or service,
            service=service,
            source_arn=f"{group_arn}:*",
            source_account=group_arn.split(":")[4],
            parameters=parameters or None,
        )

    # -- figures
    def _measure(
        self, one: SubscriptionFilter, group: LogGroup, payload: Mapping[str, Any], done: Delivery
    ) -> None:
        if done.ok:
            told = [("ForwardedLogEvents", payload["count"], "Count"),
                    ("ForwardedBytes", len(payload["data"]), "Bytes")]  # fmt: skip
        elif "Thrott" in done.code or "Throughput" in done.code or "TooMany" in done.code:
            told = [("DeliveryThrottling", payload["count"], "Count")]
        else:
            told = [("DeliveryErrors", payload["count"], "Count")]
        kind = self.destination(one.destination_arn)
        arn = kind.target_arn if kind is not None else one.destination_arn
        dimensions = [["DestinationType", TYPES.get(arn.split(":")[2], "")]]
        if one.policy:
            dimensions += [["PolicyLevel", "AccountPolicy"], ["PolicyName", one.name]]
        else:
            dimensions += [["FilterName", one.name], ["LogGroupName", group.name]]
        for name, value, unit in told:
            self._world.facts.publish(
                "metric.emitted",
                group.account,
                group.region,
                {
                    "namespace": "AWS/Logs",
                    "dimensions": dimensions,
                    "metric_name": name,
                    "value": float(value),
                    "unit": unit,
                },
            )


def account_policy(
    name: str, document: str, selection: str, now_us: int, service: str = "logs.amazonaws.com"
) -> SubscriptionFilter:
    """An account's subscription policy out of its document.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    try:
        told = parse(document)
    except ValueError as problem:
        raise ValueError(f"the policy document is no JSON: {problem}") from None
    known = {"DestinationArn", "RoleArn", "FilterPattern", "Distribution"}
    if not isinstance(told, dict) or not isinstance(told.get("DestinationArn"), str):
        raise ValueError("the policy document needs a DestinationArn")
    odd = sorted(set(told) - known)
    if odd or any(not isinstance(value, str) for value in told.values()):
        raise ValueError(f"the policy document takes texts under {', '.join(sorted(known))} only")
    if told.get("Distribution", BY_LOG_STREAM) not in (BY_LOG_STREAM, RANDOM):
        raise ValueError("Distribution must be Random or ByLogStream")
    criteria.parse(selection, GROUP_FIELDS)
    return SubscriptionFilter(
        name, "", told.get("FilterPattern", ""), told["DestinationArn"], told.get("RoleArn", ""),
        told.get("Distribution", BY_LOG_STREAM), created_us=now_us, selection=selection,
        service=service, policy=True,
    )  # fmt: skip


def loop_text(one: SubscriptionFilter, group: LogGroup, cause: Sequence[str]) -> str:
    """What is said of a loop."""
    return (
        f"subscription filter {one.name} of {group.name} leads again and again to lines of the "
        f"group that it waits for; stopped after {len(cause)} links (on AWS it would go on, at "
        "your expense). Let its pattern leave out what its own destination writes, or subscribe "
        f"another group.\nit began with {cause[0]}"
    )
