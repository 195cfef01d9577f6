"""Handing a payload to a target: the ports ``deliver`` and ``deliver_reliably``.

Alarms, rules, schedules, subscriptions and topics all deliver through here, so that what a target
answers, whether trying again could help, and what becomes of what nobody took are decided once.

Theory of operation
-------------------
1. A delivery is a :class:`~labkit.core.delivery.Parcel`: plain values. One attempt hands it to the
   function of its kind of target (:mod:`labkit.backing.targets`), which asks the policies first.
2. A reliable delivery tries at once. When that fails and trying again can help, the parcel waits in
   the clock's heap, as JSON, for its next attempt; when a limit is reached, or nothing could help
   (no such target, no permission), it becomes a dead letter, or is dropped.
3. Waits are spread by chance drawn from the event under way, so that a replay waits as long.
4. A dead letter is a message in a standard queue whose body is the payload, with the attributes
   that EventBridge documents. The queue's own policy must allow it, too.
5. Every failure that is final is a fact ``delivery.failed``; the end of a reliable delivery, good
   or bad, is a fact ``delivery.finished``.

A target that breaks inside moto is ``InternalFailure``, which another try may help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.backing.targets import UNSUPPORTED, hand_over
from labkit.backing.targets.errand import Arn, Desk, Errand, Refusal, retryable
from labkit.core.clock import SECOND, Clock, Phase
from labkit.core.delivery import DeadLetter, Delivery, Parcel, RetryPolicy
from labkit.core.facts import Facts

#: The clock's handler of another try.
RETRY = "deliver.retry"


class Deliver:
    """The answerer of the two ports.

    Parameters
    ----------
    desk:
        What targets work with.
    clock:
        Where further tries wait; the handler ``deliver.retry`` is registered here.
    facts:
        Where ``delivery.failed`` and ``delivery.finished`` are told.
    seed:
        Lets moto draw from the call or event under way, if it does not already.
    """

    def __init__(
        self, desk: Desk, clock: Clock, facts: Facts, seed: Callable[[], None] = lambda: None
    ) -> None:
        self.desk = desk
        self._clock = clock
        self._facts = facts
        self._seed = seed
        clock.register(RETRY, self._again)

    # -- once
    def __call__(self, parcel: Parcel) -> Delivery:
        """Hand a parcel over, once; a failure is a fact ``delivery.failed``.

        Returns
        -------
        Delivery
            The target's own code when it refuses: ``NotFound`` for a topic and
            ``AWS.SimpleQueueService.NonExistentQueue`` for a queue that is not there,
            ``UnsupportedTarget`` for an ARN that labkit does not deliver to.
        """
        delivery = self._attempt(parcel)
        if not delivery.ok:
            self._tell_failure(parcel, delivery)
        return delivery

    def _attempt(self, parcel: Parcel) -> Delivery:
        from moto.core.exceptions import ServiceException

        self._seed()
        errand = Errand(parcel, Arn.of(parcel.arn), self.desk)
        world = self.desk.world
        refusal: Refusal
        try:
            hand_over(errand)
            return Delivery(True)
        except Refusal as problem:
            refusal = problem
        except ServiceException as problem:
            status = int(getattr(problem, "code_status", 400) or 400)
            again = retryable(str(problem.code), status)
            refusal = Refusal(str(problem.code), str(problem.message), retryable=again)
        except Exception as problem:  # moto broke: kept where failures are, and worth another try
            world.note_failure(errand.arn.service, "deliver", parcel.arn, problem)
            text = f"{type(problem).__name__}: {problem}"
            refusal = Refusal("InternalFailure", text, retryable=True)
        return refusal.delivery()

    def _tell_failure(self, parcel: Parcel, delivery: Delivery) -> None:
        arn = Arn.of(parcel.arn)
        self._facts.publish(
            "delivery.failed",
            arn.account,
            arn.region,
            {
                "arn": parcel.arn,
                "principal": parcel.principal,
                "source_arn": parcel.source_arn,
                "code": delivery.code,
                "message": delivery.message,
                "because": list(delivery.because),
                "retryable": delivery.retryable,
            },
        )

    # -- reliably
    def reliably(
        self, parcel: Parcel, retry: RetryPolicy, letter: DeadLetter | None = None
    ) -> Delivery:
        """Hand a parcel over; try again as long as that can help, then keep it as a dead letter.

        Returns
        -------
        Delivery
            Of the first attempt.
        """
        return self._try(parcel, retry, letter, self._clock.now_us, 0)

    def _again(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: another try."""
        letter = payload["letter"]
        self._try(
            Parcel.from_dict(payload["parcel"]),
            RetryPolicy.from_dict(payload["retry"]),
            DeadLetter.from_dict(letter) if letter else None,
            payload["first_us"],
            payload["retries"],
        )

    def _try(
        self,
        parcel: Parcel,
        retry: RetryPolicy,
        letter: DeadLetter | None,
        first_us: int,
        retries: int,
    ) -> Delivery:
        """One attempt of a reliable delivery, ``retries`` tries after the first."""
        delivery = self._attempt(parcel)
        if delivery.ok:
            self._finish(parcel, delivery, first_us, retries, "")
            return delivery
        exhausted = ""
        if delivery.retryable:
            now_us = self._clock.now_us
            exhausted = retry.exhausted(retries, now_us - first_us)
            if not exhausted:
                self._wait(parcel, retry, letter, first_us, retries)
                return delivery
        self._tell_failure(parcel, delivery)
        kept = ""
        if letter is not None:
            kept = "sent" if self._bury(parcel, letter, delivery, retries, exhausted) else "failed"
        self._finish(parcel, delivery, first_us, retries, kept)
        return delivery

    def _wait(
        self,
        parcel: Parcel,
        retry: RetryPolicy,
        letter: DeadLetter | None,
        first_us: int,
        retries: int,
    ) -> None:
        # The draw also tells two parcels apart that are equal in all else.
        draw = self.desk.ids.hex(13)
        wait_us = retry.wait_us(retries + 1, int(draw, 16) / 16**13)
        # The last try is made when the age is reached, and not left out since its wait is longer.
        last_us = first_us + retry.maximum_age_s * SECOND
        self._clock.at(
            max(min(self._clock.now_us + wait_us, last_us), self._clock.now_us),
            Phase.DELIVERIES,
            RETRY,
            {
                "parcel": parcel.to_dict(),
                "retry": retry.to_dict(),
                "letter": letter.to_dict() if letter else None,
                "first_us": first_us,
                "retries": retries + 1,
                "draw": draw,
            },
        )

    def _finish(
        self, parcel: Parcel, delivery: Delivery, first_us: int, retries: int, kept: str
    ) -> None:
        if not self._facts.heard("delivery.finished"):
            return
        arn = Arn.of(parcel.arn)
        self._facts.publish(
            "delivery.finished",
            arn.account,
            arn.region,
            {
                "arn": parcel.arn,
                "principal": parcel.principal,
                "source_arn": parcel.source_arn,
                "ok": delivery.ok,
                "code": delivery.code,
                "attempts": retries + 1,
                "first_us": first_us,
                "dead_letter": kept,
            },
        )

    # -- dead letters
    def _bury(
        self,
        parcel: Parcel,
        letter: DeadLetter,
        delivery: Delivery,
        retries: int,
        exhausted: str,
    ) -> bool:
        """Put what nobody took into the dead-letter queue; whether that took it."""
        attributes = dict(letter.attributes)
        if letter.explained:
            attributes |= {
                "ERROR_CODE": delivery.failure,
                "ERROR_MESSAGE": delivery.message,
                "RETRY_ATTEMPTS": str(retries),
            }
            if exhausted:
                attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        typed = (parcel.parameters or {}).get("MessageAttributes")
        dead = Parcel(
            letter.arn,
            parcel.payload,
            letter.principal or parcel.acting or parcel.principal,
            service=parcel.acting,
            source_arn=parcel.source_arn,
            source_account=parcel.source_account,
            attributes={name: text for name, text in attributes.items() if text},
            parameters={"MessageAttributes": typed} if typed else None,
        )
        sent = self._attempt(dead)
        if not sent.ok:
            self._tell_failure(dead, sent)
        return sent.ok


__all__ = ["RETRY", "UNSUPPORTED", "Deliver"]
