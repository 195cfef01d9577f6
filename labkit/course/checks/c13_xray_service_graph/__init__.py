"""Exercise 13: whose fault, since when, and who was hit, worked out through X-Ray's API.

The learner's two functions are asked about quarters of an hour that nobody has seen
(:mod:`.cases`): who is guilty and of what (:mod:`.guilty`), since when and which customers
(:mod:`.customers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.course.checks.c13_xray_service_graph.cases import Case, play
from labkit.course.checks.c13_xray_service_graph.customers import Customers
from labkit.course.checks.c13_xray_service_graph.guilty import Guilty
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab


class ServiceGraph(Task):
    """See the head of this file."""

    chapter = "13_xray_service_graph"
    title = "Whom do I write to?"
    minutes = 35
    start = datetime(2026, 1, 6, 4, tzinfo=UTC)
    checks = (Guilty(), Customers())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The minute, and how the unseen cases are drawn."""
        return {
            "seed": variant.seed() % 1_000_000,
            "minute": variant.number("minute", 12, 17),
            "known": variant.pick("known", (45, 60, 75)),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A night with a known case and the one that the ticket is about."""
        half, minute = timedelta(minutes=12), timedelta(minutes=1)
        begin = lab.start - 30 * minute
        bad = begin + facts["minute"] * minute
        known = lab.start - (60 + facts["known"]) * minute
        play(lab, [
            Case("bad_release", "catalogue", 90, begin, bad, lab.start),
            Case("slow_table", "cart", 40, known - half, known, known + half),
        ])  # fmt: skip
        return {
            "night": {"start": begin, "end": lab.start},
            "known": {"quiet": known - half, "start": known, "end": known + half},
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Lena wants."""
        return Ticket(
            who="Lena, customer support",
            text="Tonight, some time after half past three: \u201cWhere your teas were it says: "
            "please try again.\u201d Others see their teas. Whom do I write to, since when was it "
            "so, and what do I tell them? Tomas says it is the bank; last time he said so, it was "
            "a table.\n"
            "(1) Give me something that names the guilty one, every time, from a bad time and the "
            "quiet time before it. It is slow, failing, throttled, or its callers wait for an "
            "answer that it gave long ago: lost.\n"
            "(2) And the customers who were hit, since the first of them. Not everybody who came: "
            "a letter to somebody who saw nothing makes ten calls. One or two requests in a "
            "hundred fail always; that is not it.",
            deliver="`guilty(quiet, start, end)` returns a dictionary with `service` (the node's "
            "name) and `kind` (slow, failing, throttled or lost): start to end was bad, quiet to "
            "start was not. `customers(service, start, end)` returns one with `since` and `users`; "
            "the service began to fail somewhere between start and end. Both with `@ex.deliver`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.night": "start and end of the half hour that Lena tells of; the service is "
            "`catalogue`",
            "ex.known": "quiet, start and end of an earlier case: it was the table `carts`, slow",
            "ex.lab": "the lab; `ex.lab.xray` draws maps of any time",
        }


TASK = ServiceGraph()
