"""Questions that hand something over: a payload, an event, a request, a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from labkit.core.delivery import DeadLetter, Delivery, Extras, Parcel, RetryPolicy
from labkit.core.ports.asking import Asking

if TYPE_CHECKING:
    from labkit.core.call import Principal


class Deliveries(Asking):
    """Questions that hand something over: a payload, an event, a request, a call."""

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

    def put_on_bus(self, bus_arn: str, event: Mapping[str, Any], source_arn: str) -> Delivery:
        """Put a whole event on the bus of another account or Region, or of this one."""
        answer: Delivery = self._ask("put_on_bus")(bus_arn, event, source_arn)
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
