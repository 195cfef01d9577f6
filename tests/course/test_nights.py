"""Lesson 04's nights: one database, twelve alarms, forty-one letters; the same the night after."""

from datetime import timedelta

import pytest

import labkit
from labkit.course import nights


@pytest.fixture(scope="module")
def night():
    with labkit.Lab(active=False) as lab:
        found = nights.forty_one(lab)
        lab.run_until(found.morning)
        yield found


def letters(lab, start):
    return [mail for mail in lab.mailbox if start <= mail.at]


def test_forty_one_letters_by_eighteen_minutes_past_two(night):
    told = letters(night.lab, night.begins)
    assert len(told) == 41
    assert told[0].at.strftime("%H:%M") == "02:11" and told[-1].at.strftime("%H:%M") == "02:18"
    assert {mail.subject.split('"')[1] for mail in told} == set(nights.SERVICES)


def test_the_group_begins_to_grow_at_twenty_past(night):
    client = night.lab.client("autoscaling")
    told = client.describe_scaling_activities(AutoScalingGroupName=nights.GROUP)["Activities"]
    times = [one["StartTime"] for one in told if one["StartTime"] > night.begins]
    assert min(times).strftime("%H:%M") == "02:20"


def test_again(night):
    begins = night.begins + timedelta(days=1)
    night.again(begins)
    night.lab.run_until(begins + timedelta(minutes=35))
    assert len(letters(night.lab, begins)) == 41
