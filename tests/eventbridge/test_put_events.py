"""PutEvents: entries that fail by themselves, sizes, buses that are not there (trap 13)."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, put, rule


def test_an_event_reaches_the_queue_as_it_lies_on_the_bus(lab, events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    answer = put(events, {"order": 7}, Resources=["arn:aws:s3:::b"])
    assert queue.events() == [
        {
            "version": "0",
            "id": answer["EventId"],
            "detail-type": "order",
            "source": "shop",
            "account": ACCOUNT,
            "time": "2026-01-05T09:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:s3:::b"],
            "detail": {"order": 7},
        }
    ]


def test_an_entrys_own_time_is_told(events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    put(events, Time=datetime(2025, 12, 24, 18, 0, tzinfo=UTC))
    assert queue.events()[0]["time"] == "2025-12-24T18:00:00Z"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a"),
        ({"DetailType": ""}, "InvalidArgument", "DetailType is a required argument."),
        ({"Detail": ""}, "InvalidArgument", "Detail is a required argument."),
        ({"Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"n": 9223372036854775808}'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a":' * 1100 + "1" + "}" * 1100}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "aws.ec2"}, "NotAuthorizedForSourceException", "Not authorized"),
        ({"DetailType": "x" * 129}, "InvalidArgument", "128"),
    ],
)
def test_a_bad_entry_fails_alone(events, queue, change, code, message):
    rule(events, {"source": ["shop"]}, queue.arn)
    good = {"Source": "shop", "DetailType": "order", "Detail": '{"n": 9223372036854775807}'}
    answer = events.put_events(Entries=[good, {**good, **change}, good])
    assert answer["FailedEntryCount"] == 1
    first, bad, last = answer["Entries"]
    assert bad["ErrorCode"] == code and message in bad["ErrorMessage"]
    assert [event["id"] for event in queue.events()] == [first["EventId"], last["EventId"]]


def test_an_entry_without_a_source_at_all(events):
    answer = events.put_events(Entries=[{"DetailType": "order", "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 1
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_unknown_bus_takes_and_drops(events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    assert "EventId" in put(events, EventBusName="nowhere")
    assert queue.events() == []


def test_too_much_fails_as_a_whole(events):
    entry = {"Source": "shop", "DetailType": "o", "Detail": json.dumps({"t": "x" * 600_000})}
    with pytest.raises(ClientError, match="Total size of the entries in the request is over"):
        events.put_events(Entries=[entry, entry])
    with pytest.raises(ClientError, match="length less than or equal to 10"):
        events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}] * 11)


def test_two_rules_bring_the_same_event_twice(events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    rule(events, {"detail-type": ["order"]}, queue.arn, "s")
    put(events)
    first, second = queue.events()
    assert first == second
