"""Event history as a store, and CloudTrail as the lab holds it."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trailkit import ACCOUNT, CI, MARY, REGION, START_US, Trail, finished

from labkit.cloudtrail import store as store_module
from labkit.cloudtrail.engine import record
from labkit.cloudtrail.service import DELIVERY_DELAY_US
from labkit.cloudtrail.store import RETENTION_US, History
from labkit.core.clock import DAY, HOUR, MINUTE, SECOND
from labkit.core.errors import LabError

QUOTAS = tomllib.loads((files("labkit") / "cloudtrail" / "quotas.toml").read_text("utf-8"))


def numbers(history, from_us=0, to_us=2**62, **more):
    return [event.number for event in history.newest_first(from_us, to_us, **more)]


@pytest.fixture
def trail():
    return Trail()


@pytest.fixture
def history(trail):
    return trail.service.store(ACCOUNT, REGION)


def test_entries_come_back_newest_first(history):
    for second in range(5):
        history.append(finished("iam", "ListUsers", at_us=START_US + second * SECOND))
    assert numbers(history) == [4, 3, 2, 1, 0]
    assert numbers(history, START_US + SECOND, START_US + 3 * SECOND) == [2, 1]
    assert numbers(history, before=2) == [1, 0]
    assert (len(history), history.end) == (5, 5)


def test_calls_of_one_instant_come_back_in_reverse_order(history):
    for _ in range(3):
        history.append(finished("iam", "ListUsers", at_us=START_US))
    assert numbers(history) == [2, 1, 0]


def test_a_past_that_is_told_out_of_order_is_put_in_order(history):
    for second in (3, 1, 2, 0, 2):
        history.append(finished("iam", "ListUsers", at_us=START_US + second * SECOND))
    seconds = [(e.fact.at_us - START_US) // SECOND for e in history.newest_first(0, 2**62)]
    assert seconds == [3, 2, 2, 1, 0]


def test_old_entries_are_dropped_now_and_then_and_numbers_go_on(monkeypatch, trail):
    monkeypatch.setattr(store_module, "_SWEEP", 10)
    history = History(ACCOUNT, REGION, trail.service)
    for day in range(200):
        history.append(finished("iam", "ListUsers", at_us=START_US + day * DAY))
        kept = numbers(history, START_US + day * DAY - RETENTION_US)
        assert kept == list(range(day, max(day - 91, -1), -1))
    assert len(history) <= 91 + 10
    assert history.end == 200


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40 * DAY), max_size=60), st.integers(1, 12))
def test_dropping_is_not_to_be_seen(gaps, sweep):
    """Whether and when old entries are dropped changes no answer within 90 days."""
    trail = Trail()
    swept, kept = (History(ACCOUNT, REGION, trail.service) for _ in range(2))
    swept._room = sweep
    at_us = START_US
    for gap in gaps:
        at_us += gap
        fact = finished("iam", "ListUsers", at_us=at_us)
        kept._room = 10**9
        swept._room = min(swept._room, sweep)
        swept.append(fact)
        kept.append(fact)
    window = (at_us - RETENTION_US, at_us + 1)
    assert numbers(swept, *window) == numbers(kept, *window)


def test_the_history_has_no_way_to_change_or_remove_an_entry():
    public = {name for name in vars(History) if not name.startswith("_")}
    assert public == {
        "append", "calls_of", "end", "extend", "newest_first", "oldest_us", "rates",
        "times",
    }  # fmt: skip


def test_limits_are_those_of_the_table():
    assert QUOTAS["history"]["days"]["value"] * DAY == RETENTION_US
    assert QUOTAS["record"]["parameter_bytes"]["value"] == record.LARGEST_BYTES
    assert QUOTAS["record"]["text_characters"]["value"] == record.LARGEST_TEXT
    for group in QUOTAS.values():
        for limit in group.values():
            assert limit["source"]


def test_the_throttle_is_written_down_and_not_enforced(trail):
    assert QUOTAS["lookup"]["per_second"]["enforced"] is False
    for _ in range(10):
        assert trail.lookup() == {"Events": []}


# -- the service
def test_history_for_views(trail):
    for minute in range(4):
        trail.hear("iam", "ListUsers", at_us=START_US + minute * MINUTE)
    trail.hear("ec2", "StopInstances", {"InstanceIds": ["i-1"]}, {}, at_us=START_US + HOUR)
    records = trail.service.history(ACCOUNT, REGION)
    assert [r["eventName"] for r in records] == ["StopInstances"] + ["ListUsers"] * 4
    assert len(trail.service.history(ACCOUNT, REGION, limit=2)) == 2
    assert trail.service.history(ACCOUNT, REGION, limit=0) == []
    one = trail.service.history(ACCOUNT, REGION, attribute=("ResourceName", "i-1"))
    assert one == records[:1]
    some = trail.service.history(
        ACCOUNT, REGION, start_us=START_US + MINUTE, end_us=START_US + 2 * MINUTE
    )
    assert len(some) == 2


def test_history_by_an_attribute_that_there_is_not(trail):
    with pytest.raises(LabError, match="EventName"):
        trail.service.history(ACCOUNT, REGION, attribute=("Color", "red"))


def test_a_session_is_as_old_as_the_call_that_began_it(trail):
    credentials = {"Credentials": {"AccessKeyId": CI.access_key_id, "SecretAccessKey": "x"}}
    trail.hear("sts", "AssumeRole", {"RoleArn": CI.issuer_arn}, credentials, at_us=START_US)
    trail.hear("ec2", "DescribeInstances", at_us=START_US + HOUR, who=CI)
    first, _ = trail.service.history(ACCOUNT, REGION)
    attributes = first["userIdentity"]["sessionContext"]["attributes"]
    assert attributes["creationDate"] == "2026-01-05T09:00:00Z"


def test_a_session_that_nobody_saw_begin_is_as_old_as_its_first_call(trail):
    trail.hear("ec2", "DescribeInstances", at_us=START_US + HOUR, who=CI)
    trail.hear("ec2", "DescribeInstances", at_us=START_US + 2 * HOUR, who=CI)
    for made in trail.service.history(ACCOUNT, REGION):
        attributes = made["userIdentity"]["sessionContext"]["attributes"]
        assert attributes["creationDate"] == "2026-01-05T10:00:00Z"


def test_events_show_at_once_unless_told_otherwise():
    assert DELIVERY_DELAY_US == 0


def test_equal_worlds_have_equal_digests():
    def world(*, who=MARY):
        trail = Trail()
        trail.hear("iam", "ListUsers", who=who)
        trail.hear("ec2", "DescribeInstances", region="eu-west-1")
        return trail.service.digest()

    assert world() == world()
    assert world() != world(who=CI)
