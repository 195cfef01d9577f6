"""SQS on virtual time: nobody sleeps.

**Long polling.** moto's ReceiveMessage really waits, in the thread that called, for a message that
can't come, because the lab's time stands still while it waits. So the wait is taken out at the
model (``moto_sqs.py``): whatever a request or a queue says, moto looks once and answers. How long
the caller *wanted* to wait is what :func:`take_wait_seconds` tells, for a gateway that lets the lab
advance by it.

**Time.** Visibility timeouts, delays and retention follow the lab's clock through ``moto_time``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.backing.mount import MotoWorld


def owner_of(params: Mapping[str, Any]) -> str:
    """The account whose queue a call is about; empty when the call does not say."""
    told = params.get("QueueOwnerAWSAccountId")
    if told is None:
        parts = str(params.get("QueueUrl", "")).split("/")
        told = parts[-2] if len(parts) > 3 else ""
    return told if len(told) == 12 and told.isdigit() else ""


#: The longest that ReceiveMessage may wait, seconds (API reference).
LONGEST_WAIT = 20


def take_wait_seconds(
    world: MotoWorld,
    operation: str,
    params: Mapping[str, Any],
    *,
    account: str,
    region: str,
) -> int:
    """How many seconds this call would wait for messages; moto itself will not wait.

    Parameters
    ----------
    operation:
        The wire name; 0 for all but ``ReceiveMessage``.
    params:
        The call's parameters. ``WaitTimeSeconds`` counts when given, else the queue's
        ``ReceiveMessageWaitTimeSeconds``. They are not changed.
    account, region:
        Where the queue is.

    Returns
    -------
    0..20. A value that SQS would refuse is 0 here; moto refuses it when it gets the request.
    """
    if operation != "ReceiveMessage":
        return 0
    wanted = params.get("WaitTimeSeconds")
    if wanted is None:
        name = str(params.get("QueueUrl", "")).rsplit("/", 1)[-1]
        with world.held():
            queue = world.backend("sqs", account, region).queues.get(name)
            wanted = queue.receive_message_wait_time_seconds if queue is not None else 0
    return int(wanted) if 0 <= int(wanted) <= LONGEST_WAIT else 0
