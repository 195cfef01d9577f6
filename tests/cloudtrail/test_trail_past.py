"""A past as columns: to who looks it up, it is what the same calls are as facts."""

import json
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trailkit import ACCOUNT, CI, MARY, REGION, ROOT, START_US, Trail

from labkit.cloudtrail import past as past_module
from labkit.cloudtrail import store as store_module
from labkit.cloudtrail.engine.lookup import KEYS
from labkit.core.clock import DAY, SECOND
from labkit.core.facts import Fact
from labkit.core.past_calls import Caller, Deed, PastCalls

DEEDS = (
    Deed("ec2", "StopInstances", False, '{"InstanceIds":["i-1"]}', '{"StoppingInstances":[]}'),
    Deed("ec2", "StopInstances", False, '{"InstanceIds":["i-2"]}', '{"StoppingInstances":[]}'),
    Deed("ec2", "DescribeInstances", True, "{}"),
    Deed("dynamodb", "DeleteTable", False, '{"TableName":"shop"}', "{}", "AccessDenied", "no"),
)
CALLERS = tuple(Caller(who.to_dict(), "203.0.113.10", "aws-cli/2") for who in (MARY, ROOT, CI))
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40
)


def columns(rows, name="past"):
    """Rows of (seconds since the one before, deed, caller)."""
    times, at_us = array("q"), START_US
    for gap, _, _ in rows:
        at_us += gap * SECOND
        times.append(at_us)
    return PastCalls(
        times,
        array("i", [deed for _, deed, _ in rows]),
        array("i", [caller for _, _, caller in rows]),
        DEEDS,
        CALLERS,
        name,
    )


def as_facts(trail, calls):
    """The same calls written down one by one."""
    history = trail.service.store(ACCOUNT, REGION)
    for row in range(len(calls)):
        at_us = int(calls.at_us[row])
        history.append(Fact("call.finished", at_us, ACCOUNT, REGION, (), calls.data(row)))


def values(event, key):
    if key.startswith("Resource"):
        return {resource[key] for resource in event["Resources"]}
    return {event.get(key)} - {None}


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS, st.sampled_from(KEYS), st.sampled_from([1, 3, 512]))
def test_columns_and_facts_answer_every_look_up_alike(earlier, later, key, chunk):
    """A past, another past that overlaps it, and facts among them."""
    first, second = columns(earlier, "one"), columns(later, "two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "_FIRST_CHUNK", chunk)
        patch.setattr(past_module, "_CHUNK", 2)
        one, other = Trail(), Trail()
        for trail in (one, other):
            trail.world.clock.now_us = START_US + DAY
            trail.hear("iam", "ListUsers", at_us=START_US + 7 * SECOND, request_id="r-1")
        for calls in (first, second):
            one.service.import_calls(ACCOUNT, REGION, calls)
            as_facts(other, calls)
        for trail in (one, other):
            trail.hear("sns", "CreateTopic", {"Name": "t"}, {"TopicArn": "arn:t"}, request_id="r-2")
        whole = one.lookup()["Events"]
        assert whole == other.lookup()["Events"]
        for value in {value for event in whole for value in values(event, key)}:
            found = one.lookup(key, value)["Events"]
            assert found == other.lookup(key, value)["Events"] and found


def test_pages_go_through_a_past():
    trail = Trail()
    trail.world.clock.now_us = START_US + DAY
    trail.service.import_calls(ACCOUNT, REGION, columns([(1, n % 4, 0) for n in range(100)]))
    names, token = [], {}
    while True:
        page = trail.lookup("EventName", "StopInstances", MaxResults=7, **token)
        names += [event["EventId"] for event in page["Events"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(names) == len(set(names)) == 50


def test_an_id_that_is_none_is_not_found():
    trail = Trail()
    trail.world.clock.now_us = START_US + DAY
    trail.service.import_calls(ACCOUNT, REGION, columns([(1, 0, 0)]))
    for text in ("x", "00", "00000000-0000-4000-a000-000000000000"):
        assert trail.lookup("EventId", text)["Events"] == []


def test_what_is_older_than_event_history_is_left_out():
    trail = Trail()
    trail.world.clock.now_us = START_US + 90 * DAY + 2 * SECOND
    trail.service.import_calls(ACCOUNT, REGION, columns([(1, 0, 0)] * 4))
    assert len(trail.service.store(ACCOUNT, REGION)) == 3


def test_calls_become_objects_only_for_who_reads_them(monkeypatch):
    trail = Trail()
    trail.world.clock.now_us = START_US + DAY
    rows = [(0, 2, 0)] * 5000 + [(1, 3, 1)] + [(0, 2, 0)] * 5000
    made = []
    data = PastCalls.data
    monkeypatch.setattr(PastCalls, "data", lambda self, row: made.append(row) or data(self, row))
    trail.service.import_calls(ACCOUNT, REGION, columns(rows))
    assert trail.names("EventName", "DeleteTable") == ["DeleteTable"]
    assert made == [5000]


def test_what_is_too_old_goes_from_pasts_and_facts_alike(monkeypatch):
    monkeypatch.setattr(store_module, "_SWEEP", 8)
    trail = Trail()
    trail.world.clock.now_us = START_US + DAY
    trail.service.import_calls(ACCOUNT, REGION, columns([(1, 2, 0)] * 20))
    for day in range(2, 200):
        trail.hear("iam", "ListUsers", at_us=START_US + day * DAY)
    history = trail.service.store(ACCOUNT, REGION)
    assert len(history) <= 91 + 8 and history.end == 218
    assert len(trail.names()) == 50


def test_a_session_began_with_the_last_assume_role_before_the_call(lab):
    """A face takes its role each morning; Friday's calls are of Friday's session."""
    lab.people.week()
    asked = [{"AttributeKey": "Username", "AttributeValue": "chiara-ci"}]
    pages = lab.client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=asked)
    records = [json.loads(one["CloudTrailEvent"]) for page in pages for one in page["Events"]]
    assert len({one["eventTime"][:10] for one in records}) > 3
    for one in records:
        day = one["eventTime"][:10]
        session = one["userIdentity"]["sessionContext"]["attributes"].get("creationDate")
        # The past begins on Monday at 09:00: nobody knows when that morning's session began.
        assert session == (None if day == "2025-12-29" else f"{day}T08:05:12Z")
