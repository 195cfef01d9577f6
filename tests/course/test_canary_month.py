"""A quiet month of a canary: pages for nothing, and what helps against them."""

import pytest

from labkit.course.canary_month import IN_A_ROW, RATES, RETRIES, month, watched
from labkit.views.control import choice, control


@pytest.mark.parametrize("minutes", RATES)
def test_every_scheduled_run_is_paid_and_each_retry_too(minutes):
    plain = month(minutes, 0, 1)
    assert plain.attempts == 30 * 24 * 60 // minutes
    once = month(minutes, 1, 1)
    failed = once.attempts - plain.attempts
    assert failed >= len(plain.pages) and month(minutes, 2, 1).attempts >= once.attempts + 30


def test_a_retry_heals_what_came_of_nothing_and_no_restart():
    assert month(5, 0, 1).restarts == 30 < len(month(5, 0, 1).pages)
    for retries in (1, 2):
        assert len(month(5, retries, 1).pages) == month(5, retries, 1).restarts == 30


def test_a_second_bad_run_sleeps_through_a_restart_unless_the_rate_is_too_fast():
    assert month(5, 0, 2).pages == ()
    assert len(month(1, 0, 2).pages) == 30 and month(1, 0, 2).restarts == 30


def test_the_title_is_the_finding_and_the_numbers_are_the_month():
    drawn = watched(5, 0, 1)
    assert drawn.title.startswith("Every 5 min, no retry, 1 bad run: 41 pages for nothing, $10.25")
    assert drawn.data == {"pages": 41, "restarts": 30, "dollars": 10.25, "minutes": 5}
    assert sum(map(int, str(drawn).rpartition(": ")[2])) == 41
    assert "no page for nothing" in watched(5, 2, 2).title


def test_every_position_of_the_handles_can_be_drawn():
    box = control(
        watched, minutes=choice(*RATES), retries=choice(*RETRIES), in_a_row=choice(*IN_A_ROW)
    )
    for minutes in RATES:
        for retries in RETRIES:
            shown = box.at(minutes=minutes, retries=retries, in_a_row=2)
            assert shown.data["minutes"] == 2 * minutes and shown.html.count("<tr") == 7
