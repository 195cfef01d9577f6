"""The relay of an X-Ray daemon: batches, rounds of a second, retries, spill-over, telemetry."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.agents.xray_relay import Failure, Relay, backoff_s, opened
from labkit.agents.xray_shift import Offsets, moved

SECOND = 1_000_000
MS = 1_000


class Service:
    """X-Ray, as a relay sees it: takes batches, or fails as it is told."""

    def __init__(self):
        self.batches, self.records, self.failures = [], [], []
        self.unprocessed = []

    def put(self, documents):
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(list(documents))
        return self.unprocessed

    def report(self, records):
        if self.failures:
            raise self.failures.pop(0)
        self.records += records


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def relay(service):
    return Relay(service.put, service.report, 0)


def sizes(service):
    return [len(one) for one in service.batches]


def passing(relay, until_us):
    """Let a relay do everything that is due until an instant; when it did something."""
    at = []
    while (due := relay.due_us()) is not None and due <= until_us:
        at.append(due)
        relay.run(due)
    return at


DENIED = Failure("AccessDeniedException", "not authorized to perform: xray:PutTraceSegments", 403)
THROTTLED = Failure("ThrottledException", "Rate exceeded", 429)
DOWN = Failure("RequestError", "connection refused")


@pytest.mark.parametrize(
    ("datagram", "document", "why"),
    [
        (b'{"format":"json","version":1}\n{"id":"1"}', '{"id":"1"}', ""),
        (b'{"format": "json", "version": 1}\n{}', "{}", ""),
        (b'{"Format":"JSON","Version":1}\n{}', "{}", ""),
        (b'{"version":1,"format":"json","more":2}\n{}', "{}", ""),
        (b'{"format":"json","version":1}\n{"a":\n1}', '{"a":\n1}', ""),
        (b'{"format":"json","version":1}', "", "Missing header or segment"),
        (b'{"format":"json","version":1}\n', "", "Missing header or segment"),
        (b'{"format":"jso', "", "Missing header or segment"),
        (b"", "", "Missing header or segment"),
        (b'{"format":"json","version":2}\n{}', "", "Invalid header"),
        (b'{"format":"json","version":"1"}\n{}', "", "Invalid header"),
        (b'{"format":"json","version":true}\n{}', "", "Invalid header"),
        (b'{"format":"xml","version":1}\n{}', "", "Invalid header"),
        (b'{"format":"json"}\n{}', "", "Invalid header"),
        (b"[]\n{}", "", "Invalid header"),
        (b"\xff\xfe\n{}", "", "Invalid header"),
        (b"[" * 60_000 + b"\n{}", "", "Invalid header"),
        (b'{"format":"json","version":1}\n\xff\xfe', "", "Segment is not UTF-8"),
        (b'{"format":"json","version":1}\n' + b"x" * 65_537, "", "Segment too large"),
    ],
)
def test_a_datagram_is_a_header_a_line_feed_and_a_document(datagram, document, why):
    assert opened(datagram) == (document, why)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_no_datagram_breaks_the_door(datagram):
    document, why = opened(datagram)
    assert bool(why) or document


def test_fifty_go_at_once_and_the_rest_at_the_end_of_the_round(relay, service):
    relay.receive([str(n) for n in range(120)], 400 * MS)
    assert sizes(service) == [50, 50]
    # The sending at 0.4 s began a new round, so what is left goes a second after it.
    assert relay.due_us() == 1400 * MS
    relay.run(1399 * MS)
    assert relay.waiting == 20
    relay.run(1400 * MS)
    assert sizes(service) == [50, 50, 20]
    assert [one for batch in service.batches for one in batch] == [str(n) for n in range(120)]


@pytest.mark.parametrize(("arrives", "goes"), [(0, 1000), (1, 1000), (999, 1000), (1000, 2000)])
def test_rounds_go_on_while_nothing_comes_so_a_lone_segment_waits_less(service, arrives, goes):
    relay = Relay(service.put, service.report, 0)
    relay.receive(["one"], 7 * SECOND + arrives * MS)
    assert relay.due_us() == 7 * SECOND + goes * MS


def test_what_can_pass_is_tried_three_times_more(relay, service):
    service.failures = [THROTTLED, DOWN, Failure("InternalFailure", "", 500)]
    relay.receive(["a"], 0)
    # At the end of the round, then after 0.1, 0.2 and 0.4 s.
    assert passing(relay, 2 * SECOND) == [1000 * MS, 1100 * MS, 1300 * MS, 1700 * MS]
    assert sizes(service) == [1]
    assert relay.counters.sent == 1
    assert relay.counters.lost == 0
    assert relay.counters.failures == 3


def test_a_batch_is_given_up_after_four_attempts(relay, service):
    service.failures = [THROTTLED] * 4
    relay.receive(["a", "b"], 0)
    passing(relay, 5 * SECOND)
    assert service.batches == []
    assert relay.counters.lost == 2
    assert relay.waiting == 0


def test_what_is_denied_is_lost_at_once_and_the_log_says_so(relay, service):
    service.failures = [DENIED]
    relay.receive(["a"], 0)
    passing(relay, 1 * SECOND)
    relay.receive(["b"], 1 * SECOND)
    passing(relay, 3 * SECOND)
    assert service.batches == [["b"]]
    assert relay.counters.lost == 1
    assert (
        "1970-01-01T00:00:01Z [Error] Sending segment batch failed with: AccessDeniedException: "
        "not authorized to perform: xray:PutTraceSegments"
    ) in relay.lines


def test_after_ten_failures_the_next_batches_wait(relay, service):
    assert [backoff_s(n) for n in (1, 10, 11, 12, 13, 15, 16, 17, 900)] == [
        0, 0, 1, 2, 4, 16, 30, 30, 30,
    ]  # fmt: skip
    service.failures = [DENIED] * 12
    relay.receive([str(n) for n in range(50 * 12)], 0)
    assert relay.counters.lost == 50 * 11
    assert relay.waiting == 50
    assert relay.due_us() == 1 * SECOND
    passing(relay, 1 * SECOND)
    assert relay.counters.lost == 50 * 12
    relay.receive([str(n) for n in range(50)], 2 * SECOND)
    assert service.batches == []  # waits two seconds
    passing(relay, 3 * SECOND)
    assert sizes(service) == [50]


def test_twenty_batches_wait_and_the_oldest_make_room(relay, service):
    service.failures = [THROTTLED]
    relay.receive([str(n) for n in range(50 * 23)], 0)
    assert relay.waiting == 50 * 20
    assert relay.counters.spilled == 50 * 3
    passing(relay, 1 * SECOND)
    assert service.batches[0][0] == "150"
    assert sizes(service) == [50] * 20
    assert any("Spilling over 50 segments" in line for line in relay.lines)


def test_unprocessed_segments_are_told_and_dropped(relay, service):
    service.unprocessed = [{"Id": "abc", "ErrorCode": "MissingTraceId", "Message": "Invalid"}]
    relay.receive(["a", "b"], 0)
    passing(relay, 1 * SECOND)
    counters = relay.counters
    assert (counters.sent, counters.unprocessed, counters.rejected) == (2, 1, 1)
    assert (
        '1970-01-01T00:00:01Z [Error] Unprocessed segment: { ErrorCode: "MissingTraceId", '
        'Id: "abc", Message: "Invalid" }'
    ) in relay.lines


def test_telemetry_tells_each_minute_in_which_something_came(relay, service):
    relay.receive(["a"] * 60, 5 * SECOND)
    relay.refuse("Invalid header", 6 * SECOND, 3)
    relay.spill(2, 7 * SECOND)
    assert passing(relay, 10 * 60 * SECOND)[-1] == 60 * SECOND
    [record] = service.records
    assert record == {
        "Timestamp": 60.0,
        "SegmentsReceivedCount": 65,
        "SegmentsSentCount": 60,
        "SegmentsSpilloverCount": 2,
        "SegmentsRejectedCount": 3,
        "BackendConnectionErrors": {
            "TimeoutCount": 0, "ConnectionRefusedCount": 0, "HTTPCode4XXCount": 0,
            "HTTPCode5XXCount": 0, "UnknownHostCount": 0, "OtherCount": 0,
        },
    }  # fmt: skip
    assert relay.due_us() is None
    relay.receive(["b"], 130 * SECOND)
    passing(relay, 600 * SECOND)
    assert [one["Timestamp"] for one in service.records] == [60.0, 180.0]
    assert service.records[1]["SegmentsReceivedCount"] == 1


def test_a_record_that_is_not_taken_goes_with_the_next(relay, service):
    relay.receive(["a"], 0)
    passing(relay, 59 * SECOND)
    service.failures = [DENIED]
    passing(relay, 60 * SECOND)
    assert service.records == []
    assert relay.due_us() is None  # not again each minute, for ever
    relay.receive(["b"], 100 * SECOND)
    passing(relay, 200 * SECOND)
    assert [one["SegmentsReceivedCount"] for one in service.records] == [1, 1]
    assert service.records[1]["BackendConnectionErrors"]["HTTPCode4XXCount"] == 1


def test_stopping_sends_what_is_there(relay, service):
    relay.receive(["a", "b"], 0)
    relay.stop(300 * MS)
    assert service.batches == [["a", "b"]]
    assert len(service.records) == 1
    assert relay.due_us() is None


def test_what_can_not_be_sent_at_the_end_goes_at_the_next_start(relay, service):
    service.failures = [DOWN] * 3
    relay.receive([str(n) for n in range(70)], 0)
    relay.stop(10 * MS)
    assert service.batches == []
    assert relay.waiting == 70
    relay.run(100 * SECOND)
    assert service.batches == []  # it is stopped
    relay.start(200 * SECOND)
    passing(relay, 201 * SECOND)
    assert sizes(service) == [50, 20]
    assert [one for batch in service.batches for one in batch] == [str(n) for n in range(70)]
    assert relay.counters.lost == relay.counters.spilled == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("receive"), st.integers(0, 130)),
            st.tuples(st.just("pass"), st.integers(1, 3_000)),
            st.tuples(st.just("fail"), st.sampled_from([DENIED, THROTTLED, DOWN])),
            st.tuples(st.just("stop"), st.just(0)),
        ),
        max_size=25,
    )
)
def test_nothing_is_lost_without_being_counted(deeds):
    service = Service()
    relay = Relay(service.put, service.report, 0)
    now_us = made = 0
    for deed, what in deeds:
        if deed == "receive":
            relay.receive([str(made + n) for n in range(what)], now_us)
            made += what
        elif deed == "pass":
            passing(relay, now_us := now_us + what * MS)
        elif deed == "fail":
            service.failures.append(what)
        else:
            relay.stop(now_us)
            relay.start(now_us)
        c = relay.counters
        assert c.received == made == c.sent + c.lost + c.spilled + relay.waiting
        sent = [int(one) for batch in service.batches for one in batch]
        assert len(set(sent)) == len(sent) == c.sent
    service.failures.clear()
    passing(relay, now_us + 60 * SECOND)
    assert relay.waiting == 0


# -- traces of another time
def segment(**more):
    times = {"start_time": 1764322192.25, "end_time": 1764322193.5}
    return {"trace_id": "1-69296b90-0", **times, **more}


NOW = 1767603600 * SECOND


def test_a_trace_of_another_time_ends_now_and_keeps_its_lengths():
    offsets = Offsets()
    nested = segment(subsegments=[segment(subsegments=[segment(), "odd"])], metadata={"a": 1})
    found = json.loads(offsets.moved(json.dumps(nested), NOW))
    assert found["end_time"] == 1767603600.0
    assert found["start_time"] == 1767603598.75
    assert found["subsegments"][0]["subsegments"][0]["start_time"] == 1767603598.75
    assert found["subsegments"][0]["subsegments"][1] == "odd"
    assert found["trace_id"] == "1-69296b90-0"
    assert found["metadata"] == {"a": 1}


def test_all_segments_of_a_trace_move_by_what_the_first_moved():
    offsets = Offsets()
    assert offsets.of(segment(), NOW) == NOW - round(1764322193.5 * SECOND)
    later = segment(start_time=1764322192.0, end_time=1764322200.0)
    assert offsets.of(later, NOW + 999 * SECOND) == NOW - round(1764322193.5 * SECOND)
    other = segment(trace_id="1-69296b90-1")
    assert offsets.of(other, NOW + SECOND) == NOW + SECOND - round(1764322193.5 * SECOND)


def test_a_segment_in_progress_began_now():
    begun = {"trace_id": "1-2-3", "start_time": 5.0, "in_progress": True}
    assert moved(begun, Offsets().of(begun, NOW))["start_time"] == 1767603600.0


@pytest.mark.parametrize("seconds", [-300, -1, 0, 300])
def test_a_program_that_knows_the_labs_time_is_left_alone(seconds):
    text = json.dumps(segment(end_time=NOW / SECOND + seconds))
    assert Offsets().moved(text, NOW) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", "{", '{"trace_id": 3}', '{"trace_id": "a"}', "[" * 100_000,
        '{"trace_id": "a", "end_time": "x", "start_time": true}',
        '{"trace_id": "a", "end_time": 1e300}',
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_segment_is_left_as_it_is(text):
    assert Offsets().moved(text, NOW) == text


def test_a_flood_at_one_instant_needs_no_queue_while_xray_takes_it(relay, service):
    relay.receive([str(n) for n in range(5_000)], 0)
    assert sizes(service) == [50] * 100
    assert relay.counters.spilled == 0
