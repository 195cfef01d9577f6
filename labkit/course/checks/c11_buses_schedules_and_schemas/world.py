"""Teapot's bus in the week after a bad Tuesday: refunds that were lost, and what happens next.

On the bus ``teapot`` a rule ``pay-back`` hands each refund to the queue of the payment company,
and a rule ``letters`` to the queue from which customers get theirs. On Tuesday ``pay-back`` was off
from 10:00 to half a minute past noon. Three of the lost ones Lena had paid by hand on Wednesday.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from labkit.billing.prices import table
from labkit.course import catching
from labkit.lab import Lab

BUS = "teapot"
REFUNDS, SHOP = "teapot.refunds", "teapot.shop"
REFUND, ORDER, CART = "Refund Requested", "Order Placed", "Cart Changed"
#: Tuesday, 06:00: when the world begins.
START = datetime(2026, 3, 3, 6, tzinfo=UTC)
OFF = START.replace(hour=10)
ON = START.replace(hour=12, second=30)
#: When the learner comes: Thursday, 09:00.
NOW = START.replace(day=5, hour=9)
#: When refunds were asked for on Tuesday, and how many each time.
_TUESDAY = (
    (START.replace(hour=8, minute=20), 2), (START.replace(hour=9, minute=59, second=30), 1),
    (OFF, 2), (START.replace(hour=10, minute=25), 4), (START.replace(hour=11, minute=5), 4),
    (START.replace(hour=11, minute=40), 3), (START.replace(hour=12), 2),
    (START.replace(hour=12, minute=1), 2), (START.replace(hour=15), 1),
)  # fmt: skip
BY_HAND = 3


@dataclass(frozen=True)
class Refund:
    """A refund, and what became of it.

    Parameters
    ----------
    id:
        ``RF-8812``.
    asked:
        When.
    lost:
        Whether it was asked for while ``pay-back`` was off.
    by_hand:
        Whether Lena paid it.
    """

    id: str
    asked: datetime
    lost: bool
    by_hand: bool

    @property
    def owed(self) -> bool:
        """Whether it is still to be paid when the learner comes."""
        return self.lost and not self.by_hand


def refunds(facts: Mapping[str, Any]) -> list[Refund]:
    """Tuesday's refunds of a learner, in order of time."""
    random = Random(facts["seed"])
    ids = random.sample(range(8000, 9000), sum(n for _, n in _TUESDAY))
    asked = [at for at, n in _TUESDAY for _ in range(n)]
    lost = [n for n, at in enumerate(asked) if OFF <= at < ON]
    by_hand = set(random.sample(lost[2:-2], BY_HAND))
    return [
        Refund(f"RF-{number}", at, n in lost, n in by_hand)
        for n, (number, at) in enumerate(zip(ids, asked, strict=True))
    ]


# -- events ----------------------------------------------------------------------------------------
def put(world: Lab, source: str, kind: str, *details: Mapping[str, Any]) -> None:
    """The shop puts events on its bus, as many in a call as a call takes."""
    entries = [
        {"Source": source, "DetailType": kind, "Detail": json.dumps(one), "EventBusName": BUS}
        for one in details
    ]
    world.client("events").put_events(Entries=entries)


def refund(one: str, amount: float = 12.5) -> dict[str, Any]:
    """The detail of a refund."""
    return {"refund": one, "amount": amount, "customer": f"c-{one[3:]}@mail.example"}


def order(number: int, **more: Any) -> dict[str, Any]:
    """The detail of an order, as it is today."""
    return {"order": f"T-{number}", "total": 20.5 + number % 7,
            "items": [{"sku": "earl-grey", "count": 1}], **more}  # fmt: skip


# -- building --------------------------------------------------------------------------------------
def build(lab: Lab, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The bus, its rules and archives, Tuesday and Wednesday."""
    events = lab.client("events")
    bus = events.create_event_bus(Name=BUS)["EventBusArn"]
    handles: dict[str, Any] = {"bus": bus, "queues": {}}
    for name in ("payments", "letters", facts["report"]):
        url, arn = catching.queue(lab, name)
        lab.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"MessageRetentionPeriod": "1209600"}
        )
        handles["queues"][name] = url
        handles[f"arn_{name}"] = arn
    for name, queue in (("pay-back", "payments"), ("letters", "letters")):
        pattern = json.dumps({"source": [REFUNDS], "detail-type": [REFUND]})
        events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)
        target = {"Id": queue, "Arn": handles[f"arn_{queue}"], "InputPath": "$.detail"}
        events.put_targets(Rule=name, EventBusName=BUS, Targets=[target])
    _archive(lab, bus, facts["archive"], {"source": [{"prefix": "teapot."}]})
    _archive(lab, bus, "orders-only", {"source": [SHOP], "detail-type": [ORDER]})
    handles["role"] = _role(lab)
    handles["topic"] = _topic(lab, facts["tomas"])
    _tuesday(lab, facts)
    lab.run_until(START.replace(day=4, hour=11))
    _archive(lab, bus, "refunds-new", {"source": [REFUNDS]})
    for one in refunds(facts):
        if one.by_hand:
            body = json.dumps({**refund(one.id), "paid": "by hand, Lena"})
            url = handles["queues"]["payments"]
            lab.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    lab.run_until(NOW)
    return handles


def _tuesday(lab: Lab, facts: Mapping[str, Any]) -> None:
    events = lab.client("events")
    waiting = refunds(facts)
    happens: list[tuple[datetime, Any]] = [
        (
            OFF - timedelta(seconds=1),
            lambda: events.disable_rule(Name="pay-back", EventBusName=BUS),
        ),
        (ON, lambda: events.enable_rule(Name="pay-back", EventBusName=BUS)),
        (START.replace(hour=10, minute=10), lambda: put(lab, SHOP, ORDER, order(1), order(2))),
        (START.replace(hour=11, minute=20), lambda: put(lab, SHOP, CART, {"cart": "k-1"})),
    ]
    for at in dict.fromkeys(one.asked for one in waiting):
        details = [refund(one.id) for one in waiting if one.asked == at]
        happens.append((at, lambda details=details: put(lab, REFUNDS, REFUND, *details)))
    for at, act in sorted(happens, key=lambda pair: pair[0]):
        lab.run_until(at)
        act()


def _archive(lab: Lab, bus: str, name: str, pattern: Mapping[str, Any]) -> None:
    lab.client("events").create_archive(
        ArchiveName=name, EventSourceArn=bus, EventPattern=json.dumps(pattern)
    )


def _role(lab: Lab) -> str:
    """A role that Scheduler may assume, and that may send to any queue."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                       "Principal": {"Service": "scheduler.amazonaws.com"}}],
    }  # fmt: skip
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    iam = lab.client("iam")
    arn: str = iam.create_role(RoleName="report", AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName="report", PolicyName="send", PolicyDocument=document)
    return arn


def _topic(lab: Lab, address: str) -> str:
    """Tomas' topic: he has confirmed, and EventBridge may publish."""
    sns = lab.client("sns")
    arn: str = sns.create_topic(Name="shapes")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
    lab.mailbox[-1].confirm()
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sns:Publish", "Resource": arn}  # fmt: skip
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )  # fmt: skip
    return arn


# -- reading ---------------------------------------------------------------------------------------
def drained(world: Lab, url: str) -> list[tuple[datetime, str]]:
    """What lies in a queue, with the instant at which it was sent; it is empty afterwards."""
    sqs = world.client("sqs")
    found = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"]
        )
        for one in answer.get("Messages", ()):
            sent = int(one["Attributes"]["SentTimestamp"]) / 1000
            found.append((datetime.fromtimestamp(sent, UTC), one["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        if not answer.get("Messages"):
            return sorted(found)


def counted(world: Lab, url: str) -> Counter[str]:
    """How often each refund lies in a queue."""
    return Counter(_named(body) for _, body in drained(world, url))


def _named(body: str) -> str:
    """The refund of which a message tells: in its detail, or the whole event."""
    try:
        read = json.loads(body)
    except ValueError:
        return ""
    while isinstance(read, dict):
        if isinstance(read.get("refund"), str):
            return str(read["refund"])
        read = read.get("detail")
    return ""


def price(item: str) -> str:
    """The list price of an item and what it is counted in: ``$1.00 for a million events``."""
    row = table().row(item)
    return f"${float(row.tiers[0].price):,.2f} for a {row.priced}"


def free(item: str) -> str:
    """How much of an item is free in a month: ``14 million``."""
    return f"{table().row(item).free / 1_000_000:g} million"


def told(ids: Iterable[str], most: int = 3) -> str:
    """A few ids: ``RF-8812, RF-8140 and 4 more``."""
    all_ = list(ids)
    shown: Sequence[str] = [f"`{one}`" for one in all_[:most]]
    left = len(all_) - most
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")
