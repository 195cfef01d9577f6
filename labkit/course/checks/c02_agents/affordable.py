"""Check 3: a calm week stays calm, and the bill under fifteen dollars."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.cloudwatch import views
from labkit.course.bench import Bench
from labkit.course.checks.c02_agents.machines import LIMIT, alarming, levels
from labkit.course.checks.c02_agents.rings import Watching
from labkit.course.checks.c02_agents.saying import alarms, moment
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import Lab
from labkit.views.wording import count, number

MOST = 15.0
#: How full the nightly report makes the memory of one machine.
NIGHTLY = 78.0


class Affordable(Watching):
    """A calm week, and the bill."""

    title = "a calm week is quiet and costs under $15 a month"
    points = 2
    hints = (
        "Count your metrics by their name, and those of `disk` by their `fstype`. Which of them "
        "would you ever look at?",
        "`resources` (or `ignore_file_system_types`) decides which file systems are published; "
        "each is a metric, $0.30 a month. Thresholds decide what is heard at night.",
        '`"resources": ["/", "/var"]` keeps two of twelve; the threshold is `____`, the nightly '
        "report takes 78.",
    )
    alternatives = (
        "Without `resources`, `disk` publishes every file system there is: tmpfs, overlay, one for "
        "each snap, which is full by nature.",
        "A longer `metrics_collection_interval` changes how often a metric comes, not how many "
        "there are.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Let a week pass in which nothing happens but the nightly report."""
        if not bench.lab.parts.agents.running():
            return NotYet(
                "There is nothing to hear or to pay: no agent runs.", attempted.built,
                "a calm week.", "None of the four machines publishes its memory.",
                "Who measures what EC2 can't see?",
            )  # fmt: skip
        world = bench.replay(until=bench.lab.now + timedelta(hours=1))
        name, machine = next(iter(bench.handles["machines"].items()))
        start = world.now
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for night in range(1, 8):
            world.fleet.fill_memory(
                machine, NIGHTLY, start=midnight + timedelta(days=night, hours=2), over=20,
                minutes=90,
            )  # fmt: skip
        world.run_until(midnight + timedelta(days=8))
        said = (
            f"a calm week from {moment(start)} on. Each night at 02:00 a report takes the memory "
            f"of {name} to {NIGHTLY:.0f} %."
        )
        letters = alarming(world, bench.lab.now, world.now)
        if letters:
            return self.woken(world, attempted, said, machine, name, letters)
        return self.bill(world, attempted, said)

    def woken(
        self,
        world: Lab,
        attempted: Attempted,
        said: str,
        machine: str,
        name: str,
        letters: list[Any],
    ) -> NotYet:
        """A letter in a calm week."""
        first = letters[0]
        alarm = first.subject.split('"')[1]
        start, end = first.at - timedelta(hours=2), first.at + timedelta(hours=1)
        seen = levels(world, machine, "memory", "", start, end)
        found = {one.name: one for one in alarms(world)}.get(alarm)
        points = world.cloudwatch.evaluation(found).counted if found is not None else ()
        value = number(points[-1].value or 0.0) if points else "nothing"
        limit = number(found.rule.threshold) if found is not None else "a limit"
        return NotYet(
            f"{count(len(letters), 'letter')} in a calm week.",
            attempted.built,
            said,
            f"`{alarm}` wrote at {moment(first.at)}, when nothing was wrong: it compares "
            f"{value if found and found.state == 'ALARM' else 'its metric'} with {limit}.",
            "From which figure on does Mara want to be woken?",
            views.metric(
                {f"memory of {name}": ([at for at, _ in seen], [one for _, one in seen])},
                threshold=LIMIT, unit="Percent", period=60, mails=letters[:1],
                title=f"A letter at {moment(first.at)}, and nothing was over {LIMIT:.0f} %",
                start=start, end=end,
            ),
        )  # fmt: skip

    def bill(self, world: Lab, attempted: Attempted, said: str) -> Outcome:
        """What it costs at list prices, the free tier used up by others."""
        sizes = {line.price.item: float(line.size) for line in world.bill(month=True).lines}
        metrics = sizes.get("cloudwatch.custom_metric", 0.0)
        watched = sizes.get("cloudwatch.alarm", 0.0)
        price, each = _price("cloudwatch.custom_metric"), _price("cloudwatch.alarm")
        cost = metrics * price + watched * each
        told = (
            f"{number(metrics)} metrics at ${price:.2f} and {number(watched)} alarms at "
            f"${each:.2f} a month: ${cost:,.2f}"
        )
        if cost < MOST:
            return Passed(
                f"A quiet week, and ${cost:,.2f} a month.",
                why="A metric is paid for by being published. Two volumes and a percentage of "
                "memory are what can hurt; the rest of the file systems of a Linux is either "
                "always empty or always full.",
                built=attempted.built,
                cost=f"{told}, at list prices.",
            )
        kinds = Counter(_kind(one) for one in world.parts.agents.published())
        most = ", ".join(f"{kind} {n}" for kind, n in kinds.most_common(5))
        return NotYet(
            f"{number(metrics)} metrics, ${cost:,.2f} a month; the limit is ${MOST:.0f}.",
            attempted.built,
            said,
            f"{told}. By kind: {most}.",
            "Which of these would you look at, and which are full or empty for ever?",
        )


def _price(item: str) -> float:
    return float(price_table().row(item).tiers[0].price)


def _kind(series: object) -> str:
    named = dict(getattr(series, "dimensions", ()))
    name = str(getattr(series, "name", ""))
    return f"{name} on {named['fstype']}" if "fstype" in named else name
