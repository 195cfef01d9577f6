"""The array functions of OpenSearch SQL: lists are JSON, and their members stay what they are.

Source: OpenSearch Service developer guide, "Supported OpenSearch SQL commands and functions", array
functions; what they do is Spark's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labkit.logs.engine.opensearch.rows import Table, add

#: Longest list that a function makes of nothing.
LONGEST = 10_000

MACROS = (
    r"""CREATE MACRO os_list(j) AS
        CASE WHEN json_type(j) = 'ARRAY' THEN CAST(json_extract(j, '$[*]') AS JSON[]) END""",
    r"""CREATE MACRO os_array(l) AS CASE WHEN l IS NOT NULL THEN CAST(to_json(l) AS JSON) END""",
    r"""CREATE MACRO os_once(l) AS
        list_filter(l, lambda v, i: coalesce(list_position(l, v), i) = i)""",
    r"""CREATE MACRO os_there(l) AS
        list_filter(l, lambda v: v IS NOT NULL AND json_type(v) <> 'NULL')""",
    # Numbers by their value, then texts.
    r"""CREATE MACRO os_sorted(l) AS
        list_transform(list_sort(list_transform(l, lambda v: {
            'n': coalesce(TRY_CAST(json_extract_string(v, '$') AS DOUBLE), 'inf'::DOUBLE),
            't': json_extract_string(v, '$'), 'v': v})), lambda p: p.v)""",
    r"""CREATE MACRO os_nulls(l) AS
        list_filter(l, lambda v: v IS NULL OR json_type(v) = 'NULL')""",
    r"""CREATE MACRO os_slice(l, s, n) AS
        CASE WHEN s <> 0 AND n >= 0 THEN list_slice(l,
            CASE WHEN s < 0 THEN len(l) + s + 1 ELSE s END,
            CASE WHEN s < 0 THEN len(l) + s ELSE s - 1 END + n) END""",
    r"""CREATE MACRO os_series(a, b, s) AS
        CASE WHEN s <> 0 AND (b - a) / s BETWEEN 0 AND 9999 THEN generate_series(a, b, s) END""",
)

LISTS: Table = {}
add(
    LISTS,
    """
    array_append | j e | json | os_array(list_append(os_list({0}), {1}))
    array_prepend | j e | json | os_array(list_prepend({1}, os_list({0})))
    array_compact | j | json | os_array(os_there(os_list({0})))
    array_distinct | j | json | os_array(os_once(os_list({0})))
    array_except | j j | json | os_array(os_once(list_filter(os_list({0}), lambda v: NOT list_contains(os_list({1}), v))))
    array_intersect | j j | json | os_array(os_once(list_filter(os_list({0}), lambda v: list_contains(os_list({1}), v))))
    array_union | j j | json | os_array(os_once(list_concat(os_list({0}), os_list({1}))))
    arrays_overlap | j j | bool | list_has_any(os_there(os_list({0})), os_list({1}))
    array_remove | j t | json | os_array(list_filter(os_list({0}), lambda v: json_extract_string(v, '$') IS DISTINCT FROM {1}))
    array_insert | j n e | json | CAST(os_insert(CAST({0} AS VARCHAR), {1}, CAST({2} AS VARCHAR)) AS JSON)
    array_join | j c | text | array_to_string(os_items({0}), {1})
    array_join | j c c | text | array_to_string(list_transform(os_items({0}), lambda v: coalesce(v, {2})), {1})
    arrays_zip | j j* | json | CAST(os_zip(CAST(json_array({all}) AS VARCHAR)) AS JSON)
    flatten | j | json | os_array(flatten(list_transform(os_list({0}), lambda v: os_list(v))))
    get | j i | text | CASE WHEN {1} >= 0 THEN os_json_text(list_extract(os_list({0}), {1} + 1)) END
    slice | j i i | json | os_array(os_slice(os_list({0}), {1}, {2}))
    array_sort | j | json | os_array(list_concat(os_sorted(os_there(os_list({0}))), os_nulls(os_list({0}))))
    sort_array | j | json | os_array(list_concat(os_nulls(os_list({0})), os_sorted(os_there(os_list({0})))))
    sort_array | j b | json | os_array(CASE WHEN {1} THEN list_concat(os_nulls(os_list({0})), os_sorted(os_there(os_list({0})))) ELSE list_concat(list_reverse(os_sorted(os_there(os_list({0})))), os_nulls(os_list({0}))) END)
    array_max | j | text | os_json_text(list_last(os_sorted(os_there(os_list({0})))))
    array_min | j | text | os_json_text(list_first(os_sorted(os_there(os_list({0})))))
    shuffle | j | json | os_array(list_transform(list_sort(list_transform(os_list({0}), lambda v, i: {{'h': md5(i::VARCHAR), 'v': v}})), lambda p: p.v))
    """,  # noqa: E501
)  # fmt: skip
add(
    LISTS,
    """
    array_repeat | e n | json | CASE WHEN length(CAST({0} AS VARCHAR)) * {1} < 1000000 THEN os_array(list_transform(range(os_many({1})), lambda i: {0})) END
    sequence | i i | json | os_array(os_series({0}, {1}, CASE WHEN {1} < {0} THEN -1 ELSE 1 END))
    sequence | i i i | json | os_array(os_series({0}, {1}, {2}))
    """,  # noqa: E501
    plain=True,
)  # fmt: skip


def _insert(text: str, place: float, member: str) -> str | None:
    """Spark's places: from 1, or from the end with -1 behind the last one."""
    told, at = json.loads(text), int(place)
    if not isinstance(told, list) or at == 0 or abs(at) > LONGEST:
        return None
    one = json.loads(member)
    if at > 0:
        told += [None] * (at - 1 - len(told))
        told.insert(at - 1, one)
    else:
        behind = len(told) + at + 1
        if behind >= 0:
            told.insert(behind, one)
        else:
            told = [one, *[None] * (-behind - 1), *told]
    return json.dumps(told, separators=(",", ":"))


def _zipped(text: str) -> str | None:
    """The first members together, then the second ones; a shorter list has none at its end."""
    lists = json.loads(text)
    if not all(isinstance(one, list) for one in lists):
        return None
    rows = [
        {str(n): one[place] if place < len(one) else None for n, one in enumerate(lists)}
        for place in range(max(map(len, lists)))
    ]
    return json.dumps(rows, separators=(",", ":"))


UDFS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "os_insert": (_insert, ("VARCHAR", "DOUBLE", "VARCHAR"), "VARCHAR"),
    "os_zip": (_zipped, ("VARCHAR",), "VARCHAR"),
}
