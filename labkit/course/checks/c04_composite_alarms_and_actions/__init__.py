"""Exercise 04: a sale that nobody has to wait for, and one e-mail for each database failure.

One account, two things to build. The group ``web`` is judged by three unseen sales
(:mod:`.sale`), the alarms by six unseen failures, two of them around a deploy (:mod:`.email`); the
world and all that can befall it is :mod:`.world`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c04_composite_alarms_and_actions import world
from labkit.course.checks.c04_composite_alarms_and_actions.email import Days, OneEmail
from labkit.course.checks.c04_composite_alarms_and_actions.sale import FlashSale
from labkit.course.checks.c04_composite_alarms_and_actions.world import (
    DATABASE,
    HOUR,
    MINUTE,
    NOON,
    Failure,
    Sale,
    hot,
)
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.wording import count


class CompositeAlarms(Task):
    """See the head of this file."""

    chapter = "04_composite_alarms_and_actions"
    title = "A flash sale, and one e-mail a night"
    minutes = 35
    start = NOON - 10 * MINUTE
    checks = (FlashSale(), OneEmail())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The address, the load of an ordinary day and of a sale, the minutes of the failures."""
        team = variant.pick("team", ("oncall", "night", "watch", "standby"))
        return {
            "seed": variant.seed() % 1_000_000,
            "oncall": f"{team}@teapot.example",
            "everyday": float(variant.number("everyday", 76, 82)),
            "peak": float(variant.number("peak", 372, 378)),
            "hour": variant.number("hour", 1, 4),
            "minute": variant.pick("minute", (10, 20, 30)),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A group, ten machines, eleven alarms, one mailbox."""
        return world.build(lab, facts["oncall"], facts["everyday"])

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text="Flash sales from Friday 18:00 on, and marketing won't say how many.\n"
            "(1) The group `web` takes a rush of four machines' work where there was less than "
            "one. Nobody waits longer than 5 minutes at a stretch, never more than 8 machines, "
            "back to 2 within the hour after.\n"
            f"(2) Last night one database cost me {len(world.SERVICES)} e-mails. For any database "
            f"failure I want exactly one at {facts['oncall']}, within 10 minutes. One of its two "
            "machines is enough for a failure, and it often stutters first: a bad minute, a good "
            "one, a bad one. The cart alone is not the database; the shop team has a screen.\n"
            "Deploys are announced for 16:00, last half an hour, or longer. None for what a deploy "
            "does, nor for the 2 minutes in which the database warms up afterwards. If it outlives "
            "that, one, within 10 minutes of the deploy's end.",
            deliver="(1) what scales `web`, and (2) the alarm that writes to Mara, with boto3 or "
            "`%aws`. All alarms that are there go on changing their state.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        others = count(len(world.SERVICES), "service")
        return {
            "web": "an Auto Scaling group, 2 of 2 to 12 machines, launch template `web`, basic "
            f"monitoring; an ordinary day is {facts['everyday']:.0f} % of one machine",
            "ex.machines": f"name -> instance id: {others} and `{world.DEPLOYER}`, each watched by "
            "an alarm with its name (above 80 %, 1 minute) that writes to Mara",
            "deploying": f"the alarm on `{world.DEPLOYER}`: red while a deploy runs; it tells "
            "nobody",
            "ex.topic": f"the topic whose subscriber is {facts['oncall']}",
            "ex.rehearse_sale()": "a rush like last Friday's, played to what you have built so far",
            "ex.rehearse_night()": "last night's database failure, likewise",
            "ex.lab": "the lab",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.rehearse_sale()``, ``ex.rehearse_night()``: both play in a world of their own."""
        facts = exercise._facts

        def rehearse_sale() -> Drawing:
            """Last Friday's rush against the group as it is now: machines, and who waited."""
            with exercise.lab.replay() as played:
                start = (played.now + HOUR).replace(minute=0, second=0, microsecond=0)
                sale = Sale("a rush", start, [(7, 47, facts["peak"])], facts["everyday"])
                sale.happen(played)
                played.run_until(sale.end + HOUR)
                return world.picture(played, sale)

        def rehearse_night() -> Drawing:
            """Last night's failure against the alarms as they are now: states and e-mails."""
            with exercise.lab.replay() as played:
                start = (played.now + HOUR).replace(minute=0, second=0, microsecond=0)
                end = start + 30 * MINUTE
                machines = (*hot(DATABASE, start, end), *hot(world.BEHIND, start + MINUTE, end))
                night = Failure("db", "", start, end, machines, 1, start)
                night.happen(played, exercise.lab.handles["machines"])
                played.run_until(end + HOUR)
                days = Days(played, facts["oncall"], exercise.lab.handles["topic"], [night])
                letters = days.letters(night)
                return days.figure(night, f"One database, {count(len(letters), 'e-mail')}")

        return {"rehearse_sale": rehearse_sale, "rehearse_night": rehearse_night}


TASK = CompositeAlarms()
