"""The same for a terminal: step charts, tables, folded paragraphs. Plain characters, no colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from labkit.views import theme
from labkit.views.drawing import printable
from labkit.views.timeaxis import ticks
from labkit.views.wording import cut, nice_axis, short

if TYPE_CHECKING:
    from labkit.views.chart import Chart
    from labkit.views.curves import Curve

_EIGHTHS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
_GAP, _LIMIT = "\u00b7", "\u2504"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, longest: int = 60) -> str:
    """A table with aligned columns; long cells lose their middle, not their end.

    >>> print(table(["alarm", "state"], [["cpu-high", "ALARM"], ["disk", "OK"]]))
    alarm     state
    --------  -----
    cpu-high  ALARM
    disk      OK
    """
    lines = [[cut(" ".join(printable(cell).split()), longest) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, lines)])


def folded(text: str, width: int = 96, indent: str = "") -> str:
    """A paragraph in lines of at most ``width`` characters."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def plot(chart: Chart, *, columns: int = 72, rows: int | None = None) -> str:
    """A chart in characters: the finding, the steps, states, e-mails, and the time below.

    ``rows`` is the height of each curve; left out, six lines, fewer where there are several.
    """
    rows = rows or {1: 6, 2: 4, 3: 3}.get(len(chart.curves), 1)
    labels = [_short_label(curve, chart) for curve in chart.curves]
    values = [v for curve in chart.curves for v in curve.values]
    if chart.threshold is not None:
        values.append(chart.threshold.value)
    if not any(curve.values for curve in chart.curves) and not chart.bands_only:
        return chart.title if chart.note in chart.title else f"{chart.title}\n{chart.note}"
    low, high, _ = nice_axis(min(values, default=0), max(values, default=1), chart.curves[0].unit)
    margin = max(
        [0 if chart.bands_only else len(short(v)) for v in (low, high)]
        + [len(band.label or "state") for band in chart.bands]
        + ([len("e-mail")] if chart.mails is not None else [])
        + ([len(short(chart.threshold.value))] if chart.threshold else [])
        + [len("UTC")]
    )
    margin = min(margin, 24)
    out = [chart.title]
    if rows == 1:
        out.append(f"{'':>{margin}}  each line from {short(low)} to {short(high)}")
    curves = () if chart.bands_only else zip(chart.curves, labels, strict=True)
    for curve, label in curves:
        if rows == 1:
            [line] = _steps(chart, curve, (low, high), 0, columns, 1)
            out.append(f"{'':>{margin}} |{line[line.index('|') + 1 :]:<{columns}} {label}")
            continue
        if len(chart.curves) > 1:
            out.append(label)
        out += _steps(chart, curve, (low, high), margin, columns, rows)
    for start, end, name in chart.incidents:
        marks = _span_marks(chart, columns, [(start, end, "=")])
        out.append(f"{'':>{margin}} |{marks.rstrip()} {name}".rstrip())
    for band in chart.bands:
        ordered = sorted(band.spans, key=lambda span: span[2] == "ALARM")  # ALARM is never hidden
        spans = [(a, b, theme.face(state).letter) for a, b, state in ordered]
        marks = _span_marks(chart, columns, spans)
        out.append(f"{cut(band.label or 'state', margin):>{margin}} |{marks}".rstrip())
    if chart.mails is not None:
        marks = _span_marks(chart, columns, [(at, at, "@") for at in chart.mails])
        out.append(f"{'e-mail':>{margin}} |{marks}".rstrip())
    out += _time_rows(chart, margin, columns)
    key = _key(chart)
    return "\n".join([*out, key] if key else out)


def _short_label(curve: Curve, chart: Chart) -> str:
    return f"{curve.label}, {curve.unit}" if curve.unit else curve.label


def _column(chart: Chart, at: int, columns: int) -> int:
    """The column that holds an instant."""
    span = max(1, chart.end_us - chart.start_us)
    return min(columns - 1, max(0, (at - chart.start_us) * columns // span))


def _span_marks(chart: Chart, columns: int, spans: Iterable[tuple[int, int, str]]) -> str:
    marks = [" "] * columns
    for start, end, letter in spans:
        if end < chart.start_us or start > chart.end_us:
            continue
        first = _column(chart, start, columns)
        last = max(first, _column(chart, end - 1, columns)) if end > start else first
        marks[first : last + 1] = letter * (last + 1 - first)
    return "".join(marks)


def _levels(chart: Chart, curve: Curve, columns: int) -> list[float | None]:
    """The worst value in each column; None where there is none."""
    below = chart.threshold is not None and chart.threshold.below
    levels: list[float | None] = [None] * columns
    for i, (start, value) in enumerate(zip(curve.starts, curve.values, strict=True)):
        if curve.end(i) <= chart.start_us or start >= chart.end_us:
            continue
        first = _column(chart, start, columns)
        for column in range(first, max(first, _column(chart, curve.end(i) - 1, columns)) + 1):
            known = levels[column]
            if known is None or (value < known) == below:
                levels[column] = value
    return levels


def _steps(
    chart: Chart, curve: Curve, scale: tuple[float, float], margin: int, columns: int, rows: int
) -> list[str]:
    low, high = scale
    levels = _levels(chart, curve, columns)
    eighths = [
        # Rounded off centre, for the reason given in labkit.views.sheet.
        None if value is None else max(1, int((value - low) / (high - low) * rows * 8 + 0.4863))
        for value in levels
    ]
    limit = chart.threshold
    limit_row = -1
    if limit is not None:
        limit_row = min(rows - 1, max(0, int((limit.value - low) / (high - low) * rows)))
    lines = []
    for row in range(rows - 1, -1, -1):
        label = {rows - 1: short(high), 0: short(low)}.get(row, "")
        if row == limit_row and limit is not None:
            label = short(limit.value)
        cells = []
        for value in eighths:
            fill = 0 if value is None else min(8, max(0, value - row * 8))
            if value is None:
                cells.append(_LIMIT if row == limit_row else _GAP if row == 0 else " ")
            else:
                cells.append(_LIMIT if fill == 0 and row == limit_row else _EIGHTHS[fill])
        tail = f" {limit}" if row == limit_row and rows > 1 else ""
        lines.append(f"{label:>{margin}} |{''.join(cells)}{tail}".rstrip())
    return lines


def _time_rows(chart: Chart, margin: int, columns: int) -> list[str]:
    line, below = [" "] * (columns + 12), [" "] * (columns + 24)
    free = free_below = 0
    for tick in ticks(chart.start_us, chart.end_us, 6):
        column = _column(chart, tick.at_us, columns) if tick.at_us < chart.end_us else columns
        if column >= free:
            line[column : column + len(tick.label)] = tick.label
            free = column + len(tick.label) + 1
        if tick.below and column >= free_below:
            below[column : column + len(tick.below)] = tick.below
            free_below = column + len(tick.below) + 2
    return [
        f"{'UTC':>{margin}} |{''.join(line)}".rstrip(),
        f"{'':>{margin}}  {''.join(below)}".rstrip(),
    ]


def _key(chart: Chart) -> str:
    states = list(dict.fromkeys(s for band in chart.bands for _, _, s in band.spans))
    words = [f"{theme.face(state).letter} {state}" for state in states]
    if chart.mails:
        words.append("@ e-mail")
    return "  ".join(words)
