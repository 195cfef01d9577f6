"""Ports: the typed questions that one service asks and exactly one other answers, at once.

A service that needs another never imports it: it asks a port. Who answers is said in
``labkit/wiring.py``. A port without an answerer yet is a seam of a later part; asking it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from labkit.core.delivery import DeadLetter, Delivery, Extras, Parcel, RetryPolicy
from labkit.core.errors import WiringError
from labkit.core.organization import Organization
from labkit.core.sharing import Linked
from labkit.core.sources import Source
from labkit.core.traces import Arrivals, TraceSource
from labkit.core.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np

    from labkit.core.call import Principal
    from labkit.core.facts import Fact


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the published table."""

    name: str
    question: str
    asked_by: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in S3, as who scans buckets sees it: bucket, key, bytes, ETag without quotes."""

    bucket: str
    key: str
    size: int
    etag: str


def _table(*rows: Port) -> dict[str, Port]:
    return {row.name: row for row in rows}


#: Every port. ``answered_by`` names the part that has the answer; for the seams of later parts a
#: strict-xfail test in tests/core/test_wiring.py waits.
PORTS: dict[str, Port] = _table(
    Port(
        "deliver",
        "Hand this payload to that ARN on behalf of that principal.",
        "alarms, rules, schedules, subscriptions, canaries",
        "backing/deliver",
    ),
    Port(
        "deliver_reliably",
        "Hand it over, try again while that can help, keep what nobody took.",
        "rules, schedules, subscriptions, topics",
        "backing/deliver",
    ),
    Port(
        "put_log_lines",
        "Write these lines into that log group.",
        "deliveries",
        "logs",
    ),
    Port(
        "ensure_log_group",
        "Let there be a log group of this name, that keeps events so many days.",
        "containers, environments",
        "logs",
    ),
    Port("delete_log_group", "Delete this log group.", "environments", "logs"),
    Port("put_on_bus", "Put this event on that bus.", "deliveries", "eventbridge"),
    Port("metric_sources", "Which pulled sources have metrics here?", "cloudwatch", "workloads"),
    Port(
        "accept_segments",
        "Take these segment documents of an AWS service.",
        "functions, topics, APIs",
        "xray",
    ),
    Port("traced", "Which of these requests are traced?", "APIs, the shop", "xray"),
    Port("trace_sources", "Which pulled sources have traces here?", "xray", "workloads"),
    Port(
        "linked_accounts",
        "Which accounts share their metrics or log groups with this monitoring account?",
        "cloudwatch, logs",
        "oam",
    ),
    Port(
        "policy_allows",
        "Does this resource policy, by itself, allow somebody an action?",
        "oam",
        "gateway",
    ),
    Port(
        "run_canary",
        "Run this canary now, against the lab's sites, and wait for it.",
        "synthetics",
        "the runner of canaries",
    ),
    Port(
        "canary_fingerprint",
        "What would a run of this canary depend on now?",
        "synthetics",
        "the runner of canaries",
    ),
    Port(
        "instance_action",
        "Stop, terminate, reboot or recover this instance.",
        "cloudwatch alarms",
        "backing/ec2",
    ),
    Port(
        "instance_about",
        "What is this instance called, and which role does its profile give it?",
        "agents",
        "backing/ec2",
    ),
    Port(
        "allowed",
        "May this role or service do this to that?",
        "Firehose and whoever acts with a role",
        "gateway",
    ),
    Port(
        "scaling_action",
        "Run this scaling policy, since an alarm changed its state.",
        "cloudwatch alarms",
        "backing/autoscaling",
    ),
    Port(
        "put_alarm",
        "Make or change an alarm that a scaling policy manages.",
        "backing/autoscaling",
        "cloudwatch",
    ),
    Port(
        "delete_alarms",
        "Delete alarms that a scaling policy manages.",
        "backing/autoscaling",
        "cloudwatch",
    ),
    Port("put_metric", "Store this point at its own instant.", "logs", "cloudwatch"),
    Port(
        "log_group_exists",
        "Is there a log group of this name?",
        "flow logs, query logging, cloudtrail",
        "logs",
    ),
    Port(
        "log_table",
        "Which table does this Logs Insights query give over that range?",
        "dashboards",
        "logs",
    ),
    Port(
        "log_events",
        "Which events do these log groups have over that range?",
        "Contributor Insights",
        "logs",
    ),
    Port(
        "trail_logs",
        "In which Region does a trail log this call or sign-in?",
        "eventbridge",
        "cloudtrail",
    ),
    Port(
        "call_record",
        "What is CloudTrail's record of this call or sign-in?",
        "eventbridge",
        "cloudtrail",
    ),
    Port(
        "lake_events",
        "What does this event data store hold over that range?",
        "logs",
        "cloudtrail",
    ),
    Port(
        "events_watched", "Does a discoverer look at this bus's events?", "eventbridge", "schemas"
    ),
    Port(
        "call_as",
        "Make this API call as somebody for whom a service acts.",
        "eventbridge, scheduler",
        "gateway",
    ),
    Port(
        "http_request",
        "What does an HTTP endpoint on this machine answer?",
        "eventbridge",
        "backing/outside",
    ),
    Port(
        "organization",
        "In which organization is this account?",
        "cloudtrail",
        "backing/organizations",
    ),
    Port(
        "tracing_setup",
        "What of tracing is set up where this program runs?",
        "xray",
        "backing/tracing",
    ),
    Port(
        "traces_arrive",
        "Do traces of a program that runs on this resource arrive?",
        "workloads",
        "xray",
    ),
    Port("setting", "What is this setting of a resource?", "workloads", "backing/settings"),
    Port("key_usable", "Is this KMS key there and enabled?", "logs, cloudtrail", "backing/kms"),
    Port(
        "objects_under",
        "Which objects of that bucket are below this prefix?",
        "athena, cloudtrail, logs",
        "backing/s3",
    ),
    Port("put_object", "Put this object into that bucket.", "cloudtrail", "backing/s3"),
    Port(
        "get_object",
        "What is under this key, and its metadata?",
        "athena, cloudtrail",
        "backing/s3",
    ),
    Port("bucket_allows", "May this service write to that bucket?", "cloudtrail, logs", "gateway"),
)


class Ports:
    """The questions of one lab and who answers them."""

    def __init__(self) -> None:
        self._answers: dict[str, Callable[..., Any]] = {}

    def answer(self, name: str, answerer: Callable[..., Any]) -> None:
        """Let ``answerer`` answer the port ``name``; each port has exactly one."""
        if name not in PORTS:
            raise WiringError(f"no port is called {name!r}")
        if name in self._answers:
            raise WiringError(f"the port {name!r} has an answerer already")
        self._answers[name] = answerer

    def answered(self, name: str) -> bool:
        """Whether somebody answers this port."""
        return name in self._answers

    def _ask(self, name: str) -> Callable[..., Any]:
        try:
            return self._answers[name]
        except KeyError:
            raise WiringError(
                f"nobody answers the port {name!r} yet ({PORTS[name].answered_by})"
            ) from None

    def deliver(
        self, arn: str, payload: str | bytes, principal: str, **extras: Unpack[Extras]
    ) -> Delivery:
        """Hand ``payload`` to the target ``arn`` on behalf of ``principal``, once.

        Parameters
        ----------
        arn, payload, principal, extras:
            The fields of :class:`labkit.core.delivery.Parcel`, which is what the answerer gets.

        Returns
        -------
        Delivery
            A failure has the target's own error code, and is a fact ``delivery.failed``.
        """
        answer: Delivery = self._ask("deliver")(Parcel(arn, payload, principal, **extras))
        return answer

    def deliver_reliably(
        self,
        arn: str,
        payload: str | bytes,
        principal: str,
        *,
        retry: RetryPolicy | None = None,
        dead_letter_arn: str = "",
        dead_letter_attributes: Mapping[str, str] | None = None,
        dead_letter_principal: str = "",
        **extras: Unpack[Extras],
    ) -> Delivery:
        """:meth:`deliver`, tried again on the lab's clock, and kept as a dead letter at last.

        Parameters
        ----------
        retry:
            When to try again and when to stop; EventBridge's defaults when left out.
        dead_letter_arn:
            A standard queue for what nobody took; it is dropped when left out.
        dead_letter_attributes, dead_letter_principal:
            See :class:`labkit.core.delivery.DeadLetter`.

        Returns
        -------
        Delivery
            Of the first attempt. What can be retried is tried again later; how it ended is told by
            the fact ``delivery.finished``.
        """
        letter = None
        if dead_letter_arn:
            letter = DeadLetter(
                dead_letter_arn, dead_letter_attributes or {}, dead_letter_principal
            )
        parcel = Parcel(arn, payload, principal, **extras)
        answer: Delivery = self._ask("deliver_reliably")(parcel, retry or RetryPolicy(), letter)
        return answer

    def put_log_lines(
        self,
        account: str,
        region: str,
        group: str,
        stream: str,
        lines: Sequence[tuple[int, str]],
    ) -> Delivery:
        """Write lines of (microseconds, text) into a log group, whose stream is made if needed."""
        answer: Delivery = self._ask("put_log_lines")(account, region, group, stream, lines)
        return answer

    def ensure_log_group(
        self, account: str, region: str, name: str, retention_days: int | None = None
    ) -> None:
        """Make a log group that is not there, and let it keep events so many days (None: as is)."""
        self._ask("ensure_log_group")(account, region, name, retention_days)

    def delete_log_group(self, account: str, region: str, name: str) -> None:
        """Delete a log group, unless it is protected or not there."""
        self._ask("delete_log_group")(account, region, name)

    def put_on_bus(self, bus_arn: str, event: Mapping[str, Any], source_arn: str) -> Delivery:
        """Put a whole event on the bus of another account or Region, or of this one."""
        answer: Delivery = self._ask("put_on_bus")(bus_arn, event, source_arn)
        return answer

    def metric_sources(self, account: str, region: str) -> Sequence[Source]:
        """The pulled sources that have metrics in this account and region."""
        answer: Sequence[Source] = self._ask("metric_sources")(account, region)
        return answer

    def trace_sources(self, account: str, region: str) -> Sequence[TraceSource]:
        """The pulled sources that have traces in this account and region."""
        answer: Sequence[TraceSource] = self._ask("trace_sources")(account, region)
        return answer

    def accept_segments(
        self,
        account: str,
        region: str,
        documents: Sequence[Mapping[str, Any]],
        service: str = "",
        source_arn: str = "",
    ) -> None:
        """Let X-Ray take segment documents; what it can't take it drops, as a daemon's.

        ``service`` and ``source_arn``: on whose behalf, when X-Ray's own policies decide about it.
        """
        self._ask("accept_segments")(account, region, documents, service, source_arn)

    def traced(self, account: str, region: str, arrivals: Arrivals) -> np.ndarray:
        """bool[n]: what the sampling rules of an account and Region say of some requests."""
        answer: np.ndarray = self._ask("traced")(account, region, arrivals)
        return answer

    def linked_accounts(
        self, account: str, region: str, kind: str = "AWS::CloudWatch::Metric"
    ) -> Sequence[Linked]:
        """The source accounts that share data of a kind with the monitoring account ``account``."""
        answer: Sequence[Linked] = self._ask("linked_accounts")(account, region, kind)
        return answer

    def policy_allows(
        self,
        policy: str,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, Any],
        owner: str,
    ) -> Verdict[bool]:
        """Whether a resource policy, by itself, allows somebody an action.

        Parameters
        ----------
        policy:
            The document, JSON text. What is no policy allows nothing; the reason is ``malformed``.
        principal, action, resource, context:
            Who wants to do what, with which condition keys.
        owner:
            The resource's account.
        """
        answer: Verdict[bool] = self._ask("policy_allows")(
            policy, principal, action, resource, context, owner
        )
        return answer

    def run_canary(self, request: Any, role_arn: str = "") -> Any:
        """Run a canary (``synthetics.engine.run``: a RunRequest, a RunResult)."""
        return self._ask("run_canary")(request, role_arn)

    def canary_fingerprint(self, request: Any) -> str:
        """What a run of a canary would depend on now."""
        return str(self._ask("canary_fingerprint")(request))

    def instance_action(self, account: str, region: str, instance_id: str, action: str) -> Delivery:
        """Stop, terminate, reboot or recover an instance for an alarm."""
        answer: Delivery = self._ask("instance_action")(account, region, instance_id, action)
        return answer

    def instance_about(self, account: str, region: str, instance_id: str) -> Mapping[str, str]:
        """What an instance can learn of itself: ``hostname``, ``ip_address``, ``role_arn``.

        ``role_arn`` is empty without an instance profile, all are for an unknown instance.
        """
        answer: Mapping[str, str] = self._ask("instance_about")(account, region, instance_id)
        return answer

    def scaling_action(
        self, policy_arn: str, *, alarm_name: str, value: float | None, threshold: float | None
    ) -> Delivery:
        """Run a scaling policy for an alarm.

        Parameters
        ----------
        policy_arn:
            ``arn:aws:autoscaling:region:account:scalingPolicy:...``.
        alarm_name:
            The alarm, for the cause of the scaling activity.
        value:
            The metric's value that breached, which a step policy chooses its step by; None when
            there is none (the alarm was set by hand).
        threshold:
            The alarm's threshold, to which the bounds of the steps are added.
        """
        answer: Delivery = self._ask("scaling_action")(
            policy_arn, alarm_name=alarm_name, value=value, threshold=threshold
        )
        return answer

    def put_alarm(self, account: str, region: str, parameters: Mapping[str, Any]) -> str:
        """Make or change an alarm for a service, by PutMetricAlarm's parameters; its ARN."""
        answer: str = self._ask("put_alarm")(account, region, parameters)
        return answer

    def delete_alarms(self, account: str, region: str, names: Sequence[str]) -> None:
        """Delete alarms of a service; names that are not there are passed over."""
        self._ask("delete_alarms")(account, region, names)

    def organization(self, account: str) -> Organization | None:
        """The organization of an account; None when it is in none."""
        answer: Organization | None = self._ask("organization")(account)
        return answer

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        metric_name: str,
        dimensions: Sequence[tuple[str, str]],
        at_us: int,
        value: float,
        unit: str,
    ) -> None:
        """Store a point of a custom metric that a service derives, at an instant of its own.

        ``dimensions``: pairs of name and value, sorted; ``unit``: CloudWatch's word (``None``).
        """
        self._ask("put_metric")(
            account, region, namespace, metric_name, dimensions, at_us, value, unit
        )

    def log_group_exists(self, account: str, region: str, name: str) -> bool:
        """Whether there is a log group of this name."""
        answer: bool = self._ask("log_group_exists")(account, region, name)
        return answer

    def log_table(
        self, account: str, region: str, query: str, start_us: int, end_us: int,
        language: str = "CWLI",
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:  # fmt: skip
        """Head and rows of a Logs Insights query (with its ``SOURCE``) over a range."""
        answer: tuple[Sequence[str], Sequence[Sequence[str]]] = self._ask("log_table")(
            account, region, query, start_us, end_us, language
        )
        return answer

    def log_events(
        self,
        account: str,
        region: str,
        groups: Sequence[str],
        start_us: int,
        end_us: int,
        transformed: bool = False,
    ) -> Sequence[tuple[int, str]]:
        """Events (microseconds, text) of log groups, whose names may end in ``*``, over a range.

        ``transformed``: as a group's transformer made them; those that failed are left out.
        """
        answer: Sequence[tuple[int, str]] = self._ask("log_events")(
            account, region, groups, start_us, end_us, transformed
        )
        return answer

    def trail_logs(self, fact: Fact) -> str:
        """In which Region a trail logs a fact ``call.finished`` or ``sign_in``; '' when none does.

        Calls of a global service are logged in its own Region, wherever they were made.
        """
        answer: str = self._ask("trail_logs")(fact)
        return answer

    def call_record(self, fact: Fact) -> dict[str, Any]:
        """CloudTrail's record of a fact ``call.finished`` or ``sign_in``."""
        answer: dict[str, Any] = self._ask("call_record")(fact)
        return answer

    def lake_events(self, arn: str, start_us: int, end_us: int) -> Sequence[tuple[int, str]] | None:
        """Records (microseconds, JSON text) of an event data store, both ends included.

        None when there is no such store, or it is not enabled.
        """
        answer: Sequence[tuple[int, str]] | None = self._ask("lake_events")(arn, start_us, end_us)
        return answer

    def events_watched(self, bus_arn: str) -> bool:
        """Whether a discoverer of the schema registry looks at the events of a bus."""
        answer: bool = self._ask("events_watched")(bus_arn)
        return answer

    def call_as(
        self,
        principal: Principal,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        region: str,
    ) -> dict[str, Any]:
        """Make an API call as a caller for whom a service acts; it is recorded like any other.

        Parameters
        ----------
        principal:
            Who, with the service in ``invoked_by``.
        service, operation, params, region:
            The call, by botocore's name of the service and the wire name.

        Raises
        ------
        AwsError
            What the service answered instead.
        """
        answer: dict[str, Any] = self._ask("call_as")(
            principal, service, operation, params, region, {}
        )
        return answer

    def http_request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        body: str,
    ) -> tuple[int, str]:
        """Ask an HTTP endpoint on this machine: status (0 when nobody answers) and text."""
        answer: tuple[int, str] = self._ask("http_request")(method, url, headers, query, body)
        return answer

    def objects_under(self, bucket: str, prefix: str) -> Sequence[StoredObject] | None:
        """The objects below a prefix, by key; None without such a bucket.

        Who asks has asked the policies before.
        """
        answer: Sequence[StoredObject] | None = self._ask("objects_under")(bucket, prefix)
        return answer

    def object_keys(self, bucket: str, prefix: str) -> Sequence[str] | None:
        """The keys alone of :meth:`objects_under`."""
        found = self.objects_under(bucket, prefix)
        return None if found is None else [one.key for one in found]

    def tracing_setup(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        """What of tracing is set up on an instance, task, environment or function.

        ``kind`` says which of these it is, '' when it is not there.
        """
        answer: Mapping[str, Any] = self._ask("tracing_setup")(account, region, what)
        return answer

    def traces_arrive(self, account: str, region: str, what: str) -> bool:
        """Whether a program's set-up of tracing lets its segments through; False for a resource
        that is not there."""
        answer: bool = self._ask("traces_arrive")(account, region, what)
        return answer

    def setting(self, account: str, region: str, what: str) -> str | float:
        """A table's read capacity, a parameter's text, the ports that a security group lets in.

        ``what`` is written ``dynamodb:table/NAME``, ``ssm:parameter/NAME`` or
        ``ec2:security-group/ID``; of what is not there the answer is 0 or an empty text.
        """
        value: str | float = self._ask("setting")(account, region, what)
        return value

    def key_usable(self, key: str, account: str, region: str) -> Verdict[bool]:
        """Whether a KMS key is there and enabled.

        Parameters
        ----------
        key:
            A key's id or ARN, or an alias (``alias/name`` or its ARN).
        account, region:
            Where an id or a bare alias is looked up.

        Returns
        -------
        Verdict
            The reason's rule is KMS's own error code: NotFoundException, DisabledException,
            KMSInvalidStateException.
        """
        answer: Verdict[bool] = self._ask("key_usable")(key, account, region)
        return answer

    def put_object(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Put an object for a service that has asked :meth:`bucket_allows` before.

        Parameters
        ----------
        bucket, key, body:
            Where and what.
        metadata:
            The user's metadata, without ``x-amz-meta-``.
        headers:
            System metadata (``Content-Encoding``).

        Returns
        -------
        str
            S3's error code (NoSuchBucket), '' when the object is there.
        """
        answer: str = self._ask("put_object")(bucket, key, body, metadata or {}, headers or {})
        return answer

    def get_object(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Content and metadata of an object; None when it is not there."""
        answer: tuple[bytes, Mapping[str, str]] | None = self._ask("get_object")(bucket, key)
        return answer

    def bucket_allows(
        self,
        bucket: str,
        key: str,
        principal: str,
        *,
        source_arn: str = "",
        account: str = "",
        action: str = "s3:PutObject",
    ) -> Verdict[bool]:
        """Whether a service may put an object into a bucket, by the bucket's policy.

        Parameters
        ----------
        bucket, key:
            Where the object would go; without a key the bucket itself is asked about.
        principal:
            The service (``cloudtrail.amazonaws.com``).
        source_arn, account:
            For whom it acts: what ``aws:SourceArn`` and ``aws:SourceAccount`` in a policy say.
        action:
            Another thing than to put an object (``s3:GetBucketAcl``).
        """
        answer: Verdict[bool] = self._ask("bucket_allows")(
            bucket, key, principal, source_arn=source_arn, account=account, action=action
        )
        return answer

    def allowed(
        self,
        principal: str | Principal,
        action: str,
        resource: str,
        source_arn: str = "",
        account: str = "",
        context: Mapping[str, str] = {},
    ) -> bool:
        """Whether ``principal`` may do ``action`` to an ARN.

        It is a role's ARN, a service's name, or whoever calls. ``source_arn`` and ``account`` are
        what a service acts for (``aws:SourceArn``, ``aws:SourceAccount``); ``context`` are further
        condition keys that it brings.
        """
        ask = self._ask("allowed")
        return bool(ask(principal, action, resource, source_arn, account, context))


__all__ = ["PORTS", "DeadLetter", "Delivery", "Parcel", "Port", "Ports", "RetryPolicy"]
