"""What exercise 17 says of a trouble that nobody was told of."""

from datetime import UTC, datetime

from labkit.course.checks.c17_incident_day.told import Stretch, _question, happened


def stretch(**more):
    at = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
    return Stretch(
        "the table throttles", True, at, at.replace(minute=55), "Whose requests?", **more
    )


def test_an_alarm_that_was_red_before_is_named():
    one = stretch(red=["front", "cart"])
    assert happened(one) == (
        "No letter until 10:55. Red already when it began: `front`, `cart`. Only a change writes a "
        "letter."
    )
    assert _question(one).startswith("What is usual")


def test_otherwise_the_question_is_the_troubles_own():
    one = stretch()
    assert happened(one) == "No letter until 10:55."
    assert _question(one) == "Whose requests?"


def test_too_many_letters_have_a_question_of_their_own():
    one = stretch(mails=[datetime(2026, 1, 8, 10, n, tzinfo=UTC) for n in range(31, 36)])
    assert "4 are what she reads" in happened(one)
    assert "had it not come?" in _question(one)
