"""Deliveries that are tried again: timelines on exact virtual instants, dead letters."""

import itertools

import pytest
from backing_bench import ACCOUNT, START

from labkit.core.clock import SECOND
from labkit.core.delivery import RetryPolicy, Stage

WHO = "events.amazonaws.com"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
DEAD = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
EVEN = RetryPolicy(3, 86_400, (Stage(2, 10, 10), Stage(1, 100, 100)), jitter=0.0)


@pytest.fixture()
def sqs(bench):
    client = bench.client("sqs")
    for name in ("jobs", "dead"):
        client.create_queue(QueueName=name)
    return client


@pytest.fixture()
def trouble(bench, monkeypatch):
    """Breaks ``jobs`` as often as told; notes the tries, in seconds since the first."""
    backend = bench.world.backend("sqs", ACCOUNT, "us-east-1")
    kind, real = type(backend), type(backend).send_message
    tries, left = [], [0]

    def send(self, name, *args, **kwargs):
        if name == "jobs":
            tries.append(bench.clock.now_us)
            if left[0]:
                left[0] -= 1
                raise RuntimeError("out of order")
        return real(self, name, *args, **kwargs)

    monkeypatch.setattr(kind, "send_message", send)

    def broken(times):
        left[0] = times
        return lambda: [(at - tries[0]) / SECOND for at in tries]

    return broken


def messages(sqs, name):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    got = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])
    return [
        (m["Body"], {k: v["StringValue"] for k, v in m.get("MessageAttributes", {}).items()})
        for m in got
    ]


def send(bench, arn=QUEUE, retry=EVEN, dead=DEAD):
    return bench.ports.deliver_reliably(
        arn,
        "payload",
        WHO,
        retry=retry,
        dead_letter_arn=dead,
        dead_letter_attributes={"RULE_ARN": RULE, "TARGET_ARN": arn},
        source_arn=RULE,
    )


def finished(bench):
    return [dict(fact.data) for fact in bench.facts_of("delivery.finished")]


def test_what_works_at_once_is_over_at_once(bench, sqs):
    assert send(bench).ok
    assert messages(sqs, "jobs") == [("payload", {})]
    (end,) = finished(bench)
    assert (end["ok"], end["attempts"], end["dead_letter"]) == (True, 1, "")
    assert not bench.clock.pending()


def test_it_is_tried_again_until_it_works(bench, sqs, trouble):
    tries = trouble(2)
    first = send(bench)
    assert (first.ok, first.code, first.retryable) == (False, "InternalFailure", True)
    bench.advance(3600)
    assert tries() == [0, 10, 20]
    assert messages(sqs, "jobs") == [("payload", {})] and messages(sqs, "dead") == []
    (end,) = finished(bench)
    assert (end["ok"], end["attempts"]) == (True, 3)
    assert bench.facts_of("delivery.failed") == []


def test_after_the_last_retry_it_is_a_dead_letter(bench, sqs, trouble):
    tries = trouble(99)
    send(bench)
    bench.advance(3600)
    assert tries() == [0, 10, 20, 120]
    ((body, attributes),) = messages(sqs, "dead")
    assert body == "payload"
    assert attributes == {
        "RULE_ARN": RULE,
        "TARGET_ARN": QUEUE,
        "ERROR_CODE": "INTERNAL_ERROR",
        "ERROR_MESSAGE": "RuntimeError: out of order",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "3",
    }
    (failed,) = bench.facts_of("delivery.failed")
    assert failed.data["code"] == "InternalFailure"
    (end,) = finished(bench)
    assert (end["ok"], end["attempts"], end["dead_letter"]) == (False, 4, "sent")


def test_the_age_may_end_it_first_and_the_last_try_is_made_then(bench, sqs, trouble):
    tries = trouble(99)
    send(bench, retry=RetryPolicy(99, 60, (Stage(99, 25, 25),), jitter=0.0))
    bench.advance(3600)
    assert tries() == [0, 25, 50, 60]
    ((_, attributes),) = messages(sqs, "dead")
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert attributes["RETRY_ATTEMPTS"] == "3"


def test_what_trying_can_not_help_is_buried_at_once(bench, sqs):
    gone = f"arn:aws:sqs:us-east-1:{ACCOUNT}:gone"
    assert not send(bench, gone).retryable
    ((_, attributes),) = messages(sqs, "dead")
    assert attributes["ERROR_CODE"] == "NO_RESOURCE" and attributes["RETRY_ATTEMPTS"] == "0"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert not bench.clock.pending()


def test_no_retries_at_all(bench, sqs, trouble):
    tries = trouble(99)
    send(bench, retry=RetryPolicy(0, 86_400))
    bench.advance(3600)
    assert tries() == [0]
    assert messages(sqs, "dead")[0][1]["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"


def test_without_a_queue_it_is_dropped_and_said(bench, sqs, trouble):
    trouble(99)
    send(bench, dead="")
    bench.advance(3600)
    (end,) = finished(bench)
    assert (end["ok"], end["dead_letter"]) == (False, "")


def test_a_dead_letter_queue_that_is_gone_is_a_second_failure(bench, sqs):
    gone = f"arn:aws:sqs:us-east-1:{ACCOUNT}:gone"
    send(bench, gone, dead=gone)
    assert [fact.data["arn"] for fact in bench.facts_of("delivery.failed")] == [gone, gone]
    assert finished(bench)[-1]["dead_letter"] == "failed"


def test_a_day_of_eventbridges_own_retries(bench, sqs, trouble):
    """185 retries or 24 hours, whichever comes first; waits are spread, and the same each time."""
    tries = trouble(999)
    send(bench, retry=RetryPolicy())
    bench.advance(25 * 3600)
    times = tries()
    assert len(times) <= 186 and times[-1] <= 86_400 and times[-1] > 20 * 3600
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert 0.75 <= gaps[0] <= 1.25 and gaps[0] != 1
    assert all(360 <= gap <= 600 for gap in gaps[10:-1])
    assert len(set(gaps[10:-1])) > 100


def test_equal_worlds_wait_equally(make_bench, monkeypatch):
    def pending(seed):
        bench = make_bench(seed, START)
        bench.client("sqs").create_queue(QueueName="jobs")
        backend = bench.world.backend("sqs", ACCOUNT, "us-east-1")
        with monkeypatch.context() as patch:
            patch.setattr(type(backend), "send_message", lambda *a, **k: 1 / 0)
            bench.ids.begin("a cause")
            for _ in range(2):
                send(bench, retry=RetryPolicy(), dead="")
            waiting = bench.clock.pending()
        return waiting

    first, again, other = pending("0"), pending("0"), pending("1")
    assert first == again and first != other
    # Two that are equal in all else draw apart, or they would draw the same ids.
    assert first[0] != first[1]
