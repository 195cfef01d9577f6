"""Filters of links, in the notation of the API reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.oam.engine.filter import FilterError, parse

#: Filter -> names that pass, names that do not. The first three stand in the reference.
TABLE = [
    ("Namespace NOT LIKE 'AWS/%'", ["Shop"], ["AWS/EC2"]),
    ("Namespace IN ('AWS/EC2', 'AWS/ELB', 'AWS/S3')", ["AWS/EC2", "AWS/S3"], ["AWS/RDS", "Shop"]),
    ("Namespace = 'AWS/EC2' OR Namespace NOT LIKE 'AWS/%'", ["AWS/EC2", "Shop"], ["AWS/S3"]),
    ("Namespace != 'Shop'", ["AWS/EC2", "shop"], ["Shop"]),
    ("Namespace LIKE 'A%' AND Namespace != 'AB' OR Namespace = 'C'", ["AC", "C"], ["AB", "B"]),
    ("Namespace LIKE 'A%' AND (Namespace = 'AB' OR Namespace = 'C')", ["AB"], ["AC", "C"]),
    ("Namespace not in ('A')", ["B"], ["A"]),
    ("*", ["anything"], []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pass_", "fail"), TABLE)
def test_filters(text, pass_, fail):
    test = parse(text, "Namespace")
    assert [name for name in [*pass_, *fail] if test(name)] == pass_


@pytest.mark.parametrize(
    "text",
    [
        "", "Namespace", "Namespace = AWS", "LogGroupName = 'x'", "Namespace LIKE 'AWS'",
        "Namespace LIKE '%AWS%'", "Namespace = 'a' Namespace = 'b'", "Namespace IN ('a'",
        "Namespace = 'a' AND", "; DROP", " OR ".join(["Namespace = 'a'"] * 6),
    ],
)  # fmt: skip
def test_what_is_no_filter(text):
    with pytest.raises(FilterError):
        parse(text, "Namespace")


@given(st.text(alphabet="Namespace=!'()%, LIKENOTR", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text, "Namespace")("x")
    except FilterError as problem:
        assert str(problem)
