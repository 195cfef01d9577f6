"""Documents and searches of an OpenSearch domain: the part of the REST API that logs need.

::

    POST /_bulk                        index, create, delete, one line each
    PUT|POST /<index>/_doc[/<id>]      one document; GET and DELETE by its id
    GET|POST /<index>/_search          match_all, match, match_phrase, term, terms, range, exists,
                                       prefix, wildcard, query_string, ids, bool; sort, from, size,
                                       _source; aggs: terms, date_histogram, avg, sum, min, max,
                                       value_count, cardinality
    GET|POST /<index>/_count           how many
    GET /_cat/indices, HEAD|DELETE /<index>, GET /

An index may be several (``cwl-*``, ``a,b``). A text is matched by its words, in small letters;
``term`` and the sorts of texts look at the whole value, and so does ``name.keyword``. Scores are
the number of words found: good for an order, not the numbers that Lucene would compute.

Source: OpenSearch documentation, Query DSL, Document APIs, Bulk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from labkit.backing.opensearch_queries import SECONDS, BadRequest, compiled, moment, values

#: Hits of one answer at most.
MOST_HITS = 10_000


class NoIndex(KeyError):
    """There is no such index."""


@dataclass(slots=True)
class Documents:
    """The indexes of a domain: index -> id -> document."""

    indexes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    made: int = 0

    # -- writing
    def put(self, index: str, name: str, document: dict[str, Any], *, new: bool = False) -> dict:
        """Keep a document; without a name it gets one. The answer of one item."""
        held = self.indexes.setdefault(index, {})
        if not name:
            self.made += 1
            name = f"{self.made:020d}"
        if new and name in held:
            return _item(index, name, 409, "version_conflict_engine_exception",
                         f"[{name}]: version conflict, document already exists")  # fmt: skip
        made = name not in held
        held[name] = document
        self.versions[index, name] = version = self.versions.get((index, name), 0) + 1
        return {"_index": index, "_id": name, "_version": version, "status": 201 if made else 200,
                "result": "created" if made else "updated"}  # fmt: skip

    def delete(self, index: str, name: str) -> dict[str, Any]:
        """Delete a document."""
        found = self.indexes.get(index, {}).pop(name, None) is not None
        return {"_index": index, "_id": name, "status": 200 if found else 404,
                "result": "deleted" if found else "not_found"}  # fmt: skip

    def bulk(self, body: str, index: str = "") -> dict[str, Any]:
        """``_bulk``: a line that says what to do, and for index and create a line of what."""
        lines = iter(line for line in body.split("\n") if line.strip())
        items: list[dict[str, Any]] = []
        for line in lines:
            order = _json(line)
            action = next(iter(order), "")
            if len(order) != 1 or action not in ("index", "create", "delete", "update"):
                raise BadRequest("Malformed action/metadata line", "illegal_argument_exception")
            about = order[action] or {}
            where, name = str(about.get("_index", index)), str(about.get("_id", ""))
            if not where:
                raise BadRequest("an index is missing", "action_request_validation_exception")
            if action == "delete":
                items.append({action: self.delete(where, name)})
                continue
            told = _json(next(lines, "{}"))
            if action == "update":
                held = self.indexes.get(where, {}).get(name, {})
                told = {**held, **told.get("doc", {})}
            items.append({action: self.put(where, name, told, new=action == "create")})
        errors = any(
            item["status"] >= 400 and "error" in item for i in items for item in i.values()
        )
        return {"took": 1, "errors": errors, "items": items}

    # -- reading
    def named(self, pattern: str) -> list[str]:
        """The indexes of a name, a list of names, or a pattern.

        Raises
        ------
        NoIndex
            For a name that is none.
        """
        found: list[str] = []
        for part in (pattern or "_all").split(","):
            wild = "*" if part == "_all" else part
            names = [name for name in sorted(self.indexes) if fnmatchcase(name, wild)]
            if not names and "*" not in wild:
                raise NoIndex(part)
            found += names
        return list(dict.fromkeys(found))

    def search(self, pattern: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """``_search``: hits and aggregations."""
        asked = compiled(request.get("query") or {"match_all": {}})
        hits = [
            (score, index, name, document)
            for index in self.named(pattern)
            for name, document in self.indexes[index].items()
            if (score := asked(document, name)) > 0
        ]
        order = _order(request.get("sort"))
        if order:
            for key, down in reversed(order):
                hits.sort(key=partial(_sortable, path=key), reverse=down)
        else:
            hits.sort(key=lambda hit: -hit[0])
        first, size = int(request.get("from", 0)), int(request.get("size", 10))
        if first + size > MOST_HITS or first < 0 or size < 0:
            raise BadRequest(
                f"Result window is too large, from + size must be less than or equal to: "
                f"[{MOST_HITS}] but was [{first + size}]", "illegal_argument_exception",
            )  # fmt: skip
        source = request.get("_source", True)
        answer: dict[str, Any] = {
            "took": 1,
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
            "hits": {
                "total": {"value": len(hits), "relation": "eq"},
                "max_score": hits[0][0] if hits and not order else None,
                "hits": [
                    {"_index": i, "_id": n, "_score": None if order else s, **_shown(d, source)}
                    for s, i, n, d in hits[first : first + size]
                ],
            },
        }
        aggs = request.get("aggs") or request.get("aggregations")
        if aggs:
            answer["aggregations"] = _aggregated([hit[3] for hit in hits], aggs)
        return answer


def _item(index: str, name: str, status: int, kind: str, reason: str) -> dict[str, Any]:
    return {"_index": index, "_id": name, "status": status,
            "error": {"type": kind, "reason": reason}}  # fmt: skip


def _json(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError as problem:
        raise BadRequest(str(problem), "json_parse_exception") from None
    if not isinstance(told, dict):
        raise BadRequest("an object is expected", "parsing_exception")
    return told


# -- order, shape, aggregations
def _order(sort: Any) -> list[tuple[str, bool]]:
    found = []
    for one in sort if isinstance(sort, list) else [sort] if sort else []:
        if isinstance(one, str):
            path, _, way = one.partition(":")
        elif isinstance(one, Mapping) and len(one) == 1:
            path, told = next(iter(one.items()))
            way = str(told.get("order", "asc") if isinstance(told, Mapping) else told)
        else:
            raise BadRequest("sort takes names, or objects of one name")
        found.append((path, (way or ("desc" if path == "_score" else "asc")) == "desc"))
    return found


def _sortable(hit: tuple[float, str, str, Mapping[str, Any]], path: str) -> tuple[int, Any]:
    if path == "_score":
        return (0, hit[0])
    if path in ("_id", "_doc"):
        return (1, hit[2])
    found = values(hit[3], path)
    if not found:
        return (-1, 0)
    value = found[0]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (0, float(value)) if number else (1, str(value))


def _shown(document: Mapping[str, Any], source: Any) -> dict[str, Any]:
    if source is False:
        return {}
    if source is True or source is None:
        return {"_source": document}
    names = source.get("includes", []) if isinstance(source, Mapping) else source
    wanted = [names] if isinstance(names, str) else list(names)
    kept = {k: v for k, v in document.items() if any(fnmatchcase(k, str(w)) for w in wanted)}
    return {"_source": kept}


_SPANS = {"minute": "1m", "hour": "1h", "day": "1d", "week": "1w"}


def _aggregated(documents: list[Mapping[str, Any]], aggs: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for name, told in aggs.items():
        kinds = [word for word in told if word not in ("aggs", "aggregations")]
        if len(kinds) != 1:
            raise BadRequest(f"[{name}] needs one kind of aggregation")
        inner = told.get("aggs") or told.get("aggregations") or {}
        answer[name] = _one(kinds[0], told[kinds[0]], documents, inner)
    return answer


def _one(
    kind: str, body: Mapping[str, Any], documents: list[Mapping[str, Any]], inner: Mapping[str, Any]
) -> dict[str, Any]:
    path = str(body.get("field", ""))
    if kind == "terms":
        groups: dict[Any, list[Mapping[str, Any]]] = {}
        for document in documents:
            for value in dict.fromkeys(map(_plain, values(document, path))):
                groups.setdefault(value, []).append(document)
        best = sorted(groups.items(), key=lambda row: (-len(row[1]), str(row[0])))
        return {"buckets": [_bucket(k, g, inner) for k, g in best[: int(body.get("size", 10))]]}
    if kind == "date_histogram":
        given = body.get("fixed_interval") or body.get("calendar_interval") or "1h"
        found = re.fullmatch(r"(\d+)([smhdw])", _SPANS.get(given, str(given)))
        if found is None:
            raise BadRequest(f"can't read the interval {given}")
        span = int(found[1]) * SECONDS[found[2]] * 1000
        times: dict[int, list[Mapping[str, Any]]] = {}
        for document in documents:
            for value in values(document, path):
                at = moment(value)
                if at is not None:
                    times.setdefault(int(at // span) * span, []).append(document)
        return {"buckets": [_bucket(k, g, inner) for k, g in sorted(times.items())]}
    found_values = [value for document in documents for value in values(document, path)]
    if kind == "value_count":
        return {"value": len(found_values)}
    if kind == "cardinality":
        return {"value": len(set(map(_plain, found_values)))}
    numbers = [float(v) for v in found_values if isinstance(v, int | float)]
    counted: dict[str, Callable[[], float]] = {
        "sum": lambda: sum(numbers),
        "avg": lambda: sum(numbers) / len(numbers),
        "min": lambda: min(numbers),
        "max": lambda: max(numbers),
    }
    if kind not in counted:
        raise BadRequest(f"unknown aggregation [{kind}]")
    return {"value": counted[kind]() if numbers or kind == "sum" else None}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True)


def _bucket(key: Any, group: list[Mapping[str, Any]], inner: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": key, "doc_count": len(group), **(_aggregated(group, inner) if inner else {})}
