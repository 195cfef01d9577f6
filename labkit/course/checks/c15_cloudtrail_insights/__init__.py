"""Exercise 15: from an insight to its story, and an e-mail for each insight that begins.

The learner's function is asked about three insights of an account that it has not seen
(:mod:`.tracing`, :mod:`.nights`); the learner's rule hears a day with two bursts
(:mod:`.telling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course import catching
from labkit.course.checks.c15_cloudtrail_insights.nights import (
    AWAY,
    HOME,
    VICTIMS,
    build,
    nights,
)
from labkit.course.checks.c15_cloudtrail_insights.telling import Mails
from labkit.course.checks.c15_cloudtrail_insights.tracing import Traces
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab


class Insights(Task):
    """See the head of this file."""

    chapter = "15_cloudtrail_insights"
    title = "Attack, or Tomas?"
    minutes = 35
    checks = (Traces(), Mails())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Whose key, where, when; minutes are those before Monday's first."""
        return {
            "seed": variant.seed() % 1_000_000,
            "victim": variant.pick("victim", VICTIMS),
            "away": variant.pick("away", AWAY),
            "address": f"192.0.2.{variant.number('address', 20, 180)}",
            "size": variant.pick("size", (3, 4, 6)),
            "theft": 1 * 1440 + variant.number("theft", 1190, 1300),
            "release": 2 * 1440 + variant.number("release", 90, 200),
            "hurry": 3 * 1440 + variant.number("hurry", 500, 620),
            "mail": f"priya{variant.pick('priya', ('', '.s', '.security'))}@teapot.example",
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A month of work, three cases, a topic."""
        topic = catching.topic(lab, "unusual", facts["mail"], HOME)
        build(lab, facts)
        return {
            "topic": topic,
            "address": facts["mail"],
            "insights": [night.insight for night in nights(lab, facts)],
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya wants."""
        return Ticket(
            who="Priya, security",
            text="Three insights came last week. Attack, or somebody's work? An attack is a key "
            "used from an address that it was never used from until that night. If it is one: "
            "who, from where, since when, and what is left of it. I mean all that it made or "
            "opened: machines, keys, key pairs, security groups. One door that you forget, and "
            "they are back on Sunday. Next time I want to hear of it within fifteen minutes, one "
            f"readable line a case at {facts['mail']}: which call, and whose ARN. us-east-1 will "
            "do for now.",
            deliver="`trace(insight)` with `@ex.deliver` above it: it gets the Start record of an "
            "insight and returns a dictionary with `attack` (True or False), `who` (ARN), "
            "`address`, `since` (text or datetime, UTC) and `touched` (names or ids); the last "
            "three only of an attack. And a rule with its target.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.insights": "the three insights of last week, their Start records",
            "ex.topic": "ARN of a topic in us-east-1 that lets EventBridge publish",
            "ex.lab": "the lab; the trail `teapot` logs all Regions, both insight types are on, "
            "and event history has a month of everybody's work",
        }


TASK = Insights()
