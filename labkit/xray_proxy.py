"""The TCP side of a lab's X-Ray daemon: SDKs ask it for sampling rules and targets, unsigned.

Each request goes on to X-Ray as the daemon's role, and takes no virtual time: an SDK polls by the
machine's clock, and must not push the lab's.

**Two clocks.** An SDK compares what X-Ray tells it with the machine's clock: until when a quota is
good, since when the rules are other ones. A lab lives at another time, so instants are moved on
their way through: to the machine's time in answers, to the lab's in questions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from labkit.agents.xray_shift import NEAR_US
from labkit.core.call import Principal
from labkit.core.clock import SECOND, machine_now_us
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps, parse
from labkit.gateway.dispatch import Dispatch
from labkit.gateway.wire import WireAnswer, WireRequest, answer
from labkit.gateway.wire_services import Scope

_OF_THE_CALLER = frozenset(
    {"authorization", "x-amz-security-token", "x-amz-date", "connection", "content-length"}
)
#: Members that are instants, of what SDKs ask and of what X-Ray answers.
#: Members that are instants, of what SDKs ask and of what X-Ray answers.
ASKED = frozenset({"Timestamp"})
ANSWERED = frozenset({"ReservoirQuotaTTL", "LastRuleModification", "CreatedAt", "ModifiedAt"})


def ask(
    dispatch: Dispatch,
    request: WireRequest,
    who: Callable[[], Principal],
    region: str,
    machine_us: Callable[[], int] = machine_now_us,
) -> WireAnswer:
    """What X-Ray answers to a request, asked as ``who``; hold the lab's lock.

    Parameters
    ----------
    dispatch:
        The lab's.
    request:
        As it came.
    who, region:
        The daemon's role, which may not be had, and where it sends to.
    machine_us:
        The machine's clock; another one in tests.
    """
    ahead_us = machine_us() - dispatch.world.clock.now_us
    if abs(ahead_us) <= NEAR_US:
        ahead_us = 0
    try:
        principal = who()
    except AwsError as error:
        headers = {"content-type": "application/json", "x-amzn-errortype": error.code}
        return WireAnswer(error.status, headers, dumps({"message": error.message}).encode())
    headers = {k: v for k, v in request.headers.items() if k not in _OF_THE_CALLER}
    asked = WireRequest(
        request.method,
        request.target,
        headers,
        moved(request.body, ASKED, -ahead_us),
        "127.0.0.1",
        Scope(principal.access_key_id, region, "xray"),
        principal,
    )
    told = answer(cast("Dispatch", _Aside(dispatch)), asked)
    if told.status == 200:
        told.body = moved(told.body, ANSWERED, ahead_us)
        told.headers.pop("content-length", None)
    return told


class _Aside:
    """A dispatch whose calls take no instant."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dispatch, name)

    def call(self, *models: Any, **more: Any) -> tuple[int, dict[str, Any]]:
        """A nested call."""
        return self._dispatch.nested(*models, **more)


def moved(body: bytes, names: frozenset[str], by_us: int) -> bytes:
    """A JSON body with the instants of some members later by so much."""
    if not by_us or not body:
        return body
    try:
        tree = parse(body)
    except (ValueError, RecursionError):
        return body
    return dumps(_later(tree, names, by_us / SECOND)).encode()


def _later(tree: Any, names: frozenset[str], by_s: float) -> Any:
    if isinstance(tree, list):
        return [_later(one, names, by_s) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: value + by_s
        if key in names and isinstance(value, int | float) and not isinstance(value, bool)
        else _later(value, names, by_s)
        for key, value in tree.items()
    }
