"""Groups, streams, PutLogEvents and reading, through real boto3."""

import pytest
from botocore.exceptions import ClientError

GROUP, STREAM = "/shop/app", "host-1"
WHERE = {"logGroupName": GROUP, "logStreamName": STREAM}


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(**WHERE)
    return client


def now_ms(lab):
    return lab.world.clock.now_us // 1000


def put(logs, *events):
    return logs.put_log_events(
        **WHERE, logEvents=[{"timestamp": at, "message": text} for at, text in events]
    )


def texts(answer):
    return [event["message"] for event in answer["events"]]


def test_what_is_put_is_read_in_order(lab, logs):
    at = now_ms(lab)
    put(logs, (at, "a"), (at, "b"), (at + 1, "c"))
    assert texts(logs.get_log_events(**WHERE, startFromHead=True)) == ["a", "b", "c"]
    assert texts(logs.filter_log_events(logGroupName=GROUP)) == ["a", "b", "c"]


def test_events_too_old_and_too_new_are_passed_over_one_by_one(lab, logs):
    at, hour, day = now_ms(lab), 3_600_000, 86_400_000
    answer = put(logs, (at - 15 * day, "old"), (at, "kept"), (at + 3 * hour, "new"))
    assert answer["rejectedLogEventsInfo"] == {
        "tooNewLogEventStartIndex": 2,
        "tooOldLogEventEndIndex": 1,
    }
    assert texts(logs.get_log_events(**WHERE)) == ["kept"]


@pytest.mark.parametrize(
    ("shifts", "said"),
    [
        ([1, 0], "must be in chronological order"),
        ([-86_400_001, 0], "cannot span more than 24 hours"),
    ],
)
def test_a_batch_that_is_refused_whole(lab, logs, shifts, said):
    at = now_ms(lab)
    with pytest.raises(ClientError, match=said):
        put(logs, *[(at + shift, "x") for shift in shifts])
    assert texts(logs.get_log_events(**WHERE)) == []


def test_the_end_of_a_stream_is_the_token_that_comes_back(lab, logs):
    at = now_ms(lab)
    put(logs, *[(at + i, f"{i}") for i in range(7)])
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {"startFromHead": True}
        answer = logs.get_log_events(**WHERE, limit=3, **more)
        seen += texts(answer)
        if answer["nextForwardToken"] == token:
            break
        token = answer["nextForwardToken"]
    assert seen == list("0123456")


def test_filter_log_events_gives_each_event_once(lab, logs):
    logs.create_log_stream(logGroupName=GROUP, logStreamName="host-2")
    at = now_ms(lab)
    put(logs, *[(at + 2 * i, f"{2 * i}") for i in range(5)])
    logs.put_log_events(
        logGroupName=GROUP, logStreamName="host-2",
        logEvents=[{"timestamp": at + 2 * i + 1, "message": f"{2 * i + 1}"} for i in range(5)],
    )  # fmt: skip
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, limit=3)
    assert [text for page in pages for text in texts(page)] == [str(i) for i in range(10)]


def test_retention_takes_events_away_as_time_passes(lab, logs):
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    put(logs, (now_ms(lab), "line"))
    lab.advance(days=2)
    assert texts(logs.get_log_events(**WHERE)) == ["line"]
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 30
    lab.advance(days=1, seconds=1)
    assert texts(logs.get_log_events(**WHERE)) == []
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 0


def test_ten_days_are_no_retention(logs):
    with pytest.raises(ClientError, match=r"\[1, 3, 5, 7, 14, 30"):
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=10)


def test_a_past_comes_in_at_once(lab, logs):
    import numpy as np

    at = now_ms(lab) - np.arange(20_000)[::-1]
    lab.parts.logs.import_lines(
        "123456789012", "us-east-1", "/past", ["a", "b"], at, [f"l{i}" for i in range(20_000)],
        np.arange(20_000) % 2,
    )  # fmt: skip
    tail = logs.get_log_events(logGroupName="/past", logStreamName="b", limit=2)
    assert texts(tail) == ["l19997", "l19999"]


def test_a_loop_of_reads_waits_as_on_aws(lab, logs):
    put(logs, (now_ms(lab), "x"))
    lab.logs.throttle()
    before = lab.now
    for _ in range(20):
        assert texts(logs.filter_log_events(logGroupName=GROUP)) == ["x"]
    # Five at once, then five a second: boto3 tries again until it may.
    assert (lab.now - before).total_seconds() >= 2.5
    lab.logs.throttle(False)
    before = lab.now
    for _ in range(20):
        logs.filter_log_events(logGroupName=GROUP)
    assert (lab.now - before).total_seconds() < 0.1


def test_every_limit_that_is_published_is_asked():
    from pathlib import Path

    import labkit
    from labkit.quotas import quotas_of

    folder = Path(labkit.__file__).parent / "logs"
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    limits = {group: rows for group, rows in quotas_of("logs").items() if group != "rates"}
    names = [f"{group}.{name}" for group, rows in limits.items() for name in rows]
    assert [name for name in names if f'"{name}"' not in code] == []
