"""The engine against brute force on random patterns and events."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.eventbridge.engine.patterns import Matcher, compile_pattern, explain
from labkit.eventbridge.engine.patterns.matching import matches
from tests.eventbridge import naive_patterns

KEYS = st.sampled_from(["a", "b", "c", "a.b"])
TEXTS = st.sampled_from(["", "x", "xy", "yx", "X", "xyx", "10.0.0.1", "10.0.1.1", "::1"])
NUMBERS = st.sampled_from([0, 1, -1, 2, 0.5, 1.0, 2**53])
LEAVES = TEXTS | NUMBERS | st.sampled_from([True, False, None])


def objects(depth):
    if depth == 0:
        return st.dictionaries(KEYS, LEAVES | st.lists(LEAVES, max_size=2), max_size=3)
    below = objects(depth - 1)
    values = LEAVES | below | st.lists(LEAVES | below, max_size=3)
    return st.dictionaries(KEYS, values, max_size=3)


def one_key(name, argument):
    return st.builds(lambda value: {name: value}, argument)


TEXT = TEXTS.filter(bool)
SOME = TEXT | st.lists(TEXT, min_size=1, max_size=2)
FORMS = st.sampled_from(["*", "x*", "*x", "x*y", "*y*", "x*x*", "xy"])
RANGES = st.sampled_from(
    [["=", 1], [">", 0], [">=", 1], ["<", 1], ["<=", 0.5], [">", 0, "<", 2], [">=", -1, "<=", 1]]
)
CASED = one_key("equals-ignore-case", TEXTS)
OPERATORS = st.one_of(
    LEAVES,
    one_key("exists", st.booleans()),
    one_key("prefix", TEXTS | CASED),
    one_key("suffix", TEXTS | CASED),
    CASED,
    one_key("wildcard", FORMS),
    one_key("numeric", RANGES),
    one_key("cidr", st.sampled_from(["10.0.0.0/24", "10.0.0.0/16", "::/64"])),
    one_key(
        "anything-but",
        SOME
        | NUMBERS
        | one_key("prefix", SOME)
        | one_key("suffix", SOME)
        | one_key("equals-ignore-case", SOME)
        | one_key("wildcard", FORMS),
    ),
)
ALTERNATIVES = st.lists(OPERATORS, min_size=1, max_size=2)


def patterns(depth):
    values = ALTERNATIVES if depth == 0 else ALTERNATIVES | patterns(depth - 1)
    plain = st.dictionaries(KEYS, values, min_size=1, max_size=2)
    if depth == 0:
        return plain
    ors = st.lists(patterns(depth - 1), min_size=2, max_size=2)
    return plain | st.builds(lambda one, two: {**one, "$or": two}, plain, ors)


def depths(few, many):
    """How many examples: a few in `make test`, many in `make test-all`."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])


@depths(80, 800)
def test_one_rule(examples):
    @settings(max_examples=examples, deadline=None)
    @given(patterns(1), objects(2))
    def one_rule(pattern, event):
        compiled = compile_pattern(json.dumps(pattern))
        wanted = naive_patterns.matches(pattern, event)
        assert matches(compiled, event) is wanted
        assert explain(compiled, event).matched is wanted

    one_rule()


@depths(30, 300)
def test_many_rules_come_and_go(examples):
    @settings(max_examples=examples, deadline=None)
    @given(
        st.lists(patterns(1), min_size=1, max_size=8), st.lists(objects(1), min_size=1, max_size=4)
    )
    def come_and_go(rules, events):
        matcher = Matcher()
        for number, pattern in enumerate(rules):
            matcher.add(number, compile_pattern(json.dumps(pattern)))

        def check(there):
            for event in events:
                wanted = [n for n in there if naive_patterns.matches(rules[n], event)]
                assert matcher.match(json.dumps(event)) == wanted

        check(range(len(rules)))
        for number in range(0, len(rules), 2):
            matcher.remove(number)
        check(range(1, len(rules), 2))
        for number in range(0, len(rules), 2):
            matcher.add(number, compile_pattern(json.dumps(rules[number])))
        check([*range(1, len(rules), 2), *range(0, len(rules), 2)])
        for number in range(len(rules)):
            matcher.remove(number)
        check([])

    come_and_go()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]":,abc\\ 01.e-truenl*$o', max_size=40))
def test_no_text_breaks_the_compiler(text):
    from labkit.eventbridge.engine.patterns import InvalidEventPattern

    try:
        compile_pattern(text)
    except InvalidEventPattern as problem:
        assert str(problem).startswith("Event pattern is not valid. Reason: ")
    # What Python's parser takes for JSON is never refused as "no JSON".
    try:
        json.loads(text)
    except ValueError:
        return
    try:
        compile_pattern(text)
    except InvalidEventPattern as problem:
        assert "Unexpected" not in problem.reason
