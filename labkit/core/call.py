"""One API call, as an operation sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import Cause
from labkit.core.facts import Facts
from labkit.core.ids import Ids
from labkit.core.ports import Ports


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls.

    Parameters
    ----------
    kind:
        ``Root``, ``IAMUser``, ``AssumedRole`` or ``AWSService``.
    account:
        Twelve digits.
    arn:
        ``arn:aws:iam::123456789012:user/learner``,
        ``arn:aws:sts::123456789012:assumed-role/audit/me``.
    principal_id:
        ``AIDA...`` for a user, ``AROA...:session`` for a role's session, the account for root.
    access_key_id:
        The key that signed, never a real one.
    name:
        User name, or the session's name.
    issuer_arn, issuer_id:
        Of an assumed role: the role behind the session.
    invoked_by:
        The service that acts with the role (``events.amazonaws.com``); empty for a caller's own.
    """

    kind: str
    account: str
    arn: str
    principal_id: str
    access_key_id: str = ""
    name: str = ""
    issuer_arn: str = ""
    issuer_id: str = ""
    invoked_by: str = ""

    def to_dict(self) -> dict[str, str]:
        """The principal as a plain dict, as facts carry it."""
        return {
            "kind": self.kind,
            "account": self.account,
            "arn": self.arn,
            "principal_id": self.principal_id,
            "access_key_id": self.access_key_id,
            "name": self.name,
            "issuer_arn": self.issuer_arn,
            "issuer_id": self.issuer_id,
            **({"invoked_by": self.invoked_by} if self.invoked_by else {}),
        }


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation may know and touch.

    Parameters
    ----------
    service, operation:
        botocore's service name and the operation's wire name (``cloudwatch``, ``PutMetricData``).
    account, region:
        Where the call acts.
    now_us:
        The instant of the call.
    principal:
        Who calls.
    request_id, source_ip, user_agent:
        As CloudTrail shows them.
    cause:
        The chain of facts behind a call made by a function or a canary; one link for a learner's.
    store:
        What the service remembers for this account and region.
    facts, ports, ids, quotas:
        The lab's board of facts, its questions, its ids, the service's limits.
    """

    service: str
    operation: str
    account: str
    region: str
    now_us: int
    principal: Principal
    request_id: str
    source_ip: str
    user_agent: str
    cause: Cause
    store: Any
    facts: Facts
    ports: Ports
    ids: Ids
    quotas: Mapping[str, Any]
    #: Condition keys that a service brings for what it acts for (``aws:SourceArn``).
    context: Mapping[str, str] = field(default_factory=dict)

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell a fact about this account and region."""
        self.facts.publish(kind, self.account, self.region, data)

    def quota(self, name: str) -> int:
        """A limit from the service's quotas.toml, by dotted name (``alarms.actions``)."""
        value: Any = self.quotas
        for part in name.split("."):
            value = value[part]
        if isinstance(value, Mapping):
            value = value["value"]
        return int(value)
