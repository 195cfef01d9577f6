"""What rules sent and nobody got, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from labkit.core.clock import to_datetime
from labkit.eventbridge.problems import Problem
from labkit.views import html
from labkit.views import text as plain
from labkit.views.drawing import Drawing
from labkit.views.wording import count


def drawn(problems: Sequence[Problem]) -> Drawing:
    """Problems as a table, the newest first.

    Parameters
    ----------
    problems:
        Oldest first.
    """
    title = (
        f"EventBridge: {count(len(problems), 'problem')}"
        if problems
        else "EventBridge: everything that a rule sent has arrived, or is still tried"
    )
    columns = ["when (UTC)", "rule", "target", "what", "why"]
    rows = [
        [
            f"{to_datetime(one.at_us):%d %b %H:%M:%S}",
            one.rule.rpartition(":rule/")[2],
            one.target,
            one.what,
            one.why,
        ]
        for one in reversed(problems)
    ]
    told = [title, plain.table(columns, rows, longest=200)] if rows else [title]
    parts = [html.table(columns, [[html.mono(cell) for cell in row] for row in rows])]
    body = html.card(title, *(parts if rows else []), alt=title)
    data = {"problems": [asdict(one) for one in problems]}
    return Drawing(title, "\n".join(told), data, body=body)
