"""Log files: every five minutes, for each trail, account and Region that had something to log.

A call that a trail logs waits with the others of its Region for the next five-minute mark; then
they become one file, ``{"Records": [...]}`` in gzip, in the trail's bucket, and the trail's topic
hears of it. A file that can't be delivered (the bucket is gone, its policy was changed) waits on:
the next mark tries again with all that waits, so nothing is lost once the bucket is mended;
meanwhile GetTrailStatus shows S3's error. Where nobody logs, a call costs one look into a table.

Source: CloudTrail user guide, cloudtrail-find-log-files, configure-sns-notifications-for-cloudtrail
(aws-semantics 7.3).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from labkit.cloudtrail.engine import selectors
from labkit.cloudtrail.engine.categories import DATA, service_of
from labkit.cloudtrail.engine.record import error_code, event_name
from labkit.cloudtrail.log_delivery import PRINCIPAL, LogDelivery
from labkit.cloudtrail.records import Trail
from labkit.cloudtrail.trails import Trails
from labkit.core.clock import MINUTE, Phase, iso, to_datetime
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps, loads
from labkit.core.world import World

#: AWS: about every five minutes, on average.
EVERY_US = 5 * MINUTE
#: Records of one file at most, so that none becomes larger than AWS's 50 MB.
MOST_RECORDS = 10_000

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

#: (trail's ARN, account, Region, folder)
_Place = tuple[str, str, str, str]


class Delivery:
    """Collects what trails log and writes it into their buckets.

    Parameters
    ----------
    world:
        Clock, ids, facts, ports; the handler ``cloudtrail.deliver`` is registered here.
    trails:
        Who logs.
    record_of:
        Makes the record of a fact.
    """

    def __init__(
        self, world: World, trails: Trails, record_of: Callable[[Fact], dict[str, Any]]
    ) -> None:
        self._world = world
        self._trails = trails
        self._record_of = record_of
        self._waiting: dict[_Place, list[tuple[int, Fact | dict[str, Any]]]] = {}
        self._planned = False
        #: The same for CloudWatch Logs.
        self.logs = LogDelivery(world, trails, record_of)
        world.clock.register("cloudtrail.deliver", self._mark)

    # -- what is logged
    def note(self, fact: Fact, region: str) -> None:
        """A finished call, recorded in ``region``: it waits for the trails that log it."""
        for trail in self.logged_by(fact, region):
            self._wait((trail.arn, fact.account, region, "CloudTrail"), fact.at_us, fact)

    def logged_by(self, fact: Fact, region: str) -> Sequence[Trail]:
        """The trails whose selectors want a finished call that is recorded in ``region``."""
        trails = (
            *self._trails.logging(fact.account, region),
            *self._trails.ending(fact, region),
        )
        if not trails:
            return ()
        event = described(fact)
        return [
            trail
            for trail in trails
            if selectors.logs(event, trail.selectors or selectors.DEFAULT, trail.advanced)
        ]

    def put(
        self, trail: Trail, region: str, at_us: int, record: dict[str, Any], folder: str
    ) -> None:
        """A record that is made already waits for a trail (``CloudTrail-Insight``)."""
        self._wait((trail.arn, trail.account, region, folder), at_us, record)

    def _wait(self, place: _Place, at_us: int, what: Fact | dict[str, Any]) -> None:
        self._waiting.setdefault(place, []).append((at_us, what))
        self.logs.wait(place, at_us, what)
        if not self._planned:
            self._plan()

    def _plan(self) -> None:
        now_us = self._world.clock.now_us
        self._planned = True
        mark_us = now_us - now_us % EVERY_US + EVERY_US
        clock = self._world.clock
        clock.at(mark_us, Phase.DELIVERIES, "cloudtrail.deliver", cause=())

    def _mark(self, payload: Mapping[str, Any]) -> None:
        self._planned = False
        for place in sorted(self._waiting):
            trail = self._trails.find(place[0])
            if trail is None:
                del self._waiting[place]
                continue
            waiting = self._waiting[place]
            while waiting and self._file(trail, place, waiting[:MOST_RECORDS]):
                del waiting[:MOST_RECORDS]
            if not waiting:
                del self._waiting[place]
        self.logs.send()
        if self._waiting or self.logs:
            self._plan()

    # -- writing
    def _file(
        self, trail: Trail, place: _Place, entries: list[tuple[int, Fact | dict[str, Any]]]
    ) -> bool:
        _, account, region, folder = place
        now_us = self._world.clock.now_us
        records = [self._record_of(one) if isinstance(one, Fact) else one for _, one in entries]
        body = dumps({"Records": records}).encode()
        key = self._key(trail, account, region, folder)
        ports = self._world.ports
        allowed = ports.bucket_allows(
            trail.bucket, key, PRINCIPAL, source_arn=trail.arn, account=trail.account
        )
        headers = dict(_HEADERS)
        if trail.kms_key:
            headers["x-amz-server-side-encryption"] = "aws:kms"
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = trail.kms_key
        problem = "" if allowed.value else "AccessDenied"
        # A bucket that is gone has no policy either: its own error comes first. Asked only here,
        # since a list of keys is long.
        if problem and ports.object_keys(trail.bucket, key) is None:
            problem = "NoSuchBucket"
        problem = problem or ports.put_object(
            trail.bucket, key, gzip.compress(body, 6, mtime=0), headers=headers
        )
        trail.delivery_error = problem
        if problem:
            return False
        trail.delivered_us = now_us
        data = sum(isinstance(one, Fact) and one.data.get("category") == DATA for _, one in entries)
        if data:
            self._world.meters.count("cloudtrail.data_event", account, region, now_us, data)
        times = [at_us for at_us, _ in entries]
        told = {
            "trail_arn": trail.arn,
            "bucket": trail.bucket,
            "key": key,
            "sha256": sha256(body).hexdigest(),
            "newest_us": max(times),
            "oldest_us": min(times),
            "events": len(times),
        }
        self._world.facts.publish("trail.delivered", account, region, told)
        self._notify(trail, key)
        return True

    def _key(self, trail: Trail, account: str, region: str, folder: str) -> str:
        now = to_datetime(self._world.clock.now_us)
        digest = self._world.ids.digest("log file", trail.arn, account, region, folder, now)
        unique = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:16])
        head = f"{trail.prefix}/" if trail.prefix else ""
        return (
            f"{head}{trail.under}{account}/{folder}/{region}/{now:%Y/%m/%d}/"
            f"{account}_{folder}_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
        )

    def _notify(self, trail: Trail, key: str) -> None:
        if not trail.topic:
            return
        message = dumps({"s3Bucket": trail.bucket, "s3ObjectKey": [key]})
        sent = self._world.ports.deliver(trail.topic, message, PRINCIPAL)
        trail.notification_error = "" if sent.ok else sent.code
        if sent.ok:
            trail.notified_us = self._world.clock.now_us

    def state(self) -> list[Any]:
        """What waits, as plain values, for the digest of a world."""
        kept = [
            [list(place), [at_us for at_us, _ in entries]]
            for place, entries in sorted(self._waiting.items())
        ]
        return [kept, self.logs.state()]


def described(fact: Fact) -> selectors.Described:
    """A finished call, as selectors look at it."""
    data = fact.data
    service, operation = data["service"], data["operation"]
    data_event = data["category"] == DATA
    kind, arn = _resource(fact) if data_event else ("", "")
    code, caller = data["error_code"], data["principal"]["arn"]
    return selectors.Described(
        "Data" if data_event else "Management",
        data["read_only"],
        event_name(service, operation),
        service_of(service).source,
        kind,
        arn,
        caller if caller.startswith("arn:") else "",
        error_code(service, code) if code else "",
        _event_type(data),
    )


def _event_type(data: Mapping[str, Any]) -> str:
    if "service_event" in data:
        return "AwsServiceEvent"
    return "AwsConsoleSignIn" if data["service"] == "signin" else "AwsApiCall"


def _resource(fact: Fact) -> tuple[str, str]:
    """Type and ARN of what a data event is about."""
    service = fact.data["service"]
    asked = loads(fact.data["request"])
    asked = asked if isinstance(asked, dict) else {}
    if service == "s3":
        return "AWS::S3::Object", f"arn:aws:s3:::{asked.get('Bucket', '')}/{asked.get('Key', '')}"
    where = f"{fact.region}:{fact.account}"
    if service == "lambda":
        name = str(asked.get("FunctionName", ""))
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{where}:function:{name}"
        return "AWS::Lambda::Function", arn
    if service == "dynamodb":
        name = str(asked.get("TableName", ""))
        arn = name if name.startswith("arn:") else f"arn:aws:dynamodb:{where}:table/{name}"
        return "AWS::DynamoDB::Table", arn
    return "", ""


def stamp(at_us: int) -> str:
    """A time as GetTrailStatus writes it in its text fields; '' for never."""
    return iso(at_us) if at_us else ""
