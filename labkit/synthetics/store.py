"""What Synthetics remembers for one account and Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.synthetics.records import Canary

if TYPE_CHECKING:
    from labkit.synthetics.service import Synthetics


class SyntheticsStore:
    """Canaries by name.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The Synthetics that it belongs to.
    """

    def __init__(self, account: str, region: str, service: Synthetics) -> None:
        self.account, self.region, self.service = account, region, service
        self.canaries: dict[str, Canary] = {}

    def digest(self) -> list[Any]:
        """All of it as plain values."""
        return [
            [
                canary.name, canary.id, canary.state, canary.expression, canary.duration_s,
                canary.retries, sorted(canary.tags.items()), canary.started_us, canary.stopped_us,
                repr(canary.settings),
                [[run.id, run.started_us, run.completed_us, run.state, run.reason, run.attempt]
                 for run in canary.runs],
            ]
            for _, canary in sorted(self.canaries.items())
        ]  # fmt: skip
