"""Check 2: three days are played, with two bursts; what of their insights is mailed to Priya."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from labkit.course import unusual
from labkit.course.bench import Bench
from labkit.course.checks.c10_eventbridge_rules import rules as reading
from labkit.course.checks.c10_eventbridge_rules.playing import line_of, readable
from labkit.course.checks.c15_cloudtrail_insights.nights import HOME
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut
from labkit.workloads.people import Episode


class Mails(Check):
    """One line for each case, and no more."""

    title = "one line for each insight that begins, within fifteen minutes"
    points = 3
    hints = (
        "Who sends insights: the service that was called, or the one that watches?",
        "Source `aws.cloudtrail`, detail-type `AWS Insight via CloudTrail`; of the two events of a "
        "case, `insightDetails.state` says which it is. Lists are walked by index in an input "
        "path: `attributions[0].insight[0].value`.",
        'EventPattern=json.dumps({"source": ["aws.cloudtrail"], "detail-type": ["AWS ____ via '
        'CloudTrail"], "detail": {"insightDetails": {"state": ["____"]}}})',
    )
    alternatives = (
        "A rule on the calls themselves needs a threshold, which EventBridge has not.",
        "An S3 notification on CloudTrail-Insight/ works too, and comes with the file.",
    )
    cell = "mails"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The rules of us-east-1."""
        found = reading.read(bench.copy, [HOME])
        return Attempted(reading.described(found)) if found.found else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            f"Nothing has been built yet: there is no rule in {HOME}.",
            start="the topic `ex.topic` and the detail-type of an insight.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play the days."""
        world = bench.replay()
        day = world.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        world.people.work(
            Episode("run_instances", day + timedelta(hours=3), 12, 30),
            Episode("throttled_client", day + timedelta(hours=13), 12, 60),
            who=[],
        )
        begun, before = world.now, len(world.mailbox)
        world.run_until(day + timedelta(hours=24))
        address = bench.facts["mail"]
        mails = [one for one in list(world.mailbox)[before:] if one.to == address]
        cases = [
            one for one in unusual.told(world, HOME, "Start")
            if one["eventTime"] > begun.isoformat()
        ]  # fmt: skip
        lines = [line_of(mail) for mail in mails]
        figure = picture(cases, mails)
        played = f"one day, {count(len(cases), 'insight')}: machines at 03:00, a program at 13:00"
        finding = f"{len(lines)} e-mails came for {len(cases)} cases."
        wrong = _wrong(cases, mails, lines)
        if wrong is not None:
            return NotYet(finding, attempted.built, played, *wrong, figure)
        return Passed(
            finding,
            why="An insight is an event of CloudTrail's own. It begins once and ends once; the "
            "beginning is what wakes somebody.",
            built=attempted.built,
            cost="AWS's events and their rules are free; SNS has 1,000 e-mails a month free.",
            remarks=("Each Region has a bus of its own: this rule hears us-east-1 alone.",),
            figure=figure,
        )


def _wrong(
    cases: list[dict[str, Any]], mails: list[Any], lines: list[str]
) -> tuple[str, str] | None:
    """What happened and the question; None when all is well."""
    for case in cases:
        details = case["insightDetails"]
        who = details["insightContext"]["attributions"][0]["insight"][0]["value"]
        name = details["eventName"]
        mine = [line for line in lines if name in line]
        if not mine:
            return (
                f"{case['eventTime'][11:16]} {name} ({details['insightType']}): no e-mail names "
                "it.",
                "Which source and detail-type does an insight have, and which two types of it?",
            )
        if len(mine) > 1:
            return (
                f"{name}: {len(mine)} e-mails for one case: {cut(mine[-1], 120)}.",
                "How many events does one case have, and what tells them apart?",
            )
        if not readable(mine[0]):
            return (f"Priya got: {cut(mine[0], 120)}", "What makes one line of an event?")
        if who not in mine[0]:
            return (
                f"The line does not say who: {cut(mine[0], 160)}.",
                "In which attribution does the caller stand?",
            )
    if len(mails) > len(cases):
        return (
            f"{len(mails) - len(cases)} e-mails are about no insight.",
            "What else does your pattern pass?",
        )
    return None


def picture(cases: list[dict[str, Any]], mails: list[Any]) -> Drawing:
    """Cases and e-mails."""
    title = f"{count(len(cases), 'case')}, {count(len(mails), 'e-mail')}"
    columns = ["when (UTC)", "what", "e-mails"]
    rows = []
    for case in cases:
        name = case["insightDetails"]["eventName"]
        times = [f"{mail.at:%H:%M}" for mail in mails if name in mail.body]
        rows.append([case["eventTime"][:16].replace("T", " "), name, ", ".join(times) or "none"])
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
