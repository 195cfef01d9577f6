"""Rules of composite alarms: grammar, errors with their place, truth against a naive evaluator."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudwatch.engine.alarm_rule import RuleError, parse

NAMES = [
    "a",
    "cpu-high",
    "two words",
    'qu"ote',
    "(x),y",
    "ALARM",
    "TRUE",
    "50%",
    "arn:aws:x:alarm:b",
]
STATES = ["ALARM", "OK", "INSUFFICIENT_DATA"]


# -- a second opinion: rules as Python values, and their truth by the textbook
def written(name):
    bare = not any(c in name for c in ' (),"') and name
    return name if bare else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text_of(rule):
    kind = rule[0]
    if kind == "const":
        return "TRUE" if rule[1] else "FALSE"
    if kind == "is":
        return f"{rule[1]}({written(rule[2])})"
    if kind == "not":
        return f"NOT {text_of(rule[1])}" if rule[1][0] != "join" else f"NOT ({text_of(rule[1])})"
    if kind == "least":
        _, threshold, negated, state, names = rule
        refs = ", ".join(written(name) for name in names)
        return f"AT_LEAST({threshold}, {'NOT ' if negated else ''}{state}, ({refs}))"
    return f" {rule[1]} ".join(f"({text_of(part)})" for part in rule[2])


def truth_of(rule, states):
    kind = rule[0]
    if kind == "const":
        return rule[1]
    if kind == "is":
        return states[rule[2]] == rule[1]
    if kind == "not":
        return not truth_of(rule[1], states)
    if kind == "least":
        _, threshold, negated, state, names = rule
        hits = len([n for n in names if (states[n] == state) is not negated])
        if threshold.endswith("%"):
            return hits >= math.ceil(int(threshold[:-1]) * len(names) / 100)
        return hits >= int(threshold)
    parts = [truth_of(part, states) for part in rule[2]]
    return all(parts) if rule[1] == "AND" else any(parts)


def at_least():
    names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
    return names.flatmap(
        lambda chosen: st.tuples(
            st.just("least"),
            st.one_of(
                st.integers(1, len(chosen)).map(str), st.integers(1, 100).map(lambda p: f"{p}%")
            ),
            st.booleans(),
            st.sampled_from(STATES),
            st.just(chosen),
        )
    )


RULES = st.recursive(
    st.one_of(
        st.tuples(st.just("const"), st.booleans()),
        st.tuples(st.just("is"), st.sampled_from(STATES), st.sampled_from(NAMES)),
        at_least(),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(
            st.just("join"), st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)
        ),
    ),
    max_leaves=12,
)


@given(RULES, st.lists(st.sampled_from(STATES), min_size=len(NAMES), max_size=len(NAMES)))
def test_it_agrees_with_the_textbook(rule, states):
    now = dict(zip(NAMES, states, strict=True))
    judged = parse(text_of(rule)).judge(now)
    assert judged.value == truth_of(rule, now)
    assert judged.state == ("ALARM" if judged.value else "OK")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # AND binds tighter than OR, NOT tighter than both.
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ("NOT NOT TRUE", True),
        ("TRUE\n\tAND  TRUE", True),
        # An alarm without data is not in ALARM, and not OK.
        ("ALARM(none)", False),
        ("NOT ALARM(none)", True),
        ("OK(none)", False),
        ("INSUFFICIENT_DATA(none)", True),
        ("ALARM(hot) AND NOT OK(hot)", True),
        ("AT_LEAST(1, NOT OK, (hot, calm))", True),
        ("AT_LEAST(2, NOT OK, (hot, calm))", False),
        # 50 % of three are two.
        ("AT_LEAST(50%, ALARM, (hot, hot, calm))", True),
        ("AT_LEAST(50%, ALARM, (hot, calm, calm))", False),
        ("AT_LEAST(34%, ALARM, (hot, calm, calm))", False),
        ("AT_LEAST(33%, ALARM, (hot, calm, calm))", True),
    ],
)
def test_truths(text, wanted):
    states = {"hot": "ALARM", "calm": "OK", "none": "INSUFFICIENT_DATA"}
    assert parse(text).judge(states).value is wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("()", "Error in AlarmRule [Unsupported token ')' at char 1]"),
        ("ALARM()", "Error in AlarmRule [Unsupported token ')' at char 6]"),
        ("ALARM(a) XOR OK(b)", "Error in AlarmRule [Unsupported token 'XOR' at char 9]"),
        ("ALARM(a) ALARM(b)", "Error in AlarmRule [Unsupported token 'ALARM' at char 9]"),
        ("alarm(a)", "Error in AlarmRule [Unsupported token 'alarm' at char 0]"),
        ("ALARM(a) AND", "Error in AlarmRule [Unexpected end of rule at char 12]"),
        ("ALARM(a", "Error in AlarmRule [Unexpected end of rule at char 7]"),
        (" TRUE", "AlarmRule must not contain leading or trailing whitespace or be null"),
        ("TRUE\n", "AlarmRule must not contain leading or trailing whitespace or be null"),
        ("AT_LEAST(0, OK, (a))", "not '0' at char 9"),
        ("AT_LEAST(3, OK, (a, b))", "AT_LEAST takes 1 to 2 alarms or 1% to 100% of them"),
        ("AT_LEAST(101%, OK, (a))", "not '101%' at char 9"),
        ("AT_LEAST(1, OK, a)", "at char 16"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text, message):
    with pytest.raises(RuleError) as problem:
        parse(text)
    assert message in str(problem.value)


def test_references_in_the_order_of_reading_each_once():
    rule = parse('OK(b) AND (ALARM("a b") OR AT_LEAST(1, NOT OK, (c, b))) AND TRUE')
    assert rule.references == ("b", "a b", "c")
    assert [str(leaf) for leaf in rule.leaves] == ["OK(b)", "ALARM(a b)", "NOT OK(c)", "NOT OK(b)"]
    assert rule.elements == 4 + 1 + 1  # questions, the parentheses, TRUE


def test_depth_is_no_matter():
    deep = 3000
    assert parse("(" * deep + "TRUE" + ")" * deep).judge({}).value
    assert parse("NOT " * deep + "FALSE").judge({}).value is False
