"""What EventBridge shows: why a pattern matched or did not, and when a schedule fires.

Views take values of the engines and return a :class:`Drawing`: a tree of the pattern with the
event's value beside each leaf, and a calendar of firings. A leaf that holds has a tick and one that
does not a cross, so colours only help.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labkit.core.clock import to_datetime, to_us
from labkit.eventbridge.engine.patterns.explanation import Explanation, GroupAnswer, LeafAnswer
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut

_YES, _NO = "\u2713", "\u2717"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Times written in a day's cell before the rest is counted.
_MOST_TIMES = 3
#: Weeks drawn at most.
_MOST_WEEKS = 8

#: (depth, matched, name, what was wanted and found)
_Line = tuple[int, bool, str, str, str]


def pattern_match(explanation: Explanation) -> Drawing:
    """Why a pattern matched an event or did not, leaf by leaf.

    Parameters
    ----------
    explanation:
        What :func:`labkit.eventbridge.engine.patterns.explain` said.
    """
    lines = list(_lines(explanation.tree, 0, top=True))
    failed = [leaf for leaf in explanation.leaves if not leaf.matched]
    if explanation.matched:
        title = "The pattern matches the event."
    elif len(failed) == 1:
        title = f"The pattern does not match: {failed[0].path}: {failed[0].reason}."
    elif failed:
        title = f"The pattern does not match: {len(failed)} of {len(explanation.leaves)} fields."
    else:
        title = "The pattern does not match, although every field does by itself."
    notes = [reason.text for reason in explanation.because if reason.rule not in ("match", "leaf")]
    text = [title]
    for depth, good, name, wanted, found in lines:
        beside = f"{wanted}   event: {found}" if wanted else ""
        text.append(f"{'  ' * depth}{_YES if good else _NO} {name}{': ' if wanted else ''}{beside}")
    text += [f"note: {note}" for note in notes]
    rows = [
        [
            html.element("span", _mark(good, name), f"padding-left:{depth * 18}px"),
            html.mono(wanted) if wanted else "",
            html.mono(found) if found else "",
        ]
        for depth, good, name, wanted, found in lines
    ]
    body = html.card(
        title,
        html.table(["pattern", "wanted: one of", "in the event"], rows),
        *[html.note(note) for note in notes],
        alt=title,
    )
    data = {
        "matched": explanation.matched,
        "leaves": [
            {
                "path": leaf.path,
                "matched": leaf.matched,
                "wanted": list(leaf.wanted),
                "found": list(leaf.found),
                "reason": leaf.reason,
            }
            for leaf in explanation.leaves
        ],
    }
    return Drawing(title, "\n".join(text), data, body=body)


def _mark(good: bool, name: str) -> html.Html:
    face = theme.OK if good else theme.ALARM
    sign = html.element(
        "span",
        _YES if good else _NO,
        f"display:inline-block;width:16px;text-align:center;border-radius:3px;margin-right:6px;"
        f"background:{face.fill};color:{face.ink};border:1px solid {face.edge}",
    )
    return html.together([sign, name])


def _lines(answer: LeafAnswer | GroupAnswer, depth: int, *, top: bool = False) -> Iterator[_Line]:
    if isinstance(answer, LeafAnswer):
        wanted = ", ".join(answer.wanted)
        found = ", ".join(answer.found) or answer.reason
        yield depth, answer.matched, answer.path, cut(wanted, 80), cut(found, 80)
        return
    name = answer.name or ("the pattern" if top else "branch")
    if name == "$or":
        name = "$or (one branch is enough)"
    yield depth, answer.matched, name, "", ""
    for part in answer.parts:
        yield from _lines(part, depth + 1)


def firings(
    expression: str, firings_us: Sequence[int], after_us: int, zone_name: str = "UTC"
) -> Drawing:
    """A calendar of the next firings of a schedule, a row for each week.

    Parameters
    ----------
    expression:
        The schedule expression, for the title.
    firings_us:
        Instants, microseconds since the epoch, in order.
    after_us:
        The instant from which they are the next.
    zone_name:
        The time zone in which days and times are written.
    """
    where = ZoneInfo(zone_name)
    local = [to_datetime(us).astimezone(where) for us in firings_us]
    if local:
        title = f"{expression} fires next on {_moment(local[0])} ({zone_name})."
    else:
        title = f"{expression} never fires again."
    listed = [f"  {_moment(one)}" for one in local]
    start = to_datetime(after_us).astimezone(where)
    weeks = _weeks(start, local)
    rows = [[_cell(day, times, start) for day, times in week] for week in weeks]
    notes = []
    drawn = sum(len(times) for week in weeks for _, times in week)
    if drawn < len(local):
        notes.append(
            f"{count(len(local) - drawn, 'later firing')}, the last on {_moment(local[-1])}"
        )
    body = html.card(
        title,
        *([html.table(list(_DAYS), rows)] if local else []),
        *[html.note(note) for note in notes],
        alt=title,
    )
    data = {
        "expression": expression,
        "zone": zone_name,
        "after": to_datetime(after_us).isoformat(),
        "firings": [to_datetime(us).isoformat() for us in firings_us],
    }
    return Drawing(title, "\n".join([title, *listed]), data, body=body)


def _moment(one: datetime) -> str:
    seconds = f"{one:%H:%M:%S}" if one.second else f"{one:%H:%M}"
    return f"{_DAYS[one.weekday()]} {one:%Y-%m-%d} {seconds}"


_Week = list[tuple[datetime, list[datetime]]]


def _weeks(start: datetime, local: Sequence[datetime]) -> list[_Week]:
    """Monday to Sunday from today's week on; weeks without a firing are left out after it."""
    by_day: dict[str, list[datetime]] = {}
    for one in local:
        by_day.setdefault(f"{one:%Y-%m-%d}", []).append(one)
    mondays = {start.date() - timedelta(days=start.weekday())}
    mondays |= {one.date() - timedelta(days=one.weekday()) for one in local}
    weeks: list[_Week] = []
    for monday in sorted(mondays)[:_MOST_WEEKS]:
        days = [datetime.combine(monday, datetime.min.time()) + timedelta(days=n) for n in range(7)]
        weeks.append([(day, by_day.get(f"{day:%Y-%m-%d}", [])) for day in days])
    return weeks


def _cell(day: datetime, times: list[datetime], start: datetime) -> html.Html:
    date = html.muted(f"{day:%b %d}" if day.date() >= start.date() else "")
    shown = [html.mono(f"{one:%H:%M}") for one in times[:_MOST_TIMES]]
    if len(times) > _MOST_TIMES:
        shown.append(html.muted(f"+ {len(times) - _MOST_TIMES}"))
    if not shown:
        return html.Html(f"<div>{date}</div>")
    marked = html.element(
        "div",
        html.together(shown, " "),
        f"background:{theme.OK.fill};color:{theme.OK.ink};border-radius:3px;padding:1px 4px",
    )
    return html.Html(f"<div>{date}</div>{marked}")


def next_ones(expression: str, after: datetime, many: int, zone_name: str = "UTC") -> Drawing:
    """:func:`firings` of the next ``many`` firings after an aware datetime.

    Raises
    ------
    InvalidSchedule
        When the expression is none.
    """
    from labkit.schedules import next_firings

    after_us = to_us(after)
    return firings(
        expression, next_firings(expression, after_us, many, zone_name), after_us, zone_name
    )
