"""What a schedule hands to its target.

``Input`` is a constant but for four context attributes, which are filled in at each firing. Without
an Input the target gets an event that names the schedule. The number of the attempt stays that of
the first: a retry hands over the same text.

Source: EventBridge Scheduler user guide, managing-schedule-context-attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.clock import SECOND, iso
from labkit.core.jsontext import dumps


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a schedule: which, for which moment, and its own id."""

    schedule_arn: str
    account: str
    region: str
    due_us: int
    execution_id: str

    @property
    def time(self) -> str:
        """The moment that the schedule said, whatever its window made of it."""
        return iso(self.due_us - self.due_us % SECOND)


def text(given: str | None, firing: Firing) -> str:
    """The payload of a firing."""
    if given is None:
        return dumps(
            {
                "version": "0",
                "id": firing.execution_id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": firing.account,
                "time": firing.time,
                "region": firing.region,
                "resources": [firing.schedule_arn],
                "detail": "{}",
            }
        )
    for name, value in (
        ("schedule-arn", firing.schedule_arn),
        ("scheduled-time", firing.time),
        ("execution-id", firing.execution_id),
        ("attempt-number", "1"),
    ):
        given = given.replace(f"<aws.scheduler.{name}>", value)
    return given
