"""The answer of a Logs Insights query: a table, or bars over time where there is a bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from labkit.core.clock import MINUTE, to_us
from labkit.views import html
from labkit.views.chart import Chart
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing
from labkit.views.text import plot, table
from labkit.views.timeaxis import when
from labkit.views.wording import count, cut, number

#: Rows that a table shows; the frame has them all.
MOST_ROWS = 30
#: Curves of one picture: the largest ones.
MOST_CURVES = 6


def moment(text: str) -> datetime:
    """A time as an answer writes it."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)


def answer(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    statistics: Mapping[str, float],
    *,
    bins: str = "",
    start_us: int = 0,
    end_us: int = 0,
) -> Drawing:
    """Draw an answer.

    Parameters
    ----------
    columns, rows:
        As GetQueryResults gives them, None where a field is missing.
    statistics:
        ``recordsMatched``, ``recordsScanned``, ``bytesScanned``.
    bins:
        Name of the column with the start of each bin; a table is drawn when it is empty.
    start_us, end_us:
        The range of the query.
    """
    looked = (
        f"{number(statistics.get('recordsMatched', 0))} of "
        f"{number(statistics.get('recordsScanned', 0))} events matched, "
        f"{_size(statistics.get('bytesScanned', 0))} scanned"
        if "recordsScanned" in statistics
        else "as they came in"
    )
    if bins and rows:
        drawn = _bars(columns, rows, bins, looked, start_us, end_us)
        if drawn is not None:
            return drawn
    return _table(columns, rows, looked)


def _size(many: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if many >= size:
            return f"{number(round(many / size, 1))} {unit}"
    return f"{number(many)} bytes"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | None]], looked: str) -> Drawing:
    title = f"{count(len(rows), 'row')}: {looked}"
    data = {"columns": list(columns), "rows": [list(row) for row in rows]}
    if not rows:
        title = f"No row: {looked}"
        return Drawing(title, title, data, body=html.card(title))
    shown = rows[:MOST_ROWS]
    plain = [[cut(cell.strip(), 90) if cell is not None else "" for cell in row] for row in shown]
    fancy = [[_cell(cell) for cell in row] for row in shown]
    right = [place for place in range(len(columns)) if _numeric([row[place] for row in rows])]
    more = len(rows) - len(shown)
    note = f"{count(more, 'more row')} in the frame" if more else ""
    body = html.card(
        title, html.table(list(columns), fancy, right=right),
        *([html.note(note)] if note else []), alt=title,
    )  # fmt: skip
    told = "\n".join([title, table(columns, plain, longest=90), *([note] if note else [])])
    return Drawing(title, told, data, body=body)


def _cell(text: str | None) -> html.Html | str:
    """A value; a time stays in one line."""
    if text is None:
        return ""
    try:
        moment(text)
    except ValueError:
        return html.mono(cut(text.strip(), 160))
    # A hyphen would be a place for a line break too.
    return html.element("span", html.mono(text), "white-space:nowrap")


def _numeric(cells: Sequence[str | None]) -> bool:
    """Whether a column holds numbers and nothing else."""
    held = [cell for cell in cells if cell is not None]
    return bool(held) and all(_number(cell) is not None for cell in held)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _bars(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    bins: str,
    looked: str,
    start_us: int,
    end_us: int,
) -> Drawing | None:
    """A curve for each column of numbers, or for each group beside the bin."""
    at = columns.index(bins)
    numeric = [
        place
        for place in range(len(columns))
        if place != at and _numeric([row[place] for row in rows])
    ]
    keys = [place for place in range(len(columns)) if place not in (at, *numeric)]
    if not numeric:
        return None
    series: dict[str, dict[int, float]] = {}
    for row in rows:
        if row[at] is None:
            continue
        begin = to_us(moment(row[at] or ""))
        who = ", ".join(str(row[place]) for place in keys)
        for place in numeric:
            value = _number(row[place])
            if value is None:
                continue
            name = who if keys and len(numeric) == 1 else f"{who} {columns[place]}".strip()
            series.setdefault(name, {})[begin] = value
    starts = sorted({begin for points in series.values() for begin in points})
    period = min((b - a for a, b in pairwise(starts)), default=5 * MINUTE)
    largest = sorted(series, key=lambda name: (-max(series[name].values()), name))[:MOST_CURVES]
    curves = tuple(
        Curve(
            name,
            tuple(sorted(series[name])),
            tuple(series[name][b] for b in sorted(series[name])),
            period,
        )
        for name in largest
    )
    low, high = min(starts[0], start_us or starts[0]), max(starts[-1] + period, end_us)
    name = largest[0]
    peak = max(series[name], key=lambda begin: (series[name][begin], -begin))
    title = f"Most {name}: {number(series[name][peak])} at {when(peak, low, high)} ({looked})"
    chart = Chart(title, curves, low, high)
    data = {
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "series": {name: [[b, series[name][b]] for b in sorted(series[name])] for name in largest},
    }
    return Drawing(title, plot(chart), data, svg=chart.svg())
