"""What a lab is assembled from: the parts, and what comes out of them for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.core.facts import Fact, Hearer
from labkit.core.sources import Source
from labkit.core.traces import TraceSource

if TYPE_CHECKING:
    from labkit.agents.hosted import Agents
    from labkit.agents.xray_hosted import Daemons
    from labkit.athena.service import Athena
    from labkit.backing.account import Backing
    from labkit.cloudtrail.service import CloudTrail
    from labkit.cloudwatch.service import CloudWatch
    from labkit.eventbridge.service import EventBridge
    from labkit.lab import Lab
    from labkit.logs.service import Logs
    from labkit.oam.service import Oam
    from labkit.scheduler.service import Scheduler
    from labkit.schemas.service import Schemas
    from labkit.synthetics.service import Synthetics
    from labkit.workloads.fleet import Fleet
    from labkit.workloads.group_load import GroupLoads
    from labkit.workloads.groups import Groups
    from labkit.workloads.incidents import Incident
    from labkit.workloads.latencies import Latencies
    from labkit.workloads.people_at_work import AtWork
    from labkit.workloads.shop_figures import ShopFigures
    from labkit.workloads.shop_logs import ShopLogs
    from labkit.workloads.shop_settings import ShopSettings
    from labkit.workloads.shop_traces import ShopTraces
    from labkit.workloads.shop_visits import ShopVisits
    from labkit.workloads.traced_places import TracedPlaces
    from labkit.xray.service import XRay


class Post:
    """What came out of the world for a person: e-mails, and the changes that advance() tells of."""

    def __init__(self) -> None:
        self.mails: list[Fact] = []
        self.changes: list[Fact] = []

    def on_mail(self, fact: Fact) -> None:
        """An e-mail arrived."""
        self.mails.append(fact)

    def counting(self, lab: Lab) -> Hearer:
        """Counts e-mails for the bill; the letter that asks for a confirmation is none."""
        meters = lab.world.meters

        def count(fact: Fact) -> None:
            if not fact.data["confirm_token"]:
                meters.count("sns.email", fact.account, fact.region, fact.at_us)

        return count

    def on_alarm(self, fact: Fact) -> None:
        """An alarm is in another state."""
        self.changes.append(fact)


@dataclass(slots=True)
class Parts:
    """The assembled parts of one lab."""

    backing: Backing
    fleet: Fleet
    cloudwatch: CloudWatch
    cloudtrail: CloudTrail
    oam: Oam
    eventbridge: EventBridge
    scheduler: Scheduler
    schemas: Schemas
    logs: Logs
    xray: XRay
    synthetics: Synthetics
    athena: Athena
    post: Post
    groups: Groups
    group_loads: GroupLoads
    latencies: Latencies
    agents: Agents
    daemons: Daemons
    shop: ShopFigures
    shop_logs: ShopLogs
    shop_traces: ShopTraces
    shop_settings: ShopSettings
    traced_places: TracedPlaces
    shop_visits: ShopVisits
    at_work: AtWork

    def metric_sources(self, account: str, region: str) -> Sequence[Source]:
        """The port ``metric_sources``."""
        return (self.fleet, self.groups, self.latencies, self.agents, self.shop)

    def trace_sources(self, account: str, region: str) -> Sequence[TraceSource]:
        """The port ``trace_sources``."""
        return (self.shop_traces,)

    def befall(self, incident: Incident) -> None:
        """Let an incident happen to whom it is about."""
        if self.shop_visits.knows(incident):
            self.shop_visits.apply(incident)
            self.shop.hinder(incident)
        elif self.shop.knows(incident):
            self.shop.apply(incident)
        elif incident.kind in self.latencies.KINDS:
            self.latencies.apply(incident)
        else:
            self.fleet.apply(incident)
