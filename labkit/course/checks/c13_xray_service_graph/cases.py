"""Cases of exercise 13: twelve quiet minutes, then twelve in which one thing is wrong.

All cases of a world lie in one night, half an hour apart, so that a world is built once. What was
wrong is known from the incident; who was hit is read from the world's own traces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.lab import Lab
from labkit.workloads.incidents import Incident

#: How long each half of a case lasts, and how far cases lie apart.
HALF, APART = timedelta(minutes=12), timedelta(minutes=30)
#: How much earlier than its first request a case may begin, by the time of a trace.
EARLY = timedelta(seconds=2)
#: incident kind -> what the ticket calls it.
CALLED = {
    "slow_table": "slow",
    "throttled_table": "throttled",
    "timeouts": "failing",
    "bad_release": "failing",
    "retry_storm": "lost",
}
#: The table of each service that has one.
TABLES = {"catalogue": "products", "cart": "carts"}


@dataclass(frozen=True)
class Case:
    """One of a night.

    Parameters
    ----------
    incident, target, size:
        As ``lab.shop.happened`` takes them.
    quiet, start, end:
        The quiet half begins, the bad one begins, it ends.
    """

    incident: str
    target: str
    size: float
    quiet: datetime
    start: datetime
    end: datetime

    @property
    def kind(self) -> str:
        """In the ticket's words."""
        return CALLED[self.incident]

    @property
    def guilty(self) -> tuple[str, ...]:
        """Names that are right; the first is the one to tell."""
        if self.incident.endswith("_table"):
            return (TABLES[self.target],)
        if self.incident == "timeouts":
            return ("api.acquirer.example",)
        if self.incident == "retry_storm":
            return (self.target, "front")
        return (self.target,)

    @property
    def name(self) -> str:
        """``03:12 to 03:24``."""
        return f"{self.start:%H:%M} to {self.end:%H:%M} UTC"

    def happened(self, lab: Lab) -> Incident:
        """It, for ``lab.shop.traces``."""
        minutes = (self.end - self.start).total_seconds() / 60
        return lab.shop.happened(
            self.incident, self.target, self.size, start=self.start, minutes=minutes
        )


def cases(lab: Lab, *what: tuple[str, str, float]) -> list[Case]:
    """Cases half an hour apart; the first is the newest."""
    found = []
    for place, (incident, target, size) in enumerate(what, 1):
        quiet = lab.start - place * APART
        found.append(Case(incident, target, size, quiet, quiet + HALF, quiet + 2 * HALF))
    return found


def play(lab: Lab, told: Sequence[Case]) -> None:
    """Let the shop have sent its traces through all of them."""
    first = min(case.quiet for case in told)
    hours = (lab.now - first + HALF) / timedelta(hours=1)
    lab.shop.traces(*(case.happened(lab) for case in told), hours=hours, live=False)


def summaries(lab: Lab, start: datetime, end: datetime, wanted: str = "") -> list[dict[str, Any]]:
    """Trace summaries, the newest first."""
    pages = (
        lab.client("xray")
        .get_paginator("get_trace_summaries")
        .paginate(StartTime=start, EndTime=end, **({"FilterExpression": wanted} if wanted else {}))
    )
    return [one for page in pages for one in page["TraceSummaries"]]


def message(trace: dict[str, Any]) -> str:
    """What the deepest exception of a fault said."""
    said = [
        exception["Message"]
        for cause in trace["FaultRootCauses"]
        for service in cause["Services"]
        for entity in service["EntityPath"]
        for exception in entity["Exceptions"]
    ]
    return said[-1] if said else ""


def users(traces: Sequence[dict[str, Any]]) -> set[str]:
    """Whose requests they are."""
    return set(_names(traces))


def _names(traces: Sequence[dict[str, Any]]) -> Iterator[str]:
    for trace in traces:
        for user in trace["Users"]:
            yield user["UserName"]


@dataclass(frozen=True)
class Hit:
    """Whom a case hit.

    Parameters
    ----------
    first:
        The first of its traces.
    needed:
        Who was hit by it.
    allowed:
        Who was failed by the service meanwhile, by whatever.
    before:
        Who was failed by the service in the quiet half.
    everybody:
        Whoever came.
    root:
        Those of the needed whose request failed for themselves to see.
    early:
        The first failure of the quiet half, None without one.
    """

    first: datetime
    needed: frozenset[str]
    allowed: frozenset[str]
    before: frozenset[str]
    everybody: frozenset[str]
    root: frozenset[str]
    early: datetime | None


def hit(lab: Lab, case: Case) -> Hit:
    """Read it from the world: what fails as it failed in the quiet half is no part of the case."""
    wanted = f'service("{case.target}") {{ fault }}'
    # the load balancer makes a trace's id, and with it its second, just before the request begins
    begin = case.start - EARLY
    quiet = summaries(lab, case.quiet, begin, wanted)
    usual = {message(one) for one in quiet} | {"the search index was busy"}
    bad = summaries(lab, begin, case.end, wanted)
    mine = [one for one in bad if message(one) not in usual]
    return Hit(
        min(one["StartTime"] for one in mine),
        frozenset(users(mine)),
        frozenset(users(bad)),
        frozenset(users(quiet)),
        frozenset(users(summaries(lab, case.quiet, case.end))),
        frozenset(users([one for one in mine if one["HasFault"]])),
        min((one["StartTime"] for one in quiet), default=None),
    )
