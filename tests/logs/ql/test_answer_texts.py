"""Texts of an answer are those that the macros make, and its rows tell how many events passed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.logs.engine import ql
from labkit.logs.engine.ql import statements
from labkit.logs.engine.ql.shown import number_text, texts_of
from tests.logs.ql.test_insights_queries import MOMENT, table

pa = pytest.importorskip("pyarrow")

NUMBERS = st.none() | st.floats() | st.integers(-(10**17), 10**17).map(float) | st.decimals(
    -2000, 2000, places=5
).map(float)  # fmt: skip
EDGES = [0.0, -0.0, 1e15, 1e15 - 0.125, -1e15, 1e16, 1e-4, 9.99e-5, 0.00015, 5e-324, 1.8e308, 2.5]
DATES = st.integers(-62_135_596_800_002, 253_402_300_800_001) | st.none()
DATE_EDGES = [
    -62_135_596_800_000,
    -62_135_596_800_001,
    253_402_300_799_999,
    253_402_300_800_000,
    -1,
]


def by_duckdb(macro, values, kind):
    with statements.cursor_for_one() as cursor:
        held = pa.table({"x": pa.array(values, kind)})
        return statements.fetch(cursor, f"SELECT {macro}(x) FROM held", {"held": held}, 1)


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.lists(DATES, min_size=1, max_size=60))
@settings(max_examples=15)
def test_numbers_and_times_have_the_texts_of_the_macros(numbers, dates):
    numbers, dates = [*numbers, *EDGES], [*dates, *DATE_EDGES]
    ours = texts_of([(x, "same") for x in numbers], ("num", "text"))
    assert [row[:1] for row in ours] == by_duckdb("lq_shown", numbers, pa.float64())
    assert {row[1] for row in ours} == {"same"}
    assert texts_of([(x,) for x in dates], ("time",)) == by_duckdb("lq_time", dates, pa.int64())


def test_whole_numbers_need_be_no_floats():
    assert [number_text(n) for n in (3, 10**14, 10**15)] == ["3", "1" + "0" * 14, repr(1e15)]


#: 12 lines; "b" is in 4 of them, "c" in none.
LINES = [f"{'b' if n % 3 == 0 else 'a'} {n}" for n in range(12)]


@pytest.mark.parametrize("limit", [3, 4, 5, 10_000])
@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ('filter @message like "b"', 4),
        ('filter @message like "c"', 0),
        ('filter @message like "b" | limit 2', 4),
        ('filter @message like "b" | fields strlen(@message) as n | sort n | limit 4', 4),
        ('filter @message like "b" | limit 9', 4),
        ('filter @message like "b" | limit 2 | filter @message like "9"', 1),
        ('filter @message like "b" | dedup @logStream', 4),
        ('filter @message like "b" | stats count(*) by bin(1ms)', 4),
        ('filter @message like "b" | stats count(*) as n by @message | sort n desc', 4),
        ('filter @message like "b" | stats count(*) as n by @message | limit 2', 4),
        ('filter @message like "b" | stats count(*) as n by @message | filter n > 1', 4),
        ('filter @message like "b" | stats count(*) as n by @message | stats max(n)', 4),
        ('filter @message like "c" | stats count(*)', 0),
        ('filter @message like "c" | stats count(*) by bin(1h)', 0),
        ("stats count(*) by @message", 12),
        ("fields @message | limit 2", 12),
    ],
)
def test_how_many_events_passed(text, matched, limit):
    found = ql.run(ql.parse(text), lambda *_: table(LINES), MOMENT, limit=limit)
    assert found.statistics.matched == matched
    assert found.statistics.scanned == 12


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('filter @message like "b" | stats count(*) by bin(1h)', 1),
        ('filter @message like "b" | fields @message', 1),
        ('filter @message like "b" | limit 2', 2),
    ],
)
def test_events_are_read_once_where_the_rows_tell(text, count):
    found = ql.run(ql.parse(text), lambda *_: table(LINES), MOMENT)
    assert len(found.statements) == count


def test_a_column_may_have_any_name_that_python_uses():
    """Tables are variables of Python to duckdb; what a query names is not."""
    text = "fields strlen(@message) as cursor, 1 as sql | stats count(*) as held by cursor, sql"
    found = ql.run(ql.parse(text), lambda *_: table(LINES), MOMENT)
    assert found.rows == [("3", "1", "10"), ("4", "1", "2")]
