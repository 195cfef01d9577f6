"""Whatever is asked in PPL: an answer or a QueryError with a place in the text, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loglines import MOMENT, table

from labkit.logs.engine import languages, ppl, ql
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

NAMES = st.sampled_from(["`@message`", "`@timestamp`", "status", "user.id", "list", "ms", "user",
                         "`a b`", "x", "l.status", "srcAddr"])  # fmt: skip
NUMBERS = st.sampled_from(["0", "1", "2.5", "1e9", "99999999999999999999", "404"])
TEXTS = st.sampled_from(["''", "'a'", "'%_'", "'\\\\'", "'2001:db8::/32'", "'yyyy-MM-dd'",
                         "'2024-01-01'", "'$.a[0]'", "'DAY'", "'\u00e4\U0001f600'", "'('", "null",
                         "true", "interval 5 minutes", "5m"])  # fmt: skip
OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", "=", "!=", "<", ">=", "and", "or", "xor",
                             "like", "regexp"])  # fmt: skip
PLAIN = NAMES | NUMBERS | TEXTS
FUNCTION = st.sampled_from([*sorted(FUNCTIONS), *sorted(AGGREGATES), "span", "case", "nope"])


def _called(told):
    return f"{told[0]}({', '.join(told[1])})"


def _grown(inner):
    return (
        st.tuples(FUNCTION, st.lists(inner, max_size=3)).map(_called)
        | st.tuples(inner, OPERATORS, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map("not {}".format)
        | inner.map("-{}".format)
        | inner.map("cast({} as integer)".format)
        | st.tuples(inner, inner, inner).map(lambda t: "case({}, {} else {})".format(*t))
        | st.tuples(inner, PLAIN, PLAIN).map(lambda t: "{} between {} and {}".format(*t))
        | st.tuples(inner, PLAIN).map(lambda t: "{} in ({}, 1)".format(*t))
        | inner.map("{} in [ source=h | fields ms ]".format)
        | st.just("[ source=h | stats max(ms) ]")
    )


VALUE = st.recursive(PLAIN, _grown, max_leaves=4)
NAMED = st.lists(NAMES, min_size=1, max_size=2).map(", ".join)
AGGREGATE = st.tuples(st.sampled_from(sorted(AGGREGATES)), st.lists(VALUE, max_size=2)).map(_called)
BY = st.just("") | (NAMES | st.sampled_from(["span(ms, 5)", "span(`@timestamp`, 1h)"])).map(
    " by {}".format
)
COMMAND = st.one_of(
    NAMED.map("fields {}".format), NAMED.map("fields - {}".format), VALUE.map("where {}".format),
    st.tuples(NAMES, VALUE).map(lambda t: "eval {} = {}".format(*t)),
    st.tuples(AGGREGATE, BY).map(lambda t: "stats {} as x{}".format(*t)),
    st.tuples(AGGREGATE, BY).map(lambda t: "eventstats {} as x{}".format(*t)),
    NAMED.map("sort - {}".format), NAMED.map("sort 3 {}".format), NUMBERS.map("head {}".format),
    NAMED.map("dedup 2 {} keepempty=true".format), NAMED.map("dedup {}".format),
    st.tuples(NAMES, st.sampled_from(["(?<p>a)", "(?<p>.*)(?<q>x?)", "a", "("])).map(
        lambda t: "parse {} '{}'".format(*t)),
    NAMES.map("grok {} '%{{WORD:w}} %{{GREEDYDATA:r}}'".format),
    st.tuples(NAMES, BY).map(lambda t: "top 2 {}{}".format(*t)), NAMES.map("rare {}".format),
    NAMES.map("rename {} as x".format), st.tuples(PLAIN, NAMED).map(
        lambda t: "fillnull with {} in {}".format(*t)), PLAIN.map("fillnull with {}".format),
    NAMES.map("trendline sort ms sma(2, {0}) as x wma(3, {0})".format),
    NAMES.map("expand {} as x".format), NAMES.map("flatten {}".format),
    NAMES.map("flatten {} as (x, y)".format),
    NAMED.map("fieldsummary includefields={} nulls=true".format),
    st.just("left join left=l right=r on l.status = r.status h"),
)  # fmt: skip
QUERY = st.lists(COMMAND, min_size=1, max_size=4).map(" | ".join)


def ask(text):
    """Run a query; a mistake has its place inside the text."""
    try:
        query = ppl.parse(text)
        assert str(query)
        found = languages.run(query, lambda *_: TABLE, MOMENT)
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
def test_pipes(text):
    ask(text)


@pytest.mark.long
@given(QUERY)
@settings(max_examples=100)
def test_many_pipes(text):
    ask(text)


@given(st.text(max_size=60) | st.text("|()[]`'\"/\\*=<>!,.-@ fieldswhrt019", max_size=60))
@settings(max_examples=25)
def test_no_pipes(text):
    ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "where " + "(" * 400 + "a" + ")" * 400,
        "where " + "not " * 2000 + "a",
        "where " + " or ".join(["a = 1"] * 300),
        "eval a = " + "+".join(["b"] * 3000),
        "fields " + ", ".join(f"f{i}" for i in range(900)),
        " | ".join(["where a = 1"] * 60),
        "trendline sma(500, ms) as a wma(500, ms) as b",
        "eval a = repeat(repeat(repeat(path, 1e9), 1e9), 1e9)",
    ],
    ids=lambda text: text[:20],
)
def test_large_pipes_end(text):
    ask(text[:10_000])
