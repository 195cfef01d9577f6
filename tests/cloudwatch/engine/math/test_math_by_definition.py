"""Metric math against a naive definition: lists with None, one point at a time.

Random trees over random rows; whatever the engine makes with arrays, rows of ticks and NaN, this
makes with plain Python, following the user guide's sentences.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathrows import MINUTE, START, Rows, calc, query

from labkit.cloudwatch.engine.math.frame import Frame
from labkit.cloudwatch.engine.math.grammar import parse
from labkit.cloudwatch.engine.math.program import Program, QueryError
from labkit.cloudwatch.engine.math.tree import MathError

IDS = ("m1", "m2", "m3")
PERIODS = 6


# -- the naive definition
def apply(operator, a, b):
    if operator == "/":
        return None if b == 0 else a / b
    return {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
        "<": lambda: float(a < b), "<=": lambda: float(a <= b), ">": lambda: float(a > b),
        ">=": lambda: float(a >= b), "==": lambda: float(a == b), "!=": lambda: float(a != b),
        "AND": lambda: float(a != 0 and b != 0), "OR": lambda: float(a != 0 or b != 0),
    }[operator]()  # fmt: skip


def binary(operator, left, right):
    if not isinstance(left, list) and not isinstance(right, list):
        return None if left is None or right is None else apply(operator, left, right)
    out = []
    for i in range(PERIODS):
        a = left[i] if isinstance(left, list) else left
        b = right[i] if isinstance(right, list) else right
        if isinstance(left, list) and isinstance(right, list):
            if a is None and b is None:
                out.append(None)
                continue
            a, b = a or 0.0, b or 0.0
        out.append(None if a is None or b is None else apply(operator, a, b))
    return out


def present(row):
    return [one for one in row if one is not None]


def naive(tree, rows):
    """The value of a tree: a list of numbers and None, or a number (None when it has none)."""
    kind, *rest = tree
    if kind == "row":
        return rows[rest[0]]
    if kind == "number":
        return rest[0]
    if kind == "binary":
        return binary(rest[0], naive(rest[1], rows), naive(rest[2], rows))
    values = [naive(one, rows) for one in rest]
    there = present(values[0]) if isinstance(values[0], list) else []
    if kind in ("SUM", "MIN", "MAX", "AVG"):
        if not there:
            return None
        return {"SUM": sum, "MIN": min, "MAX": max, "AVG": lambda r: sum(r) / PERIODS}[kind](there)
    if kind == "ABS":
        return [None if one is None else abs(one) for one in values[0]]
    if kind == "RUNNING_SUM":
        return [
            None if one is None else sum(present(values[0][: i + 1]))
            for i, one in enumerate(values[0])
        ]
    if kind in ("DIFF", "RATE", "DIFF_TIME"):
        return differences(kind, values[0])
    if kind == "FILL":
        return [
            one if one is not None else values[1][i] if isinstance(values[1], list) else values[1]
            for i, one in enumerate(values[0])
        ]
    assert kind == "IF"
    return conditional(*values)


def differences(kind, row):
    out, last = [], None
    for i, one in enumerate(row):
        if one is None or last is None:
            out.append(None)
        else:
            seconds = (i - last) * 60
            change = one - row[last]
            out.append({"DIFF": change, "DIFF_TIME": seconds, "RATE": change / seconds}[kind])
        if one is not None:
            last = i
    return out


def conditional(condition, a, b=None):
    out = []
    for i, one in enumerate(condition):
        if one is None:
            out.append(None)
        elif one != 0:
            out.append((a[i] or 0.0) if isinstance(a, list) else a)
        elif isinstance(b, list) and isinstance(a, list):
            out.append(b[i] or 0.0)
        else:
            out.append(b[i] if isinstance(b, list) else b)
    return out


# -- trees
def written(tree):
    kind, *rest = tree
    if kind in ("row", "number"):
        return str(rest[0])
    if kind == "binary":
        return f"({written(rest[1])} {rest[0]} {written(rest[2])})"
    return f"{kind}({', '.join(map(written, rest))})"


rows_of = st.lists(
    st.one_of(st.none(), st.integers(-3, 5).map(float)), min_size=PERIODS, max_size=PERIODS
)
numbers = st.integers(0, 4).map(lambda n: ("number", n))
operators = st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "AND", "OR"])


SHAPES = ["row", "binary", "scaled", "scaled", "each", "FILL", "IF", "IF3"]
REDUCED = ["AVG", "SUM", "MIN", "MAX"]


@st.composite
def series(draw, depth=3):
    """A tree that comes to a series."""
    if depth == 0:
        return ("row", draw(st.sampled_from(IDS)))
    inner = series(depth=depth - 1)
    shape = draw(st.sampled_from(SHAPES))
    if shape == "row":
        return ("row", draw(st.sampled_from(IDS)))
    if shape == "binary":
        return ("binary", draw(operators), draw(inner), draw(inner))
    if shape == "scaled":
        reduced = st.tuples(st.sampled_from(REDUCED), inner)
        return ("binary", draw(operators), draw(inner), draw(st.one_of(numbers, reduced)))
    if shape == "each":
        names = ["ABS", "RUNNING_SUM", "DIFF", "RATE", "DIFF_TIME"]
        return (draw(st.sampled_from(names)), draw(inner))
    other = st.one_of(inner, numbers)
    if shape == "FILL":
        return ("FILL", draw(inner), draw(other))
    if shape == "IF":
        return ("IF", draw(inner), draw(other))
    return ("IF", draw(inner), draw(other), draw(other))


def near(got, wanted):
    return len(got) == len(wanted) and all(
        math.isnan(a) if b is None else a == pytest.approx(b, rel=1e-9, abs=1e-9)
        for a, b in zip(got, wanted, strict=True)
    )


def notation(row):
    return " ".join("-" if one is None else repr(one) for one in row)


@settings(max_examples=250)
@given(series(), st.tuples(rows_of, rows_of, rows_of))
def test_as_defined(tree, given_rows):
    rows = dict(zip(IDS, given_rows, strict=True))
    text = written(tree)
    wanted = naive(tree, rows)
    program = Program([*map(query, IDS), {"Id": "result", "Expression": text}])
    source = Rows(program, {id_: notation(row) for id_, row in rows.items()})
    starts = START + np.arange(PERIODS, dtype=np.int64)[None, :] * MINUTE
    got = Frame(program, source, starts, MINUTE).value("result").values[0]
    assert near(got.tolist(), wanted), text


@settings(max_examples=60)
@given(series(), st.tuples(rows_of, rows_of, rows_of), st.integers(1, 5))
def test_many_rows_at_once_are_each_as_alone(tree, given_rows, width):
    """What an alarm computes for all ticks in one walk is what each tick comes to by itself."""
    rows = {id_: notation(row) for id_, row in zip(IDS, given_rows, strict=True)}
    program = Program([*map(query, IDS), {"Id": "result", "Expression": written(tree)}])
    source = Rows(program, rows)
    ticks = START + np.arange(PERIODS + 1, dtype=np.int64) * MINUTE
    starts = ticks[:, None] - np.arange(width, 0, -1, dtype=np.int64)[None, :] * MINUTE
    together = Frame(program, source, starts, MINUTE).value("result").values
    for i in range(len(ticks)):
        alone = Frame(program, source, starts[i : i + 1], MINUTE).value("result").values
        assert np.array_equal(np.broadcast_to(together[i], alone[0].shape), alone[0], True)


@settings(max_examples=300)
@given(st.text("m1+-*/^()[],.'\"<>=!&| ANDORSUMIF0", max_size=25))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        parse(text)
    except MathError as problem:
        assert str(problem)
    try:
        calc(text, m1="1 2 -")
    except QueryError as problem:
        assert str(problem).startswith("Error in expression 'result': ")
