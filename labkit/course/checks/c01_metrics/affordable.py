"""Check 2: at most twelve metrics in a day."""

from __future__ import annotations

from labkit.cloudwatch import views
from labkit.course.bench import Bench
from labkit.course.checks.c01_metrics.logins import Shops
from labkit.course.checks.c01_metrics.playing import (
    DAY,
    HOUR,
    MONTH_DAYS,
    Played,
    Publishing,
    built,
    call_price,
    day,
    dollars,
    metric_month,
    nothing,
    play,
)
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import START
from labkit.views.wording import count, number

MOST_METRICS = 12


class Affordable(Publishing):
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
        """Play it, read back, compare."""
        start = START + DAY
        start = start.replace(hour=0) + DAY
        shops = Shops(bench.facts, bench.facts["seed"] + 2)
        feed = shops.feed(start, 24 * 60 - 1, 8.6, {start + 9 * HOUR: 60})
        played = play(bench, feed)
        metrics = played.metrics
        if not metrics:
            return nothing(played)
        said = f"an unseen day, {day(start)}: {number(len(feed.logins))} logins."
        cost = metric_month() * played.metric_hours() / 24
        if len(metrics) <= MOST_METRICS:
            return self.passed(played, len(metrics), cost)
        values: dict[str, set[str]] = {}
        for _, _, dims in metrics:
            for key, value in dims.items():
                values.setdefault(key, set()).add(value)
        top = max(values, key=lambda key: (len(values[key]), key), default="")
        each = ", ".join(f"`{k}` {number(len(v))}" for k, v in sorted(values.items()))
        title = f"{number(len(metrics))} metrics by the end of the day; the limit is {MOST_METRICS}"
        growth = [at for at, _ in played.growth], [n for _, n in played.growth]
        return NotYet(
            f"{number(len(metrics))} metrics in one day, {dollars(cost)} a month; the limit is "
            f"{MOST_METRICS}.",
            built(played),
            said,
            f"Different values that became names: {each}. The most come from `{top}`: each new "
            "value is another metric, for the hour in which it has data.",
            "Which of these words does anybody ever ask for?",
            views.metric(
                {"metrics so far": growth},
                title=title, threshold=MOST_METRICS, period=3600, unit="Count",
            ),
        )  # fmt: skip

    def passed(self, played: Played, metrics: int, cost: float) -> Passed:
        """Few enough; a remark when the calls cost more than the metrics."""
        feed, logins = played.feed, len(played.feed.logins)
        a_month = MONTH_DAYS * call_price()
        remarks = []
        if played.calls > 2 * len(feed):
            remarks.append(
                f"{number(played.calls)} calls for {number(logins)} logins cost "
                f"{dollars(played.calls * a_month)} a month. One call a minute would be "
                f"{number(len(feed))} and {dollars(len(feed) * a_month)}: add up first, or give "
                "`Values` with `Counts`."
            )
        return Passed(
            f"{count(metrics, 'metric')} for {number(logins)} logins.",
            why="The number of metrics depends on the values that go into names, not on how much "
            "is published. Five shops and a total stay six, on a calm day and on a busy one. Who "
            "logged in with which session is a question for a log line; a metric answers how many.",
            built=built(played),
            cost=f"{dollars(cost)} a month for the metrics and "
            f"{dollars(played.calls * a_month)} for "
            f"{number(round(played.calls * MONTH_DAYS))} PutMetricData calls, at list prices. The "
            "free tier holds ten metrics and a million calls.",
            remarks=tuple(remarks),
        )
