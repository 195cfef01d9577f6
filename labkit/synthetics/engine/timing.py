"""When canaries run, and how long a run takes on the lab's clock.

**Schedules.** ``rate(1 minute)`` to ``rate(1 hour)``, ``rate(0 minute)`` for once, or six fields of
cron whose year is ``*``. The first run of a rate is at the start.

**Durations** are drawn from the seed, as those of Lambda functions are: what a browser really took
differs from machine to machine, and a world that is opened again must be the same to the byte. The
drawn figure goes by what was done (a browser started, steps, requests). A site that is slow by
tens of seconds is slow on the lab's clock too: whole tens of what was measured are added.

Source: CloudWatch user guide, "Creating a canary" and "Scheduling canary runs using cron".
"""

from __future__ import annotations

import math
import re
from hashlib import blake2b

from labkit.core.clock import HOUR, MINUTE, SECOND
from labkit.schedules.expression import InvalidSchedule, Schedule, parse_rule_schedule
from labkit.synthetics.engine.run import RunResult

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour)\)\Z")
_START_MS, _STEP_MS, _REQUEST_MS, _HTTP_ONLY_MS = 1_150.0, 420.0, 38.0, 240.0


class BadSchedule(ValueError):
    """An expression that Synthetics does not take; the text says why."""


def frequency_us(expression: str) -> int | None:
    """The rate of a schedule in microseconds: 0 for once, None for cron.

    Raises
    ------
    BadSchedule
        For what is neither.
    """
    if expression.startswith("cron("):
        _cron(expression)
        return None
    found = _RATE.match(expression)
    if found is None:
        raise BadSchedule(
            "Schedule expression must be rate(number unit) with minute, minutes or hour, "
            f"or cron(expression): {expression}"
        )
    number, unit = int(found[1]), found[2]
    if number == 0:
        return 0
    if (number == 1) == (unit == "minutes"):
        raise BadSchedule(f"{number} goes with {'minute' if number == 1 else 'minutes'}")
    every = number * (HOUR if unit == "hour" else MINUTE)
    if not MINUTE <= every <= HOUR:
        raise BadSchedule(f"A canary runs once a minute to once an hour, not every {number} {unit}")
    return every


def _cron(expression: str) -> Schedule:
    inside = expression.removeprefix("cron(").removesuffix(")").split()
    if len(inside) == 6 and inside[5] != "*":
        raise BadSchedule("The year of a canary's cron expression must be *")
    try:
        return parse_rule_schedule(expression)
    except InvalidSchedule as problem:
        raise BadSchedule(str(problem)) from None


def next_us(expression: str, started_us: int, after_us: int) -> int | None:
    """The next run later than ``after_us`` of a canary that was started at ``started_us``.

    >>> minute = 60_000_000
    >>> next_us("rate(5 minutes)", 0, 7 * minute) // minute
    10
    """
    every = frequency_us(expression)
    if every == 0:
        return None
    if every is not None:
        return started_us + ((after_us - started_us) // every + 1) * every
    return _cron(expression).next_firing(after_us)


def usual_timeout_s(expression: str) -> int:
    """The time limit of a canary that names none: its frequency, 14 minutes at most."""
    every = frequency_us(expression)
    return 840 if not every else min(every // SECOND, 840)


def duration_ms(result: RunResult, seed: int, run_id: str, timeout_s: float) -> float:
    """How long a run takes on the lab's clock, milliseconds; what ran into its limit, that."""
    if result.state_reason and result.duration_ms == timeout_s * 1000:
        return result.duration_ms
    digest = blake2b(f"{seed}/{run_id}".encode(), digest_size=16).digest()
    first = (int.from_bytes(digest[:8], "big") + 0.5) / 2**64
    second = int.from_bytes(digest[8:], "big") / 2**64
    # A lognormal spread of 12 %: runs are alike, and some take a little longer.
    spread = math.exp(0.12 * math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second))
    counts = result.http
    requests = counts.ok_2xx + counts.client_4xx + counts.server_5xx + counts.failed
    begin = _START_MS if result.took_picture else _HTTP_ONLY_MS
    usual = begin + _STEP_MS * len(result.steps) + _REQUEST_MS * requests
    return round(usual * spread + 10_000 * (result.duration_ms // 10_000), 3)
