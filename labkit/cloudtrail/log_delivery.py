"""What a trail sends to CloudWatch Logs: each record a line, about every five minutes.

The group belongs to the trail's account and home Region; the stream is named for the account and
the Region of the calls (``123456789012_CloudTrail_us-east-1``). CloudTrail writes with the trail's
role, so both are asked each time: whether CloudTrail may assume the role, and whether the role may
write. While it can't be, the lines wait and GetTrailStatus shows the error; a line that has become
older than CloudWatch Logs takes (14 days) is given up, and one of more than 256 KB is never sent.

Logs and S3 are independent: a trail whose bucket is gone still writes its lines.

A line's time is that of the delivery, not of the call: AWS says nothing of it, and alarms on metric
filters, which look at the last five minutes, would otherwise see every call too late.

Source: CloudTrail user guide, send-cloudtrail-events-to-cloudwatch-logs (aws-semantics 7.3, 7.7);
limits of a batch from PutLogEvents (3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from labkit.cloudtrail.records import Trail
from labkit.cloudtrail.trails import Trails
from labkit.core.clock import DAY
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.core.ports import Ports
from labkit.core.world import World

PRINCIPAL = "cloudtrail.amazonaws.com"
#: What CloudTrail sends at most, in bytes; larger events stay in the file alone.
MOST_BYTES = 256 * 1024
_OLDEST_US = 14 * DAY
#: Of one PutLogEvents: bytes (26 more count for each line) and lines.
_BATCH_BYTES, _BATCH_LINES, _LINE_BYTES = 1_048_576, 10_000, 26

#: (trail's ARN, account, Region, folder)
_Place = tuple[str, str, str, str]


def group_of(arn: str) -> tuple[str, str, str]:
    """Region, account and name of ``arn:aws:logs:<region>:<account>:log-group:<name>[:*]``."""
    parts = arn.split(":", 6)
    return parts[3], parts[4], parts[6].removesuffix(":*")


def stream_of(account: str, region: str, folder: str = "CloudTrail") -> str:
    """The name of the stream of an account's calls in a Region."""
    return f"{account}_{folder}_{region}"


def refused(ports: Ports, trail: Trail, stream: str) -> str:
    """Why the trail's role can't write into a stream of its group; '' when it can."""
    if not ports.allowed(PRINCIPAL, "sts:AssumeRole", trail.log_role):
        return "Access denied. Check the trust relationships for your role."
    base = trail.log_group.removesuffix(":*")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if not ports.allowed(trail.log_role, action, f"{base}:log-stream:{stream}"):
            return "Access denied. Verify in IAM that the role has adequate permissions."
    return ""


def batches(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut lines into what one PutLogEvents takes."""
    batch: list[str] = []
    room = _BATCH_BYTES
    for line in lines:
        size = len(line.encode()) + _LINE_BYTES
        if batch and (size > room or len(batch) == _BATCH_LINES):
            yield batch
            batch, room = [], _BATCH_BYTES
        batch.append(line)
        room -= size
    if batch:
        yield batch


class LogDelivery:
    """Lines that wait for trails with a log group.

    Parameters
    ----------
    world:
        The clock and the ports.
    trails:
        Whose they are.
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

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wait(self, place: _Place, at_us: int, what: Fact | dict[str, Any]) -> None:
        """Let a call or a record wait for the next mark, if its trail has a log group."""
        trail = self._trails.find(place[0])
        if trail is not None and trail.log_group:
            self._waiting.setdefault(place, []).append((at_us, what))

    def send(self) -> None:
        """Write what waits; what can't be written waits on."""
        oldest = self._world.clock.now_us - _OLDEST_US
        for place in sorted(self._waiting):
            trail = self._trails.find(place[0])
            waiting = [entry for entry in self._waiting.pop(place) if entry[0] > oldest]
            if trail is None or not trail.log_group or not waiting:
                continue
            trail.log_error = self._written(trail, place, [what for _, what in waiting])
            if trail.log_error:
                self._waiting[place] = waiting

    def _written(self, trail: Trail, place: _Place, what: Sequence[Fact | dict[str, Any]]) -> str:
        _, account, region, folder = place
        ports, now_us = self._world.ports, self._world.clock.now_us
        stream = stream_of(account, region, folder)
        why = refused(ports, trail, stream)
        if why:
            return why
        where, owner, group = group_of(trail.log_group)
        if not ports.log_group_exists(owner, where, group):
            return "The specified log group does not exist."
        texts = [dumps(self._record_of(one) if isinstance(one, Fact) else one) for one in what]
        for batch in batches([one for one in texts if len(one.encode()) <= MOST_BYTES]):
            sent = ports.put_log_lines(owner, where, group, stream, [(now_us, t) for t in batch])
            if not sent.ok:
                return sent.message or sent.code
        trail.logged_us = now_us
        return ""

    def state(self) -> list[Any]:
        """What waits, as plain values, for the digest of a world."""
        return [
            [list(place), [at_us for at_us, _ in entries]]
            for place, entries in sorted(self._waiting.items())
        ]
