"""Numbers and stretches as people read them."""

import doctest

import pytest

from labkit.core.clock import DAY, HOUR, MINUTE, SECOND
from labkit.views import text, theme, wording
from labkit.views.wording import count, cut, joined, nice_axis, number, quantity, short, stretch


@pytest.mark.parametrize("module", [wording, text, theme], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (70, "70"), (66.8, "66.8"), (98.12345, "98.12"), (0.000123456, "0.0001235"),
        (1234.5678, "1,235"), (1e9, "1,000,000,000"), (float("inf"), "inf"), (-2.50, "-2.5"),
    ],
)  # fmt: skip
def test_number(value, said):
    assert number(value) == said


def test_quantity_and_short():
    assert quantity(66.8, "Percent") == "66.8 %"
    assert quantity(212, "Milliseconds") == "212 ms"
    assert quantity(23143433, "Bytes") == "23.14 MB"
    assert quantity(512, "Bytes") == "512 B"
    assert quantity(3, "Count") == "3"
    assert short(2_500_000) == "2.5M"
    assert short(1500) == "1,500"


def test_stretch():
    said = [
        stretch(us) for us in (8 * MINUTE, HOUR, 90 * MINUTE, 30 * SECOND, 3 * DAY, 61 * SECOND)
    ]
    assert said == ["8 minutes", "1 hour", "90 minutes", "30 seconds", "3 days", "61 seconds"]


def test_words():
    assert [count(n, "e-mail") for n in (0, 1, 2)] == ["no e-mail", "1 e-mail", "2 e-mails"]
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert cut("i-0abc12345678def90", 12) == "i-0abc1\u2026ef90"
    assert len(cut("x" * 100, 12)) == 12


@pytest.mark.parametrize(
    ("low", "high", "unit", "ends"),
    [
        (20, 98, "", (0, 100)), (71, 72, "Percent", (0, 80)), (5, 5, "", (0, 6)),
        (0, 0, "", (0, 1)), (-8, 2, "", (-10, 2.5)), (-5, -5, "", (-6, 0)),
        (990, 1010, "", (990, 1010)),
    ],
)  # fmt: skip
def test_axis_ends(low, high, unit, ends):
    assert nice_axis(low, high, unit)[:2] == ends
