"""Check 3: what happened on Friday stands on Friday."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from labkit.course.bench import Bench
from labkit.course.blame import line_of, words_of
from labkit.course.checks.c01_metrics.logins import Feed, Login, Shops, minute_of, with_one_too_old
from labkit.course.checks.c01_metrics.playing import (
    DAY,
    HOUR,
    METRIC,
    MINUTE,
    Played,
    Publishing,
    built,
    came_and_stored,
    clock,
    day,
    nothing,
    play,
)
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import START
from labkit.views.drawing import Drawing
from labkit.views.wording import count, number


class Late(Publishing):
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

    def feed(self, bench: Bench) -> tuple[Feed, datetime]:
        """An hour of another Monday: Friday's logins come in at once, then some of 13 days ago."""
        shops = Shops(bench.facts, bench.facts["seed"] + 3)
        first = START + bench.facts["unseen_late"] * MINUTE
        second = START + bench.facts["unseen_old"] * MINUTE
        late = {
            first: shops.late(bench.facts["friday"], 180, bench.facts["late_size"]),
            second: with_one_too_old(shops, bench.facts, START, 26, 11),
        }
        return shops.feed(START, 60, 4, {}, late), second

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play it, read back, compare."""
        feed, second = self.feed(bench)
        played = play(bench, feed, go_on=True)
        if not played.metrics:
            return nothing(played)
        begin, end = START - 14 * DAY + HOUR, feed[-1].received
        limit = START - 14 * DAY
        shop = bench.facts["late_shop"]
        truth = {
            at: float(n) for (one, at), n in feed.counts().items() if one == shop and at > limit
        }
        stored = played.read(shop, begin, end)
        (batch, late), (_, old) = feed.late()
        good = [login for login in old if login["at"] > limit]
        said = (
            f"an unseen hour. At {clock(batch.received)} the till of {shop} is back and sends "
            f"{len(late)} logins of {day(late[0]['at'])}; at {clock(second + MINUTE)} come "
            f"{len(good)} more, up to 13 days old, and one of 15 days ago among them."
        )
        if not stored:
            return NotYet(
                f"The graph of {shop} is empty.", built(played), said,
                f"Asked for `{METRIC}` with shop={shop}, from 13 days ago until now: empty.",
                "Does check 1 pass, which asks for the same metric?",
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
        """Late logins stand on the day on which they came in."""
        late = seen.late
        at = max(seen.stored, key=lambda m: (seen.stored[m] if m >= START else 0, m))
        friday = late[0]["at"].strftime("%A")
        title = (
            f"{friday}'s logins stand on Monday: {number(seen.stored[at])} at {clock(at)}, when "
            f"{number(seen.truth.get(at, 0))} happened"
        )
        return NotYet(
            f"{friday}'s {len(late)} late logins appear on Monday {clock(at)}.",
            built(seen.played),
            seen.said,
            f"The graph of {seen.shop} says {number(seen.stored[at])} logins at {clock(at)} on "
            f"Monday; {number(seen.truth.get(at, 0))} happened there. On {friday} it says "
            f"{number(self.on(seen.stored, late[0]['at']))}, and {len(late)} happened.",
            "Which time does a datum get when you don't say one, and which does the graph need?",
            seen.figure(title),
            also=self.refusal(seen.played),
        )

    def lost(self, seen: Seen) -> NotYet:
        """Late logins are nowhere: dropped, refused, or lost beside one that was refused."""
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
                "AWS stores a request as a whole or not at all. No error came out of your "
                f"function, and the {len(of_second)} logins that came in beside the one of 15 days "
                "ago are nowhere."
            )
        else:
            oldest = min(lost, key=lambda login: login["at"])
            finding = f"{len(of_second)} logins that CloudWatch would have taken are lost."
            happened = (
                f"The oldest of them happened on {day(oldest['at'])} at "
                f"{clock(minute_of(oldest['at']))}, within the two weeks."
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
        return f"At {clock(batch.received)} {words_of(problem.original)}{where}"

    @staticmethod
    def on(stored: Mapping[datetime, float], date: datetime) -> float:
        """What a day has in all."""
        return sum(n for at, n in stored.items() if at.date() == date.date())

    def passed(
        self,
        played: Played,
        truth: Mapping[datetime, float],
        stored: Mapping[datetime, float],
        shop: str,
        late: Sequence[Login],
        good: Sequence[Login],
    ) -> Passed:
        """Every late login is where it belongs."""
        return Passed(
            f"{len(late) + len(good)} of {len(late) + len(good)} late logins stand in the minute "
            "in which they happened.",
            why="A datum carries the time at which it happened, and CloudWatch takes two weeks "
            "back (and two hours ahead). What is older is left out before the call, because a "
            "request is stored as a whole or refused as a whole.",
            built=built(played),
            cost="A late point costs what a point on time costs: its metric, in that hour.",
            alternative="send each late record in a call of its own and catch the refusal: right, "
            "and as many calls as there are records.",
            figure=Seen(played, truth, stored, shop, late, good, [], 0, "").figure(
                f"{shop}: {len(late)} logins of {day(late[0]['at'])} stand on {day(late[0]['at'])}"
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
