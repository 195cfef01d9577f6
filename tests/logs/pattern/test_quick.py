"""What is made once for many messages says what the pattern itself says."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.logs.engine.pattern import parse

CELLS = st.sampled_from(
    ["GET", "404", "4.04e2", "500", "-", '"GET /"', '"', "[a b]", "[", "]", 'a"b', "404]", '"x"404',
     "ERROR", "1e3", "\u2028"]
)  # fmt: skip
LINES = st.lists(CELLS, max_size=6).map(" ".join) | st.text('ab 4[]"', max_size=12)
TESTS = st.sampled_from(
    ["{n}", "{n} = 404", "{n} != 404", "{n} = 4*", "{n} = *4", "{n} = G*T", "{n} >= 404",
     "{n} = 404 || {n} = 500", "{n} > 400 && {n} < 500", "{n} = %[0-9]+%", "{n} = ERROR", "..."]
)  # fmt: skip
COLUMNS = st.lists(TESTS, min_size=1, max_size=5).filter(lambda tests: tests.count("...") < 2)

LEAVES = st.sampled_from(
    ["ERROR", "ERR\u00f6R", "a/b", 'q"q', "500", "true", 500, 500.0, 5e2, 10**400, -1, 7.5, True,
     False, None, [], [500, "ERROR"], {}, {"b": "ERROR"}, {"b": 500}]
)  # fmt: skip
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), LEAVES, max_size=3)
CONDITIONS = st.sampled_from(
    ['$.a = "ERROR"', '$.a = "ERR*"', '$.a != "ERROR"', "$.a = 500", '$.a = "500"', "$.a != 500",
     "$.a >= 500", "$.b < 0", "$.a.b = ERROR", "$.a[1] = ERROR", "$.* = ERROR", "$.a = true",
     "$.a IS TRUE", "$.a IS NULL", "$.c NOT EXISTS", '$.a = "a/*"', "$.b = %RR%", '$.c = "*"',
     '$.a = "q\\"q"', "$.a = 7.5"]
)  # fmt: skip


@given(COLUMNS, st.lists(LINES, min_size=1, max_size=8))
@settings(max_examples=100)
def test_columns(columns, lines):
    told = ", ".join(test.format(n=f"c{n}") for n, test in enumerate(columns))
    pattern = parse(f"[{told}]")
    for line in lines:
        assert pattern.matches(line) == pattern.body.matches(line) == bool(pattern.match(line))
    assert pattern.mask(lines).tolist() == [pattern.body.matches(line) for line in lines]


@given(
    st.lists(CONDITIONS, min_size=1, max_size=3),
    st.sampled_from([" && ", " || "]),
    st.lists(DOCUMENTS, min_size=1, max_size=8),
    st.booleans(),
)
@settings(max_examples=100)
def test_json(conditions, sign, documents, escaped):
    pattern = parse(f"{{ {sign.join(conditions)} }}")
    lines = [json.dumps(one) for one in documents]
    if escaped:
        lines = [line.replace("E", "\\u0045").replace("/", "\\/") for line in lines]
    lines += ["", "ERROR", '"ERROR"', '["ERROR"]', '  {"a":"ERROR"}', '{"a":"ERROR"']
    for line in lines:
        assert pattern.matches(line) == pattern.body.matches(line) == bool(pattern.match(line))
