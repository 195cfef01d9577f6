"""What the shop's services need of the account, and what befalls them while it is not so.

A service of the shop has no process that a revoked rule could cut off. Here it is told what it
relies on (``lab.shop.relies_on("catalogue", "dynamodb:table/products", least=100, ...)``): whenever
that setting of the account is not good enough, an incident befalls the service, and it is over with
the call that mends it. So an outage has a cause that stands in CloudTrail, and a repair that works
because it changes the account, not because somebody said so.

Whether a setting is good is asked (port ``setting``) when it is told and after each call that may
have changed it; in between nothing can change. The minute of a change is the first bad one, the
minute of the mending the first good one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labkit.core.clock import MILLISECOND, to_datetime
from labkit.core.errors import LabError
from labkit.workloads.incidents import Incident

if TYPE_CHECKING:
    from labkit.core.clock import Clock
    from labkit.core.facts import Fact
    from labkit.core.ports import Ports
    from labkit.workloads.shop_figures import ShopFigures

#: Kinds of settings: how they are written, and what is asked of them.
SETTINGS = {
    "dynamodb:table/": "read capacity units of a table; on demand is as many as are needed",
    "ssm:parameter/": "the text of a parameter: `ssm:parameter/shop/cart/currencies`",
    "ec2:security-group/": "what a security group lets in, as `tcp/5432 tcp/443`",
}


@dataclass(slots=True)
class Need:
    """One setting that a service relies on.

    Parameters
    ----------
    account, region:
        Where the setting is.
    service, kind, size:
        Whom it befalls when the setting is not good, with what incident.
    what:
        The setting, as :data:`SETTINGS` has it.
    least, holds:
        What it takes: a number that it must reach, or a word that must stand in it.
    """

    account: str
    region: str
    service: str
    what: str
    kind: str
    size: float
    least: float = 0.0
    holds: str = ""
    fault: Incident | None = None

    def met(self, value: str | float) -> bool:
        """Whether a value of the setting will do."""
        if isinstance(value, str):
            return self.holds in value.replace(",", " ").split()
        return value >= self.least


class ShopSettings:
    """The settings that the shop relies on.

    Parameters
    ----------
    clock, ports:
        The lab's.
    shop:
        Whom incidents befall.
    """

    def __init__(self, clock: Clock, ports: Ports, shop: ShopFigures) -> None:
        self._clock, self._ports, self._shop = clock, ports, shop
        self._needs: list[Need] = []

    def rely(
        self,
        account: str,
        region: str,
        service: str,
        what: str,
        kind: str,
        size: float,
        least: float,
        holds: str,
    ) -> None:
        """Let a service rely on a setting from now on; parameters are those of :class:`Need`.

        Raises
        ------
        LabError
            For an incident that can't befall the service, or a setting of no known kind.
        """
        if not what.startswith(tuple(SETTINGS)):
            raise LabError(f"a setting is written {', '.join(SETTINGS)}...; not {what!r}")
        tried = Incident(kind, service, to_datetime(self._clock.now_us), None, size)
        if not self._shop.knows(tried):
            raise LabError(f"{kind} of {service!r} can't befall the shop")
        need = Need(account, region, service, what, kind, size, least, holds)
        self._needs.append(need)
        self._ask(need)

    def on_call_finished(self, fact: Fact) -> None:
        """A setting may have changed."""
        data = fact.data
        if not self._needs or data["read_only"] or data["error_code"]:
            return
        for need in self._needs:
            if need.what.startswith(data["service"] + ":"):
                self._ask(need)

    def _ask(self, need: Need) -> None:
        met = need.met(self._ports.setting(need.account, need.region, need.what))
        now_us = self._clock.now_us
        if not met and need.fault is None:
            need.fault = Incident(need.kind, need.service, to_datetime(now_us), None, need.size)
            self._shop.apply(need.fault)
        elif met and need.fault is not None:
            # An incident that was never a whole minute old began and ended in no minute at all.
            end_us = max(now_us, int(need.fault.start.timestamp() * 1e6) + MILLISECOND)
            self._shop.mend(need.fault, replace(need.fault, end=to_datetime(end_us)))
            need.fault = None
