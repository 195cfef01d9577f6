"""Archives and replays: what is kept, for how long, and how it comes back."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, BUS, put, rule

ARCHIVE = f"arn:aws:events:us-east-1:{ACCOUNT}:archive/a"


@pytest.fixture
def archive(events):
    events.create_archive(ArchiveName="a", EventSourceArn=BUS, EventPattern='{"source":["shop"]}')


def replay(lab, events, name="again", **more):
    params = {
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": lab.start,
        "EventEndTime": lab.start + timedelta(hours=1),
        "Destination": {"Arn": BUS},
        **more,
    }
    return events.start_replay(**params)


def test_an_archive_keeps_what_its_pattern_says(lab, events, archive):
    for n in range(3):
        put(events, {"n": n})
    put(events, source="till")
    told = events.describe_archive(ArchiveName="a")
    assert told["EventCount"] == 3 and told["State"] == "ENABLED"
    assert told["SizeBytes"] > 500
    managed = events.describe_rule(Name="Events-Archive-a")
    assert managed["ManagedBy"] == "prod.vhs.events.aws.internal"
    with pytest.raises(ClientError, match="ManagedRule"):
        events.disable_rule(Name="Events-Archive-a")


def test_a_replay_brings_the_events_again_in_order(lab, events, queue, archive):
    for n in range(3):
        put(events, {"n": n})
        lab.advance(minutes=2)
    rule(events, {"source": ["shop"]}, queue.arn)
    assert replay(lab, events)["State"] == "STARTING"
    lab.advance(minutes=1)
    told = queue.events()
    assert [event["detail"]["n"] for event in told] == [0, 1, 2]
    assert {event["replay-name"] for event in told} == {"again"}
    assert told[1]["time"] == "2026-01-05T09:02:00Z"
    assert list(told[0]).index("replay-name") == list(told[0]).index("region") + 1
    done = events.describe_replay(ReplayName="again")
    assert done["State"] == "COMPLETED" and "ReplayEndTime" in done
    # What is replayed is not archived again.
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 3


def test_a_replay_of_a_stretch_to_some_rules(lab, events, queue, archive):
    for n in range(3):
        put(events, {"n": n})
        lab.advance(minutes=2)
    rule(events, {"source": ["shop"]}, queue.arn)
    other = rule(events, {"detail-type": ["order"]}, queue.arn, "s")
    replay(
        lab, events, EventStartTime=lab.start + timedelta(minutes=2),
        EventEndTime=lab.start + timedelta(minutes=4),
        Destination={"Arn": BUS, "FilterArns": [other]},
    )  # fmt: skip
    lab.advance(minutes=1)
    assert [event["detail"]["n"] for event in queue.events()] == [1]


def test_a_replay_can_be_cancelled(lab, events, queue, archive):
    put(events)
    rule(events, {"source": ["shop"]}, queue.arn)
    replay(lab, events)
    assert events.cancel_replay(ReplayName="again")["State"] == "CANCELLING"
    lab.advance(minutes=1)
    assert events.describe_replay(ReplayName="again")["State"] == "CANCELLED"
    assert queue.events() == []
    with pytest.raises(ClientError, match="IllegalStatus"):
        events.cancel_replay(ReplayName="again")


def test_a_replay_fails_when_its_archive_is_gone(lab, events, archive):
    replay(lab, events)
    events.delete_archive(ArchiveName="a")
    lab.advance(minutes=1)
    assert events.list_replays(State="FAILED")["Replays"][0]["ReplayName"] == "again"
    assert events.list_rules()["Rules"] == []


def test_retention_is_rolling(lab, events, archive):
    events.update_archive(ArchiveName="a", RetentionDays=1)
    put(events)
    lab.advance(hours=20)
    put(events)
    lab.advance(hours=5)
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 1
    lab.advance(days=1)
    told = events.list_archives()["Archives"][0]
    assert told["EventCount"] == told["SizeBytes"] == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Destination": {"Arn": BUS.replace("default", "x")}},
         "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not "
         "permitted."),
        ({"EventSourceArn": ARCHIVE + "x"},
         "Parameter EventSourceArn is not valid. Reason: Archive ax does not exist."),
        ({"EventEndTime": "2026-01-05T08:00:00Z"},
         "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
         "EventEndTime."),
    ],
)  # fmt: skip
def test_what_is_no_replay(lab, events, archive, change, text):
    with pytest.raises(ClientError) as caught:
        replay(lab, events, **change)
    assert caught.value.response["Error"]["Message"] == text


def test_the_eleventh_replay_and_the_second_of_a_name(lab, events, archive):
    for n in range(10):
        replay(lab, events, f"r{n}")
    with pytest.raises(ClientError, match="LimitExceeded"):
        replay(lab, events, "r10")
    with pytest.raises(ClientError, match="Replay r0 already exists"):
        replay(lab, events, "r0")


def test_what_is_no_archive(events, archive):
    with pytest.raises(ClientError, match="Archive a already exists"):
        events.create_archive(ArchiveName="a", EventSourceArn=BUS)
    with pytest.raises(ClientError, match="Event bus x does not exist"):
        events.create_archive(ArchiveName="b", EventSourceArn=BUS.replace("default", "x"))
    with pytest.raises(ClientError, match="At least one of EventPattern, RetentionDays"):
        events.update_archive(ArchiveName="a")
    with pytest.raises(ClientError, match="Archive b does not exist"):
        events.describe_archive(ArchiveName="b")
    with pytest.raises(ClientError, match="At most one filter"):
        events.list_archives(NamePrefix="a", State="ENABLED")
