"""Check 1: a week of calls, and what of them arrives in Priya's mailbox.

The calls are told as CloudTrail tells them. The last one stops the trail, for real: whatever comes
after it nobody hears.
"""

from __future__ import annotations

from labkit.course.bench import Bench
from labkit.course.checks.c10_eventbridge_rules import rules as reading
from labkit.course.checks.c10_eventbridge_rules.playing import (
    Happened,
    Listener,
    picture,
    settle,
)
from labkit.course.checks.c10_eventbridge_rules.telling import Tells
from labkit.course.checks.c16_audit_pipeline.calls import REGION, STOP, unseen
from labkit.course.outcomes import Attempted, NotAttempted, Outcome, Passed
from labkit.lab import Lab


class Told(Tells):
    """One readable line for each, and not one more."""

    title = "a week of calls: one line for each that counts, none for the others"
    points = 4
    hints = (
        "What is the last call an intruder makes before you go blind? And which of the sample's "
        "records would your rules pass though nobody asked for them? `ex.sandbox()` shows it.",
        "A call is `eventSource` and `eventName` together. A refused one has an `errorCode`: "
        '`{"exists": false}`. The clean-up is known by its `userIdentity.arn`: `{"anything-but": '
        '{"prefix": "..."}}`. Arrays of a record may be walked through as if they were one object; '
        "port and address have to stand in the same element.",
        'put_rule(Name="tables", EventPattern=json.dumps({"source": ["aws.dynamodb"], "detail": '
        '{"eventSource": ["dynamodb.amazonaws.com"], "eventName": ["DeleteTable"], "errorCode": '
        '[{"exists": ____}], "requestParameters": {"tableName": [{"suffix": "____"}]}, '
        '"userIdentity": {"arn": [{"anything-but": {"prefix": "____"}}]}}}))',
    )
    alternatives = (
        "`anything-but` on `sessionIssuer.userName` needs that field, and an IAM user's record has "
        "no session: their deletions would go by.",
        'A list of table names does not know the table of next month; `{"suffix": "-prod"}` does.',
        "An alarm on missing trail files hears of a stopped trail too, hours later.",
    )
    cell = "rules"

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            f"Nothing has been built yet: there is no rule in {REGION}.",
            start="`ex.sample`, which shows a record of each kind with its near misses.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play the week."""
        if not attempted.built:
            from labkit.course.checks.c10_eventbridge_rules.deciding import not_there

            return not_there(bench.lab)
        world = bench.replay()
        happened = play(world, bench)
        wrong = [one for one in happened if not one.good]
        if not wrong:
            return self.passed(happened, attempted)
        return self.not_yet(bench, happened, wrong, attempted)

    def broken(self, bench: Bench, one: Happened) -> tuple[str, str]:
        """What happened, and the question; of a call that nobody matched the leaf in its way."""
        told = one.step.told
        if one.mails or one.total("MatchedEvents"):
            text, question = super().broken(bench, one)
            return text, told.ask if one.mails and not told.wanted else question
        found = reading.read(bench.copy, [REGION])
        event = told.event(one.step.at, 1, bench.lab.account)
        near = found.nearest(event)
        missed = [leaf for leaf in near[1].leaves if not leaf.matched] if near else []
        text = "No rule matched it."
        if near is not None and missed:
            leaf = missed[-1]
            text = f"No rule matched it. Nearest is `{near[0].name}`: {leaf.path}: {leaf.reason}."
        if one.step.action == STOP:
            text = (
                f"{one.step.at:%H:%M} StopLogging; after that, silence. {text} It was the last "
                "call that you could have heard of."
            )
        return text, told.ask

    def passed(self, happened: list[Happened], attempted: Attempted) -> Passed:
        """As asked."""
        sent = sum(len(one.mails) for one in happened)
        return Passed(
            f"{len(happened)} calls, {sent} of them worth an e-mail: {sent} lines came, and not "
            "one more.",
            why="Source and name together say which call it was, an `errorCode` that is not there "
            "says that it went well, and the call that stops the trail is the last one that the "
            "trail tells.",
            built=attempted.built,
            cost="the first copy of management events, AWS's events and the rules are free; SNS "
            "has 1,000 e-mails a month free.",
            alternative="one rule with `$or` over the four, with one sentence for all of them.",
            remarks=(
                "Whoever is root can still take the topic's policy or the subscription away: a "
                "second trail in another account is the next step.",
            ),
            figure=picture(happened, f"{len(happened)} calls, {sent} e-mails"),
        )


def play(world: Lab, bench: Bench) -> list[Happened]:
    """Let the week's calls happen; a world of its own, whose clock moves."""
    listener = Listener(world)
    out = []
    for number, step in enumerate(unseen(world, bench.facts, world.now)):
        world.run_until(step.at)
        listener.one = Happened(step)
        before = len(world.mailbox)
        if step.action == STOP:
            world.client("cloudtrail", REGION).stop_logging(Name="teapot")
        elif step.call is not None:
            data = step.call.data(world, 500 + number)
            world.world.facts.publish("call.finished", world.account, REGION, data)
        settle(world, listener.one, before, bench.facts["address"])
        out.append(listener.one)
    return out
