"""Exercise 09: canaries that do what customers do, and alarms that hear of it.

Each canary of the learner's is run for real against eight faults that no status tells of alone, and
two changes that do no harm (:mod:`.situations`, :mod:`.playing`, :mod:`.visits`); then a day passes
with the same runs, and Lena's mailbox is read (:mod:`.telling`). What only a browser sees is left
out on a machine without one, and said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c09_canaries.playing import BUDGET
from labkit.course.checks.c09_canaries.situations import PATIENCE_SECONDS
from labkit.course.checks.c09_canaries.telling import WITHIN, Tells
from labkit.course.checks.c09_canaries.visits import Visits
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab
from labkit.workloads.shop_pages import CUSTOMER, PASSWORD, TEST_CARD

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
#: Lena's own card, which belongs into no script; numbers that are nobody's.
_CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444", "4012 8888 8888 1881")


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
            "card": variant.pick("card", _CARDS),
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
            "customer": CUSTOMER,
            "password": PASSWORD,
            "test_card": TEST_CARD,
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Lena wants."""
        tea = facts["tea"].capitalize()
        return Ticket(
            who="Lena, customer support",
            text=f"(1) I want to know before customers do when they cannot log in, find {tea}, or "
            'pay. "I click Buy now and nothing happens"; "your app took my order, and it is not '
            'in the list"; "a warning, not a shop": each time every dashboard was green. A page '
            f"that takes longer than {PATIENCE_SECONDS} seconds is one that they leave. An order "
            f"over the interface ({facts['quantity']} pieces, then read back) belongs to it. Not "
            "red when Tomas changes prices, the order of products or how a page is built, as he "
            f"does each week. You have ${BUDGET} a month. For trying, take my card if you like: "
            f"{facts['card']}.\n"
            f"(2) Write to me ({facts['address']}) when two runs of a canary have seen it, not "
            f"later than {WITHIN} minutes after it began. The shop restarts in the night, some "
            "time after three, and is away for two minutes: no mail for that. And if a canary "
            "itself no longer runs, I want to know within the same time.",
            deliver="a canary or several, created and started; and an alarm for each that writes "
            "to `ex.topic`.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.shop": "the shop's address; `/login` leads to `/account`, `/search?q=...` is the "
            "search, `/api/orders` takes orders (POST), `/api/orders/<id>` gives one back (GET) "
            "and takes it away (DELETE)",
            "ex.customer, ex.password": "somebody who may log in",
            "ex.test_card": "the card that is charged nothing",
            "ex.role": "ARN of a role that a canary may run as",
            "ex.artifacts": "where it may leave what it finds",
            "ex.topic": "ARN of a topic; Lena has confirmed",
            "ex.lab": "the lab; `ex.lab.shop.visit(script)` runs a script once, now, and "
            "`ex.lab.synthetics.film_strip(name)` shows the last run's pictures",
        }


TASK = Canaries()
