"""Exercise 01: a metric that Jonas can pay for and Tomas can read.

The learner writes ``publish(logins, now)``, which the world calls once a minute. It is judged by
what CloudWatch answers afterwards: an unseen morning with a spike (check 1), an unseen day (2), an
unseen hour in which a till that was offline sends what it has kept (3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labkit.cloudwatch import views
from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.course.bench import Bench
from labkit.course.blame import LearnerError, line_of, words_of
from labkit.course.checks.logins import Batch, Counts, Feed, Login, Shops, minute_of
from labkit.course.faces import Notice
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check, Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import START, Lab
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, joined, number

METRIC = "Logins"
MOST_METRICS = 12
#: List prices of us-east-1, January 2026: a metric-month (counted by the hours in which the metric
#: has data), and a thousand PutMetricData requests.
METRIC_MONTH, THOUSAND_CALLS = 0.30, 0.01
DAYS = 30

_CITIES = ("Berlin", "Bremen", "Dresden", "Erfurt", "Essen", "Hamburg", "Kassel", "Leipzig",
           "Mainz", "Munich", "Rostock", "Ulm")  # fmt: skip
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


# -- playing ---------------------------------------------------------------------------------------
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
    refused:
        Batches in which AWS refused a call: (batch, the error).
    growth:
        (instant, metrics so far), hour by hour.
    """

    world: Lab
    namespace: str
    feed: Feed
    refused: list[tuple[Batch, LearnerError]] = field(default_factory=list)
    growth: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """How many PutMetricData calls were made."""
        return sum(entry.name == "cloudwatch:PutMetricData" for entry in self.world.world.journal)

    def metrics(self) -> list[tuple[str, str, dict[str, str]]]:
        """Every custom metric there is: (namespace, name, dimensions)."""
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
    function = _handed_in(bench.delivered)
    played = Played(bench.fresh(), bench.facts["namespace"], feed)
    for number_, batch in enumerate(feed):
        played.world.run_until(batch.received)
        try:
            with bench.calling(played.world, function):
                function(batch.copies(), batch.received)
        except LearnerError as problem:
            if not go_on or problem.code != "InvalidParameterValue":
                raise
            played.refused.append((batch, problem))
        if number_ % 60 == 59:
            store = played.world.world.store("cloudwatch", bench.lab.account, bench.lab.region)
            played.growth.append((batch.received, len(store.columns)))
    return played


def _handed_in(delivered: Mapping[str, Any]) -> Any:
    return delivered.get("publish") or list(delivered.values())[-1]


def sample(facts: Mapping[str, Any]) -> Feed:
    """The hour that the learner can inspect: a spike, a till that reports late, one record too old."""
    shops = Shops(facts, facts["seed"])
    late = {
        START + facts["late_minute"] * _MINUTE: shops.late(facts["friday"], 180, 24),
        START + facts["old_minute"] * _MINUTE: _with_one_too_old(shops, facts, START, 6, 2),
    }
    return shops.feed(START, 60, 7, {START + facts["spike_minute"] * _MINUTE: 38}, late)


def _with_one_too_old(
    shops: Shops, facts: Mapping[str, Any], start: datetime, friday: int, old: int
) -> list[Login]:
    """Late logins of Friday and of 13 days ago, and one of 15 days ago in their midst."""
    oldest = start.replace(hour=11) - 13 * _DAY
    return [
        *shops.late(facts["friday"] + _HOUR, 60, friday // 2),
        *shops.late(start.replace(hour=14) - 15 * _DAY, 1, 1),
        *shops.late(oldest, 90, old),
        *shops.late(facts["friday"] + 2 * _HOUR, 60, friday - friday // 2),
    ]


# -- words -----------------------------------------------------------------------------------------
def _clock(moment: datetime) -> str:
    return clock_text(to_us(moment))


def _day(moment: datetime) -> str:
    return day_text(to_us(moment))


def named(dimensions: Mapping[str, str] | Sequence[str]) -> str:
    """A metric's dimensions as one says them: ``{shop, version}``, ``no dimension``."""
    return "{" + ", ".join(sorted(dimensions)) + "}" if dimensions else "no dimension"


def built(played: Played) -> str:
    """What the learner's function made, in one line."""
    shapes = Counter((name, named(dims)) for _, name, dims in played.metrics())
    told = [f"`{name}` with {shape}: {number(n)}" for (name, shape), n in shapes.most_common(3)]
    if len(shapes) > 3:
        told.append(f"and {len(shapes) - 3} kinds more")
    metrics = count(sum(shapes.values()), "metric")
    return f"{metrics} in {count(played.calls, 'call')}: {', '.join(told)}."


def nothing(played: Played) -> NotAttempted:
    """The world is untouched: the function was called and published nothing."""
    calls = count(len(played.feed), "time")
    return NotAttempted(
        f"Nothing has been published yet: `publish` was called {calls} and the account has no "
        "metric.",
        start="one `cloudwatch.put_metric_data` for the logins of one minute, then `ex.play()`.",
    )


def dollars(amount: float) -> str:
    """``$1.80``."""
    return f"${amount:,.2f}"


def monthly(metric_hours: float, calls: int) -> tuple[float, float]:
    """What a day of these costs in a month of such days: for the metrics, for the calls."""
    return METRIC_MONTH * metric_hours / 24, THOUSAND_CALLS * calls * DAYS / 1000


def came_and_stored(
    truth: Mapping[datetime, float],
    stored: Mapping[datetime, float],
    title: str,
    start: datetime,
    end: datetime,
    step: timedelta = _MINUTE,
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


# -- the checks ------------------------------------------------------------------------------------
class _Publishing(Check):
    """What the three have in common."""

    cell = "publish"

    def attempt(self, bench: Bench) -> Attempted | None:
        return Attempted("publish") if bench.delivered else None

    def untouched(self, bench: Bench) -> NotAttempted:
        return NotAttempted(
            "Nothing has been handed in yet: the account has no metric.",
            start="the cell with `@ex.deliver` above `def publish(logins, now)`: run it once it "
            "publishes something.",
        )

    def means(self, code: str) -> str:
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


class Readable(_Publishing):
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
        start = START + _DAY
        spike = start + bench.facts["unseen_spike"] * _MINUTE
        shops = Shops(bench.facts, bench.facts["seed"] + 1)
        return shops.feed(start, 90, 7, {spike: bench.facts["spike_size"]}), spike

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        feed, spike = self.feed(bench)
        played = play(bench, feed)
        if not played.metrics():
            return nothing(played)
        start, end = START + _DAY, feed[-1].received
        truth = feed.counts()
        said = (
            f"an unseen morning, {_day(start)} {_clock(start)} to {_clock(end)}: "
            f"{len(feed.logins)} logins in {len(bench.facts['shops'])} shops, "
            f"{truth[None, spike]} of them at {_clock(spike)}."
        )
        stored: dict[str | None, dict[datetime, float]] = {
            shop: played.read(shop, start, end) for shop in [*bench.facts["shops"], None]
        }
        for shop in stored:
            if not stored[shop]:
                return self.not_found(played, shop, said)
        for shop, points in stored.items():
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
        asked = f"with shop={shop}" if shop else "without dimensions"
        metrics = played.metrics()
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
            question = (
                "Which words must a reader say to get this metric, and which did you give it?"
            )
        elif shop is None:
            happened = (
                f"Asked for `{METRIC}` without dimensions: empty, and no error. There are "
                f"{count(len(here), 'metric')} of that name, each with {named(here[0])}; CloudWatch "
                "adds nothing up for you."
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
                f"Asked for `{METRIC}` {asked}: empty. There is no metric with that value; there is "
                f"`{METRIC}` with {named(here[0])}."
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
        whose = shop or "all shops"
        mine = {at: n for (one, at), n in truth.items() if one == shop}
        at = (
            spike
            if spike in wrong
            else max(wrong, key=lambda m: (abs(mine.get(m, 0) - wrong[m]), m))
        )
        want, got = mine.get(at, 0), points.get(at, 0)
        came, have = sum(mine.values()), sum(points.values())
        minute = _clock(at)
        if came == have:
            near = max(points, key=lambda m: (points[m], m))
            finding = f"The spike of {minute} is gone."
            happened = (
                f"{minute} had {want} logins in {whose}; your metric says {number(got)} there, and "
                f"{number(points[near])} at {_clock(near)}. All {came} are stored, but not in "
                f"the minute in which they happened: there are points in {len(points)} minutes, and "
                f"logins in {len(mine)}."
            )
            question = "What is the shortest spell that a reader of your metric can still see?"
        elif got < want:
            finding = f"{minute} had {want} logins in {whose}; you stored {number(got)}."
            happened = (
                f"Over the morning {came} logins happened in {whose}, and the `Sum` of your metric "
                f"is {number(have)}."
            )
            question = (
                "What has to be in a minute's points so that their Sum is the number of logins?"
            )
        else:
            finding = f"{minute} had {want} logins in {whose}; your metric says {number(got)}."
            happened = (
                f"Over the morning {came} logins happened in {whose}, and the `Sum` of your metric "
                f"is {number(have)}: some are counted more than once. Points of the same minute are "
                "added, nothing is overwritten."
            )
            question = "How often does one login reach this metric?"
        start = max(spike - 20 * _MINUTE, played.feed[0].received - _MINUTE)
        figure = came_and_stored(
            mine, points, f"{whose}: {minute} had {want} logins, CloudWatch says {number(got)}",
            start, start + 40 * _MINUTE,
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
        shops = len(stored) - 1
        total = sum(stored[None].values())
        mine = {at: float(n) for (shop, at), n in truth.items() if shop is None}
        return Passed(
            f"{number(total)} of {number(total)} logins in the right minute, for {shops} shops and "
            "in all.",
            why="A metric is named by its namespace, its name and *all* of its dimensions. The "
            f"graph of one shop says `shop`, so there are {shops} metrics with that one dimension; "
            "the graph of all shops says none, so there is one without. One point a minute keeps "
            f"the spike of {_clock(spike)}.",
            built=built(played),
            cost=f"{count(len(played.metrics()), 'metric')} at {dollars(METRIC_MONTH)} each make "
            f"{dollars(METRIC_MONTH * len(played.metrics()))} a month.",
            alternative="one datum with `Value` 1 for each login, or `Values` with `Counts`, or "
            "`StatisticValues`: the Sum is the same, and only the first makes more calls.",
            figure=came_and_stored(
                mine, stored[None],
                f"All shops: CloudWatch has {number(stored[None][spike])} logins at {_clock(spike)}, as many as happened",
                start, end,
            ),
        )  # fmt: skip


class Affordable(_Publishing):
    """At most twelve metrics in a day."""

    title = f"at most {MOST_METRICS} metrics in a day"
    points = 1
    hints = (
        "What makes one metric different from another? Count the different values of each key in "
        "`ex.logins.logins`.",
        "Every new value of a dimension is a new metric. `session_id` has a new value for each "
        "login, `version` several for each shop. Neither is in what the graphs ask for.",
        'Keep what the readers say and drop the rest: `Dimensions` is `[{"Name": "shop", '
        '"Value": login["____"]}]` or nothing.',
    )
    alternatives = (
        "A lower resolution or fewer calls do not change how many metrics there are: identity is "
        "namespace, name and dimensions.",
        "What one wants to know of a single session belongs into a log line, where a value costs "
        "nothing extra (chapter 08).",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        start = START + _DAY
        start = start.replace(hour=0) + _DAY
        shops = Shops(bench.facts, bench.facts["seed"] + 2)
        feed = shops.feed(start, 24 * 60, 8.6, {start + 9 * _HOUR: 60})
        played = play(bench, feed)
        metrics = played.metrics()
        if not metrics:
            return nothing(played)
        said = f"an unseen day, {_day(start)}: {number(len(feed.logins))} logins."
        cost, calls = monthly(self.metric_hours(metrics, feed), played.calls)
        if len(metrics) <= MOST_METRICS:
            return self.passed(played, metrics, feed, cost, calls)
        values: dict[str, set[str]] = {}
        for _, _, dims in metrics:
            for key, value in dims.items():
                values.setdefault(key, set()).add(value)
        top = max(values, key=lambda key: (len(values[key]), key), default="")
        each = ", ".join(f"`{k}` {number(len(v))}" for k, v in sorted(values.items()))
        title = (
            f"{number(len(metrics))} metrics by the end of the day; Jonas pays for {MOST_METRICS}"
        )
        return NotYet(
            f"{number(len(metrics))} metrics in one day, {dollars(cost)} a month; the limit is "
            f"{MOST_METRICS}.",
            built(played),
            said,
            f"Different values that became names: {each}. The most come from `{top}`: each new "
            "value is another metric, for the hour in which it has data.",
            "Which of these words does anybody ever ask for?",
            views.metric(
                {"metrics so far": ([at for at, _ in played.growth], [n for _, n in played.growth])},
                title=title, threshold=MOST_METRICS, period=3600, unit="Count",
            ),
        )  # fmt: skip

    def metric_hours(self, metrics: Sequence[Any], feed: Feed) -> float:
        """Hours in which metrics have data: those with a session in their name have one each."""
        hours = 0.0
        for _, _, dims in metrics:
            fleeting = any(value.startswith("s-") for value in dims.values())
            hours += 1 if fleeting else 24
        return hours

    def passed(
        self, played: Played, metrics: Sequence[Any], feed: Feed, cost: float, calls: float
    ) -> Passed:
        logins = len(feed.logins)
        remarks = []
        if played.calls > 2 * len(feed):
            fewer = monthly(0, len(feed))[1]
            remarks.append(
                f"{number(played.calls)} calls for {number(logins)} logins cost {dollars(calls)} a "
                f"month, more than the metrics. One call a minute would be {number(len(feed))} and "
                f"{dollars(fewer)}: add up first, or give `Values` with `Counts`."
            )
        return Passed(
            f"{count(len(metrics), 'metric')} for {number(logins)} logins.",
            why="The number of metrics depends on the values that go into names, not on how much "
            "is published. Five shops and a total stay six, on a calm day and on a busy one. Who logged "
            "in with which session is a question for a log line; a metric answers how many.",
            built=built(played),
            cost=f"{dollars(cost)} a month for the metrics and {dollars(calls)} for "
            f"{number(played.calls * DAYS)} PutMetricData calls, at list prices.",
            remarks=tuple(remarks),
        )


class Late(_Publishing):
    """What happened on Friday stands on Friday."""

    title = "late logins land in their own minute"
    points = 2
    hints = (
        "Look at the late batches of `ex.logins`: when did these logins happen, and under which "
        "time did your function file them?",
        "`Timestamp` says when it happened; left out, it is now. CloudWatch takes two weeks back, "
        "and refuses a *whole* request for one datum that is older.",
        'Leave out what can\'t be stored, before the call: `if login["at"] > now - '
        "timedelta(days=____)`, and give each datum the `Timestamp` of its own minute.",
    )
    alternatives = (
        "`Timestamp=now`, or none, shows Friday's logins on Monday: a spike that never happened.",
        "`try` around the call keeps the function alive and loses the whole request, the good "
        "records too.",
        "A shorter limit than two weeks throws away records that CloudWatch would have taken.",
    )

    def feed(self, bench: Bench) -> tuple[Feed, datetime, datetime]:
        """An hour of another Monday: Friday's logins come in at once, then some of 13 days ago."""
        shops = Shops(bench.facts, bench.facts["seed"] + 3)
        first = START + bench.facts["unseen_late"] * _MINUTE
        second = START + bench.facts["unseen_old"] * _MINUTE
        late = {
            first: shops.late(bench.facts["friday"], 180, bench.facts["late_size"]),
            second: _with_one_too_old(shops, bench.facts, START, 26, 11),
        }
        return shops.feed(START, 60, 4, {}, late), first, second

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        feed, first, second = self.feed(bench)
        played = play(bench, feed, go_on=True)
        if not played.metrics():
            return nothing(played)
        begin, end = START - 14 * _DAY + _HOUR, feed[-1].received
        limit = START - 14 * _DAY
        shop = bench.facts["late_shop"]
        truth = {
            at: float(n) for (one, at), n in feed.counts().items() if one == shop and at > limit
        }
        stored = played.read(shop, begin, end)
        (batch, late), (_, old) = feed.late()
        good = [login for login in old if login["at"] > limit]
        said = (
            f"an unseen hour. At {_clock(batch.received)} the till of {shop} is back and sends "
            f"{len(late)} logins of {_day(late[0]['at'])}; at {_clock(second + _MINUTE)} come "
            f"{len(good)} more, up to 13 days old, and one of 15 days ago among them."
        )
        if not stored:
            return NotYet(
                f"The graph of {shop} is empty.", built(played), said,
                f"Asked for `{METRIC}` with shop={shop}, from 13 days ago until now: empty.",
                "Does check 1 pass? It asks for the same metric.",
            )  # fmt: skip
        today = {at: n for at, n in stored.items() if at >= START}
        extra = sum(today.values()) - sum(n for at, n in truth.items() if at >= START)
        lost = [
            login for login in [*late, *good]
            if stored.get(minute_of(login["at"]), 0) < truth[minute_of(login["at"])]
        ]  # fmt: skip
        if not lost and extra == 0:
            return self.passed(played, truth, stored, shop, late, good)
        seen = Seen(played, truth, stored, shop, late, good, lost, extra, said)
        return self.misfiled(seen) if extra > 0 else self.lost(seen)

    def misfiled(self, seen: Seen) -> NotYet:
        late = seen.late
        at = max(seen.stored, key=lambda m: (seen.stored[m] if m >= START else 0, m))
        day = late[0]["at"].strftime("%A")
        title = (
            f"{day}'s logins stand on Monday: {number(seen.stored[at])} at {_clock(at)}, when "
            f"{number(seen.truth.get(at, 0))} happened"
        )
        return NotYet(
            f"{day}'s {len(late)} late logins appear on Monday {_clock(at)}.",
            built(seen.played),
            seen.said,
            f"The graph of {seen.shop} says {number(seen.stored[at])} logins at {_clock(at)} on "
            f"Monday; {number(seen.truth.get(at, 0))} happened there. On {day} it says "
            f"{number(self.on(seen.stored, late[0]['at']))}, and {len(late)} happened.",
            "Which time does a datum get when you don't say one, and which does the graph need?",
            seen.figure(title),
            also=self.refusal(seen.played),
        )

    def lost(self, seen: Seen) -> NotYet:
        lost, good = seen.lost, seen.good
        of_second = [login for login in lost if any(login is one for one in good)]
        refused = self.refusal(seen.played)
        question = "Which record does AWS refuse, and what else was in that call?"
        also = ""
        if len(lost) > len(of_second):
            finding = f"{len(lost)} late logins are nowhere."
            happened = (
                f"{len(seen.late) + len(good)} late logins could be stored; {len(lost)} of "
                f"them are on no day in the graph of {seen.shop}."
            )
            also, question = refused, "What becomes of a login that happened three days ago?"
        elif refused:
            finding = (
                "Your function stopped at the first record that is 15 days old, and lost "
                f"{len(of_second)} good ones."
            )
            happened = refused
        elif len(of_second) == len(good):
            finding = f"One record too old, and {len(of_second)} good ones are lost with it."
            happened = (
                "AWS stores a request as a whole or not at all. No error came out of your function, "
                f"and the {len(of_second)} logins that came in beside the one of 15 days ago are in "
                "no graph."
            )
        else:
            oldest = min(lost, key=lambda login: login["at"])
            finding = f"{len(of_second)} logins that CloudWatch would have taken are lost."
            happened = (
                f"The oldest of them happened on {_day(oldest['at'])} at "
                f"{_clock(minute_of(oldest['at']))}, within the two weeks."
            )
            question = "How far back does CloudWatch take a point, to the day?"
        title = (
            f"{seen.shop}: {count(len(lost), 'late login')} of {len(seen.late) + len(good)} lost"
        )
        return NotYet(
            finding, built(seen.played), seen.said, happened, question, seen.figure(title), also
        )

    def refusal(self, played: Played) -> str:
        """AWS's refusal and the line, if there was one."""
        if not played.refused:
            return ""
        batch, problem = played.refused[0]
        line = line_of(problem.original, problem.function)
        where = f" ({line})" if line else ""
        return f"At {_clock(batch.received)} {words_of(problem.original)}{where}"

    @staticmethod
    def on(stored: Mapping[datetime, float], day: datetime) -> float:
        return sum(n for at, n in stored.items() if at.date() == day.date())

    def passed(
        self,
        played: Played,
        truth: Mapping[datetime, float],
        stored: Mapping[datetime, float],
        shop: str,
        late: Sequence[Login],
        good: Sequence[Login],
    ) -> Passed:
        return Passed(
            f"{len(late) + len(good)} of {len(late) + len(good)} late logins stand in the minute in "
            "which they happened.",
            why="A datum carries the time at which it happened, and CloudWatch takes two weeks back "
            "(and two hours ahead). What is older is left out before the call, because a request is "
            "stored as a whole or refused as a whole.",
            built=built(played),
            cost="A late point costs what a point on time costs: its metric, in that hour.",
            alternative="send each late record in a call of its own and catch the refusal: right, "
            "and as many calls as there are records.",
            figure=Seen(played, truth, stored, shop, late, good, [], 0, "").figure(
                f"{shop}: {len(late)} logins of {_day(late[0]['at'])} stand on "
                f"{_day(late[0]['at'])}"
            ),
        )


@dataclass(frozen=True)
class Seen:
    """What check 3 saw, for its messages."""

    played: Played
    truth: Mapping[datetime, float]
    stored: Mapping[datetime, float]
    shop: str
    late: Sequence[Login]
    good: Sequence[Login]
    lost: Sequence[Login]
    extra: float
    said: str

    def figure(self, title: str) -> Drawing:
        """From Friday to Monday, by the hour."""
        start = self.late[0]["at"].replace(hour=0, minute=0, second=0)
        return came_and_stored(
            self.truth, self.stored, title, start, START.replace(hour=12), timedelta(hours=1)
        )


# -- the exercise ----------------------------------------------------------------------------------
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
        shops = variant.some("shops", _CITIES, 5)
        friday = START.replace(hour=variant.number("friday hour", 10, 15)) - 3 * _DAY
        return {
            "seed": variant.seed() % 1_000_000,
            "namespace": f"Teapot/{variant.pick('namespace', ('Web', 'Front', 'Accounts', 'Shop'))}",
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
        bill = monthly(10_000, 0)[0]
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
        return {
            "ex.logins": "a sample hour, batch by batch; `ex.logins[0].logins` is the first minute",
            "ex.play()": "plays the sample hour to your function in this lab, from 09:00 on",
            "ex.namespace": f"`{facts['namespace']}`",
            "ex.shops": joined(facts["shops"]),
            "ex.lab": 'the lab; `boto3.client("cloudwatch")` talks to it',
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
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
    function = _handed_in(exercise._delivered)
    lab = exercise.reset().lab
    for batch in feed:
        lab.run_until(batch.received)
        function(batch.copies(), batch.received)
    played = Played(lab, exercise.namespace, feed)
    made = built(played) if played.metrics() else "No metric was made."
    first, last = feed[0].received - _MINUTE, feed[-1].received
    return Notice(
        f"Played {_clock(first)} to {_clock(last)}: {len(feed.logins)} logins in {len(feed)} calls "
        f"of {function.__name__}.",
        (("", made),),
    )


TASK = Metrics()
