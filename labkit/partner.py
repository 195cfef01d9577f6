"""A partner of EventBridge: a company outside AWS whose software tells its customers' accounts.

A partner (Zendesk, Datadog, Auth0) has an AWS account of its own. It offers an event source to a
customer's account; from the moment the customer makes a bus of that name, what the partner sends
arrives there. The handle makes the partner's calls, through the partner's own account, so each of
them stands in the journal like any call.

Source: EventBridge user guide, eb-saas; botocore events/PutPartnerEvents.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError

if TYPE_CHECKING:
    from labkit.lab import Lab

_NAME = re.compile(r"aws\.partner(/[./\-_A-Za-z0-9]+){2,}")

#: What well-known partners tell: detail-type, and a detail in the shape of theirs.
EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "zendesk.com": (
        "Support Ticket: Ticket Created",
        {
            "ticket_event": {
                "type": "Ticket Created",
                "ticket": {
                    "id": 35436,
                    "subject": "The pot leaks",
                    "status": "new",
                    "priority": "urgent",
                    "via": {"channel": "email"},
                    "tags": ["teapot"],
                },
            }
        },
    ),
    "datadog.com": (
        "Datadog Alert Notification",
        {
            "alert_id": "9021",
            "alert_title": "Checkout is slow",
            "alert_metric": "trace.http.request.duration",
            "alert_transition": "Triggered",
            "alert_type": "error",
            "tags": ["service:checkout", "env:prod"],
        },
    ),
    "auth0.com": (
        "Auth0 log",
        {
            "log_id": "90020260105090000",
            "data": {
                "type": "fp",
                "description": "Wrong email or password.",
                "ip": "203.0.113.10",
                "user_name": "ada@example.com",
            },
        },
    ),
}


@dataclass(frozen=True)
class Sent:
    """What became of a partner's event.

    Attributes
    ----------
    event_id:
        The event's id.
    reached:
        Accounts whose bus took it.
    reason:
        Why it reached no bus; empty when it did.
    """

    event_id: str
    reached: tuple[str, ...]
    reason: str = ""

    def __repr__(self) -> str:
        told = f"reached {', '.join(self.reached)}" if self.reached else f"lost: {self.reason}"
        return f"<event {self.event_id} {told}>"


class Partner:
    """The partner's side of one event source (``lab.partner``).

    Parameters
    ----------
    lab:
        Whose AWS it is.
    name:
        The source's name, ``aws.partner/zendesk.com/1234/tickets``.
    region:
        Where.

    Raises
    ------
    LabError
        When the name is none of a partner's event source.
    """

    def __init__(self, lab: Lab, name: str, region: str) -> None:
        if not _NAME.fullmatch(name):
            raise LabError(
                f"{name!r} names no partner event source: that is "
                "aws.partner/<company>/<what>, as in aws.partner/zendesk.com/1234/tickets"
            )
        self._lab = lab
        self.name = name
        self.company = name.split("/")[1]
        #: The company's own AWS account.
        self.account = _account(self.company)
        self._events = lab.client("events", region_name=region, account_id=self.account)

    def offer(self, account: str | None = None) -> str:
        """Offer the source to an account, the lab's own when left out; the source's ARN.

        Raises
        ------
        LabError
            When the account has the offer already.
        """
        try:
            made = self._events.create_partner_event_source(
                Name=self.name, Account=account or self._lab.account
            )
        except self._events.exceptions.ResourceAlreadyExistsException as problem:
            raise LabError(problem.response["Error"]["Message"]) from None
        return str(made["EventSourceArn"])

    def withdraw(self, account: str | None = None) -> None:
        """Take the source back from an account, where it is DELETED from then on."""
        self._events.delete_partner_event_source(
            Name=self.name, Account=account or self._lab.account
        )

    @property
    def states(self) -> dict[str, str]:
        """PENDING, ACTIVE or DELETED, by the account that the source is offered to."""
        try:
            told = self._events.list_partner_event_source_accounts(EventSourceName=self.name)
        except self._events.exceptions.ResourceNotFoundException:
            return {}
        return {one["Account"]: one["State"] for one in told["PartnerEventSourceAccounts"]}

    def send(
        self,
        detail_type: str = "",
        detail: Mapping[str, Any] | None = None,
        *,
        resources: Sequence[str] = (),
    ) -> Sent:
        """Send an event to every account that takes the source.

        Parameters
        ----------
        detail_type, detail:
            What happened. Both left out, an event as this company's are, for those of
            :data:`EXAMPLES`.
        resources:
            What it is about.

        Raises
        ------
        LabError
            When the source was offered to nobody, EventBridge refuses the event, or there is no
            example of the company's events.
        """
        if not detail_type:
            if self.company not in EXAMPLES:
                known = ", ".join(sorted(EXAMPLES))
                raise LabError(
                    f"no example of {self.company}'s events is known (there are those of {known}): "
                    "give detail_type and detail"
                )
            detail_type, example = EXAMPLES[self.company]
            detail = example if detail is None else detail
        entry = {
            "Source": self.name,
            "DetailType": detail_type,
            "Detail": json.dumps(detail or {}),
            "Resources": list(resources),
        }
        states = self.states
        (answer,) = self._events.put_partner_events(Entries=[entry])["Entries"]
        if "ErrorCode" in answer:
            why = answer["ErrorMessage"]
            if not states:
                why = f"{self.name} was offered to no account: partner.offer() comes first"
            raise LabError(f"{answer['ErrorCode']}: {why}")
        reached = tuple(account for account, state in states.items() if state == "ACTIVE")
        reason = "" if reached else _lost(states)
        return Sent(answer["EventId"], reached, reason)

    def __repr__(self) -> str:
        states = ", ".join(f"{account} {state}" for account, state in self.states.items())
        return f"<partner {self.company}: {self.name}, {states or 'offered to nobody'}>"


def _account(company: str) -> str:
    """A company's AWS account, the same in every lab."""
    number = int.from_bytes(hashlib.sha256(company.encode()).digest()[:8], "big")
    return f"9{number % 10**11:011d}"


def _lost(states: Mapping[str, str]) -> str:
    """Why nobody had an event."""
    if "PENDING" in states.values():
        return (
            "the source is PENDING: no bus takes it, or it was deactivated "
            "(create_event_bus with Name and EventSourceName of the source)"
        )
    return "the source is DELETED: nobody took the offer for two weeks"
