"""Deliveries as values: what is handed over, what became of it, how often it is tried again.

Theory of operation
-------------------
A **parcel** is everything that a hand-over needs, as plain values, so that it can wait in the
clock's heap between two attempts and be there again when a saved world is opened.

A **retry policy** says when to stop and how long to wait. EventBridge publishes the two limits (185
retries, 24 hours) and "exponential back off and jitter", SNS publishes its schedule in stages. So a
schedule is a list of stages here: how many retries, and the first and last wait of the stage,
between which waits grow geometrically.

AWS publishes no figures for EventBridge's waits. With 1, 2, 4 ... 256 s and then 480 s each, all
185 retries take 23.6 hours, which is the only way the two documented limits fit each other; each
wait is spread by a quarter either way. A wait never goes beyond the maximum age.

Sources: EventBridge user guide, eb-rule-retry-policy; SNS developer guide,
sns-message-delivery-retries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, TypedDict

from labkit.core.clock import SECOND


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a payload.

    Parameters
    ----------
    ok:
        Whether the target took it.
    code:
        The target's error code when it did not (``NotFound``, ``AccessDenied``).
    retryable:
        Whether trying again later could help.
    message:
        A sentence for the history of whoever delivered.
    failure:
        The kind of failure, as EventBridge's dead letters name it (``NO_PERMISSIONS``).
    because:
        Why the policies said no, one sentence each: what was asked, what came near.
    """

    ok: bool
    code: str = ""
    retryable: bool = False
    message: str = ""
    failure: str = ""
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to hand over, and on whose behalf.

    Parameters
    ----------
    arn:
        The target: an ARN, or the ``http(s)://`` address of a subscriber.
    payload:
        The message; bytes where the target takes bytes (gzip for a stream).
    principal:
        A service's name (``cloudwatch.amazonaws.com``), which the target's own policy must allow;
        or the ARN of a role, whose trust policy must allow the service and whose identity policies
        must allow the action.
    service:
        The service that assumes the role; the principal itself when that is a service.
    source_arn, source_account:
        What it is delivered for (the rule, the alarm, the topic) and whose that is: the condition
        keys ``aws:SourceArn`` and ``aws:SourceAccount``. A source's account is read from its ARN
        when it is not given.
    subject:
        The subject of a topic's e-mails.
    attributes:
        Message attributes of a topic or queue; ``MessageGroupId`` and ``MessageDeduplicationId``
        steer a FIFO one.
    by_protocol:
        Other texts for some subscribers of a topic (``{"email": ...}``).
    parameters:
        What a kind of target needs beside the payload, under the names of EventBridge's Target
        (``{"EcsParameters": {...}}``, ``{"KinesisParameters": {...}}``).
    """

    arn: str
    payload: str | bytes
    principal: str
    service: str = ""
    source_arn: str = ""
    source_account: str = ""
    subject: str | None = None
    attributes: Mapping[str, str] | None = None
    by_protocol: Mapping[str, str] | None = None
    parameters: Mapping[str, Any] | None = None

    @property
    def acting(self) -> str:
        """The service behind the delivery, whether it acts by itself or with a role."""
        return self.service or ("" if self.principal.startswith("arn:") else self.principal)

    @property
    def account(self) -> str:
        """Whose source it is; the role's account when nobody says."""
        for arn in (self.source_arn, self.principal):
            parts = arn.split(":", 5)
            if not self.source_account and len(parts) == 6 and parts[4]:
                return parts[4]
        return self.source_account

    @property
    def data(self) -> bytes:
        """The payload as bytes."""
        return self.payload.encode() if isinstance(self.payload, str) else self.payload

    @property
    def text(self) -> str:
        """The payload as text; what is no UTF-8 in it is replaced."""
        payload = self.payload
        return payload if isinstance(payload, str) else payload.decode("utf-8", "replace")

    def to_dict(self) -> dict[str, Any]:
        """The parcel as the clock's heap carries it; what is empty is left out."""
        named = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return {name: value for name, value in named if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Parcel:
        """The parcel of :meth:`to_dict`."""
        return cls(**{"payload": "", **data})


class Extras(TypedDict, total=False):
    """What a port takes beside target, payload and principal: the other fields of a parcel."""

    service: str
    source_arn: str
    source_account: str
    subject: str | None
    attributes: Mapping[str, str] | None
    by_protocol: Mapping[str, str] | None
    parameters: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a retry schedule.

    Parameters
    ----------
    retries:
        How many.
    first_s, last_s:
        Seconds before its first and its last retry; between them waits grow geometrically (when
        the first is nothing, evenly).
    """

    retries: int
    first_s: float
    last_s: float

    def wait_s(self, place: int) -> float:
        """Seconds before the retry at ``place``, counted from 0 in this stage."""
        share = place / (self.retries - 1) if self.retries > 1 else 0.0
        if self.first_s <= 0:
            return self.last_s * share
        return float(self.first_s * (self.last_s / self.first_s) ** share)


#: EventBridge's: see the head of this file for what is published and what is not.
EVENTBRIDGE = (Stage(9, 1, 256), Stage(176, 480, 480))
#: SNS to Lambda, SQS and Firehose: 100,015 retries in 23 days.
SNS_AWS = (Stage(3, 0, 0), Stage(2, 1, 1), Stage(10, 1, 20), Stage(100_000, 20, 20))
#: SNS to an HTTP endpoint, unless a delivery policy says otherwise: three retries, 20 s apart.
SNS_HTTP = (Stage(3, 20, 20),)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again and when to stop.

    Parameters
    ----------
    maximum_retry_attempts:
        Retries at most, beside the first attempt.
    maximum_age_s:
        Seconds since the first attempt after which nobody tries again.
    stages:
        The waits; after the last stage its last wait repeats.
    jitter:
        How far a wait may be off either way, as a share of it.
    """

    maximum_retry_attempts: int = 185
    maximum_age_s: int = 86_400
    stages: tuple[Stage, ...] = EVENTBRIDGE
    jitter: float = 0.25

    def wait_us(self, retry: int, chance: float) -> int:
        """Microseconds before a retry.

        Parameters
        ----------
        retry:
            Which one, counted from 1.
        chance:
            0 <= chance < 1; the same chance gives the same wait.
        """
        place = retry - 1
        for stage, end in zip(self.stages, accumulate(s.retries for s in self.stages), strict=True):
            if place < end:
                wait_s = stage.wait_s(place - (end - stage.retries))
                break
        else:
            wait_s = self.stages[-1].last_s if self.stages else 0.0
        return int(wait_s * (1 + self.jitter * (2 * chance - 1)) * SECOND)

    def exhausted(self, retries: int, age_us: int) -> str:
        """Which limit is reached, in the words of a dead letter's attribute; '' for none."""
        if retries >= self.maximum_retry_attempts:
            return "MaximumRetryAttempts"
        if age_us >= self.maximum_age_s * SECOND:
            return "MaximumEventAgeInSeconds"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """The policy as the clock's heap carries it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RetryPolicy:
        """The policy of :meth:`to_dict`."""
        stages = tuple(Stage(**stage) for stage in data["stages"])
        return cls(**{**data, "stages": stages})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a payload goes that nobody took.

    Parameters
    ----------
    arn:
        A standard queue.
    attributes:
        What the deliverer adds (``RULE_ARN``, ``TARGET_ARN``).
    principal:
        Who sends it there; the parcel's service when left out. (EventBridge Scheduler uses the
        schedule's role.)
    explained:
        Whether ``ERROR_CODE``, ``ERROR_MESSAGE``, ``RETRY_ATTEMPTS`` and
        ``EXHAUSTED_RETRY_CONDITION`` are added, as EventBridge does; SNS does not.
    """

    arn: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""
    explained: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The dead letter's address as the clock's heap carries it."""
        return {
            "arn": self.arn,
            "attributes": dict(self.attributes),
            "principal": self.principal,
            "explained": self.explained,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeadLetter:
        """The address of :meth:`to_dict`."""
        return cls(**data)
