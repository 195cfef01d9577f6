"""Check 3: three changes are put back: that one thing, as it was, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labkit.core.errors import LabError
from labkit.course import gameday
from labkit.course.bench import Bench
from labkit.course.checks.c17_incident_day.cases import MINUTE, Case, cases, change, plan, records
from labkit.course.delivering import Delivers
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing

#: How long an outage lasts before the learner's function is called, and how long is waited then.
_BEFORE, _AFTER = 5, 3
#: How many changes it may take to put one back.
_MOST = 2
#: What is no way to put back a setting.
_HARSH = ("Delete", "Terminate", "Reboot", "Stop", "Create")


@dataclass
class Mended:
    """What a call of ``mend`` did.

    Parameters
    ----------
    case, well:
        Which outage, and whether it is over.
    error:
        Error of the service's requests in the last minute, percent.
    calls:
        The records of what was changed by it.
    before, after:
        The setting as it was before the outage, and as it is now.
    """

    case: Case
    well: bool = False
    share: float = 0.0
    calls: list[dict[str, Any]] = field(default_factory=list)
    before: Any = None
    after: Any = None


class Mends(Delivers):
    """As it was."""

    title = "three changes put back: that one thing, as it was"
    points = 3
    name, takes = "mend", "record"
    tryout = "the record of this morning's UpdateTable is one to try it on."
    cell = "mend"
    hints = (
        "What does the record say of how it was before? And where else is that kept?",
        "A table: the newest earlier record of the same table, or at least what it needs. A "
        "parameter: CloudTrail hides the value, `get_parameter_history` does not. A security "
        "group: `authorize_security_group_ingress` with the rules that the record took away, in "
        "boto3's spelling.",
        'ssm.put_parameter(Name=name, Overwrite=True, Value=[v["Value"] for v in '
        'ssm.get_parameter_history(Name=name)["Parameters"] if v["LastModifiedDate"] < ____][-1])',
    )
    alternatives = (
        "The port opened to 0.0.0.0/0 ends the outage and begins another story.",
        "What CloudTrail shows of a parameter's value is a text that says that it is hidden.",
        "A table that is deleted and made again has lost its items.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Let it mend all three."""
        function = bench.delivered[self.name]
        world = bench.fresh()
        group = bench.handles["stands_on"][gameday.DATABASE]
        done = []
        for case in cases(world, bench.facts, group, 25 * MINUTE):
            done.append(_play(world, bench, function, case))
        wrong = [_wrong(one) for one in done]
        good = sum(one is None for one in wrong)
        finding = f"{good} of {len(done)} are as they were."
        figure = picture(done, wrong, finding.rstrip("."))
        for one, problem in zip(done, wrong, strict=True):
            if problem is not None:
                played = (
                    f"{one.case.cause.name}, at {one.case.start:%H:%M}; `mend` five minutes later"
                )
                return NotYet(finding, attempted.built, played, *problem, figure)
        return Passed(
            finding,
            why="Each call put back what one record had changed; the errors were usual again in "
            "the minute of the call.",
            built=attempted.built,
            cost="nothing: these calls are free. A table on demand would have mended it too, at "
            "another price.",
            alternative="a rule with a Lambda function as target does the same without you, if "
            "it leaves its own role out.",
            remarks=("Write down what you changed: the next one to look at the trail is you.",),
            figure=figure,
        )  # fmt: skip


def _play(world: Lab, bench: Bench, function: Any, case: Case) -> Mended:
    one = Mended(case)
    plan(world, case)
    world.run_until(case.start - MINUTE / 3)
    one.before = setting(world, case.cause)
    world.run_until(case.start + _BEFORE * MINUTE)
    record = dict(change(records(world, case.quiet, world.now), case))
    begin, meanwhile = world.now, setting(world, case.cause)
    with bench.calling(world, function):
        function(json.loads(json.dumps(record)))
    one.calls = [
        told for told in records(world, begin, world.now)
        if told["userIdentity"]["arn"].endswith("user/learner") and "errorCode" not in told
    ]  # fmt: skip
    one.after = setting(world, case.cause)
    if isinstance(meanwhile, set):
        one.before |= meanwhile  # what others opened is not the learner's
    world.advance(minutes=_AFTER)
    one.share = _share(world, case.cause.service, world.now)
    one.well = one.share < 10
    if not one.well:
        case.cause.end(world, "chiara", world.now)  # the next case begins in a shop that is well
    world.advance(minutes=1)
    return one


def _share(world: Lab, service: str, now: datetime) -> float:
    """Percent of a service's requests that failed in the last whole minute."""
    end = now.replace(second=0, microsecond=0)
    sums = []
    for name in ("Errors", "Requests"):
        points = world.client("cloudwatch").get_metric_statistics(
            Namespace="Shop", MetricName=name, Dimensions=[{"Name": "service", "Value": service}],
            StartTime=end - MINUTE, EndTime=end, Period=60, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        sums.append(sum(one["Sum"] for one in points))
    return 100 * sums[0] / max(sums[1], 1)


def setting(world: Lab, cause: gameday.Cause) -> Any:
    """What the cause changed, as it is: capacity, text, or (port, from where) of each rule."""
    if cause.call[0] != "ec2":
        try:
            return world.world.ports.setting(world.account, world.region, cause.what)
        except LabError:  # pragma: no cover - each cause has a setting
            return None
    group = cause.what.rpartition("/")[2]
    found = world.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return {
        (rule.get("FromPort"), block["CidrIp"])
        for one in found
        for rule in one["IpPermissions"]
        for block in rule["IpRanges"]
    }


def _wrong(one: Mended) -> tuple[str, str] | None:
    cause = one.case.cause
    harsh = [call for call in one.calls if call["eventName"].startswith(_HARSH)]
    if harsh:
        names = ", ".join(call["eventName"] for call in harsh)
        return (
            f"`mend` called {names}: more than the change that it was to put back.",
            "What is lost that nobody can put back?",
        )
    if not one.well:
        now = f"{100 - one.share:.0f} % of {cause.service}'s requests went well"
        done = ", ".join(call["eventName"] for call in one.calls) or "nothing that was accepted"
        hidden = " The parameter holds what CloudTrail shows in its place." \
            if "HIDDEN" in str(one.after) else ""  # fmt: skip
        return (
            f"Three minutes later {now}; {done} was called.{hidden}",
            "How was it before, and who still knows?",
        )
    if cause.call[0] == "ec2":
        more = sorted(one.after - one.before)
        if more:
            port, where = more[0]
            return (
                f"The shop is well, and port {port} is open to {where}; before it was not.",
                "Who was let in before?",
            )
    elif cause.call[0] == "ssm" and one.after != one.before:
        return (
            f"The parameter holds {one.after!r}; before the change it was {one.before!r}.",
            "Which version was the last good one?",
        )
    if len(one.calls) > _MOST:
        return (
            f"`mend` changed {len(one.calls)} things: "
            + ", ".join(call["eventName"] for call in one.calls[:6])
            + ".",
            "Which of them did the record name?",
        )
    return None


def picture(done: list[Mended], wrong: list[Any], title: str) -> Drawing:
    """The cases, and what became of each."""
    columns = ["what was changed", "at (UTC)", "errors after", "calls", ""]
    rows = [
        [
            one.case.cause.name, f"{one.case.start:%H:%M}", f"{one.share:.0f} %",
            ", ".join(call["eventName"] for call in one.calls[:4]) or "none",
            "\u2713" if problem is None else "\u2717",
        ]
        for one, problem in zip(done, wrong, strict=True)
    ]  # fmt: skip
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
