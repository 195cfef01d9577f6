"""Whatever is asked in SQL: an answer or a QueryError with a place in the text, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loglines import MOMENT, table

from labkit.logs.engine import languages, ql, sql
from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.scalars import FUNCTIONS

pytest.importorskip("pyarrow")
TABLE = table(
    [
        '{"status":404,"path":"/a","user":{"id":"u1"},"list":[1,{"n":2}],"ms":12.5,"@x":"y"}',
        '{"status":"200","path":null,"ms":1e400,"bad":"\\u0000"}', "{broken", "",
        "plain \u00e4 %d * [x]",
        "2 123456789012 eni-1235b8ca123456789 - - - - - - - 1 7 - NODATA",
    ]
)  # fmt: skip

NAMES = st.sampled_from(["`@message`", "`@timestamp`", "status", "`user.id`", "list", "ms", "a.ms",
                         "`a b`", "x", "b.status", "srcAddr", "user.id"])  # fmt: skip
NUMBERS = st.sampled_from(["0", "-1", "2.5", "1e9", "99999999999999999999", "404"])
TEXTS = st.sampled_from(["''", "'a'", "'%_'", "'\\\\\\\\'", "'2001:db8::/32'", "'yyyy-MM-dd'",
                         "'2024-01-01'", "'$.a[0]'", "'DAY'", "'\u00e4\U0001f600'", "'('",
                         "NULL", "TRUE", "INTERVAL 5 MINUTES"])  # fmt: skip
OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", "=", "!=", "<", ">=", "AND", "OR", "LIKE",
                             "RLIKE", "||", "<=>", "DIV", "IS NOT"])  # fmt: skip
PLAIN = NAMES | NUMBERS | TEXTS
FUNCTION = st.sampled_from([*sorted(FUNCTIONS), *sorted(AGGREGATES), "rank", "window", "nope"])


def _called(told):
    return f"{told[0]}({', '.join(told[1])})"


def _grown(inner):
    return (
        st.tuples(FUNCTION, st.lists(inner, max_size=3)).map(_called)
        | st.tuples(inner, OPERATORS, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map("NOT {}".format)
        | inner.map("CAST({} AS INT)".format)
        | inner.map("CAST({} AS TIMESTAMP)".format)
        | inner.map("{}[0]".format)
        | st.tuples(inner, inner, inner).map(
            lambda t: "CASE WHEN {} THEN {} ELSE {} END".format(*t)
        )
        | st.tuples(inner, PLAIN, PLAIN).map(lambda t: "{} BETWEEN {} AND {}".format(*t))
        | st.tuples(inner, PLAIN).map(lambda t: "{} IN ({}, 1)".format(*t))
        | inner.map("{} IN (SELECT ms FROM h)".format)
        | inner.map("(SELECT max({}) FROM h)".format)
        | st.tuples(FUNCTION, inner, inner).map(
            lambda t: "{}({}) OVER (PARTITION BY status ORDER BY {})".format(*t)
        )
    )


VALUE = st.recursive(PLAIN, _grown, max_leaves=4)
ALIASED = VALUE | st.tuples(VALUE, st.sampled_from(["x", "status", "`@message`"])).map(" AS ".join)
LISTED = st.lists(ALIASED, min_size=1, max_size=3).map(", ".join) | st.just("*")
FROM = st.sampled_from(["g", "`g` AS a", "g a INNER JOIN h b ON a.status = b.status",
                        "g a LEFT JOIN h b ON a.status = b.status AND a.ms > 1",
                        "(SELECT status, ms, count(*) AS x FROM g GROUP BY status, ms) a",
                        "`filterIndex('status' = 404)` a"])  # fmt: skip


def _part(word, what):
    return st.just("") | what.map(f" {word} {{}}".format)


ROWS = st.tuples(
    st.sampled_from(["SELECT ", "SELECT DISTINCT "]), LISTED, FROM.map(" FROM {}".format),
    _part("WHERE", VALUE), _part("ORDER BY", VALUE), _part("LIMIT", NUMBERS),
    st.sampled_from(["", "", "", " UNION SELECT status FROM h", ";"]),
).map("".join)  # fmt: skip
AGGREGATE = st.tuples(st.sampled_from(sorted(AGGREGATES)), st.lists(VALUE, max_size=2)).map(_called)
GROUPS = st.tuples(
    NAMES, AGGREGATE, FROM, _part("WHERE", VALUE), _part("HAVING", AGGREGATE | VALUE)
).map("SELECT {0[0]}, {0[1]} AS x FROM {0[2]}{0[3]} GROUP BY {0[0]}{0[4]} ORDER BY x".format)
QUERY = ROWS | GROUPS


def ask(text):
    """Run a query; a mistake has its place inside the text."""
    try:
        found = languages.run(sql.parse(text), lambda *_: TABLE, MOMENT)
    except ql.QueryError as error:
        assert error.message
        assert "INTERNAL" not in error.message
        assert 0 <= error.start <= error.end <= max(1, len(text))
        return
    assert all(len(row) == len(found.columns) for row in found.rows)
    assert all(cell is None or isinstance(cell, str) for row in found.rows for cell in row)
    assert len(found.ptrs) in (0, len(found.rows))


@given(QUERY)
@settings(max_examples=25)
def test_selects(text):
    ask(text)


@pytest.mark.long
@given(QUERY)
@settings(max_examples=100)
def test_many_selects(text):
    ask(text)


@given(st.text(max_size=60) | st.text("SELECT FROM`'\"()[],.*;=<>-/\\ abgx019", max_size=60))
@settings(max_examples=25)
def test_no_selects(text):
    ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 400 + "a" + ")" * 400 + " FROM g",
        "SELECT a FROM g WHERE " + "NOT " * 2000 + "a",
        "SELECT a FROM g WHERE " + " OR ".join(["a = 1"] * 300),
        "SELECT " + "+".join(["a"] * 3000) + " FROM g",
        "SELECT " + ", ".join(f"f{i}" for i in range(900)) + " FROM g",
        "SELECT repeat(repeat(repeat(repeat(path, 1e9), 1e9), 1e9), 1e9) FROM g",
        "SELECT lpad(path, 1e18, 'x') FROM g",
        "SELECT CASE " + "WHEN a = 1 THEN 2 " * 400 + "END FROM g",
        " UNION ".join(["SELECT a FROM g"] * 80),
    ],
    ids=lambda text: text[:30],
)
def test_large_selects_end(text):
    ask(text[:10_000])
