"""Contributor Insights rules, as they are remembered."""

from __future__ import annotations

from dataclasses import dataclass, field

ENABLED, DISABLED = "ENABLED", "DISABLED"

#: What AWS keeps rules ready for: the endpoint services of PrivateLink.
TEMPLATES = (
    "VpcEndpointService-ActiveConnectionsByEndpointId-v1",
    "VpcEndpointService-BytesByEndpointId-v1",
    "VpcEndpointService-NewConnectionsByEndpointId-v1",
    "VpcEndpointService-RstPacketsByEndpointId-v1",
)


@dataclass(slots=True)
class InsightRule:
    """A rule.

    Parameters
    ----------
    name, definition, transformed:
        As given; ``transformed`` is ApplyOnTransformedLogs.
    spans:
        When it was enabled: [from, to], microseconds, the last one open (None) while it is. A rule
        counts events of these times only.
    template, resource:
        Of a managed rule.
    """

    name: str
    definition: str
    transformed: bool = False
    spans: list[list[int | None]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    template: str = ""
    resource: str = ""

    @property
    def state(self) -> str:
        """ENABLED or DISABLED."""
        return ENABLED if self.spans and self.spans[-1][1] is None else DISABLED

    def enable(self, now_us: int) -> None:
        """Count from now on."""
        if self.state == DISABLED:
            self.spans.append([now_us, None])

    def disable(self, now_us: int) -> None:
        """Count no more."""
        if self.state == ENABLED:
            self.spans[-1][1] = now_us

    def counted(self, at_us: int) -> bool:
        """Whether an event of this time is one of the rule's."""
        return any(
            start is not None and start <= at_us and (end is None or at_us < end)
            for start, end in self.spans
        )
