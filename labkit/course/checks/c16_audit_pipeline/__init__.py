"""Exercise 16: what Priya is told within minutes, and what she asks for once a week.

The learner's rules hear a week of calls of which the last one stops the trail
(:mod:`.telling`); the learner's query lists the refused attempts of a week that lies in the bucket
(:mod:`.asking`). What people do is in :mod:`.calls`, the bucket's files in :mod:`.files`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labkit.course import catching
from labkit.course.checks.c10_eventbridge_rules import Sample, _sandbox
from labkit.course.checks.c10_eventbridge_rules import rules as reading
from labkit.course.checks.c16_audit_pipeline.asking import Asks
from labkit.course.checks.c16_audit_pipeline.calls import REFUSED, REGION, REGIONS, sample, week
from labkit.course.checks.c16_audit_pipeline.files import TABLE, ddl, put_week
from labkit.course.checks.c16_audit_pipeline.telling import Told
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.views.drawing import Drawing


class AuditPipeline(Task):
    """See the head of this file."""

    chapter = "16_audit_pipeline"
    title = "Told within minutes, and a list every Monday"
    minutes = 40
    checks = (Told(), Asks())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Tables, the clean-up's role, the hour."""
        names = ("orders", "carts", "payments", "teas", "stock", "vouchers", "members")
        return {
            "seed": variant.seed() % 1_000_000,
            "home": REGION,
            "tables": variant.some("tables", names, 3),
            "more": variant.pick("more", ("eu", "v2", "archive", "2026")),
            "cleanup": variant.pick("cleanup", ("nightly-cleanup", "table-sweeper", "janitor")),
            "address": f"priya{variant.pick('priya', ('', '.s', '.security'))}@teapot.example",
            "minute": variant.number("minute", 4, 48),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A trail that logs, a topic, last week's files, and Athena's table over them."""
        sns = lab.client("sns", REGION)
        topic = sns.create_topic(Name="audit")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=facts["address"])
        lab.mailbox[-1].confirm()
        statement = {
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish", "Resource": topic,
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        catching.trail(lab)
        monday = lab.start.replace(hour=0, minute=0) - timedelta(days=7)
        put_week(lab, monday, week(lab, facts, monday, facts["seed"]))
        lab.athena.query(ddl(lab.account))
        lab.advance(minutes=6)
        return {
            "topic": topic,
            "cleanup": f"arn:aws:sts::{lab.account}:assumed-role/{facts['cleanup']}/",
            "address": facts["address"],
            "days": (f"{monday:%Y/%m/%d}", f"{monday + timedelta(days=6):%Y/%m/%d}"),
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya wants."""
        codes = " or ".join(f"`{code}`" for code in REFUSED)
        return Ticket(
            who="Priya, security, and Mara, on-call lead",
            text=f"A readable line at {facts['address']} within ten minutes when somebody\n"
            "(1) deletes a production table of DynamoDB, that is one whose name ends in `-prod`; "
            f"the role `{facts['cleanup']}` may, it clears away its own drills;\n"
            "(2) opens port 22 to 0.0.0.0/0 in a security group;\n"
            "(3) stops or deletes a trail;\n"
            "(4) disables or deletes a rule of EventBridge, or takes its targets: nobody silences "
            "this pipeline unheard.\n"
            "Say which call, and who (the ARN). Nothing for attempts that were refused. Those I "
            "want as a list each Monday, from the trail's files: who, which call, how often, most "
            f"often first; both Regions. Refused is {codes}, nothing else.",
            deliver="rules with their targets; and `weekly(first, last)` with `@ex.deliver` above "
            "it, which returns the SQL for the days `first` to `last` (texts, both included).",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.topic": "ARN of a topic in us-east-1 that lets EventBridge publish; Priya has "
            "confirmed",
            "ex.cleanup": "how the ARN of each session of the clean-up's role begins",
            "ex.sample": "20 calls of last week as events; a trail, `teapot`, logs all Regions",
            "ex.sandbox()": "your rules beside these events: who passes whom",
            "ex.days": "first and last day of last week, as partitions name them",
            TABLE: "Athena's table over the trail's bucket, partitioned by `region` "
            f"({', '.join(REGIONS)}) and `day`",
            "ex.lab": "the lab; `ex.lab.athena.query(sql)` runs SQL, and so does `%%athena`",
        }

    def tools(self, exercise: Any) -> Mapping[str, Any]:
        """``ex.sample`` and ``ex.sandbox()``."""
        facts, lab = exercise._facts, exercise.lab
        friday = lab.start - timedelta(days=3)
        happened = [
            call.happening(lab, friday + timedelta(minutes=7 * n), n)
            for n, call in enumerate(sample(facts))
        ]
        made = [
            one.event(friday + timedelta(minutes=7 * n), n, lab.account)
            for n, one in enumerate(happened)
        ]

        def sandbox() -> Drawing:
            """Which of your rules passes which event of the sample."""
            with lab.replay() as world:
                return _sandbox(reading.read(world, [REGION]), exercise.sample)

        return {"sample": Sample(made, happened), "sandbox": sandbox}


TASK = AuditPipeline()
