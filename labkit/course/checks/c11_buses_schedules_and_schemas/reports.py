"""Check 1: a year of reports, through both changes of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from labkit.course.bench import Bench
from labkit.course.checks.c11_buses_schedules_and_schemas.world import drained, free
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count

_STEP = timedelta(days=7)
_LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class Month:
    """A month of the year that was played.

    Parameters
    ----------
    wanted:
        When the report was to come, in the office's time.
    came:
        When it came.
    """

    wanted: datetime
    came: tuple[datetime, ...]

    @property
    def good(self) -> bool:
        """One report, within the minute."""
        return len(self.came) == 1 and abs(self.came[0] - self.wanted) <= _LATE


def wanted(start: datetime, zone: str, hour: int, minute: int, months: int) -> list[datetime]:
    """When reports are due: on the first of Monday to Friday of each month after ``start``."""
    due = []
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year + month // 12, month % 12 + 1)
        day = date(year, month, 1)
        while day.weekday() > 4:
            day += timedelta(days=1)
        due.append(datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)))
    return due


def play(world: Lab, url: str, due: Sequence[datetime]) -> list[Month]:
    """Let a year pass; what came, month by month."""
    zone = due[0].tzinfo
    drained(world, url)
    end = due[-1] + timedelta(days=28)
    came: list[datetime] = []
    while world.now < end:
        world.run_until(min(end, world.now + _STEP))
        came += [at.astimezone(zone) for at, _ in drained(world, url)]
    return [
        Month(one, tuple(at for at in came if (at.year, at.month) == (one.year, one.month)))
        for one in due
    ]


def strip(months: Sequence[Month], title: str) -> Drawing:
    """The year: when a report was due, and when it came."""
    columns = ["due", "came", ""]
    rows, fancy = [], []
    for one in months:
        shown = ", ".join(_moment(at) for at in one.came[:3]) or "nothing"
        if len(one.came) > 3:
            shown += f" and {len(one.came) - 3} more"
        sign = "\u2713" if one.good else "\u2717"
        face = theme.OK if one.good else theme.ALARM
        rows.append([_moment(one.wanted), shown, sign])
        fancy.append([
            html.whole(_moment(one.wanted)), shown,
            html.element("span", sign, f"padding:0 5px;border-radius:3px;background:{face.fill};"
                         f"color:{face.ink};border:1px solid {face.edge}"),
        ])  # fmt: skip
    data = {
        "months": [
            {"due": one.wanted.isoformat(), "good": one.good,
             "came": [at.isoformat() for at in one.came]}
            for one in months
        ]
    }  # fmt: skip
    body = html.card(title, html.table(columns, fancy), alt=title)
    return Drawing(title, "\n".join([title, text.table(columns, rows)]), data, body=body)


def _moment(at: datetime) -> str:
    return f"{at:%a %d %b %Y %H:%M}"


def schedules(world: Lab) -> list[str]:
    """What fires in a world, one line each: of Scheduler, and of rules."""
    told = []
    scheduler = world.client("scheduler")
    for one in scheduler.list_schedules()["Schedules"]:
        full = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        off = ", disabled" if full["State"] == "DISABLED" else ""
        told.append(
            f"`{one['Name']}` {full['ScheduleExpression']} "
            f"{full['ScheduleExpressionTimezone']}{off}"
        )
    for rule in world.client("events").list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            off = ", disabled" if rule["State"] == "DISABLED" else ""
            told.append(f"rule `{rule['Name']}` {rule['ScheduleExpression']} UTC{off}")
    return told


_CALLS = ("scheduler:CreateSchedule", "scheduler:UpdateSchedule", "events:PutRule")


class Reports(Check):
    """On the first working day of each month, at the office's hour, and not twice."""

    title = "a year of reports, through both changes of the clock"
    points = 3
    hints = (
        "Print the next twelve firings in the office's time: `ex.lab.eventbridge.view_schedule("
        "expression, 12, zone=...)`. On which days does the hour change, and on which is the day "
        "a Saturday or a Sunday?",
        "EventBridge Scheduler has a time zone, `ScheduleExpressionTimezone`; a rule's cron is "
        "UTC. In the day-of-month field `W` means the weekday nearest to a date, inside its month.",
        'scheduler.create_schedule(Name="report", ScheduleExpression="cron(____ ____ 1W * ? *)", '
        'ScheduleExpressionTimezone="____", FlexibleTimeWindow={"Mode": "OFF"}, '
        'Target={"Arn": ex.report, "RoleArn": ex.role, "Input": "{}"})',
    )
    alternatives = (
        "A rule's cron is UTC: right in winter, an hour late from the end of March to October.",
        "`1` in the day field is the first, be it a Sunday; `1` together with `MON-FRI` is "
        "refused, because one of the two day fields has to be `?`.",
        "`2#1` is the first Monday, which may be the seventh.",
    )
    cell = "report"

    def attempt(self, bench: Bench) -> Attempted | None:
        """What fires."""
        told = schedules(bench.copy)
        if told:
            return Attempted("; ".join(told))
        refused = [e for e in bench.lab.world.journal if e.error and e.name in _CALLS]
        return Attempted("") if refused else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """No schedule."""
        return NotAttempted(
            "Nothing has been built yet: the account has no schedule, and no rule that has one.",
            start='`ex.lab.eventbridge.view_schedule("cron(0 9 * * ? *)")`: the calendar of an '
            "expression, before you create anything.",
        )

    def means(self, code: str) -> str:
        """What AWS's errors mean here."""
        return _MEANS.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play a year."""
        if not attempted.built:
            entry = [e for e in bench.lab.world.journal if e.error and e.name in _CALLS][-1]
            operation = entry.name.split(":")[-1]
            return Broken(
                f"There is no schedule: {operation} was refused.",
                error=f"{operation} answered {entry.error}",
                where="the cell that called it; AWS's text stands below that cell.",
                means=_MEANS.get(entry.error, ""),
            )
        facts = bench.facts
        world = bench.replay()
        due = wanted(world.now, facts["zone"], facts["hour"], facts["minute"], 12)
        months = play(world, bench.handles["queues"][facts["report"]], due)
        good = sum(one.good for one in months)
        title = f"{good} of {len(months)} reports came when they were due"
        picture = strip(months, title)
        if good == len(months):
            return self.passed(bench, attempted, picture)
        return _not_yet(bench, attempted, months, picture)

    def passed(self, bench: Bench, attempted: Attempted, picture: Drawing) -> Passed:
        """On time, twelve times."""
        remarks = []
        if "rule `" in attempted.built:
            remarks.append(
                "It is right as long as nobody changes when summer begins: the expressions hold "
                "the time zone's rules, and its tables would have held them for you."
            )
        return Passed(
            "12 of 12 reports came on the first working day, "
            f"{_hour(bench)} in {_place(bench)}, through both changes of the clock.",
            why="Scheduler reads the expression in the zone that you name, so the hour stays when "
            "UTC moves away under it. `1W` is the weekday nearest to the first, inside the month: "
            "1 August 2026 is a Saturday, and the report comes on Monday the third.",
            built=attempted.built,
            cost=f"nothing: {free('scheduler.invocation')} invocations of Scheduler a month are "
            "free.",
            alternative="two rules in UTC, one for the months that begin in summer time and one "
            "for the others: they hold as long as no month begins on the other side of a change.",
            remarks=tuple(remarks),
            figure=picture,
        )


def _hour(bench: Bench) -> str:
    return f"{bench.facts['hour']:02d}:{bench.facts['minute']:02d}"


def _place(bench: Bench) -> str:
    return str(bench.facts["zone"]).rpartition("/")[2]


def _not_yet(
    bench: Bench, attempted: Attempted, months: Sequence[Month], picture: Drawing
) -> NotYet:
    """The first month that went wrong, by its kind."""
    wrong = [one for one in months if not one.good]
    first = wrong[0]
    happened, question = _kind(bench, first, wrong)
    kinds = {_kind(bench, one, wrong)[1]: one for one in wrong[1:]}
    kinds.pop(question, None)
    also = ""
    if kinds:
        other = next(iter(kinds.values()))
        also = f"Also: {_kind(bench, other, [other])[0]}"
    return NotYet(
        f"{len(months) - len(wrong)} of {len(months)} reports came when they were due.",
        attempted.built,
        f"the {count(len(months), 'month')} from {months[0].wanted:%B %Y} on, both changes of the "
        f"clock among them; the first that went wrong is {first.wanted:%B %Y}.",
        happened, question, picture, also,
    )  # fmt: skip


def _kind(bench: Bench, one: Month, wrong: Sequence[Month]) -> tuple[str, str]:
    """What happened in a month, and the question to it."""
    due = f"{_moment(one.wanted)} in {_place(bench)}"
    if not one.came:
        return (f"Due {due}: nothing came.", "Does the schedule fire at all in such a month, and "
                "may what it calls be called?")  # fmt: skip
    at = one.came[0]
    if len(one.came) > 1:
        return (
            f"Due once, {due}: {count(len(one.came), 'report')} came, the first at {_moment(at)}.",
            "How often does the expression fire in one month?",
        )
    if at.date() != one.wanted.date():
        if at.weekday() > 4:
            return (
                f"Due {due}: it came on {_moment(at)}, and nobody is in the office.",
                "What shall happen when the first of a month is no working day?",
            )
        return (
            f"Due {due}: it came on {_moment(at)}.",
            "Which weekday is nearest to the first, without leaving the month?",
        )
    same = [m for m in wrong if m.came and m.came[0].date() == m.wanted.date()]
    shift = at - one.wanted
    minutes = int(shift.total_seconds() // 60)
    how = f"{abs(minutes)} minutes {'late' if minutes > 0 else 'early'}"
    return (
        f"Due {due}: it came at {at:%H:%M}, {how}; {count(len(same), 'report')} of the year came "
        "on the right day at another hour.",
        "In which time zone is the expression read, and what does the office's clock do at the "
        "end of March?",
    )


_MEANS = {
    "ValidationException": "an expression has six fields (minutes, hours, day of month, month, day "
    "of week, year), and exactly one of the two day fields is `?`; "
    "`ex.lab.eventbridge.view_schedule(...)` says what is wrong, which AWS does not.",
    "ConflictException": "a schedule of this name is there already: `update_schedule` replaces it "
    "whole, `delete_schedule` takes it away.",
}
