"""Price of watching: what canaries cost a month, and how soon the second bad run is in.

Only the runs are counted: $0.0012 each in us-east-1, those beyond the first hundred of a month.
Lambda, logs and S3 come on top.
"""

from __future__ import annotations

from labkit.views import html, text
from labkit.views.drawing import Drawing

RUN_PRICE, FREE_RUNS = 0.0012, 100
_MINUTES_A_MONTH = 30 * 24 * 60
_COLUMNS = ["every", "runs a month", "dollars a month", "second bad run after at most"]
#: How often a canary may run, in minutes.
RATES = (1, 5, 10, 60)


def watched(canaries: int, minutes: int) -> Drawing:
    """What some canaries cost at each rate, one of the rates picked out.

    Parameters
    ----------
    canaries:
        How many.
    minutes:
        Between two runs of each.
    """
    rows = []
    for rate in RATES:
        runs = canaries * _MINUTES_A_MONTH // rate
        dollars = max(runs - FREE_RUNS, 0) * RUN_PRICE
        rows.append((rate, runs, dollars, 2 * rate))
    runs, dollars, delay = next((b, c, d) for a, b, c, d in rows if a == minutes)
    title = (
        f"{canaries} every {minutes} min: ${dollars:.2f} a month, the second bad run after "
        f"{delay} min at most"
    )
    shown = [
        [f"{rate} min" + (" \u25c0" if rate == minutes else ""), f"{many:,}", f"{cost:.2f}",
         f"{late} min"]
        for rate, many, cost, late in rows
    ]  # fmt: skip
    return Drawing(
        title, f"{title}\n{text.table(_COLUMNS, shown)}",
        {"runs": runs, "dollars": round(dollars, 2), "delay": delay},
        body=html.card(title, html.table(_COLUMNS, shown, right=(1, 2, 3)), alt=title),
    )  # fmt: skip
