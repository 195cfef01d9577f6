"""Calls over HTTP: labkit serve and moto_server, each a server of its own, one keep-alive client.

``python -m benchmarks.http_calls`` prints seconds per call as JSON, by server: raw requests first,
which show the server alone, then boto3, which adds its own work to both. The servers are asked by
turns, so that whatever else the machine does meets both; the best round of each counts.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from labkit.core.clock import machine_seconds

#: One instant for both: labkit's clock starts there by default, moto takes any.
START, END = 1767603000, 1767606600
IMAGE = "ami-0c55b159cbfafe1f0"
KEY = "AKIAIOSFODNN7EXAMPLE"


@contextmanager
def server(peer: str) -> Iterator[int]:
    """A server of ``peer``; its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    command = {
        "labkit": [sys.executable, "-m", "labkit.cli", "serve", "--port", str(port), "--speed",
                   "0"],
        "moto": [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p",
                 str(port)],
    }[peer]  # fmt: skip
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port), 5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


class Client:
    """Sends bytes and reads an answer: as little of a client as can be.

    A server that closes after each answer (moto's does) is connected to anew, as any client would.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.buffer = b""

    def ask(self, request: bytes) -> bytes:
        """The whole answer, head and body."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), 30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(data) < end + 4 + length:
            data += self._more()
        if b"connection: close" in head or head.startswith(b"http/1.0"):
            self.socket.close()
            self.socket = None
        assert data.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")), data[:400]
        return data

    def _more(self) -> bytes:
        assert self.socket is not None
        data = self.socket.recv(1 << 18)
        if not data:
            raise RuntimeError("the server closed in the middle of an answer")
        return data


def request(service: str, body: bytes, **headers: str) -> bytes:
    """A signed request as an SDK sends it; neither server checks the signature."""
    scope = f"{KEY}/20260105/us-east-1/{service}/aws4_request"
    lines = [
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept-Encoding: identity",
        "User-Agent: Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 Botocore/1.44.5",
        "X-Amz-Date: 20260105T090000Z",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, "
        f"Signature={'0' * 64}",
        "amz-sdk-invocation-id: 5b7e2a52-6f3c-4f6b-9d5c-1a2b3c4d5e6f",
        "amz-sdk-request: attempt=1",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_json(service: str, target: str, params: dict[str, Any], version: str = "1.0") -> bytes:
    """A request of the json protocol."""
    return request(
        service,
        json.dumps(params).encode(),
        X_Amz_Target=target,
        Content_Type=f"application/x-amz-json-{version}",
    )


def as_query(service: str, action: str, version: str, **params: Any) -> bytes:
    """A request of the query protocol."""
    body = urlencode({"Action": action, "Version": version, **params}).encode()
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    return request(service, body, Content_Type=kind)


Work = Callable[[], object]


def raw(port: int) -> dict[str, Work]:
    """Raw requests, by name, ready to be sent."""
    client = Client(port)
    cloudwatch = "GraniteServiceVersion20100801"
    dimensions = [{"Name": "Service", "Value": "checkout"}]
    datum = {
        "MetricName": "Latency",
        "Dimensions": dimensions,
        "Value": 12.5,
        "Unit": "Milliseconds",
        "Timestamp": START + 60,
    }
    metric = {"Namespace": "Shop", "MetricName": "Latency", "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": 60, "Stat": "Average"}
    for _ in range(3):
        client.ask(
            as_query("ec2", "RunInstances", "2016-11-15", ImageId=IMAGE, MinCount=1, MaxCount=1,
                     InstanceType="t3.micro")
        )  # fmt: skip
    made = client.ask(as_json("sqs", "AmazonSQS.CreateQueue", {"QueueName": "orders"}))
    url = json.loads(made.partition(b"\r\n\r\n")[2])["QueueUrl"]
    for name in ("on-call", "orders"):
        client.ask(as_query("sns", "CreateTopic", "2010-03-31", Name=name))
    asked = {
        "PutMetricData": as_json(
            "monitoring",
            f"{cloudwatch}.PutMetricData",
            {"Namespace": "Shop", "MetricData": [datum]},
        ),
        "GetMetricData": as_json(
            "monitoring",
            f"{cloudwatch}.GetMetricData",
            {
                "StartTime": START,
                "EndTime": END,
                "MetricDataQueries": [{"Id": "m", "MetricStat": stat}],
            },
        ),
        "DescribeInstances": as_query("ec2", "DescribeInstances", "2016-11-15"),
        "SendMessage": as_json(
            "sqs", "AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": "a cup of tea"}
        ),
        "ListQueues": as_json("sqs", "AmazonSQS.ListQueues", {}),
        "ListTopics": as_query("sns", "ListTopics", "2010-03-31"),
    }
    return {f"raw {name}": partial(client.ask, data) for name, data in asked.items()}


def with_boto3(port: int) -> dict[str, Work]:
    """Calls of boto3, by name."""
    import boto3

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id=KEY,
            aws_secret_access_key="s",
        )

    cloudwatch, sqs = client("cloudwatch"), client("sqs")
    datum = {"MetricName": "m", "Value": 1.0}
    return {
        "boto3 put_metric_data": partial(
            cloudwatch.put_metric_data, Namespace="N", MetricData=[datum]
        ),
        "boto3 list_queues": sqs.list_queues,
        "boto3 describe_instances": client("ec2").describe_instances,
    }


def by_turns(works: dict[str, Work], rounds: int, calls: int) -> dict[str, float]:
    """Seconds per call of each, the best of ``rounds`` rounds taken by turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            began = machine_seconds()
            for _ in range(calls):
                work()
            times[name].append((machine_seconds() - began) / calls)
    return {name: min(found) for name, found in times.items()}


def main() -> dict[str, dict[str, float]]:
    """Seconds per call, by server."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    out: dict[str, dict[str, float]] = {"labkit": {}, "moto": {}}
    with server("labkit") as ours, server("moto") as theirs:
        for make in (raw, with_boto3):
            works = {"labkit": make(ours), "moto": make(theirs)}
            for name in works["labkit"]:
                pair = {peer: works[peer][name] for peer in works}
                for peer, seconds in by_turns(pair, 30, 8).items():
                    out[peer][name] = seconds
    return out


if __name__ == "__main__":
    print(json.dumps(main()))
