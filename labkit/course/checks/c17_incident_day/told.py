"""Check 1: five troubles reach Mara in time, four harmless things do not reach her at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_datetime
from labkit.course import gameday
from labkit.course.alarms_made import alarms_of, described
from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Minutes within which Mara wants to know, and how many letters about one trouble she reads.
WITHIN, MOST = 15, 4
MINUTE = timedelta(minutes=1)
#: A stranger's address.
_STRANGER = "192.0.2.66"


@dataclass
class Stretch:
    """A trouble, or something harmless, and the letters that came meanwhile.

    Parameters
    ----------
    name:
        What it was.
    wanted:
        Whether Mara wants to hear of it.
    begin, end:
        From when until when a letter counts as one about it.
    ask:
        The question for whoever got it wrong.
    mails:
        When letters came.
    red:
        Alarms that were in ALARM when it began: none of them can change to it.
    """

    name: str
    wanted: bool
    begin: datetime
    end: datetime
    ask: str
    mails: list[datetime] = field(default_factory=list)
    red: list[str] = field(default_factory=list)

    @property
    def late(self) -> int:
        """Minutes until the first letter."""
        return (self.mails[0] - self.begin) // MINUTE

    @property
    def good(self) -> bool:
        """Heard in time and not too often; or nothing heard."""
        if not self.wanted:
            return not self.mails
        return bool(self.mails) and self.late <= WITHIN and len(self.mails) <= MOST

    @property
    def words(self) -> str:
        """What came."""
        if not self.mails:
            return "no letter"
        if self.wanted and len(self.mails) <= MOST:
            return f"after {self.late} min"
        return count(len(self.mails), "letter")


class Hears(Check):
    """See the head of this file."""

    title = "Mara hears of five troubles in time, and of nothing else"
    points = 4
    hints = (
        "Which of the five has no error to count, and which of them is no trouble of the shop at "
        "all? And how many bad minutes has a restart?",
        "A share is metric math: `100*errors/requests`, 3 of 5 minutes above 10, one alarm for "
        "each service. A white page is a canary that reads the page. An access key is a rule on "
        '`CreateAccessKey` with `"errorCode": [{"exists": false}]`.',
        'put_metric_alarm(AlarmName="cart", EvaluationPeriods=5, DatapointsToAlarm=____, '
        "Threshold=10, Metrics=[{Id: share, Expression: 100*e/r}, {Id: e, MetricStat: Errors, "
        "ReturnData: False}, ...], AlarmActions=[ex.topic])",
    )
    alternatives = (
        "A number of errors that is much at night is little at noon; a share stays.",
        "More alarms find no trouble sooner; each of them writes.",
        "A heartbeat that looks at the status calls a white page good.",
    )
    cell = "watch"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Alarms, rules and canaries, counted."""
        world = bench.copy
        events = world.world.stores("events").get((world.account, world.region))
        rules = [] if events is None else [
            one.name for bus in events.buses.values() for one in bus.rules.values()
            if not one.managed_by]  # fmt: skip
        store = world.world.stores("synthetics").get((world.account, world.region))
        canaries = [] if store is None else list(store.canaries.values())
        alarms = alarms_of(world)
        if not (rules or canaries or alarms):
            return None
        told = [described(one) for one in alarms[:2]]
        told += [f"{len(alarms) - 2} more alarms"] if len(alarms) > 2 else []
        told += [count(len(rules), "rule"), ", ".join(one.expression for one in canaries)]
        return Attempted("; ".join(one for one in told if one))

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: no alarm, no rule, no canary.",
            start="the sample of this morning: `ex.known` says when it was; look at `Errors` and "
            "`Requests` in the namespace Shop.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play the day."""
        world = bench.replay()
        day = play(world, bench.facts, bench.handles)
        good = sum(one.good for one in day)
        finding = f"{good} of {len(day)} told rightly."
        figure = picture(day, finding.rstrip("."))
        wrong = [one for one in day if not one.good]
        if wrong:
            one = wrong[0]
            also = "; ".join(f"{each.name}: {each.words}" for each in wrong[1:])
            return NotYet(
                finding, attempted.built, f"{one.name}, from {one.begin:%H:%M}.", happened(one),
                _question(one), figure,
                also=f"{also}." if also else "",
            )  # fmt: skip
        late = [one.late for one in day if one.wanted]
        mails = sum(len(one.mails) for one in day)
        return Passed(
            finding,
            why=f"Each trouble has its own witness: {count(mails, 'letter')} in a day, the latest "
            f"after {max(late)} minutes. A share of the requests is the same at noon and at "
            "night, three of five minutes outlast a restart, a canary reads what a customer "
            "reads, and a record without an errorCode is a deed.",
            built=attempted.built,
            cost="an alarm on metric math is paid by the metrics that it looks at, two of them: "
            "$0.20 a month; a canary each five minutes is about $10; the rule is free.",
            alternative="one alarm on `MAX` of the three shares: one letter when two services "
            "fail at once.",
            figure=figure,
        )  # fmt: skip


_TOO_MANY = "Which of your letters would Mara have missed, had it not come?"


def _question(one: Stretch) -> str:
    if one.wanted and not one.mails and one.red:
        return "What is usual for the figure that your alarm reads, at noon and at a sale?"
    return _TOO_MANY if one.wanted and len(one.mails) > MOST else one.ask


def happened(one: Stretch) -> str:
    """With its numbers."""
    if not one.wanted:
        return f"{count(len(one.mails), 'letter')} to Mara, the first at {one.mails[0]:%H:%M}."
    if not one.mails:
        silent = f"No letter until {one.end:%H:%M}."
        if not one.red:
            return silent
        names = ", ".join(f"`{name}`" for name in one.red[:3])
        return f"{silent} Red already when it began: {names}. Only a change writes a letter."
    if len(one.mails) > MOST:
        return f"{count(len(one.mails), 'letter')} about it; {MOST} are what she reads."
    return f"The first letter came after {one.late} minutes; {WITHIN} is her limit."


def play(world: Lab, facts: Mapping[str, Any], handles: Mapping[str, Any]) -> list[Stretch]:
    """Let the day happen in a replay; what came of each stretch."""
    group = handles["stands_on"][gameday.DATABASE]
    causes = gameday.causes(group)
    day: list[Stretch] = []

    def stretch(name: str, wanted: bool, minutes: float, ask: str) -> None:
        # What began just now may have been written of before this line.
        begin = day[-1].end if day else world.now
        world.advance(minutes=minutes)
        day.append(Stretch(name, wanted, begin, world.now, ask))

    def outage(name: str, cause: gameday.Cause, ask: str) -> None:
        at = world.now.replace(second=0, microsecond=0) + MINUTE
        cause.begin(world, facts["saver"] if cause.call[0] == "dynamodb" else facts["tidier"], at)
        cause.end(world, "chiara", at + 16 * MINUTE)
        red = [one.name for one in alarms_of(world) if one.state == "ALARM"]
        stretch(name, True, 25, ask)
        day[-1].red = red

    world.advance(minutes=30)  # whatever is new has its first look around
    stretch("half an hour in which all is well", False, 30, "What is usual at this hour?")
    outage(f"the table {facts['table']} has too little capacity", causes[facts["table"]],
           "Whose requests fail when a table says: too much?")  # fmt: skip
    restart = facts["services"][0]
    world.shop.incident("failing", restart, 40, minutes=2)
    stretch(f"{restart} is restarted, two minutes", False, 18, "How many minutes are bad?")
    service = facts["services"][1]
    outage(f"{service} has lost the euro", causes[service], f"Which alarm looks at {service}?")
    world.people.deed("jonas", "iam", "CreateAccessKey", UserName="tomas")
    world.shop.incident("page_prices", "site", 10, minutes=15)
    stretch("a refused CreateAccessKey, and new prices", False, 18,
            "What stands in the record of a call that was refused?")  # fmt: skip
    world.shop.incident("page_empty", "search", minutes=20)
    stretch("the search is a white page, with status 200", True, 25,
            "Who of your watch reads what a customer reads?")  # fmt: skip
    world.people.deed("tomas", "iam", "CreateAccessKey", source_ip=_STRANGER, UserName="tomas")
    stretch("tomas's key makes an access key, from a strange address", True, 18,
            "Which service of AWS knows of a key on the minute?")  # fmt: skip
    outage("the database's security group lets nobody in", causes["database"],
           "Whose requests wait for a database that does not answer?")  # fmt: skip
    stretch("the evening", False, 15, "What is still red, and why?")
    _sort(world, facts["address"], day)
    return day


def _sort(world: Lab, address: str, day: list[Stretch]) -> None:
    for mail in world.parts.post.mails:
        at = to_datetime(mail.at_us)
        if mail.data["to"] != address or mail.data["confirm_token"]:
            continue
        if '"NewStateValue":"OK"' in mail.data["body"]:
            continue  # that it is over is no new trouble
        for one in day:
            if one.begin <= at < one.end:
                one.mails.append(at)


def picture(day: list[Stretch], title: str) -> Drawing:
    """The day as a table."""
    columns = ["what happened", "from", "letters to Mara", ""]
    rows, fancy = [], []
    for one in day:
        sign = "\u2713" if one.good else "\u2717"
        face = theme.OK if one.good else theme.ALARM
        style = f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
        rows.append([one.name, f"{one.begin:%H:%M}", one.words, sign])
        fancy.append([one.name, f"{one.begin:%H:%M}", one.words,
                      html.element("span", sign, style)])  # fmt: skip
    body = html.card(title, html.table(columns, fancy), alt=title)
    data = {"good": sum(one.good for one in day), "of": len(day)}
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", data, body=body)
