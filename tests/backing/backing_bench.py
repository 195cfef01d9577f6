"""A lab as far as the backing needs one: a clock, facts, a world of moto, boto3 on top."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from labkit.backing.autoscaling import AutoScaling
from labkit.backing.deliver import Deliver
from labkit.backing.ec2 import Ec2
from labkit.backing.emitting import Emitters
from labkit.backing.kms import Kms
from labkit.backing.mount import Answer, MotoWorld
from labkit.backing.outside import Outside
from labkit.backing.s3 import S3
from labkit.backing.sns import Sns
from labkit.backing.targets.errand import Desk
from labkit.core.clock import SECOND, Clock
from labkit.core.facts import FACT_KINDS, Fact, Facts
from labkit.core.ids import Ids
from labkit.core.journal import Journal
from labkit.core.ports import Ports

ACCOUNT = "123456789012"
OTHER = "210987654321"
REGION = "us-east-1"
START = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z, a Monday
KEY = "AKIALABKITTESTSKEY12"


class Bench:
    """One lab's worth of backing.

    ``client(service)`` is a real boto3 client whose requests go to this world, each at a
    millisecond of its own and with its own key, as the gateway's dispatch will do it. ``answers``
    keeps what came back, to the byte.
    """

    def __init__(self, seed: str = "0", start_us: int = START) -> None:
        self.clock = Clock(start_us)
        self.facts = Facts(self.clock)
        self.told: list[Fact] = []
        for kind in FACT_KINDS:
            self.facts.hear(kind, self.told.append)
        self.world = MotoWorld(seed, lambda: self.clock.now_us)
        self.ports = Ports()
        self.emit = Emitters(self.world, self.facts, self.ports)
        self.ec2 = Ec2(self.world, self.clock, self.facts)
        self.ids = Ids(seed)
        self.journal = Journal()
        self.outside = Outside(lambda: self.clock.now_us, self.journal)
        self.delivering = Deliver(
            Desk(self.world, self.ports, self.ids, self.outside), self.clock, self.facts
        )
        self.ports.answer("deliver", self.delivering)
        self.ports.answer("deliver_reliably", self.delivering.reliably)
        self.deliver = self.ports.deliver
        self.sns = Sns(self.world, self.clock, self.facts, self.delivering.reliably)
        place: Any = SimpleNamespace(clock=self.clock, facts=self.facts, ports=self.ports)
        self.kms = Kms(self.world, self.clock, self.facts)
        self.autoscaling = AutoScaling(self.world, place, self.emit, lambda: None)
        self.facts.hear("instance.state", self.autoscaling.on_instance_state)
        self.s3 = S3(self.world, place, self.emit)
        self.answers: list[Answer] = []
        self.clock.before_event = self._begin

    def _begin(self, key: str) -> None:
        self.world.reseed(key)
        self.ids.begin(key)

    def client(
        self, service: str, *, account: str = ACCOUNT, region: str = REGION, key: str = KEY
    ) -> Any:
        """A boto3 client of this world."""
        client = _client(service, region, key)
        return _Bound(self, client, account, region, service)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run_until(self.clock.now_us + int(seconds * SECOND))

    def facts_of(self, kind: str) -> list[Fact]:
        """The facts of one kind, in order."""
        return [fact for fact in self.told if fact.kind == kind]

    def mails(self) -> list[dict[str, Any]]:
        """The e-mails that left, in order."""
        return [dict(fact.data) for fact in self.facts_of("mail.sent")]

    def respond(self, request: Any, account: str, region: str, service: str) -> Answer:
        """One request, at an instant of its own."""
        now_us = self.clock.open_instant()
        self.world.reseed(f"{now_us}|{service}")
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        answer = self.world.respond(
            request.method,
            request.url,
            {
                name: value.decode() if isinstance(value, bytes) else value
                for name, value in request.headers.items()
            },
            body.encode() if isinstance(body, str) else body,
            account=account,
            region=region,
            service=service,
        )
        self.answers.append(answer)
        self.clock.drain_instant()
        return answer


_clients: dict[tuple[str, str, str], Any] = {}
_target: list[tuple[Bench, str, str, str]] = []


def _client(service: str, region: str, key: str) -> Any:
    """boto3 clients are dear (EC2's 0.2 s) and know no world: one each serves all tests."""
    from botocore.config import Config
    from botocore.session import Session

    found = _clients.get((service, region, key))
    if found is None:
        session = Session()
        found = session.create_client(
            service,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}),
        )
        found.meta.events.register("before-send", _send)
        _clients[service, region, key] = found
    return found


def _send(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    bench, account, region, service = _target[-1]
    answer = bench.respond(request, account, region, service)
    return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class _Bound:
    """A client tied to a bench, account and region for the length of each call."""

    def __init__(self, bench: Bench, client: Any, account: str, region: str, service: str) -> None:
        self._bench = bench
        self._client = client
        self._where = (account, region, service)
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**params: Any) -> Any:
            _target.append((self._bench, *self._where))
            try:
                answer = method(**params)
                if isinstance(answer, dict) and hasattr(answer.get("Body"), "read"):
                    answer["Body"] = answer["Body"].read()
                return answer
            finally:
                _target.pop()

        return call
