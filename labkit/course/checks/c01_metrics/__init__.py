"""Exercise 01: a metric that Jonas can pay for and Tomas can read.

The learner writes ``publish(logins, now)``, which the world calls once a minute. It is judged by
what CloudWatch answers afterwards: an unseen morning with a spike (:mod:`.readable`), an unseen day
(:mod:`.affordable`), an unseen hour in which a till that was offline sends what it has kept
(:mod:`.late`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.errors import LabError
from labkit.course.checks.c01_metrics.affordable import Affordable
from labkit.course.checks.c01_metrics.late import Late
from labkit.course.checks.c01_metrics.logins import Feed, Shops, with_one_too_old
from labkit.course.checks.c01_metrics.playing import (
    DAY,
    MINUTE,
    Played,
    built,
    clock,
    dollars,
    handed_in,
    metric_month,
)
from labkit.course.checks.c01_metrics.readable import Readable
from labkit.course.faces import Notice
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import START
from labkit.views.wording import joined

_CITIES = ("Berlin", "Bremen", "Dresden", "Erfurt", "Essen", "Hamburg", "Kassel", "Leipzig",
           "Mainz", "Munich", "Rostock", "Ulm")  # fmt: skip


def sample(facts: Mapping[str, Any]) -> Feed:
    """The hour that the learner can inspect: a spike, a late till, one record that is too old."""
    shops = Shops(facts, facts["seed"])
    late = {
        START + facts["late_minute"] * MINUTE: shops.late(facts["friday"], 180, 24),
        START + facts["old_minute"] * MINUTE: with_one_too_old(shops, facts, START, 6, 2),
    }
    return shops.feed(START, 60, 7, {START + facts["spike_minute"] * MINUTE: 38}, late)


class Metrics(Task):
    """See the head of this file."""

    chapter = "01_metrics"
    title = "A metric that Jonas can pay for"
    minutes = 20
    checks = (Readable(), Affordable(), Late())
    needs_notebook = (
        "what is judged is your function `publish`, and a function can't be handed over an "
        "endpoint; use labkit check exercises/01_metrics.ipynb"
    )

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Shops, namespace, and the minutes in which things happen."""
        shops = variant.some("shops", _CITIES, 5)
        friday = START.replace(hour=variant.number("friday hour", 10, 15)) - 3 * DAY
        return {
            "seed": variant.seed() % 1_000_000,
            "namespace": "Teapot/"
            + variant.pick("namespace", ("Web", "Front", "Accounts", "Shop")),
            "shops": sorted(shops),
            "late_shop": shops[0],
            "versions": [f"2.{variant.number('minor', 3, 8)}.{n}" for n in (0, 1, 4)],
            "friday": friday,
            "spike_minute": variant.number("spike", 12, 24),
            "late_minute": variant.number("late", 28, 38),
            "old_minute": variant.number("old", 42, 52),
            "unseen_spike": variant.number("unseen spike", 42, 68),
            "spike_size": variant.number("spike size", 36, 48),
            "unseen_late": variant.number("unseen late", 12, 24),
            "unseen_old": variant.number("unseen old", 33, 48),
            "late_size": variant.number("late size", 180, 240),
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Jonas and Tomas want."""
        bill = metric_month() * 10_000 / 24
        return Ticket(
            who="Jonas, finance, and Tomas, developer",
            text=f"Jonas: CloudWatch, custom metrics: {dollars(bill)} last month, for logins?\n"
            "Tomas: It is not my service. The publisher names each metric by shop, version and "
            'session_id, and the graph "all shops" has been empty since March. The graphs ask '
            f"for `Logins` in `{facts['namespace']}`, by `shop`, and without any dimension for all "
            "of them; `Sum`, one minute.\n"
            f"The till in {facts['late_shop']} loses its line now and then and sends its logins "
            "days later. They count in the minute in which they happened. What CloudWatch does not "
            "take any more may be dropped, but nothing else with it.\n"
            "A busy minute has to stay visible. About 10,000 logins a day. Before lunch, please.",
            deliver="`publish(logins, now)`, 20 lines at most, with `@ex.deliver` above it. The "
            "world calls it once a minute with the logins that came in.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The sample, the rehearsal, the names."""
        return {
            "ex.logins": "a sample hour, batch by batch; `ex.logins[0].logins` is the first minute",
            "ex.play()": "plays the sample hour to your function in this lab, from 09:00 on",
            "ex.namespace": f"`{facts['namespace']}`",
            "ex.shops": joined(facts["shops"]),
            "ex.lab": 'the lab; `boto3.client("cloudwatch")` talks to it',
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.logins``, ``ex.play()``, ``ex.namespace``, ``ex.shops``."""
        facts = exercise._facts

        def play_sample() -> Notice:
            """Play the sample hour to the newest delivered function, in this lab, from 09:00 on."""
            return _play_here(exercise, sample(facts))

        return {
            "logins": sample(facts),
            "play": play_sample,
            "namespace": facts["namespace"],
            "shops": list(facts["shops"]),
        }


def _play_here(exercise: Any, feed: Feed) -> Notice:
    if not exercise._delivered:
        raise LabError("there is nothing to play yet: run the cell with @ex.deliver first")
    function = handed_in(exercise._delivered)
    lab = exercise.reset().lab
    for batch in feed:
        lab.run_until(batch.received)
        function(batch.copies(), batch.received)
    played = Played(lab, exercise.namespace, feed, exercise.shops)
    made = built(played) if played.metrics else "No metric was made."
    first, last = feed[0].received - MINUTE, feed[-1].received
    return Notice(
        f"Played {clock(first)} to {clock(last)}: {len(feed.logins)} logins in {len(feed)} calls "
        f"of {function.__name__}.",
        (("", made),),
    )


TASK = Metrics()
