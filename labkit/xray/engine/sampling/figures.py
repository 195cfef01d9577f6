"""What sampling comes to: traces, dollars, and the chance to have caught a fault.

Requests that come evenly; a fault that strikes each request alike. The price is X-Ray's list price
in US East (N. Virginia); the bill (``lab.bill``) reads its own table, and a test holds both equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Dollars for a million traces recorded, and traces a month that are free.
DOLLARS_A_MILLION, FREE_TRACES = 5.0, 100_000
#: Seconds of a month of thirty days.
MONTH_S = 30 * 24 * 3600


def traced_per_second(
    requests_per_second: float, rate: float = 0.05, reservoir: float = 1
) -> float:
    """Traces a second that a rule yields.

    >>> traced_per_second(100)
    5.95
    """
    sure = min(requests_per_second, reservoir)
    return round(sure + rate * (requests_per_second - sure), 9)


def traced(requests: float, seconds: float, rate: float = 0.05, reservoir: float = 1) -> float:
    """Traces of so many requests within so many seconds.

    The developer guide's example: 110 requests in ten seconds, one a second borrowed, 10 % of the
    other hundred:

    >>> traced(110, 10, rate=0.1)
    20.0
    """
    if seconds <= 0:
        return 0.0
    return round(traced_per_second(requests / seconds, rate, reservoir) * seconds, 6)


def dollars_a_month(traces_per_second: float, free: int = FREE_TRACES) -> float:
    """What a month's traces cost, thirty days of the same.

    >>> dollars_a_month(200, free=0)
    2592.0
    """
    traces = traces_per_second * MONTH_S
    return max(0.0, traces - free) * DOLLARS_A_MILLION / 1_000_000


def chance_to_catch(one_in: float, requests: float, share: float) -> float:
    """The chance that at least one faulty request was traced.

    Parameters
    ----------
    one_in:
        One request in so many fails.
    requests:
        How many came.
    share:
        Share of the requests that are traced.

    >>> round(chance_to_catch(500, 60_000, 0.0595), 4)
    0.9992
    """
    each = share / one_in
    if each >= 1:
        return 1.0 if requests > 0 else 0.0
    return -math.expm1(requests * math.log1p(-each))


@dataclass(frozen=True, slots=True)
class Yielded:
    """What a rule yields.

    Parameters
    ----------
    requests_per_second, rate, reservoir:
        As asked.
    per_second, per_minute, per_month:
        Traces.
    share:
        Of the requests, 0 to 1.
    dollars:
        Of a month, beyond the free traces.
    chance:
        To have traced a fault of one request in ``one_in`` within ``minutes``.
    """

    requests_per_second: float
    rate: float
    reservoir: float
    per_second: float
    per_minute: float
    per_month: float
    share: float
    dollars: float
    one_in: float
    minutes: float
    chance: float


def yielded(
    requests_per_second: float,
    rate: float = 0.05,
    reservoir: float = 1,
    one_in: float = 500,
    minutes: float = 10,
) -> Yielded:
    """All figures of one rule at once."""
    per_second = traced_per_second(requests_per_second, rate, reservoir)
    share = per_second / requests_per_second if requests_per_second else 0.0
    chance = chance_to_catch(one_in, requests_per_second * minutes * 60, share)
    return Yielded(
        requests_per_second, rate, reservoir, per_second, per_second * 60,
        per_second * MONTH_S, share, dollars_a_month(per_second), one_in, minutes, chance,
    )  # fmt: skip
