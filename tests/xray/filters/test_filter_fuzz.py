"""Filter expressions made at random: never a crash, and the explanation always agrees."""

from hypothesis import given, settings
from hypothesis import strategies as st
from xraykit import span, trace

from labkit.xray.engine.filters import FilterError, parse

#: Pieces that tear at the grammar from all sides.
PIECES = (
    "ok", "!", "fault", "=", "!=", "true", "(", ")", "{", "}", "AND", "or", " ", "\n", '"', '"a"',
    "service", "edge", 'id(name: "a")', ",", "annotation.", "annotation[", "]", "a.b", "rootcause",
    "rootcause.fault.service", "group.name", "json", "#", "#[", "#[{}]", "<", ">=", "5", "-.5e9",
    "1e999", "http.url", "CONTAINS", "\\", "\x00", "é", "user", "source.", "coverage", "last",
    "responsetime",
)  # fmt: skip

NAMES = st.sampled_from(["front", "checkout", "orders", ""])
TEXTS = st.sampled_from(["lena", "GET", "http://x/pay", "2.4.1", 'q"uo\\te', ""])
QUOTED = TEXTS.map(lambda t: '"' + t.replace("\\", "\\\\").replace('"', '\\"') + '"')
TRACES = [
    trace(),
    trace(span("front", "1", 0, 2, fault=True, annotations={"a": 1, "b": "2.4.1", "c": False})),
    trace(
        span("front", "1", 0, None, user="lena", http={"request": {"url": "http://x/pay"}}),
        span("checkout", "3", 1, 2, parent="1", error=True, http={"response": {"status": 404}}),
    ),
]


def predicates():
    flags = st.sampled_from(["ok", "error", "THROTTLE", "fault", "partial", "inferred"])
    numbers = st.sampled_from(["responsetime", "duration", "http.status"])
    texts = st.sampled_from(["http.url", "http.method", "user", "instance.id", "resource.arn"])
    search = st.sampled_from(["=", "!=", "CONTAINS", "beginswith", "ENDSWITH"])
    order = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    truth = st.sampled_from(["= true", "!= true", "=false", ""])
    value = st.one_of(QUOTED, st.sampled_from(["1", "true", "404"]))
    return st.one_of(
        st.tuples(flags, truth).map(" ".join),
        st.tuples(numbers, order, st.sampled_from(["0", "1.5", "404", "-1"])).map(" ".join),
        st.tuples(texts, search, QUOTED).map(" ".join),
        st.tuples(
            st.sampled_from(["annotation.a", "annotation[b]", "annotation.c"]),
            st.sampled_from(["=", "!="]),
            value,
        ).map(" ".join),
        texts,
        numbers,
    )


def joined(inner):
    joint = st.sampled_from([" AND ", " OR ", " "])
    return st.one_of(
        st.tuples(inner, joint, inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
    )


def complex_ones(inner):
    return st.one_of(
        st.tuples(NAMES, inner).map(lambda t: f'service("{t[0]}") {{ {t[1]} }}'),
        st.tuples(NAMES, NAMES, inner).map(lambda t: f'edge("{t[0]}", "{t[1]}") {{ {t[2]} }}'),
        NAMES.map(lambda name: f'service(id(name: "{name}"))'),
    )


SIMPLE = st.recursive(predicates(), joined, max_leaves=5)
EXPRESSIONS = st.recursive(st.one_of(SIMPLE, complex_ones(SIMPLE)), joined, max_leaves=4)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60))
@settings(max_examples=100)
def test_any_text_is_read_or_refused_with_a_place_in_it(text):
    try:
        parsed = parse(text)
    except FilterError as problem:
        assert 0 <= problem.position <= len(text)
        assert problem.message
    else:
        for one in TRACES:
            assert parsed.explain(one).value is parsed.matches(one)


@given(EXPRESSIONS, EXPRESSIONS)
@settings(max_examples=40)
def test_an_expression_means_what_its_explanation_and_its_parts_say(one, other):
    first, second = parse(one), parse(other)
    for each in TRACES:
        a, b = first.matches(each), second.matches(each)
        assert first.explain(each).value is a
        assert first.explain(each).because
        assert parse(f"!({one})").matches(each) is (not a)
        assert parse(f"({one}) ({other})").matches(each) is (a and b)
        assert parse(f"({one}) OR ({other})").matches(each) is (a or b)
        assert parse(one.swapcase() if '"' not in one and "[" not in one and "." not in one
                     else one).matches(each) is a  # fmt: skip


@given(EXPRESSIONS)
@settings(max_examples=30)
def test_select_keeps_the_order_of_those_that_match(text):
    parsed = parse(text)
    assert parsed.select(TRACES) == [one for one in TRACES if parsed.matches(one)]
