"""Check 1: the canaries are red when a customer would say that it is broken, and only then."""

from __future__ import annotations

from labkit.course.bench import Bench
from labkit.course.checks.c09_canaries import playing
from labkit.course.checks.c09_canaries.playing import BUDGET, Episode
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut


def episodes() -> list[Episode]:
    """What is played, a quiet time first."""
    return [
        Episode("all is well", (), 35, False, "What would a customer say of this shop?"),
        Episode(
            "the search answers 200 with a white page", (("page_empty", "search", 0),), 35, True,
            "What does a customer look for on that page, and does your canary look for it?",
        ),
        Episode(
            "orders are taken with 201 and are not there", (("page_empty", "api", 0),), 35, True,
            "How does somebody who has ordered find out that there is no order?",
        ),
        Episode(
            "new prices, and products in another order",
            (("page_prices", "site", 7), ("page_order", "site", 0)), 35, False,
            "Which of the things that your canary compares may change on a good day?",
        ),
    ]  # fmt: skip


class Visits(Check):
    """See the head of this file."""

    title = "red when a customer would say so, and only then"
    points = 4
    hints = (
        "Both customers got a status that says success. What did they look at that a status does "
        "not tell?",
        "`webdriver.execute_http_step(name, request, check)` asks, and gives the answer to "
        "`check(response)`, which raises when `response.text` or `response.json()` is not what it "
        'should be. blueprints.script("api") writes an order and reads it back.',
        'One canary, `rate(5 minutes)`: a step "search" on `/search?q=____` whose check wants the '
        "tea's name in `response.text`, then the three steps of the API blueprint with PRODUCT and "
        "QUANTITY set.",
    )
    alternatives = (
        "A heartbeat sees a status; both faults have a good one.",
        "Comparing a whole page, or a price, makes Tomas's price list an outage.",
        "Every minute costs five times as much as every five minutes.",
    )
    cell = "canary"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The canaries, in one line."""
        found = playing.canaries_of(bench.copy)
        return Attempted(playing.described(found)) if found else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: the account has no canary.",
            start='`blueprints.script("api")`, and `ex.lab.shop.visit(script)` to try it.',
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play four half hours."""
        world = bench.replay()
        played = episodes()
        begin = world.now
        playing.play(world, played)
        price = playing.a_month(world, begin, world.now)
        figure = _picture(played)
        wrong = [one for one in played if not one.good]
        if wrong:
            return _wrong(world, wrong, played, attempted, figure)
        if price > BUDGET:
            return NotYet(
                f"Everything seen, for ${price:.2f} a month.", attempted.built,
                f"{count(len(played), 'half hour')}, and the runs in them counted.",
                f"${price:.2f} a month for runs alone, and Lena has ${BUDGET}.",
                "How soon does Lena need to know, and how many runs does that take?", figure,
            )  # fmt: skip
        return Passed(
            "Both faults seen, nothing else called a fault.",
            why="The canary reads what a customer reads: the tea's name on the page, the order "
            "that was written. A status says that somebody answered, not what.",
            built=attempted.built,
            cost=f"${price:.2f} a month for runs, the first 100 free; Lambda, logs and S3 come on "
            "top.",
            alternative="one canary for each of the two at 10 minutes: the same price, and the "
            "name of the canary says what is broken; half as soon, which leaves little of "
            "half an hour.",
            figure=figure,
        )  # fmt: skip


def _wrong(
    world: playing.Lab, wrong: list[Episode], played: list[Episode], attempted: Attempted,
    figure: Drawing,
) -> Outcome:  # fmt: skip
    one = wrong[0]
    if not one.runs:
        states = playing.described(playing.canaries_of(world))
        happened = f"No run began in that half hour: {states}."
        question = "What has to be called before a canary that is READY does anything?"
    elif one.bad:
        names = sorted({canary.name for canary, _ in one.runs})
        happened = (
            f"{count(len(one.runs), 'run')} of {', '.join(names)}, all PASSED: your canary was "
            "there, and it was content."
        )
        question = one.question
    else:
        canary, run = one.red[0]
        happened = f"`{canary.name}` failed: {cut(run.reason, 220)}"
        question = one.question
    also = "; ".join(other.name for other in wrong[1:])
    return NotYet(
        f"{sum(each.good for each in played)} of {len(played)} half hours told rightly.",
        attempted.built,
        f"half hour {played.index(one) + 1} of {len(played)}: *{one.name}*.",
        happened, question, figure, also=f"Not right either: {also}." if also else "",
    )  # fmt: skip


def _picture(played: list[Episode]) -> Drawing:
    rows = []
    for one in played:
        told = f"{len(one.red)} of {count(len(one.runs), 'run')} failed" if one.runs else "no run"
        rows.append((one.name, f"{one.begin:%H:%M} to {one.end:%H:%M}", told, one.good))
    good = sum(one.good for one in played)
    return playing.table(f"{good} of {len(played)} half hours told rightly", rows)
