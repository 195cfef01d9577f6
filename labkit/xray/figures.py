"""CloudWatch metrics of X-Ray's groups: one set a minute, namespace ``AWS/X-Ray``.

The page names the metrics only in passing; names and units are as the console shows them (an
approximation): ``TracedRequestCount``, ``FaultRate``, ``ErrorRate``, ``ThrottleRate``, ``OkRate``
(percent of the traced requests of the minute) and ``ResponseTime`` (seconds, one value for each
request). A minute without traced requests has no points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.core.clock import MINUTE
from labkit.xray.records import GROUPS, Group

if TYPE_CHECKING:
    from labkit.xray.engine.trace import Trace
    from labkit.xray.service import XRay
    from labkit.xray.store import XRayStore

NAMESPACE = "AWS/X-Ray"


class Figures:
    """The metrics of an X-Ray's groups."""

    def __init__(self, service: XRay) -> None:
        self._service = service

    def minute_over(self, store: XRayStore, minute: int) -> None:
        """Tell the figures of a minute, counted since the epoch, for each group."""
        groups = [one for one in store.of(GROUPS).values() if one.filter_expression]
        if not groups:
            return
        traces = store.traces(minute * MINUTE, (minute + 1) * MINUTE - 1)
        for group in groups:
            chosen = self._service.members(store, group, traces)
            if chosen:
                self._tell(store, group, minute, chosen)

    def _tell(self, store: XRayStore, group: Group, minute: int, traces: list[Trace]) -> None:
        roots = [one.root for one in traces if one.root is not None]
        if not roots:
            return
        many = len(roots)
        rates = {
            "FaultRate": sum(root.fault for root in roots),
            "ErrorRate": sum(root.error and not root.throttle for root in roots),
            "ThrottleRate": sum(root.throttle for root in roots),
            "OkRate": sum(root.ok for root in roots),
        }
        self._put(store, group, minute, "TracedRequestCount", float(many), "Count")
        for name, count in rates.items():
            self._put(store, group, minute, name, 100.0 * count / many, "Percent")
        for root in roots:
            if root.end is not None:
                self._put(store, group, minute, "ResponseTime", root.duration, "Seconds")

    def _put(
        self, store: XRayStore, group: Group, minute: int, name: str, value: float, unit: str
    ) -> None:
        self._service.world.ports.put_metric(
            store.account, store.region, NAMESPACE, name, (("GroupName", group.name),),
            minute * MINUTE, value, unit,
        )  # fmt: skip
