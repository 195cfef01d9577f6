"""The one thing that goes wrong with a pattern: it is not valid, and AWS says where."""

from __future__ import annotations


class InvalidEventPattern(ValueError):
    """A pattern that EventBridge would refuse with InvalidEventPatternException.

    Parameters
    ----------
    reason:
        AWS's words (``Empty arrays are not allowed``).
    where:
        The place in the text as AWS prints it; empty where AWS names none (a bad CIDR).
    """

    def __init__(self, reason: str, where: str = "") -> None:
        self.reason = reason
        self.where = where
        place = f"\n at {where}" if where else ""
        super().__init__(f"Event pattern is not valid. Reason: {reason}{place}")
