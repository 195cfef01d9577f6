"""Nothing accepted is lost, the order holds, and both reading APIs give each event exactly once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.logs.engine.batch import clean
from labkit.logs.events import Events

GROUP = "/shop/app"
HOUR = 3_600_000

#: Batches: stream, minutes of virtual time before it, offsets of its events in milliseconds.
BATCHES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 90),
        st.lists(st.integers(-20 * HOUR, HOUR), min_size=1, max_size=6).map(sorted),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def forwards(logs, stream, limit):
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {"startFromHead": True}
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, limit=limit, **more)
        seen += page["events"]
        if page["nextForwardToken"] == token:
            return seen
        token = page["nextForwardToken"]


def backwards(logs, stream, limit):
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, limit=limit, **more)
        seen = page["events"] + seen
        if page["nextBackwardToken"] == token:
            return seen
        token = page["nextBackwardToken"]


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(BATCHES, st.integers(1, 7), st.sampled_from(["", "odd"]))
def test_each_event_exactly_once_in_order(batches, limit, pattern):
    with labkit.Lab() as lab:
        logs = lab.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        for name in "abc":
            logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
        put, count = [], 0
        for stream, minutes, offsets in batches:
            lab.advance(minutes=minutes)
            now = lab.world.clock.now_us // 1000
            events = []
            for offset in offsets:
                events.append({"timestamp": now + offset, "message": f"{count}"})
                count += 1
            logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
            put += [(event["timestamp"], stream, event["message"]) for event in events]
        # Events of one millisecond stand in the order in which they came; the sort is stable.
        put.sort(key=lambda event: event[0])

        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, limit=limit)
        found = [event for page in pages for event in page["events"]]
        assert [(e["timestamp"], e["logStreamName"], e["message"]) for e in found] == put
        assert len({event["eventId"] for event in found}) == len(put)
        ids = [event["eventId"] for event in found]
        assert ids == sorted(ids)
        for name in "abc":
            mine = [(at, text) for at, stream, text in put if stream == name]
            for read in (forwards, backwards):
                assert [(e["timestamp"], e["message"]) for e in read(logs, name, limit)] == mine


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 50), max_size=5)), max_size=12),
    st.integers(0, 50), st.integers(0, 50), st.data(),
)  # fmt: skip
def test_columns_agree_with_a_plain_list(batches, start, end, data):
    events, plain = Events(), []
    for came, (stream, stamps) in enumerate(batches):
        texts = [f"{came}.{i} é" for i in range(len(stamps))]
        if data.draw(st.booleans()) and stamps:
            events.extend(stamps, texts, stream, [came] * len(stamps))
        elif stamps:
            events.append(stream, stamps, texts, came)
        plain += [(at, came, stream, t) for at, t in zip(stamps, texts, strict=True)]
    numbered = [(*row[:2], seq, *row[2:]) for seq, row in enumerate(plain)]
    wanted = sorted(row for row in numbered if start <= row[0] < end)
    found = [(r.at_ms, r.ingested_ms, r.seq, r.stream, r.message) for r in events.scan(start, end)]
    assert found == wanted
    assert events.stored_bytes(start) == sum(
        len(row[4].encode()) + 26 for row in numbered if row[0] >= start
    )


def test_control_signs_and_ends_of_lines_are_kept(lab):
    logs = lab.client("logs")
    where = {"logGroupName": "g", "logStreamName": "s"}
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(**where)
    at = lab.world.clock.now_us // 1000
    texts = ["\x00\x01\x1b[31mred", "a\nb\r\n", "💥"]
    logs.put_log_events(**where, logEvents=[{"timestamp": at, "message": text} for text in texts])
    found = [e["message"] for e in logs.get_log_events(**where)["events"]]
    assert found == texts


def test_half_a_surrogate_pair_becomes_what_utf8_can_hold():
    assert clean("half \ud83d, whole 💥") == "half \ufffd, whole 💥"


@pytest.mark.parametrize(
    ("count", "size", "fits"),
    [(1, 1_048_550, True), (1, 1_048_551, False), (10_000, 78, True), (10_001, 1, False)],
)
def test_the_size_of_a_batch(lab, count, size, fits):
    from botocore.exceptions import ClientError

    logs = lab.client("logs")
    where = {"logGroupName": "g", "logStreamName": "s"}
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(**where)
    at = lab.world.clock.now_us // 1000
    events = [{"timestamp": at, "message": "x" * size}] * count
    if fits:
        logs.put_log_events(**where, logEvents=events)
        total = logs.describe_log_groups()["logGroups"][0]["storedBytes"]
        assert total == count * (size + 26)
    else:
        with pytest.raises(ClientError, match="InvalidParameterException"):
            logs.put_log_events(**where, logEvents=events)
