"""Ports: the typed questions that one service asks and exactly one other answers, at once.

A service that needs another never imports it: it asks a port. Who answers is said in
``labkit/wiring.py``. A port without an answerer yet is a seam of a later part; asking it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import WiringError
from labkit.core.sources import Source


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
    """

    ok: bool
    code: str = ""
    retryable: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the published table."""

    name: str
    question: str
    asked_by: str
    answered_by: str


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
    Port("metric_sources", "Which pulled sources have metrics here?", "cloudwatch", "workloads"),
    Port(
        "instance_action",
        "Stop, terminate, reboot or recover this instance.",
        "cloudwatch alarms",
        "backing/ec2",
    ),
    Port("key_usable", "Is this KMS key there and enabled?", "logs, cloudtrail", "backing/kms"),
    Port(
        "bucket_allows", "May this service write to that bucket?", "cloudtrail, logs", "backing/s3"
    ),
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
        self,
        arn: str,
        payload: str,
        principal: str,
        *,
        subject: str | None = None,
        attributes: Mapping[str, str] | None = None,
        by_protocol: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Hand ``payload`` to the target ``arn`` on behalf of ``principal``.

        ``principal`` is a service's name (``cloudwatch.amazonaws.com``) or a role's ARN.
        ``subject`` serves e-mails, ``attributes`` queues and topics. ``by_protocol`` gives a topic
        other texts for some of its subscribers (``{"email": ..., "sms": ...}``, as SNS's
        ``MessageStructure="json"`` does); everybody else gets ``payload``.
        """
        answer: Delivery = self._ask("deliver")(
            arn,
            payload,
            principal,
            subject=subject,
            attributes=attributes,
            by_protocol=by_protocol,
        )
        return answer

    def metric_sources(self, account: str, region: str) -> Sequence[Source]:
        """The pulled sources that have metrics in this account and region."""
        answer: Sequence[Source] = self._ask("metric_sources")(account, region)
        return answer

    def instance_action(self, account: str, region: str, instance_id: str, action: str) -> Delivery:
        """Stop, terminate, reboot or recover an instance for an alarm."""
        answer: Delivery = self._ask("instance_action")(account, region, instance_id, action)
        return answer
