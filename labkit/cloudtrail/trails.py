"""The trails of a lab, by account and home Region, and which of them log what.

A multi-Region trail belongs to its home Region, shows itself in every other Region as a shadow
trail, and logs in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.cloudtrail.engine import selectors
from labkit.cloudtrail.records import Trail
from labkit.core.facts import Fact
from labkit.core.world import World

#: Calls after which a trail logs no more.
_ENDS = ("StopLogging", "DeleteTrail")


class Trails:
    """Keeps trails.

    Parameters
    ----------
    world:
        Whose facts tell of changes (``trail.changed``).
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._trails: dict[str, Trail] = {}
        self._logging: dict[tuple[str, str], tuple[Trail, ...]] = {}
        #: Whether a trail of an organization is among them.
        self._shared = False
        #: The trail that logged last of all its own end, and when it ended.
        self._ended: tuple[Trail, int] | None = None

    def __iter__(self) -> Iterator[Trail]:
        return iter(self._trails.values())

    def find(self, arn: str) -> Trail | None:
        """The trail of an ARN."""
        return self._trails.get(arn)

    def seen(self, account: str, region: str, *, shadows: bool = True) -> list[Trail]:
        """Trails that a Region shows, by name; of other Regions the multi-Region ones."""
        found = [
            trail
            for trail in self._trails.values()
            if self.covers(trail, account)
            and (trail.home_region == region or (shadows and trail.multi_region))
        ]
        return sorted(found, key=lambda trail: (trail.name, trail.home_region))

    def covers(self, trail: Trail, account: str) -> bool:
        """Whether a trail is an account's own, or one of the organization that it is in."""
        if trail.account == account:
            return True
        if not trail.organization:
            return False
        found = self._world.ports.organization(account)
        return found is not None and found.id == trail.organization_id

    def add(self, trail: Trail) -> None:
        """Keep a new trail."""
        self._trails[trail.arn] = trail
        self.changed(trail, "created")

    def remove(self, trail: Trail) -> None:
        """Forget a trail; what it delivered stays."""
        if trail.logging:
            trail.logging = False
            self.ended(trail)
        self.changed(trail, "stopped")
        del self._trails[trail.arn]
        self.changed(trail, "deleted")

    def ended(self, trail: Trail) -> None:
        """Note that a call which is under way ends a trail's logging (:meth:`ending`)."""
        self._ended = (trail, self._world.clock.now_us)

    def ending(self, fact: Fact, region: str) -> tuple[Trail, ...]:
        """The trail that ended by a finished call, which it still logs.

        The call is finished when the trail logs no more. Were it not told, whoever stops a trail
        would be the one caller that no file and no rule ever names.
        """
        if self._ended is None or fact.data.get("operation") not in _ENDS:
            return ()
        trail, at_us = self._ended
        here = trail.multi_region or trail.home_region == region
        own = trail.account == fact.account and not fact.data["error_code"]
        return (trail,) if own and here and fact.at_us == at_us else ()

    def changed(self, trail: Trail, change: str) -> None:
        """Tell that a trail was created, started, stopped, updated or deleted."""
        self._logging.clear()
        self._shared = any(one.organization for one in self._trails.values())
        told = {"trail_arn": trail.arn, "change": change}
        self._world.facts.publish("trail.changed", trail.account, trail.home_region, told)

    def logging(self, account: str, region: str) -> tuple[Trail, ...]:
        """Trails that log the calls of an account in a Region."""
        key = (account, region)
        # Who is in an organization changes without a word to CloudTrail: nothing is remembered.
        found = None if self._shared else self._logging.get(key)
        if found is None:
            found = self._logging[key] = tuple(
                trail for trail in self.seen(account, region) if trail.logging
            )
        return found

    def logs_data(self, account: str, region: str) -> bool:
        """Whether a trail there asks for data events of anything."""
        return any(
            selectors.asks_data(trail.selectors, trail.advanced)
            for trail in self.logging(account, region)
        )

    def state(self) -> list[Any]:
        """Every trail as plain values, for the digest of a world."""
        return [
            [name if isinstance(name, str) else repr(name) for name in vars(trail).values()]
            for trail in sorted(self._trails.values(), key=lambda trail: trail.arn)
        ]
