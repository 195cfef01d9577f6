"""Operators: missing points, division by zero, types; binding; the documented examples."""

import pytest
from mathrows import calc, labels, number

from labkit.cloudwatch.engine.math.program import QueryError

M1, M2 = "30 20 0 0", "20 - 20 -"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("m1 < m2", "0 0 1 0"),
        ("m1 >= 30", "1 0 0 0"),
        ("m1 > 15 AND m2 > 15", "1 0 0 0"),
        ("m1 > 15 && m2 > 15", "1 0 0 0"),
        ("m1 > 15 OR m2 > 15", "1 1 1 0"),
        ("m1 || m2", "1 1 1 0"),
        ("m1 == m2", "0 0 0 1"),
        ("m1 != m2", "1 1 1 0"),
        ("m1 + m2", "50 20 20 0"),
        ("m1 - m2", "10 20 -20 0"),
        ("m1 * m2", "600 0 0 0"),
        ("m1 / m2", "1.5 - 0 -"),
        ("m2 / m1", "0.666667 0 - -"),
        ("m2 + 1", "21 - 21 -"),
        ("-m2", "-20 - -20 -"),
        ("2 ^ (m1 / 10)", "8 4 1 1"),
        ("-m1 ^ 2 + 1", "-899 -399 1 1"),
        ("2 ^ 3 ^ 0 * m1", "60 40 0 0"),
        ("m1 - 10 - 5", "15 5 -15 -15"),
        ("1 + 2 * m1 > 50 == 1", "1 0 0 0"),
        ("(1 + 2) * m1", "90 60 0 0"),
        ("SUM(60 / [m1, m2])", "5 3 3 -"),
        ("[m1, m2] / m1", ["1 1 - -", "0.666667 0 - -"]),
        ("SUM(-[m1, m2])", "-50 -20 -20 0"),
        ("5 * METRICS()", ["150 100 0 0", "100 - 100 -"]),
        (".5e1 * m1", "150 100 0 0"),
        ("(m1 - m1) / 0 + m1", "30 20 0 0"),
    ],
)
def test_operators(expression, wanted):
    assert calc(expression, m1=M1, m2=M2) == wanted


def test_numbers_with_numbers():
    assert number("3 > 2", m1="1") == 1
    assert number("7 / 2 - 1", m1="1") == 2.5
    assert number("1 / 0", m1="1") is None


def test_both_sides_missing_is_missing():
    assert calc("m1 + m2", m1="- 1", m2="- 2") == "- 3"


def test_a_member_keeps_its_label():
    assert labels("METRICS() * 2", m1="1", m2="2") == ["m1", "m2"]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (
            "[m1] + [m2]",
            r"for \+: '\[TS\[\], TS\[\]\]' \(at position 6\)",
        ),
        ("m1 + 'a'", "Unsupported operand"),
        ("-'a'", "Unsupported operand"),
        ("REPEAT + m1", "Unsupported operand"),
        ("[1, 2]", "an array holds time series, not 'S'"),
        ("AVG(m1)", "results in a scalar"),
        ("1", "results in a scalar"),
        ("'a'", "not in a time series"),
        ("m3", "Unknown Id 'm3'"),
        ("avg(m1)", "Syntax error"),
        ("NOPE(m1)", "Function 'NOPE' not found"),
        ("ABS(m1, m2)", "Unsupported arguments for ABS"),
        ("m1 +", r"unexpected the end .* \(at position 5\)"),
        ("m1 = 3", r"equality is written == \(at position 4\)"),
        ("NOT m1", "there is no NOT"),
        ("!m1", "there is no negation"),
        ("'open", "this string has no end"),
        ("m1 + + m2", "unexpected"),
        ("(m1", "Syntax error"),
        ("m1 ~ m2", r"unexpected '~' \(at position 4\)"),
        (" ", "the expression is empty"),
        ("result + 1", "Circular reference: result -> result"),
    ],
)
def test_errors_name_the_expression_and_the_place(expression, told):
    with pytest.raises(QueryError, match=told) as problem:
        calc(expression, m1=M1, m2=M2)
    assert str(problem.value).startswith("Error in expression 'result': ")
