"""Bad clients: the server answers as AWS does or drops them, stays up, and loses nothing."""

import contextlib
import gzip
import json
import random
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import LIST, client_of


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), 400),
        (b"\x00\xff\xfe garbage", 400),
        (b"hello there\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"BREW / HTTP/1.1\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nno header here\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: brotli\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000, 431),
        (b"G" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\x00: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 0x2\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2,2\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 9000, 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 20_000, 431),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n", 413),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else "",
)
def test_what_is_no_request_is_told_so_and_closed(raw, data, status):
    assert raw(data).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    "data", [b"", b"GET", LIST[:20], LIST[:-1], b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
def test_half_a_request_is_dropped_after_a_while(raw, data):
    if data:
        assert raw(data) == b""
    raw(data, read=False)  # and a client that leaves


def test_a_slow_client_is_dropped_however_busy_it_looks(service, raw):
    with socket.create_connection(("127.0.0.1", service.server.port), 20) as connection:
        connection.settimeout(0.1)
        for byte in LIST:
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("it was served")


def test_a_client_that_leaves_before_its_answer(service, raw):
    seen = service.lab.dispatch.seen
    raw(LIST.replace(b"ListMetrics", b"DescribeAlarms"), read=False)
    deadline = time.monotonic() + 60
    while service.lab.dispatch.seen == seen and time.monotonic() < deadline:
        time.sleep(0.01)
    assert service.lab.dispatch.seen == seen + 1


# -- requests that are HTTP and no sense ----------------------------------------------------------
PUT_TARGET = b"GraniteServiceVersion20100801.PutMetricData"


def asking(body, *headers, target=PUT_TARGET):
    lines = [b"POST / HTTP/1.1", b"Host: x", b"Connection: close", b"X-Amz-Target: " + target]
    return b"\r\n".join([*lines, *headers, b"Content-Length: %d" % len(body), b"", body])


def code(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["__type"]


TEN_MEGABYTES = random.Random(0).randbytes(10_000_000)


def test_ten_megabytes_of_garbage(raw):
    assert code(raw(asking(TEN_MEGABYTES))) == (400, "SerializationException")
    chunked = asking(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk = b"%x\r\n%b\r\n" % (1_000_000, TEN_MEGABYTES[:1_000_000])
    assert code(raw(chunked + chunk * 10 + b"0\r\n\r\n")) == (400, "SerializationException")


def test_ten_megabytes_of_sense(raw):
    """A metric name of ten megabytes is refused by its length, like AWS's."""
    body = json.dumps(
        {"Namespace": "N", "MetricData": [{"MetricName": "m" * 10_000_000, "Value": 1}]}
    ).encode()
    status, name = code(raw(asking(body)))
    assert status == 400 and name.endswith(("InvalidParameterValueException", "ValidationError"))


def test_a_body_that_grows_when_it_is_unpacked(raw, monkeypatch):
    monkeypatch.setattr("labkit.gateway.wire.MOST_INFLATED", 1_000_000)
    bomb = gzip.compress(bytes(50_000_000))
    told = raw(asking(bomb, b"Content-Encoding: gzip"))
    assert code(told) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    ("target", "body", "told"),
    [
        (b"GraniteServiceVersion20100801.Nothing", b"{}", (400, "UnknownOperationException")),
        (b"AmazonSQS.PutMetricData", b"{}", (400, "UnknownOperationException")),
        (b"", b"{}", (400, "UnknownOperationException")),
        (b".....", b"{}", (400, "UnknownOperationException")),
        (b"GraniteServiceVersion20100801.PutMetricData", b"null", (400, "SerializationException")),
        (
            b"GraniteServiceVersion20100801.PutMetricData",
            b"<xml/>",
            (400, "SerializationException"),
        ),
    ],
)
def test_a_wrong_target_or_body(raw, target, body, told):
    assert code(raw(asking(body, target=target))) == told


def test_a_host_that_nobody_knows_is_answered_by_what_the_request_says(raw):
    request = LIST.replace(b"Host: x", b"Host: teapot.example:99\r\nConnection: close")
    assert raw(request).startswith(b"HTTP/1.1 200")
    bare = b"GET / HTTP/1.1\r\nHost: teapot.example\r\nConnection: close\r\n\r\n"
    assert code(raw(bare)) == (403, "MissingAuthenticationToken")


def test_many_headers_that_still_fit(raw):
    flood = b"".join(b"X-%d: y\r\n" % i for i in range(3000))
    request = LIST.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n" + flood)
    assert raw(request).startswith(b"HTTP/1.1 200")


# -- requests in a row ----------------------------------------------------------------------------
def test_what_is_good_before_a_bad_one_is_answered_and_nothing_after_it(service, raw):
    seen = service.lab.dispatch.seen
    told = raw(LIST * 30 + b"BREW / HTTP/1.1\r\n\r\n" + LIST * 30)
    assert told.count(b"HTTP/1.1 200 OK") == 30 and told.count(b"HTTP/1.1 501") == 1
    assert told.index(b"501") > told.rindex(b"200 OK")
    assert service.lab.dispatch.seen == seen + 30


def test_a_second_request_hidden_behind_the_first_ones_length(raw):
    """A length that is too short makes the rest a request of its own, and it is none."""
    told = raw(LIST.replace(b"Content-Length: 2", b"Content-Length: 1"))
    assert b"SerializationException" in told and told.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 Bad Request" in told


def test_a_client_that_does_not_read_holds_nobody_up(service):
    """Its answers fill the socket; it is dropped, and others are answered meanwhile."""
    cloudwatch = client_of(service, "cloudwatch")
    many = [{"MetricName": f"{i:0200}", "Value": 1} for i in range(500)]
    cloudwatch.put_metric_data(Namespace="N", MetricData=many)
    with socket.create_connection(("127.0.0.1", service.server.port), 20) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(LIST * 200)  # 25 MB of answers
        assert len(cloudwatch.list_metrics()["Metrics"]) == 500
        deadline = time.monotonic() + 60
        while len(service.server._open) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(service.server._open) == 1, "the deaf client is still served"
    assert len(cloudwatch.list_metrics()["Metrics"]) == 500
    cloudwatch.close()


def test_a_long_path_is_a_key_that_is_not_there(raw):
    path = b"/bucket" + b"/a" * 20_000
    told = raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 4")


def test_many_clients_that_say_nothing_and_one_that_asks(service, raw):
    silent = [socket.create_connection(("127.0.0.1", service.server.port), 20) for _ in range(100)]
    try:
        for one in silent[:50]:
            one.sendall(LIST[:30])
        request = LIST.replace(b"Host: x", b"Host: x\r\nConnection: close")
        assert raw(request).startswith(b"HTTP/1.1 200")
    finally:
        for one in silent:
            one.close()


def test_more_connections_than_there_is_room_for(service):
    service.server.most_connections = 3
    first = [socket.create_connection(("127.0.0.1", service.server.port), 20) for _ in range(3)]
    for one in first:
        one.sendall(LIST)
        assert one.recv(1000).startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", service.server.port), 20) as late:
        late.settimeout(10)
        with contextlib.suppress(ConnectionError):
            assert late.recv(100) == b""
    for one in first:
        one.sendall(LIST)
        assert one.recv(1000).startswith(b"HTTP/1.1 200")
        one.close()


@given(data=st.binary(max_size=200), cut=st.integers(0, len(LIST)))
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_any_bytes_before_or_inside_a_request(data, cut):
    """One server for all of them: it answers or closes, and a good request goes through after."""
    with socket.create_connection(("127.0.0.1", _fuzzed().port), 20) as connection:
        connection.sendall(LIST[:cut] + data + LIST[cut:])
        connection.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionError):
            while more := connection.recv(65536):
                got += more
        assert got == b"" or got.startswith(b"HTTP/1.1 ")
    with socket.create_connection(("127.0.0.1", _fuzzed().port), 20) as connection:
        connection.sendall(LIST)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


_servers = []


def _fuzzed():
    return _servers[-1].server


@pytest.fixture(scope="module", autouse=True)
def _one_server_for_the_fuzz():
    import labkit
    from labkit.serve import Service

    lab = labkit.Lab(active=False)
    with Service(lab, patience=1.0) as service:
        _servers.append(service)
        yield
    lab.close()
