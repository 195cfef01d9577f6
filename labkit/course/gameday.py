"""Teapot on a working day: a shop that stands on settings of its account, and causes of outages.

Lesson 17 and its exercise are about the same account. Tables, a parameter and a security group are
real, and the shop relies on them (``lab.shop.relies_on``); whoever changes one of them begins an
outage that has its line in CloudTrail, and whoever puts it back ends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labkit.course import catching
from labkit.lab import Lab

#: Thursday, the flash sale.
DAY = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
#: Where the shop keeps the currencies that it takes, and which these are.
CURRENCIES = "eur,usd,gbp"
#: Read capacity units of a table, and fewer than it needs.
UNITS, TOO_FEW = 200, 40
#: Of the database's security group.
PORT, OFFICES = 5432, "10.0.0.0/16"
#: The node that the database is on the map.
DATABASE = "shop@db.shop.internal"
#: Who may change things. Jonas may change tables alone: he looks after the bill.
_MAY = {
    "tomas": "AdministratorAccess",
    "chiara": "AdministratorAccess",
    "jonas": "AmazonDynamoDBFullAccess",
}


@dataclass(frozen=True)
class Cause:
    """A change of the account that begins an outage.

    Parameters
    ----------
    name:
        In a few words.
    service, node:
        Whose requests fail, and the node of the map that is at fault.
    what, good:
        The setting and its good value.
    call:
        boto3's service and AWS's operation.
    wrong, right:
        Parameters of the change and of putting it back.
    back:
        The operation that puts it back; the same when empty.
    """

    name: str
    service: str
    node: str
    what: str
    call: tuple[str, str]
    wrong: Mapping[str, Any]
    right: Mapping[str, Any]
    back: str = ""

    def begin(self, lab: Lab, who: str, at: datetime) -> None:
        """Let somebody make the change."""
        lab.people.deed(who, *self.call, at=at, **self.wrong)

    def end(self, lab: Lab, who: str, at: datetime) -> None:
        """Let somebody put it back."""
        lab.people.deed(who, self.call[0], self.back or self.call[1], at=at, **self.right)


def units(table: str, read: int) -> dict[str, Any]:
    """Parameters of UpdateTable."""
    return {
        "TableName": table,
        "ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": 20},
    }


def let_in(group: str) -> dict[str, Any]:
    """Parameters of AuthorizeSecurityGroupIngress and of RevokeSecurityGroupIngress."""
    rule = {
        "IpProtocol": "tcp",
        "FromPort": PORT,
        "ToPort": PORT,
        "IpRanges": [{"CidrIp": OFFICES}],
    }
    return {"GroupId": group, "IpPermissions": [rule]}


def parameter(service: str, value: str) -> dict[str, Any]:
    """Parameters of PutParameter."""
    return {
        "Name": f"/shop/{service}/currencies",
        "Value": value,
        "Type": "String",
        "Overwrite": True,
    }


def short_table(service: str, table: str) -> Cause:
    """Somebody saves on a table."""
    return Cause(
        f"the table {table} gets too little capacity", service, table, f"dynamodb:table/{table}",
        ("dynamodb", "UpdateTable"), units(table, TOO_FEW), units(table, UNITS),
    )  # fmt: skip


def lost_currency(service: str) -> Cause:
    """Somebody writes a parameter without the euro."""
    return Cause(
        f"{service} is told currencies without the euro", service, service,
        f"ssm:parameter/shop/{service}/currencies", ("ssm", "PutParameter"),
        parameter(service, "usd,gbp"), parameter(service, CURRENCIES),
    )  # fmt: skip


def cut_database(group: str) -> Cause:
    """Somebody tidies up a security group."""
    return Cause(
        "the database's security group lets nobody in", "checkout", DATABASE,
        f"ec2:security-group/{group}", ("ec2", "RevokeSecurityGroupIngress"), let_in(group),
        let_in(group), "AuthorizeSecurityGroupIngress",
    )  # fmt: skip


def open_shop(lab: Lab, *, hours: float = 1.0) -> dict[str, Any]:
    """The account of the day: the shop, what it stands on, people, a trail; names of what was made.

    Parameters
    ----------
    lab:
        A lab that has just begun.
    hours:
        How far back there are traces.
    """
    dynamodb, ssm, ec2 = (lab.client(name) for name in ("dynamodb", "ssm", "ec2"))
    for table in ("products", "carts", "sessions"):
        dynamodb.create_table(
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            **units(table, UNITS),
        )
    for service in ("catalogue", "cart", "checkout"):
        ssm.put_parameter(**parameter(service, CURRENCIES))
    group = ec2.create_security_group(GroupName="shop-db", Description="the shop's database")
    ec2.authorize_security_group_ingress(**let_in(group["GroupId"]))
    for name, policy in _MAY.items():
        lab.user(name, policy)
    _role(lab, "deploy")
    catching.trail(lab)
    lab.shop.open()
    lab.shop.traces(hours=hours)
    return {"group": group["GroupId"], "causes": causes(group["GroupId"])}


def causes(group: str) -> dict[str, Cause]:
    """Every cause of an outage, by a short name."""
    found = {
        "products": short_table("catalogue", "products"),
        "carts": short_table("cart", "carts"),
        "database": cut_database(group),
    }
    return found | {name: lost_currency(name) for name in ("catalogue", "cart", "checkout")}


def rely(lab: Lab, cause: Cause, kind: str, size: float) -> None:
    """Let the shop rely on a cause's setting."""
    if kind == "throttled_table":
        lab.shop.relies_on(cause.service, cause.what, kind, size, least=UNITS)
    else:
        word = f"tcp/{PORT}" if cause.node == DATABASE else "eur"
        lab.shop.relies_on(cause.service, cause.what, kind, size, holds=word)


def topic(lab: Lab, name: str, address: str) -> str:
    """A topic that alarms and rules may write to, with somebody who has confirmed; its ARN."""
    sns = lab.client("sns")
    arn: str = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
    lab.mailbox[-1].confirm()
    writers = ["events.amazonaws.com", "cloudwatch.amazonaws.com"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": writers},
        "Action": "sns:Publish",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn


def _role(lab: Lab, name: str) -> None:
    """A role that everybody of the account may take on, and that may do everything."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{lab.account}:root"},
    }
    iam = lab.client("iam")
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )  # fmt: skip
