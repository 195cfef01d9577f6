"""When mute rules are active: cron of five fields, one moment, durations, time zones."""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cloudwatch.engine.mute_schedule import ScheduleError, parse

MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE, HOUR = 60_000_000, 3600_000_000


def us(moment):
    return int(moment.timestamp()) * 1_000_000


def at(moment_us):
    return datetime.fromtimestamp(moment_us / 1e6, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("expression", "zone", "wanted"),
    [
        ("cron(0 2 * * *)", None, "2026-01-06T02:00"),
        ("cron(0 2 * * SUN)", None, "2026-01-11T02:00"),
        ("cron(0 2 * * 0)", None, "2026-01-11T02:00"),
        ("cron(0 2 * * 7)", None, "2026-01-11T02:00"),
        ("cron(0 1 1 * *)", None, "2026-02-01T01:00"),
        ("cron(0 18 * * FRI)", None, "2026-01-09T18:00"),
        ("cron(15,45 9 * * MON-FRI)", None, "2026-01-05T09:15"),
        ("cron(0 0 29 FEB *)", None, "2028-02-29T00:00"),
        ("cron(0 0 13 * FRI)", None, "2026-01-09T00:00"),  # the 13th, or a Friday
        ("cron(0 12 * * *)", "America/New_York", "2026-01-05T17:00"),
        ("at(2026-01-05T20:00)", "Asia/Tokyo", "2026-01-05T11:00"),
        ("cron(30 2 29 3 *)", "Europe/Rome", "2027-03-29T00:30"),  # 2026-03-29 has no 02:30
    ],
)
def test_the_next_window(expression, zone, wanted):
    assert at(parse(expression, "PT2H", zone).next_start(us(MONDAY))) == wanted


def test_a_window_holds_from_its_start_up_to_its_end():
    schedule = parse("cron(0 10 * * *)", "PT1H30M", "UTC")
    ten = us(MONDAY + timedelta(hours=1))
    assert schedule.window(ten - 1) is None
    assert schedule.window(ten) == schedule.window(ten + 90 * MINUTE - 1)
    assert schedule.window(ten) == (ten, ten + 90 * MINUTE)
    assert schedule.window(ten + 90 * MINUTE) is None
    assert schedule.recurring


def test_of_windows_that_overlap_the_newest_counts():
    schedule = parse("cron(0 * * * *)", "PT2H", "UTC")
    ten = us(MONDAY + timedelta(hours=1))
    assert schedule.window(ten + 5) == (ten, ten + 2 * HOUR)


def test_once_is_once():
    schedule = parse("at(2026-01-05T10:00)", "PT1H", None)
    ten = us(MONDAY + timedelta(hours=1))
    assert schedule.next_start(us(MONDAY)) == ten
    assert schedule.next_start(ten) is None
    assert not schedule.recurring


@pytest.mark.parametrize(
    ("text", "minutes"), [("PT1M", 1), ("PT4H", 240), ("P2DT12H", 3600), ("P15D", 21600)]
)
def test_durations(text, minutes):
    assert parse("cron(0 2 * * *)", text, None).duration_us == minutes * MINUTE


@pytest.mark.parametrize(
    ("expression", "duration", "zone"),
    [
        ("rate(5 minutes)", "PT1H", None), ("cron(0 2 * * ? *)", "PT1H", None),
        ("cron(60 2 * * *)", "PT1H", None), ("cron(*/5 * * * *)", "PT1H", None),
        ("cron(0 5-2 * * *)", "PT1H", None), ("cron(0 0 30 2 *)", "PT1H", None),
        ("at(2026-01-05)", "PT1H", None), ("at(2026-02-30T10:00)", "PT1H", None),
        ("cron(0 2 * * *)", "PT30S", None), ("cron(0 2 * * *)", "P16D", None),
        ("cron(0 2 * * *)", "1h", None), ("cron(0 2 * * *)", "P", None),
        ("cron(0 2 * * *)", "PT", None), ("cron(0 2 * * *)", "PT1H", "Rome"),
        ("cron(0 2 * * 8)", "PT1H", None), ("cron(0 2 0 * *)", "PT1H", None),
    ],
)  # fmt: skip
def test_what_is_refused(expression, duration, zone):
    with pytest.raises(ScheduleError):
        parse(expression, duration, zone)


def field(low, high):
    one = st.integers(low, high)
    # croniter 6 takes 0-0 of the days of the week for every day.
    span = st.tuples(one, one).filter(lambda p: p[0] != p[1]).map(lambda p: f"{min(p)}-{max(p)}")
    several = st.lists(one.map(str), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), one.map(str), span, several)


@settings(max_examples=60)
@given(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6), st.integers(0, 500_000))
def test_it_agrees_with_croniter(minute, hour, day, month, weekday, start):
    text = f"{minute} {hour} {day} {month} {weekday}"
    begin = MONDAY + timedelta(minutes=start)
    wanted = croniter(text, begin).get_next(datetime)
    assert parse(f"cron({text})", "PT1H", None).next_start(us(begin)) == us(wanted)
