"""What the files of this folder share: collecting reasons, permissions, addresses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from labkit.core.verdict import Reason, Verdict

PORT = 2000
PUT = "xray:PutTraceSegments"
TELEMETRY = "xray:PutTelemetryRecords"
SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
SUMMARIES = "xray:GetSamplingStatisticSummaries"
#: What the managed policy AWSXRayDaemonWriteAccess allows.
ACTIONS = (PUT, TELEMETRY, *SAMPLING, SUMMARIES)

#: The variable in which an SDK looks for its daemon.
ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class Finding:
    """Reasons as they are found: mistakes, remarks, and what is right."""

    mistakes: list[Reason] = field(default_factory=list)
    remarks: list[Reason] = field(default_factory=list)
    right: list[Reason] = field(default_factory=list)

    def wrong(self, rule: str, text: str, **inputs: Any) -> None:
        """Something for which no trace arrives."""
        self.mistakes.append(Reason(rule, text, inputs))

    def remark(self, rule: str, text: str, **inputs: Any) -> None:
        """Something that keeps no trace back."""
        self.remarks.append(Reason(f"remark: {rule}", text, inputs))

    def good(self, rule: str, text: str, **inputs: Any) -> None:
        """A link of the chain that holds."""
        self.right.append(Reason(rule, text, inputs))

    def verdict(self) -> Verdict[bool]:
        """True without mistakes; then the reasons say how a segment travels."""
        if self.mistakes:
            return Verdict(False, (*self.mistakes, *self.remarks))
        return Verdict(True, (*self.right, *self.remarks))


def permissions(finding: Finding, role: str, allowed: Collection[str] | None, whose: str) -> None:
    """Who may pass on.

    Parameters
    ----------
    role:
        ARN or name; empty when there is none.
    allowed:
        The X-Ray actions that it may do; None when that is not known.
    whose:
        What the role is called on this platform ("the task role").
    """
    if not role:
        finding.wrong(
            "role", f"the daemon finds no credentials: {whose} is missing", needs=list(ACTIONS)
        )
        return
    name = role.rpartition("/")[2]
    if allowed is None:
        finding.good("role", f"the daemon sends as {name}, {whose}")
        return
    if PUT not in allowed:
        finding.wrong(
            "permission",
            f"{whose}, {name}, may not {PUT}: the daemon is refused, the program never learns",
            allowed=sorted(allowed),
        )
    else:
        finding.good("role", f"the daemon sends as {name}, {whose}, which may {PUT}")
    missing = [action for action in SAMPLING if action not in allowed]
    if missing:
        finding.remark(
            "sampling",
            f"{name} may not {' and '.join(missing)}: the SDK falls back to its own rule, one "
            "request a second and 5 % of the others",
        )
    if TELEMETRY not in allowed:
        finding.remark("telemetry", f"{name} may not {TELEMETRY}: X-Ray does not hear how it does")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an SDK sends segments: host and UDP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


#: Where an SDK sends when nobody says another place.
DEFAULT = Address("127.0.0.1", PORT)


def address(text: str | None) -> Address | None:
    """The UDP side of ``host:port`` or ``tcp:host:port udp:host:port``; None when it is neither.

    Without a text it is the default. The SDKs raise an error for what they can't read.
    """
    if text is None or not text.strip():
        return DEFAULT
    for part in text.split():
        pieces = part.split(":")
        if len(pieces) == 3 and pieces[0].lower() == "udp":
            pieces = pieces[1:]
        if len(pieces) == 2 and pieces[0] and pieces[1].isascii() and pieces[1].isdigit():
            return Address(pieces[0], int(pieces[1]))
    return None
