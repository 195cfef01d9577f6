"""``labkit xray-daemon``: the daemon by itself, in front of a served lab."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labkit import Lab
from labkit.serve import Service
from labkit.xray_program import Program

ROOT = Path(__file__).parents[2]


def send(address, number=1):
    document = {
        "name": "cart", "id": f"{number:016x}", "trace_id": f"1-69296b90-{number:024x}",
        "start_time": 1764322192.5, "end_time": 1764322193.0,
    }  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b'{"format":"json","version":1}\n' + json.dumps(document).encode(), address)
    return document["trace_id"]


@pytest.fixture
def served(monkeypatch):
    with Lab(active=False) as lab, Service(lab) as service:
        key = lab.identities.learner().access_key_id
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lab.identities.secret_for(key))
        yield lab, service


def test_it_sends_to_a_served_lab_at_that_labs_time(served):
    lab, service = served
    said = []
    with Program(0, endpoint=service.url, say=said.append) as program:
        sent = send(program.address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"nonsense", program.address)
        program._wire.settle()
        program.look()
        assert program.relay.counters.received == 2
        url = "http://{}:{}/GetSamplingRules".format(*program.address)
        request = urllib.request.Request(url, b"{}", {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.loads(answer.read())
        [rule] = told["SamplingRuleRecords"]
        assert rule["SamplingRule"]["RuleName"] == "Default"
    [trace] = lab.client("xray").batch_get_traces(TraceIds=[sent])["Traces"]
    document = json.loads(trace["Segments"][0]["Document"])
    assert datetime.fromtimestamp(document["end_time"], UTC).date() == lab.now.date()
    assert program.relay.counters.records == 1
    assert any("Successfully sent batch of 1 segments" in line for line in said)
    assert any("[Warn] Missing header or segment" in line for line in said)


def test_an_endpoint_that_is_not_there_is_tried_again(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Program(0, endpoint=f"http://127.0.0.1:{port}")
    send(program.address)
    program.close()
    assert program.relay.waiting == 1
    assert program.relay.counters.lost == 0
    assert "wait for the next start" in program.relay.lines[-2]


@pytest.mark.long
def test_the_command(served):
    lab, service = served
    command = [sys.executable, "-m", "labkit.cli", "xray-daemon", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--endpoint", service.url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    with process:
        first = process.stdout.readline()
        port = int(re.fullmatch(r"export AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:(\d+)\n", first)[1])
        sent = send(("127.0.0.1", port))
        for line in process.stdout:
            if "Successfully sent" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    guard.cancel()
    assert process.returncode == 0, rest
    assert rest.endswith("# 1 received, 1 sent, 0 rejected, 0 lost\n")
    assert lab.client("xray").batch_get_traces(TraceIds=[sent])["Traces"]
