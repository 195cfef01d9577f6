"""The real aws-xray-sdk-python against a lab's daemon, over a real socket."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from labkit import Lab

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lab():
    with Lab(active=False) as made:
        yield made


@pytest.fixture
def daemon(lab):
    with lab.xray_daemon(0) as made:
        yield made


@pytest.fixture(scope="module")
def one_recorder():
    from aws_xray_sdk.core.recorder import AWSXRayRecorder

    made = AWSXRayRecorder()  # makes a client of botocore's, which takes a second
    yield made
    made.emitter._socket.close()


@pytest.fixture
def recorder(daemon, one_recorder):
    address = "{}:{}".format(*daemon.address)
    one_recorder.configure(sampling=False, service="shop", daemon_address=address)
    yield one_recorder
    one_recorder.clear_trace_entities()


def documents(lab, *trace_ids):
    """The documents of traces by segment id, as BatchGetTraces answers them."""
    answer = lab.client("xray").batch_get_traces(TraceIds=list(trace_ids))
    assert answer["UnprocessedTraceIds"] == []
    return {
        segment["Id"]: json.loads(segment["Document"])
        for trace in answer["Traces"]
        for segment in trace["Segments"]
    }


def test_a_segment_arrives_as_the_sdk_wrote_it_at_the_labs_time(lab, daemon, recorder):
    with recorder.in_segment("cart") as segment:
        segment.set_user("lena-7")
        with recorder.in_subsegment("price") as subsegment:
            subsegment.put_annotation("order_id", "o-1")
            subsegment.put_metadata("basket", {"cups": 3})
        try:
            with recorder.in_subsegment("stock"):
                raise LookupError("no cups left")
        except LookupError:
            pass
    lab.advance(seconds=1)
    found = documents(lab, segment.trace_id)[segment.id]
    assert (found["name"], found["user"]) == ("cart", "lena-7")
    assert found["end_time"] == pytest.approx(lab.now.timestamp() - 1, abs=0.1)
    assert found["end_time"] - found["start_time"] == pytest.approx(
        segment.end_time - segment.start_time, abs=1e-4
    )
    price, stock = found["subsegments"]
    assert price["annotations"] == {"order_id": "o-1"}
    assert price["metadata"] == {"default": {"basket": {"cups": 3}}}
    assert stock["fault"] is True
    assert stock["cause"]["exceptions"][0]["message"] == "no cups left"
    [summary] = lab.client("xray").get_trace_summaries(
        StartTime=lab.now - timedelta(minutes=1), EndTime=lab.now
    )["TraceSummaries"]
    assert summary["Id"] == segment.trace_id
    assert summary["Users"][0]["UserName"] == "lena-7"


def test_more_than_thirty_subsegments_are_sent_by_themselves(lab, daemon, recorder):
    with recorder.in_segment("cart") as segment:
        for n in range(100):
            with recorder.in_subsegment(f"item {n}"):
                pass
    lab.advance(seconds=1)
    assert daemon.counters.received > 50  # one datagram each, once there are too many
    found = documents(lab, segment.trace_id)
    names = {one["name"] for one in found.values() if one.get("type") == "subsegment"}
    names |= {one["name"] for one in found[segment.id].get("subsegments", ())}
    assert names == {f"item {n}" for n in range(100)}
    ends = [one["end_time"] for one in found.values()]
    assert max(ends) - min(ends) < 5  # all were moved by the same


def test_a_segment_of_more_than_64_kb_can_not_be_sent(lab, daemon, recorder, caplog):
    with recorder.in_segment("cart") as segment:
        segment.put_metadata("much", "x" * 70_000)
    lab.advance(seconds=1)
    assert daemon.counters.received == 0
    assert "Failed to send entity to Daemon" in caplog.text
    with recorder.in_segment("cart") as segment:
        for n in range(40):  # the same amount in pieces is no problem
            with recorder.in_subsegment(f"item {n}") as one:
                one.put_metadata("much", "x" * 1_750)
    lab.advance(seconds=1)
    assert segment.id in documents(lab, segment.trace_id)


def test_no_daemon_no_error_no_trace(lab, daemon, recorder):
    daemon.stop()
    with recorder.in_segment("cart") as segment:
        pass
    lab.advance(seconds=5)
    answer = lab.client("xray").batch_get_traces(TraceIds=[segment.trace_id])
    assert answer["Traces"] == []
    daemon.start()
    lab.advance(seconds=5)
    assert daemon.counters.received == 0


PROGRAM = """
import json, logging, sqlite3, time
import boto3, requests
import labkit
from aws_xray_sdk.core import patch, xray_recorder

logging.disable(logging.CRITICAL)
lab = labkit.Lab()
with lab.xray_daemon(0) as daemon:
    address = "{}:{}".format(*daemon.address)
    xray_recorder.configure(service="shop", daemon_address=address)
    patch(["boto3", "requests", "sqlite3"])
    with xray_recorder.in_segment("cart", sampling=1) as segment:
        boto3.client("cloudwatch").list_metrics(Namespace="Shop")
        try:
            requests.get(f"http://{address}/nothing", timeout=5)
        except requests.RequestException:
            pass
        sqlite3.connect(":memory:").execute("select 1")
    with xray_recorder.in_segment("unsampled", sampling=0):
        pass
    lab.advance(seconds=1)
    told = {"address": address, "received": daemon.counters.received, "log": daemon.log_at("debug")}
    answer = lab.client("xray").batch_get_traces(TraceIds=[segment.trace_id])
    told["documents"] = [
        json.loads(one["Document"]) for trace in answer["Traces"] for one in trace["Segments"]
    ]
    lab.client("xray").create_sampling_rule(SamplingRule={
        "RuleName": "pay", "Priority": 10, "FixedRate": 1.0, "ReservoirSize": 5,
        "URLPath": "/pay*", "HTTPMethod": "*", "Host": "*", "ServiceName": "*",
        "ServiceType": "*", "ResourceARN": "*", "Version": 1,
    })
    sampler = xray_recorder.sampler
    sampler._rule_poller._refresh_cache()  # what the SDK's poller does each five minutes
    told["rules"] = [(rule.name, rule.rate) for rule in sampler._cache.rules]
    pay = {"service": "shop", "method": "GET", "path": "/pay/7"}
    told["decisions"] = [sampler.should_trace(pay) for _ in range(20)]
    sampler._target_poller._do_work()  # and each ten seconds
    rule = sampler._cache.rules[0]
    told["quota"], told["left"] = rule.reservoir.quota, rule.reservoir.TTL - time.time()
    told["statistics"] = [
        (one["RuleName"], one["RequestCount"], one["SampledCount"] + one["BorrowCount"])
        for one in lab.client("xray").get_sampling_statistic_summaries()
        ["SamplingStatisticSummaries"]
    ]
    print(json.dumps(told))
lab.close()
"""


def test_patched_libraries_and_sampling_rules_through_the_proxy():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["received"] == 1  # what is not sampled is not sent
    by_id = {one["id"]: one for one in told["documents"]}
    [cart] = [one for one in told["documents"] if one["name"] == "cart"]
    asked, called, database = cart["subsegments"]
    assert (asked["name"], asked["namespace"]) == ("monitoring", "aws")
    assert asked["aws"]["operation"] == "ListMetrics"
    assert asked["http"]["response"]["status"] == 200
    assert (called["name"], called["namespace"]) == ("127.0.0.1", "remote")
    assert called["http"]["request"]["url"] == f"http://{told['address']}/nothing"
    assert database["sql"]["database_type"] == "sqlite3"
    inferred = [one for one in by_id.values() if one.get("inferred")]
    assert {one["name"] for one in inferred} == {"monitoring", "127.0.0.1", ":memory:"}
    assert any("HTTP Proxy server : /nothing" in line for line in told["log"])
    assert told["rules"] == [["pay", 1.0], ["Default", 0.05]]
    assert told["decisions"] == ["pay"] * 20
    assert told["quota"] == 5
    assert 0 < told["left"] <= 3600  # seconds of the machine's time: the quota is not expired
    assert ["pay", 20, 20] in told["statistics"]
