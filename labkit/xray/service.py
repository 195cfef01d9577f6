"""X-Ray as the lab assembles it: segments come in, whoever sends them.

Every segment comes in through :meth:`XRay.accept`: by PutTraceSegments, from functions and load
balancers of the lab. What pulled sources have (the shop) is taken in by :meth:`XRay.take` when
somebody asks about its minute.

The account's clock works for X-Ray only where somebody waits for it: each minute while there is a
group with a filter expression (its metrics) or with insights. What :attr:`XRay.each_minute` lists
is then called with the store and the minute that is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from labkit.core.call import Principal
from labkit.core.clock import MINUTE, SECOND, Phase
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.xray.engine.document import Refused, read
from labkit.xray.figures import Figures
from labkit.xray.graphs import Graphs
from labkit.xray.insights import Insights
from labkit.xray.records import GROUPS, LOGS, POLICIES, SETTINGS, Policy, Settings
from labkit.xray.showing import Showing
from labkit.xray.store import XRayStore

if TYPE_CHECKING:
    import numpy as np

_TICK = "xray.minute"
#: Where spans go once the destination is CloudWatch Logs.
SPANS_GROUP, SPANS_STREAM = "aws/spans", "default"
_SHARES = 10_000


class XRay(Showing):
    """Traces of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    account, region:
        Whose traces views show when nobody says otherwise.
    """

    def __init__(
        self, world: World, account: str = "123456789012", region: str = "us-east-1"
    ) -> None:
        self.world, self.account, self.region = world, account, region
        world.remember("xray", lambda a, r: XRayStore(a, r, self))
        world.clock.register(_TICK, self._minute_over)
        self._ticking: set[tuple[str, str]] = set()
        self.figures = Figures(self)
        self.graphs = Graphs()
        self.insights = Insights(self)
        #: What happens when a minute is over that somebody waits for, in this order.
        self.each_minute: list[Callable[[XRayStore, int], None]] = [
            self.figures.minute_over,
            self.insights.minute_over,
        ]

    def store(self, account: str, region: str) -> XRayStore:
        """What is remembered for an account and Region."""
        found: XRayStore = self.world.store("xray", account, region)
        return found

    def settings(self, store: XRayStore) -> Settings:
        """Encryption, destination and indexing of an account and Region."""
        held = store.of(SETTINGS)
        if "" not in held:
            held[""] = Settings()
        settings: Settings = held[""]
        return settings

    def sources(self, account: str, region: str) -> Sequence[Any]:
        """The pulled sources of traces there."""
        ports = self.world.ports
        return ports.trace_sources(account, region) if ports.answered("trace_sources") else ()

    def sampled(self, account: str, region: str, arrivals: Any) -> np.ndarray:
        """Which requests of a workload are traced, by the sampling rules of their time.

        Parameters
        ----------
        account, region:
            Whose rules.
        arrivals:
            The requests (labkit.core.traces.Arrivals).
        """
        from labkit.xray.sampling import decided

        return decided(self.store(account, region), arrivals)

    # -- in
    def accept(
        self,
        account: str,
        region: str,
        documents: Iterable[str | Mapping[str, Any]],
        now_us: int | None = None,
    ) -> list[dict[str, str]]:
        """Take segment documents.

        Parameters
        ----------
        account, region:
            Where they belong.
        documents:
            JSON texts or objects.
        now_us:
            When they arrive; now when left out.

        Returns
        -------
        list of dict
            What was not taken, as ``UnprocessedTraceSegments`` has it.
        """
        at_us = self.world.clock.now_us if now_us is None else now_us
        store = self.store(account, region)
        refused, taken = [], []
        for given in documents:
            try:
                document = read(given, at_us / SECOND)
            except Refused as problem:
                refused.append(problem.told())
                continue
            taken.append(document)
        self._keep(store, taken, at_us)
        if taken and self.world.facts.heard("trace.segment"):
            for document in taken:
                told = {"trace_id": document["trace_id"], "segment_id": document["id"]}
                self.world.facts.publish("trace.segment", account, region, told)
        return refused

    def accept_from(
        self,
        account: str,
        region: str,
        documents: Iterable[Mapping[str, Any]],
        service: str = "",
        source_arn: str = "",
    ) -> list[dict[str, str]]:
        """The port ``accept_segments``: of a service that sends for itself, if a policy lets it.

        Functions and stages send with a role of the account's; a topic does not, and without a
        resource policy that lets SNS send segments there are none.
        """
        if service and not self._let_in(account, region, service, source_arn):
            return []
        return self.accept(account, region, documents)

    def _let_in(self, account: str, region: str, service: str, source_arn: str) -> bool:
        given = {"aws:SourceArn": source_arn, "aws:SourceAccount": account}
        who = Principal("AWSService", "", "", service, name=service)
        policies: Iterable[Policy] = self.store(account, region).of(POLICIES).values()
        allows = self.world.ports.policy_allows
        return any(
            allows(one.document, who, "xray:PutTraceSegments", "*", given, account).value
            for one in policies
        )

    def take(self, store: XRayStore, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take in segments of a past minute, out of a pulled source: checked by their maker.

        The source counts them for the bill itself, whether anybody has asked or not.
        """
        by_end: dict[int, list[Mapping[str, Any]]] = {}
        for document in documents:
            end = document.get("end_time") or document["start_time"]
            by_end.setdefault(int(end * SECOND), []).append(document)
        for at_us, some in sorted(by_end.items()):
            self._keep(store, some, at_us, counted=False)

    def _keep(
        self,
        store: XRayStore,
        documents: Sequence[Mapping[str, Any]],
        at_us: int,
        *,
        counted: bool = True,
    ) -> None:
        settings = self.settings(store)
        to_logs = settings.destination == LOGS and at_us >= settings.destination_active_us
        new = 0
        for document in documents:
            if store.put(document, at_us):
                new += 1
                if to_logs:
                    held = store.held(document["trace_id"])
                    if held is not None:
                        share = _share(document["trace_id"])
                        held.indexed = share < settings.indexed_percent * _SHARES / 100
        if new and counted:
            meters = self.world.meters
            meters.count("xray.recorded", store.account, store.region, at_us, new)
        if to_logs and documents:
            lines = [(int(one["start_time"] * SECOND), dumps(one)) for one in documents]
            self.world.ports.put_log_lines(
                store.account, store.region, SPANS_GROUP, SPANS_STREAM, sorted(lines)
            )

    # -- time
    def watch(self, store: XRayStore) -> None:
        """Wait for the end of each minute, from now on and while somebody needs it."""
        place = (store.account, store.region)
        if place in self._ticking or not self._needed(store):
            return
        self._ticking.add(place)
        due = (self.world.clock.now_us // MINUTE + 1) * MINUTE
        self._due(store, due)

    def _due(self, store: XRayStore, due_us: int) -> None:
        told = {"account": store.account, "region": store.region}
        self.world.clock.at(due_us, Phase.DATA, _TICK, told)

    def _needed(self, store: XRayStore) -> bool:
        return any(one.filter_expression or one.insights for one in store.of(GROUPS).values())

    def _minute_over(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: a minute is over."""
        store = self.store(payload["account"], payload["region"])
        if not self._needed(store):
            self._ticking.discard((store.account, store.region))
            return
        now_us = self.world.clock.now_us
        minute = now_us // MINUTE - 1
        store.pull(minute * MINUTE, now_us)
        for happen in self.each_minute:
            happen(store, minute)
        self._due(store, now_us + MINUTE)

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self.world.stores("xray").items())
        ]


def _share(trace_id: str) -> int:
    """Where a trace falls among ten thousand: the same for all who ask."""
    return int.from_bytes(blake2b(trace_id.encode(), digest_size=4).digest(), "big") % _SHARES
