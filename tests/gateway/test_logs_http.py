"""CloudWatch Logs through the HTTP door: the same answers, and what only a wire can carry."""

import pytest
from botocore.exceptions import ClientError
from served import client_of

WHERE = {"logGroupName": "/shop/app", "logStreamName": "host-1"}


@pytest.fixture
def logs(service):
    client = client_of(service, "logs")
    client.create_log_group(logGroupName="/shop/app", tags={"team": "shop"})
    client.create_log_stream(**WHERE)
    return client


def now_ms(service):
    return service.lab.world.clock.now_us // 1000


def test_events_go_in_and_come_out_in_pages(service, logs):
    at = now_ms(service)
    events = [{"timestamp": at + i, "message": f"{i} é\x1b[31m"} for i in range(50)]
    answer = logs.put_log_events(**WHERE, logEvents=events)
    assert "rejectedLogEventsInfo" not in answer
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/shop/app", limit=20)
    over_http = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in over_http] == [event["message"] for event in events]
    in_kernel = service.lab.client("logs").filter_log_events(logGroupName="/shop/app")["events"]
    assert over_http == in_kernel


def test_rejected_events_and_errors_have_the_same_words(service, logs):
    at = now_ms(service)
    answer = logs.put_log_events(
        **WHERE, logEvents=[{"timestamp": at - 20 * 86_400_000, "message": "old"}]
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    with pytest.raises(ClientError, match=r"The specified log stream does not exist\."):
        logs.get_log_events(logGroupName="/shop/app", logStreamName="gone")
    with pytest.raises(ClientError, match="The specified log group already exists"):
        logs.create_log_group(logGroupName="/shop/app")


def test_half_a_surrogate_pair_is_replaced_through_either_door(service, logs):
    """A program that cuts a line in the middle of an emoji; JSON carries the half as an escape."""
    for client in (logs, service.lab.client("logs")):
        event = {"timestamp": now_ms(service), "message": "half \ud83d"}
        client.put_log_events(**WHERE, logEvents=[event])
    found = logs.get_log_events(**WHERE)["events"]
    assert [event["message"] for event in found] == ["half \ufffd"] * 2
