"""What CloudTrail remembers: calls, and the trails that keep them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from labkit.core.facts import Fact


class Event(NamedTuple):
    """An entry of event history: the fact as it was told; the record is made by who reads it.

    Parameters
    ----------
    number:
        Counts the entries of one account and Region from 0; never used twice.
    fact:
        The ``call.finished`` fact.
    """

    number: int
    fact: Fact


@dataclass
class Trail:
    """A trail: where records are delivered to, and which.

    Parameters
    ----------
    name, arn, home_region, account:
        Which it is; only its home Region changes it.
    bucket, prefix:
        Where its files go.
    topic:
        ARN of an SNS topic that is told of each file; may be empty.
    multi_region, global_events, validation, organization:
        As CreateTrail was told.
    organization_id:
        Of a trail of an organization; empty for others.
    kms_key, log_group, log_role:
        Of encryption and of CloudWatch Logs; may be empty.
    logging, since_us, stopped_us:
        Whether it logs, since when, and when it last stopped; 0 when never.
    selectors, advanced:
        Basic or advanced selectors as given; of the two one is empty.
    insight_selectors, tags:
        As given.
    insights_since_us:
        Since when it has insight selectors.
    delivery_error, notification_error:
        Code of the last delivery, or notice, that failed; empty when it went well.
    delivered_us, notified_us:
        When the last delivery, or notice, went well; 0 when never.
    log_error, logged_us:
        The same of CloudWatch Logs.
    """

    name: str
    arn: str
    home_region: str
    account: str
    bucket: str
    prefix: str = ""
    topic: str = ""
    multi_region: bool = False
    global_events: bool = True
    validation: bool = False
    kms_key: str = ""
    log_group: str = ""
    log_role: str = ""
    organization: bool = False
    organization_id: str = ""
    logging: bool = False
    since_us: int = 0
    stopped_us: int = 0
    selectors: list[dict[str, Any]] = field(default_factory=list)
    advanced: list[dict[str, Any]] = field(default_factory=list)
    insight_selectors: list[dict[str, Any]] = field(default_factory=list)
    insights_since_us: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    delivery_error: str = ""
    notification_error: str = ""
    delivered_us: int = 0
    notified_us: int = 0
    log_error: str = ""
    logged_us: int = 0

    @property
    def under(self) -> str:
        """Where its files begin behind the prefix; an organization's have its id between."""
        return f"AWSLogs/{self.organization_id}/" if self.organization else "AWSLogs/"
