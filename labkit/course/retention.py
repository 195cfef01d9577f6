"""Retention: what lesson 06 finds in Teapot's log groups, and what keeping lines costs.

::

    lab = labkit.Lab(builder="teapot_logs")   # /teapot/orders keeps 14 days, /teapot/debug all
    lab.handles["missing"]                    # the order that Lena asks for
    retention.cost(40, "for ever", years=5)   # dollars a month, over the years

The order was placed on 22 December, 14 days and 19 minutes before the lab's first minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.core.clock import DAY, to_us
from labkit.lab import START, Lab
from labkit.logs.storage import COMPRESSED
from labkit.views import text
from labkit.views.chart import Chart
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing
from labkit.views.wording import number

ORDERS, DEBUG = "/teapot/orders", "/teapot/debug"
KEPT_DAYS = 14
FOR_EVER = "for ever"
#: A line came every so often: orders before the lab's start, debug lines since 2021.
_ORDER_EVERY, _DEBUG_EVERY = timedelta(minutes=18), timedelta(hours=9)
_PLACED = timedelta(days=KEPT_DAYS, minutes=19)
_FIRST_DEBUG = START.replace(year=2021, month=1, day=1, hour=0)
_MACHINES = 10
_TEAS = ("assam", "darjeeling", "sencha", "oolong", "lapsang", "rooibos", "jasmine")
_MONTH_DAYS, _UNIT = 730 / 24, "dollars a month"


def teapot(lab: Lab) -> Mapping[str, Any]:
    """The builder ``teapot_logs``: two log groups with a past, and opposite settings."""
    orders = [START - _ORDER_EVERY * n + timedelta(minutes=2) for n in range(1, 1800)]
    orders.append(START - _PLACED)
    orders.sort()
    numbers = range(5200 - len(orders), 5200)
    lines = [
        f"INFO order T-{n} placed by c-{n * 37 % 907 + 1000}: {n % 4 + 1} x "
        f"{_TEAS[n * 5 % len(_TEAS)]}"
        for n in numbers
    ]
    machines = [f"web-{n:02}" for n in range(1, _MACHINES + 1)]
    which = [n * 7 % _MACHINES for n in numbers]
    _past(lab, ORDERS, machines, orders, lines, which)
    debug: list[datetime] = []
    while (at := _FIRST_DEBUG + _DEBUG_EVERY * len(debug)) < START:
        debug.append(at)
    told = [
        f"DEBUG cache key cart/{n % 613} not found, asked the database" for n in range(len(debug))
    ]
    _past(lab, DEBUG, ["web-01"], debug, told, None)
    lab.client("logs").put_retention_policy(logGroupName=ORDERS, retentionInDays=KEPT_DAYS)
    lost = orders.index(START - _PLACED)
    return {"missing": f"T-{numbers[lost]}", "found": f"T-{numbers[lost + 40]}"}


def _past(
    lab: Lab, group: str, streams: list[str], at: list[datetime], lines: list[str],
    which: list[int] | None,
) -> None:  # fmt: skip
    times = [to_us(one) // 1000 for one in at]
    lab.parts.logs.import_lines(lab.account, lab.region, group, streams, times, lines, which)


def _price(item: str) -> tuple[float, int]:
    """Dollars for a GB (or a GB-month), and how much of it is free."""
    row = price_table().row(item)
    free = row.free // row.per if row.per else row.free
    return float(row.tiers[0].price), free


def cost(
    gb_a_day: float, kept: int | str = FOR_EVER, *, years: int = 2, start: datetime | None = None
) -> Drawing:
    """What a log group costs a month, while the years go by.

    Parameters
    ----------
    gb_a_day:
        What comes in, each day the same.
    kept:
        Days of retention, or ``"for ever"``.
    years:
        How long it is looked at.
    start:
        When the first line came; the lab's first year when left out.

    Returns
    -------
    Drawing
        Its data: ``taken_in`` and ``kept``, dollars a month at the end.
    """
    start = START.replace(month=1, day=1, hour=0) if start is None else start
    days = 365 * years + years // 4
    (dear, first_gb), (cheap, first_month) = _price("logs.ingested"), _price("logs.stored")
    taken_in = max(gb_a_day * _MONTH_DAYS - first_gb, 0.0) * dear
    limit = days if kept == FOR_EVER else int(kept)
    # A point for each day is more than a picture can show; the last one is the last day's.
    step = max(1, days // 365)
    looked = range(1 + (days - 1) % step, days + 1, step)
    lying = [
        max(gb_a_day * min(day, limit) * float(COMPRESSED) - first_month, 0.0) * cheap
        for day in looked
    ]
    starts = tuple(to_us(start) + (day - 1) * DAY for day in looked)
    curves = (
        Curve("to take in", starts, (round(taken_in, 6),) * len(starts), step * DAY, _UNIT),
        Curve("to keep", starts, tuple(round(one, 6) for one in lying), step * DAY, _UNIT),
    )
    told = FOR_EVER if kept == FOR_EVER else f"for {kept} days"
    title = (
        f"{number(gb_a_day)} GB a day, kept {told}: after {years} years ${taken_in:,.0f} a month "
        f"to take in, ${lying[-1]:,.0f} to keep"
    )
    chart = Chart(title, curves, starts[0], starts[-1] + step * DAY)
    data = {"taken_in": round(taken_in, 2), "kept": round(lying[-1], 2)}
    return Drawing(title, text.plot(chart), data, svg=chart.svg())
