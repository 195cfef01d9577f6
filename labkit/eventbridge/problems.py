"""What did not arrive, and why: kept for who asks where an event has gone.

Three things end silently on AWS, or in a figure that nobody looks at: a target that may not be
called, an event that came from another bus and is not sent to a third, and a rule that leads to
the very event that it waits for. A lab writes each of them down
(``lab.eventbridge.view_problems()``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from labkit.core.facts import Fact

#: How many are kept; the oldest go first.
MOST = 500
NOT_DELIVERED, NOT_SENT_ON, LOOP = "not delivered", "not sent on", "a loop, stopped"


@dataclass(frozen=True)
class Problem:
    """Something that did not arrive.

    Attributes
    ----------
    at_us:
        When.
    rule, target:
        ARNs; the rule's is ``""`` where it is gone.
    what:
        One of the three kinds.
    why:
        The reason in words.
    """

    at_us: int
    rule: str
    target: str
    what: str
    why: str


class Problems:
    """The newest problems of a lab's rules, oldest first."""

    def __init__(self) -> None:
        self.kept: deque[Problem] = deque(maxlen=MOST)

    def note(self, at_us: int, rule: str, target: str, what: str, why: str) -> None:
        """Write one down."""
        self.kept.append(Problem(at_us, rule, target, what, why))

    def on_delivery_failed(self, fact: Fact) -> None:
        """A payload went nowhere: a problem, if a rule sent it."""
        data = fact.data
        rule = str(data["source_arn"])
        if rule.startswith("arn:aws:events:") and ":rule/" in rule:
            why = f"{data['code']}: {data['message']}"
            self.note(fact.at_us, rule, str(data["arn"]), NOT_DELIVERED, why)
