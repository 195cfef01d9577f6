"""Friday night: four people wear one role, one of them deletes a subnet.

The calls lie in event history as a past. Everything that a learner is asked can be read there:
the session of the deletion, the AssumeRole that began it, the refused attempts before it, and
what else the session changed. Another session tried to delete the same subnet and was refused:
the name of the call alone leads to the wrong one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.core.jsontext import dumps
from labkit.core.past_calls import Caller, Deed, PastCalls
from labkit.lab import Lab
from labkit.workloads.people_faces import CLI, FACES, TERRAFORM

REGION, ROLE = "us-east-1", "deploy"
#: Who may take on the role; IAM users all.
WEARERS = ("mara", "jonas", "lena", "chiara")
SESSIONS = ("release-41", "release-42", "hotfix", "night-build", "rollback", "pipeline")

_REFUSED = (
    ("ec2", "DeleteVpc", "VpcId", "vpc-"),
    ("ec2", "DeleteSubnet", "SubnetId", "subnet-"),
    ("ec2", "DeleteNatGateway", "NatGatewayId", "nat-"),
    ("ec2", "TerminateInstances", "InstanceIds", "i-"),
)


@dataclass(frozen=True)
class Night:
    """What there is to find.

    Parameters
    ----------
    person, session:
        The IAM user behind the deletion, and the session of the role.
    address:
        From where.
    touched:
        Ids of all that the session changed, the subnet among them.
    failed:
        How many of its calls were refused.
    subnet:
        What was deleted.
    at:
        When.
    others:
        Session -> IAM user of the other three; ``tried`` is who was refused the same deletion.
    """

    person: str
    session: str
    address: str
    touched: frozenset[str]
    failed: int
    subnet: str
    at: datetime
    others: Mapping[str, str]
    tried: str


def night(start: datetime, facts: Mapping[str, Any]) -> Night:
    """The night of one learner; ``start`` is the Monday on which the lab begins."""
    friday = start.replace(hour=0, minute=0, second=0) - timedelta(days=3)
    drawn = random.Random(facts["seed"])
    ids = {name: f"{name}-{drawn.getrandbits(68):017x}" for name in ("subnet", "rtb", "sg", "i")}
    worn = dict(zip(facts["sessions"], facts["wearers"], strict=True))
    session = facts["sessions"][facts["guilty"]]
    return Night(
        worn[session], session, facts["address"], frozenset(ids.values()), facts["failed"],
        ids["subnet"], friday + timedelta(hours=23, minutes=facts["minute"]),
        {name: user for name, user in worn.items() if name != session},
        facts["sessions"][(facts["guilty"] + 1) % 4],
    )  # fmt: skip


def session_of(lab: Lab, name: str) -> dict[str, str]:
    """A session of the role, as records show it."""
    identities, account = lab.identities, lab.account
    role_id = "AROA" + identities.letters("role-id", account, ROLE)
    return {
        "kind": "AssumedRole",
        "account": account,
        "arn": f"arn:aws:sts::{account}:assumed-role/{ROLE}/{name}",
        "principal_id": f"{role_id}:{name}",
        "access_key_id": "ASIA" + identities.letters("session", account, name),
        "name": name,
        "issuer_arn": f"arn:aws:iam::{account}:role/{ROLE}",
        "issuer_id": role_id,
    }


def _deed(service: str, operation: str, request: Mapping[str, Any], error: str = "") -> Deed:
    reads = operation.startswith(("Describe", "Get", "List"))
    message = f"You are not authorized to perform: {service}:{operation}" if error else ""
    answer = "null" if error or reads else "{}"
    return Deed(service, operation, reads, dumps(dict(request)), answer, error, message)


def _assume(session: Mapping[str, str]) -> Deed:
    asked = {"RoleArn": session["issuer_arn"], "RoleSessionName": session["name"]}
    told = {
        "Credentials": {"AccessKeyId": session["access_key_id"]},
        "AssumedRoleUser": {"AssumedRoleId": session["principal_id"], "Arn": session["arn"]},
    }
    return Deed("sts", "AssumeRole", True, dumps(asked), dumps(told))


_Row = tuple[datetime, Deed, Caller]


def _honest(lab: Lab, found: Night, session: str, user: str, drawn: random.Random) -> list[_Row]:
    """A deployment as it should be; one of them stumbles over the subnet."""
    principals, worn = lab.people.principals(), session_of(lab, session)
    face = FACES[user]
    begin = found.at - timedelta(minutes=drawn.randrange(40, 200))
    rows: list[_Row] = [
        (begin, _assume(worn), Caller(principals[user], face.source_ip, face.user_agent))
    ]
    wears = Caller(worn, "198.51.100.40", TERRAFORM)
    for number in range(drawn.randrange(6, 12)):
        thing = f"i-{drawn.getrandbits(68):017x}"
        deed = drawn.choice(
            (
                _deed("ec2", "DescribeSubnets", {}),
                _deed("ec2", "DescribeInstances", {}),
                _deed("ec2", "RebootInstances", {"InstanceIds": [thing]}),
                _deed("ec2", "CreateTags", {"Resources": [thing], "Tags": []}),
            )
        )
        rows.append(
            (begin + timedelta(minutes=2 + number, seconds=drawn.randrange(60)), deed, wears)
        )
    if session == found.tried:
        refused = _deed("ec2", "DeleteSubnet", {"SubnetId": found.subnet}, "UnauthorizedOperation")
        rows.append((found.at - timedelta(minutes=10), refused, wears))
    return rows


def _guilty(lab: Lab, found: Night, drawn: random.Random) -> list[_Row]:
    """The one that did it: taken on, refused again and again, then four changes."""
    principals, worn = lab.people.principals(), session_of(lab, found.session)
    began = found.at - timedelta(minutes=26)
    rows: list[_Row] = [
        (began, _assume(worn), Caller(principals[found.person], found.address, CLI))
    ]
    wears = Caller(worn, found.address, CLI)
    for number in range(found.failed):
        service, operation, key, prefix = drawn.choice(_REFUSED)
        thing = f"{prefix}{drawn.getrandbits(68):017x}"
        request: dict[str, Any] = {key: [thing] if key.endswith("s") else thing}
        at = began + timedelta(seconds=60 + int(1200 * number / found.failed))
        rows.append((at, _deed(service, operation, request, "UnauthorizedOperation"), wears))
    by = {name.split("-")[0]: name for name in found.touched}
    acts: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("DeleteSubnet", {"SubnetId": by["subnet"]}, 0),
        ("DeleteRoute", {"RouteTableId": by["rtb"], "DestinationCidrBlock": "0.0.0.0/0"}, 3),
        ("RevokeSecurityGroupIngress", {"GroupId": by["sg"], "IpPermissions": []}, 5),
        ("StopInstances", {"InstanceIds": [by["i"]]}, 8),
    )
    for operation, request, minutes in acts:
        at = found.at + timedelta(minutes=minutes)
        rows.append((at, _deed("ec2", operation, request), wears))
        look = at + timedelta(seconds=20)
        rows.append((look, _deed("ec2", "DescribeSubnets", {}), wears))
    return rows


def put_night(lab: Lab, found: Night, facts: Mapping[str, Any]) -> None:
    """Put the night into event history."""
    import numpy as np

    drawn = random.Random(facts["seed"] + 1)
    rows = _guilty(lab, found, drawn)
    for session, user in found.others.items():
        rows += _honest(lab, found, session, user, drawn)
    rows.sort(key=lambda row: row[0])
    deeds = list(dict.fromkeys(deed for _, deed, _ in rows))
    callers: list[Caller] = []
    for _, _, caller in rows:
        if caller not in callers:
            callers.append(caller)
    calls = PastCalls(
        np.array([to_us(at) for at, _, _ in rows], np.int64),
        np.array([deeds.index(deed) for _, deed, _ in rows], np.int32),
        np.array([callers.index(caller) for _, _, caller in rows], np.int32),
        deeds,
        callers,
        f"friday/{facts['seed']}",
    )
    lab.parts.cloudtrail.import_calls(lab.account, REGION, calls)


def wrong(found: Night, said: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with an answer and the question that helps; None when it is right."""
    person, address = str(said.get("person", "")), str(said.get("address", ""))
    if ROLE in person.split("/")[0] or person == ROLE:
        return (
            f"`{person}`: the role `{ROLE}` was worn by four people that night.",
            "Which session was it, and who took the role on under that name?",
        )
    if person in (found.session, *found.others):
        return (
            f"`{person}` is the name of a session; whoever takes a role on chooses it freely.",
            "Which call begins a session, and whose record is it?",
        )
    if person == found.others.get(found.tried):
        return (
            f"`{person}` tried to delete the subnet, ten minutes before, and was refused.",
            "How does a record of a refused call differ from one of a call that went well?",
        )
    if person != found.person:
        return (
            f"Nothing that leads to `{person}` deleted {found.subnet}.",
            "Which session deleted it, and which AssumeRole began that session?",
        )
    if address != found.address:
        return (
            f"The deletion did not come from `{address}`.",
            "Which field of that very record says from where?",
        )
    touched = said.get("touched")
    told = set(map(str, touched)) if isinstance(touched, list | tuple | set | frozenset) else set()
    if missing := sorted(found.touched - told):
        return (
            f"{len(missing)} of {len(found.touched)} things are missing, one begins with "
            f"`{missing[0].split('-')[0]}-`.",
            "What else did this session change, before and after the subnet?",
        )
    if extra := sorted(told - found.touched):
        return (
            f"`{extra[0]}` was not changed by this session.",
            "Which of its calls went well, and which were refused?",
        )
    if said.get("failed") != found.failed:
        return (
            f"{said.get('failed')} refused calls of this session are in your list, "
            f"{found.failed} in the history.",
            "Did you read every page of the answer, and this session only?",
        )
    return None


def sessions(found: Night) -> Sequence[tuple[str, str]]:
    """Each session and who wore it, for the picture."""
    return sorted({found.session: found.person, **found.others}.items())
