"""Exercise 14: a trail that keeps what an auditor will ask for, and an inquiry into a Friday night.

The learner's trail is looked at by its files, after calls in three Regions (:mod:`.keeping`); the
inquiry is answered from event history (:mod:`.inquiry`), whose night is in :mod:`.night`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course import catching
from labkit.course.checks.c14_cloudtrail.inquiry import Inquiry
from labkit.course.checks.c14_cloudtrail.keeping import (
    CUSTOMER,
    KEEP_DAYS,
    NOVEMBER,
    OLD,
    PICTURES,
    Keeping,
)
from labkit.course.checks.c14_cloudtrail.night import SESSIONS, WEARERS, night, put_night
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab

AUDIT = "teapot-audit"


class CloudTrailExercise(Task):
    """See the head of this file."""

    chapter = "14_cloudtrail"
    title = "A trail for the auditor, and Friday night"
    minutes = 30
    checks = (Keeping(), Inquiry())

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Sessions, who wears them, the address, the minute, the attempts."""
        return {
            "seed": variant.seed() % 1_000_000,
            "sessions": variant.some("sessions", SESSIONS, 4),
            "wearers": variant.some("wearers", WEARERS, 4),
            "guilty": variant.number("guilty", 0, 3),
            "address": f"192.0.2.{variant.number('address', 20, 240)}",
            "minute": variant.number("minute", 2, 40),
            "failed": variant.number("failed", 9, 17),
            "newcomer": variant.pick("newcomer", ("nora", "emil", "ida", "oskar")),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """A week of work with the night in it, three buckets, November's trail, an empty bucket."""
        lab.people.week()
        found = night(lab.start, facts)
        put_night(lab, found, facts)
        s3 = lab.client("s3", "us-east-1")
        for bucket in (CUSTOMER, OLD, PICTURES):
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key="2026/a.json", Body=b"{}")
        s3.create_bucket(Bucket=AUDIT)
        # Created and never started.
        bucket = catching.trail_bucket(lab, f"teapot-{NOVEMBER}")
        lab.client("cloudtrail", "us-east-1").create_trail(Name=NOVEMBER, S3BucketName=bucket)
        return {
            "bucket": AUDIT,
            "customer": f"arn:aws:s3:::{CUSTOMER}/",
            "friday": f"{found.at:%Y-%m-%d}",
        }

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Priya wants."""
        return Ticket(
            who="Priya, security",
            text="(1) From today on record: every management call of all Regions, those that only "
            f"read too; of data events the reads of objects in `s3://{CUSTOMER}/` and nothing "
            f"else. Kept for {KEEP_DAYS} days, and tampering must show. There is a trail since "
            "November. The auditor found its bucket empty.\n"
            "(2) On Friday, shortly before midnight (UTC), a subnet was deleted by the role "
            "`deploy`. Who was it: which person (an IAM user) behind the role, from which address? "
            "Which ids did that session change, the subnet among them, and how many of its calls "
            "were refused?",
            deliver="a trail in the account (us-east-1), into the bucket `ex.bucket`; and "
            "`friday()` with `@ex.deliver` above it, which returns a dict with the keys `person`, "
            "`address`, `touched` (a list of ids) and `failed` (a number).",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.bucket": "an empty bucket in us-east-1; it has no policy",
            "ex.customer": f"how the ARN of every object of `{CUSTOMER}` begins",
            "ex.friday": "the day, as 2026-01-02",
            NOVEMBER: "the trail that somebody created in November",
            "ex.lab": "the lab; `ex.lab.cloudtrail.view_events(...)` and "
            "`ex.lab.cloudtrail.view_digests(...)` draw",
        }


TASK = CloudTrailExercise()
