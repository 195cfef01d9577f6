"""Check 3: when the shape of an order changes, Tomas gets an e-mail, and only then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c11_buses_schedules_and_schemas import world as teapot
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut


@dataclass(frozen=True)
class Step:
    """Something that the shop puts on its bus.

    Parameters
    ----------
    text:
        What it is.
    wanted:
        How many e-mails it is worth; None when it does not matter.
    kind:
        Detail-type.
    details:
        Of its events.
    """

    text: str
    wanted: int | None
    kind: str
    details: tuple[Mapping[str, Any], ...]


def steps() -> list[Step]:
    """Two days of the shop's: what is old, and what is new."""
    order = teapot.order
    renamed = [{**order(n), "amount": order(n)["total"]} for n in range(20, 23)]
    for one in renamed:
        del one["total"]
    return [
        Step("two orders as they are today, for the first time", None, teapot.ORDER,
             (order(10), order(11))),
        Step("a cart, for the first time", None, teapot.CART, ({"cart": "k-7", "n": 1},)),
        Step("two orders as before", 0, teapot.ORDER, (order(12), order(13))),
        Step("a cart with something new", 0, teapot.CART, ({"cart": "k-8", "n": 1, "gift": True},)),
        Step("three orders in which `total` is called `amount`", 1, teapot.ORDER, tuple(renamed)),
        Step("two orders as before", 0, teapot.ORDER, (order(14), order(15))),
        Step("two orders with a `coupon`", 1, teapot.ORDER,
             (order(16, coupon="TEA5"), order(17, coupon="TEA7"))),
        Step("a cart with something new again", 0, teapot.CART, ({"cart": "k-9", "n": "one"},)),
        Step("an order whose `items` count in texts", 1, teapot.ORDER,
             ({**order(18), "items": [{"sku": "assam", "count": "2"}]},)),
    ]  # fmt: skip


@dataclass(frozen=True)
class Happened:
    """A step, and the e-mails that came of it."""

    step: Step
    mails: tuple[str, ...]

    @property
    def good(self) -> bool:
        """As many e-mails as it is worth."""
        return self.step.wanted is None or len(self.mails) == self.step.wanted


def play(world: Lab, address: str) -> list[Happened]:
    """Let the steps happen, half an hour apart."""
    out = []
    for step in steps():
        before = len(world.mailbox)
        teapot.put(world, teapot.SHOP, step.kind, *step.details)
        world.advance(minutes=30)
        mails = [one for one in world.mailbox[before:]
                 if one.to == address and not one.confirm_token]  # fmt: skip
        out.append(Happened(step, tuple(m.body.partition("\n\n--\n")[0].strip() for m in mails)))
    return out


def _picture(happened: Sequence[Happened], title: str) -> Drawing:
    columns = ["what the shop put", "e-mails", "wanted", ""]
    rows, fancy = [], []
    for one in happened:
        wanted = "any" if one.step.wanted is None else str(one.step.wanted)
        sign = "\u2713" if one.good else "\u2717"
        face = theme.OK if one.good else theme.ALARM
        row = [one.step.text.replace("`", ""), str(len(one.mails)), wanted, sign]
        rows.append(row)
        mark = html.element("span", sign, f"padding:0 5px;border-radius:3px;"
                            f"background:{face.fill};color:{face.ink}")  # fmt: skip
        fancy.append([*row[:3], mark])
    data = {"steps": [{"what": one.step.text, "wanted": one.step.wanted, "mails": list(one.mails)}
                      for one in happened]}  # fmt: skip
    body = html.card(title, html.table(columns, fancy), alt=title)
    return Drawing(title, "\n".join([title, text.table(columns, rows)]), data, body=body)


class Shapes(Check):
    """Told of a change, and of nothing else."""

    title = "an e-mail when an order changes its shape, and only then"
    points = 3
    hints = (
        "Who sees every order that passes the bus, and writes down what orders look like?",
        "`schemas.create_discoverer(SourceArn=ex.bus)`. The registry tells each new version to the "
        "*default* bus: source `aws.schemas`, detail-type `Schema Version Created`, and the "
        "schema's name is in the detail.",
        'put_rule(Name="shapes", EventPattern={"source": ["aws.schemas"], "detail-type": '
        '["Schema Version Created"], "detail": {"SchemaName": ["teapot.shop@____"]}}); '
        'put_targets(Rule="shapes", Targets=[{"Id": "tomas", "Arn": ____}])',
    )
    alternatives = (
        "A rule on orders that have no `total` hears that one change and no other, once an order.",
        "A schema that one writes oneself describes; nobody holds events against it.",
        "The bus of the shop has no events of AWS's services: those come to the default bus.",
    )
    cell = "shapes"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Discoverers, and rules that lead to Tomas."""
        told = _built(bench)
        return Attempted("; ".join(told)) if told else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nobody looks."""
        return NotAttempted(
            "Nothing has been built yet: nobody looks at the shapes on the bus, and no rule leads "
            "to Tomas.",
            start='`boto3.client("schemas").list_schemas(RegistryName="discovered-schemas")`: it '
            "is empty. Who fills it?",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play two days of orders and carts."""
        happened = play(bench.replay(), bench.facts["tomas"])
        wrong = [one for one in happened if not one.good]
        sent = sum(len(one.mails) for one in happened if one.step.wanted is not None)
        title = f"3 changes of an order's shape, {count(sent, 'e-mail')}"
        picture = _picture(happened, title)
        if not wrong:
            return Passed(
                "3 changes of an order's shape, 3 e-mails; none for carts, none for orders as they "
                "were.",
                why="A discoverer reads what passes the bus and makes a new version when a shape "
                "is one that its schema does not cover. The registry tells the default bus of "
                "each version, and your rule picks those of orders.",
                built=attempted.built,
                cost=f"discovery is free for the first {teapot.free('schemas.discovered')} events "
                f"a month, then {teapot.price('schemas.discovered')}; the registry costs nothing.",
                alternative="the same rule on the schema's ARN in `resources`, with `Version` "
                'anything but "1": then the first description of an order is no e-mail.',
                figure=picture,
            )  # fmt: skip
        first = wrong[0]
        missed = [one for one in wrong if one.step.wanted and not one.mails]
        happened_text, question = self._said(bench, missed[0] if missed else first, not sent)
        return NotYet(
            f"{sum(one.good for one in happened if one.step.wanted)} of 3 changes were told as "
            f"asked; {count(sent, 'e-mail')} came.",
            attempted.built,
            f"{len(happened)} things on the bus, half an hour apart: "
            f"{(missed[0] if missed else first).step.text}.",
            happened_text, question, picture,
        )  # fmt: skip

    def _said(self, bench: Bench, one: Happened, silent: bool) -> tuple[str, str]:
        """What happened, and the question to it."""
        watching = any("discoverer" in line for line in _built(bench))
        if one.step.wanted and not one.mails:
            if not watching:
                return (
                    "No e-mail: nothing looks at the shape of events on the bus, so no schema has "
                    "a new version." if silent else "No e-mail: this change is none that your rule "
                    "waits for.",
                    "Who writes down what the events of a bus look like?",
                )  # fmt: skip
            return (
                "No e-mail: the schema has a new version, and no rule of yours led it to Tomas.",
                "Onto which bus does the registry tell of a new version, and by which detail-type?",
            )
        shown = _shown(one.mails[0])
        if not one.step.wanted:
            return (
                f"{count(len(one.mails), 'e-mail')} came for it: {shown}",
                "Whose shape does the event that your rule passed tell of?",
            )
        return (
            f"{count(len(one.mails), 'e-mail')} came of one change: {shown}",
            "Does your rule wait for orders, or for the change?",
        )


def _shown(body: str) -> str:
    """What an e-mail says; of an event of the registry's which schema and version it tells of."""
    try:
        detail = json.loads(body)["detail"]
        return f"`{detail['SchemaName']}`, version {detail['Version']}."
    except (ValueError, TypeError, LookupError):
        return cut(" ".join(body.split()), 160)


def _built(bench: Bench) -> list[str]:
    world = bench.copy
    found = world.client("schemas").list_discoverers()["Discoverers"]
    told = [
        f"a discoverer of {one['SourceArn'].rpartition('/')[2]}"
        f"{'' if one['State'] == 'STARTED' else ', stopped'}"
        for one in found
    ]
    events = world.client("events")
    for bus in ("default", teapot.BUS):
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            if any(one["Arn"] == bench.handles["topic"] for one in targets):
                told.append(f"rule `{rule['Name']}` on the bus {bus} to Tomas")
    return told
