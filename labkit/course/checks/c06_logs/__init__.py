"""Exercise 06: what is kept, what arrives, and what lies in the auditor's bucket.

Two groups get their settings (:mod:`.keeping`), a shipper stops losing lines (:mod:`.shipping`, and
:mod:`.feed` for the lines), and a month of errors goes to S3 in time (:mod:`.exporting`). The
account is in :mod:`.world`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.core.errors import LabError
from labkit.course.bench import Bench
from labkit.course.checks.c06_logs import feed
from labkit.course.checks.c06_logs import world as teapot
from labkit.course.checks.c06_logs.exporting import Exports
from labkit.course.checks.c06_logs.keeping import Keeps
from labkit.course.checks.c06_logs.shipping import NAME, Ships, play, played_here
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.wording import joined


class Logs(Task):
    """See the head of this file."""

    chapter = "06_logs"
    title = "Kept, shipped, and there by Friday"
    minutes = 40
    start = teapot.START
    checks = (Keeps(), Ships(), Exports())
    needs_notebook = (
        "what is judged is, among others, your function `ship`, and a function can't be handed "
        "over an endpoint; use labkit check exercises/06_logs.ipynb"
    )

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """How long, which machines, how far a clock is wrong."""
        first = variant.number("machine", 11, 79)
        machines = [f"shop-{first + n}" for n in range(6)]
        return {
            "seed": variant.seed() % 1_000_000,
            "keep_days": variant.pick("keep", (400, 545, 731)),
            "debug_days": variant.pick("debug", (3, 5, 7)),
            "machines": machines,
            "ahead_machine": machines[3],
            "ahead_minutes": variant.number("ahead", 14, 21) * 10,
            "offline": f"till-{variant.number('till', 2, 9)}",
            "many": variant.number("many", 10_200, 12_400),
            "cellar": variant.number("cellar", 7, 19),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The account on Thursday morning."""
        made = teapot.build(lab, facts)
        return {
            "key": made["key"],
            "bucket": teapot.BUCKET,
            "group": feed.GROUP,
            "machines": [*facts["machines"], facts["offline"]],
            "ahead": (facts["ahead_machine"], facts["ahead_minutes"]),
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya and Jonas want."""
        hours, minutes = divmod(facts["ahead_minutes"], 60)
        wrong = f"{hours} h {minutes} min" if minutes else f"{hours} hours"
        return Ticket(
            who="Priya, security, and Jonas, finance",
            text=f"(1) Priya: `{teapot.PAYMENTS}` is kept {facts['keep_days']} days and not "
            "longer, under our own key, and nobody reads an e-mail address there unless I let "
            f"them. Jonas: `{teapot.DEBUG}` costs more every month? "
            f"{facts['debug_days']} days are enough.\n"
            "(2) Priya: the shipper loses lines, and it took me an incident to find out. What "
            "CloudWatch takes has to arrive: once, in its machine's stream, at the time at which "
            "it happened. What it does not take any more I want to hear of, as a number. (Tomas: I "
            "tried it with two lines, it answered 200. Well, the clock of "
            f"{facts['ahead_machine']} is {wrong} ahead until somebody drives there.)\n"
            f"(3) Priya: the ERROR lines of `{teapot.CHECKOUT}` and `{teapot.CART}`, from 8 "
            f"December 00:00 to this morning 09:00, in the bucket `{teapot.BUCKET}` by Friday, "
            "12:00. Other lines beside them do no harm. I will ask about last night first.",
            deliver="settings and exports with boto3 or `%aws`; and `ship(lines)` with "
            "`@ex.deliver` above it, which puts the lines and returns how many were not taken.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.key": "ARN of the KMS key `alias/payments`; it is new, its policy is KMS's own",
            "ex.group": f"`{feed.GROUP}`, keeps {feed.KEPT_DAYS} days; a stream for each machine",
            "ex.machines": joined([*facts["machines"], facts["offline"]]),
            "ex.ahead": f"the machine with the wrong clock, and by how many minutes: "
            f"{facts['ahead_machine']}, {facts['ahead_minutes']}",
            "ex.lines": "six calls of the shipper to look at; `ex.lines[1]` are the lines of the "
            "second: `machine`, `at` (milliseconds, by the machine's clock), `text`",
            "ex.play(ship)": "plays these six to a function, in a world of its own, and shows what "
            "arrived",
            "ex.bucket": f"`{teapot.BUCKET}`, empty, without a policy",
            "ex.lab": "the lab; it is Thursday, 8 January 2026, 09:00 UTC",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.lines`` and ``ex.play(function)``."""
        facts, lab = exercise._facts, exercise.lab
        batches = feed.sample(facts, teapot.START)

        def play_sample(function: Callable[..., Any] | None = None) -> Drawing:
            """Play the sample to a function, the delivered one when left out; your lab stays."""
            chosen = exercise._delivered.get(NAME) if function is None else function
            if chosen is None:
                raise LabError("there is nothing to play yet: ex.play(function), or @ex.deliver")
            return _play_here(lab, facts, chosen, batches)

        return {
            "lines": feed.Sample(feed.Lines(one.copies()) for one in batches),
            "play": play_sample,
        }


def _play_here(
    lab: Lab, facts: Mapping[str, Any], function: Callable[..., Any], batches: list[feed.Batch]
) -> Drawing:
    bench = Bench(TASK, lab, facts)
    try:
        world = bench.fresh()

        def call(lines: list[dict[str, Any]]) -> Any:
            with bench.calling(world, function):
                return function(lines)

        return played_here(function, play(world, batches, call, go_on=True))
    finally:
        bench.close()


TASK = Logs()
