"""One trace as a waterfall: who worked when, who waited for whom, and where nobody says anything.

A line for each segment (bold) and subsegment, the called below its caller. A segment's bar is
dark, a call to somebody pale, and what failed is red with a cross. Stretches of a segment in which
none of its subsegments runs are **gaps**: the program was doing something that it does not record.
The longest is hatched and measured, because that is where time hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut, figures, joined, nice_step
from labkit.xray.engine.own_time import own_seconds
from labkit.xray.engine.trace import Span, Trace, service_of
from labkit.xray.views.given import Told, traces_of
from labkit.xray.views.words import kind, took

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Lines drawn at most.
MOST = 60
#: A gap counts from this part of the whole trace on.
_GAP = 0.15
_CALL, _STEP, _SMALL, _TOP = "#9fc0dd", 22.0, theme.SMALLEST_TEXT, 84.0
_CROSS, _TICK = "\u2717", "\u2713"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the waterfall."""

    span: Span
    depth: int
    name: str
    kind: str
    gap: tuple[float, float] | None = None

    @property
    def bad(self) -> str:
        """``fault``, ``throttle``, ``error`` or nothing."""
        for name in ("fault", "throttle", "error"):
            if getattr(self.span, name):
                return name
        return ""


def waterfall(given: Told | Iterable[Told], trace_id: str = "") -> Drawing:
    """A trace.

    Parameters
    ----------
    given:
        A trace; what ``batch_get_traces`` answered, or one of its ``Traces``.
    trace_id:
        Which of several.

    Raises
    ------
    LabError
        When there is no such trace.
    """
    traces = [one for one in traces_of(given) if trace_id in ("", one.id)]
    if not traces or not traces[0].spans:
        raise LabError(f"there is no trace {trace_id}".rstrip())
    trace = traces[0]
    lines = _lines(trace)
    title, about = _title(trace, lines), _about(trace)
    data = _data(trace, lines)
    more = count(len(lines) - MOST, "further line") + " not shown" if len(lines) > MOST else ""
    text = "\n".join(
        [title, *([about] if about else []), *_text(trace, lines), *([more] * bool(more))]
    )
    return Drawing(title, text, data, svg=_picture(title, about, trace, lines[:MOST], more))


# -- what is there ------------------------------------------------------------------------------
def _lines(trace: Trace) -> list[Line]:
    gap = _longest(trace)
    lines: list[Line] = []
    tops = [one for one in trace.spans.values() if one.parent is None]
    todo = [(one, 0) for one in sorted(tops, key=lambda one: (one.start, one.id), reverse=True)]
    while todo:
        span, depth = todo.pop()
        inferred = [one for one in span.children if one.kind == "inferred"]
        name, what = span.name, kind(span.origin) if span.kind != "subsegment" else ""
        if inferred:  # the call and its callee, of whom only the call tells, are one line
            service = service_of(inferred[0])
            what = kind(service.type)
            if service.name != span.name:
                name = f"{span.name} {service.name}"
        mine = gap[1] if gap is not None and gap[0] is span else None
        lines.append(Line(span, depth, name, what, mine))
        below = [one for one in span.children if one.kind != "inferred"]
        todo += [(one, depth + 1) for one in reversed(below)]
    return lines


def _longest(trace: Trace) -> tuple[Span, tuple[float, float]] | None:
    """The longest gap of the trace, when it is long enough to speak of."""
    best: tuple[Span, tuple[float, float]] | None = None
    for span in trace.segments:
        parts = [one for one in span.own() if one is not span]
        if span.kind != "segment" or span.end is None or not parts:
            continue
        reached = span.start
        edges = [(one.start, one.end or one.start) for one in sorted(parts, key=lambda o: o.start)]
        for start, end in [*edges, (span.end, span.end)]:
            length = min(start, span.end) - reached
            if length > (best[1][1] - best[1][0] if best else 0.0):
                best = (span, (reached, min(start, span.end)))
            reached = max(reached, end)
    if best is None or best[1][1] - best[1][0] < _GAP * (trace.duration or 1.0):
        return None
    return best


def _beside(line: Line) -> tuple[str, str]:
    """The subsegments before and after a gap."""
    assert line.gap is not None
    parts = sorted((one for one in line.span.own() if one is not line.span), key=lambda o: o.start)
    before = [one.name for one in parts if (one.end or one.start) <= line.gap[0] + 1e-9]
    after = [one.name for one in parts if one.start >= line.gap[1] - 1e-9]
    return (before[-1] if before else ""), (after[0] if after else "")


def _what(trace: Trace) -> str:
    root = trace.root
    if root is None:
        return "A piece of a trace"
    method, url = root.request.get("method"), root.request.get("url")
    if not url:
        return root.name
    path = "/" + str(url).partition("://")[2].partition("/")[2] if "://" in str(url) else str(url)
    return f"{method or ''} {cut(path, 40)}".strip()


def _title(trace: Trace, lines: Sequence[Line]) -> str:
    root = trace.root
    if root is None or root.end is None:
        said = f"{_what(trace)} has not ended yet"
    else:
        said = f"{_what(trace)} took {took(root.duration)}"
        if root.fault or root.error:
            said += f" and failed{f' with {root.status}' if root.status else ''}"
    gap = next((line for line in lines if line.gap is not None), None)
    bad = [line for line in lines if line.bad]
    deep = max(bad, key=lambda line: line.depth, default=None)
    answered = trace.end if root is None or root.end is None else root.end
    awaited = [one for one in trace.segments if one.end is not None and one.start < answered]
    longest = max(awaited, key=own_seconds, default=None)
    broken = any(line.bad != "error" for line in bad)
    if deep is not None and (broken or root is None or root.error or not gap):
        verb = {"fault": "failed", "throttle": "was throttled", "error": "was refused"}[deep.bad]
        said += f": {deep.name} {verb}"
        reason = _exception(deep.span)
        if reason:
            said += f" ({cut(reason, 60)})"
    elif gap is not None and gap.gap is not None:
        before, after = _beside(gap)
        where = f"between {before} and {after}" if before and after else (
            f"before {after}" if after else f"after {before}"
        )  # fmt: skip
        length = took(gap.gap[1] - gap.gap[0])
        said += f"; for {length} of that {gap.span.name} records nothing, {where}"
    elif longest is not None and root is not None and own_seconds(longest) > 0.4 * root.duration:
        name = service_of(longest).name
        said += f"; {took(own_seconds(longest))} of that {name} takes itself"
    return said + "."


def _about(trace: Trace) -> str:
    """User and annotations, each once."""
    users = list(dict.fromkeys(one.user for one in trace.spans.values() if one.user))
    notes: dict[str, Any] = {}
    for span in trace.spans.values():
        notes.update(span.annotations)
    words = [f"user {joined(users)}"] if users else []
    words += [f"{name} = {notes[name]}" for name in sorted(notes)]
    if trace.partial:
        words.append("not complete: something has not arrived")
    return "; ".join(words)


def _exception(span: Span) -> str:
    for one in span.exceptions:
        parts = [str(one[name]) for name in ("type", "message") if one.get(name)]
        if parts:
            return ": ".join(parts)
    return ""


def _told(line: Line) -> str:
    """What stands behind a bar."""
    span = line.span
    words = [took(span.duration) if span.end is not None else "in progress"]
    if line.bad:
        words.append(f"{_CROSS} {line.bad}")
    if span.status:
        words.append(str(span.status))
    reason = _exception(span)
    if reason:
        words.append(cut(reason, 44))
    return "  ".join(words)


def _data(trace: Trace, lines: Sequence[Line]) -> dict[str, Any]:
    gap = next((line for line in lines if line.gap is not None), None)
    return {
        "trace_id": trace.id,
        "duration_seconds": figures(trace.duration),
        "response_seconds": figures(trace.response_time),
        "partial": trace.partial,
        "gap": None
        if gap is None or gap.gap is None
        else {
            "service": gap.span.name,
            "start_seconds": round(gap.gap[0] - trace.start, 6),
            "seconds": round(gap.gap[1] - gap.gap[0], 6),
            "between": list(_beside(gap)),
        },
        "lines": [
            {
                "name": line.name,
                "kind": line.kind,
                "depth": line.depth,
                "segment": line.span.kind == "segment",
                "start_seconds": round(line.span.start - trace.start, 6),
                "seconds": None if line.span.end is None else round(line.span.duration, 6),
                "status": line.span.status,
                "bad": line.bad,
                "exception": _exception(line.span),
            }
            for line in lines
        ],
    }


# -- in characters ------------------------------------------------------------------------------
def _text(trace: Trace, lines: Sequence[Line], columns: int = 48) -> list[str]:
    whole = trace.duration or 1.0
    margin = min(34, max(2 * line.depth + len(line.name) for line in lines))
    out = []
    for line in lines[:MOST]:
        span = line.span
        end = trace.end if span.end is None else span.end
        first = min(columns - 1, round((span.start - trace.start) / whole * columns))
        last = max(first + 1, round((end - trace.start) / whole * columns))
        cells = [" "] * first + ["=" if span.kind == "segment" else "-"] * (last - first)
        if line.gap is not None:
            a, b = (round((at - trace.start) / whole * columns) for at in line.gap)
            cells[a:b] = ["?"] * (b - a)
        name = cut("  " * line.depth + line.name, margin)
        out.append(f"{name:<{margin}} |{''.join(cells):<{columns}}| {_told(line)}".rstrip())
    return out


# -- as a picture -------------------------------------------------------------------------------
def _picture(title: str, about: str, trace: Trace, lines: Sequence[Line], more: str) -> str:
    from labkit.views.sheet import WIDTH, draw, fit, text_width, wrap

    titles = wrap(title, WIDTH - 32, 14, True)
    top = _TOP + 19.0 * (len(titles) - 1) - (0 if about else 18)
    left = min(
        300.0,
        30 + max(14 * line.depth + text_width(line.name, _SMALL, line.span.kind == "segment")
                 for line in lines),
    )  # fmt: skip
    right = WIDTH - 24.0
    whole = trace.duration or 0.001
    bottom = top + _STEP * len(lines)

    def x(at: float) -> float:
        return float(left + (right - left) * (at - trace.start) / whole)

    def paint(sheet: Sheet) -> None:
        for n, words in enumerate(titles):
            sheet.text(16, 26 + 19 * n, words, size=14, bold=True)
        if about:
            y = 46 + 19 * (len(titles) - 1)
            sheet.text(16, y, fit(about, WIDTH - 32, _SMALL), size=_SMALL, colour=theme.MUTED)
        step = nice_step(whole, 8)
        for n in range(int(whole / step + 1e-9) + 1):
            at = x(trace.start + n * step)
            sheet.line([(at, top - 8), (at, bottom)], theme.GRID)
            anchor = "end" if at > right - 20 else "middle"
            sheet.text(
                at, top - 12, took(n * step) if n else "0", size=_SMALL, colour=theme.MUTED,
                anchor=anchor,
            )  # fmt: skip
        for n, line in enumerate(lines):
            _bar(sheet, line, top + _STEP * n, x, trace, left, right)
        if more:
            sheet.text(16, bottom + 16, more, size=_SMALL, colour=theme.MUTED)

    return draw(bottom + (26 if more else 10), paint, title)


def _bar(
    sheet: Sheet, line: Line, y: float, x: Any, trace: Trace, left: float, right: float
) -> None:
    from labkit.views.sheet import fit, text_width

    span, own = line.span, line.span.kind == "segment"
    room = left - 30 - 14 * line.depth
    sheet.text(
        16 + 14 * line.depth, y + 15, fit(line.name, room, _SMALL, own), size=_SMALL, bold=own
    )
    start, end = x(span.start), x(trace.end if span.end is None else span.end)
    wide = max(end - start, 2.0)
    fill = theme.ERRORS if line.bad else theme.LATENCY if own else _CALL
    sheet.box(start, y + 3, wide, 15, fill)
    if span.end is None:
        sheet.box(start, y + 3, wide, 15, None, hatch="////", hatch_ink=theme.PAPER)
    if line.gap is not None:
        a, b = x(line.gap[0]), x(line.gap[1])
        sheet.box(
            a, y + 3, b - a, 15, theme.INCIDENT, edge=theme.INCIDENT_EDGE, hatch="////",
            hatch_ink=theme.INCIDENT_EDGE,
        )  # fmt: skip
        said = f"{took(line.gap[1] - line.gap[0])}: nothing recorded"
        if text_width(said, _SMALL, True) + 12 < b - a:
            sheet.text(
                (a + b) / 2, y + 15, said, size=_SMALL, bold=True, anchor="middle",
                colour=theme.INCIDENT_INK, halo=theme.INCIDENT,
            )  # fmt: skip
    _behind(sheet, _told(line), start, start + wide, y + 15, left, right, bool(line.bad))


def _behind(
    sheet: Sheet,
    text: str,
    start: float,
    end: float,
    y: float,
    left: float,
    right: float,
    bad: bool,
) -> None:
    """The words of a bar: behind it, before it, or in it where neither has room."""
    from labkit.views.sheet import fit, text_width

    wide = text_width(text, _SMALL)
    colour = theme.ERRORS if bad else theme.INK
    if end + 8 + wide <= right:
        sheet.text(end + 6, y, text, size=_SMALL, colour=colour, halo=theme.PAPER)
    elif start - 8 - wide >= left:
        sheet.text(start - 6, y, text, size=_SMALL, colour=colour, anchor="end", halo=theme.PAPER)
    else:
        sheet.text(
            end - 6, y, fit(text, end - start - 12, _SMALL), size=_SMALL, anchor="end",
            colour=colour, halo=theme.PAPER,
        )  # fmt: skip


__all__ = ["Line", "waterfall"]
