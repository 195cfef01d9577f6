"""Check 2: each lost refund is paid once, nobody gets a second letter, tomorrow is as always."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c11_buses_schedules_and_schemas import world as teapot
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Refunds that are asked for tomorrow.
_TOMORROW = ("RF-9901", "RF-9902")


@dataclass
class Books:
    """What was paid and written.

    Parameters
    ----------
    refunds:
        Tuesday's.
    paid, letters:
        Refund -> how often.
    """

    refunds: list[teapot.Refund]
    paid: Counter[str]
    letters: Counter[str]

    @property
    def unpaid(self) -> list[teapot.Refund]:
        """Not paid."""
        return [one for one in self.refunds if not self.paid[one.id]]

    @property
    def twice(self) -> list[teapot.Refund]:
        """Paid more than once."""
        return [one for one in self.refunds if self.paid[one.id] > 1]

    @property
    def written_twice(self) -> list[teapot.Refund]:
        """Whose customer got more than one letter."""
        return [one for one in self.refunds if self.letters[one.id] > 1]

    def drawing(self) -> Drawing:
        """A row for each refund."""
        title = (
            f"{len(self.refunds)} refunds of Tuesday: {len(self.unpaid)} not paid, "
            f"{len(self.twice)} paid twice, {len(self.written_twice)} with a second letter"
        )
        columns = ["refund", "asked for (UTC)", "paid", "letters", ""]
        rows, fancy = [], []
        for one in self.refunds:
            paid, letters = self.paid[one.id], self.letters[one.id]
            hand = "one of them by hand" if paid > 1 else "by hand, Lena"
            row = [one.id, f"{one.asked:%a %H:%M:%S}", str(paid), str(letters),
                   hand if one.by_hand else ""]  # fmt: skip
            rows.append(row)
            fancy.append([row[0], html.whole(row[1]), _sign(paid), _sign(letters), row[4]])
        data = {"unpaid": [one.id for one in self.unpaid], "twice": [one.id for one in self.twice],
                "letters": [one.id for one in self.written_twice]}  # fmt: skip
        body = html.card(title, html.table(columns, fancy), alt=title)
        return Drawing(title, "\n".join([title, text.table(columns, rows)]), data, body=body)


def _sign(number: int) -> html.Html:
    face = theme.OK if number == 1 else theme.ALARM
    style = f"padding:0 6px;border-radius:3px;background:{face.fill};color:{face.ink}"
    return html.element("span", str(number), style)


def books(world: Lab, facts: Mapping[str, Any], queues: Mapping[str, str]) -> Books:
    """What the payment company and the letter writer have; their queues are empty afterwards."""
    return Books(
        teapot.refunds(facts),
        teapot.counted(world, queues["payments"]),
        teapot.counted(world, queues["letters"]),
    )


class Refunds(Check):
    """Bring them back, and nobody is paid twice."""

    title = "each lost refund is paid once, and no customer gets a second letter"
    points = 3
    hints = (
        "`ex.books()` shows each refund of Tuesday. Which have to come again, which must not, and "
        "who else listens on the bus?",
        "An archive keeps what came after it was made, so look at their `CreationTime`, pattern "
        "and count. `Destination` of `start_replay` has `FilterArns`: rules that get the replay. "
        "The end is exclusive. A rule of your own may leave out three ids (`anything-but`), and "
        "`replay-name` is a field of what is replayed.",
        'put_rule(Name="again", EventBusName="teapot", EventPattern={"source": ["teapot.refunds"], '
        '"replay-name": [{"exists": True}], "detail": {"refund": [{"anything-but": ____}]}}); '
        'put_targets(...); start_replay(ReplayName="tuesday", EventSourceArn=____, '
        "EventStartTime=____, EventEndTime=____, "
        'Destination={"Arn": ex.bus, "FilterArns": [____]})',
    )
    alternatives = (
        "A replay without `FilterArns` goes to all rules of the bus: letters are written again.",
        "A rule that stays and passes all refunds pays tomorrow's twice.",
        "The archive of Wednesday has nothing of Tuesday.",
    )
    cell = "refunds"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Replays, or messages that were sent by hand."""
        told = _replays(bench.copy)
        calls = [e for e in bench.lab.world.journal if e.name in _CALLS]
        if not told and not calls:
            return None
        if not told and all(entry.error for entry in calls):
            return Attempted("")
        return Attempted("; ".join(told) or "no replay; events or messages that you put yourself")

    def untouched(self, bench: Bench) -> NotAttempted:
        """No replay."""
        lost = sum(one.owed for one in teapot.refunds(bench.facts))
        return NotAttempted(
            f"Nothing has been brought back yet: {lost} refunds of Tuesday are not paid, and there "
            "is no replay.",
            start="`ex.books()` for what is missing, `list_archives` for where it may be.",
        )

    def means(self, code: str) -> str:
        """What AWS's errors mean here."""
        return _MEANS.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Wait for what is under way, count, and play tomorrow."""
        if not attempted.built:
            entry = [e for e in bench.lab.world.journal if e.error and e.name in _CALLS][-1]
            operation = entry.name.split(":")[-1]
            return Broken(
                f"Nothing came back: {operation} was refused.",
                error=f"{operation} answered {entry.error}",
                where="the cell that called it; AWS's text stands below that cell.",
                means=_MEANS.get(entry.error, ""),
            )
        world = bench.replay()
        world.advance(minutes=30)
        queues = bench.handles["queues"]
        tuesday = books(world, bench.facts, queues)
        teapot.put(world, teapot.REFUNDS, teapot.REFUND, *map(teapot.refund, _TOMORROW))
        world.advance(minutes=5)
        tomorrow = books(world, bench.facts, queues)
        wrong = _wrong(tuesday, tomorrow)
        picture = tuesday.drawing()
        if wrong is None:
            return self.passed(tuesday, attempted, picture)
        happened, question = wrong
        lost = [one for one in tuesday.refunds if one.lost]
        right = sum(tuesday.paid[one.id] == 1 for one in lost)
        still = [tomorrow.paid[one] for one in _TOMORROW] == [1, 1]
        return NotYet(
            f"{right} of {len(lost)} refunds of the lost two hours are paid once; "
            f"{count(len(tuesday.written_twice), 'customer')} got a second letter"
            f"{'' if still else '; tomorrow is not as always'}.",
            attempted.built,
            "half an hour for what is under way, then two refunds that are asked for tomorrow.",
            happened, question, picture,
        )  # fmt: skip

    def passed(self, tuesday: Books, attempted: Attempted, picture: Drawing) -> Passed:
        """All paid once."""
        owed = sum(one.owed for one in tuesday.refunds)
        return Passed(
            f"{owed} lost refunds came back and are paid once; no second letter, and tomorrow's "
            "refunds are paid once too.",
            why="An archive that was there before the loss has the events, `FilterArns` keeps the "
            "replay from the other rules, and a pattern keeps it from those that were paid by "
            "hand. A replay may bring an event that was handled before: who takes money has to "
            "know which refunds it has seen.",
            built=attempted.built,
            cost=f"archiving {teapot.price('events.archived')}; replayed events count as custom "
            f"events, {teapot.price('events.custom')}.",
            alternative="`pay-back` itself leaves out the three ids and is the rule in "
            "`FilterArns`: no rule to take away afterwards, and a pattern that somebody will "
            "wonder about.",
            remarks=(
                "A payment program that writes each refund's id to a table, under the condition "
                "that it is not there yet, would make any replay harmless.",
            ),
            figure=picture,
        )  # fmt: skip


def _wrong(tuesday: Books, tomorrow: Books) -> tuple[str, str] | None:
    """The first thing that is not as it should be, and the question to it."""
    twice, unpaid = tuesday.twice, tuesday.unpaid
    by_hand = [one for one in twice if one.by_hand]
    others = [one for one in twice if not one.by_hand]
    names = teapot.told
    if tuesday.written_twice:
        return (
            f"{count(len(tuesday.written_twice), 'customer')} got a second letter, those of "
            f"{names(one.id for one in tuesday.written_twice)}: the rule `letters` heard the "
            "replay as well.",
            "To which rules of the bus does a replay go?",
        )
    if unpaid:
        noon = [one for one in unpaid if one.asked == _noon(one.asked)]
        if noon and len(noon) == len(unpaid):
            return (
                f"{names(one.id for one in noon)}, asked for at 12:00:00, "
                "did not come: the end of a replay's stretch is exclusive.",
                "Until when was the rule off, and which is the last instant that your replay "
                "brings?",
            )
        return (
            f"{count(len(unpaid), 'refund')} of Tuesday: not paid, {names(o.id for o in unpaid)}.",
            "Which archive was there on Tuesday, and from when to when was the rule off?",
        )
    if others:
        return (
            f"{names(one.id for one in others)}, asked for at {others[0].asked:%H:%M:%S}, "
            f"{'is' if len(others) == 1 else 'are'} paid twice: not lost, or brought back twice.",
            "Which refunds of Tuesday had been paid before you came?",
        )
    if by_hand:
        return (
            f"{names(one.id for one in by_hand)} had been paid by Lena's hand and came again: "
            "refunded twice.",
            "How can a rule pass all of a replay but these three?",
        )
    paid = [tomorrow.paid[one] for one in _TOMORROW]
    letters = [tomorrow.letters[one] for one in _TOMORROW]
    if paid != [1, 1]:
        return (
            f"Tuesday is right. Tomorrow's refunds, though, are paid {paid[0]} times each.",
            "What becomes of your rules when the replay is over?",
        )
    if letters != [1, 1]:
        return (
            f"Tuesday is right. Tomorrow's customers, though, get {letters[0]} letters each.",
            "Is the rule `letters` as you found it?",
        )
    return None


def _noon(at: datetime) -> datetime:
    return at.replace(hour=12, minute=0, second=0, microsecond=0)


def _replays(world: Lab) -> list[str]:
    """The replays there are, one line each."""
    events = world.client("events")
    told = []
    for one in events.list_replays()["Replays"]:
        full = events.describe_replay(ReplayName=one["ReplayName"])
        archive = full["EventSourceArn"].rpartition("/")[2]
        to = [arn.rpartition("/")[2] for arn in full["Destination"].get("FilterArns", ())]
        start, end = full["EventStartTime"], full["EventEndTime"]
        told.append(
            f"replay `{one['ReplayName']}` of `{archive}`, {start:%a %H:%M:%S} to {end:%H:%M:%S}, "
            f"to {', '.join(to) or 'all rules'}"
        )
    return told


_CALLS = ("events:StartReplay", "events:PutEvents", "sqs:SendMessage", "sqs:SendMessageBatch")
_MEANS = {
    "ValidationException": "a replay goes to the bus from which the archive took its events, its "
    "end is after its start, and a call of PutEvents takes 10 entries.",
    "ResourceNotFoundException": "there is no such archive, bus or rule; rules of a bus of one's "
    "own have its name in their ARN, `rule/teapot/...`.",
    "ResourceAlreadyExistsException": "the name of a replay is used once.",
}
