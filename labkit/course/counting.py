"""Counting: what a metric filter makes of twelve lines, and what an alarm would read of it.

For lesson 08, which works each part by hand before it moves this picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labkit.logs.engine.pattern import parse
from labkit.views import html, theme
from labkit.views import text as plain
from labkit.views.drawing import Drawing
from labkit.views.wording import count, number

#: (minute, line) of five minutes; in the fourth there is nothing but peace, in the fifth nothing.
LINES = (
    (0, "INFO order 4711 taken"),
    (0, "ERROR: 400 card refused"),
    (0, "ERROR: 400 card refused test"),
    (0, "error: 400 said the page"),
    (1, "INFO 400 cups sold"),
    (1, "ERROR: 400 no such card"),
    (1, '{"level":"ERROR","status":400,"path":"/pay"}'),
    (2, '{"level":"ERROR","status":502,"path":"/pay"}'),
    (2, "WARN card refused once, tried again"),
    (2, "ERROR: 500 out of memory"),
    (3, "INFO order 4712 taken"),
    (3, '{"level":"INFO","status":200,"path":"/pay"}'),
)
PATTERNS = (
    '"ERROR: 400"',
    "ERROR",
    "ERROR -test",
    "?ERROR ?WARN",
    "?ERROR ?WARN refused",
    '{ $.status >= 400 && $.path = "/pay" }',
    "[level = ERROR*, code = 4*, ...]",
)

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
    "Maximum": max,
}
STATISTICS = tuple(_STATISTICS)


def counted(pattern: str, statistic: str = "Sum", default: str = "none") -> Drawing:
    """Twelve lines with what a filter of value 1 makes of them, and the five minutes in a number.

    Parameters
    ----------
    pattern:
        A filter pattern.
    statistic:
        One of :data:`STATISTICS`, over the five minutes.
    default:
        The filter's default value: ``none``, or ``0``.
    """
    read = parse(pattern)
    found = [read.match(line) for _, line in LINES]
    hits = sum(map(bool, found))
    values = [1.0] * hits
    if default != "none":
        quiet = {minute for minute, _ in LINES}
        quiet -= {minute for (minute, _), match in zip(LINES, found, strict=True) if match}
        values += [float(default)] * len(quiet)
    reads = number(_STATISTICS[statistic](values)) if values else "nothing"
    title = (
        f"{hits} of {count(len(LINES), 'line')} match; an alarm on the {statistic} reads {reads}"
    )
    columns = ["minute", "", "line", "why"]
    rows, fancy = [], []
    for (minute, line), match in zip(LINES, found, strict=True):
        sign = "\u2713" if match else "\u2717"
        rows.append([str(minute), sign, line, match.reason])
        face = theme.OK if match else theme.INSUFFICIENT_DATA
        style = f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
        fancy.append([str(minute), html.element("span", sign, style), html.mono(line),
                      match.reason])  # fmt: skip
    points = [f"{value:g}" for value in values]
    note = f"points of the metric in these five minutes: {', '.join(points) or 'none'}"
    body = html.card(title, html.table(columns, fancy), html.note(note), alt=title)
    told = "\n".join([title, plain.table(columns, rows, longest=60), note])
    data = {"hits": hits, "points": values, "reads": reads}
    return Drawing(title, told, data, body=body)
