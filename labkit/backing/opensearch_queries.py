"""Queries of OpenSearch's Query DSL, each compiled to a function of a document and its id.

A query is an object with one kind; :func:`compiled` makes it a function that answers a score, 0 for
no hit. What it looks at are a document's :func:`values` under a dotted name.

Source: OpenSearch documentation, Query DSL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

#: A document and its id -> its score.
Query = Callable[[Mapping[str, Any], str], float]


class BadRequest(ValueError):
    """A request that OpenSearch answers with 400: ``kind`` is its type of error."""

    def __init__(self, reason: str, kind: str = "parsing_exception") -> None:
        super().__init__(reason)
        self.kind = kind


# -- values of documents
def values(document: Mapping[str, Any], path: str) -> list[Any]:
    """What stands under a dotted name; members of lists one by one."""
    if path in document:
        found = document[path]
        return found if isinstance(found, list) else [found]
    path = path.removesuffix(".keyword")
    held: list[Any] = [document]
    for part in path.split("."):
        nexts: list[Any] = []
        for one in held:
            if isinstance(one, Mapping) and part in one:
                found = one[part]
                nexts += found if isinstance(found, list) else [found]
        held = nexts
    if not held and path in document:
        return values(document, path)
    return [one for one in held if one is not None]


def words(value: Any) -> list[str]:
    """The words of a value, in small letters."""
    return re.findall(r"\w+", str(value).lower())


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return str(value).lower() == str(wanted).lower()
    if isinstance(value, int | float) and isinstance(wanted, str):
        return str(value) == wanted
    return bool(value == wanted)


_STEP = re.compile(r"([+-])(\d+)([smhdwMy])")
#: Seconds of a unit of time in intervals and date math.
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}


def moment(value: Any) -> float | None:
    """Milliseconds of a number or an ISO time; None for what is neither."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    text, _, steps = value.partition("||")
    try:
        told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    moved = sum((1 if s == "+" else -1) * int(n) * SECONDS[u] for s, n, u in _STEP.findall(steps))
    return (told.timestamp() + moved) * 1000


# -- queries
def compiled(query: Mapping[str, Any]) -> Query:
    """A query as a function of a document and its id: its score, 0 for no hit.

    Raises
    ------
    BadRequest
    """
    if not isinstance(query, Mapping) or len(query) != 1:
        raise BadRequest("a query is an object with one kind of query")
    kind, body = next(iter(query.items()))
    maker = _KINDS.get(kind)
    if maker is None:
        raise BadRequest(f"unknown query [{kind}]")
    if not isinstance(body, Mapping):
        raise BadRequest(f"[{kind}] takes an object")
    return maker(body)


def _field(body: Mapping[str, Any], key: str) -> tuple[str, Any, Mapping[str, Any]]:
    """Field, value and options of a query on one field."""
    names = [name for name in body if name != "boost"]
    if len(names) != 1:
        raise BadRequest("the query takes one field")
    told = body[names[0]]
    if isinstance(told, Mapping):
        return names[0], told.get(key), told
    return names[0], told, {}


def _match_all(body: Mapping[str, Any]) -> Query:
    return lambda document, name: 1.0


def _match(body: Mapping[str, Any]) -> Query:
    path, wanted, options = _field(body, "query")
    need = words(wanted)
    every = str(options.get("operator", "or")).lower() == "and"

    def ask(document: Mapping[str, Any], name: str) -> float:
        there = {word for value in values(document, path) for word in words(value)}
        found = sum(word in there for word in need)
        return float(found) if found and (not every or found == len(need)) else 0.0

    return ask


def _match_phrase(body: Mapping[str, Any]) -> Query:
    path, wanted, _ = _field(body, "query")
    need = f" {' '.join(words(wanted))} "
    return lambda document, name: float(
        any(need in f" {' '.join(words(value))} " for value in values(document, path))
    )


def _term(body: Mapping[str, Any]) -> Query:
    path, wanted, _ = _field(body, "value")
    return lambda document, name: float(any(_same(v, wanted) for v in values(document, path)))


def _terms(body: Mapping[str, Any]) -> Query:
    path, _, _ = _field(body, "")
    wanted = body[path]
    if not isinstance(wanted, list):
        raise BadRequest("[terms] takes a list")
    return lambda document, name: float(
        any(_same(v, one) for v in values(document, path) for one in wanted)
    )


def _range(body: Mapping[str, Any]) -> Query:
    path, _, bounds = _field(body, "")
    tests: list[Callable[[float], bool]] = []
    for word, bound in bounds.items():
        limit = moment(bound)
        if word in ("format", "time_zone", "boost", "relation"):
            continue
        if word not in ("gt", "gte", "lt", "lte") or limit is None:
            raise BadRequest(f"[range] can't read {word}: {bound!r}")
        tests.append(_bound(word, limit))

    def ask(document: Mapping[str, Any], name: str) -> float:
        for value in values(document, path):
            at = moment(value)
            if at is not None and all(test(at) for test in tests):
                return 1.0
        return 0.0

    return ask


def _bound(word: str, limit: float) -> Callable[[float], bool]:
    return {
        "gt": lambda at: at > limit,
        "gte": lambda at: at >= limit,
        "lt": lambda at: at < limit,
        "lte": lambda at: at <= limit,
    }[word]


def _exists(body: Mapping[str, Any]) -> Query:
    path = str(body.get("field", ""))
    return lambda document, name: float(bool(values(document, path)))


def _prefix(body: Mapping[str, Any]) -> Query:
    path, wanted, _ = _field(body, "value")
    return lambda document, name: float(
        any(str(v).startswith(str(wanted)) for v in values(document, path))
    )


def _wildcard(body: Mapping[str, Any]) -> Query:
    path, wanted, _ = _field(body, "value")
    return lambda document, name: float(
        any(fnmatchcase(str(v), str(wanted)) for v in values(document, path))
    )


def _ids(body: Mapping[str, Any]) -> Query:
    wanted = set(map(str, body.get("values", ())))
    return lambda document, name: float(name in wanted)


def _query_string(body: Mapping[str, Any]) -> Query:
    """``field:word`` and words, joined by AND, OR, NOT; without a field in all fields."""
    text = str(body.get("query", "*"))
    parts = re.findall(r'(?:[\w.@*]+:)?(?:"[^"]*"|[^\s()]+)', text)
    groups: list[list[Query]] = [[]]
    negate = False
    for part in parts:
        if part == "OR":
            groups.append([])
        elif part == "NOT":
            negate = True
        elif part != "AND":
            asked = _part(part)
            groups[-1].append(_negated(asked) if negate else asked)
            negate = False
    return lambda document, name: float(
        any(group and all(ask(document, name) for ask in group) for group in groups)
    )


def _part(part: str) -> Query:
    path, colon, wanted = part.partition(":")
    if not colon or not re.fullmatch(r"[\w.@]+", path):
        path, wanted = "", part
    wanted = wanted.strip('"')
    if wanted == "*":
        return _exists({"field": path}) if path else _match_all({})

    def ask(document: Mapping[str, Any], name: str) -> float:
        looked = values(document, path) if path else list(_leaves(document))
        low = wanted.lower()
        for value in looked:
            if "*" in low and any(fnmatchcase(word, low) for word in str(value).lower().split()):
                return 1.0
            if f" {' '.join(words(low))} " in f" {' '.join(words(value))} ":
                return 1.0
        return 0.0

    return ask


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield value


def _negated(asked: Query) -> Query:
    return lambda document, name: float(not asked(document, name))


def _bool(body: Mapping[str, Any]) -> Query:
    def several(word: str) -> list[Query]:
        told = body.get(word, [])
        return [compiled(one) for one in (told if isinstance(told, list) else [told])]

    odd = set(body) - {"must", "filter", "should", "must_not", "minimum_should_match", "boost"}
    if odd:
        raise BadRequest(f"[bool] query does not support [{min(odd)}]")
    must, keep, should, never = map(several, ("must", "filter", "should", "must_not"))
    least = int(body.get("minimum_should_match", 0 if must or keep else 1))

    def ask(document: Mapping[str, Any], name: str) -> float:
        if any(one(document, name) for one in never):
            return 0.0
        scores = [one(document, name) for one in must]
        if not all(scores) or not all(one(document, name) for one in keep):
            return 0.0
        extra = [score for one in should if (score := one(document, name))]
        if should and len(extra) < least:
            return 0.0
        return sum(scores) + sum(extra) or 1.0

    return ask


_KINDS: dict[str, Callable[[Mapping[str, Any]], Query]] = {
    "match_all": _match_all,
    "match": _match,
    "match_phrase": _match_phrase,
    "term": _term,
    "terms": _terms,
    "range": _range,
    "exists": _exists,
    "prefix": _prefix,
    "wildcard": _wildcard,
    "ids": _ids,
    "query_string": _query_string,
    "simple_query_string": _query_string,
    "bool": _bool,
}
