"""Markdown of text widgets as blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.views.board.markdown import blocks, inline


def test_blocks():
    text = "## Head\nfirst\nsecond\n\n* a\n  1. b\n\n> said\n\n---\n"
    text += "```\nx = 1\n```\n|h|i|\n|--|:-:|\n|1|2|"
    found = [(one.kind, one.text, one.level, one.mark) for one in blocks(text)]
    assert found == [
        ("heading", "Head", 2, ""),
        ("paragraph", "first second", 0, ""),
        ("item", "a", 0, "\u2022"),
        ("item", "b", 1, "1."),
        ("quote", "said", 0, ""),
        ("rule", "", 0, ""),
        ("code", "x = 1", 0, ""),
        ("head", "hi", 0, ""),
        ("row", "12", 0, ""),
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("`a*b*`", [("a*b*", "code")]),
        ("2 * 3 * 4", [("2 * 3 * 4", "")]),
        ("snake_case_name", [("snake_case_name", "")]),
        ("_so_", [("so", "italic")]),
        ("[button:primary:Go](https://x)", [("Go", "button")]),
        ("![map](https://x/y.png)", [("[picture: map]", "italic")]),
        ("[](https://x)", [("https://x", "link")]),
    ],
)
def test_inline(text, pieces):
    assert [(one.text, one.face) for one in inline(text)] == pieces


@given(st.text(alphabet="#*_-|`[]()!>ab 1.\n", max_size=60))
def test_any_text_is_read(text):
    for block in blocks(text):
        assert isinstance(block.text, str)
