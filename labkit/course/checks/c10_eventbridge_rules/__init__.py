"""Exercise 10: Priya wants four kinds of e-mail, and not one more.

The shop runs in another Region than the one in which root signs in. The learner's rules are judged
by sixty unseen events (:mod:`.deciding`) and by a day that is played, at whose end Priya's mailbox
counts (:mod:`.telling`). What can happen is in :mod:`.happenings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from labkit.course import catching
from labkit.course.checks.c10_eventbridge_rules import rules as reading
from labkit.course.checks.c10_eventbridge_rules.deciding import Decides
from labkit.course.checks.c10_eventbridge_rules.happenings import (
    ROOTS_REGION,
    Happening,
    rehearsal,
    sample,
    teapot_of,
)
from labkit.course.checks.c10_eventbridge_rules.playing import picture, play
from labkit.course.checks.c10_eventbridge_rules.telling import Tells
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing, Shown
from labkit.views.wording import count

_AMI = "ami-0c55b159cbfafe1f0"
_PLACES = {"eu-west-1": "Ireland", "eu-central-1": "Frankfurt", "eu-north-1": "Stockholm"}


class EventBridgeRules(Task):
    """See the head of this file."""

    chapter = "10_eventbridge_rules"
    title = "Four things, and not one more"
    minutes = 30
    checks = (Decides(), Tells())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The Region, the machines' and buckets' names, the hour."""
        number = variant.number("bucket", 100, 999)
        return {
            "seed": variant.seed() % 1_000_000,
            "home": variant.pick("home", tuple(_PLACES)),
            "prod": variant.some("prod", ("web", "orders", "cart", "search", "stock", "mail"), 3),
            "project": variant.pick("project", ("shop", "checkout", "storefront", "basket")),
            "bucket": f"teapot-data-{number}",
            "other_bucket": f"teapot-scratch-{number}",
            "address": f"priya{variant.pick('priya', ('', '.s', '.security'))}@teapot.example",
            "minute": variant.number("minute", 4, 48),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Five machines, two buckets, and a topic with Priya's address in each of two Regions."""
        home = facts["home"]
        names = [f"prod-{name}" for name in facts["prod"]]
        names += [f"preprod-{name}" for name in facts["prod"][:2]]
        ec2 = lab.client("ec2", home)
        machines = {}
        for name in names:
            tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
            started = ec2.run_instances(
                ImageId=_AMI, InstanceType="m5.large", MinCount=1, MaxCount=1,
                TagSpecifications=tags,
            )  # fmt: skip
            machines[name] = started["Instances"][0]["InstanceId"]
        s3 = lab.client("s3", home)
        for bucket in (facts["bucket"], facts["other_bucket"]):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": home})
        topics = {}
        for region in (home, ROOTS_REGION):
            sns = lab.client("sns", region)
            topics[region] = sns.create_topic(Name="security")["TopicArn"]
            sns.subscribe(TopicArn=topics[region], Protocol="email", Endpoint=facts["address"])
            lab.mailbox[-1].confirm()
        catching.trail(lab)
        lab.advance(minutes=2)
        return {
            "home": home,
            "machines": machines,
            "bucket": facts["bucket"],
            "topics": topics,
            "address": facts["address"],
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya wants."""
        place = _PLACES[facts["home"]]
        return Ticket(
            who="Priya, security",
            text=f"The shop runs in {place} ({facts['home']}) now. I want an e-mail at "
            f"{facts['address']} for each of these:\n"
            "(1) root signs in to the console, or tries to and fails. Root always signs in in "
            f"{ROOTS_REGION}. Say how it went: Success or Failure.\n"
            "(2) a production machine is down: stopped or terminated, by anybody or anything. One "
            "e-mail when it is down, none on the way there. Say which id and which state.\n"
            f"(3) an object bigger than 104,857,600 bytes is created under `exports/` in the "
            f"bucket `{facts['bucket']}`. Say its key.\n"
            "(4) a production build failed. Say whose build.\n"
            "Production is what is called `prod-...`; careful, there is a `preprod-...`. One "
            "readable line per e-mail. Not one more.",
            deliver="rules, their targets, and whatever these need, with boto3 or `%aws`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.home": f"{facts['home']}, where machines, buckets and builds are; a client goes "
            f"there with `region_name=ex.home`, otherwise to {ROOTS_REGION}",
            "ex.machines": "name -> instance id of the five machines that there are and will be",
            "ex.bucket": f"`{facts['bucket']}`",
            "ex.topics": "Region -> ARN of a topic; Priya has confirmed both subscriptions",
            "ex.sample": "20 events that Tomas caught last week, with everything switched on that "
            "tells events; a trail records sign-ins and calls in all Regions",
            "ex.sandbox()": "your rules beside these events: who passes whom",
            "ex.rehearse()": "six things happen to what you have built: the four links of each",
            "ex.lab": "the lab",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.sample``, ``ex.sandbox()``, ``ex.rehearse()``."""
        facts, lab = exercise._facts, exercise.lab
        teapot = teapot_of(lab.handles, facts, lab.account)
        happened = sample(teapot)

        def sandbox() -> Drawing:
            """Which of your rules passes which event of the sample, in the event's own Region."""
            with lab.replay() as world:
                regions = reading.regions_of(lab, facts["home"], ROOTS_REGION)
                return _sandbox(reading.read(world, regions), exercise.sample)

        def rehearse() -> Drawing:
            """Let six things happen to what you have built; the four links of each."""
            with lab.replay() as world:
                steps = rehearsal(teapot, world.now)
                played = play(world, teapot, steps, facts["address"])
            good = sum(one.good for one in played)
            sent = count(sum(len(one.mails) for one in played), "e-mail")
            return picture(played, f"{good} of {len(played)} steps as asked, {sent}")

        friday = lab.start - timedelta(days=3)
        made = [
            one.event(friday + timedelta(minutes=n), n, lab.account)
            for n, one in enumerate(happened)
        ]
        return {"sample": Sample(made, happened), "sandbox": sandbox, "rehearse": rehearse}


class Sample(list[dict[str, Any]], Shown):
    """Events that show themselves as a list; each is a whole event, as a target gets it."""

    def __init__(self, events: Sequence[dict[str, Any]], told: Sequence[Happening]) -> None:
        super().__init__(events)
        self._told = [one.text.replace("`", "") for one in told]

    def __repr__(self) -> str:
        return str(self)

    def _rows(self) -> list[list[str]]:
        return [
            [str(number), event["region"], event["source"], event["detail-type"], told]
            for number, (event, told) in enumerate(zip(self, self._told, strict=True))
        ]

    def __str__(self) -> str:
        return "\n".join([_TITLE, text.table(_COLUMNS, self._rows(), longest=72)])

    def _repr_html_(self) -> str:
        rows = [[n, _unbroken(region), *rest] for n, region, *rest in self._rows()]
        return html.card(_TITLE, html.table(_COLUMNS, rows, right=(0,)), alt=_TITLE)


_TITLE = "20 events of last week; ex.sample[10] is the whole event"
_COLUMNS = ["no.", "region", "source", "detail-type", "what happened"]


def _unbroken(name: str) -> html.Html:
    """A name with hyphens, on one line."""
    return html.element("span", name, "white-space:nowrap")


def _sandbox(found: reading.Rules, events: Sequence[Mapping[str, Any]]) -> Drawing:
    """A row for each event, with the rules that pass it."""
    if not found.found:
        title = "There is no rule yet"
        return Drawing(title, title, {"passes": []}, body=html.card(title))
    passes = [[one.name for one in found.deciding(event)] for event in events]
    passed = sum(bool(names) for names in passes)
    title = f"{passed} of {len(events)} events pass one of your rules"
    told = getattr(events, "_told", [""] * len(events))
    rows = [
        [str(n), event["region"], text_, ", ".join(names) or "-"]
        for n, (event, text_, names) in enumerate(zip(events, told, passes, strict=True))
    ]
    columns = ["no.", "region", "what happened", "passed by"]
    fancy = [
        [n, _unbroken(r), t, html.element("b", _unbroken(p)) if p != "-" else html.muted(p)]
        for n, r, t, p in rows
    ]
    body = html.card(title, html.table(columns, fancy, right=(0,)), alt=title)
    shown = "\n".join([title, text.table(columns, rows, longest=72)])
    return Drawing(title, shown, {"passes": passes}, body=body)


TASK = EventBridgeRules()
