"""Whatever is asked: an answer or a QueryError with a place inside the text, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.logs.engine import ql
from labkit.logs.engine.ql.aggregates import AGGREGATES
from labkit.logs.engine.ql.scalars import FUNCTIONS

pa = pytest.importorskip("pyarrow")
START = 1_700_000_000_000
MOMENT = ql.Moment(START, START + 3_600_000, START + 3_600_000)
LINES = [
    '{"status":404,"path":"/a","user":{"id":"u1"},"list":[1,{"n":2}],"ms":12.5,"@x":"y"}',
    '{"status":"200","path":null,"ms":1e400,"bad":"\\u0000"}', "{broken", "",
    "plain \u00e4 %d * [x]",
    "2 123456789012 eni-1235b8ca123456789 - - - - - - - 1 7 - NODATA",
]  # fmt: skip
TABLE = pa.table(
    {
        "ts": [START + 60_000 * i for i in range(len(LINES))],
        "ing": [START] * len(LINES),
        "log": ["123456789012:/g"] * len(LINES),
        "stream": ["s"] * len(LINES),
        "msg": pa.array(LINES, pa.large_string()),
        "region": ["us-east-1"] * len(LINES),
        "ptr": pa.array(range(len(LINES)), pa.int64()),
    }
)

NAMES = st.sampled_from(["@message", "@timestamp", "status", "user.id", "list", "ms", "`a b`", "x",
                         "@@x", "list.0", "list.1.n", "srcAddr", "@logStream"])  # fmt: skip
NUMBERS = st.sampled_from(["0", "-1", "2.5", "1e9", "99999999999999999999", "404"])
TEXTS = st.sampled_from(['""', '"a"', "'it''s'", '"*"', '"%_"', '"\\\\"', '"2001:db8::/32"',
                         '"yyyy-MM-dd"', '"UTC"', '"\u00e4\U0001f600"'])  # fmt: skip
OPERATORS = st.sampled_from(["+", "-", "*", "/", "^", "%", "=", "!=", "<", ">=", "and", "or"])
PLAIN = NAMES | NUMBERS | TEXTS
FUNCTION = st.sampled_from([*sorted(f.name for f in FUNCTIONS.values()), "now", "bin"])
AGGREGATE = st.sampled_from(sorted(AGGREGATES))


def _called(told):
    name, values = told
    return f"{name}({', '.join(values)})"


def _grown(inner):
    pairs = st.tuples(inner, inner)
    return (
        st.tuples(FUNCTION, st.lists(inner, max_size=3)).map(_called)
        | st.tuples(pairs, OPERATORS).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})")
        | inner.map(lambda one: f"not {one}")
        | st.tuples(inner, st.sampled_from(["/a(b)?/", "/(?i)x+/", '"a"', "/[/", "/(/"])).map(
            lambda t: f"{t[0]} like {t[1]}"
        )
        | st.tuples(inner, st.lists(PLAIN, max_size=3)).map(
            lambda t: f"{t[0]} in [{', '.join(t[1])}]"
        )
        | inner.map(lambda one: f"bin({one})")
        | st.sampled_from(["bin(5m)", "bin(0s)", "bin(300s)", "bin(1mo)", "datefloor(ms, 1w)"])
    )


VALUE = st.recursive(PLAIN, _grown, max_leaves=4)
ALIASED = VALUE | st.tuples(VALUE, st.sampled_from(["x", "y", "status", "@message"])).map(
    lambda t: f"{t[0]} as {t[1]}"
)
LISTED = st.lists(ALIASED, min_size=1, max_size=3).map(", ".join)
NAMED = st.lists(NAMES, min_size=1, max_size=2).map(", ".join)
COMMAND = st.one_of(
    LISTED.map("fields {}".format), LISTED.map("display {}".format),
    VALUE.map("filter {}".format), VALUE.map("filterIndex {}".format),
    st.tuples(AGGREGATE, st.lists(VALUE, max_size=2), LISTED).map(
        lambda t: f"stats {t[0]}({', '.join(t[1])}) as s by {t[2]}"),
    st.tuples(AGGREGATE, VALUE).map(lambda t: f"stats {t[0]}({t[1]})"),
    VALUE.map("sort {} desc".format), NUMBERS.map("limit {}".format), NAMED.map("dedup {}".format),
    st.tuples(VALUE, st.sampled_from(['"* *" as p, q', '"*" as p', "/(?<p>a)/", "/a/", '"" as p'])
              ).map(lambda t: f"parse {t[0]} {t[1]}"),
    VALUE.map("pattern {}".format), st.sampled_from(["diff", "diff previousDay", "anomaly"]),
    NAMED.map("unmask({})".format), NAMES.map("unnest {} into u".format),
    NAMES.map("lookup t k as {} OUTPUT v".format),
    st.just("filter status in (SOURCE '/g' | fields status)"),
    st.just("join type=left left=l right=r where l.ms = r.ms (SOURCE '/g' | fields ms)"),
    NAMES.map("accum {} as a".format), NAMES.map("accum {}".format),
    st.sampled_from(["addtotals", "addtotals col=true", "addtotals row=false col=true ms, status"]),
    st.sampled_from(["appendcols (SOURCE g | fields ms)", "estimate", "filldown", "fillmissing",
                     "appendcols override=true (SOURCE '/g' | stats count(*) as s by status)",
                     "stats count(*) as n by bin(5m) offset 1h", "logcompare timeshift 1h",
                     "stats sum(ms) as n by bin(1mo), status", "filldown st* *s"]),
    NAMES.map("autoregress {} p=1-2".format), NAMES.map("expand {}".format),
    NAMES.map("cidrlookup t {} as k OUTPUT v".format),
    NAMES.map("cidrlookup t {} as k OUTPUTNEW v as ms".format),
    NAMED.map("countFrequent {}".format),
    VALUE.map("fillmissing with {} for s".format), NAMES.map("filldown {}".format),
    st.tuples(st.sampled_from(["", "action=remove ", "mark=true uselower=true param=0 "]), NAMED)
    .map(lambda t: f"outlier {t[0]}{t[1]}"),
    VALUE.map("relevantfields where {}".format), NAMED.map("sessionize {} maxspan 2m".format),
)  # fmt: skip
QUERY = st.lists(COMMAND, min_size=1, max_size=5).map(" | ".join)


def ask(text):
    """Run a query; a mistake has its place inside the text."""
    try:
        found = ql.run(
            ql.parse(text), lambda *_: TABLE, MOMENT,
            lookups={"t": pa.table({"k": ["404"], "v": ["w"]})},
        )  # fmt: skip
    except ql.QueryError as error:
        assert error.message
        assert "INTERNAL" not in error.message
        assert 0 <= error.start <= error.end <= len(text)
        return
    assert all(len(row) == len(found.columns) for row in found.rows)
    assert all(cell is None or isinstance(cell, str) for row in found.rows for cell in row)


@given(QUERY)
@settings(max_examples=60)
def test_queries(text):
    ask(text)


@pytest.mark.long
@given(QUERY)
@settings(max_examples=600)
def test_many_queries(text):
    ask(text)


@given(st.text(max_size=60) | st.text("|()[]{}'\"`/\\*=<>!,.#@ abfieldst0129", max_size=60))
@settings(max_examples=150)
def test_no_queries(text):
    ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "filter " + "(" * 400 + "a" + ")" * 400,
        "filter " + "not " * 3000 + "a",
        "filter " + " or ".join(["a = 1"] * 800),
        "fields " + "+".join(["1"] * 3000),
        "fields " + ", ".join(f"f{i}" for i in range(900)),
        " | ".join(["filter a = 1"] * 500),
        "filter @message like /" + "(a*)*" * 50 + "b/",
        "parse @message \"" + "*," * 100 + "*\" as " + ", ".join(f"p{i}" for i in range(101)),
    ],
    ids=lambda text: text[:18],
)  # fmt: skip
def test_large_queries_end(text):
    ask(text[:10_000])
