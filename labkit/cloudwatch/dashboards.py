"""The dashboards of a lab: one set for each account, whatever the Region of the call.

Dashboards are global: their ARN names no Region, and one made in Frankfurt is there in Virginia.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


class Dashboards:
    """All dashboards, by account and name."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Dashboard]] = {}

    def of(self, account: str) -> dict[str, Dashboard]:
        """An account's dashboards by name."""
        return self._held.setdefault(account, {})

    def digest(self) -> list[list[object]]:
        """Everything remembered, as plain values."""
        return [
            [one.account, one.name, one.body, one.modified_us, sorted(one.tags.items())]
            for account in sorted(self._held)
            for one in self._held[account].values()
        ]
