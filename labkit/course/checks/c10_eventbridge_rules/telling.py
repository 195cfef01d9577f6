"""Check 2: a day is played, and what arrives in Priya's mailbox counts.

Matching is one of four links. The message says which of them broke, with the figures of AWS/Events
and what the failed delivery said.
"""

from __future__ import annotations

from labkit.course.bench import Bench
from labkit.course.checks.c10_eventbridge_rules.deciding import (
    MEANS,
    not_there,
    nothing_yet,
    refused,
    rules_of,
)
from labkit.course.checks.c10_eventbridge_rules.happenings import night, teapot_of
from labkit.course.checks.c10_eventbridge_rules.playing import (
    Happened,
    picture,
    play,
    readable,
)
from labkit.course.checks.c10_eventbridge_rules.rules import Rules
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views.wording import count, cut, joined

_RAW = 160


class Tells(Check):
    """One readable line for each, and not one more."""

    title = "a day is played: one readable line for each, and not one more"
    points = 3
    hints = (
        "Between an event and an e-mail there are four links. `ex.rehearse()` shows all four for "
        "each step: which is the first that breaks?",
        "Target: `put_targets` with the topic of the rule's own Region. Permission: the topic's "
        "policy lets `events.amazonaws.com` publish. Text: `InputTransformer` with "
        "`InputPathsMap` and a quoted `InputTemplate`. And a bucket tells EventBridge nothing "
        "until its switch is on.",
        'put_targets(Rule="exports", Targets=[{"Id": "priya", "Arn": ex.topics[ex.home], '
        '"InputTransformer": {"InputPathsMap": {"k": "$.detail.object.____"}, "InputTemplate": '
        "'\"A large export: <k>\"'}}]); sns.set_topic_attributes(TopicArn=____, "
        'AttributeName="Policy", AttributeValue=____)',
    )
    alternatives = (
        "`InputPath` alone picks a piece of the event and has no words around it.",
        "A function that writes the sentence works, and is one more thing that can break.",
        "A topic in another Region is no target: the rule in us-east-1 needs a topic there.",
    )
    cell = "letters"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Rules and what they lead to, in one line."""
        found = rules_of(bench.copy, bench)
        if found.found:
            return Attempted(_built(found))
        return Attempted("") if refused(bench.lab) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As Priya left it."""
        return nothing_yet(bench)

    def means(self, code: str) -> str:
        """What AWS's errors mean here."""
        return MEANS.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play the day."""
        if not attempted.built:
            return not_there(bench.lab)
        teapot = teapot_of(bench.handles, bench.facts, bench.lab.account)
        world = bench.copy  # it was asked for its rules, and nobody needs it any more
        steps = night(teapot, world.now, bench.facts["minute"])
        happened = play(world, teapot, steps, bench.facts["address"])
        wrong = [one for one in happened if not one.good]
        if not wrong:
            return self.passed(happened, attempted)
        return self.not_yet(bench, happened, wrong, attempted)

    def not_yet(
        self, bench: Bench, happened: list[Happened], wrong: list[Happened], attempted: Attempted
    ) -> NotYet:  # fmt: skip
        """The first step that went wrong, and its broken link."""
        wanted = sum(one.step.told.wanted for one in happened)
        right = sum(one.good and one.step.told.wanted for one in happened)
        sent = sum(len(one.mails) for one in happened)
        finding = f"{right} of {wanted} told as asked; {count(sent, 'e-mail')} in all."
        told = [one for one in wrong if one.step.told.wanted] or wrong
        first = told[0]
        happened_text, question = self.broken(bench, first)
        place = happened.index(first) + 1
        others = [one for one in wrong if one is not first]
        quiet = sum(len(one.mails) for one in wrong if not one.step.told.wanted)
        also = f"{count(len(others), 'other step')} went wrong as well" if others else ""
        if quiet and first.step.told.wanted:
            also += f"; {count(quiet, 'e-mail')} came for what nobody asked for"
        return NotYet(
            finding, attempted.built,
            f"step {place} of {len(happened)}: {first.step.told.text}",
            happened_text, question, picture(happened, finding.removesuffix(".")),
            f"{also}; the table has them all." if also else "",
        )  # fmt: skip

    # -- which link broke
    def broken(self, bench: Bench, one: Happened) -> tuple[str, str]:
        """What happened, and the question."""
        told = one.step.told
        if one.mails:
            return self._odd_mail(bench, one)
        if not one.existed:
            return (
                f"No event: the bucket `{told.detail['bucket']['name']}` tells EventBridge nothing "
                "as long as its switch is off.",
                "What has to be said to a bucket before it tells of its objects?",
            )
        if not one.total("MatchedEvents"):
            return (
                f"The event came onto the default bus of {told.region}, and no rule there matched "
                "it (MatchedEvents 0). Check 1 shows which leaf stood in the way.",
                "Which rule was meant for it, and where does that rule live?",
            )
        rule = _first(one)
        figures = one.figures[rule]
        if not figures.get("Invocations"):
            return (
                f"`{rule[1]}` matched {figures['MatchedEvents']} and invoked nothing: it has no "
                "target.",
                "Whom does the rule call when it matches?",
            )
        said = (
            f"`{rule[1]}` matched {figures['MatchedEvents']}, invoked {figures['Invocations']}, "
            f"failed {figures.get('FailedInvocations', 0)}"
        )
        if one.failures:
            _, code, message = one.failures[-1]
            return (
                f"{said}: {code} [{cut(message, 150)}].",
                "Who has to allow EventBridge to call this target?",
            )
        address = bench.facts["address"]
        if one.strays:
            return (
                f"{said}, and the e-mail went to {one.strays[0].to}.", f"Who reads {address}?",
            )  # fmt: skip
        return (
            f"{said}: the target took it, and no e-mail came to {address}.",
            "Who has subscribed to what your rule calls, and has the subscription been confirmed?",
        )

    def _odd_mail(self, bench: Bench, one: Happened) -> tuple[str, str]:
        """An e-mail came and is not what was asked for."""
        told, line = one.step.told, one.lines[0]
        shown = cut(" ".join(line.split()), _RAW)
        if not told.wanted:
            return (f"An e-mail was sent: {shown}", told.ask)
        if len(one.mails) > 1:
            return (
                f"{count(len(one.mails), 'e-mail')} came for one thing: {shown} and "
                f"{cut(' '.join(one.lines[1].split()), _RAW)}",
                "On its way a machine passes several states: which one is worth the e-mail?"
                if one.step.action
                else "How many rules pass this event, and how many targets does each have?",
            )
        if not readable(line):
            return (
                f"Priya asked for one line, and got {count(len(line), 'character')}: {shown}",
                "Who turns an event into a sentence before it reaches the topic?",
            )
        lacking = [word for word in told.says if word.lower() not in line.lower()]
        return (
            f"The line does not say {joined([f'`{word}`' for word in lacking])}: {shown}",
            "Which fields of the event does Priya need, and does each path of your map exist?",
        )

    def passed(self, happened: list[Happened], attempted: Attempted) -> Passed:
        """As asked."""
        sent = sum(len(one.mails) for one in happened)
        return Passed(
            f"{len(happened)} things happened, {sent} of them worth an e-mail: {sent} lines came, "
            "and not one more.",
            why="The rule matches where the event happens, its target is a topic of the same "
            "Region that lets EventBridge publish, and the input transformer makes a sentence of "
            "the fields that matter.",
            built=attempted.built,
            cost="events of AWS's services and the rules are free; SNS has 1,000 e-mails a month "
            "free and takes $2 for 100,000 after that.",
            alternative="a rule in us-east-1 that sends root's event on to the default bus of the "
            "shop's Region, with one topic there: fewer topics, one hop and a role more.",
            figure=picture(happened, f"{len(happened)} things happened, {sent} e-mails"),
        )


def _first(one: Happened) -> tuple[str, str]:
    """The rule that matched: one that failed, before others."""
    matched = [rule for rule, figures in one.figures.items() if figures.get("MatchedEvents")]
    failed = [rule for rule in matched if one.figures[rule].get("FailedInvocations")]
    return (failed or matched)[0]


def _built(found: Rules) -> str:
    """The rules and their targets in one line."""
    told = []
    for one in found.found:
        to = joined([arn.rsplit(":", 1)[-1] for arn in one.targets]) or "nobody"
        told.append(f"`{one.name}` ({one.region}) to {to}")
    return "; ".join(told)
