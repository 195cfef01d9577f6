"""Check 2: every payment that failed for good is in Priya's stream within a minute, nothing else.

An unseen hour is written in both groups; what came out of the stream is held against what was
written, line by line.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_datetime
from labkit.core.jsontext import parse
from labkit.course.bench import Bench
from labkit.course.checks.c08_metric_filters_and_subscriptions import built
from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    GROUPS,
    KINDS,
    MINUTE,
    REAL,
    Pen,
    Written,
    emit,
    minute_of,
    usual,
)
from labkit.course.checks.c08_metric_filters_and_subscriptions.paging import ASKS
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.streaming import DATA, Stream
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.wording import count, number

#: Priya's account, her stream, and the stream of Lena's search.
SECURITY, STREAM, SEARCH, TRIAL = "444455556666", "failures", "search", "trial"


@dataclass
class Copied:
    """What was written, and what of it came.

    Parameters
    ----------
    lines:
        All that was written.
    came:
        text -> when it came, each time.
    slowest:
        The longest way of a line.
    search:
        How many lines of the web shop came to Lena's search.
    """

    lines: list[Written]
    came: dict[str, list[datetime]]
    slowest: timedelta
    search: int

    def times(self, line: Written) -> int:
        """How often a line came."""
        return len(self.came.get(line.text, ()))

    def rows(self) -> list[built.Kindly]:
        """By group and kind, as :func:`built.by_kind` tells of filters."""
        out = []
        for where in GROUPS:
            for kind in KINDS:
                some = [one for one in self.lines if (one.where, one.kind) == (where, kind)]
                if not some:
                    continue
                caught = [one for one in some if self.times(one)]
                missed = [one for one in some if not self.times(one)]
                out.append(
                    built.Kindly(
                        where, kind, len(some), len(caught),
                        missed[0] if missed else None, caught[0] if caught else None,
                    )
                )  # fmt: skip
        return out


class Copies(Check):
    """See the head of this file."""

    title = "Priya has all of them within a minute, and nothing else"
    points = 3
    hints = (
        "Two accounts have to agree. Who makes the destination, and who says which account may "
        "use it?",
        "In her account `put_destination` and then `put_destination_policy` (Principal: the "
        "sender's account, Action `logs:PutSubscriptionFilter`); in yours a "
        "`put_subscription_filter` on each group, with the destination's ARN and no role. A group "
        "has two places.",
        'hers.put_destination(destinationName="failures", targetArn=ex.stream, roleArn=ex.role); '
        'hers.put_destination_policy(destinationName="failures", accessPolicy=json.dumps({..., '
        '"Principal": {"AWS": ex.lab.account}, "Action": "logs:____", "Resource": arn}))',
    )
    alternatives = (
        "An export to S3 runs when somebody asks for it, and may wait hours for its data.",
        "A function that copies lines would work, and is one more thing that can fail at night.",
        "A metric filter in her account sees nothing: filters look at groups of their own account.",
    )
    cell = "copy"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Destinations of hers, filters that were made or taken away."""
        hers = bench.copy.client("logs", account_id=SECURITY)
        destinations = hers.describe_destinations()["destinations"]
        before = {("web", "to-search"), ("web", "trial")}
        if not destinations and built.all_subscriptions(bench.copy, bench.facts) == before:
            return None
        places = [f"destination `{one['destinationName']}`"
                  + ("" if one.get("accessPolicy") else " without a policy")
                  for one in destinations]  # fmt: skip
        filters = built.subscriptions(bench.copy, bench.facts)
        return Attempted(f"{', '.join(places) or 'no destination'}; {built.told(filters)}")

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            f"Nothing leads to account {SECURITY} yet: it has no destination.",
            start='`ex.lab.client("logs", account_id=ex.security)`, which is Logs in her account.',
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Write an hour, read her stream."""
        copied = play(bench.replay(), bench.facts)
        rows = copied.rows()
        real = [one for one in copied.lines if one.real]
        here = [one for one in real if copied.times(one)]
        loose = [one for one in copied.lines if not one.real and copied.times(one)]
        lines = len(copied.lines)
        said = f"an unseen hour in both groups: {lines} lines, {len(real)} of them real."
        finding = f"{len(here)} of {len(real)} real failures are in Priya's stream"
        finding += f", and {count(len(loose), 'line')} that she did not ask for." if loose else "."
        title = finding.rstrip(".")
        figure = built.table(rows, title, "in her stream")
        if len(here) == len(real) and not loose:
            return self._good(bench, copied, finding, said, attempted, figure)
        happened, question = self._bad(bench, rows, copied)
        return NotYet(finding, attempted.built, said, happened, question, figure)

    def _good(
        self, bench: Bench, copied: Copied, finding: str, said: str, attempted: Attempted,
        figure: Drawing,
    ) -> Outcome:  # fmt: skip
        if not copied.search:
            return NotYet(
                f"{finding} Lena's search is empty.", attempted.built, said,
                "Of the web shop's lines none came to the stream `search` any more; support has "
                "searched in it every day.",
                "Which of the two filters that the group had does nobody miss?", figure,
            )  # fmt: skip
        twice = [one for one in copied.lines if copied.times(one) > 1]
        remarks = []
        if twice:
            remarks.append(
                f"{count(len(twice), 'line')} came more than once: two filters pick the same."
            )
        return Passed(
            f"All {sum(one.real for one in copied.lines)} are there, the slowest after "
            f"{number(copied.slowest.total_seconds())} s, and not one line more.",
            why="The owner of a stream puts a destination before it and says in its policy who may "
            "send; the owner of the logs subscribes to the destination, with a pattern. Neither "
            "gives the other a role. A subscription sends every line that matches: nothing is "
            "sampled.",
            built=attempted.built,
            cost="subscription filters are free; her stream costs by the shard hour or by what "
            "goes in, plus transfer.",
            alternative="one subscription policy of the whole account with a selection of groups: "
            "one place to look, and one pattern for every group.",
            remarks=tuple(remarks),
            figure=figure,
        )

    def _bad(self, bench: Bench, rows: Sequence[built.Kindly], copied: Copied) -> tuple[str, str]:
        """What happened, and the question."""
        filters = built.subscriptions(bench.copy, bench.facts)
        wrong = built.first_wrong(rows)
        assert wrong is not None
        where = built.named(wrong.where)
        if wrong.kind != REAL:
            assert wrong.caught is not None
            return (
                f"{wrong.picked} lines of kind *{wrong.kind}* came from the {where}, such as "
                f"`{wrong.caught.text}`.{built.ignored(filters)}",
                ASKS[wrong.kind],
            )
        if not copied.came:
            return self._nothing(bench, filters)
        if not any(one.where == wrong.where for one in filters):
            return (
                f"{where.capitalize()}: {wrong.written - wrong.picked} failures are not in Priya's "
                "stream. No filter of that group leads to her.",
                "How many groups write of payments?",
            )
        assert wrong.missed is not None
        mine = [one for one in filters if one.where == wrong.where]
        return (
            f"{where.capitalize()}: {wrong.written - wrong.picked} of {wrong.written} are "
            f"missing, such as `{wrong.missed.text}` "
            f"({mine[0].parsed.match(wrong.missed.text).reason}).",
            ASKS[REAL],
        )

    def _nothing(self, bench: Bench, filters: Sequence[built.Picked]) -> tuple[str, str]:
        hers = bench.copy.client("logs", account_id=SECURITY)
        destinations = hers.describe_destinations()["destinations"]
        if not destinations:
            return (
                f"Account {SECURITY} has no destination, so nothing can lead there.",
                "Whose stream is it, and who may invite others to it?",
            )
        if not any(one.get("accessPolicy") for one in destinations):
            return (
                "The destination has no policy, and takes nobody: PutSubscriptionFilter is "
                "refused for every account.",
                "Who has to say that your account may send?",
            )
        if not filters:
            return (
                "The destination stands there, and no group leads to it.",
                "What makes a group send its lines?",
            )
        return (
            "The destination leads elsewhere than to the stream `failures`.",
            "Which stream does Priya read?",
        )


def play(world: Lab, facts: Mapping[str, Any]) -> Copied:
    """Write an hour; the world is a replay, whose clock moves."""
    pen = Pen(facts, facts["seed"] + 23)
    begin = world.now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    lines: list[Written] = []
    for n in range(0, 60, 3):
        wanted = dict(usual())
        for where in GROUPS:
            kind = KINDS[(n // 3 + len(where)) % len(KINDS)]
            wanted[where, kind] = wanted.get((where, kind), 0) + 2
            wanted[where, REAL] = wanted.get((where, REAL), 0) + (40 if n == 30 else 1)
        at = begin + n * MINUTE
        written = minute_of(pen, at, wanted)
        world.run_until(at + timedelta(seconds=30))
        emit(world, facts, written)
        lines += written
    world.advance(minutes=5)
    came: dict[str, list[datetime]] = {}
    slowest = timedelta(0)
    for record in Stream(world, STREAM, SECURITY).records():
        told = parse(gzip.decompress(record["Data"]))
        if told["messageType"] != DATA:
            continue
        for event in told["logEvents"]:
            at = record["ApproximateArrivalTimestamp"]
            came.setdefault(event["message"], []).append(at)
            written_at = to_datetime(event["timestamp"] * 1000)
            if written_at >= begin:
                slowest = max(slowest, at - written_at)
    fresh = {one.text for one in lines}
    found = {key: times for key, times in came.items() if key in fresh}
    search = sum(
        to_datetime(event["timestamp"] * 1000) >= begin
        for told in Stream(world, SEARCH).messages()
        for event in told["logEvents"]
    )
    return Copied(lines, found, slowest, search)
