"""Whom lesson 16 asks after so many days."""

import pytest

from labkit.course.memory import who_knows


@pytest.mark.parametrize(
    ("days", "trail", "knows"),
    [
        (0, True, 3),
        (0, False, 1),
        (90, True, 2),
        (90, False, 1),
        (91, True, 1),
        (91, False, 0),
    ],
)
def test_who_knows(days, trail, knows):
    drawing = who_knows(days, trail)
    assert len(drawing.data["knows"]) == knows
    assert drawing.title.startswith(f"Day {days}: ") and drawing.title in drawing.text
    assert ("nobody" in drawing.title) == (not knows)
