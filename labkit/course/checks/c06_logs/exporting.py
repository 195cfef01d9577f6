"""Check 3: what lies in the auditor's bucket on Friday at noon."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labkit.core.clock import to_datetime
from labkit.course.bench import Bench
from labkit.course.checks.c06_logs.world import (
    BUCKET,
    DEADLINE,
    Written,
    wanted,
)
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, joined, number

_TEST = "aws-logs-write-test"
_CALLS = ("logs:CreateExportTask", "s3:PutBucketPolicy", "s3:PutObject")


@dataclass(frozen=True)
class Group:
    """One group's errors, and which of them lie in the bucket in time."""

    name: str
    errors: list[Written]
    there: set[str]

    @property
    def missing(self) -> list[Written]:
        """In the order of their time."""
        return [one for one in self.errors if one.text not in self.there]


class Exports(Check):
    """See the head of this file."""

    title = "Friday, 12:00: the month's errors of checkout and cart lie in the bucket"
    points = 3
    hints = (
        "An export answered COMPLETED. Which is the newest line in its files, and when was it "
        "written?",
        "The bucket's policy lets `logs.us-east-1.amazonaws.com` GetBucketAcl and PutObject; "
        "`create_export_task` with `from` and `to` in milliseconds; one task at a time; what came "
        "in during the last 12 hours may not be there for an export yet. `ex.lab.advance(...)`.",
        'ex.lab.advance(hours=____); logs.create_export_task(logGroupName="/teapot/checkout", '
        'destination="teapot-audit", to=..., **{"from": ...}); ex.lab.advance(minutes=1); then the '
        "other group",
    )
    alternatives = (
        "An export at once ends well and lacks the newest twelve hours, which is what Priya asks "
        "about first.",
        "Two tasks together: the second is refused, LimitExceededException, and nothing retries "
        "it.",
        "FilterLogEvents and PutObject give the errors alone, and now; for a month of a busy shop "
        "it is thousands of pages, five a second.",
    )
    cell = "export"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Export tasks, and objects in the bucket."""
        world, told = bench.copy, []
        for task in reversed(world.client("logs").describe_export_tasks()["exportTasks"]):
            made = to_datetime(task["executionInfo"]["creationTime"] * 1000)
            told.append(
                f"export of {task['logGroupName'].rpartition('/')[2]}, {made:%A %H:%M}, "
                f"{task['status']['code']}"
            )
        mine = [key for key, _, _ in _objects(world) if not key.endswith(_TEST)]
        if not told and mine:
            told.append(f"{count(len(mine), 'object')} put into the bucket by hand")
        if told:
            return Attempted("; ".join(told))
        return Attempted("") if _refused(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing is there."""
        return NotAttempted(
            f"Nothing has been exported yet: the bucket `{BUCKET}` is empty.",
            start="`create_export_task` on `/teapot/checkout`, and what it answers.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Go on until Friday noon, and read the bucket."""
        refused = _refused(bench)
        if not attempted.built:
            return _stopped(refused)
        world = bench.replay()
        world.run_until(max(world.now, DEADLINE))
        files = _objects(world)
        inside = [body for _, at, body in files if at <= DEADLINE]
        lines = "\n".join(inside)
        groups = [
            Group(name, errors, {one.text for one in errors if one.text in lines})
            for name, errors in wanted(bench.facts).items()
        ]
        total = sum(len(one.errors) for one in groups)
        there = total - sum(len(one.missing) for one in groups)
        figure = _picture(groups, f"{there} of {total} errors lie in the bucket on Friday at noon")
        if there == total:
            return _passed(world, attempted, total, lines, figure)
        late = sum(at > DEADLINE for _, at, _ in files)
        happened, question = _said(groups, late, refused)
        return NotYet(
            f"{there} of {total} errors lie in the bucket on Friday at noon.", attempted.built,
            "Friday, 9 January, 12:00: every object of the bucket is read.", happened, question,
            figure,
        )  # fmt: skip


def _objects(world: Lab) -> list[tuple[str, datetime, str]]:
    """Key, time and text of what lies in the bucket."""
    s3, found = world.client("s3", "us-east-1"), []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            if body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            found.append((one["Key"], one["LastModified"], body.decode("utf-8", "replace")))
    return found


def _refused(bench: Bench) -> Any:
    found = [one for one in bench.lab.world.journal if one.error and one.name in _CALLS]
    return found[-1] if found else None


def _said(groups: list[Group], late: int, refused: Any) -> tuple[str, str]:
    """What happened, and the question to it."""
    whole = [one for one in groups if not one.there]
    if late and whole:
        return (
            f"{count(late, 'object')} came after Friday noon.",
            "How long before Priya reads does an export have to begin, and how long does it take?",
        )
    if whole and len(whole) < len(groups):
        again = ""
        if refused is not None and refused.name == "logs:CreateExportTask":
            again = f" CreateExportTask was refused: {refused.error}."
        return (
            f"No line of {whole[0].name} is there.{again}",
            "How many export tasks of an account may be under way at one time?"
            if again
            else "Which groups did Priya name?",
        )
    worst = max(groups, key=lambda one: len(one.missing))
    missing = worst.missing
    first, last = missing[0], missing[-1]
    told = (
        f"{count(len(missing), 'error')} of {worst.name} missing, {_when(first.at)} to "
        f"{_when(last.at)}."
    )
    newest = max((one.at for one in worst.errors if one.text in worst.there), default=None)
    if newest is not None and first.at > newest:
        return (
            f"{told} The newest one in the bucket is of {_when(newest)}.",
            "From when on can a line that came in just now be exported?",
        )
    there = {one.stream for one in worst.errors if one.text in worst.there}
    absent = sorted({one.stream for one in missing} - there)
    if there and absent:
        return f"{told} There is nothing of {joined(absent)}.", "Which streams did you ask for?"
    return told, "Which stretch of time did you ask for, and in which unit?"


def _when(at: datetime) -> str:
    us = int(at.timestamp()) // 60 * 60_000_000
    return f"{day_text(us)} {clock_text(us)}"


def _passed(world: Lab, attempted: Attempted, total: int, lines: str, figure: Drawing) -> Passed:
    others = lines.count("INFO ")
    tasks = world.client("logs").describe_export_tasks()["exportTasks"]
    remarks = []
    if not tasks:
        remarks.append(
            "By hand it works for a month of this shop. FilterLogEvents is throttled at five calls "
            "a second in most Regions; an export of a busy group is one call."
        )
    elif others:
        remarks.append(
            f"{number(others)} other lines came along: an export takes no pattern. Priya said that "
            "they do no harm."
        )
    return Passed(
        f"{total} of {total} errors lie in the bucket, the ones of the last night among them.",
        why=_EXPORTED if tasks else _BY_HAND,
        built=attempted.built,
        cost="exports are free; objects in S3 cost $0.023 a GB and month, compressed.",
        alternative="a subscription to Firehose has each line in S3 within minutes, from the day "
        "on which it is made (chapter 08).",
        remarks=tuple(remarks),
        figure=figure,
    )


def _picture(groups: list[Group], title: str) -> Drawing:
    columns = ["group", "errors asked for", "in the bucket", "missing", "first missing (UTC)"]
    rows = [
        [one.name, str(len(one.errors)), str(len(one.there)), str(len(one.missing)),
         _when(one.missing[0].at) if one.missing else ""]
        for one in groups
    ]  # fmt: skip
    body = html.card(title, html.table(columns, rows, right=(1, 2, 3)), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)


def _stopped(entry: Any) -> Broken:
    operation = entry.name.split(":")[-1]
    return Broken(
        f"Nothing was exported: {operation} was refused.",
        error=f"{operation} answered {entry.error}",
        where="the cell that called it; AWS's text stands below that cell.",
        means=_MEANS.get(entry.error, ""),
    )


_EXPORTED = (
    "CreateExportTask copies what is available for export, which a line may become as late as 12 "
    "hours after it came in; it says COMPLETED either way. One task of an account runs at a time, "
    "and it asks the bucket's policy, not yours."
)
_BY_HAND = (
    "FilterLogEvents has a line as soon as it came in. Page by page, to the last token, it reads "
    "all streams of a group."
)
_MEANS = {
    "InvalidParameterException": "Three things are looked at before a task is made: that the "
    "bucket is there, that its policy lets `logs.us-east-1.amazonaws.com` read its ACL and put "
    "objects, and that the stretch of time is one: milliseconds since 1970, with lines in it.",
    "LimitExceededException": "One export task of an account may be under way at a time. The one "
    "before has not ended yet.",
    "MalformedPolicy": "S3 can't read the policy as JSON.",
}
