"""What EventBridge shows of events: one as a labelled card, several against several patterns.

The card says what each member of the envelope is for. The matrix is the sandbox for a whole day: a
row for each pattern, a column for each event, and a tick where they meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labkit.core.jsontext import dumps
from labkit.eventbridge.engine.patterns import compile_pattern, explain
from labkit.views import html, theme
from labkit.views import text as plain
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut, joined

_YES, _NO = "\u2713", "\u00b7"
#: Fields of ``detail`` written out; a CloudTrail record alone has forty.
_MOST_FIELDS = 16

#: Member of the envelope -> what it is for.
_MEMBERS = {
    "detail-type": "what happened",
    "source": "who tells it",
    "time": "when (UTC, whole seconds)",
    "region": "where: only rules of this Region see it",
    "account": "whose",
    "resources": "ARNs of what it happened to",
    "id": "of this event",
    "version": "of the envelope",
}


def event_card(event: Mapping[str, Any]) -> Drawing:
    """An event: the members of its envelope with their meaning, and the fields of its detail.

    Parameters
    ----------
    event:
        The whole event, as a target gets it.
    """
    what, source = event.get("detail-type", "?"), event.get("source", "?")
    title = f"{source}: {what}"
    if event.get("region") and event.get("time"):
        title += f", in {event['region']} at {event['time']}"
    named = [(name, _short(event[name]), why) for name, why in _MEMBERS.items() if name in event]
    named += [(name, _short(event[name]), "") for name in event if name not in _known()]
    fields = list(_fields(event.get("detail") or {}, "detail"))
    shown = [(path, _short(value), "") for path, value in fields[:_MOST_FIELDS]]
    more = len(fields) - len(shown)
    notes = [f"and {count(more, 'field')} more of detail"] if more > 0 else []
    columns = ["member", "value", "what it is"]
    told = plain.table(columns, [*named, *shown], longest=72)
    rows = [[html.mono(n), html.mono(v), html.muted(w)] for n, v, w in named]
    rows += [[html.element("b", html.mono(n)), html.mono(v), html.Html()] for n, v, _ in shown]
    body = html.card(
        title,
        html.table(columns, rows),
        *map(html.note, notes),
        html.fold("the event as JSON", html.letter(_pretty(event))),
        alt=title,
    )
    return Drawing(title, "\n".join([title, told, *notes]), {"event": dict(event)}, body=body)


def _known() -> set[str]:
    return {*_MEMBERS, "detail"}


def _short(value: Any) -> str:
    return cut(dumps(value), 96)


def _pretty(event: Mapping[str, Any]) -> str:
    import json

    return json.dumps(event, indent=2, ensure_ascii=False)


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a detail, with their paths; a list is one leaf."""
    todo = [(path, value)]
    while todo:
        at, one = todo.pop()
        if isinstance(one, Mapping) and one:
            todo.extend((f"{at}.{key}", inner) for key, inner in reversed(list(one.items())))
        else:
            yield at, one


def event_matrix(patterns: Mapping[str, str], events: Mapping[str, Mapping[str, Any]]) -> Drawing:
    """Which pattern passes which event: a row for each pattern, a column for each event.

    Parameters
    ----------
    patterns:
        Name -> pattern, JSON text.
    events:
        Name -> the whole event.

    Raises
    ------
    InvalidEventPattern
        When one of the patterns is none.
    """
    passes: dict[str, list[str]] = {}
    for name, pattern in patterns.items():
        compiled = compile_pattern(pattern)
        passes[name] = [key for key, event in events.items() if explain(compiled, event).matched]
    title = _matrix_title(passes, len(events))
    rows = [[name, *(_YES if key in passes[name] else _NO for key in events)] for name in patterns]
    columns = ["pattern", *events]
    fancy = [
        [html.mono(name), *(_mark(key in passes[name]) for key in events)] for name in patterns
    ]
    body = html.card(title, html.table(columns, fancy), alt=title)
    told = "\n".join([title, plain.table(columns, rows, longest=72)])
    return Drawing(title, told, {"passes": passes}, body=body)


def _mark(good: bool) -> html.Html:
    if not good:
        return html.muted(_NO)
    return html.element(
        "span",
        f"{_YES} passes",
        f"display:inline-block;padding:0 6px;border-radius:3px;background:{theme.OK.fill};"
        f"color:{theme.OK.ink};border:1px solid {theme.OK.edge}",
    )


def _matrix_title(passes: Mapping[str, Sequence[str]], events: int) -> str:
    hits = sum(len(found) for found in passes.values())
    never = [name for name, found in passes.items() if not found]
    said = f"{count(len(passes), 'pattern')}, {count(events, 'event')}: "
    said += f"{count(hits, 'match').replace('matchs', 'matches')}"
    if never and len(never) <= 2:
        said += f"; none for {joined(never)}"
    return said
