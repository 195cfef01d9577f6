"""When messages came: the strip of lesson 11, and the bars of a flexible window."""

from datetime import UTC, datetime

import pytest

import labkit
from labkit.course import arriving, catching


@pytest.fixture
def lab():
    with labkit.Lab() as lab:
        yield lab


def ruled(lab, name, expression):
    url, arn = catching.queue(lab, name)
    events = lab.client("events")
    events.put_rule(Name=name, ScheduleExpression=expression)
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    return url


def test_the_title_names_the_day_on_which_the_hour_changed(lab):
    lab.run_until(datetime(2026, 3, 20, tzinfo=UTC))
    queues = {"daily": ruled(lab, "a", "cron(0 8 * * ? *)")}
    shown = arriving.until(lab, queues, datetime(2026, 4, 10, tzinfo=UTC), "Europe/Berlin")
    assert shown.title == "daily: at 09:00, and at 10:00 from Sun 29 Mar on (Europe/Berlin)"
    assert len(shown.data["daily"]) == 21
    assert "Thu 26 Mar" in str(shown) and "Wed 01 Apr" in str(shown)
    assert "&amp;nbsp" not in shown._repr_html_()


def test_an_hour_that_stays_and_a_queue_that_is_empty(lab):
    queues = {"daily": ruled(lab, "a", "cron(0 8 * * ? *)"), "never": catching.queue(lab, "b")[0]}
    shown = arriving.until(lab, queues, datetime(2026, 1, 20, tzinfo=UTC), "UTC")
    assert shown.title == "daily: 14 messages, at 08:00 throughout; never: nothing came (UTC)"


def test_messages_of_each_minute(lab):
    url = ruled(lab, "a", "cron(0/2 10 5 1 ? 2026)")
    assert arriving.by_minute(lab, url).data == {"minutes": {}}
    lab.run_until(datetime(2026, 1, 5, 10, 5, tzinfo=UTC))
    shown = arriving.by_minute(lab, url)
    assert shown.title == "3 messages between 10:00 and 10:04, at most 1 in one minute"
    assert shown.data["minutes"] == {"10:00": 1, "10:02": 1, "10:04": 1}
