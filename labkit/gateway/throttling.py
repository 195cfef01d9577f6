"""Throttling: an operation that takes only so many calls a second, or refuses the next few.

Theory of operation
-------------------
AWS's front ends count calls with a token bucket: a call takes a token, tokens come back at a
steady ``rate``, and at most ``burst`` of them wait. Here nothing is throttled until somebody says
so (``lab.throttle``), since AWS's real limits differ by account and region and a lesson wants to
choose them. The bucket runs on virtual time, in whole numbers: a replay refuses the same calls.

What a refused caller is told differs by service: ``Throttling``, ``ThrottlingException``,
``RequestLimitExceeded`` (EC2), ``SlowDown`` (S3) ... The operation's own model decides where it
names such an error, then the service's, then the custom of the protocol.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import SECOND
from labkit.core.errors import AwsError, LabError

#: Names under which the models know this error, the plainest first.
_NAMES = (
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
)

#: Services whose error is known and in no model: code, HTTP status, message.
_KNOWN = {
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "s3": ("SlowDown", 503, "Please reduce your request rate."),
    # The models of these moved from query to json; the codes stayed.
    "cloudwatch": ("Throttling", 400, "Rate exceeded"),
    "sqs": ("RequestThrottled", 403, "Request is throttled."),
}

_BY_PROTOCOL = {
    "query": ("Throttling", 400),
    "rest-xml": ("Throttling", 400),
    "rest-json": ("ThrottlingException", 429),
}

_TOKEN = 1_000_000 * SECOND  # a token, in units of (millionth of a token a second) x microsecond


@dataclass(slots=True)
class Throttle:
    """The token bucket of one operation, on virtual time.

    Parameters
    ----------
    rate:
        Tokens a second; 0 for a bucket that never fills again.
    burst:
        How many tokens it holds, and has at the beginning.
    calls:
        How many of the next calls are refused, whatever the bucket holds.
    unlimited:
        Whether there is no bucket at all, only ``calls``.
    """

    rate: float
    burst: int
    calls: int
    unlimited: bool
    _level: int = 0
    _last_us: int = -1

    def admits(self, now_us: int) -> bool:
        """Whether a call at ``now_us`` may go on; it takes its token."""
        if self.calls > 0:
            self.calls -= 1
            return False
        if self.unlimited:
            return True
        full = self.burst * _TOKEN
        if self._last_us < 0:
            self._level = full
        else:
            gained = round(self.rate * 1_000_000) * (now_us - self._last_us)
            self._level = min(full, self._level + gained)
        self._last_us = now_us
        if self._level < _TOKEN:
            return False
        self._level -= _TOKEN
        return True


class Throttles:
    """Which operations of a lab are throttled; empty as a rule."""

    def __init__(self) -> None:
        self._by_operation: dict[tuple[str, str], Throttle] = {}

    def __bool__(self) -> bool:
        return bool(self._by_operation)

    def concerns(self, service: str, operation: str) -> bool:
        """Whether calls to this operation can be refused."""
        return (service, operation) in self._by_operation

    def set(
        self,
        service: str,
        operation: str,
        *,
        rate: float | None = None,
        burst: int | None = None,
        calls: int | None = None,
    ) -> None:
        """Throttle an operation from now on, in place of what was said before.

        With none of the three the operation is free again.

        Raises
        ------
        LabError
            For an operation that AWS does not have, or a figure that makes no sense.
        """
        _check_operation(service, operation)
        if rate is not None:
            _check(rate, "rate is a number of calls a second, 0 or more")
        for name, value in (("burst", burst), ("calls", calls)):
            if value is not None:
                _check(value, f"{name} is a whole number, 0 or more", whole=True)
        if burst is not None and rate is None:
            raise LabError("burst says how many calls may come at once; it needs a rate")
        if rate is None and not calls:
            self._by_operation.pop((service, operation), None)
            return
        size = max(1, math.ceil(rate or 0)) if burst is None else burst
        self._by_operation[service, operation] = Throttle(
            rate or 0.0, size, calls or 0, unlimited=rate is None
        )

    def table(self) -> list[dict[str, Any]]:
        """What is throttled, for people and the control path."""
        return [
            {
                "service": service,
                "operation": operation,
                "rate": None if one.unlimited else one.rate,
                "burst": None if one.unlimited else one.burst,
                "calls": one.calls,
            }
            for (service, operation), one in sorted(self._by_operation.items())
        ]

    def refusal(self, operation_model: Any, now_us: int) -> AwsError | None:
        """AWS's answer for a call that comes too soon; None for one that may go on."""
        service = operation_model.service_model.service_name
        throttle = self._by_operation.get((service, operation_model.name))
        if throttle is None or throttle.admits(now_us):
            return None
        return throttling_error(operation_model)


def _check(value: object, told: str, *, whole: bool = False) -> None:
    kinds: tuple[type, ...] = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise LabError(told)
    if not (math.isfinite(value) and 0 <= value <= 1e9):  # type: ignore[arg-type, operator]
        raise LabError(told)


def _check_operation(service: str, operation: str) -> None:
    from difflib import get_close_matches

    from labkit.gateway.wire_services import known_services, service_model

    if service not in known_services():
        near = get_close_matches(service, sorted(known_services()), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LabError(f"boto3 knows no service {service!r}{hint}")
    names = service_model(service).operation_names
    if operation not in names:
        near = get_close_matches(operation, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LabError(
            f"{service} has no operation {operation!r}{hint} (as in AWS's API: PutMetricData)"
        )


def throttling_error(operation_model: Any) -> AwsError:
    """The error of an operation that is called too often, by its model."""
    model = operation_model.service_model
    known = _KNOWN.get(model.service_name)
    if known is not None:
        return AwsError(known[0], known[2], status=known[1])
    own = {shape.name: shape for shape in operation_model.error_shapes}
    everybodys = set(model.shape_names)
    for name in _NAMES:
        if name in own or (name in everybodys and model.protocol.startswith("rest")):
            shape = own[name] if name in own else model.shape_for(name)
            status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
            return AwsError(shape.error_code or name, "Rate exceeded", status=int(status))
    code, status = _BY_PROTOCOL.get(model.protocol, ("ThrottlingException", 400))
    return AwsError(code, "Rate exceeded", status=status)
