"""When schedule expressions fire, and which ones are refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.clock import DAY, HOUR, MINUTE, iso, to_datetime, to_us
from labkit.schedules import (
    InvalidSchedule,
    next_firings,
    parse_rule_schedule,
    parse_scheduler_schedule,
)
from tests.schedules.naive_schedules import firings as naive_firings

MONDAY = to_us(datetime(2026, 11, 23, 16, 40, tzinfo=UTC))


def after(text, expression, count=3, zone="UTC"):
    found = next_firings(expression, to_us(datetime.fromisoformat(text)), count, zone)
    return [iso(us)[:16] for us in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", "2026-11-24T10:00 2026-11-25T10:00 2026-11-26T10:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00 2026-11-24T18:00 2026-11-25T18:00"),
        ("cron(15 10 ? * 6L *)", "2026-11-27T10:15 2026-12-25T10:15 2027-01-29T10:15"),
        ("cron(0 8 ? * 3#2 *)", "2026-12-08T08:00 2027-01-12T08:00 2027-02-09T08:00"),
        ("cron(0 0 L * ? *)", "2026-11-30T00:00 2026-12-31T00:00 2027-01-31T00:00"),
        ("cron(30 9 1W * ? *)", "2026-12-01T09:30 2027-01-01T09:30 2027-02-01T09:30"),
        ("cron(1/10 * * * ? *)", "2026-11-23T16:41 2026-11-23T16:51 2026-11-23T17:01"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"),
        ("cron(0 20-2/3 * * ? *)", "2026-11-23T20:00 2026-11-23T23:00 2026-11-24T02:00"),
        ("cron(0 12 ? * SAT-SUN *)", "2026-11-28T12:00 2026-11-29T12:00 2026-12-05T12:00"),
        ("cron(0 12 ? * l *)", "2026-11-28T12:00 2026-12-05T12:00 2026-12-12T12:00"),
        ("cron(0 12 LW * ? *)", "2026-11-30T12:00 2026-12-31T12:00 2027-01-29T12:00"),
        ("cron(0 12 ? jan,MAR MON#5 *)", "2027-03-29T12:00 2028-01-31T12:00 2029-01-29T12:00"),
        ("cron(0 0 1 1 ? 2026-2028)", "2027-01-01T00:00 2028-01-01T00:00"),
        ("cron(15 10 ? * 6L 2002-2005)", ""),
        ("at(2026-11-23T16:40:01)", "2026-11-23T16:40"),
        ("at(2026-11-23T16:40:00)", ""),
        ("rate(5 minutes)", "2026-11-23T16:45 2026-11-23T16:50 2026-11-23T16:55"),
        ("rate(1 hours)", "2026-11-23T17:40 2026-11-23T18:40 2026-11-23T19:40"),
    ],
)
def test_next_three(expression, expected):
    assert [iso(us)[:16] for us in next_firings(expression, MONDAY, 3)] == expected.split()


def test_the_nearest_weekday_never_leaves_the_month():
    # 1 August 2026 is a Saturday, 31 May a Sunday, 30 a Saturday; February has no 30th.
    assert after("2026-07-30", "cron(0 9 1W 8 ? 2026)") == ["2026-08-03T09:00"]
    assert after("2026-05-01", "cron(0 9 31W 5 ? 2026)") == ["2026-05-29T09:00"]
    assert after("2026-05-01", "cron(0 9 30W 5 ? 2026)") == ["2026-05-29T09:00"]
    assert after("2026-02-01", "cron(0 9 30W 2 ? 2026)") == ["2026-02-27T09:00"]


def test_a_rate_counts_from_its_start_and_a_calendar_does_not():
    rate = parse_rule_schedule("rate(5 minutes)")
    start = MONDAY + 7
    assert rate.next_firing(start, start) == start + 5 * MINUTE
    assert rate.next_firing(start + 5 * MINUTE, start) == start + 10 * MINUTE
    assert rate.next_firing(start + 5 * MINUTE - 1, start) == start + 5 * MINUTE
    cron = parse_rule_schedule("cron(* * * * ? *)")
    assert cron.next_firing(start, start) == MONDAY + MINUTE
    assert cron.next_firing(MONDAY) == MONDAY + MINUTE
    assert cron.next_firing(MONDAY - 1) == MONDAY


GOOD_FOR_RULES = """
rate(1 minute)|rate(5 minutes)|rate(1 hour)|rate(7 days)|cron(0 10 * * ? *)|cron(15 12 * * ? *)
cron(0 18 ? * MON-FRI *)|cron(0 8 1 * ? *)|cron(0/5 8-17 ? * MON-FRI *)
cron(15 10 ? * 6L 2019-2022)|cron(5,35 14 * * ? *)|cron(0 2 ? * SAT#3 *)|cron(* * ? * SAT#3 *)
cron(0/5 5 ? JAN 1-5 2022)|cron(15 10 ? * 6L 2002-2005)|cron(0/30 20-23 ? * MON-FRI *)
"""
BAD_FOR_RULES = """
rate(1 minutes)|rate(5 minute)|rate(1 hours)|rate(5 hour)|rate(0 minutes)|rate(-5 minutes)
rate(5 seconds)|rate(5)|rate()|rate(5  minutes)|rate(1.5 hours)|rate(5 Minutes)
cron(0 10 * * * *)|cron(0 10 ? * ? *)|cron(0 10 * * ?)|cron(0 10 * * ? * *)
cron(0 10 ? * 3#1,6#3 *)|cron(60 10 * * ? *)|cron(0 24 * * ? *)|cron(0 0 0 * ? *)
cron(0 0 32 * ? *)|cron(0 0 1 13 ? *)|cron(0 0 ? * 8 *)|cron(0 0 ? * 0 *)|cron(0 0 1 * ? 1969)
cron(0 0 1 * ? 2200)|cron(5-1 * * * ? *)|cron(0/0 * * * ? *)|cron(*/61 * * * ? *)
cron(0 0 ? * 3#6 *)|cron(0 0 L,15 * ? *)|cron(0 0 L-3 * ? *)|cron(, * * * ? *)|cron(0 0 W * ? *)
cron(0 10 5 * 3 *)|at(2026-11-20T13:00:00)|every minute|cron|rate(5 minutes) |
"""
BAD_FOR_SCHEDULER = """
cron(0 1 * * * *)|cron(7 20 * * NOT *)|cron(INVALID)|cron(0 dummy ? * MON-FRI *)
cron(71 8 1 * ? *)|cron()|rate(10 seconds)|rate(10 years)|rate()|rate(10)|rate(10 minutess)
rate(foo minutes)|rate(-10 minutes)|rate( 10 minutes )| rate(10 minutes)
at(2021-12-31T23:59:59Z)|at(2021-12-31)|at(2021-02-30T00:00:00)
"""
GOOD_FOR_SCHEDULER = """
cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)|cron(30-30 13-13 ? * 2,4,6 *)|cron(1-31/30 1-1 ? * 1,7 *)
cron(*/15 * * * ? *)|cron(0-59/10 0-23/2 ? * * *)|at(2021-12-31T23:59:59)|rate(10 minutes)
"""


def listed(text):
    return [one for line in text.strip("\n").split("\n") for one in line.split("|")]


@pytest.mark.parametrize("text", listed(GOOD_FOR_RULES))
def test_rules_take(text):
    assert parse_rule_schedule(text).text == text


@pytest.mark.parametrize("text", listed(BAD_FOR_RULES))
def test_rules_refuse_in_one_sentence_and_the_reason_goes_with_it(text):
    with pytest.raises(InvalidSchedule) as caught:
        parse_rule_schedule(text)
    assert caught.value.message == "Parameter ScheduleExpression is not valid."
    assert len(caught.value.reason) > 10


@pytest.mark.parametrize("text", listed(GOOD_FOR_SCHEDULER))
def test_scheduler_takes(text):
    assert parse_scheduler_schedule(text).text == text


@pytest.mark.parametrize("text", listed(BAD_FOR_SCHEDULER))
def test_scheduler_repeats_what_it_refuses(text):
    with pytest.raises(InvalidSchedule) as caught:
        parse_scheduler_schedule(text)
    assert caught.value.message == f"Invalid Schedule Expression {text}."


def test_an_unknown_time_zone():
    for name in ("Mars/Phobos", "../etc/passwd", ""):
        with pytest.raises(InvalidSchedule):
            parse_scheduler_schedule("rate(5 minutes)", name)


class TestDaylightSaving:
    """Berlin: 29 March 2026 has no 02:30, 25 October has it twice."""

    def test_a_time_that_a_day_does_not_have_is_skipped(self):
        found = after("2026-03-27T12:00", "cron(30 2 * * ? *)", 3, "Europe/Berlin")
        assert found == ["2026-03-28T01:30", "2026-03-30T00:30", "2026-03-31T00:30"]
        assert after("2026-03-01", "at(2026-03-29T02:30:00)", 1, "Europe/Berlin") == []

    def test_a_time_that_a_day_has_twice_counts_once(self):
        found = after("2026-10-24T12:00", "cron(30 2 * * ? *)", 3, "Europe/Berlin")
        assert found == ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"]
        assert after("2026-10-25T00:45", "cron(30 2 * * ? *)", 1, "Europe/Berlin") == [
            "2026-10-26T01:30"
        ]

    def test_the_same_local_hour_all_year(self):
        found = next_firings("cron(0 9 * * ? *)", MONDAY, 366, "America/New_York")
        hours = {(to_datetime(us).hour) for us in found}
        assert hours == {13, 14}
        assert len(found) == 366

    def test_a_rate_does_not_care(self):
        before = to_us(datetime(2026, 3, 28, 12, tzinfo=UTC))
        found = next_firings("rate(1 days)", before, 3, "Europe/Berlin")
        assert [b - a for a, b in pairwise(found)] == [24 * HOUR] * 2

    def test_half_hour_zones_and_clocks_that_change_at_midnight(self):
        assert after("2026-01-01", "cron(0 9 * * ? *)", 1, "Asia/Kolkata") == ["2026-01-01T03:30"]
        # Beirut leaves out 29 March 2026, 00:00 to 01:00.
        assert after("2026-03-27T22:30", "cron(30 0 * * ? *)", 2, "Asia/Beirut") == [
            "2026-03-29T21:30", "2026-03-30T21:30",
        ]  # fmt: skip


FIELD = {
    "minute": st.sampled_from(["0", "*", "5,35", "*/15", "10-20/5", "59", "7/20"]),
    "hour": st.sampled_from(["*", "0", "8-17", "*/6", "22-23", "3,9"]),
    "month": st.sampled_from(["*", "1", "2", "JAN-MAR", "*/5", "6,12"]),
    "day": st.sampled_from(["*", "1", "29", "31", "L", "1,15", "*/10", "10-12"]),
    "weekday": st.sampled_from(["*", "1", "2-6", "7", "1,7", "3#2", "SUN", "6#5"]),
}
MOMENTS = st.integers(
    to_us(datetime(2024, 1, 1, tzinfo=UTC)), to_us(datetime(2029, 1, 1, tzinfo=UTC))
)


def to_croniter(minute, hour, day, month, weekday):
    """The five fields of croniter, whose days of the week begin with 0."""
    if weekday in ("?", "*") or weekday.isalpha():
        other = weekday
    else:
        digits = weekday.partition("#")
        other = "".join(str(int(c) - 1) if c.isdigit() else c for c in digits[0]) + "".join(
            digits[1:]
        )
    star = {"?": "*"}
    return f"{minute} {hour} {star.get(day, day).lower()} {month} {star.get(other, other)}"


@settings(max_examples=80, deadline=None)
@given(st.fixed_dictionaries(FIELD), st.booleans(), MOMENTS)
def test_like_croniter_where_both_have_the_notation(fields, by_week, moment):
    day, weekday = ("?", fields["weekday"]) if by_week else (fields["day"], "?")
    minute, hour, month = fields["minute"], fields["hour"], fields["month"]
    expression = f"cron({minute} {hour} {day} {month} {weekday} *)"
    ours = list(next_firings(expression, moment, 3))
    try:
        theirs = croniter(
            to_croniter(minute, hour, day, month, weekday), to_datetime(moment), ret_type=datetime
        )
        assert ours == [to_us(theirs.get_next()) for _ in range(3)]
    except CroniterBadDateError:  # 31 February
        assert ours == []


@settings(max_examples=12, deadline=None)
@given(
    st.fixed_dictionaries(FIELD),
    st.sampled_from(["?", "L", "LW", "1W", "15W", "31W"]),
    st.sampled_from(["L", "2L", "FRIL", "4#1", "7#5", "6-2"]),
    MOMENTS,
)
def test_like_a_walk_over_all_minutes(fields, day, weekday, moment):
    expression = f"{fields['minute']} {fields['hour']} {day} * {'?' if day != '?' else weekday} *"
    start = moment
    end = start + 40 * DAY
    ours = parse_rule_schedule(f"cron({expression})")
    found = []
    for us in ours.firings(start):
        if us > end:
            break
        found.append(us)
    assert found == list(naive_firings(expression, start, end))


def test_a_year_of_minutes():
    start = to_us(datetime(2027, 1, 1, tzinfo=UTC)) - 1
    found = list(islice(parse_rule_schedule("cron(* * * * ? *)").firings(start), 525_600))
    assert found[0] == start + 1
    assert found[-1] == to_us(datetime(2027, 12, 31, 23, 59, tzinfo=UTC))
    assert len(set(found)) == 525_600
    assert to_datetime(found[-1]) - to_datetime(found[0]) == timedelta(minutes=525_599)
