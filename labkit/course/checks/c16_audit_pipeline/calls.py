"""Calls that people make at Teapot, and which of them Priya wants to hear of.

A call is told as CloudTrail records it and EventBridge tells it: the record is made by the lab's
own CloudTrail from the fields of a finished call, so nothing of its shape is written here. Each of
Priya's four wishes has its near misses; a learner sees one of each kind in the sample.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.course.checks.c10_eventbridge_rules.happenings import Happening, Step
from labkit.lab import Lab
from labkit.workloads.people_faces import FACES

REGION = "us-east-1"
REGIONS = (REGION, "eu-west-1")
TABLE, SSH, TRAIL, RULE = KINDS = ("production table", "port 22", "trail", "rule")
#: How a record shows that somebody was not allowed to; other errors are other stories.
REFUSED = ("AccessDenied", "Client.UnauthorizedOperation")
WORLD, OFFICE = "0.0.0.0/0", "203.0.113.0/24"
STOP = "stop"

_ASKS = {
    TABLE: "What in the record says that it was a table of DynamoDB, that it was a production one, "
    "and that the clean-up did not do it?",
    SSH: "Which port is open to which addresses, in one and the same permission of the call?",
    TRAIL: "What is the last call an intruder makes before you go blind?",
    RULE: "How could somebody silence your rules without touching the trail?",
}
_REFUSED_ASK = "How does a record of a refused call differ from one of a call that went well?"


@dataclass(frozen=True)
class Call:
    """A call of somebody's.

    Parameters
    ----------
    kind:
        The wish of Priya's that it belongs to or looks like.
    text:
        What happened, a short sentence.
    who:
        A face, or the name of the clean-up's role.
    service, operation:
        botocore's and AWS's names.
    request:
        As boto3 would send it.
    wanted:
        Whether it is worth an e-mail.
    error:
        boto3's error code; empty when it went well.
    """

    kind: str
    text: str
    who: str
    service: str
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)
    wanted: bool = False
    error: str = ""

    @property
    def ask(self) -> str:
        """The question when it was decided wrongly."""
        return _REFUSED_ASK if self.error and not self.wanted else _ASKS[self.kind]

    def data(self, lab: Lab, number: int) -> dict[str, Any]:
        """The fields of the fact ``call.finished``."""
        principal = principal_of(lab, self.who)
        face = FACES.get(self.who)
        reads = self.operation.startswith(("List", "Get", "Describe"))
        said = f"User: {principal['arn']} is not authorized to perform: "
        return {
            "service": self.service,
            "operation": self.operation,
            "category": "management",
            "read_only": reads,
            "principal": principal,
            "request_id": f"{number:08x}-16a0-4000-8000-{number:012x}",
            "source_ip": face.source_ip if face else "198.51.100.91",
            "user_agent": face.user_agent if face else "Boto3/1.40.0",
            "request": dumps(dict(self.request)),
            "response": "null" if self.error or reads else "{}",
            "error_code": self.error,
            "error_message": f"{said}{self.service}:{self.operation}" if self.error else "",
        }

    def record(self, lab: Lab, at: datetime, number: int, region: str = REGION) -> dict[str, Any]:
        """As a trail's file holds it."""
        fact = Fact("call.finished", to_us(at), lab.account, region, (), self.data(lab, number))
        return lab.parts.cloudtrail.record_of(fact)

    def happening(self, lab: Lab, at: datetime, number: int) -> Happening:
        """As EventBridge tells it."""
        record = self.record(lab, at, number)
        says = (self.operation, self.who) if self.wanted else ()
        return Happening(
            self.kind, self.text, self.wanted, REGION,
            f"aws.{record['eventSource'].partition('.')[0]}", "AWS API Call via CloudTrail", (),
            record, says, self.ask,
        )  # fmt: skip


def principal_of(lab: Lab, who: str) -> dict[str, str]:
    """A face as records show it; any other name is a role whose session is called ``job``."""
    known = lab.people.principals()
    if who in known:
        return known[who]
    identities, account = lab.identities, lab.account
    role_id = "AROA" + identities.letters("role-id", account, who)
    return {
        "kind": "AssumedRole",
        "account": account,
        "arn": f"arn:aws:sts::{account}:assumed-role/{who}/job",
        "principal_id": f"{role_id}:job",
        "access_key_id": "ASIA" + identities.letters("session", account, who),
        "name": "job",
        "issuer_arn": f"arn:aws:iam::{account}:role/{who}",
        "issuer_id": role_id,
    }


def _permission(port: int, *cidrs: str) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs],
    }  # fmt: skip


def _table(name: str, who: str, **more: Any) -> Call:
    how = "tries to delete" if more.get("error") else "deletes"
    return Call(TABLE, f"{who} {how} the table `{name}`", who, "dynamodb", "DeleteTable",
                {"TableName": name}, **more)  # fmt: skip


def _opens(text: str, who: str, *permissions: dict[str, Any], **more: Any) -> Call:
    request = {"GroupId": "sg-0a1b2c3d4e5f60718", "IpPermissions": list(permissions)}
    return Call(SSH, f"{who} {text}", who, "ec2", "AuthorizeSecurityGroupIngress", request, **more)


def _trail(operation: str, verb: str, who: str, name: str, **more: Any) -> Call:
    return Call(TRAIL, f"{who} {verb} the trail `{name}`", who, "cloudtrail", operation,
                {"Name": name}, **more)  # fmt: skip


def _rule(operation: str, verb: str, who: str, **more: Any) -> Call:
    request = {"RemoveTargets": {"Rule": "tables", "Ids": ["priya"]}}.get(
        operation, {"Name": "tables"}
    )
    return Call(RULE, f"{who} {verb}", who, "events", operation, request, **more)


def wanted(facts: Mapping[str, Any]) -> list[Call]:
    """What Priya wants to hear of; the calls of one learner's world."""
    first, second, third = facts["tables"]
    return [
        _table(f"{first}-prod", "tomas", wanted=True),
        _table(f"{second}-prod", "mara", wanted=True),
        _opens("opens port 22 to the world", "tomas", _permission(22, WORLD), wanted=True),
        _opens("opens port 443 to the office and 22 to the world, in one call", "chiara",
               _permission(443, OFFICE), _permission(22, OFFICE, WORLD), wanted=True),
        _trail("DeleteTrail", "deletes", "tomas", "teapot-old", wanted=True),
        _rule("DisableRule", "disables a rule", "jonas", wanted=True),
        _rule("DeleteRule", "deletes a rule", "tomas", wanted=True),
        _rule("RemoveTargets", "takes a rule's target away", "lena", wanted=True),
        _table(f"{third}-prod", "chiara-ci", wanted=True),
    ]  # fmt: skip


def misses(facts: Mapping[str, Any]) -> list[Call]:
    """What looks like it."""
    first, second, third = facts["tables"]
    cleanup = facts["cleanup"]
    return [
        _table(f"{first}-test", "tomas"),
        _table(f"prod-{second}-copy", "mara"),
        _table("drill-prod", cleanup),
        _table(f"{third}-prod", "jonas", error="AccessDeniedException"),
        Call(TABLE, f"tomas deletes the table `{first}-prod` of Glue's catalog", "tomas", "glue",
             "DeleteTable", {"DatabaseName": "logs", "Name": f"{first}-prod"}),
        Call(TABLE, f"chiara-ci creates the table `{second}-prod`", "chiara-ci", "dynamodb",
             "CreateTable", {"TableName": f"{second}-prod"}),
        _opens("opens port 22 to the office", "mara", _permission(22, OFFICE)),
        _opens("opens port 443 to the world and 22 to the office, in one call", "tomas",
               _permission(443, WORLD), _permission(22, OFFICE)),
        _opens("tries to open port 22 to the world", "lena", _permission(22, WORLD),
               error="UnauthorizedOperation"),
        _trail("StopLogging", "tries to stop", "jonas", "teapot", error="AccessDeniedException"),
        _trail("StartLogging", "starts", "priya", "teapot-old"),
        _rule("EnableRule", "enables a rule", "mara"),
        _rule("DisableRule", "tries to disable a rule", "lena", error="AccessDeniedException"),
        Call(RULE, "chiara-ci deletes a rule of a load balancer", "chiara-ci", "elbv2",
             "DeleteRule", {"RuleArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
                            "listener-rule/app/shop/6d0ecf831eec9f09/aa/bb"}),
    ]  # fmt: skip


def _others(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same world with other tables: a pattern that lists names does not know them."""
    return {**facts, "tables": [f"{name}-{facts['more']}" for name in facts["tables"]]}


def sample(facts: Mapping[str, Any]) -> list[Call]:
    """What happened last week: every kind of near miss, and some of what is wanted."""
    good = wanted(facts)
    rows = [*misses(facts), good[0], good[2], good[3], good[5], good[7],
            _trail("StopLogging", "stops", "tomas", "teapot-old", wanted=True)]  # fmt: skip
    random.Random(facts["seed"]).shuffle(rows)
    return rows


@dataclass(frozen=True)
class Played(Step):
    """A step with its call; none where the call is made for real."""

    call: Call | None = None


def unseen(lab: Lab, facts: Mapping[str, Any], start: datetime) -> list[Played]:
    """Twenty-four calls of the weeks that follow; the last one is StopLogging."""
    facts = _others(facts)
    rows = [*wanted(facts), *misses(facts)]
    random.Random(facts["seed"] + 1).shuffle(rows)
    out = []
    for number, call in enumerate(rows):
        at = start + timedelta(hours=7 * (number + 1), minutes=facts["minute"])
        out.append(Played(at, call.happening(lab, at, 500 + number), call=call))
    last = out[-1].at + timedelta(hours=5)
    stops = _trail("StopLogging", "stops", "learner", "teapot", wanted=True)
    out.append(Played(last, stops.happening(lab, last, 999), action=STOP))
    return out


# -- a week in files
def week(
    lab: Lab, facts: Mapping[str, Any], monday: datetime, seed: int
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Records of a week: (Region, day) -> those of the day's file.

    Parameters
    ----------
    lab:
        Whose account.
    facts:
        The learner's.
    monday:
        Midnight of the first day.
    seed:
        Of who does what.
    """
    drawn = random.Random(seed)
    ordinary = [call for call in [*wanted(facts), *misses(facts)] if not call.error]
    mixed = [*ordinary, *_reads()] * 2 + _errors(facts)
    out = {}
    for region in REGIONS:
        for day in range(7):
            midnight = monday + timedelta(days=day)
            minutes = sorted(drawn.sample(range(8 * 60, 18 * 60), 12))
            out[region, day] = [
                drawn.choice(mixed).record(
                    lab, midnight + timedelta(minutes=minute), drawn.randrange(1 << 28), region
                )
                for minute in minutes
            ]
    return out


def _reads() -> Sequence[Call]:
    return [
        Call(TABLE, "", "mara", "ec2", "DescribeInstances"),
        Call(TABLE, "", "priya", "cloudtrail", "LookupEvents"),
        Call(TABLE, "", "tomas", "dynamodb", "DescribeTable", {"TableName": "orders-prod"}),
    ]


def _errors(facts: Mapping[str, Any]) -> list[Call]:
    refused = [call for call in misses(facts) if call.error]
    others = [
        Call(TABLE, "", "jonas", "iam", "ListUsers", error="AccessDenied"),
        Call(TABLE, "", "jonas", "iam", "ListUsers", error="AccessDenied"),
        Call(TABLE, "", "tomas", "kms", "ListKeys", error="AccessDeniedException"),
        Call(TABLE, "", "watcher", "ec2", "DescribeInstances", error="RequestLimitExceeded"),
        Call(TABLE, "", "tomas", "dynamodb", "DeleteTable", {"TableName": "cups-test"},
             error="ResourceNotFoundException"),
    ]  # fmt: skip
    return [*refused, *refused, *others, *others]


def refusals(days: Mapping[Any, Sequence[Mapping[str, Any]]]) -> dict[tuple[str, str], int]:
    """(who, call) -> how often it was refused."""
    out: dict[tuple[str, str], int] = {}
    for records in days.values():
        for one in records:
            if one.get("errorCode") in REFUSED:
                key = (one["userIdentity"]["arn"], one["eventName"])
                out[key] = out.get(key, 0) + 1
    return out
