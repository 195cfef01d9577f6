"""All that is duckdb's alone: macros that the compiled SQL calls by name, and the connection.

Another engine needs these names and nothing else changed: ``lq_num`` (text to number), ``lq_shown``
(number to text), ``lq_time``, ``lq_key`` (natural order), ``lq_leaf`` and ``lq_json_shown`` (JSON),
``lq_megabytes``; and the functions of :mod:`labkit.logs.engine.ql.scalars`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: Numbers are shown with at most four digits behind the point (seen in the console and in the API).
MACROS = (
    r"""CREATE MACRO lq_num(x) AS
        CASE WHEN isfinite(TRY_CAST(x AS DOUBLE)) AND NOT contains(x, '_')
             AND NOT starts_with(x, ' ') THEN TRY_CAST(x AS DOUBLE) END""",
    r"""CREATE MACRO lq_shown(x) AS
        CASE WHEN x IS NULL OR NOT isfinite(x) THEN NULL
             WHEN x = trunc(x) AND abs(x) < 1e15 THEN CAST(CAST(x AS BIGINT) AS VARCHAR)
             WHEN abs(x) >= 1e15 OR abs(x) < 0.0001 THEN CAST(x AS VARCHAR)
             ELSE rtrim(rtrim(printf('%.4f', x), '0'), '.') END""",
    r"""CREATE MACRO lq_time(ms) AS
        CASE WHEN ms BETWEEN -62135596800000 AND 253402300799999
             THEN strftime(make_timestamp_ms(CAST(ms AS BIGINT)), '%Y-%m-%d %H:%M:%S.%g') END""",
    # Runs of digits are compared by their length first: 0 and the length stand before them.
    r"""CREATE MACRO lq_key(x) AS
        CASE WHEN regexp_matches(x, '[0-9]')
             THEN array_to_string(list_transform(regexp_extract_all(x, '[0-9]+|[^0-9]+'),
                  lambda c: CASE WHEN c[1] BETWEEN '0' AND '9'
                            THEN '0' || lpad(CAST(length(c) AS VARCHAR), 6, '0') || c
                            ELSE c END), '')
             ELSE x END""",
    r"""CREATE MACRO lq_leaf(j) AS
        CASE json_type(j) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL
             WHEN 'BOOLEAN' THEN CASE WHEN CAST(j AS VARCHAR) = 'true' THEN '1' ELSE '0' END
             ELSE json_extract_string(j, '$') END""",
    r"""CREATE MACRO lq_json_shown(j) AS
        CASE json_type(j) WHEN 'OBJECT' THEN CAST(j AS VARCHAR) WHEN 'ARRAY' THEN CAST(j AS VARCHAR)
             ELSE lq_leaf(j) END""",
    # A leaf of a message: an object or a list is no leaf, true and false are 1 and 0.
    r"""CREATE MACRO lq_found(x, js, pointer) AS
        CASE WHEN x[1] = '{' OR x[1] = '[' THEN
                  CASE WHEN json_type(js, pointer) IN ('OBJECT', 'ARRAY') THEN NULL ELSE x END
             WHEN x = 'true' OR x = 'false' THEN
                  CASE WHEN json_type(js, pointer) = 'BOOLEAN'
                       THEN CASE WHEN x = 'true' THEN '1' ELSE '0' END ELSE x END
             ELSE x END""",
    r"""CREATE MACRO lq_finite(x) AS CASE WHEN isfinite(x) THEN x END""",
    # Half away from zero at any digit; a digit beyond a double's own changes nothing.
    r"""CREATE MACRO lq_round(x, digits) AS
        round(x, CAST(least(greatest(digits, -15), 15) AS INTEGER))""",
    r"""CREATE MACRO lq_haversine(a, b, c, d) AS
        6371.0088 * 2 * asin(sqrt(least(1.0, pow(sin(radians(c - a) / 2), 2)
        + cos(radians(a)) * cos(radians(c)) * pow(sin(radians(d - b) / 2), 2))))""",
    r"""CREATE MACRO lq_millis(x) AS
        CASE WHEN abs(x) < 9e15 THEN CAST(floor(x) AS BIGINT) END""",
    r"""CREATE MACRO lq_json(x) AS CASE WHEN json_valid(x) THEN CAST(x AS JSON) END""",
    r"""CREATE MACRO lq_size(j) AS
        CASE WHEN json_type(j) = 'ARRAY' THEN CAST(json_array_length(j) AS DOUBLE) END""",
    r"""CREATE MACRO lq_contains(j, x) AS
        CASE WHEN json_type(j) = 'ARRAY'
             THEN list_contains(json_extract_string(j, '$[*]'), x) END""",
    # Text first, then numbers, as one comparable list.
    r"""CREATE MACRO lq_sort_key(x) AS
        (CAST(lq_num(x) IS NOT NULL AS INTEGER), coalesce(lq_num(x), 0), lq_key(x))""",
    r"""CREATE MACRO lq_topk(l, k) AS
        list_transform(list_slice(list_reverse_sort(list_transform(
            list_distinct(list_filter(l, lambda v: v IS NOT NULL)),
            lambda d: (len(list_filter(l, lambda v: v = d)), d))), 1, k), lambda p: p[2])""",
    # Equal widths from the least to the most; the most lies in the last one.
    r"""CREATE MACRO lq_buckets(l, k) AS
        list_transform(range(k), lambda i: {
            'low': list_min(l) + i * (list_max(l) - list_min(l)) / k,
            'high': list_min(l) + (i + 1) * (list_max(l) - list_min(l)) / k,
            'count': len(list_filter(l, lambda v: least(k - 1, coalesce(CAST(floor(
                (v - list_min(l)) * k / nullif(list_max(l) - list_min(l), 0)) AS BIGINT), 0)) = i))
        })""",
    r"""CREATE MACRO lq_histogram(l, k) AS
        map_from_entries(list_transform(
            lq_buckets(list_filter(l, lambda v: v IS NOT NULL), k),
            lambda b: {'k': lq_shown(b.low) || ' - ' || lq_shown(b.high), 'v': b.count}))""",
    r"""CREATE MACRO lq_megabytes(x) AS
        CASE WHEN x <> '' THEN CAST(CAST(x AS BIGINT) * 1000000 AS VARCHAR) END""",
)


def connection() -> duckdb.DuckDBPyConnection:
    """A connection in memory that knows every name that compiled SQL uses."""
    import duckdb

    from labkit.logs.engine.opensearch import macros
    from labkit.logs.engine.ql.udfs import register

    made = duckdb.connect(":memory:")
    made.execute("SET TimeZone = 'UTC'")
    made.execute("SET enable_progress_bar = false")
    register(made)
    for macro in (*MACROS, *macros.MACROS):
        made.execute(macro)
    return made
