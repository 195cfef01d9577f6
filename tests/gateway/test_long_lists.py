"""Which large calls botocore sees shortened, and that nobody can tell."""

import pytest
from botocore.exceptions import ParamValidationError

from labkit.gateway.long_lists import shortened

WHERE = {"logGroupName": "g", "logStreamName": "s"}


def events(count, at=1_767_603_600_000):
    return [{"timestamp": at + i, "message": f"{i}"} for i in range(count)]


def test_a_long_plain_list_is_shortened_and_a_short_one_is_not():
    assert shortened("PutLogEvents", WHERE | {"logEvents": events(20)})["logEvents"] == events(1)
    few = WHERE | {"logEvents": events(3)}
    assert shortened("PutLogEvents", few) is few
    other = {"logEvents": events(20)}
    assert shortened("PutEvents", other) is other


@pytest.mark.parametrize(
    "odd",
    [
        {"timestamp": "1", "message": "m"},
        {"timestamp": True, "message": "m"},
        {"timestamp": -1, "message": "m"},
        {"timestamp": 1, "message": ""},
        {"timestamp": 1, "message": b"m"},
        {"timestamp": 1},
        {"timestamp": 1, "message": "m", "more": 1},
        None,
    ],
)
def test_what_is_odd_goes_through_botocore(odd):
    params = WHERE | {"logEvents": [*events(20), odd]}
    assert shortened("PutLogEvents", params) is params


def test_all_events_arrive_also_when_the_operation_is_throttled(lab):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(**WHERE)
    logs.put_log_events(**WHERE, logEvents=events(50))
    lab.throttle("logs", "PutLogEvents", rate=1)
    for _ in range(3):
        at = lab.world.clock.now_us // 1000
        logs.put_log_events(**WHERE, logEvents=events(50, at))
    assert len(logs.get_log_events(**WHERE)["events"]) == 200
    with pytest.raises(ParamValidationError, match="message"):
        logs.put_log_events(**WHERE, logEvents=[*events(20), {"timestamp": 1}])


def test_a_client_with_an_endpoint_of_its_own_sends_them_all(lab):
    import json

    import boto3

    class Seen(Exception):
        pass

    def look(request, **_):
        raise Seen(len(json.loads(request.data)["logEvents"]))

    logs = boto3.client("logs", endpoint_url="http://127.0.0.1:9", region_name="us-east-1")
    logs.meta.events.register_first("before-sign", look)
    with pytest.raises(Seen, match="50"):
        logs.put_log_events(**WHERE, logEvents=events(50))
