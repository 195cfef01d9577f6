"""Cases of the game day: quiet minutes, then bad ones, and what else was changed meanwhile.

Around the change that did it others are made: something harmless to the same thing before,
something else entirely a minute before, a refused attempt in the same minute, and a hand that tries
to help and does not. A case's truth is read from the trail of the world in which it was played.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.course import gameday
from labkit.lab import Lab

MINUTE = timedelta(minutes=1)
#: How long each half lasts.
HALF = 8 * MINUTE
#: How long before the first bad minute the learner is told that it may have begun.
UNSURE = 3 * MINUTE


@dataclass(frozen=True)
class Case:
    """One outage.

    Parameters
    ----------
    cause, who:
        What was changed, and by whom: ``role/session`` when a role was worn.
    quiet, start, end:
        The quiet half begins, the change is made, it is put back.
    """

    cause: gameday.Cause
    who: str
    quiet: datetime
    start: datetime
    end: datetime

    @property
    def person(self) -> str:
        """Who it was."""
        return self.who.rpartition("/")[2]

    @property
    def name(self) -> str:
        """``10:22 to 10:30 UTC``."""
        return f"{self.start:%H:%M} to {self.end:%H:%M} UTC"


def cases(lab: Lab, facts: Mapping[str, Any], group: str, apart: timedelta) -> list[Case]:
    """The learner's three, one after the other, from the next whole minute on."""
    known = gameday.causes(group)
    told = [
        (known[facts["table"]], facts["saver"]),
        (known[facts["services"][2]], "deploy/tomas"),
        (known["database"], facts["tidier"]),
    ]
    shift = int(facts["seed"]) % 3
    first = lab.now.replace(second=0, microsecond=0) + facts["wait"] * MINUTE
    found = []
    for place, (cause, who) in enumerate([*told[shift:], *told[:shift]]):
        quiet = first + place * apart
        found.append(Case(cause, who, quiet, quiet + HALF, quiet + 2 * HALF))
    return found


def plan(lab: Lab, case: Case) -> None:
    """Put a case and everything around it onto the clock."""
    cause, deed = case.cause, lab.people.deed
    service, operation = cause.call
    before, after = _around(cause)
    deed("chiara", *before[0], at=case.quiet + 2 * MINUTE, **before[1])
    deed("tomas", "dynamodb", "UpdateTable", at=case.start - MINUTE,
         **gameday.units("sessions", gameday.UNITS + case.start.minute))  # fmt: skip
    deed("lena", service, operation, at=case.start - timedelta(seconds=30), **cause.wrong)
    cause.begin(lab, case.who, case.start)
    deed("chiara", *after[0], at=case.start + 3 * MINUTE, **after[1])


_Deed = tuple[tuple[str, str], dict[str, Any]]


def _around(cause: gameday.Cause) -> tuple[_Deed, _Deed]:
    """Something harmless to the same thing, and something that was to help and does not."""
    if cause.call[0] == "dynamodb":
        table = cause.node
        more, less = (
            gameday.units(table, 2 * gameday.UNITS),
            gameday.units(table, gameday.TOO_FEW + 20),
        )
        return (cause.call, more), (cause.call, less)
    if cause.call[0] == "ssm":
        more = gameday.parameter(cause.service, f"{gameday.CURRENCIES},chf")
        less = gameday.parameter(cause.service, "usd,gbp,sek")
        return (cause.call, more), (cause.call, less)
    group = cause.what.rpartition("/")[2]
    opens = ("ec2", "AuthorizeSecurityGroupIngress")
    return (opens, _other(group, 443)), (opens, _other(group, 5433))


def _other(group: str, port: int) -> dict[str, Any]:
    given = gameday.let_in(group)
    given["IpPermissions"] = [{**given["IpPermissions"][0], "FromPort": port, "ToPort": port}]
    return given


def records(lab: Lab, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """What was changed or tried between two instants, oldest first, as CloudTrail has it."""
    pages = (
        lab.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(
            StartTime=start,
            EndTime=end,
            LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
        )
    )
    found = [json.loads(one["CloudTrailEvent"]) for page in pages for one in page["Events"]]
    return found[::-1]


def change(told: Sequence[Mapping[str, Any]], case: Case) -> Mapping[str, Any]:
    """The record that did it: a case's own among all of its time."""
    at = f"{case.start:%Y-%m-%dT%H:%M:%SZ}"
    return next(
        one for one in told
        if one["eventTime"] == at and one["eventName"] == case.cause.call[1]
        and "errorCode" not in one
    )  # fmt: skip
