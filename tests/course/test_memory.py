"""Whom lessons 14 and 16 ask after so many days."""

import pytest

from labkit.course.memory import LOGGED, where_to_ask, who_knows


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


@pytest.mark.parametrize(
    ("days", "question", "logged", "knows"),
    [
        (3, "who deleted the subnet", 0, ["event history"]),
        (90, "who signed in to the console", 1, ["event history", "the trail's files"]),
        (91, "who deleted the subnet", 0, []),
        (91, "who deleted the subnet", 1, ["the trail's files"]),
        (0, "who read the object", 1, []),
        (400, "who read the object", 2, ["the trail's files"]),
    ],
)
def test_where_to_ask(days, question, logged, knows):
    drawing = where_to_ask(days, question, LOGGED[logged])
    assert drawing.data["knows"] == knows
    assert drawing.title.startswith(f"Day {days}, {question}: ") and drawing.title in drawing.text
    assert ("nowhere" in drawing.title) == (not knows)
