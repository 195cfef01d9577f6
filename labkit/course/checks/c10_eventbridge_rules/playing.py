"""Fourteen things happen in a world, and for each of them the four links are written down.

Did the event exist? Did a rule match it? Was the target called, and did it take the call? Did an
e-mail arrive? What the lab itself tells (figures of rules, failed deliveries) is heard while it is
played, so that the answer to "why not" is the world's and not a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from labkit.core.facts import Fact
from labkit.course.checks.c10_eventbridge_rules.happenings import (
    OBJECT,
    ROOT,
    Happening,
    Step,
    Teapot,
)
from labkit.lab import Lab
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.mailbox import Mail
from labkit.views.timeaxis import clock_text
from labkit.views.wording import cut

_YES, _NO = "\u2713", "\u2717"
_SETTLES = timedelta(minutes=10)


@dataclass
class Happened:
    """What became of one step.

    Parameters
    ----------
    step:
        What was done.
    existed:
        Whether there was an event: a bucket whose switch is off tells nothing.
    figures:
        (region, rule) -> metric of AWS/Events -> how often, of the event that counts.
    failures:
        What deliveries that failed said: (ARN, code, reason).
    mails:
        The e-mails that Priya got.
    strays:
        E-mails that others got.
    """

    step: Step
    existed: bool = True
    figures: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    strays: list[Mail] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The texts of the e-mails, without what SNS adds below."""
        return [line_of(mail) for mail in self.mails]

    def total(self, metric: str) -> int:
        """A figure over all rules."""
        return sum(figures.get(metric, 0) for figures in self.figures.values())

    @property
    def good(self) -> bool:
        """Whether Priya got what she asked for."""
        told = self.step.told
        if not told.wanted:
            return not self.mails
        return len(self.mails) == 1 and readable(self.lines[0]) and says(self.lines[0], told.says)


def line_of(mail: Mail) -> str:
    """What an e-mail says, without what SNS adds below."""
    return mail.body.partition("\n\n--\n")[0].strip()


def readable(line: str) -> bool:
    """Whether it is one line for a human, and no JSON."""
    if "\n" in line or not line:
        return False
    try:
        return not isinstance(json.loads(line), dict | list)
    except ValueError:
        return True


def says(line: str, words: Sequence[str]) -> bool:
    """Whether all that Priya needs stands in it."""
    return all(word.lower() in line.lower() for word in words)


def play(world: Lab, teapot: Teapot, steps: Sequence[Step], address: str) -> list[Happened]:
    """Let the steps happen, one after the other.

    Parameters
    ----------
    world:
        A replay; its clock moves.
    teapot:
        Whose events.
    steps:
        In order of time.
    address:
        Whose e-mails count.
    """
    listener = Listener(world)
    out = []
    for step in steps:
        world.run_until(step.at)
        listener.one = Happened(step)
        before = len(world.mailbox)
        if step.action:
            _act(world, teapot, step)
        elif step.told.kind == ROOT:
            _sign_in(world, step.told)
        else:
            listener.one.existed = _tells(world, step)
            if listener.one.existed:
                told = step.told
                world.world.facts.publish(
                    "event.emitted", world.account, told.region,
                    {"source": told.source, "detail_type": told.detail_type,
                     "resources": list(told.resources), "detail": dict(told.detail)},
                )  # fmt: skip
        settle(world, listener.one, before, address)
        out.append(listener.one)
    return out


def settle(world: Lab, one: Happened, before: int, address: str) -> None:
    """Wait ten minutes after a step, and write down the e-mails that came since.

    Parameters
    ----------
    world, one:
        Where, and what became of the step.
    before:
        How many e-mails there were when it began.
    address:
        Whose e-mails count.
    """
    world.run_until(one.step.at + _SETTLES)
    for mail in world.mailbox[before:]:
        if not mail.confirm_token:
            (one.mails if mail.to == address else one.strays).append(mail)


def _act(world: Lab, teapot: Teapot, step: Step) -> None:
    """Do something to a machine, as some program would."""
    ec2 = world.client("ec2", teapot.home)
    getattr(ec2, f"{step.action}_instances")(InstanceIds=[teapot.machines[step.machine]])


def _sign_in(world: Lab, told: Happening) -> None:
    """Somebody signs in, and the world's trail tells of it."""
    identity, more = told.detail["userIdentity"], told.detail["additionalEventData"]
    world.sign_in(
        identity.get("userName", "root"),
        ok="Success" in told.detail["responseElements"].values(),
        mfa=more["MFAUsed"] == "Yes",
        region_name=told.region,
    )


def _tells(world: Lab, step: Step) -> bool:
    """Whether there is an event: a bucket tells when its switch is on, and not before."""
    told = step.told
    if told.kind != OBJECT:
        return True  # builds are told always
    bucket = told.detail["bucket"]["name"]
    settings = world.client("s3", told.region).get_bucket_notification_configuration(Bucket=bucket)
    return "EventBridgeConfiguration" in settings


class Listener:
    """Writes down what the lab tells of the step that is played."""

    def __init__(self, world: Lab) -> None:
        self.one: Happened | None = None
        world.world.facts.hear("metric.emitted", self._figure)
        world.world.facts.hear("delivery.failed", self._failed)

    def _figure(self, fact: Fact) -> None:
        data = fact.data
        if self.one is None or data["namespace"] != "AWS/Events":
            return
        rule = dict(data["dimensions"]).get("RuleName", "")
        figures = self.one.figures.setdefault((fact.region, rule), {})
        metric = data["metric_name"]
        figures[metric] = figures.get(metric, 0) + int(data["value"])

    def _failed(self, fact: Fact) -> None:
        if self.one is not None and ":rule/" in fact.data["source_arn"]:
            data = fact.data
            self.one.failures.append((data["arn"], data["code"], data["message"]))


def picture(happened: Sequence[Happened], title: str) -> Drawing:
    """The week as a table: the four links of each step, and what arrived."""
    columns = ["when", "what happened", "event", "matched", "invoked", "failed", "mails", ""]
    rows: list[list[str]] = []
    fancy: list[list[object]] = []
    for one in happened:
        told = one.step.told
        at = clock_text(int(one.step.at.timestamp()) * 1_000_000)
        wanted = "1" if told.wanted else "0"
        numbers = [str(one.total(m)) for m in ("MatchedEvents", "Invocations", "FailedInvocations")]
        row = [at, cut(told.text.replace("`", ""), 58), "yes" if one.existed else "no", *numbers,
               f"{len(one.mails)} of {wanted}", _YES if one.good else _NO]  # fmt: skip
        rows.append(row)
        face = theme.OK if one.good else theme.ALARM
        sign = html.element(
            "span", row[-1],
            f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink};"
            f"border:1px solid {face.edge}",
        )  # fmt: skip
        fancy.append([html.whole(at), told.text.replace("`", ""), *row[2:-1], sign])
    letters = [line for one in happened for line in one.lines if readable(line)]
    notes = [html.note(f"\u2709 {cut(line, 120)}") for line in letters]
    body = html.card(title, html.table(columns, fancy), *notes, alt=title)
    told_lines = "\n".join(
        [title, text.table(columns, rows), *(f"  @ {cut(line, 90)}" for line in letters)]
    )
    data: Mapping[str, Any] = {
        "steps": [
            {"what": one.step.told.text, "wanted": one.step.told.wanted, "lines": one.lines,
             "good": one.good}
            for one in happened
        ]
    }  # fmt: skip
    return Drawing(title, told_lines, data, body=body)
