"""Where a service of the backing stands: moto's world, the clock, facts, ids, in one value.

A service of the backing does three things beside answering calls: it lets something happen later,
it tells what happened, and it draws ids. All three are the same for Kinesis and for CodeBuild, so
they are here.

What happens later is an entry of the lab's clock with a name and a JSON payload. moto is seeded
from the event itself before its handler runs, so that what it makes (a task that a service starts
anew at three in the morning) has the same id in every replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.backing.emitting import Emitters
from labkit.backing.mount import MotoWorld
from labkit.core.call import Call
from labkit.core.clock import Cause, Clock, Handler, Phase
from labkit.core.facts import Facts
from labkit.core.ids import Ids
from labkit.core.ports import Ports

#: Answers one operation in front of moto: parameters as the caller gave them, and the call. None
#: leaves the operation to moto.
Answer = Callable[[dict[str, Any], Call], dict[str, Any] | None]

#: Answers of one service or several, by botocore's service name and the operation's wire name.
Answers = Mapping[tuple[str, str], Answer]


@dataclass(frozen=True, slots=True)
class Site:
    """What a service of the backing stands on.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    clock, facts, ids, ports:
        The lab's.
    emit:
        How its resources write to CloudWatch, Logs and EventBridge.
    seed:
        Lets moto draw from the call or event under way, if it does not already.
    """

    moto: MotoWorld
    clock: Clock
    facts: Facts
    ids: Ids
    ports: Ports
    emit: Emitters
    seed: Callable[[], None]

    # -- later
    def register(self, name: str, handler: Handler) -> None:
        """Make a handler known to the clock; when it runs, moto draws from the event."""

        def run(payload: dict[str, Any]) -> None:
            self.seed()
            handler(payload)

        self.clock.register(name, run)

    def after(
        self,
        us: int,
        name: str,
        payload: dict[str, Any],
        phase: Phase = Phase.STATE,
        *,
        cause: Cause | None = None,
    ) -> None:
        """Let the handler ``name`` run ``us`` microseconds from now."""
        self.clock.at(self.clock.now_us + us, phase, name, payload, cause=cause)

    # -- asked
    def allowed(
        self, principal: str, action: str, resource: str, source_arn: str = "", account: str = ""
    ) -> bool:
        """Whether a role (by ARN) or a service (``firehose.amazonaws.com``) may do something.

        ``source_arn`` and ``account``: what a service acts for. Where nobody decides who may
        do what, everybody may do everything.
        """
        if not self.ports.answered("allowed"):
            return True
        return self.ports.allowed(principal, action, resource, source_arn, account)

    # -- told
    def publish(self, kind: str, account: str, region: str, data: Mapping[str, Any]) -> None:
        """Tell a fact as soon as moto is done with the request under way."""
        self.moto.afterwards(lambda: self.facts.publish(kind, account, region, data))
