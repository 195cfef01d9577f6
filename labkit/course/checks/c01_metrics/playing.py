"""What the three checks have in common: playing a feed, reading back, saying what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.cloudwatch import views
from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.blame import LearnerError
from labkit.course.checks.c01_metrics.logins import Batch, Feed
from labkit.course.outcomes import Attempted, NotAttempted
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, number

METRIC = "Logins"
#: Days in a month, as AWS's calculators count one: 730 hours.
MONTH_DAYS = 730 / 24

_PATIENCE = 60

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Played:
    """A feed that was played to the learner's function, and what CloudWatch has of it.

    Parameters
    ----------
    world:
        Where.
    namespace:
        Where the metric is to be.
    feed:
        What came in.
    shops:
        The shops that there are.
    called:
        How often the function was called.
    refused:
        Batches in which AWS refused a call: (batch, the error).
    growth:
        (instant, metrics so far), hour by hour.
    """

    world: Lab
    namespace: str
    feed: Feed
    shops: Sequence[str]
    called: int = 0
    refused: list[tuple[Batch, LearnerError]] = field(default_factory=list)
    growth: list[tuple[datetime, int]] = field(default_factory=list)

    def metric_hours(self) -> float:
        """What CloudWatch's bill counts: for each metric the hours in which it got data."""
        bill = self.world.bill(since=self.feed[0].received - MINUTE)
        return float(bill["cloudwatch.custom_metric"].quantity)

    @property
    def calls(self) -> int:
        """How many PutMetricData calls were made."""
        return sum(entry.name == "cloudwatch:PutMetricData" for entry in self.world.world.journal)

    @cached_property
    def metrics(self) -> list[tuple[str, str, dict[str, str]]]:
        """Every custom metric there is: (namespace, name, dimensions). Asked for after playing."""
        pages = self.world.client("cloudwatch").get_paginator("list_metrics").paginate()
        return [
            (one["Namespace"], one["MetricName"],
             {pair["Name"]: pair["Value"] for pair in one["Dimensions"]})
            for page in pages
            for one in page["Metrics"]
            if not one["Namespace"].startswith("AWS/")
        ]  # fmt: skip

    def read(self, shop: str | None, start: datetime, end: datetime) -> dict[datetime, float]:
        """What CloudWatch says: minute -> Sum, of one shop or of all."""
        dimensions = [{"Name": "shop", "Value": shop}] if shop else []
        metric = {"Namespace": self.namespace, "MetricName": METRIC, "Dimensions": dimensions}
        query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        answer = self.world.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=start, EndTime=end
        )["MetricDataResults"][0]
        return dict(zip(answer["Timestamps"], answer["Values"], strict=True))


def play(bench: Bench, feed: Feed, *, go_on: bool = False) -> Played:
    """Play a feed to the learner's function in a fresh world.

    Parameters
    ----------
    bench:
        The judge's.
    feed:
        What comes in.
    go_on:
        Whether a call that AWS refuses costs the batch alone; else it ends the check.
    """
    function = handed_in(bench.delivered)
    played = Played(bench.fresh(), bench.facts["namespace"], feed, bench.facts["shops"])
    for batch in feed:
        if played.called == _PATIENCE and not played.calls:
            break  # an hour, and nothing: it is not written yet
        played.called += 1
        played.world.run_until(batch.received)
        try:
            with bench.calling(played.world, function):
                function(batch.copies(), batch.received)
        except LearnerError as problem:
            if not go_on or problem.code != "InvalidParameterValue":
                raise
            played.refused.append((batch, problem))
        if played.called % 60 == 0:
            store = played.world.world.store("cloudwatch", bench.lab.account, bench.lab.region)
            played.growth.append((batch.received, len(store.columns)))
    return played


def handed_in(delivered: Mapping[str, Any]) -> Any:
    """The function that counts: ``publish``, else the newest."""
    return delivered.get("publish") or list(delivered.values())[-1]


def clock(moment: datetime) -> str:
    """``10:07``."""
    return clock_text(to_us(moment))


def day(moment: datetime) -> str:
    """``Tue 6 Jan``."""
    return day_text(to_us(moment))


def named(dimensions: Mapping[str, str] | Sequence[str]) -> str:
    """A metric's dimensions as one says them: ``{shop, version}``, ``no dimension``."""
    return "{" + ", ".join(sorted(dimensions)) + "}" if dimensions else "no dimension"


def built(played: Played) -> str:
    """What the learner's function made, in one line."""
    shapes = Counter((name, named(dims)) for _, name, dims in played.metrics)
    told = [f"`{name}` with {shape}: {number(n)}" for (name, shape), n in shapes.most_common(3)]
    if len(shapes) > 3:
        told.append(f"and {len(shapes) - 3} kinds more")
    metrics = count(sum(shapes.values()), "metric")
    return f"{metrics} in {count(played.calls, 'call')}: {', '.join(told)}."


def nothing(played: Played) -> NotAttempted:
    """The world is untouched: the function was called and published nothing."""
    calls = count(played.called, "time")
    return NotAttempted(
        f"Nothing has been published yet: `publish` was called {calls} and the account has no "
        "metric.",
        start="one `cloudwatch.put_metric_data` for the logins of one minute, then `ex.play()`.",
    )


def dollars(amount: float) -> str:
    """``$1.80``."""
    return f"${amount:,.2f}"


def metric_month() -> float:
    """The list price of one metric for a month, the first tier; from the dated price table."""
    return float(price_table().row("cloudwatch.custom_metric").tiers[0].price)


def call_price() -> float:
    """The list price of one API request."""
    return float(price_table().row("cloudwatch.requests").tiers[0].price) / 1000


def came_and_stored(
    truth: Mapping[datetime, float],
    stored: Mapping[datetime, float],
    title: str,
    start: datetime,
    end: datetime,
    step: timedelta = MINUTE,
) -> Drawing:
    """Two step curves, one above the other: what came in, what CloudWatch has."""

    def series(values: Mapping[datetime, float]) -> tuple[list[datetime], list[float]]:
        sums: Counter[datetime] = Counter()
        for at, value in values.items():
            if start <= at < end:
                sums[start + (at - start) // step * step] += int(value)
        return sorted(sums), [sums[at] for at in sorted(sums)]

    return views.metric(
        {"logins that happened": series(truth), "what CloudWatch has": series(stored)},
        title=title, rows=True, unit="Count", period=int(step.total_seconds()),
        start=start, end=end,
    )  # fmt: skip


class Publishing(Check):
    """What the three have in common: they judge what ``publish`` does."""

    cell = "publish"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Whether a function was handed in."""
        return Attempted("publish") if bench.delivered else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """No function yet."""
        return NotAttempted(
            "Nothing has been handed in yet: the account has no metric.",
            start="the cell with `@ex.deliver` above `def publish(logins, now)`: run it once it "
            "publishes something.",
        )

    def means(self, code: str) -> str:
        """What CloudWatch's refusals mean for a publisher."""
        if code == "MissingParameter":
            return "`MetricData` was an empty list: there was nothing left to publish."
        if code == "InvalidParameterValue":
            return (
                "CloudWatch refuses a request as a whole when one datum in it is out of range: "
                "older than two weeks, more than two hours ahead, or a value it can't hold."
            )
        if code == "TypeError":
            return "The world calls `publish(logins, now)`: a list of logins, and the time."
        return ""
