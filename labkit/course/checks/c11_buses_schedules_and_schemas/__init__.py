"""Exercise 11: a report on time, refunds that come back once, and a shape that changes.

The world is a bus after a bad Tuesday (:mod:`.world`). A year of reports is played
(:mod:`.reports`), the payment company's queue is counted (:mod:`.refunds`), and two days of orders
and carts pass by (:mod:`.shapes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c11_buses_schedules_and_schemas import world as teapot
from labkit.course.checks.c11_buses_schedules_and_schemas.refunds import Refunds, books
from labkit.course.checks.c11_buses_schedules_and_schemas.reports import Reports
from labkit.course.checks.c11_buses_schedules_and_schemas.shapes import Shapes
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.wording import joined

_HOURS = ((9, 0), (8, 30), (7, 45), (9, 15), (8, 0))


class BusesSchedulesAndSchemas(Task):
    """See the head of this file."""

    chapter = "11_buses_schedules_and_schemas"
    title = "On time, once, and in its shape"
    minutes = 35
    start = teapot.START
    checks = (Reports(), Refunds(), Shapes())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The office's city and hour, the refunds' numbers, names."""
        hour, minute = variant.pick("hour", _HOURS)
        cities = ("Berlin", "Vienna", "Madrid", "Rome", "Prague", "Stockholm")
        return {
            "seed": variant.seed() % 1_000_000,
            "zone": f"Europe/{variant.pick('zone', cities)}",
            "hour": hour,
            "minute": minute,
            "report": f"reports-{variant.number('report', 100, 999)}",
            "archive": f"teapot-{variant.number('archive', 10, 99)}",
            "tomas": f"tomas{variant.pick('tomas', ('', '.dev', '.t'))}@teapot.example",
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The bus on Thursday morning."""
        made = teapot.build(lab, facts)
        hand = [one.id for one in teapot.refunds(facts) if one.by_hand]
        return {
            "bus": made["bus"],
            "report": made[f"arn_{facts['report']}"],
            "payments": made["arn_payments"],
            "role": made["role"],
            "topic": made["topic"],
            "zone": facts["zone"],
            "hour": facts["hour"],
            "minute": facts["minute"],
            "by_hand": hand,
            "queues": made["queues"],
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Lena and Tomas want."""
        city = facts["zone"].rpartition("/")[2]
        hand = joined([one.id for one in teapot.refunds(facts) if one.by_hand])
        return Ticket(
            who="Lena, customer support, and Tomas, developer",
            text=f"(1) Lena: the office in {city} wants its report at {facts['hour']:02d}:"
            f"{facts['minute']:02d} by the clock on the wall, on the first working day of each "
            "month (Monday to Friday; holidays do not matter), all year, and not twice.\n"
            "(2) On Tuesday the rule `pay-back` was off from 10:00:00 to 12:00:30 UTC. Whoever "
            'asked for a refund then got the letter and no money. "Where is my money?", they '
            f"write. I have paid three by hand: {hand}. Bring the others back. Nobody is paid "
            "twice, nobody gets a second letter, and tomorrow works as always.\n"
            "(3) Tomas: somebody will change the shape of an order one day (it won't be me), and "
            f"I want one e-mail at {facts['tomas']} for each change. Carts change all the time; "
            "nobody wants those.",
            deliver="a schedule, a replay, and whatever tells Tomas, with boto3 or `%aws`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.bus": f"ARN of the bus `{teapot.BUS}`, with the rules `pay-back` and `letters`; "
            f"refunds come from `{teapot.REFUNDS}`, orders and carts from `{teapot.SHOP}`",
            "ex.report": f"ARN of the queue `{facts['report']}`: each message makes one report; "
            "rules may send to it, and `ex.role` may",
            "ex.zone, ex.hour, ex.minute": f"{facts['zone']}, {facts['hour']}, {facts['minute']}",
            "ex.role": "ARN of a role that Scheduler may assume",
            "ex.payments": "ARN of the payment company's queue: it pays what lies in it, by "
            "`refund`; rules may send to it",
            "ex.by_hand": "the three ids that Lena paid",
            "ex.topic": "ARN of a topic: Tomas has confirmed, and EventBridge may publish",
            "ex.books()": "Tuesday's refunds: how often each was paid and written to, as it would "
            "stand in half an hour",
            "ex.lab": "the lab; it is Thursday, 5 March 2026, 09:00 UTC",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.books()``."""
        facts, lab = exercise._facts, exercise.lab

        def show() -> Drawing:
            """What has been paid and written of Tuesday's refunds."""
            with lab.replay() as world:
                world.advance(minutes=30)
                return books(world, facts, lab.handles["queues"]).drawing()

        return {"books": show}


TASK = BusesSchedulesAndSchemas()
