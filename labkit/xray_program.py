"""``labkit xray-daemon``: an X-Ray daemon on this machine, in front of a served lab or of AWS.

::

    labkit serve --port 4566                        # in one terminal
    labkit xray-daemon --endpoint http://127.0.0.1:4566
    python shop.py                                  # with an SDK, which sends to 127.0.0.1:2000

The same relay as in a lab (:mod:`labkit.agents.xray_relay`), with the machine's clock and boto3
where the lab has its own. The daemon asks the endpoint what time it is there (``/_labkit/clock``),
and moves traces to it; what is no labkit has no such path, and lives at the machine's time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.agents.xray_relay import Failure, Relay, opened
from labkit.agents.xray_shift import NEAR_US, Offsets
from labkit.agents.xray_udp import Datagrams
from labkit.core.clock import machine_now_us, to_datetime, to_us
from labkit.gateway.http_server import LOOPBACK, HttpServer
from labkit.gateway.wire import WireAnswer, WireRequest
from labkit.xray_proxy import ANSWERED, ASKED, moved

_LOOK_S = 0.05
_PATIENCE_S = 5.0


def add_command(commands: Any) -> None:
    """Add ``xray-daemon`` to labkit's commands."""
    one = commands.add_parser(
        "xray-daemon", help="an X-Ray daemon on this machine, in front of a served lab or of AWS"
    )
    one.add_argument("--port", type=int, default=2000, help="UDP and TCP; 0 takes any free one")
    one.add_argument("--endpoint", help="where to; else as AWS_ENDPOINT_URL says")
    one.add_argument("-n", "--region", help="else as AWS_DEFAULT_REGION says")
    one.add_argument("-r", "--role-arn", help="a role to assume for sending")
    one.add_argument("--minutes", type=float, help="how long to run; until Ctrl-C when left out")
    one.set_defaults(run_daemon=run)


class Program:
    """A daemon on this machine.

    Parameters
    ----------
    port:
        UDP and TCP; 0 takes a free one.
    endpoint:
        Of X-Ray; AWS's own when None.
    region:
        Where to.
    role_arn:
        A role to assume; the environment's own keys when None.
    say:
        Prints a line of the log.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        endpoint: str | None = None,
        region: str = "us-east-1",
        role_arn: str | None = None,
        say: Callable[[str], Any] = lambda line: None,
    ) -> None:
        self._endpoint, self._region, self._role = endpoint, region, role_arn
        self._say = say
        self._made: tuple[Any, Any] | None = None
        self._lock = threading.Lock()
        self._offsets = Offsets()
        self._served = True
        self.relay = Relay(self._put, self._report, machine_now_us())
        self._told = 0
        self.relay.tell(machine_now_us(), "Info", "Initializing AWS X-Ray daemon")
        self.relay.tell(machine_now_us(), "Info", f"Using region: {region}")
        self._wire = Datagrams(port)
        try:
            self._proxy = HttpServer(self._ask, self._wire.port, most_body=1024 * 1024)
        except OSError:
            self._wire.close()
            raise
        self._proxy.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return LOOPBACK, self._wire.port

    def look(self) -> None:
        """Take what has come, and do what is due."""
        datagrams, spilled = self._wire.take()
        now_us = machine_now_us()
        documents = []
        for datagram in datagrams:
            document, why = opened(datagram)
            if why:
                self.relay.refuse(why, now_us)
            else:
                documents.append(document)
        if spilled:
            self.relay.spill(spilled, now_us)
        if documents:
            there_us = now_us + self._ahead_us()
            moved_ones = [self._offsets.moved(one, there_us) for one in documents]
            self.relay.receive(moved_ones, now_us)
        self.relay.run(now_us)
        self._tell()

    def close(self) -> None:
        """Close the ports, and send what is there."""
        self._proxy.stop()
        self._wire.close()
        self.look()
        self.relay.stop(machine_now_us())
        self._tell()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _tell(self) -> None:
        lines = list(self.relay.lines)
        total = self.relay.told
        for line in lines[len(lines) - min(total - self._told, len(lines)) :]:
            if "[Debug]" not in line:
                self._say(line)
        self._told = total

    # -- the other side
    def _ahead_us(self) -> int:
        """By how much the endpoint's time is ahead of the machine's; 0 when they agree."""
        if self._endpoint is None or not self._served:
            return 0
        url = self._endpoint.rstrip("/") + "/_labkit/clock"
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:
                told = datetime.fromisoformat(json.loads(answer.read())["now"])
        except urllib.error.HTTPError:
            self._served = False  # it is something else
            return 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        ahead_us = to_us(told) - machine_now_us()
        return 0 if abs(ahead_us) <= NEAR_US else ahead_us

    def _clients(self) -> tuple[Any, Any]:
        """The session and its X-Ray client; made when first needed."""
        with self._lock:
            if self._made is None:
                import boto3

                session = boto3.Session(region_name=self._region)
                if self._role:
                    told = session.client("sts", endpoint_url=self._endpoint).assume_role(
                        RoleArn=self._role, RoleSessionName="xray-daemon"
                    )["Credentials"]
                    session = boto3.Session(
                        told["AccessKeyId"],
                        told["SecretAccessKey"],
                        told["SessionToken"],
                        region_name=self._region,
                    )
                from botocore.config import Config

                config = Config(retries={"total_max_attempts": 1}, connect_timeout=_PATIENCE_S)
                client = session.client("xray", endpoint_url=self._endpoint, config=config)
                self._made = session, client
            return self._made

    def _call(self, operation: str, **given: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            _, client = self._clients()
            answer: dict[str, Any] = getattr(client, operation)(**given)
        except ClientError as error:
            told = error.response
            status = int(told.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
            raise Failure(told["Error"]["Code"], told["Error"]["Message"], status) from None
        except BotoCoreError as error:
            raise Failure("RequestError", f"send request failed: {error}") from None
        return answer

    def _put(self, documents: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        answer = self._call("put_trace_segments", TraceSegmentDocuments=list(documents))
        found: Sequence[Mapping[str, Any]] = answer.get("UnprocessedTraceSegments", ())
        return found

    def _report(self, records: Sequence[Mapping[str, Any]]) -> None:
        ahead_us = self._ahead_us()
        self._call(
            "put_telemetry_records",
            TelemetryRecords=[
                {**one, "Timestamp": to_datetime(int(one["Timestamp"] * 1e6) + ahead_us)}
                for one in records
            ],
            Hostname=os.environ.get("AWS_HOSTNAME", ""),
        )

    def _ask(self, request: WireRequest) -> WireAnswer:
        """Sign what an SDK asks, and hand it on."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.httpsession import URLLib3Session

        ahead_us = self._ahead_us()
        try:
            session, client = self._clients()
            signed = AWSRequest(
                request.method,
                client.meta.endpoint_url.rstrip("/") + request.target,
                headers={"content-type": request.headers.get("content-type", "application/json")},
                data=moved(request.body, ASKED, ahead_us),
            )
            SigV4Auth(session.get_credentials(), "xray", self._region).add_auth(signed)
            told = URLLib3Session(timeout=_PATIENCE_S).send(signed.prepare())
        except (BotoCoreError, ClientError, AttributeError) as problem:
            text = json.dumps({"message": str(problem)}).encode()
            return WireAnswer(502, {"content-type": "application/json"}, text)
        headers = {
            name.lower(): value
            for name, value in told.headers.items()
            if name.lower() in ("content-type", "x-amzn-errortype", "x-amzn-requestid")
        }
        return WireAnswer(told.status_code, headers, moved(told.content, ANSWERED, -ahead_us))


def run(arguments: argparse.Namespace, say: Callable[[str], Any]) -> int:
    """Run the command; the exit status."""
    region = arguments.region or os.environ.get("AWS_REGION") or os.environ.get(
        "AWS_DEFAULT_REGION", "us-east-1"
    )  # fmt: skip
    try:
        program = Program(
            arguments.port,
            endpoint=arguments.endpoint or os.environ.get("AWS_ENDPOINT_URL"),
            region=region,
            role_arn=arguments.role_arn,
            say=say,
        )
    except OSError as problem:
        say(f"labkit xray-daemon: port {arguments.port} can't be had: {problem.strerror}")
        return 1
    done = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: done.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with program:
            say("export AWS_XRAY_DAEMON_ADDRESS={}:{}".format(*program.address))
            end_us = None
            if arguments.minutes is not None:
                end_us = machine_now_us() + int(arguments.minutes * 60e6)
            while not done.wait(_LOOK_S) and (end_us is None or machine_now_us() < end_us):
                program.look()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    c = program.relay.counters
    say(f"# {c.received} received, {c.sent} sent, {c.rejected} rejected, {c.lost} lost")
    return 1 if c.lost or program.relay.waiting else 0
