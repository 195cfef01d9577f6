"""Exercise 17: the game day.

The learner's watch (alarms, a rule, a canary) is played through a day of five troubles and four
harmless things (:mod:`.told`); their function explains three outages from traces and the trail
(:mod:`.explaining`), another mends three of them (:mod:`.mending`). Causes are changes of the
account, made by people, and what each of them does to the shop is in :mod:`labkit.course.gameday`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labkit.course import gameday, streaming
from labkit.course.checks.c17_incident_day.cases import HALF, UNSURE
from labkit.course.checks.c17_incident_day.explaining import Explains
from labkit.course.checks.c17_incident_day.mending import Mends
from labkit.course.checks.c17_incident_day.told import MOST, WITHIN, Hears
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab

#: How long a trouble of the sample lasts.
_SAMPLE = timedelta(minutes=12)


class IncidentDay(Task):
    """See the head of this file."""

    chapter = "17_incident_day"
    title = "The game day"
    minutes = 60
    start = gameday.DAY
    checks = (Hears(), Explains(), Mends())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Who does what, to which table and service, and when."""
        table = variant.pick("table", ("products", "carts"))
        other = "carts" if table == "products" else "products"
        services = variant.some("services", ("catalogue", "cart", "checkout"), 3)
        return {
            "seed": variant.seed() % 1_000_000,
            "table": table,
            "other": other,
            "services": services,
            "saver": variant.pick("saver", ("chiara", "jonas")),
            "tidier": variant.pick("tidier", ("chiara", "tomas")),
            "wait": variant.number("wait", 2, 9),
            "tea": variant.pick("tea", ("sencha", "assam", "oolong", "rooibos")),
            "address": f"mara{variant.pick('mara', ('', '.oncall', '.night'))}@teapot.example",
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The account, and an outage of the morning whose answer is known."""
        topic = gameday.topic(lab, "on-call", facts["address"])
        made = gameday.open_shop(lab, hours=0.2)
        causes = made["causes"]
        for name, kind, size in (
            ("products", "throttled_table", 35), ("carts", "throttled_table", 35),
            ("catalogue", "bad_deploy", 30), ("cart", "bad_deploy", 30),
            ("checkout", "bad_deploy", 30), ("database", "timeouts", 60),
        ):  # fmt: skip
            gameday.rely(lab, causes[name], kind, size)
        lab.client("s3").create_bucket(Bucket="teapot-canaries")
        role = streaming.role(lab, "canary", "lambda")
        start = lab.start + timedelta(minutes=_SAMPLE / timedelta(minutes=1))
        cause, who = causes[facts["other"]], "tomas"
        cause.begin(lab, who, start)
        cause.end(lab, "chiara", start + _SAMPLE)
        lab.run_until(start + _SAMPLE + timedelta(minutes=6))
        return {
            "topic": topic,
            "role": role,
            "artifacts": "s3://teapot-canaries",
            "known": {
                "quiet": start - HALF, "start": start - UNSURE, "end": start + _SAMPLE,
            },
            "stands_on": stands_on(made["group"]),
        }  # fmt: skip

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text="Flash sale. Something will break, and nobody will tell us.\n"
            f"(1) Write to me ({facts['address']}) within {WITHIN} minutes when more than one "
            "request in ten of the catalogue, the cart or the checkout fails and goes on failing; "
            f"when the search for {facts['tea'].capitalize()} is a white page; when somebody has "
            "made an access key. Not for a restart of two minutes, not for a new price, not for "
            f"what was refused. And not more than {MOST} letters about one trouble: I read on a "
            "telephone.\n"
            "(2) Then I want to know what it was. Not a guess: the node of the map that is at "
            "fault, the event in CloudTrail that did it, and the person, also when a role was "
            "worn. Two things are changed every quarter of an hour here; the last one is rarely "
            "the one.\n"
            "(3) And put it back. That one thing, as it was. Nobody thanks you for a shop that "
            "works and stands open.",
            deliver="alarms, a rule, a canary; `explain(quiet, start, end)` returns a dictionary "
            "with `node`, `event` (its eventID) and `who`: until `start` all was well, and some "
            "minute before `end` it was not; `mend(record)` gets the record of the "
            "change, parsed, and puts back what it changed. Both with `@ex.deliver`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.known": f"quiet, start and end of an outage of this morning: it was the table "
            f"`{facts['other']}`, changed by tomas and put back by chiara",
            "ex.stands_on": "node of the map -> a word that stands in the request of each call "
            "that changes what it stands on",
            "ex.topic": "ARN of a topic that alarms and rules may write to; Mara has confirmed",
            "ex.role, ex.artifacts": "a canary's role, and where it leaves what it finds",
            "Shop": "namespace; `Errors` and `Requests` with the dimension `service`",
            "ex.lab": "the lab; `ex.lab.timeline()` is the day so far; a trail logs",
        }


def stands_on(group: str) -> dict[str, str]:
    """Node -> a word of the requests that change what it stands on."""
    words = {service: f"/shop/{service}/" for service in ("catalogue", "cart", "checkout")}
    return {"products": "products", "carts": "carts", gameday.DATABASE: group, **words}


TASK = IncidentDay()
