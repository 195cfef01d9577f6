"""Live Tail over boto3: an update for each second, filtered, sampled, over after three hours."""

import pytest
from botocore.exceptions import ClientError, EventStreamError

GROUP = "/shop/app"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    for stream in ("a", "b"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    return client


def put(lab, logs, stream, *texts):
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream,
        logEvents=[{"timestamp": at, "message": text} for text in texts],
    )  # fmt: skip


def updates(stream, count):
    """The lines of the next updates, and whether any was sampled."""
    found, sampled = [], False
    for event in stream:
        if "sessionUpdate" in event:
            found.append([one["message"] for one in event["sessionUpdate"]["sessionResults"]])
            sampled |= event["sessionUpdate"]["sessionMetadata"]["sampled"]
            if len(found) == count:
                break
    return found, sampled


def test_lines_come_with_the_next_second(lab, logs):
    stream = logs.start_live_tail(logGroupIdentifiers=[ARN], logEventFilterPattern="ERROR -noise")[
        "responseStream"
    ]
    events = iter(stream)
    started = next(events)["sessionStart"]
    assert started["logGroupIdentifiers"] == [f"123456789012:{GROUP}"]
    put(lab, logs, "a", "ERROR one", "fine", "ERROR noise")
    put(lab, logs, "b", "ERROR two")
    assert updates(events, 2) == ([["ERROR one", "ERROR two"], []], False)
    stream.close()
    assert lab.parts.logs.live_tail.sessions == {}


def test_one_stream_only(lab, logs):
    stream = logs.start_live_tail(logGroupIdentifiers=[ARN], logStreamNames=["b"])["responseStream"]
    put(lab, logs, "a", "from a")
    put(lab, logs, "b", "from b")
    assert updates(stream, 1) == ([["from b"]], False)
    stream.close()


def test_more_than_five_hundred_lines_a_second_are_sampled(lab, logs):
    stream = logs.start_live_tail(logGroupIdentifiers=[ARN])["responseStream"]
    put(lab, logs, "a", *[f"line {n}" for n in range(1200)])
    (lines,), sampled = updates(stream, 1)
    assert (len(lines), sampled) == (500, True)
    stream.close()


def test_a_session_ends_after_three_hours(lab, logs):
    stream = logs.start_live_tail(logGroupIdentifiers=[ARN])["responseStream"]
    lab.advance(hours=3)
    with pytest.raises(EventStreamError, match="SessionTimeoutException"):
        list(stream)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"logGroupIdentifiers": [ARN + ":*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [GROUP]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [ARN + "x"]}, "ResourceNotFoundException"),
        ({"logEventFilterPattern": "a.b"}, "InvalidParameterException"),
    ],
)
def test_what_is_refused(logs, more, code):
    with pytest.raises(ClientError) as told:
        logs.start_live_tail(**{"logGroupIdentifiers": [ARN]} | more)
    assert told.value.response["Error"]["Code"] == code
