"""Datagrams as the SDKs for Java, Go, .NET and Node send them, each a file, byte for byte.

The documents are written for these tests after the shapes in the SDKs' public sources: Java writes
times with an exponent, Go nests the phases of a connection, .NET brings its stack.
"""

import json
import socket
from pathlib import Path

import pytest

from labkit import Lab

FILES = Path(__file__).parent / "datagrams"
NAMES = ("java", "go", "go_subsegment", "dotnet", "node")


@pytest.fixture(scope="module")
def arrived():
    """Segment id -> document as X-Ray has it; trace ids; the lab."""
    with Lab(active=False) as lab, lab.xray_daemon(0) as daemon:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for name in NAMES:
                sender.sendto((FILES / f"{name}.txt").read_bytes(), daemon.address)
        lab.advance(seconds=1)
        counters = daemon.counters
        assert (counters.received, counters.rejected, counters.sent) == (5, 0, 5)
        xray = lab.client("xray")
        ids = [f"1-69296b90-{n:024x}" for n in (1, 2, 3, 4)]
        found = {}
        for trace in xray.batch_get_traces(TraceIds=ids)["Traces"]:
            for segment in trace["Segments"]:
                found[segment["Id"]] = json.loads(segment["Document"])
        answer = xray.get_trace_summaries(
            StartTime=lab.now.timestamp() - 60, EndTime=lab.now.timestamp()
        )
        summaries = {one["Id"]: one for one in answer["TraceSummaries"]}
        yield found, [summaries[one] for one in ids], lab


def test_java_writes_its_times_with_an_exponent(arrived):
    found, (summary, *_), lab = arrived
    segment = found["53995c3f42cd8ad8"]
    assert segment["end_time"] == pytest.approx(lab.start.timestamp(), abs=1)
    assert segment["end_time"] - segment["start_time"] == pytest.approx(0.287, abs=1e-5)
    assert [one["name"] for one in segment["subsegments"]] == ["DynamoDB", "## render"]
    assert segment["origin"] == "AWS::ElasticBeanstalk::Environment"
    assert summary["Users"][0]["UserName"] == "lena-7"
    assert summary["Annotations"].keys() == {"tier", "cached"}
    tables = [one for one in found.values() if one.get("origin") == "AWS::DynamoDB::Table"]
    assert [one["aws"]["table_name"] for one in tables] == ["items"]


def test_go_nests_the_phases_of_a_connection_and_sends_a_subsegment_alone(arrived):
    found, (_, summary, *_), _ = arrived
    segment = found["6c2f1e0d9b8a7765"]
    payment = segment["subsegments"][1]
    assert payment["subsegments"][0]["subsegments"][0]["name"] == "dns"
    phases = [payment, payment["subsegments"][0], payment["subsegments"][0]["subsegments"][0]]
    assert [one["start_time"] for one in phases] == sorted(one["start_time"] for one in phases)
    assert phases[2]["start_time"] > 1767603590  # moved as deep as they lie
    assert (summary["HasError"], summary["HasFault"]) == (True, False)
    alone = found["8192a3b4c5d6e7f8"]
    assert alone["parent_id"] == "6c2f1e0d9b8a7765"
    assert alone["start_time"] - segment["start_time"] == pytest.approx(0.1957767, abs=1e-5)


def test_dotnet_brings_its_stack(arrived):
    found, (_, _, summary, _), _ = arrived
    cause = found["9b8a776554433221"]["cause"]
    assert cause["working_directory"] == "C:\\inetpub\\checkout"
    assert cause["exceptions"][0]["stack"][0]["line"] == 87
    assert summary["HasFault"]
    assert summary["Annotations"]["amount"][0]["AnnotationValue"] == {"NumberValue": 19.5}


def test_node_says_throttled_and_writes_what_is_not_ascii(arrived):
    found, (*_, summary), _ = arrived
    segment = found["cc33dd44ee55ff66"]
    assert segment["service"]["name"] == "shop-front"
    assert segment["subsegments"][0]["aws"]["key"] == "cup \u00e9.png"
    assert summary["HasThrottle"]
    assert summary["Http"]["HttpStatus"] == 429
