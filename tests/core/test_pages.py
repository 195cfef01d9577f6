"""Lists in pages."""

import base64
import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core import pages
from labkit.core.pages import page_of


class Refused(Exception):
    pass


def test_the_example_in_the_docstring():
    assert doctest.testmod(pages).failed == 0


@given(st.integers(0, 30), st.integers(1, 12))
def test_pages_make_up_the_list(length, size):
    items, token, seen = list(range(length)), None, []
    while True:
        rows, more = page_of(items, size, token, Refused(), "nextToken")
        assert len(rows) <= size
        seen += rows
        if not more:
            break
        token = more["nextToken"]
    assert seen == items


@pytest.mark.parametrize("text", ["from -3", "from x", "3", "\u00e4"])
def test_a_token_of_nobody_is_refused(text):
    with pytest.raises(Refused):
        page_of("abc", 1, base64.urlsafe_b64encode(text.encode()).decode(), Refused())
    with pytest.raises(Refused):
        page_of("abc", 1, text, Refused())
