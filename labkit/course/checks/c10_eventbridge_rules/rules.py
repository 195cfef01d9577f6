"""The rules that a world holds, and what each of them decides about an event.

A rule sees the events of its own Region, and AWS's events arrive on the default bus only. When an
event was missed, :meth:`Rules.nearest` finds the rule that was meant for it, so that the learner
sees the leaf that stood in the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.eventbridge.engine.patterns import Explanation, Pattern, compile_pattern, explain
from labkit.lab import Lab

DEFAULT_BUS = "default"


@dataclass(frozen=True)
class Found:
    """A rule of the account.

    Parameters
    ----------
    name, region, bus, state:
        As ListRules says.
    text, pattern:
        What it waits for.
    targets:
        ARNs of its targets.
    """

    name: str
    region: str
    bus: str
    state: str
    text: str
    pattern: Pattern
    targets: tuple[str, ...]

    @property
    def enabled(self) -> bool:
        """Whether it does anything."""
        return self.state != "DISABLED"

    def sees(self, event: Mapping[str, Any]) -> bool:
        """Whether an event of AWS's comes by it at all."""
        return self.enabled and self.bus == DEFAULT_BUS and self.region == event["region"]

    def explained(self, event: Mapping[str, Any]) -> Explanation:
        """What its pattern says of an event, wherever it happened."""
        return explain(self.pattern, event)


@dataclass(frozen=True)
class Rules:
    """All rules with a pattern, in the order of Regions and names."""

    found: tuple[Found, ...]

    def deciding(self, event: Mapping[str, Any]) -> list[Found]:
        """The rules that pass an event."""
        return [one for one in self.found if one.sees(event) and one.explained(event).matched]

    def nearest(self, event: Mapping[str, Any]) -> tuple[Found, Explanation] | None:
        """The rule that was meant for an event that nobody passed, with its answer.

        It names the event's source or its detail-type, or asks for neither and for something of
        the detail; of several it is the one with the fewest leaves that do not hold. None when
        there is no such rule.
        """
        best: tuple[tuple[int, int], Found, Explanation] | None = None
        for one in self.found:
            answer = one.explained(event)
            meant = any(leaf.matched for leaf in answer.leaves if leaf.path in _ABOUT)
            if not meant and not answer.matched:
                continue
            missing = sum(not leaf.matched for leaf in answer.leaves)
            rank = (missing, int(not one.sees(event)))
            if best is None or rank < best[0]:
                best = (rank, one, answer)
        return None if best is None else best[1:]


#: Fields by which a rule says what it is about.
_ABOUT = ("source", "detail-type")


def read(world: Lab, regions: Sequence[str]) -> Rules:
    """The rules of a world in some Regions."""
    found = []
    for region in regions:
        events = world.client("events", region)
        for bus in [one["Name"] for one in events.list_event_buses()["EventBuses"]]:
            for rule in events.list_rules(EventBusName=bus)["Rules"]:
                if "EventPattern" not in rule or rule.get("ManagedBy"):
                    continue
                targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)
                arns = tuple(one["Arn"] for one in targets["Targets"])
                found.append(
                    Found(rule["Name"], region, bus, rule["State"], rule["EventPattern"],
                          compile_pattern(rule["EventPattern"]), arns)
                )  # fmt: skip
    return Rules(tuple(found))


def regions_of(lab: Lab, *always: str) -> list[str]:
    """The given Regions, and each in which the learner put a rule."""
    asked = [
        entry.region for entry in lab.world.journal
        if entry.kind == "call" and entry.name == "events:PutRule" and entry.region
    ]  # fmt: skip
    return sorted({*always, *asked})


def described(rules: Rules) -> str:
    """The rules in one line."""
    told = [
        f"`{one.name}` ({one.region}{'' if one.enabled else ', disabled'}"
        f"{'' if one.bus == DEFAULT_BUS else f', on bus {one.bus}'})"
        for one in rules.found
    ]
    return "; ".join(told)
