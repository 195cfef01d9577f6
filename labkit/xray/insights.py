"""Insights at work: each minute the groups that have them switched on are looked at.

A minute is judged a minute after it is over, when the segments of requests that were still running
have arrived. How unusual is decided in :mod:`labkit.xray.engine.insights`, which is our own
detector; what it finds is kept here as X-Ray shows it and told to EventBridge where a group wants
that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MINUTE, SECOND
from labkit.core.ids import shape_uuid
from labkit.xray.engine.insights import CLOSED, Band, Count, Detector, Event, Insight, band
from labkit.xray.engine.service_graph import ServiceGraph
from labkit.xray.engine.trace import Service
from labkit.xray.records import DEFAULT_GROUP, GROUPS, INSIGHTS, Group

if TYPE_CHECKING:
    from labkit.xray.service import XRay
    from labkit.xray.store import XRayStore

KEPT = 30 * DAY
#: Services that TopAnomalousServices names at most.
_TOP = 5
#: Minutes before insights were switched on that are learnt from.
_LEARNT = 60
_THROTTLE, _FAULT = 2, 3


@dataclass
class Found:
    """An insight as it is kept.

    Parameters
    ----------
    id:
        A UUID.
    group, arn:
        Whose it is.
    insight:
        What the detector says.
    inferred:
        Services of it that send no segments themselves.
    summary:
        In a sentence.
    client, cause:
        (failed, all) requests of clients, and of the service at fault, since it began.
    updated_us:
        When it was looked at last.
    events:
        As ``GetInsightEvents`` answers them, times in microseconds.
    """

    id: str
    group: str
    arn: str
    insight: Insight
    inferred: set[Service] = field(default_factory=set)
    summary: str = ""
    client: tuple[int, int] = (0, 0)
    cause: tuple[int, int] = (0, 0)
    updated_us: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def start_us(self) -> int:
        """When it began."""
        return self.insight.start * MINUTE

    @property
    def end_us(self) -> int | None:
        """When it ended; None while it goes on."""
        return None if self.insight.end is None else self.insight.end * MINUTE

    def service(self, one: Service, account: str) -> dict[str, Any]:
        """A service as the API shows it."""
        told: dict[str, Any] = {"Name": one.name, "Names": [one.name]}
        if one not in self.inferred:
            told["AccountId"] = account
        if one.type:
            told["Type"] = one.type
        return told


class Insights:
    """The insights of a lab.

    Parameters
    ----------
    service:
        The X-Ray that they belong to.
    """

    def __init__(self, service: XRay) -> None:
        self._service = service
        self._detectors: dict[tuple[str, str, str], Detector] = {}

    # -- reading
    def kept(self, store: XRayStore) -> list[Found]:
        """Insights of the last 30 days, the latest first."""
        oldest_us = self._service.world.clock.now_us - KEPT
        found: list[Found] = [
            one for one in store.of(INSIGHTS).values() if one.start_us >= oldest_us
        ]
        return sorted(found, key=lambda one: (-one.start_us, one.group, one.id))

    def expected(
        self, store: XRayStore, group: Group | None, services: Sequence[Service], requests: int
    ) -> Band | None:
        """How many faults of so many requests are noise; None where insights are not enabled."""
        name = DEFAULT_GROUP if group is None else group.name
        held = store.of(GROUPS).get(name)
        if held is None or not held.insights:
            return None
        detector = self._detectors.get((store.account, store.region, name), Detector())
        usual = Count()
        for one in services:
            known = detector.usual.get(one, Count())
            usual = Count(usual.total + known.total, usual.failed + known.failed)
        return band(usual, requests, detector.settings)

    # -- each minute
    def minute_over(self, store: XRayStore, over: int) -> None:
        """Look at the groups: ``over`` is the minute since the epoch that has just ended."""
        minute = over - 1
        wanted = {one.name: one for one in store.of(GROUPS).values() if one.insights}
        for key in [key for key in self._detectors if key[:2] == (store.account, store.region)]:
            if key[2] not in wanted:
                self._give_up(store, key, minute)
        for name in sorted(wanted):
            self._look(store, wanted[name], minute)

    def _give_up(self, store: XRayStore, key: tuple[str, str, str], minute: int) -> None:
        """Insights of a group were switched off: what is open ends."""
        held = self._detectors.pop(key).open
        for one in store.of(INSIGHTS).values():
            if one.insight is held:
                held.state = CLOSED
                one.updated_us = (minute + 1) * MINUTE

    def _look(self, store: XRayStore, group: Group, minute: int) -> None:
        key = (store.account, store.region, group.name)
        detector = self._detectors.get(key)
        if detector is None:
            detector = self._detectors[key] = Detector()
            detector.learn(self._past(store, group, minute))
        graph = self._service.graphs.services(store, minute * MINUTE, (minute + 1) * MINUTE, group)
        counts = {
            Service(node.name, node.type): Count(node.statistics.total, failures(graph, place))
            for place, node in enumerate(graph.nodes)
            if not node.client and node.statistics.total
        }
        traced = graph.customers.total
        if traced:
            self._service.world.meters.count(
                "xray.insights", store.account, store.region, minute * MINUTE, traced
            )
        names = [Service(node.name, node.type) for node in graph.nodes]
        calls = [(names[edge.source], names[edge.target]) for edge in graph.edges]
        found = detector.minute(minute, counts, calls)
        if found is not None:
            self._record(store, group, *found)

    def _past(self, store: XRayStore, group: Group, minute: int) -> dict[Service, list[Count]]:
        """The hour before a minute."""
        start_us, end_us = (minute - _LEARNT) * MINUTE, minute * MINUTE
        everything = dataclasses.replace(group, since_us=0)
        graphs = self._service.graphs
        graph = graphs.of(store, start_us, end_us)
        among = graphs.among(store, graph, start_us, end_us, everything)
        shown = graph.graph(start_us, end_us, among)
        inferred = {Service(one.name, one.type) for one in shown.nodes if one.inferred}
        return {
            service: [
                Count(sum(row), row[_FAULT] + (row[_THROTTLE] if service in inferred else 0))
                for row in cube.tolist()
            ]
            for service, cube in graph.minutes(start_us, end_us, MINUTE, among).items()
        }

    def _record(self, store: XRayStore, group: Group, insight: Insight, event: Event) -> None:
        held = store.of(INSIGHTS)
        id_ = self._id(store, group, insight)
        one: Found = held.setdefault(id_, Found(id_, group.name, group.arn, insight))
        end_us = event.minute * MINUTE
        graph = self._service.graphs.services(store, one.start_us, one.end_us or end_us, group)
        one.inferred |= {Service(node.name, node.type) for node in graph.nodes if node.inferred}
        customers = graph.customers
        one.client = customers.fault, customers.total
        place = graph.find(*insight.cause)
        one.cause = (
            (0, 0)
            if place is None
            else (failures(graph, place), graph.nodes[place].statistics.total)
        )
        one.updated_us = self._service.world.clock.now_us
        one.summary = _summary(one)
        one.events.append(
            {
                "Summary": one.summary,
                "EventTime": end_us,
                "ClientRequestImpactStatistics": impact(*one.client),
                "RootCauseServiceRequestImpactStatistics": impact(*one.cause),
                "TopAnomalousServices": [
                    {"ServiceId": one.service(each, store.account)}
                    for each in event.anomalous[:_TOP]
                ],
            }
        )
        if group.notifications:
            self._tell(store, one)

    def _id(self, store: XRayStore, group: Group, insight: Insight) -> str:
        digest = self._service.world.ids.digest(
            "xray insight", store.account, store.region, group.name, insight.start
        )
        return shape_uuid(digest.hex())

    def _tell(self, store: XRayStore, one: Found) -> None:
        event = dict(one.events[-1])
        event["EventTime"] //= SECOND
        detail = {
            "InsightId": one.id,
            "GroupName": one.group,
            "State": one.insight.state,
            "Category": "FAULT",
            "Categories": ["FAULT"],
            "StartTime": one.start_us // SECOND,
            **({} if one.end_us is None else {"EndTime": one.end_us // SECOND}),
            "Summary": one.summary,
            "RootCauseServiceId": one.service(one.insight.cause, store.account),
            "ClientRequestImpactStatistics": impact(*one.client),
            "RootCauseServiceRequestImpactStatistics": impact(*one.cause),
            "TopAnomalousServices": event["TopAnomalousServices"],
            "Event": event,
        }
        self._service.world.facts.publish(
            "event.emitted",
            store.account,
            store.region,
            {
                "source": "aws.xray",
                "detail_type": "AWS X-Ray Insight Update",
                "resources": [one.arn],
                "detail": detail,
            },
        )


def failures(graph: ServiceGraph, place: int) -> int:
    """Requests of a node that count as failed: faults, of a table that throttles these too."""
    node = graph.nodes[place]
    return node.statistics.fault + (node.statistics.throttle if node.inferred else 0)


def impact(failed: int, total: int) -> dict[str, int]:
    """``RequestImpactStatistics``."""
    return {"FaultCount": failed, "OkCount": total - failed, "TotalCount": total}


def _summary(one: Found) -> str:
    cause, (failed, total) = one.insight.cause, one.cause
    share = 100 * failed / total if total else 0.0
    said = f"{failed} of {total} requests to {cause.name} failed ({share:.3g} %)"
    if one.insight.state == CLOSED:
        return f"{said}. The fault rates are in the expected range again."
    others = len(one.insight.anomalous) - 1
    if others:
        said += f", and {others} more service{'s' if others > 1 else ''} with it"
    return f"{said}: more than is to be expected."


__all__ = ["KEPT", "Found", "Insights", "failures", "impact"]
