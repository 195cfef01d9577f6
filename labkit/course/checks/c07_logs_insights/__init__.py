"""Exercise 07: a night, three questions, and the queries that answer them every morning.

Each deliverable is a function that returns the text of a query; it is asked of the learner's night
and of nights that nobody has seen (:mod:`.nights`). Who it was stands in nginx's lines
(:mod:`.who`), since when and as whom in the tasks' JSON (:mod:`.since`), what left the house in the
flow log (:mod:`.left`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.course.burglary import ACCESS, APP, FLOWS
from labkit.course.checks.c07_logs_insights.left import Left
from labkit.course.checks.c07_logs_insights.nights import HOURS, night, write
from labkit.course.checks.c07_logs_insights.since import Since
from labkit.course.checks.c07_logs_insights.who import Who
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab


class LogsInsights(Task):
    """See the head of this file."""

    chapter = "07_logs_insights"
    title = "Three queries for every morning"
    minutes = 35
    start = datetime(2026, 1, 11, 6, tzinfo=UTC)
    checks = (Who(), Since(), Left())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Everything of the night hangs on the seed; the export's path beside it."""
        return {
            "seed": variant.seed() % 1_000_000,
            "export": variant.pick(
                "export", ("/admin/export", "/admin/orders.csv", "/admin/report", "/admin/archive")
            ),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Five groups with the lines of eight hours."""
        begin = lab.start - timedelta(hours=HOURS)
        write(lab, night(begin, facts, 0))
        return {
            "access": ACCESS,
            "app": APP,
            "flows": FLOWS,
            "night": {"start": begin, "end": lab.start},
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya wants."""
        return Ticket(
            who="Priya, security",
            text="Last night, between 22:00 and 06:00, somebody who is none of ours was in the "
            "admin pages, and something left the house. I need the queries, not only the answers: "
            "from tomorrow on I run them every morning, over the eight hours before.\n"
            "(1) Who: the address, in the first row. After a quiet night no row at all. Our people "
            "sign in from wherever they are, and none of them mistypes a password more than three "
            "times.\n"
            "(2) Since when was it in, and as whom: time and account of the first sign-in at "
            "/admin/login that was accepted, in the first row.\n"
            "(3) What left: each address of ours that sent it something, one row each, with the "
            "bytes by the flow log, most first. What was rejected did not leave.",
            deliver="three functions with `@ex.deliver` above them, which return the text of a "
            "query: `who()` over `ex.access`, `since(address)` over `ex.app`, `left(address)` over "
            "`ex.flows`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.access": "name of nginx's log group; the visitor's address stands near the end of "
            "a line, behind the browser",
            "ex.app": "name of the tasks' log group, JSON; the service `admin` writes there",
            "ex.flows": "name of the flow log's group",
            "ex.night": "start and end of the night, for `lab.logs.query(text, group, **ex.night)`",
            "ex.lab": "the lab; `%%insights` asks it too",
        }


TASK = LogsInsights()
