"""The dashboards of a lab: one set for each account, whatever the Region of the call.

Dashboards are global: their ARN names no Region, and one made in Frankfurt is there in Virginia.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labkit.core.usage import Meters

MOST_NAME = 255


@dataclass(slots=True)
class Dashboard:
    """One dashboard, its body as it was sent.

    Parameters
    ----------
    name, account:
        Whose, and what it is called.
    body:
        The JSON text.
    modified_us:
        The last PutDashboard, microseconds.
    tags:
        Key -> value.
    """

    name: str
    account: str
    body: str
    modified_us: int
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The ARN, which has no Region."""
        return f"arn:aws:cloudwatch::{self.account}:dashboard/{self.name}"


#: What the bill counts, each hour that one stands; under one Region, since they have none.
ITEM, BILLED_IN = "cloudwatch.dashboard", "us-east-1"


class Dashboards:
    """All dashboards, by account and name.

    Parameters
    ----------
    meters:
        Where the bill counts them.
    """

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._held: dict[str, dict[str, Dashboard]] = {}

    def of(self, account: str) -> dict[str, Dashboard]:
        """An account's dashboards by name: to be read."""
        return self._held.setdefault(account, {})

    def add(self, one: Dashboard) -> None:
        """A new dashboard."""
        self.of(one.account)[one.name] = one
        self._meters.begin(ITEM, one.account, BILLED_IN, f"dashboard {one.name}", one.modified_us)

    def remove(self, account: str, name: str, now_us: int) -> None:
        """A dashboard goes; one that is not there is passed over."""
        if self.of(account).pop(name, None) is not None:
            self._meters.end(account, BILLED_IN, f"dashboard {name}", now_us, items=[ITEM])

    def digest(self) -> list[list[object]]:
        """Everything remembered, as plain values."""
        return [
            [one.account, one.name, one.body, one.modified_us, sorted(one.tags.items())]
            for account in sorted(self._held)
            for one in self._held[account].values()
        ]
