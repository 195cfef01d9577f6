"""Exercise 05: Lena's screen.

The learner builds the dashboard ``on-call``. It is judged by what its widgets show: its size and
that nothing is empty (:mod:`.one_screen`), five unseen incidents (:mod:`.tells`), two quiet days
(:mod:`.calm`). :mod:`.screen` reads a dashboard as an eye does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labkit.course import wall
from labkit.course.checks.c05_dashboards.calm import Calm
from labkit.course.checks.c05_dashboards.one_screen import OneScreen
from labkit.course.checks.c05_dashboards.screen import NAME
from labkit.course.checks.c05_dashboards.tells import Tells
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import START, Lab
from labkit.views.wording import joined
from labkit.workloads.shop_figures import SERVICES

_CITIES = ("berlin", "bremen", "dresden", "erfurt", "essen", "hamburg", "kassel", "leipzig",
           "mainz", "munich", "rostock", "ulm")  # fmt: skip


class Dashboards(Task):
    """See the head of this file."""

    chapter = "05_dashboards"
    title = "Ten seconds, eight tiles"
    minutes = 20
    start = START - timedelta(minutes=1)
    checks = (OneScreen(), Tells(), Calm())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Namespace, Region, shops, and the minutes of the incidents."""
        return {
            "seed": variant.seed() % 1_000_000,
            "namespace": "Teapot/" + variant.pick("namespace", ("Shop", "Web", "Sales", "Front")),
            "shops": variant.some("shops", _CITIES, 3),
            "noon": variant.number("noon", 11, 24),
            "tea": variant.number("tea", 11, 24),
            "night": variant.number("night", 6, 14),
            "sample": variant.pick("sample", (10, 15, 20, 25)),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shop with its past, the wall, and the two bad hours of last Friday."""
        friday = lab.now - timedelta(days=3)
        bad = friday.replace(hour=12, minute=facts["sample"], second=0, microsecond=0)
        lab.parts.shop.open(lab.account, lab.region, facts["namespace"], facts["shops"])
        lab.parts.shop.past("failing", "payment", bad, bad + timedelta(hours=2), 100 / 12)
        wall.hang(lab.client("cloudwatch"), facts["namespace"], lab.region)
        lab.run_until(START)
        return {
            "namespace": facts["namespace"],
            "services": list(SERVICES),
            "shops": list(facts["shops"]),
            "region": lab.region,
            "bad_hours": (bad, bad + timedelta(hours=2)),
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Lena wants."""
        return Ticket(
            who="Lena, customer support",
            text='On Friday a customer told me: "I pressed pay four times and got four cups of '
            'nothing." The wall was green. It was green all day.\n'
            "I look at a screen when customers call, and I have ten seconds. Can people buy? Is "
            "it slow, and for how many? Which part is it? Since when?\n"
            "One screen, no scrolling: eight tiles at most, twelve rows. What is bad has to look "
            "bad, so draw the line that it must not cross. On a quiet day nothing may be beyond a "
            "line, or I stop believing it; at night too, when hardly anybody buys.\n"
            "When two in a hundred wait four seconds I want to see it, and when all do I want to "
            "see that it is all. Until lunch, please.",
            deliver=f"The dashboard `{NAME}`. The check plays five incidents and two quiet days "
            "to it; Lena looks 40 minutes after the beginning, at the last three hours.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """Names, the sample, the lab."""
        return {
            "ex.namespace": f"`{facts['namespace']}`: `Requests`, `Errors`, `Latency` by "
            "`service`, `Orders` by `shop`",
            "ex.services": joined(list(SERVICES)),
            "ex.region": "where the shop reports",
            "ex.bad_hours": "Friday's two hours, as (start, end); the days around them were quiet",
            "ex.lab": '`ex.lab.dashboard("on-call", start=..., end=...)` draws any hours; '
            '`ex.lab.dashboard("wall")` is the wall',
        }


TASK = Dashboards()
