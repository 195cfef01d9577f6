"""Asynchronous invocations: taken at once, run afterwards, tried again, sent on.

Lambda's rules (developer guide, "How Lambda handles errors and retries with asynchronous
invocation"), on the lab's clock::

    taken ──> 1st try ──fails──> 1 minute ──> 2nd try ──fails──> 2 minutes ──> 3rd try
                │                                                                │
             succeeds ──> OnSuccess                             fails ──> OnFailure and dead letters

A throttled try is no try: it waits 1 s, 2 s, 4 s ... up to five minutes, for up to six hours
(``MaximumEventAgeInSeconds``), and then the event is dropped like one that was tried enough.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labkit.backing.function_environments import Function
from labkit.backing.function_invocation import Invocation
from labkit.core.clock import MINUTE, SECOND, Phase, iso
from labkit.core.errors import AwsError
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.backing.functions import Functions

#: Defaults of an EventInvokeConfig.
TRIES_AGAIN = 2
OLDEST_SECONDS = 21_600

#: Before the second and third try.
WAITS_US = (MINUTE, 2 * MINUTE)

#: Longest wait of a throttled event.
_LONGEST_US = 5 * MINUTE

#: Who acts with a function's role.
SERVICE = "lambda.amazonaws.com"

_HANDLER = "lambda.event"


class Events:
    """The asynchronous events of one lab's functions.

    Parameters
    ----------
    functions:
        What they are for.
    world:
        The clock; destinations are reached through its port ``deliver``.
    """

    def __init__(self, functions: Functions, world: World) -> None:
        self._functions = functions
        self._world = world
        functions.register(_HANDLER, self._try)

    def accept(self, arn: str, payload: str, request_id: str) -> None:
        """Take an event: its first try is due at once."""
        now_us = self._world.clock.now_us
        function = self._functions.find(arn)
        self._functions.measure(function, "AsyncEventsReceived", 1.0)
        self._later(
            now_us,
            {
                "arn": arn,
                "payload": payload,
                "request_id": request_id,
                "taken_us": now_us,
                "tried": 0,
                "throttled": 0,
                "trace": self._functions.tracer.accepted(function, request_id),
            },
        )

    def _later(self, at_us: int, event: dict[str, Any]) -> None:
        self._world.clock.at(at_us, Phase.DELIVERIES, _HANDLER, event)

    def _try(self, event: dict[str, Any]) -> None:
        """Clock handler: one try."""
        now_us = self._world.clock.now_us
        try:
            function = self._functions.find(event["arn"])
        except AwsError:
            return  # deleted meanwhile: its events go with it
        config = self._functions.event_config(event["arn"])
        oldest_us = config.get("MaximumEventAgeInSeconds", OLDEST_SECONDS) * SECOND
        if now_us - event["taken_us"] > oldest_us:
            self._give_up(function, event, config, "EventAgeExceeded", None)
            return
        done = self._functions.run(
            function,
            event["payload"],
            request_id=event["request_id"],
            invoked_arn=event["arn"],
            attempt=event["tried"],
            waits=False,
            trace=event["trace"],
        )
        if not done.ran:
            wait = min(_LONGEST_US, SECOND << min(event["throttled"], 9))
            event["throttled"] += 1
            if now_us + wait - event["taken_us"] > oldest_us:
                self._give_up(function, event, config, "EventAgeExceeded", None)
            else:
                self._later(now_us + wait, event)
            return
        event["tried"] += 1
        if done.ok:
            self._send_on(function, event, config, "OnSuccess", "Success", done)
        elif event["tried"] > config.get("MaximumRetryAttempts", TRIES_AGAIN):
            self._give_up(function, event, config, "RetriesExhausted", done)
        else:
            wait = WAITS_US[min(event["tried"], len(WAITS_US)) - 1]
            self._later(now_us + wait, event)

    # -- what comes after
    def _give_up(
        self,
        function: Function,
        event: dict[str, Any],
        config: dict[str, Any],
        condition: str,
        done: Invocation | None,
    ) -> None:
        self._functions.measure(function, "AsyncEventsDropped", 1.0)
        self._send_on(function, event, config, "OnFailure", condition, done)
        if not function.dead_letter:
            return
        delivery = self._world.ports.deliver(
            function.dead_letter,
            event["payload"],
            function.role,
            service=SERVICE,
            source_arn=function.arn,
            attributes={
                "RequestID": event["request_id"],
                "ErrorCode": "200" if done is not None else "429",
                "ErrorMessage": (done.error_message if done is not None else condition)[:1024],
            },
        )
        if not delivery.ok:
            self._functions.measure(function, "DeadLetterErrors", 1.0)

    def _send_on(
        self,
        function: Function,
        event: dict[str, Any],
        config: dict[str, Any],
        which: str,
        condition: str,
        done: Invocation | None,
    ) -> None:
        arn = config.get("DestinationConfig", {}).get(which, {}).get("Destination")
        if not arn:
            return
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": iso(self._world.clock.now_us, millis=True),
            "requestContext": {
                "requestId": event["request_id"],
                "functionArn": f"{function.arn}:{function.version}",
                "condition": condition,
                "approximateInvokeCount": event["tried"],
            },
            "requestPayload": json.loads(event["payload"]),
        }
        if done is not None:
            record["responseContext"] = {"statusCode": 200, "executedVersion": done.version}
            if not done.ok:
                record["responseContext"]["functionError"] = "Unhandled"
            record["responsePayload"] = json.loads(done.payload or b"null")
        if arn.split(":")[2] == "events":
            record = self._on_bus(arn, which, record, function)
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        delivery = self._world.ports.deliver(
            arn,
            text,
            function.role,
            service=SERVICE,
            source_arn=function.arn,
        )
        if not delivery.ok:
            self._functions.measure(function, "DestinationDeliveryFailures", 1.0)

    def _on_bus(
        self, bus_arn: str, which: str, record: dict[str, Any], function: Function
    ) -> dict[str, Any]:
        """The event that stands on a bus for a record."""
        ended = {"OnSuccess": "Success", "OnFailure": "Failure"}[which]
        return {
            "version": "0",
            "id": self._world.ids.uuid(),
            "detail-type": f"Lambda Function Invocation Result - {ended}",
            "source": "lambda",
            "account": function.account,
            "time": iso(self._world.clock.now_us),
            "region": function.region,
            "resources": [bus_arn, f"{function.arn}:{function.version}"],
            "detail": record,
        }
