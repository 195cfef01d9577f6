"""What a lab's X-Ray shows of itself, read past the API: no call, no instant, no bill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.core.world import World
from labkit.xray.explaining import Explaining
from labkit.xray.pictures import Pictures
from labkit.xray.setups import Setups

if TYPE_CHECKING:
    from labkit.xray.engine.trace import Trace
    from labkit.xray.records import Group
    from labkit.xray.store import XRayStore


class Showing(Explaining, Pictures, Setups):
    """The views of X-Ray; account and Region are the lab's own when left out."""

    world: World
    account: str
    region: str

    def store(self, account: str, region: str) -> XRayStore:
        """What is remembered for an account and Region."""
        raise NotImplementedError

    def members(
        self, store: XRayStore, group: Group | None, traces: Sequence[Trace]
    ) -> list[Trace]:
        """Those of some traces that belong to a group; all for none, or one without a filter."""
        from labkit.xray.filtering import groups, read

        if group is None:
            return list(traces)
        mine = [one for one in traces if store.time_us(one.id) >= group.since_us]
        if not group.filter_expression:
            return mine
        return read(group.filter_expression).select(mine, groups(store), store.account)
