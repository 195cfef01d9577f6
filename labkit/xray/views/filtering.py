"""Why a filter expression means a trace, or does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.text import folded
from labkit.xray.engine.filters import Finding

_YES, _NO = "\u2713", "\u2717"
_SAID = {"all": "all of these", "any": "one of these", "not": "not this"}
_LONGEST = 90


def filter_match(expression: str, found: Finding, trace_id: str) -> Drawing:
    """A row for each predicate: whether it holds, and what was looked at.

    Parameters
    ----------
    expression:
        As it was written.
    found:
        What came of it (``Filter.finding``).
    trace_id:
        Of the trace.
    """
    rows = list(_rows(found, 0))
    title = f"{trace_id} is {'found' if found.passed else 'not found'} by {_short(expression)}"
    text = [title]
    for depth, good, name, why in rows:
        indent = "  " * (depth + 1)
        text.append(f"{indent}{_YES if good else _NO} {name}")
        if why:
            text.append(folded(why, indent=f"{indent}    "))
    fancy = [
        [
            html.element("div", _mark(good, name), f"padding-left:{18 * depth}px"),
            html.muted(why) if good else why,
        ]
        for depth, good, name, why in rows
    ]
    body = html.card(title, html.table(["predicate", "what was looked at"], fancy), alt=title)
    return Drawing(title, "\n".join(text), _data(found), body=body)


def _short(expression: str) -> str:
    """An expression in one line, cut at its end."""
    line = " ".join(expression.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]} \u2026"


def _rows(found: Finding, depth: int) -> Iterator[tuple[int, bool, str, str]]:
    """(depth, holds, text, why) from above; of a single predicate in braces only one line."""
    if found.kind in _SAID:
        yield depth, found.passed, _SAID[found.kind], ""
        parts = found.parts
    else:
        told = found.kind == "candidate"
        whole = any(part.parts for part in found.parts)
        yield depth, found.passed, _short(found.text), "" if told and whole else found.why
        # One candidate with one simple predicate has been told already, in its own words.
        parts = found.parts if whole or not told else ()
    for part in parts:
        yield from _rows(part, depth + 1)


def _mark(good: bool, name: str) -> html.Html:
    face = theme.OK if good else theme.ALARM
    sign = html.element(
        "span",
        _YES if good else _NO,
        f"display:inline-block;width:16px;text-align:center;border-radius:3px;margin-right:6px;"
        f"background:{face.fill};color:{face.ink};border:1px solid {face.edge}",
    )
    return html.together([sign, html.mono(name)])


def _data(found: Finding) -> dict[str, Any]:
    return {
        "text": found.text,
        "kind": found.kind,
        "passed": found.passed,
        "why": found.why,
        "inputs": dict(found.inputs),
        "parts": [_data(part) for part in found.parts],
    }
