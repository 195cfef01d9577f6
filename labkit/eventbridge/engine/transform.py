"""What a target gets of an event: a constant, a part, or a text made of parts.

Theory of operation
-------------------
A target has one of ``Input`` (a constant), ``InputPath`` (a part of the event) and
``InputTransformer`` (parts by name, and a template with ``<name>`` where they go); without any it
gets the whole event.

A template is read once, from left to right, and all that matters is whether a place lies inside a
quoted text:

- **outside** the part goes in as JSON: texts get their quotes, objects stay objects;
- **inside** it goes in as text, *without escaping*: a quote in the value breaks the JSON, as on
  AWS. Objects and arrays lose all their double quotes there (``{id:4711}``).

A path that leads nowhere gives an empty text in both places: ``"command": <command>`` becomes
``"command":""``. The user guide says the key would vanish; recorded answers say it stays.

Sources: EventBridge user guide, eb-transform-target-input; recorded answers (aws-semantics 5.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from labkit.core.clock import iso
from labkit.core.jsontext import dumps, parse
from labkit.eventbridge.engine.jsonpath import MISSING, look, steps

_TOKEN = re.compile(r'\\.|"|<([A-Za-z0-9_.\-]+)>', re.DOTALL)
#: A quoted text, which is kept, or white space between tokens, which is not.
_LAYOUT = re.compile(r'("(?:[^"\\]|\\.)*"?)|\s+', re.DOTALL)

_RESERVED = "aws.events."
#: Variables that are there without a path.
RESERVED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event",
        "aws.events.event.json",
        "aws.events.event.ingestion-time",
    }
)
#: The members of ``<aws.events.event>``: the envelope in camel case.
_PLAIN = {
    "id": "id",
    "account": "account",
    "detailType": "detail-type",
    "time": "time",
    "source": "source",
    "region": "region",
    "resources": "resources",
    "version": "version",
}


@dataclass(frozen=True, slots=True)
class Hole:
    """A place of a template: the variable, and whether it lies inside a quoted text."""

    name: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class About:
    """What the reserved variables say: the rule, and when the event came onto the bus."""

    rule_arn: str
    rule_name: str
    came_us: int


@lru_cache(maxsize=2048)
def pieces(template: str) -> tuple[str | Hole, ...]:
    """A template's texts and holes, in order.

    A template that is a JSON object or array comes out compact: white space between its tokens is
    layout, not content. Lines of quoted texts stay lines.
    """
    if template.lstrip()[:1] in ("{", "["):
        template = _LAYOUT.sub(lambda match: match[1] or "", template)
    found: list[str | Hole] = []
    start, quoted = 0, False
    for match in _TOKEN.finditer(template):
        if match[0] == '"':
            quoted = not quoted
        elif match[1] is not None:
            found += [template[start : match.start()], Hole(match[1], quoted)]
            start = match.end()
    found.append(template[start:])
    return tuple(found)


def shape(target: Mapping[str, Any], event: Mapping[str, Any], text: str, about: About) -> str:
    """What a target gets.

    Parameters
    ----------
    target:
        As PutTargets took it.
    event, text:
        The event, and the same as JSON text.
    about:
        For the reserved variables.
    """
    if "Input" in target:
        constant: str = target["Input"]
        return constant
    path = target.get("InputPath")
    if path:
        found = look(path, event)
        return dumps(None if found is MISSING else found)
    transformer = target.get("InputTransformer")
    if transformer:
        return transform(transformer, event, text, about)
    return text


def transform(
    transformer: Mapping[str, Any], event: Mapping[str, Any], text: str, about: About
) -> str:
    """The text that an input transformer makes of an event."""
    paths = transformer.get("InputPathsMap") or {}

    def value(name: str) -> Any:
        if name in paths:
            return look(paths[name], event)
        return _reserved(name, event, about)

    return _filled(transformer["InputTemplate"], value, text)


def _filled(template: str, value: Callable[[str], Any], text: str) -> str:
    parts = []
    for piece in pieces(template):
        if isinstance(piece, str):
            parts.append(piece)
        elif piece.name == "aws.events.event.json":
            parts.append(text.replace('"', "") if piece.quoted else text)
        else:
            found = value(piece.name)
            parts.append(_inside(found) if piece.quoted else _outside(found))
    return "".join(parts)


def _outside(value: Any) -> str:
    return '""' if value is MISSING else dumps(value)


def _inside(value: Any) -> str:
    if value is MISSING:
        return ""
    return value if isinstance(value, str) else dumps(value).replace('"', "")


def _reserved(name: str, event: Mapping[str, Any], about: About) -> Any:
    if name == "aws.events.rule-arn":
        return about.rule_arn
    if name == "aws.events.rule-name":
        return about.rule_name
    if name == "aws.events.event.ingestion-time":
        return iso(about.came_us)
    if name == "aws.events.event":
        plain = {shown: event[member] for shown, member in _PLAIN.items() if member in event}
        return plain | {"time": iso(about.came_us)}
    return MISSING


# -- when a target is put --------------------------------------------------------------------------
def problem(transformer: Mapping[str, Any], target_id: str, most_paths: int) -> str:
    """What is wrong with an input transformer, in AWS's words; empty when nothing is.

    Parameters
    ----------
    transformer:
        As PutTargets took it.
    target_id:
        The target's id, for the message.
    most_paths:
        How many paths there may be.
    """
    paths = transformer.get("InputPathsMap") or {}
    if len(paths) > most_paths:
        return f"InputPathsMap for target {target_id} has more than {most_paths} entries."
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            return f"InputPathsMap for target {target_id} has a reserved name: {name}."
        if steps(path) is None:
            return f"InputPathsMap for target {target_id} contains an invalid path: {path}."
    template: str = transformer["InputTemplate"]
    for piece in pieces(template):
        known = isinstance(piece, str) or piece.name in paths or piece.name in RESERVED
        if not known:
            return (
                f"InputTemplate for target {target_id} contains invalid placeholder "
                f"{piece.name}."  # type: ignore[union-attr]
            )
    return _unreadable(template, target_id)


def _unreadable(template: str, target_id: str) -> str:
    """Whether the template could ever be JSON: tried with empty texts in all its holes."""
    tried = _filled(template, lambda name: MISSING, "{}")
    lines = [tried] if tried.lstrip()[:1] in "{[" else tried.splitlines()
    for line in lines:
        try:
            if line.strip():
                parse(line)
        except ValueError as why:
            return f"Invalid InputTemplate for target {target_id} : {why}."
    return ""
