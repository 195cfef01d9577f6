"""Which lines a filter pattern matches, and why."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.logs.engine.pattern import Pattern
from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.wording import count, cut

_COLUMNS = ["", "line", "why", "extracted"]


def matching(pattern: Pattern, lines: Sequence[str]) -> Drawing:
    """A row for each line: whether it matches, the part that decided, what is extracted."""
    found = [pattern.match(line) for line in lines]
    hits = sum(map(bool, found))
    title = f"{hits} of {count(len(lines), 'line')} match {pattern.text.strip() or 'everything'}"
    rows = []
    for line, match in zip(lines, found, strict=True):
        told = ", ".join(f"{name} {value}" for name, value in match.extracted.items())
        rows.append(["\u2713" if match else "\u2717", cut(line, 90), match.reason, cut(told, 90)])
    fancy = [[sign, html.mono(line), why, html.mono(told)] for sign, line, why, told in rows]
    body = html.card(title, html.table(_COLUMNS, fancy), alt=title)
    data = {
        "matched": [bool(match) for match in found],
        "reasons": [match.reason for match in found],
        "extracted": [dict(match.extracted) for match in found],
    }
    return Drawing(title, f"{title}\n{table(_COLUMNS, rows, longest=60)}", data, body=body)
