"""Check 1: every shop and the total, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from labkit.course.bench import Bench
from labkit.course.checks.c01_metrics.logins import Counts, Feed, Shops
from labkit.course.checks.c01_metrics.playing import (
    DAY,
    METRIC,
    MINUTE,
    Played,
    Publishing,
    built,
    came_and_stored,
    clock,
    day,
    dollars,
    metric_month,
    named,
    nothing,
    play,
)
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import START
from labkit.views.wording import count, number


class Readable(Publishing):
    """Every shop and the total, minute by minute."""

    title = "every shop and the total can be read"
    points = 3
    hints = (
        "Run `ex.play()` and list the metrics that your function made. How many words does it take "
        "to name one of them? How many words does Tomas's graph say?",
        'Each minute needs one datum for each shop with `Dimensions=[{"Name": "shop", ...}]` and '
        "one datum for all of them without `Dimensions`. `Value` is how many logins that minute "
        "had; the graphs read `Sum`, period 60.",
        "Count first: `counts[minute, shop] += 1` and `counts[minute, None] += 1` for each login, "
        'then one datum for each entry: `{"MetricName": "Logins", "Timestamp": minute, "Value": '
        'n, "Dimensions": [...] if shop else ____}`.',
    )
    alternatives = (
        "A dimension more (`version`) makes other metrics; nobody who asks for `shop` alone finds "
        "them.",
        "Without a datum of its own there is no total: CloudWatch adds nothing up over dimensions.",
        "`Value=1` for a whole minute, or the last login alone, loses the others: points of one "
        "minute are added, so publish what there is to add.",
    )

    def feed(self, bench: Bench) -> tuple[Feed, datetime]:
        """A Tuesday morning, and the minute of its spike."""
        start = START + DAY
        spike = start + bench.facts["unseen_spike"] * MINUTE
        shops = Shops(bench.facts, bench.facts["seed"] + 1)
        return shops.feed(start, 90, 7, {spike: bench.facts["spike_size"]}), spike

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play it, read back, compare."""
        feed, spike = self.feed(bench)
        played = play(bench, feed)
        if not played.metrics:
            return nothing(played)
        start, end = START + DAY, feed[-1].received
        truth = feed.counts()
        said = (
            f"an unseen morning, {day(start)} {clock(start)} to {clock(end)}: "
            f"{len(feed.logins)} logins in {len(bench.facts['shops'])} shops, "
            f"{truth[None, spike]} of them at {clock(spike)}."
        )
        stored: dict[str | None, dict[datetime, float]] = {
            shop: played.read(shop, start, end) for shop in [*bench.facts["shops"], None]
        }
        for shop in stored:
            if not stored[shop]:
                return self.not_found(played, shop, said)
        for shop, points in reversed(stored.items()):  # all shops first: there a spike is seen best
            wrong = {
                at: points.get(at, 0)
                for (whose, at), n in truth.items()
                if whose == shop and points.get(at, 0) != n
            }
            wrong |= {at: n for at, n in points.items() if truth[shop, at] != n}
            if wrong:
                return self.wrong(played, truth, shop, points, wrong, spike, said)
        return self.passed(played, truth, stored, spike, start, end)

    def not_found(self, played: Played, shop: str | None, said: str) -> NotYet:
        """Nothing is where the graph looks: say what is near."""
        asked = f"with shop={shop}" if shop else "without dimensions"
        metrics = played.metrics
        here = [
            dims for space, name, dims in metrics if (space, name) == (played.namespace, METRIC)
        ]
        near = [dims for dims in here if shop is None or dims.get("shop") == shop]
        if not here:
            space, name, _ = metrics[0]
            happened = (
                f"Asked for `{METRIC}` in `{played.namespace}`: there is no such metric. Yours is "
                f"called `{name}` in `{space}`."
            )
            question = "Which words does a reader say to get it, and which did you give it?"
        elif shop is None:
            strange = [dims for dims in here if dims.get("shop", "") not in played.shops]
            told = f"; yours stands under shop={strange[0]['shop']}" if strange else ""
            happened = (
                f"Asked for `{METRIC}` without dimensions: empty, and no error. There are "
                f"{count(len(here), 'metric')} of that name, each with {named(here[0])}; "
                f"CloudWatch adds nothing up for you{told}."
            )
            question = "If nobody adds the shops up when you read, who has to, and when?"
        elif near:
            happened = (
                f"Asked for `{METRIC}` {asked}: empty, and no error. The nearest is "
                f"`{METRIC}` with {named(near[0])}, {number(len(near))} of them for {shop} alone."
            )
            question = "How many words name one of your metrics, and how many does the graph say?"
        else:
            happened = (
                f"Asked for `{METRIC}` {asked}: empty. There is no metric with that value; there "
                f"is `{METRIC}` with {named(here[0])}."
            )
            question = "What does the graph of one shop ask for?"
        finding = (
            "The total of all shops is empty." if shop is None else f"The graph of {shop} is empty."
        )
        return NotYet(finding, built(played), said, happened, question)

    def wrong(
        self,
        played: Played,
        truth: Counts,
        shop: str | None,
        points: Mapping[datetime, float],
        wrong: Mapping[datetime, float],
        spike: datetime,
        said: str,
    ) -> NotYet:
        """Some minute has another number than it had logins: gone, too few, or too many."""
        whose = shop or "all shops"
        mine = {at: n for (one, at), n in truth.items() if one == shop}
        at = (
            spike
            if spike in wrong
            else max(wrong, key=lambda m: (abs(mine.get(m, 0) - wrong[m]), m))
        )
        want, got = mine.get(at, 0), points.get(at, 0)
        came, have = sum(mine.values()), sum(points.values())
        minute = clock(at)
        if came == have:
            near = max(points, key=lambda m: (points[m], m))
            finding = f"The spike of {minute} is gone."
            happened = (
                f"{minute} had {want} logins in {whose}; your metric says {number(got)} there, and "
                f"{number(points[near])} at {clock(near)}. All {came} are stored, but not in "
                f"the minute in which they happened: there are points in {len(points)} minutes, "
                f"and logins in {len(mine)}."
            )
            question = "What is the shortest spell that a reader of your metric can still see?"
        elif got < want:
            finding = f"{minute} had {want} logins in {whose}; you stored {number(got)}."
            happened = (
                f"Over the morning {came} logins happened in {whose}, and the `Sum` of your metric "
                f"is {number(have)}."
            )
            question = (
                "What must a minute's points hold, so that their Sum is the number of logins?"
            )
        else:
            finding = f"{minute} had {want} logins in {whose}; your metric says {number(got)}."
            happened = (
                f"Over the morning {came} logins happened in {whose}, and the `Sum` of your metric "
                f"is {number(have)}: some are counted more than once. Points of one minute are "
                "added, nothing is overwritten."
            )
            question = "How often does one login reach this metric?"
        start = max(spike - 20 * MINUTE, played.feed[0].received - MINUTE)
        figure = came_and_stored(
            mine, points, f"{whose}: {minute} had {want} logins, CloudWatch says {number(got)}",
            start, start + 40 * MINUTE,
        )  # fmt: skip
        return NotYet(finding, built(played), said, happened, question, figure)

    def passed(
        self,
        played: Played,
        truth: Counts,
        stored: Mapping[str | None, Mapping[datetime, float]],
        spike: datetime,
        start: datetime,
        end: datetime,
    ) -> Passed:
        """Every minute of every graph is right."""
        shops = len(stored) - 1
        total = sum(stored[None].values())
        mine = {at: float(n) for (shop, at), n in truth.items() if shop is None}
        return Passed(
            f"{number(total)} of {number(total)} logins in the right minute, for {shops} shops and "
            "in all.",
            why="A metric is named by its namespace, its name and *all* of its dimensions. The "
            f"graph of one shop says `shop`, so there are {shops} metrics with that one dimension; "
            "the graph of all shops says none, so there is one without. One point a minute keeps "
            f"the spike of {clock(spike)}.",
            built=built(played),
            cost=f"{count(len(played.metrics), 'metric')} at {dollars(metric_month())} each make "
            f"{dollars(metric_month() * len(played.metrics))} a month; the free tier holds ten.",
            alternative="one datum with `Value` 1 for each login, or `Values` with `Counts`, or "
            "`StatisticValues`: the Sum is the same, and only the first makes more calls.",
            figure=came_and_stored(
                mine, stored[None],
                f"All shops: CloudWatch has {number(stored[None][spike])} logins at "
                f"{clock(spike)}, as many as happened",
                start, end,
            ),
        )  # fmt: skip
