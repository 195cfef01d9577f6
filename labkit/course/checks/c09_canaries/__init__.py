"""Exercise 09: a canary that reads what the shop answers, and an alarm that hears of it.

A canary (or several, within a budget) visits the shop's search and its orders while they break
without a bad status, and while prices change (:mod:`.visits`); an alarm on it tells Lena, is calm
at the nightly restart, and speaks up when the canary itself no longer runs (:mod:`.telling`). No
browser is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c09_canaries.playing import BUDGET
from labkit.course.checks.c09_canaries.telling import WITHIN, Tells
from labkit.course.checks.c09_canaries.visits import Visits
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                   "Action": "sts:AssumeRole"}],
}  # fmt: skip
_MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
        "s3:PutObject", "s3:GetBucketLocation", "s3:ListAllMyBuckets", "cloudwatch:PutMetricData",
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]}],
}  # fmt: skip


class Canaries(Task):
    """See the head of this file."""

    chapter = "09_canaries"
    title = "Before the customers do"
    minutes = 40
    checks = (Visits(), Tells())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """A tea, a quantity, addresses."""
        tea = variant.pick("tea", ("sencha", "assam", "oolong", "rooibos"))
        return {
            "tea": tea,
            "quantity": variant.number("quantity", 2, 9),
            "bucket": f"teapot-canaries-{variant.number('bucket', 100, 999)}",
            "address": f"lena{variant.pick('lena', ('', '.support', '.b'))}@teapot.example",
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A bucket, a role that canaries may run as, Lena's topic."""
        lab.client("s3").create_bucket(Bucket=facts["bucket"])
        iam, sns = lab.client("iam"), lab.client("sns")
        role = iam.create_role(RoleName="canary", AssumeRolePolicyDocument=json.dumps(_TRUST))
        iam.put_role_policy(RoleName="canary", PolicyName="run", PolicyDocument=json.dumps(_MAY))
        topic = sns.create_topic(Name="support")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=facts["address"])
        lab.mailbox[-1].confirm()
        return {
            "topic": topic,
            "role": role["Role"]["Arn"],
            "artifacts": f"s3://{facts['bucket']}",
            "shop": "https://shop.teapot.example",
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Lena wants."""
        tea = facts["tea"].capitalize()
        return Ticket(
            who="Lena, customer support",
            text=f'(1) "I searched for {tea} and the page was white." "Your app took my order, and '
            'it is not in the list." Two customers this week; both times every dashboard was green '
            f"and every answer a 200 or a 201. I want the search for {tea} and an order over the "
            f"interface ({facts['quantity']} pieces) tried every few minutes, and red when a "
            "customer would say that it is broken. Not red when Tomas changes prices or the order "
            f"of the products, which he does each week. You have ${BUDGET} a month.\n"
            f"(2) Write to me ({facts['address']}) not later than {WITHIN} minutes after orders "
            "begin to vanish. The shop restarts every night and is away for two minutes: no mail "
            "for that. And if the canary itself no longer runs, I want to know within the same "
            "time, for I shall be relying on it.",
            deliver="a canary or several, created and started; and an alarm that writes to "
            "`ex.topic`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.shop": "the shop's address; `/search?q=...` is the search, `/api/orders` takes "
            "orders (POST), `/api/orders/<id>` gives one back (GET) and takes it away (DELETE)",
            "ex.role": "ARN of a role that a canary may run as",
            "ex.artifacts": "where it may leave what it finds",
            "ex.topic": "ARN of a topic; Lena has confirmed",
            "ex.lab": "the lab; `ex.lab.shop.visit(script)` runs a script once, now, and "
            "`ex.lab.synthetics.log(name)` shows the last run's log",
        }


TASK = Canaries()
