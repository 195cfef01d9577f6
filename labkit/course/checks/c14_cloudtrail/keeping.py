"""Check 1: the trail. Calls are made in three Regions, objects are read, a file is tampered with.

What a trail keeps is read in its bucket, as an auditor would: no setting is asked for that the
files do not show, but for the lifecycle, whose effect lies more than a year ahead.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.jsontext import dumps, parse
from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

CUSTOMER, OLD, PICTURES = "teapot-customer", "teapot-customer-old", "teapot-pictures"
KEEP_DAYS = 400
NOVEMBER = "november"


@dataclass(frozen=True)
class Wish:
    """A call that is made, and whether its record is wanted. ``ask`` is said when it went wrong."""

    text: str
    region: str
    service: str
    operation: str
    request: Mapping[str, Any]
    wanted: bool
    ask: str

    def like(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is the one of this call."""
        asked = record.get("requestParameters") or {}
        same = all(
            asked.get(mine) == self.request.get(theirs)
            for theirs, mine in (("Bucket", "bucketName"), ("Key", "key"), ("UserName", "userName"))
            if theirs in self.request
        )
        name = "".join(part.capitalize() for part in self.operation.split("_"))
        return bool(record["eventName"] == name and record["awsRegion"] == self.region and same)


_REGIONS = "In how many Regions does the trail look, and in how many do people call?"
_MANAGEMENT = "Does your trail still keep what it would have kept without selectors?"
_READS = "Which kind of events are reads of objects, and where does a trail say which it wants?"
_PREFIX = "Where does the name of the bucket end in your selector?"
_WRITES = "Priya asked for reads of that bucket. What else does your selector let in?"


def wishes(facts: Mapping[str, Any]) -> list[Wish]:
    """The calls, in the order in which they are made."""
    user = {"UserName": facts["newcomer"]}
    us, far, eu = "us-east-1", "ap-southeast-2", "eu-west-1"

    def reads(bucket: str, wanted: bool, ask: str) -> Wish:
        request = {"Bucket": bucket, "Key": "2026/a.json"}
        return Wish(f"an object of {bucket} is read", us, "s3", "get_object", request, wanted, ask)

    return [
        Wish("a VPC is made in ap-southeast-2", far, "ec2", "create_vpc",
             {"CidrBlock": "10.9.0.0/16"}, True, _REGIONS),
        Wish("instances are listed in eu-west-1", eu, "ec2", "describe_instances", {}, True,
             _REGIONS),
        Wish("a user is made (IAM is recorded in us-east-1)", us, "iam", "create_user", user, True,
             _MANAGEMENT),
        Wish("instances are listed in us-east-1", us, "ec2", "describe_instances", {}, True,
             _MANAGEMENT),
        reads(CUSTOMER, True, _READS),
        reads(OLD, False, _PREFIX),
        reads(PICTURES, False, "Which buckets did Priya name?"),
        Wish(f"an object is written to {CUSTOMER}", us, "s3", "put_object",
             {"Bucket": CUSTOMER, "Key": "2026/new.json", "Body": b"{}"}, False, _WRITES),
    ]  # fmt: skip


class Keeping(Check):
    """What the files of the trail hold."""

    title = "a trail that delivers, of everything asked for and nothing else"
    points = 4
    hints = (
        "Ask the trail itself whether it is logging, and look into its bucket an hour later.",
        "A bucket policy for cloudtrail.amazonaws.com, `IsMultiRegionTrail`, "
        "`EnableLogFileValidation`, `start_logging`; advanced event selectors: management, and "
        "data with `readOnly` and `resources.ARN` StartsWith `arn:aws:s3:::name/`.",
        "AdvancedEventSelectors=[{'FieldSelectors': [{'Field': 'eventCategory', 'Equals': "
        "['Management']}]}, {'FieldSelectors': [{'Field': 'eventCategory', 'Equals': ['Data']}, "
        "{'Field': 'resources.type', 'Equals': ['AWS::S3::Object']}, {'Field': 'readOnly', "
        "'Equals': ['true']}, {'Field': 'resources.ARN', 'StartsWith': ['____']}]}]",
    )
    alternatives = (
        "Basic selectors: one for management (All), one for data (ReadOnly); a single selector "
        "with ReadOnly cuts the management writes as well.",
        "`arn:aws:s3:::teapot-customer` without the slash begins the name of another bucket too.",
        "Versioning and object lock keep old files; they do not say that one was changed.",
    )
    cell = "trail"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The trails, when there is another one than November's or that one was touched."""
        world = bench.copy
        told = []
        for trail in _trails(world):
            status = _status(world, trail)
            changed = trail["HasCustomEventSelectors"] or trail["IsMultiRegionTrail"]
            if trail["Name"] == NOVEMBER and not (status["IsLogging"] or changed):
                continue
            told.append(f"`{trail['Name']}`{'' if status['IsLogging'] else ' (not logging)'}")
        return Attempted(f"{count(len(told), 'trail')}: {', '.join(told)}") if told else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """November's trail as it was."""
        return NotAttempted(
            f"There is the trail `{NOVEMBER}`, as it was: it has delivered nothing since.",
            start="`get_trail_status(Name='november')`, then a trail of your own or this one "
            "mended, into the bucket `teapot-audit`.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Make the calls, read the files; tamper; wait for 95 days."""
        world = bench.replay()
        asked = wishes(bench.facts)
        day = world.now + timedelta(hours=1)
        for number, wish in enumerate(asked):
            world.run_until(day + timedelta(minutes=7 * number))
            getattr(world.client(wish.service, wish.region), wish.operation)(**wish.request)
        world.run_until(day + timedelta(hours=3))
        played = f"{count(len(asked), 'call')} in three Regions; a day later one file is changed"
        files = list(_files(world))
        records = [record for one in files for record in one.records]
        figure = _picture(asked, records)
        problem = _nothing(world, files) or _first(asked, records)
        if problem is not None:
            return NotYet(
                f"{_right(asked, records)} of {len(asked)} are as Priya wants them.",
                attempted.built, played, *problem, figure,
            )  # fmt: skip
        problem = _tampered(world, files, asked[0])
        if problem is not None:
            return NotYet(
                "A file was changed and nothing shows it.", attempted.built, played, *problem,
                figure,
            )  # fmt: skip
        problem = _lifecycle(world, files)
        if problem is not None:
            return NotYet(
                "The files do not stay for 400 days.", attempted.built, played, *problem, figure
            )
        return self._passed(bench, world, files, attempted, day, figure, played)

    def _passed(
        self,
        bench: Bench,
        world: Lab,
        files: list[File],
        attempted: Attempted,
        day: datetime,
        figure: Drawing,
        played: str,
    ) -> Outcome:
        logging = [trail for trail in _trails(world) if _status(world, trail)["IsLogging"]]
        for trail in logging:
            # What counts is what becomes of these files; 2,280 hourly digests need not be signed.
            client = world.client("cloudtrail", trail["HomeRegion"])
            client.stop_logging(Name=trail["TrailARN"])
        world.run_until(day + timedelta(days=95))
        history = world.client("cloudtrail", "ap-southeast-2").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateVpc"}]
        )["Events"]
        kept = [one for one in files if _there(world, one)]
        if not kept or history:
            return NotYet(
                "After 95 days the files are not what they were.", attempted.built, played,
                f"{len(kept)} of {len(files)} files are left.", "Who deletes them?", figure,
            )  # fmt: skip
        remarks: tuple[str, ...] = ()
        if len(logging) > 1:
            names = ", ".join(trail["Name"] for trail in logging)
            remarks = (
                f"{len(logging)} trails log ({names}): the second copy of management events costs "
                "$2.00 for 100,000.",
            )
        return Passed(
            "Every call that was asked for is in the files, none beside them, and the changed file "
            "is named.",
            why="A trail delivers once it is started, where its bucket lets it, from the Regions "
            "and of the kinds that it is told; digests chain the files, so a change shows. 95 days "
            "later event history has forgotten the VPC of the first day. The file has not.",
            built=attempted.built,
            cost="the first copy of management events is free; reads of objects cost $0.10 for "
            "100,000.",
            alternative="two trails, one for data events: dearer, and one could be stopped alone.",
            remarks=remarks,
            figure=figure,
        )


# ---- reading what there is
def _trails(world: Lab) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for region in ("us-east-1", "eu-west-1", "ap-southeast-2"):
        for trail in world.client("cloudtrail", region).describe_trails()["trailList"]:
            found.setdefault(trail["TrailARN"], trail)
    return list(found.values())


def _status(world: Lab, trail: Mapping[str, Any]) -> dict[str, Any]:
    client = world.client("cloudtrail", trail["HomeRegion"])
    status: dict[str, Any] = client.get_trail_status(Name=trail["TrailARN"])
    return status


@dataclass(frozen=True)
class File:
    """A file of a trail: where it is, and its records."""

    trail: str
    region: str
    bucket: str
    key: str
    records: tuple[dict[str, Any], ...]


def _files(world: Lab) -> Iterator[File]:
    s3 = world.client("s3", "us-east-1")
    for trail in _trails(world):
        if not _status(world, trail)["IsLogging"]:
            continue
        bucket, prefix = trail["S3BucketName"], trail.get("S3KeyPrefix", "")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                parts = one["Key"].removeprefix(prefix).strip("/").split("/")
                if len(parts) < 4 or parts[2] != "CloudTrail":
                    continue
                body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                records = parse(gzip.decompress(body))["Records"]
                yield File(trail["TrailARN"], parts[3], bucket, one["Key"], tuple(records))


def _there(world: Lab, one: File) -> bool:
    listed = world.client("s3", "us-east-1").list_objects_v2(Bucket=one.bucket, Prefix=one.key)
    return bool(listed.get("Contents"))


# ---- what is wrong
def _nothing(world: Lab, files: list[File]) -> tuple[str, str] | None:
    if files:
        return None
    for trail in _trails(world):
        status = _status(world, trail)
        if status["IsLogging"] and status.get("LatestDeliveryError"):
            return (
                f"`{trail['Name']}` is logging and cannot deliver: "
                f"{status['LatestDeliveryError']}.",
                "What does the bucket say to CloudTrail?",
            )
    return (
        "Three hours later there is no file: no trail of yours is logging.",
        "What does a trail answer when you ask it for its status?",
    )


def _first(asked: list[Wish], records: list[dict[str, Any]]) -> tuple[str, str] | None:
    for wish in asked:
        found = any(wish.like(record) for record in records)
        if wish.wanted and not found:
            return f"Not in your files: {wish.text}.", wish.ask
        if found and not wish.wanted:
            return f"In your files, and nobody asked for it: {wish.text}.", wish.ask
    return None


def _right(asked: list[Wish], records: list[dict[str, Any]]) -> int:
    return sum(any(w.like(record) for record in records) == w.wanted for w in asked)


def _tampered(world: Lab, files: list[File], wish: Wish) -> tuple[str, str] | None:
    """Somebody takes the record of the VPC out of its file; whether validation names it."""
    one = next(f for f in files if any(wish.like(record) for record in f.records))
    left = [record for record in one.records if not wish.like(record)]
    world.run_until(world.now + timedelta(days=1))
    body = gzip.compress(dumps({"Records": left}).encode(), mtime=0)
    world.client("s3", "us-east-1").put_object(Bucket=one.bucket, Key=one.key, Body=body)
    proof = world.cloudtrail.validate(one.trail, region=one.region)
    judged = [j for j in proof.files if j.key == one.key]
    if not judged:
        return (
            f"The record of the VPC is gone from `{one.key.rsplit('/', 1)[1]}`, and no digest "
            "names that file.",
            "What would have to be written down about a file, when, and where, so that a change "
            "shows later?",
        )
    if judged[0].verdict == "valid":
        return f"Validation takes `{one.key}` for valid.", "Which file did the digest name?"
    return None


def _lifecycle(world: Lab, files: list[File]) -> tuple[str, str] | None:
    from botocore.exceptions import ClientError

    s3 = world.client("s3", "us-east-1")
    for bucket in sorted({one.bucket for one in files}):
        try:
            rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except ClientError:
            continue
        for rule in rules:
            prefix = rule.get("Filter", {}).get("Prefix", rule.get("Prefix", "")) or ""
            days = rule.get("Expiration", {}).get("Days")
            on = rule.get("Status") == "Enabled"
            if on and days and days < KEEP_DAYS and "AWSLogs/".startswith(prefix[:8]):
                return (
                    f"A rule of `{bucket}` deletes the files after {days} days.",
                    "An auditor comes on day 399. What does the bucket still have?",
                )
    return None


def _picture(asked: list[Wish], records: list[dict[str, Any]]) -> Drawing:
    """Each call: wanted, and there."""
    title = f"{_right(asked, records)} of {len(asked)} calls are as Priya wants them"
    columns = ["call", "wanted", "in your files", ""]
    rows = []
    for wish in asked:
        there = any(wish.like(record) for record in records)
        mark = "" if there == wish.wanted else "\u2717"
        rows.append([wish.text, "yes" if wish.wanted else "no", "yes" if there else "no", mark])
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
