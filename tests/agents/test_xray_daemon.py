"""The X-Ray daemon of a lab, over real sockets: ports, instants, roles, and worlds played again."""

import json
import socket

import pytest

from labkit import Lab
from labkit.agents.xray_relay import opened
from labkit.agents.xray_udp import Datagrams
from labkit.core.errors import LabError

HEADER = b'{"format":"json","version":1}\n'
WRITE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:GetSamplingStatisticSummaries",
            ],
            "Resource": "*",
        }
    ],
}


def trust(service):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )


def make_role(lab, name="daemon", service="ec2.amazonaws.com", policy=None):
    iam = lab.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=json.dumps(policy))
    return name


def document(number=1, **more):
    """A segment of November, as a program whose clock is the machine's would send it."""
    return {
        "name": "cart",
        "id": f"{number:016x}",
        "trace_id": f"1-69296b90-{number:024x}",
        "start_time": 1764322192.5,
        "end_time": 1764322193.0,
        **more,
    }


@pytest.fixture
def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

        def _send(daemon, *datagrams):
            for one in datagrams:
                raw = one if isinstance(one, bytes) else HEADER + json.dumps(one).encode()
                sender.sendto(raw, daemon.address)

        yield _send


@pytest.fixture
def lab():
    with Lab(active=False) as made:
        yield made


class Put:
    """Stands before X-Ray and notes what daemons put."""

    def __init__(self, lab):
        answers = lab.world.ports._answers
        self._goes_on = answers["call_as"]
        answers["call_as"] = self
        self.calls = []

    def __call__(self, who, service, operation, given, region, context):
        self.calls.append((operation, who.arn, region, given))
        return {}

    def documents(self):
        return [
            json.loads(one)
            for operation, _, _, given in self.calls
            if operation == "PutTraceSegments"
            for one in given["TraceSegmentDocuments"]
        ]


# -- the port
def test_what_was_sent_before_is_in_the_queue():
    port = Datagrams()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n in range(80):
                sender.sendto(b"%d" % n, ("127.0.0.1", port.port))
        assert port.settle()
        assert port.take() == ([b"%d" % n for n in range(80)], 0)
        assert port.take() == ([], 0)
    finally:
        port.close()
        port.close()


def test_a_full_queue_loses_the_oldest_and_counts_them():
    port = Datagrams(buffer_bytes=1_000)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n in range(15):
                sender.sendto(b"%0100d" % n, ("127.0.0.1", port.port))
        port.settle()
        kept, spilled = port.take()
        assert [int(one) for one in kept] == list(range(5, 15))
        assert spilled == 5
    finally:
        port.close()


def test_the_longest_datagram_arrives_whole_and_a_longer_one_can_not_be_sent():
    port = Datagrams()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(HEADER + b"x" * (65_507 - len(HEADER)), ("127.0.0.1", port.port))
            with pytest.raises(OSError, match="too long"):
                sender.sendto(HEADER + b"x" * 65_536, ("127.0.0.1", port.port))
        port.settle()
        [datagram], _ = port.take()
        assert len(opened(datagram)[0]) == 65_507 - len(HEADER)
    finally:
        port.close()


# -- instants
def test_a_partial_batch_goes_out_within_a_second(lab, send):
    put = Put(lab)
    with lab.xray_daemon(0) as daemon:
        send(daemon, document(1), document(2))
        assert put.calls == []  # the lab's time has not passed
        lab.advance(milliseconds=500)
        assert daemon.waiting == 2
        lab.advance(milliseconds=500)
        assert [one["id"][-1] for one in put.documents()] == ["1", "2"]
        assert put.documents()[0]["end_time"] == pytest.approx(1767603600, abs=0.01)
        assert put.documents()[0]["trace_id"] == f"1-69296b90-{1:024x}"
        assert daemon.waiting == 0


def test_run_until_and_sleeping_let_datagrams_in_too(send):
    with Lab() as lab, lab.xray_daemon(0) as daemon:
        put = Put(lab)
        send(daemon, document(1))
        lab.run_until("09:10")
        assert len(put.documents()) == 1
        send(daemon, document(2))
        import time

        time.sleep(1)  # virtual
        assert len(put.documents()) == 2


def test_an_instant_that_what_came_takes_is_not_before_now(lab, send):
    Put(lab)
    with lab.xray_daemon(0) as daemon:
        send(daemon, document(1))
        lab.advance()
        send(daemon, document(2))
        lab.run_until(lab.now)
        assert daemon.counters.received == 1  # nothing has passed
        from datetime import timedelta

        lab.run_until(lab.now + timedelta(microseconds=1))
        assert daemon.counters.received == 2


def test_bad_datagrams_are_counted_and_dropped(lab, send):
    put = Put(lab)
    with lab.xray_daemon(0) as daemon:
        send(
            daemon,
            b"nonsense",
            HEADER[:-1],
            HEADER,
            b'{"format":"json","version":9}\n{}',
            HEADER + b"\xff\xfe\xfd",
            HEADER + b'{"name":"cut o',  # X-Ray says what is wrong with it
            document(1),
        )
        lab.advance(minutes=2)
        assert (daemon.counters.received, daemon.counters.rejected) == (7, 5)
        texts = put.calls[0][3]["TraceSegmentDocuments"]
        assert texts[0] == '{"name":"cut o'
        assert len(texts) == 2
        told = [line for line in daemon.log if "[Warn]" in line]
        assert [line.partition("] ")[2] for line in told] == [
            "Missing header or segment (3 times)", "Invalid header", "Segment is not UTF-8",
        ]  # fmt: skip
        [telemetry] = [given for operation, *_, given in put.calls if "Telemetry" in operation]
        [record] = telemetry["TelemetryRecords"]
        assert record["SegmentsReceivedCount"] == 7
        assert record["SegmentsRejectedCount"] == 5
        assert record["SegmentsSentCount"] == 2
        assert "7 arrived" in daemon.view().title
        assert daemon.view().data["rejected"] == 5


def test_stopping_and_starting_loses_nothing_that_came(lab, send):
    put = Put(lab)
    daemon = lab.xray_daemon(0)
    send(daemon, *(document(n) for n in range(30)))
    daemon.stop()
    assert len(put.documents()) == 30  # what it has goes out when it ends
    assert not daemon.running
    assert "stopped" in repr(daemon)
    port = daemon.address
    send(daemon, document(90))  # nobody listens: the sender never learns
    lab.advance(seconds=5)
    daemon.start()
    assert daemon.address == port
    send(daemon, document(91))
    lab.advance(seconds=1)
    assert [int(one["id"], 16) for one in put.documents()] == [*range(30), 91]
    daemon.stop()


def test_what_can_not_be_sent_at_the_end_goes_at_the_next_start(lab, send):
    from labkit.core.errors import AwsError

    put = Put(lab)
    daemon = lab.xray_daemon(0)
    send(daemon, *(document(n) for n in range(3)))

    def throttled(*call):
        raise AwsError("ThrottledException", "Rate exceeded", status=429)

    lab.world.ports._answers["call_as"] = throttled
    daemon.stop()
    assert daemon.counters.lost == 0
    lab.world.ports._answers["call_as"] = put
    lab.advance(hours=1)
    with daemon:
        lab.advance(seconds=1)
    assert len(put.documents()) == 3


def test_port_2000_is_the_default_and_a_taken_one_says_what_to_do(lab):
    with lab.xray_daemon(0) as daemon, pytest.raises(LabError, match="port=0 takes a free one"):
        lab.xray_daemon(daemon.address[1])
    import inspect

    assert inspect.signature(lab.xray_daemon).parameters["port"].default == 2000


def test_closing_a_lab_closes_its_ports():
    lab = Lab(active=False)
    daemon = lab.xray_daemon(0)
    lab.reset()
    assert not daemon.running
    with pytest.raises(LabError, match="begun again"):
        daemon.start()
    with pytest.raises(LabError, match="no more"):
        daemon.log  # noqa: B018 - asking is the test
    daemon = lab.xray_daemon(daemon.address[1])
    lab.close()
    assert not daemon.running
    daemon.stop()
    with Lab(active=False) as other:
        assert other.xray_daemon(daemon.address[1]).address == daemon.address


def test_what_the_port_can_not_hold_is_spilled(lab, send):
    put = Put(lab)
    with pytest.raises(LabError, match="3 MB"):
        lab.xray_daemon(0, buffer_mb=2)
    with lab.xray_daemon(0, buffer_mb=3) as daemon:
        big = document(1, metadata={"x": "y" * 60_000})
        for _ in range(60):
            send(daemon, big)
            daemon._wire.settle()
        lab.advance(minutes=2)
        counters = daemon.counters
        assert counters.received == 60
        assert counters.spilled == 60 - len(put.documents()) > 5
        assert any("Dropping oldest segment document" in line for line in daemon.log)
        assert daemon.environ == {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.address[1]}"}


def test_the_live_clock_lets_datagrams_in(lab, send):
    from labkit.serve import Live

    put = Put(lab)
    real = [0]
    live = Live(lab, 1.0, lambda: real[0])
    with lab.xray_daemon(0) as daemon:
        send(daemon, document(1))
        daemon._wire.settle()
        real[0] = 500_000
        live.catch_up()
        assert (daemon.counters.received, put.calls) == (1, [])
        real[0] = 1_600_000
        live.catch_up()
        assert len(put.documents()) == 1
    lab.dispatch.pass_seconds = live._pass_stepped
