"""Time axes from seconds to a year, and what names an instant."""

import locale
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from labkit.core.clock import DAY, HOUR, MINUTE, SECOND, to_us
from labkit.core.errors import LabError
from labkit.views.timeaxis import clock_text, day_text, instant, ticks, when

NINE = to_us(datetime(2026, 1, 5, 9, tzinfo=UTC))


def labels(span, most=10, start=NINE):
    return [(tick.label, tick.below) for tick in ticks(start, start + span, most)]


def test_half_an_hour():
    assert labels(30 * MINUTE) == [
        ("09:00", "Mon 5 Jan 2026"), ("09:05", ""), ("09:10", ""), ("09:15", ""), ("09:20", ""),
        ("09:25", ""), ("09:30", ""),
    ]  # fmt: skip


def test_a_day_change_is_printed_once_where_it_happens():
    found = labels(8 * HOUR, start=NINE + 11 * HOUR)
    assert found[0] == ("20:00", "Mon 5 Jan 2026")
    assert found[4] == ("00:00", "Tue 6 Jan")
    assert [below for _, below in found].count("") == len(found) - 2


def test_seconds_are_shown_where_they_are_needed():
    assert labels(MINUTE, 6)[:2] == [("09:00:00", "Mon 5 Jan 2026"), ("09:00:10", "")]


def test_a_week_shows_days():
    assert labels(7 * DAY)[:2] == [("Tue 6", "Jan 2026"), ("Wed 7", "")]


def test_ninety_days_show_mondays_and_the_year_once():
    found = labels(90 * DAY, 13)
    assert found[:2] == [("12 Jan", "2026"), ("19 Jan", "")]
    assert len(found) == 12


def test_a_new_month_and_a_new_year_are_printed():
    christmas = to_us(datetime(2025, 12, 20, tzinfo=UTC))
    days = [below for _, below in labels(20 * DAY, 13, start=christmas) if below]
    assert days == ["Dec 2025", "Jan 2026"]
    weeks = [below for _, below in labels(60 * DAY, 13, start=christmas) if below]
    assert weeks == ["2025", "2026"]


@pytest.mark.parametrize(
    "span",
    [SECOND, MINUTE, 7 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, 15 * DAY, 90 * DAY, 455 * DAY],
)
@pytest.mark.parametrize("most", [3, 6, 13])
def test_never_more_ticks_than_fit(span, most):
    found = ticks(NINE + 7 * MINUTE, NINE + 7 * MINUTE + span, most)
    assert len(found) <= most + 1
    assert all(NINE <= tick.at_us <= NINE + 7 * MINUTE + span for tick in found)


@pytest.mark.parametrize(
    "moment",
    [
        NINE,
        np.int64(NINE),
        datetime(2026, 1, 5, 9, tzinfo=UTC),
        datetime(2026, 1, 5, 9),  # noqa: DTZ001 - a naive one is taken as UTC
        "2026-01-05T09:00:00Z",
        "2026-01-05T09:00:00+00:00",
        "2026-01-05T09:00:00.000+0000",
        np.datetime64("2026-01-05T09:00:00"),
        pd.Timestamp("2026-01-05T09:00:00Z"),
    ],
)
def test_what_names_an_instant(moment):
    assert instant(moment) == NINE


@pytest.mark.parametrize("wrong", [1.5, True, None, "nine", timedelta(1)])
def test_what_names_none(wrong):
    with pytest.raises(LabError, match="no instant"):
        instant(wrong)


def test_texts():
    assert clock_text(NINE) == "09:00"
    assert clock_text(NINE + 5 * SECOND) == "09:00:05"
    assert clock_text(NINE + 4000) == "09:00:00.004"
    assert day_text(NINE) == "Mon 5 Jan"
    assert when(NINE, NINE, NINE + HOUR) == "09:00"
    assert when(NINE, NINE - 9 * HOUR, NINE + 15 * HOUR) == "09:00", "midnight ends the day"
    assert when(NINE, NINE, NINE + DAY) == "Mon 5 Jan 09:00"


def test_names_of_days_do_not_follow_the_machines_language():
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert day_text(NINE) == "Mon 5 Jan"
    finally:
        locale.setlocale(locale.LC_TIME, before)
