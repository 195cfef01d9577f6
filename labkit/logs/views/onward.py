"""Where the lines of log groups go on, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.wording import count, number

_HEAD = ["filter", "log group", "pattern", "to", "forwarded", "waiting", "dropped", "last refusal"]


def subscriptions(rows: Sequence[Mapping[str, object]]) -> Drawing:
    """Subscription filters as a table.

    Parameters
    ----------
    rows:
        ``filter``, ``group``, ``pattern``, ``to`` (ARN), ``forwarded``, ``waiting``, ``dropped``
        (events), ``last`` (what the destination said when it last refused).
    """
    title = count(len(rows), "subscription filter") if rows else "No subscription filters"
    if not rows:
        return Drawing(title, title, {"subscriptions": []}, body=html.card(title))
    plain = [
        [
            str(row["filter"]), str(row["group"]), str(row["pattern"]) or "everything",
            str(row["to"]),
            *(number(float(str(row[name]))) for name in ("forwarded", "waiting", "dropped")),
            str(row["last"]),
        ]
        for row in rows
    ]  # fmt: skip
    fancy = [[html.mono(row[0]), html.mono(row[1]), *row[2:]] for row in plain]
    body = html.card(title, html.table(_HEAD, fancy, right=[4, 5, 6]), alt=title)
    told = f"{title}\n{table(_HEAD, plain, longest=60)}"
    return Drawing(title, told, {"subscriptions": [dict(row) for row in rows]}, body=body)
