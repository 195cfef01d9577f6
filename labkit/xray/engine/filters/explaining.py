"""Why an expression means a trace, or does not: what each predicate looked at.

A finding is made for every part of the expression, with its own piece of the text. Of a service or
an edge, each segment or call that the name fits is asked, and the first few are told. Simple
keywords that fail at the root get a remark when a segment further in would pass: they ask the root
alone, which is what most expressions that find too little have overlooked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.verdict import Reason, Verdict
from labkit.xray.engine.filters import tree
from labkit.xray.engine.filters.compiling import (
    Check,
    calls_of,
    compiled,
    described,
    segments_of,
    values_of,
    wanted_flag,
)
from labkit.xray.engine.filters.keywords import FLAG, KEYWORDS, SERVICE, TEXT
from labkit.xray.engine.filters.subjects import EdgeSubject, SegmentSubject, TraceSubject

#: Segments or calls of one service that are told.
TOLD = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one part of an expression.

    Parameters
    ----------
    text:
        The part, as it was written.
    kind:
        ``all``, ``any``, ``not`` of its parts; ``predicate``; or ``candidate``: one segment, call
        or element that the braces were asked of.
    passed:
        Whether it holds.
    why:
        What was looked at, one sentence.
    inputs:
        The same as plain values.
    parts:
        The parts of it.
    """

    text: str
    kind: str
    passed: bool
    why: str
    inputs: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Finding, ...] = ()


def verdict(found: Finding) -> Verdict[bool]:
    """The decision with the predicates that made it, most decisive first."""
    reasons = [Reason(one.text, one.why, one.inputs) for one in _decisive(found)]
    return Verdict(found.passed, tuple(reasons))


def _decisive(found: Finding) -> list[Finding]:
    """The predicates that decided: of a failed AND the failed ones, of a passed one all."""
    if found.kind == "predicate":
        return [found]
    parts = found.parts
    if found.kind in ("all", "any"):
        parts = tuple(one for one in parts if one.passed is found.passed) or parts
    return [one for part in parts for one in _decisive(part)]


def finding(text: str, node: tree.Node, subject: Any) -> Finding:
    """What comes of a node, with all its parts.

    Parameters
    ----------
    text:
        The whole expression.
    node:
        The part of it.
    subject:
        Trace, segment, call or element that is asked.
    """
    said = text[node.start : node.end]
    if isinstance(node, tree.Both | tree.Either):
        parts = tuple(finding(text, one, subject) for one in node.parts)
        both = isinstance(node, tree.Both)
        passed = (all if both else any)(one.passed for one in parts)
        hits = sum(one.passed for one in parts)
        why = f"{hits} of {len(parts)} hold, {'all' if both else 'one'} must"
        return Finding(said, "all" if both else "any", passed, why, {}, parts)
    if isinstance(node, tree.Not):
        part = finding(text, node.part, subject)
        return Finding(said, "not", not part.passed, "the opposite of what follows", {}, (part,))
    tell: Callable[[str, str, Any, Any], Finding] = _PREDICATES[type(node)]
    return tell(text, said, node, subject)


def _test(text: str, said: str, node: tree.Test, subject: Any) -> Finding:
    keyword = KEYWORDS[node.name]
    value = getattr(subject, keyword.member)
    passed = bool(compiled(node)(subject))
    whose = _whose(subject, node.name)
    if keyword.kind == FLAG:
        why = f"{node.name} is {_shown(bool(value))} of {whose}"
    elif value is None or value == ():
        why = f"{node.name} is not set of {whose}"
    else:
        shown = ", ".join(_shown(one) for one in value) if keyword.kind == TEXT else _shown(value)
        why = f"{node.name} is {shown} of {whose}"
    if not passed and isinstance(subject, TraceSubject):
        why += _further_in(node, subject)
    held = list(value) if isinstance(value, tuple) else value
    return Finding(said, "predicate", passed, why, {node.name: held, "of": whose})


def _further_in(node: tree.Test, subject: TraceSubject) -> str:
    """Whether a segment other than the root would pass: the root alone was asked."""
    keyword = KEYWORDS[node.name]
    if SERVICE not in keyword.scopes or (keyword.kind == FLAG and not wanted_flag(node)):
        return ""
    check = compiled(node)
    names = [one.service.name for one in subject.segments if not one.root and check(one)]
    if not names or not node.name.startswith(_OF_ROOT):
        return ""
    told = ", ".join(dict.fromkeys(names))
    return f"; it would hold of {told}: ask service() {{ ... }}, the root alone was asked"


def _annotated(text: str, said: str, node: tree.Annotated, subject: Any) -> Finding:
    values = values_of(node, subject)
    passed = bool(compiled(node)(subject))
    whose = f"the {node.side}" if node.side else _whose(subject, "annotation")
    if values:
        why = f"annotation {node.key} is {', '.join(map(_shown, values))} of {whose}"
        if node.operator and not passed:
            why += _other_kind(values, node.value)
    else:
        why = f"{whose} has no annotation {node.key}"
        known = [] if node.side else list(subject.annotations)
        near = [one for one in known if one.lower() == node.key.lower()]
        if near:
            why += f", but {near[0]}: keys are told apart by upper and lower case"
        elif isinstance(subject, TraceSubject) and _in_metadata(node.key, subject):
            why += "; it is metadata, which is not indexed"
        elif known:
            why += f" (it has {', '.join(known[:6])})"
    return Finding(said, "predicate", passed, why, {node.key: list(values), "of": whose})


def _other_kind(values: Sequence[Any], wanted: Any) -> str:
    kinds = {_kind(one) for one in values}
    if _kind(wanted) in kinds:
        return ""
    return f": a {' and a '.join(sorted(kinds))}, compared with a {_kind(wanted)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _in_metadata(key: str, subject: TraceSubject) -> bool:
    for span in subject.trace.spans.values():
        for space, values in span.metadata.items():
            if space == key or (isinstance(values, Mapping) and key in values):
                return True
    return False


def _service(text: str, said: str, node: tree.OfService, subject: TraceSubject) -> Finding:
    found = segments_of(node.who, subject)
    if not found:
        there = dict.fromkeys(one.service.name for one in subject.segments)
        why = f"no segment of {node.who}; the trace has {', '.join(there) or 'none'}"
        return Finding(said, "predicate", False, why, {"services": list(there)})
    return _candidates(text, said, node.inside, found, "segment", str(node.who))


def _edge(text: str, said: str, node: tree.OfEdge, subject: TraceSubject) -> Finding:
    found = calls_of(node, subject)
    between = f"{node.source} to {node.destination}"
    if not found:
        there = dict.fromkeys(f"{_arrow(one)}" for one in subject.edges)
        why = f"no call from {between}; the trace has {', '.join(there) or 'no calls'}"
        return Finding(said, "predicate", False, why, {"calls": list(there)})
    return _candidates(text, said, node.inside, found, "call", between)


def _candidates(
    text: str,
    said: str,
    inside: tree.Node | None,
    found: Sequence[SegmentSubject | EdgeSubject],
    thing: str,
    of: str,
) -> Finding:
    many = f"{len(found)} {thing}{'' if len(found) == 1 else 's'}"
    if inside is None:
        told = ", ".join(dict.fromkeys(_whose(one) for one in found[:TOLD]))
        return Finding(said, "predicate", True, f"{many}: {told}", {thing + "s": len(found)})
    check = compiled(inside)
    hits = [one for one in found if check(one)]
    shown = (hits or list(found))[:TOLD]
    parts = tuple(_candidate(text, inside, one) for one in shown)
    if hits:
        why = f"{len(hits)} of {many} of {of} like that: {parts[0].why}"
    else:
        why = f"none of {many} of {of} is like that: {parts[0].why}"
    inputs = {thing + "s": len(found), "hits": len(hits)}
    return Finding(said, "predicate", bool(hits), why, inputs, parts)


def _candidate(text: str, inside: tree.Node, subject: Any) -> Finding:
    part = finding(text, inside, subject)
    why = "; ".join(one.why for one in _decisive(part))
    return Finding(_whose(subject), "candidate", part.passed, why, {}, (part,))


def _group(text: str, said: str, node: tree.OfGroup, subject: TraceSubject) -> Finding:
    found = subject.group is not None and subject.group(node.value)
    why = f"the trace {'meets' if found else 'does not meet'} the filter of group {node.value}"
    return Finding(said, "predicate", found is node.equal, why, {"group": node.value})


def _cause(text: str, said: str, node: tree.OfCause, subject: TraceSubject) -> Finding:
    rows = subject.elements(node.kind, node.part)
    if not any(rows):
        why = f"the trace has no {node.scope.replace('.', ' ').replace('rootcause', 'root cause:')}"
        return Finding(said, "predicate", False, why, {"root causes": len(rows)})
    paths = [" > ".join(one.name[0] if one.name else "?" for one in row) for row in rows]
    check: Check = (lambda s: True) if node.inside is None else compiled(node.inside)
    hits = [one for row in rows for one in row if check(one)]
    told = f"root cause {', '.join(dict.fromkeys(paths))}"
    if hits:
        why = f"{told}; {_element(hits[0])} is like that"
    else:
        why = f"{told}; none of its {_PLURALS[node.part]} is like that"
    parts: tuple[Finding, ...] = ()
    if node.inside is not None:
        asked = (hits or [row[-1] for row in rows if row])[:TOLD]
        parts = tuple(_candidate(text, node.inside, one) for one in asked)
    return Finding(said, "predicate", bool(hits), why, {"root causes": paths}, parts)


_PLURALS = {"service": "services", "entity": "entities", "exception": "exceptions"}


def _json(text: str, said: str, node: tree.OfJson, subject: TraceSubject) -> Finding:
    found = described(node, subject)
    why = f"{sum(found)} of {len(found)} described root causes are among the trace's"
    return Finding(said, "predicate", all(found) is node.equal, why, {"described": found})


#: Keywords that ask the root segment when they are asked of a trace.
_OF_ROOT = ("ok", "error", "throttle", "fault", "responsetime", "http.")


def _whose(subject: Any, name: str = "") -> str:
    if isinstance(subject, TraceSubject):
        root = subject.span
        if root is None:
            return "the trace (no segment has arrived)"
        return f"the root, {root.name}" if name.startswith(_OF_ROOT) else "the trace"
    if isinstance(subject, EdgeSubject):
        return f"the call {_arrow(subject)}"
    if isinstance(subject, SegmentSubject):
        return f"segment {subject.span.id} of {subject.service.name}"
    return _element(subject)


def _element(one: Any) -> str:
    return f"element {one.index}, {one.name[0] if one.name else '?'}"


def _arrow(one: EdgeSubject) -> str:
    return f"{one.caller.name} -> {one.destination.service.name}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9g}"
    return f'"{value}"' if isinstance(value, str) else str(value)


_PREDICATES: dict[type, Any] = {
    tree.Test: _test,
    tree.Annotated: _annotated,
    tree.OfService: _service,
    tree.OfEdge: _edge,
    tree.OfGroup: _group,
    tree.OfCause: _cause,
    tree.OfJson: _json,
}
