"""What happens at Teapot, as EventBridge tells it: sign-ins, machines, objects, builds.

A happening is an event with the answer to Priya's question, whether she wants to be told. The same
makers serve the sample that learners see, the sixty events that they do not see, and the week that
is played. Each kind has its near misses, all of which are in the sample too.

Source: the services' own event references (aws-semantics 5.11).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import iso, to_us

#: Root signs in here, wherever the company's machines are.
ROOTS_REGION = "us-east-1"
#: 100 MiB, the ticket's limit; an object of this size is not bigger than it.
LIMIT = 100 * 1024 * 1024
FOLDER = "exports/"

ROOT, MACHINE, OBJECT, BUILD = KINDS = ("root sign-in", "machine", "object", "build")

STATES = ("pending", "running", "stopping", "stopped", "shutting-down", "terminated")
_DOWN = ("stopped", "terminated")
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Happening:
    """One event, and what Priya says of it.

    Parameters
    ----------
    kind:
        One of :data:`KINDS`.
    text:
        What happened, a short sentence.
    wanted:
        Whether it is worth an e-mail.
    region, source, detail_type, resources, detail:
        The event.
    says:
        What the e-mail's line has to hold: each a word of the event.
    ask:
        The question when it was decided wrongly.
    """

    kind: str
    text: str
    wanted: bool
    region: str
    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any]
    says: tuple[str, ...] = ()
    ask: str = ""

    def event(self, at: datetime, number: int, account: str) -> dict[str, Any]:
        """The whole event, as it would come at an instant."""
        return {
            "version": "0",
            "id": f"{number:08x}-7ea0-4000-8000-{number:012x}",
            "detail-type": self.detail_type,
            "source": self.source,
            "account": account,
            "time": iso(to_us(at)),
            "region": self.region,
            "resources": list(self.resources),
            "detail": dict(self.detail),
        }


@dataclass(frozen=True)
class Teapot:
    """Whose events these are.

    Parameters
    ----------
    account, home:
        The account, and the Region of machines, buckets and builds.
    machines:
        Name -> instance id.
    bucket, other_bucket:
        The bucket of the ticket, and one that is nobody's business.
    project:
        What builds are called behind ``prod-`` and ``preprod-``.
    """

    account: str
    home: str
    machines: Mapping[str, str]
    bucket: str
    other_bucket: str
    project: str

    # -- makers
    def sign_in(
        self, who: str = "root", ok: bool = True, mfa: bool = True, region: str = ROOTS_REGION
    ) -> Happening:
        """Somebody signs in to the console, or fails to; ``root``, or an IAM user's name."""
        root = who == "root"
        arn = f"arn:aws:iam::{self.account}:{who if root else f'user/{who}'}"
        identity = {
            "type": "Root" if root else "IAMUser", "principalId": self.account, "arn": arn,
            "accountId": self.account, "accessKeyId": "",
        }  # fmt: skip
        if not root:
            identity["userName"] = who
        outcome = "Success" if ok else "Failure"
        detail = {
            "eventVersion": "1.09", "userIdentity": identity,
            "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "awsRegion": region, "sourceIPAddress": "203.0.113.24",
            "responseElements": {"ConsoleLogin": outcome},
            "additionalEventData": {"MobileVersion": "No", "MFAUsed": "Yes" if mfa else "No"},
            "readOnly": False, "eventType": "AwsConsoleSignIn", "managementEvent": True,
            "recipientAccountId": self.account, "eventCategory": "Management",
        }  # fmt: skip
        if not ok:
            detail["errorMessage"] = "Failed authentication"
        name = "root" if root else f"the user `{who}`"
        way = ("with MFA" if mfa else "without MFA") if ok else "with a wrong password"
        return Happening(
            ROOT, f"{name} signs in {way}" if ok else f"{name} tries to sign in {way}", root,
            region, "aws.signin", "AWS Console Sign In via CloudTrail", (), detail, (outcome,),
            "In which Region does root sign in, and does a failed attempt look different?"
            if root else "Whose sign-in was it, and which field of the event says so?",
        )  # fmt: skip

    def root_calls(self, call: str, service: str = "iam") -> Happening:
        """Root calls an API: no sign-in."""
        detail = {
            "eventVersion": "1.09",
            "userIdentity": {"type": "Root", "arn": f"arn:aws:iam::{self.account}:root"},
            "eventSource": f"{service}.amazonaws.com", "eventName": call,
            "awsRegion": ROOTS_REGION, "readOnly": False, "eventType": "AwsApiCall",
        }  # fmt: skip
        return Happening(
            ROOT, f"root, signed in, calls {call}", False, ROOTS_REGION, f"aws.{service}",
            "AWS API Call via CloudTrail", (), detail, (),
            "A sign-in and a call by root share a field: which one parts them?",
        )  # fmt: skip

    def machine(self, name: str, state: str) -> Happening:
        """A machine enters a state; a name that is not Teapot's is a passing one of a group."""
        instance = self.machines.get(name, "i-0feedfacecafe0001")
        wanted = name.startswith("prod-") and name in self.machines and state in _DOWN
        if name.startswith("prod-"):
            ask = "Through which states does a machine go, and which of them say that it is down?"
        else:
            ask = "The event names an instance and not its name: which ids are production?"
        return Happening(
            MACHINE, f"`{name}` is {state}", wanted, self.home, "aws.ec2",
            "EC2 Instance State-change Notification",
            (f"arn:aws:ec2:{self.home}:{self.account}:instance/{instance}",),
            {"instance-id": instance, "state": state}, (instance, state), ask,
        )  # fmt: skip

    def object(
        self, key: str, size: int, reason: str = "PutObject", *, bucket: str = "",
        deleted: bool = False,
    ) -> Happening:  # fmt: skip
        """An object is created, or deleted."""
        bucket = bucket or self.bucket
        wanted = not deleted and bucket == self.bucket and key.startswith(FOLDER) and size > LIMIT
        held: dict[str, Any] = {"key": key, "sequencer": f"{size:016X}"}
        if not deleted:
            held |= {"size": size, "etag": "9b2cf535f27731c974343645a3985328"}
        detail = {
            "version": "0", "bucket": {"name": bucket}, "object": held,
            "request-id": "N4N7GDK58NMKJ12R", "requester": self.account,
            "source-ip-address": "203.0.113.9", "reason": "DeleteObject" if deleted else reason,
        }  # fmt: skip
        if deleted:
            detail["deletion-type"] = "Permanently Deleted"
        what = "is deleted" if deleted else f"of {size:,} bytes is created ({reason})"
        if wanted:
            ask = "Which words and which numbers of this event does your pattern ask for?"
        elif size <= LIMIT:
            ask = "What does the ticket say of an object of exactly the limit, and of smaller ones?"
        else:
            ask = "Where does the folder stand in a key, and which bucket is meant?"
        return Happening(
            OBJECT, f"`{key}` {what} in `{bucket}`", wanted, self.home, "aws.s3",
            "Object Deleted" if deleted else "Object Created", (f"arn:aws:s3:::{bucket}",),
            detail, (key,), ask,
        )  # fmt: skip

    def build(self, project: str, status: str) -> Happening:
        """A build's state changes."""
        wanted = project.startswith("prod-") and status == "FAILED"
        return Happening(
            BUILD, f"build of `{project}`: {status}", wanted, self.home, "aws.codebuild",
            "CodeBuild Build State Change", (self._build(project),),
            {"build-status": status, "project-name": project, "build-id": self._build(project),
             "current-phase": "COMPLETED", "current-phase-context": "[]", "version": "1",
             "additional-information": {"initiator": "tomas", "build-complete": True}},
            (project,),
            "Which status is a failure, and which project names begin with `prod-`?",
        )  # fmt: skip

    def phase(self, project: str) -> Happening:
        """A phase of a build failed; the build's own event follows it."""
        return Happening(
            BUILD, f"phase BUILD of `{project}` failed", False, self.home, "aws.codebuild",
            "CodeBuild Build Phase Change", (self._build(project),),
            {"completed-phase": "BUILD", "completed-phase-status": "FAILED",
             "project-name": project, "build-id": self._build(project), "version": "1"}, (),
            "CodeBuild has two kinds of events: which of them speaks of the whole build?",
        )  # fmt: skip

    def _build(self, project: str) -> str:
        return f"arn:aws:codebuild:{self.home}:{self.account}:build/{project}:7f3e2a"


def sample(teapot: Teapot) -> list[Happening]:
    """What learners see: every shape that is played later, right ones and near misses."""
    prod = [name for name in teapot.machines if name.startswith("prod-")]
    preprod = next(name for name in teapot.machines if name.startswith("preprod-"))
    project = teapot.project
    return [
        teapot.sign_in(),
        teapot.sign_in(ok=False, mfa=False),
        teapot.sign_in("priya"),
        teapot.sign_in("root-backup", region=teapot.home),
        teapot.root_calls("CreateAccessKey"),
        teapot.machine(prod[0], "stopping"),
        teapot.machine(prod[0], "stopped"),
        teapot.machine(preprod, "stopped"),
        teapot.machine(prod[1], "shutting-down"),
        teapot.machine(prod[1], "terminated"),
        teapot.object("exports/2026-01-02/orders.csv", LIMIT + 1),
        teapot.object("exports/2026-01-02/all.parquet", 5 * LIMIT, "CompleteMultipartUpload"),
        teapot.object("exports/2026-01-02/stock.csv", LIMIT),
        teapot.object("reports/exports/orders.csv", 3 * LIMIT),
        teapot.object("exports/tmp.csv", 2 * LIMIT, bucket=teapot.other_bucket),
        teapot.object("exports/2025-12-31/orders.csv", 0, deleted=True),
        teapot.build(f"prod-{project}", "FAILED"),
        teapot.build(f"prod-{project}", "STOPPED"),
        teapot.build(f"preprod-{project}", "FAILED"),
        teapot.phase(f"prod-{project}"),
    ]


def unseen(teapot: Teapot, seed: int) -> list[Happening]:
    """Sixty events in an order of their own: fifteen of each kind."""
    roll = random.Random(seed)
    out = [*_sign_ins(teapot, roll), *_machines(teapot), *_objects(teapot, roll),
           *_builds(teapot)]  # fmt: skip
    roll.shuffle(out)
    return out


def _sign_ins(teapot: Teapot, roll: random.Random) -> list[Happening]:
    ways = ((True, True), (True, False), (False, False), (False, False), (True, True))
    roots = [teapot.sign_in(ok=ok, mfa=mfa) for ok, mfa in ways]
    people = roll.sample(("mara", "jonas", "priya", "tomas", "lena", "root-backup"), 6)
    users = [
        teapot.sign_in(name, ok=n % 3 != 2, region=(ROOTS_REGION, teapot.home)[n % 2])
        for n, name in enumerate(people)
    ]
    calls = [("CreateAccessKey", "iam"), ("DeleteTrail", "cloudtrail"), ("StopInstances", "ec2"),
             ("PutBucketPolicy", "s3")]  # fmt: skip
    return [*roots, *users, *(teapot.root_calls(*call) for call in calls)]


def _machines(teapot: Teapot) -> list[Happening]:
    prod = [name for name in teapot.machines if name.startswith("prod-")]
    preprod = [name for name in teapot.machines if name.startswith("preprod-")]
    down = [(prod[0], "stopped"), (prod[1], "terminated"), (prod[2], "stopped"),
            (prod[2], "terminated")]  # fmt: skip
    between = list(zip((prod * 2)[:4], ("pending", "running", "stopping", "shutting-down"),
                       strict=True))  # fmt: skip
    others = [(preprod[0], "stopped"), (preprod[1], "terminated"), (preprod[0], "shutting-down"),
              ("a machine of a group", "terminated"), ("a machine of a group", "stopped"),
              ("a machine of a group", "running"), (preprod[1], "stopping")]  # fmt: skip
    return [teapot.machine(name, state) for name, state in [*down, *between, *others]]


def _objects(teapot: Teapot, roll: random.Random) -> list[Happening]:
    def big() -> int:
        return LIMIT + roll.randrange(1, 9_000) * 1024 + 7

    return [
        teapot.object("exports/orders.csv", LIMIT + 1),
        teapot.object("exports/2026/01/stock.csv", big()),
        teapot.object("exports/all.parquet", 40 * LIMIT, "CompleteMultipartUpload"),
        teapot.object("exports/copy-of-orders.csv", big(), "CopyObject"),
        teapot.object("exports/1gib.bin", 1024 * _MIB, "CompleteMultipartUpload"),
        teapot.object("exports/just-so.csv", LIMIT),
        teapot.object("exports/small.csv", 9_999),
        teapot.object("exports/99.csv", 99 * _MIB),
        teapot.object("exports/empty", 0),
        teapot.object("old-exports/orders.csv", big()),
        teapot.object("reports/exports/stock.csv", big()),
        teapot.object("exports.csv", big()),
        teapot.object("exports/orders.csv", big(), bucket=teapot.other_bucket),
        teapot.object("exports/orders.csv", 0, deleted=True),
        teapot.object("images/teapot.tiff", big()),
    ]


def _builds(teapot: Teapot) -> list[Happening]:
    shop, extra = teapot.project, f"{teapot.project}-api"
    statuses = [("prod", shop, "FAILED"), ("prod", extra, "FAILED"), ("prod", shop, "FAILED"),
                ("prod", "mail", "FAILED"),
                ("prod", shop, "SUCCEEDED"), ("prod", extra, "STOPPED"),
                ("prod", shop, "IN_PROGRESS"), ("prod", "mail", "STOPPED"),
                ("preprod", shop, "FAILED"), ("preprod", extra, "FAILED"),
                ("preprod", shop, "SUCCEEDED"), ("dev", shop, "FAILED")]  # fmt: skip
    made = [teapot.build(f"{stage}-{name}", status) for stage, name, status in statuses]
    made.append(teapot.build(f"not-prod-{shop}", "FAILED"))
    return [*made, teapot.phase(f"prod-{shop}"), teapot.phase(f"prod-{extra}")]


# -- what is played


@dataclass(frozen=True)
class Step:
    """A step of what is played.

    Parameters
    ----------
    at:
        When.
    told:
        The happening that Priya is told of, or is not: the last of its events.
    machine, action:
        A machine's name and what is done to it (``stop``, ``start``, ``terminate``); empty when
        the event comes by itself.
    """

    at: datetime
    told: Happening
    machine: str = ""
    action: str = ""


_Played = Sequence[tuple[Happening, str, str]]


def night(teapot: Teapot, start: datetime, minute: int) -> list[Step]:
    """Fourteen things, one an hour, from 03:00 of the night after ``start`` on."""
    prod = [name for name in teapot.machines if name.startswith("prod-")]
    preprod = [name for name in teapot.machines if name.startswith("preprod-")]
    project = teapot.project
    happen: _Played = [
        (teapot.sign_in(ok=False, mfa=False), "", ""),
        (teapot.sign_in(mfa=False), "", ""),
        (teapot.sign_in("lena", region=teapot.home), "", ""),
        (teapot.machine(preprod[0], "stopped"), preprod[0], "stop"),
        (teapot.machine(prod[0], "stopped"), prod[0], "stop"),
        (teapot.machine(prod[0], "running"), prod[0], "start"),
        (teapot.machine(prod[2], "terminated"), prod[2], "terminate"),
        (teapot.object("exports/just-so.csv", LIMIT), "", ""),
        (teapot.object("exports/2026/week-2.csv", LIMIT + 1), "", ""),
        (teapot.object("exports/all.parquet", 7 * LIMIT, "CompleteMultipartUpload"), "", ""),
        (teapot.object("old-exports/orders.csv", 2 * LIMIT), "", ""),
        (teapot.build(f"prod-{project}", "SUCCEEDED"), "", ""),
        (teapot.build(f"preprod-{project}", "FAILED"), "", ""),
        (teapot.build(f"prod-{project}", "FAILED"), "", ""),
    ]
    return _hourly(happen, start + timedelta(days=1), 3, minute)


def rehearsal(teapot: Teapot, start: datetime) -> list[Step]:
    """Six things of the same kinds, for learners to look at."""
    prod = [name for name in teapot.machines if name.startswith("prod-")]
    preprod = [name for name in teapot.machines if name.startswith("preprod-")]
    happen: _Played = [
        (teapot.sign_in(), "", ""),
        (teapot.sign_in("priya"), "", ""),
        (teapot.machine(prod[1], "stopped"), prod[1], "stop"),
        (teapot.machine(preprod[1], "terminated"), preprod[1], "terminate"),
        (teapot.object("exports/rehearsal.csv", 3 * LIMIT), "", ""),
        (teapot.build(f"prod-{teapot.project}-api", "FAILED"), "", ""),
    ]
    return _hourly(happen, start + timedelta(hours=1), start.hour + 1, 0)


def _hourly(happen: _Played, day: datetime, hour: int, minute: int) -> list[Step]:
    first = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return [
        Step(first + n * timedelta(hours=1), told, machine, action)
        for n, (told, machine, action) in enumerate(happen)
    ]


def teapot_of(handles: Mapping[str, Any], facts: Mapping[str, Any], account: str) -> Teapot:
    """The company of an exercise's world."""
    return Teapot(
        account, facts["home"], handles["machines"], facts["bucket"], facts["other_bucket"],
        facts["project"],
    )  # fmt: skip
