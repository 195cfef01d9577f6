"""The lines of a log group: how many of each severity over time, and the last of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.core.clock import SECOND
from labkit.logs.engine.severity import ERROR, OTHER, WARNING, severity
from labkit.views import html, theme
from labkit.views.chart import Chart
from labkit.views.curves import Curve
from labkit.views.drawing import Drawing, image
from labkit.views.text import plot, table
from labkit.views.timeaxis import clock_text, day_text, step_for, when
from labkit.views.wording import count, cut, number

#: Bars of the picture, about.
_BARS = 60
_NAMES = {ERROR: "errors", WARNING: "warnings", OTHER: "other lines"}
_COLOURS = {ERROR: theme.ERRORS, WARNING: theme.INCIDENT_INK, OTHER: theme.INK}


@dataclass(frozen=True, slots=True)
class Line:
    """An event as a reader sees it: milliseconds since the epoch, stream, text."""

    at_ms: int
    stream: str
    text: str


def lines(
    group: str,
    times: Sequence[int],
    kinds: Sequence[str],
    last: Sequence[Line],
    start_us: int,
    end_us: int,
    pattern: str = "",
) -> Drawing:
    """Draw the lines of a range.

    Parameters
    ----------
    group:
        Its name.
    times, kinds:
        Milliseconds and severity of each line of the range, oldest first.
    last:
        The last ones, which are listed.
    start_us, end_us:
        The range.
    pattern:
        The filter pattern that they match; empty when nothing was filtered.
    """
    counts = dict.fromkeys(_NAMES, 0) | Counter(kinds)
    title = _title(group, len(times), counts, pattern, start_us, end_us)
    data: dict[str, object] = {
        "group": group, "counts": counts,
        "lines": [[line.at_ms, line.stream, line.text] for line in last],
    }  # fmt: skip
    if not times:
        return Drawing(title, title, data, body=html.card(title))
    step = max(step_for(end_us - start_us, _BARS), SECOND)
    series = _binned(times, kinds, step)
    data["step_us"], data["series"] = step, {kind: list(map(list, bins.items()))
                                             for kind, bins in series.items()}  # fmt: skip
    chart = Chart(title, _curves(series, step, start_us, end_us), start_us, end_us)
    shown = [(line, severity(line.text)) for line in last]
    head = ["when (UTC)", "stream", "line"]
    plain = [[_moment(one.at_ms), cut(one.stream, 24), _first(one.text, 100)] for one, _ in shown]
    fancy = [
        [
            html.whole(_moment(one.at_ms)),
            html.mono(cut(one.stream, 24)),
            html.element("span", html.mono(_first(one.text, 160)), f"color:{_COLOURS[kind]}"),
        ]
        for one, kind in shown
    ]
    more = len(times) - len(shown)
    note = f"{count(more, 'earlier line')} not listed" if more else ""
    parts = [html.Html(image(chart.svg(), title)), html.table(head, fancy)]
    # The picture says the finding itself.
    body = html.card("", *parts, *([html.note(note)] if note else []), alt=title)
    told = [plot(chart), "", table(head, plain, longest=100), *([note] if note else [])]
    return Drawing(title, "\n".join(told), data, body=body)


def _title(
    group: str, many: int, counts: Mapping[str, int], pattern: str, start_us: int, end_us: int
) -> str:
    matching = f" that match {pattern}" if pattern else ""
    span = f"{when(start_us, start_us, end_us)} to {when(end_us, start_us, end_us + 1)}"
    if not many:
        return f"{group}: no lines{matching}, {span}"
    bad = [
        count(counts[kind], word)
        for kind, word in ((ERROR, "error"), (WARNING, "warning"))
        if counts[kind]
    ]
    told = f", {' and '.join(bad)} among them" if bad else ""
    lines_ = "1 line" if many == 1 else f"{number(many)} lines"
    return f"{group}: {lines_}{matching}{told}, {span}"


def _binned(times: Sequence[int], kinds: Sequence[str], step: int) -> dict[str, dict[int, int]]:
    series: dict[str, dict[int, int]] = {kind: {} for kind in _NAMES if kind in kinds}
    for at_ms, kind in zip(times, kinds, strict=True):
        begin = at_ms * 1000 // step * step
        series[kind][begin] = series[kind].get(begin, 0) + 1
    return series


def _curves(
    series: Mapping[str, Mapping[int, int]], step: int, start_us: int, end_us: int
) -> tuple[Curve, ...]:
    """A curve of each severity, 0 where there was no line."""
    starts = range(start_us // step * step, end_us, step)
    return tuple(
        Curve(
            _NAMES[kind],
            tuple(starts),
            tuple(float(bins.get(begin, 0)) for begin in starts),
            step,
            "Count",
        )
        for kind, bins in series.items()
    )


def _moment(at_ms: int) -> str:
    return f"{day_text(at_ms * 1000)} {clock_text(at_ms * 1000)}"


def _first(text: str, most: int) -> str:
    """The first line of an event, and how many follow."""
    rows = text.splitlines() or [""]
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    return cut(rows[0], most - len(more)) + more


def groups(rows: Sequence[Mapping[str, object]]) -> Drawing:
    """Log groups as a table.

    Parameters
    ----------
    rows:
        ``name``, ``events``, ``bytes``, ``retention`` (text), ``class``, ``last_ms`` (or None),
        ``attached`` (text).
    """
    events = sum(int(str(row["events"])) for row in rows)
    title = f"{count(len(rows), 'log group')}, {number(events)} events" if rows else "No log groups"
    head = ["log group", "events", "bytes", "kept", "class", "last event (UTC)", "attached"]
    plain = [
        [
            str(row["name"]), number(float(str(row["events"]))), number(float(str(row["bytes"]))),
            str(row["retention"]), str(row["class"]),
            "" if row["last_ms"] is None else _moment(int(str(row["last_ms"]))),
            str(row["attached"]),
        ]
        for row in rows
    ]  # fmt: skip
    if not rows:
        return Drawing(title, title, {"groups": []}, body=html.card(title))
    fancy = [[html.mono(row[0]), *map(html.whole, row[1:])] for row in plain]
    body = html.card(title, html.table(head, fancy, right=[1, 2]), alt=title)
    told = f"{title}\n{table(head, plain, longest=60)}"
    return Drawing(title, told, {"groups": [dict(row) for row in rows]}, body=body)
