"""Streams of events: read by botocore's own decoder, in process and over HTTP."""

import socket
import struct
import threading
import time
from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import EventStreamError
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.core.errors import AwsError
from labkit.gateway.event_stream import message
from labkit.serve import Service

TEXT = st.text(max_size=40)
VALUES = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40)
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.dictionaries(st.text("abc:-", min_size=1, max_size=9), VALUES, max_size=4),
                  st.binary(max_size=60)), max_size=4
    ),
    st.integers(1, 50),
)  # fmt: skip
def test_what_is_written_is_read_by_botocore_however_it_is_cut(messages, size):
    data = b"".join(message(headers, payload) for headers, payload in messages)
    buffer, read = EventStreamBuffer(), []
    for place in range(0, len(data), size):
        buffer.add_data(data[place : place + size])
        read += list(buffer)
    assert [(m.headers, m.payload) for m in read] == messages


def test_a_moment_is_in_milliseconds():
    moment = datetime(2026, 1, 5, 9, 0, 0, 250_000, UTC)
    buffer = EventStreamBuffer()
    buffer.add_data(message({"at": moment}))
    (read,) = buffer
    assert read.headers == {"at": 1_767_603_600_250}


def test_the_layout_to_the_byte():
    """One header ``a`` of text ``b``, payload ``c``: 23 bytes, 6 of them headers."""
    data = message({"a": "b"}, b"c")
    assert data[:8] == struct.pack(">II", 23, 6)
    assert data[12:17] == b"\x01a\x07\x00\x01" and data[17:19] == b"bc"


# -- an operation that answers with a generator ----------------------------------------------------
SEEN_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def tail(ended, fail=""):
    """A Live Tail of three updates, a second of virtual time apart."""

    def start_live_tail(call, /, *, logGroupIdentifiers, **more):
        def events():
            try:
                yield {"sessionStart": {"sessionId": "s", "logGroupIdentifiers": ["tea"]}}
                for i in range(3):
                    yield None
                    yield {
                        "sessionUpdate": {
                            "sessionMetadata": {"sampled": False},
                            "sessionResults": [{"message": f"tea {i} ü", "timestamp": i}],
                        }
                    }
                if fail:
                    raise AwsError(fail, "it is late")
            finally:
                ended.set()

        return {"responseStream": events()}

    return start_live_tail


def select(call, /, **params):
    def events():
        yield {"Records": {"Payload": b"a,b\n\x00"}}
        yield {"Cont": {}}
        yield {"Progress": {"Details": {"BytesScanned": 5, "BytesReturned": 5}}}
        yield {"Stats": {"Details": {"BytesScanned": 9, "BytesProcessed": 9}}}
        yield {"End": {}}

    return {"Payload": events()}


@pytest.fixture
def ended():
    return threading.Event()


@pytest.fixture
def tailing(ended, monkeypatch):
    """A lab whose dispatch has operations that stream; ``tailing(fail)``."""
    labs = []

    def make(fail=""):
        lab = labkit.Lab(active=False)
        labs.append(lab)
        mine = {
            ("logs", "StartLiveTail"): tail(ended, fail),
            ("s3", "SelectObjectContent"): select,
        }
        lab.dispatch._operations = {**lab.dispatch._operations, **mine}
        return lab

    yield make
    for lab in labs:
        lab.close()


TAIL = {"logGroupIdentifiers": ["arn:aws:logs:us-east-1:123456789012:log-group:tea"]}
SELECT = {
    "Bucket": "teapot", "Key": "k", "ExpressionType": "SQL", "Expression": "SELECT * FROM S3Object",
    "InputSerialization": {"CSV": {}}, "OutputSerialization": {"CSV": {}},
}  # fmt: skip


@pytest.fixture
def over_http():
    """A client of a service over HTTP; its answer's stream is closed after the test."""
    clients, streams = [], []

    def make(service, name):
        key = service.lab.identities.learner().access_key_id
        client = boto3.client(
            name, region_name="us-east-1", endpoint_url=service.url, aws_access_key_id=key,
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 0}, inject_host_prefix=False),
        )  # fmt: skip
        client.meta.events.register(
            "after-call",
            lambda parsed, **_: streams.append(parsed.get("responseStream", parsed.get("Payload"))),
        )
        clients.append(client)
        return client

    yield make
    for stream in streams:
        stream.close()
    for client in clients:
        client.close()


def told(events):
    return [
        event["sessionUpdate"]["sessionResults"][0]["message"]
        for event in events
        if "sessionUpdate" in event
    ]


def test_in_process_a_loop_over_the_events_lets_time_pass(tailing, ended):
    lab = tailing()
    before = lab.now
    got = lab.client("logs").start_live_tail(**TAIL)["responseStream"]
    events = list(got)
    assert list(events[0]) == ["sessionStart"]
    assert told(events) == ["tea 0 ü", "tea 1 ü", "tea 2 ü"]
    assert (lab.now - before).total_seconds() == pytest.approx(3.001)
    assert ended.is_set() and list(got) == []


def test_a_stream_can_be_closed_early(tailing, ended):
    got = tailing().client("logs").start_live_tail(**TAIL)["responseStream"]
    assert "sessionStart" in next(iter(got))
    got.close()
    assert ended.is_set() and list(got) == []


@pytest.mark.parametrize("code", ["SessionTimeoutException", "SomethingElse"])
def test_an_error_in_the_stream_is_botocores(tailing, code, over_http):
    lab = tailing(code)
    got = [lab.client("logs").start_live_tail(**TAIL)["responseStream"]]
    with Service(lab, speed=1000) as service:
        got.append(over_http(service, "logs").start_live_tail(**TAIL)["responseStream"])
        for stream in got:
            with pytest.raises(EventStreamError, match=f"{code}.*it is late"):
                list(stream)


def test_over_http_it_waits_for_whoever_steps_the_clock(tailing, ended, over_http):
    lab = tailing()
    with Service(lab) as service:
        got = over_http(service, "logs").start_live_tail(**TAIL)["responseStream"]
        events = []
        thread = threading.Thread(target=lambda: events.extend(got))
        thread.start()
        deadline = time.monotonic() + 60
        for count in range(4):
            while len(events) <= count and time.monotonic() < deadline:
                time.sleep(0.005)
            assert len(events) == count + 1 and not (count < 3 and ended.is_set())
            service.live.advance(1)
        thread.join(60)
        assert told(events) == ["tea 0 ü", "tea 1 ü", "tea 2 ü"]


def test_in_the_live_mode_it_comes_by_itself(tailing, over_http):
    lab = tailing()
    with Service(lab, speed=100) as service:
        got = over_http(service, "logs").start_live_tail(**TAIL)["responseStream"]
        assert told(got) == ["tea 0 ü", "tea 1 ü", "tea 2 ü"]


def test_a_client_that_leaves_and_a_server_that_stops_end_the_stream(tailing, ended, over_http):
    lab = tailing()
    with Service(lab) as service:
        got = over_http(service, "logs").start_live_tail(**TAIL)["responseStream"]
        assert "sessionStart" in next(iter(got))
        got.close()
        assert ended.wait(60), "the client left, the stream went on"
        ended.clear()
        over_http(service, "logs").start_live_tail(**TAIL)
    assert ended.wait(60), "the server stopped, the stream went on"


def test_events_of_s3_have_headers_bytes_xml_and_nothing(tailing, over_http):
    lab = tailing()
    with Service(lab) as service:
        for client in (lab.client("s3"), over_http(service, "s3")):
            assert list(client.select_object_content(**SELECT)["Payload"]) == [
                {"Records": {"Payload": b"a,b\n\x00"}},
                {"Cont": {}},
                {"Progress": {"Details": {"BytesScanned": 5, "BytesReturned": 5}}},
                {"Stats": {"Details": {"BytesScanned": 9, "BytesProcessed": 9}}},
                {"End": {}},
            ]


def test_the_backings_own_stream_goes_through_both_doors(over_http):
    with labkit.Lab(active=False) as lab, Service(lab) as service:
        s3 = lab.client("s3")
        s3.create_bucket(Bucket="teapot")
        s3.put_object(Bucket="teapot", Key="k", Body=b"name,cups\ngreen,3\n")
        ask = SELECT | {"InputSerialization": {"CSV": {"FileHeaderInfo": "USE"}}}
        for client in (s3, over_http(service, "s3")):
            events = list(client.select_object_content(**ask)["Payload"])
            assert b"green,3" in b"".join(e["Records"]["Payload"] for e in events if "Records" in e)


def test_a_host_with_an_injected_prefix_is_answered(tailing):
    """``streaming-logs.`` before the endpoint's host, as an SDK sends it where it resolves."""
    lab = tailing("SessionTimeoutException")
    with Service(lab, speed=1000) as service:
        body = b'{"logGroupIdentifiers":["tea"]}'
        with socket.create_connection(("127.0.0.1", service.server.port), 10) as connection:
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: streaming-logs.localhost:%d\r\n"
                b"X-Amz-Target: Logs_20140328.StartLiveTail\r\nContent-Length: %d\r\n\r\n%b"
                % (service.server.port, len(body), body)
            )
            got = b""
            while more := connection.recv(65536):
                got += more
    head, _, chunks = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"application/vnd.amazon.eventstream" in head and b"initial-response" in chunks
    assert b"SessionTimeoutException" in chunks and chunks.endswith(b"0\r\n\r\n")
