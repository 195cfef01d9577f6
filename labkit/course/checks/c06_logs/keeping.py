"""Check 1: what payments and debug keep, for how long, and who can read it.

The judge writes a line into each group and comes back on the days that matter.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c06_logs.world import DEBUG, PAYMENTS, STREAM, payment
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Calls that this check is about.
_CALLS = ("logs:PutRetentionPolicy", "logs:AssociateKmsKey", "logs:PutDataProtectionPolicy",
          "kms:PutKeyPolicy", "logs:PutAccountPolicy")  # fmt: skip
_MAIL = "lena.k@example.com"
_READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Resource": "*",
                   "Action": ["logs:FilterLogEvents", "logs:GetLogEvents"]}],
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Something that the judge looked at."""

    what: str
    wanted: str
    found: str
    good: bool


class Keeps(Check):
    """See the head of this file."""

    title = "payments and debug: kept as long as asked, under your key, without readable addresses"
    points = 3
    hints = (
        "Four things are wanted of two groups, and each is one call. Which of them does not care "
        "about the lines that are there already, and which one does?",
        "`put_retention_policy`; `associate_kms_key`, after `kms.put_key_policy` has let "
        "`logs.us-east-1.amazonaws.com` in; `put_data_protection_policy` with the managed data "
        "identifier `EmailAddress`, once to audit and once to de-identify.",
        'put_data_protection_policy(logGroupIdentifier="/teapot/payments", policyDocument='
        'json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [{"Sid": "audit", '
        '"DataIdentifier": [ID], "Operation": {"Audit": {"FindingsDestination": {}}}}, {"Sid": '
        '"mask", "DataIdentifier": [ID], "Operation": {"____": {"MaskConfig": {}}}}]}))',
    )
    alternatives = (
        "A retention that is the nearest round number (365 for 400) is a year that lacks a month.",
        "The shipper could take addresses out of the lines; then nobody can read them any more, "
        "Priya among them.",
        "An IAM policy that denies reading hides the whole line, not the address.",
    )
    cell = "keeping"

    def attempt(self, bench: Bench) -> Attempted | None:
        """What is set on the two groups."""
        built = _built(bench.copy)
        if built:
            return Attempted(built)
        return Attempted("") if _refused(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: both groups keep their lines for ever, under AWS's own "
            "key, with every address readable.",
            start="`ex.lab.logs.groups()`, which shows what each group keeps and what hangs on it.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Write a line into each, and come back."""
        if not attempted.built:
            return _stopped(bench)
        facts, world = bench.facts, bench.replay()
        visit, keep = _Visit(world), facts["keep_days"]
        looks = [*visit.readers(), visit.key(bench.handles["key"])]
        for group, days in ((DEBUG, facts["debug_days"]), (PAYMENTS, keep)):
            looks += [visit.day(group, days - 1, True), visit.day(group, days + 1, False)]
        good = sum(one.good for one in looks)
        figure = _picture(looks)
        played = (
            "one line into each group; then read by somebody without Unmask, with the key "
            f"disabled, and on the days around {facts['debug_days']} and {facts['keep_days']}"
        )
        wrong = [one for one in looks if not one.good]
        if wrong:
            happened, question = _said(wrong[0], bench)
            return NotYet(
                f"{good} of {len(looks)} looks are as asked.", attempted.built, played, happened,
                question, figure,
            )  # fmt: skip
        return Passed(
            f"All {len(looks)} looks are as asked: kept {facts['keep_days']} days and not longer, "
            "under your key, and no address to be read.",
            why="Retention is a group's setting and counts from each line's own time. A key and a "
            "data protection policy count for what comes after them; the line is stored as it "
            "came, and whoever has logs:Unmask can still read it.",
            built=attempted.built,
            cost="a key of your own costs $1 a month, masking $0.12 for a GB looked at; what debug "
            "no longer keeps is saved at $0.03 a GB and month.",
            alternative="data protection as an account's policy, which masks in every group.",
            remarks=(
                "The payments that were there before stay as they are: readable addresses, AWS's "
                "key. They go with the retention.",
            ),
            figure=figure,
        )


class _Visit:
    """The judge's two lines in a world, and what can be read of them later.

    Parameters
    ----------
    world:
        Its clock moves.
    """

    def __init__(self, world: Lab) -> None:
        self.world = world
        self.begun = world.now
        self.line = payment(7001, _MAIL)
        self._at = {
            group: self._put(group, stream, words)
            for group, stream, words in (
                (PAYMENTS, STREAM, self.line),
                (DEBUG, "web-1", "DEBUG the judge was here"),
            )
        }

    def _put(self, group: str, stream: str, words: str) -> int:
        """Write a line; its milliseconds. Whoever made the group anew has no streams in it."""
        logs, at = self.world.client("logs"), to_us(self.world.now) // 1000
        with suppress(ClientError):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        with suppress(ClientError):
            logs.put_log_events(
                logGroupName=group, logStreamName=stream,
                logEvents=[{"timestamp": at, "message": words}],
            )  # fmt: skip
        return at

    def read(self, group: str, client: Any = None, **more: Any) -> str:
        """The line as a client sees it; '' when it is not there, or can't be read."""
        asked = client or self.world.client("logs")
        try:
            found = asked.filter_log_events(
                logGroupName=group, startTime=self._at[group], endTime=self._at[group] + 1, **more
            )["events"]
        except ClientError:
            return ""
        return str(found[0]["message"]) if found else ""

    def readers(self) -> list[Look]:
        """What somebody reads who may read and not unmask, and what somebody who may."""
        somebody = self.world.user("somebody", _READER).client("logs")
        seen, plain = self.read(PAYMENTS, somebody), self.read(PAYMENTS, unmask=True)
        return [
            Look("an address in payments, read without Unmask", "asterisks", seen or "nothing",
                 bool(seen) and _MAIL not in seen),
            Look("the payment's number and sum beside it", "readable", seen or "nothing",
                 "p-7001 of 31.50" in seen),
            Look("the same line, read with Unmask", "as it came", plain or "nothing",
                 plain == self.line),
        ]  # fmt: skip

    def key(self, key: str) -> Look:
        """Whether a disabled key hides the new line."""
        kms = self.world.client("kms")
        with suppress(ClientError):
            kms.disable_key(KeyId=key)
        seen = self.read(PAYMENTS)
        with suppress(ClientError):
            kms.enable_key(KeyId=key)
        found = "can be read" if seen else "can't be read"
        return Look("the line while your key is disabled", "can't be read", found, not seen)

    def day(self, group: str, days: int, wanted: bool) -> Look:
        """Whether a line is there so many days later."""
        self.world.run_until(self.begun + timedelta(days=days))
        there = bool(self.read(group))
        words = {True: "there", False: "gone"}
        what = f"{group.rpartition('/')[2]} on day {days}"
        return Look(what, words[wanted], words[there], there == wanted)


def _said(look: Look, bench: Bench) -> tuple[str, str]:
    """What happened, and the question to it."""
    facts = bench.facts
    if "without Unmask" in look.what:
        if look.found == "nothing":
            return "The line could not be read at all.", "Who is meant to read payments?"
        return (
            f"Somebody who may read and not unmask sees `{look.found}`.",
            "Which of your settings looks into the lines, and does it look only, or does it hide?",
        )
    if "number and sum" in look.what or "with Unmask" in look.what:
        return (
            f"What is read is `{look.found}`.",
            "What else than addresses does your policy take for personal?",
        )
    if "key is disabled" in look.what:
        refused = _refused(bench, "logs:AssociateKmsKey")
        if refused:
            return f"{_answered(refused)} The new line lies under AWS's key.", _policy_question()
        return (
            "Your key is disabled, and the new line can be read all the same: it lies under "
            "AWS's key.",
            "From when on does a group use a key, and which one does it use now?",
        )
    group, _, day = look.what.rpartition(" on day ")
    if look.wanted == "there":
        at, keep = bench.copy.now, facts["keep_days"]
        if group == "debug":
            return (
                f"Day {day}: Tomas looks for a line of {at:%-d %B} in debug; gone.",
                f"Does debug keep the {facts['debug_days']} days that Jonas named?",
            )
        return (
            f"Day {day}: the auditor asks for a line of {at:%-d %B %Y} in payments; gone.",
            f"Does payments keep the {keep} days that were asked for, or nearly?",
        )
    return (
        f"On day {day} the line is still in {group}.",
        "What does a group do with its lines when nobody tells it, and for how long?",
    )


def _policy_question() -> str:
    return "Whose word counts first when a service wants to use a key: yours, or the key's policy?"


# ---- what there is
def _built(world: Lab) -> str:
    logs, told = world.client("logs"), []
    for group in logs.describe_log_groups(logGroupNamePrefix="/teapot/")["logGroups"]:
        if group["logGroupName"] not in (PAYMENTS, DEBUG):
            continue
        parts = []
        if "retentionInDays" in group:
            parts.append(count(group["retentionInDays"], "day"))
        if "kmsKeyId" in group:
            parts.append("a key of yours")
        if group.get("dataProtectionStatus") == "ACTIVATED":
            parts.append("data protection")
        if parts:
            told.append(f"{group['logGroupName'].rpartition('/')[2]}: {', '.join(parts)}")
    return "; ".join(told)


def _refused(bench: Bench, call: str = "") -> Any:
    """The last call of this check that AWS refused; None when there was none."""
    found = [
        one for one in bench.lab.world.journal
        if one.error and one.name in ((call,) if call else _CALLS)
    ]  # fmt: skip
    return found[-1] if found else None


def _answered(entry: Any) -> str:
    return f"{entry.name.split(':')[-1]} was refused: {entry.error}."


def _stopped(bench: Bench) -> Broken:
    """Calls were made, and refused."""
    entry = _refused(bench)
    operation = entry.name.split(":")[-1]
    return Broken(
        f"Nothing is set: {operation} was refused.",
        error=f"{operation} answered {entry.error}",
        where="the cell that called it; AWS's text stands below that cell.",
        means=_MEANS.get((operation, entry.error), ""),
    )


_MEANS = {
    ("PutRetentionPolicy", "InvalidParameterException"): "Retention has 22 values, from 1 day to "
    "3653; others are refused. The two that Priya and Jonas ask for are among them.",
    ("AssociateKmsKey", "AccessDeniedException"): "The key's own policy does not let "
    "`logs.us-east-1.amazonaws.com` use it; the one that KMS gives a new key lets only your "
    "account.",
    ("AssociateKmsKey", "InvalidParameterException"): "The key has to be given by its ARN, and it "
    "has to be enabled.",
    ("PutDataProtectionPolicy", "InvalidParameterException"): "A policy has exactly two "
    "statements, one that audits and one that de-identifies, with the same identifiers.",
}


def _picture(looks: list[Look]) -> Drawing:
    title = f"{sum(one.good for one in looks)} of {len(looks)} looks are as Priya and Jonas ask"
    columns = ["looked at", "wanted", "found", ""]
    rows = [[one.what, one.wanted, one.found, "" if one.good else "\u2717"] for one in looks]
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
