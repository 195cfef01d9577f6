"""Check 1: sixty unseen events, each decided right by the rules that are there.

Only patterns, states, buses and Regions count here; whether an e-mail arrives is the other check.
The first wrong decision of each kind is shown as a tree of the rule that made it, or of the rule
that was meant for the event and let it go by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c10_eventbridge_rules import rules as reading
from labkit.course.checks.c10_eventbridge_rules.happenings import (
    KINDS,
    ROOTS_REGION,
    Happening,
    teapot_of,
    unseen,
)
from labkit.course.checks.c10_eventbridge_rules.rules import Found, Rules, described
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.eventbridge.engine.patterns import Explanation
from labkit.eventbridge.engine.patterns.explanation import LeafAnswer
from labkit.eventbridge.views import pattern_match
from labkit.lab import Lab
from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.wording import joined


@dataclass(frozen=True)
class Wrong:
    """A wrong decision.

    Parameters
    ----------
    told:
        What happened.
    event:
        The event.
    rule, answer:
        The rule that passed it, or the one that was meant for it; None when there is none.
    """

    told: Happening
    event: dict[str, Any]
    rule: Found | None
    answer: Explanation | None

    def sentence(self) -> str:
        """What went wrong, with the words of the event."""
        if self.rule is None or self.answer is None:
            return f"{self._what()} went by: no rule of yours waits for such events."
        name = f"`{self.rule.name}`"
        if not self.told.wanted:
            return f"{self._what()}: {name} passed it, and nobody asked for it."
        if not self.answer.matched:
            failed = [leaf for leaf in self.answer.leaves if not leaf.matched]
            return f"{self._what()} went by {name}: {_leaf(failed[0])}."
        return f"{self._what()} went by {name}, {self._away()}."

    def _what(self) -> str:
        return f"{self.told.text[0].upper()}{self.told.text[1:]} ({self.told.region})"

    def _away(self) -> str:
        assert self.rule is not None
        if not self.rule.enabled:
            return "which is disabled"
        if self.rule.bus != reading.DEFAULT_BUS:
            return f"which looks at bus {self.rule.bus}; AWS's own events come onto the default bus"
        return f"whose pattern fits and which lives in {self.rule.region}"

    def drawing(self) -> Drawing:
        """The tree of the rule's pattern, leaf by leaf."""
        if self.rule is None or self.answer is None:
            from labkit.eventbridge.event_views import event_card

            return event_card(self.event)
        drawn = pattern_match(self.answer)
        what = self.told.text.replace("`", "")
        head = f"{what}, against {self.rule.name} in {self.rule.region}"
        return Drawing(
            head, f"{head}\n{drawn.text}", drawn.data,
            body=str(html.together([html.element("b", head), html.Html(drawn.html)])),
        )  # fmt: skip


def _leaf(leaf: LeafAnswer) -> str:
    """Why a leaf does not hold; a number that was written as a text is said to be one."""
    said = f"{leaf.path}: {leaf.reason}"
    texts = all(one.startswith('"') for one in leaf.wanted)
    if leaf.found and texts and not leaf.found[0].startswith('"'):
        said += f" ({leaf.found[0]} is a number in the event, you wrote {leaf.wanted[0]})"
    return said


class Decides(Check):
    """The right events, and no other."""

    title = "sixty unseen events: the right ones pass, and no other"
    points = 3
    hints = (
        "Test each pattern against an event that must NOT pass: `ex.sandbox()` shows your rules "
        "beside the sample, and the sample has a near miss for each of the four.",
        'Every leaf is a list. `{"prefix": "..."}` for the beginning of a text, '
        '`{"numeric": [">", 100]}` for numbers; an EC2 event names an instance by its id alone, '
        "so a rule for some machines lists their ids. And a rule sees the events of its own "
        "Region: look at `region` in the sample.",
        'put_rule(Name="exports", EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": '
        '["____"], "detail": {"bucket": {"name": [ex.bucket]}, "object": {"key": [{"prefix": '
        '"____"}], "size": [{"numeric": ["____", 104857600]}]}}}))',
    )
    alternatives = (
        '`{"wildcard": "*prod-*"}` and a suffix pass `preprod-` as well: the beginning of the name '
        "is what parts them.",
        "`starting` and `terminating`, the states of the notes, are in no event: a machine is "
        "pending, running, stopping, stopped, shutting-down, terminated.",
        '`"size": ["104857600"]` asks for a text; `>=` passes the object of exactly the limit.',
        "An object through `AWS API Call via CloudTrail` needs a trail with data events, which "
        "this one does not record, and costs by the call.",
    )
    cell = "rules"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The rules in one line."""
        found = rules_of(bench.copy, bench)
        if found.found:
            return Attempted(described(found))
        return Attempted("") if refused(bench.lab) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As Priya left it."""
        return nothing_yet(bench)

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Let sixty events pass by the rules."""
        if not attempted.built:
            return not_there(bench.lab)
        found = rules_of(bench.copy, bench)
        happen = unseen(
            teapot_of(bench.handles, bench.facts, bench.lab.account), bench.facts["seed"]
        )
        wrong = [one for number, told in enumerate(happen)
                 if (one := decided(found, told, bench.lab, number)) is not None]  # fmt: skip
        if wrong:
            return self.not_yet(happen, wrong, attempted)
        return self.passed(found, happen, attempted)

    def not_yet(
        self, happen: list[Happening], wrong: list[Wrong], attempted: Attempted
    ) -> NotYet:  # fmt: skip
        """Some were decided wrongly: the first of each kind, the worst kind first."""
        tally = {kind: [one for one in wrong if one.told.kind == kind] for kind in KINDS}
        missed = sum(one.told.wanted for one in wrong)
        extra = len(wrong) - missed
        said = [f"{missed} missed"] * bool(missed) + [f"{extra} too many"] * bool(extra)
        finding = f"{len(happen) - len(wrong)} of {len(happen)} events decided right: "
        finding += f"{joined(said)}."
        # What was missed is worse than what was too much.
        firsts = [
            min(found, key=lambda one: not one.told.wanted) for found in tally.values() if found
        ]
        firsts.sort(key=lambda one: -len(tally[one.told.kind]))
        first, *others = firsts
        score = ", ".join(
            f"{kind}s {15 - len(found)} of 15" for kind, found in tally.items()
        )  # fmt: skip
        drawings = [one.drawing() for one in firsts]
        figure = Drawing(
            finding.removesuffix("."),
            "\n\n".join(one.text for one in drawings),
            {"wrong": {kind: [one.told.text for one in found] for kind, found in tally.items()}},
            body="\n".join(one.html for one in drawings),
        )
        return NotYet(
            finding, attempted.built,
            f"sixty events in the Regions in which they happen, fifteen of each kind ({score})",
            first.sentence(), first.told.ask, figure,
            " ".join(one.sentence() for one in others),
        )  # fmt: skip

    def passed(self, found: Rules, happen: list[Happening], attempted: Attempted) -> Passed:
        """All sixty."""
        wanted = sum(one.wanted for one in happen)
        remarks = []
        about = [one for one in found.found if "instance-id" in one.text]
        if about:
            remarks.append(
                f"`{about[0].name}` lists ids: a machine that is made tomorrow is not in it. "
                "Whoever makes production machines has to put this rule again."
            )
        open_state = [one.name for one in found.found if one.state.startswith("ENABLED_WITH")]
        if open_state:
            remarks.append(
                f"`{open_state[0]}` also takes calls that only read, which you do not need here."
            )
        return Passed(
            f"60 of 60 events decided right: {wanted} passed, {60 - wanted} did not.",
            why="Each pattern says what kind of event it means, and in the detail the one thing "
            "that parts it from its near miss: who, which machines and states, where and how big, "
            "whose build and how it ended. And each rule lives where its events happen.",
            built=attempted.built,
            cost="$0: events of AWS's own services are free, matched or not.",
            alternative="one rule for the shop's Region with `$or` passes the same events; three "
            "rules can have three sentences and are easier to read at night.",
            remarks=tuple(remarks),
        )


def decided(found: Rules, told: Happening, lab: Lab, number: int) -> Wrong | None:
    """None when the rules decide as Priya would."""
    event = told.event(lab.now, number, lab.account)
    passing = found.deciding(event)
    if bool(passing) == told.wanted:
        return None
    if passing:
        return Wrong(told, event, passing[0], passing[0].explained(event))
    near = found.nearest(event)
    return Wrong(told, event, *(near or (None, None)))


def rules_of(world: Lab, bench: Bench) -> Rules:
    """The learner's rules, as they stand in a copy of the learner's world."""
    return reading.read(world, reading.regions_of(bench.lab, bench.facts["home"], ROOTS_REGION))


def refused(lab: Lab) -> list[Any]:
    """The calls to EventBridge that ended in an error, of a learner who has no rule yet."""
    return [one for one in lab.world.journal
            if one.error and one.name.startswith(("events:Put", "sns:"))]  # fmt: skip


def nothing_yet(bench: Bench) -> NotAttempted:
    """An untouched world."""
    home = bench.facts["home"]
    return NotAttempted(
        f"Nothing has been built yet: there is no rule in {home} and none in {ROOTS_REGION}.",
        start="`ex.sample`, which shows one event of each kind with its near misses: pick one, "
        "write a pattern, and try it with `test_event_pattern` before you put the rule.",
    )


def not_there(lab: Lab) -> Broken:
    """Rules were put, and refused."""
    entry = refused(lab)[-1]
    operation = entry.name.split(":")[-1]
    return Broken(
        f"There is no rule: {operation} was refused.",
        error=f"{operation} answered {entry.error}",
        where="the cell that called it; AWS's text stands below that cell.",
        means=MEANS.get(entry.error, ""),
    )


MEANS = {
    "InvalidEventPatternException": "EventBridge reads a pattern before it keeps it: every leaf is "
    "a list, and operators are objects in that list.",
    "ResourceNotFoundException": "there is no such rule or bus in the Region of your client; "
    "`boto3.client('events', region_name=...)` chooses it.",
}
