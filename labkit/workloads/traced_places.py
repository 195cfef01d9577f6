"""Where a workload's services run, as far as their tracing goes: who is heard, and since when.

A service of the shop has no process that a wrong port mapping could silence. Here it is told on
which resource of the account it runs (``lab.shop.runs_on("cart", "cart-task")``), and from then on
X-Ray has its segments only while that resource's set-up lets them through. Whether it does is asked
(port ``traces_arrive``) when it is told, after each call that may have changed it, and when a
machine starts or stops; in between nothing can change.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.core.clock import Clock
    from labkit.core.facts import Fact
    from labkit.core.ports import Ports

#: Services of AWS whose calls may change a set-up.
_CHANGING = frozenset({"ecs", "iam", "ec2", "lambda", "elasticbeanstalk", "s3"})


@dataclass(slots=True)
class _Place:
    """Where one service runs: since when its segments are heard, or not."""

    what: str
    since_us: list[int] = field(default_factory=list)
    heard: list[bool] = field(default_factory=list)


class TracedPlaces:
    """On which resource each service runs, and whether its segments arrive.

    Parameters
    ----------
    clock, ports:
        The lab's.
    """

    def __init__(self, clock: Clock, ports: Ports) -> None:
        self._clock, self._ports = clock, ports
        self._places: dict[tuple[str, str, str], _Place] = {}

    def put(self, account: str, region: str, service: str, what: str) -> None:
        """Let a service run on a resource from now on; ``''`` takes it off again.

        What it sent before stays.
        """
        key = (account, region, service)
        before = self._places.get(key)
        place = _Place(what)
        if before is not None:
            place.since_us, place.heard = before.since_us, before.heard
        self._places[key] = place
        self._ask(key, place)

    def on_call_finished(self, fact: Fact) -> None:
        """A set-up may have changed."""
        data = fact.data
        if self._places and not data["read_only"] and data["service"] in _CHANGING:
            self._ask_all()

    def on_instance_state(self, fact: Fact) -> None:
        """A machine started or stopped, and with it whatever runs there."""
        if self._places:
            self._ask_all()

    def heard(self, account: str, region: str, document: dict[str, Any]) -> bool:
        """Whether X-Ray gets this segment of a service."""
        place = self._places.get((account, region, str(document["name"])))
        if place is None:
            return True
        last = bisect_right(place.since_us, int(document["start_time"] * 1e6)) - 1
        return last < 0 or place.heard[last]

    def __bool__(self) -> bool:
        return bool(self._places)

    def _ask_all(self) -> None:
        for key, place in self._places.items():
            self._ask(key, place)

    def _ask(self, key: tuple[str, str, str], place: _Place) -> None:
        account, region, _ = key
        heard = not place.what or self._ports.traces_arrive(account, region, place.what)
        if not place.heard and heard and not place.since_us:
            return  # as it has been all along
        if not place.heard or place.heard[-1] != heard:
            place.since_us.append(self._clock.now_us)
            place.heard.append(heard)
