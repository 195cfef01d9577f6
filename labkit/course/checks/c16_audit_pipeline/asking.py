"""Check 2: the weekly list, asked of Athena for a week that the learner has not seen.

A query is judged by its rows. What it read is weighed too, as a remark: a list that reads the whole
bucket is right, and dearer every week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from labkit.core.errors import LabError
from labkit.course.bench import Bench
from labkit.course.checks.c16_audit_pipeline.calls import REFUSED, refusals, week
from labkit.course.checks.c16_audit_pipeline.files import put_week
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut

_NAME = "weekly"
_Rows = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Parameters
    ----------
    rows:
        (who, call) -> how often, in the order of the answer.
    scanned, week_bytes:
        Bytes that it read, and bytes of the week's files.
    """

    rows: _Rows
    scanned: int
    week_bytes: int


class Asks(Check):
    """Refused attempts of a week, by who and what."""

    title = "the weekly list of refused attempts, for an unseen week"
    points = 3
    hints = (
        "`SELECT errorcode, count(*) ... GROUP BY errorcode` over last week: which of them mean "
        "that somebody was not allowed to?",
        "`errorcode IN (...)`, both Regions, `day BETWEEN first AND last`: `day` is a partition "
        "and a text such as 2025/12/29. `useridentity.arn` is who, of users and of roles.",
        "SELECT useridentity.arn, eventname, count(*) AS n FROM cloudtrail_logs WHERE errorcode "
        "IN ('AccessDenied', '____') AND day BETWEEN '{first}' AND '{last}' GROUP BY 1, 2 "
        "ORDER BY n ____",
    )
    alternatives = (
        "`errorcode IS NOT NULL` lists throttled calls and tables that were not there as well.",
        "`useridentity.username` is empty for roles; `arn` is there for everybody.",
        "`eventtime BETWEEN` alone gives the same rows and reads the whole bucket for them.",
    )
    cell = "weekly"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(f"`{_NAME}(first, last)`") if _function(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No query has been handed in yet.",
            start="the cell with `@ex.deliver` above `def weekly(first, last)`; last week is "
            "there to try it on.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask for the week."""
        world, facts = bench.replay(), bench.facts
        monday = bench.lab.start.replace(hour=0, minute=0) + timedelta(days=7)
        days = week(world, facts, monday, facts["seed"] + 7)
        size = put_week(world, monday, days)
        world.run_until(monday + timedelta(days=7, hours=9))
        first, last = f"{monday:%Y/%m/%d}", f"{monday + timedelta(days=6):%Y/%m/%d}"
        function = _function(bench)
        with bench.calling(world, function):
            sql = function(first, last)
        played = f"{first} to {last}, {count(sum(map(len, days.values())), 'record')}"
        if not isinstance(sql, str):
            return NotYet(
                "What came back is no query.", attempted.built, played,
                f"`{_NAME}` returned {type(sql).__name__}.", "What does Athena take?",
            )  # fmt: skip
        built = f"`{cut(' '.join(sql.split()), 200)}`"
        try:
            frame = world.athena.query(sql, token="weekly".ljust(32, "-"))
        except LabError as problem:
            return Broken(
                "Athena refused the query.", str(problem), "the text that your function returned.",
                _means(str(problem)), played,
            )  # fmt: skip
        if len(frame.columns) != 3:
            return NotYet(
                f"The list has {count(len(frame.columns), 'column')}, Priya asked for three.",
                built, played, f"Columns: {', '.join(map(str, frame.columns))}.",
                "Which three things does she want of each row: who, which call, and what?",
            )  # fmt: skip
        rows: _Rows = {}
        for row in frame.itertuples(index=False):
            who, what, n = row
            rows[str(who), str(what)] = rows.get((str(who), str(what)), 0) + _number(n)
        answer = Answer(rows, int(frame.attrs["scanned_bytes"]), size)
        return _judged(refusals(days), answer, built, played, _others(days))


def _judged(
    wanted: _Rows, answer: Answer, built: str, played: str, errors: Mapping[str, int]
) -> Outcome:
    rows = answer.rows
    total, got = sum(wanted.values()), sum(rows.values())
    figure = picture(wanted, rows)
    finding = f"{got} attempts listed, {total} were refused in that week."
    wrong = _wrong(wanted, rows, errors)
    if wrong is not None:
        return NotYet(finding, built, played, *wrong, figure)
    numbers = list(rows.values())
    if numbers != sorted(numbers, reverse=True):
        return NotYet(
            "The rows are right, their order is not.", built, played,
            f"The numbers come as {', '.join(map(str, numbers[:6]))}.",
            "What should stand on top of the list?", figure,
        )  # fmt: skip
    remarks: tuple[str, ...] = ()
    if answer.scanned > answer.week_bytes:
        remarks = (
            f"it read {answer.scanned:,} bytes for a week of {answer.week_bytes:,}: a condition on "
            "the partition `day` would have read that week alone. After a year the difference is "
            "fiftyfold.",
        )
    return Passed(
        f"{count(len(rows), 'row')}, {total} refused attempts: the list is Priya's.",
        why="A refusal is one of a few error codes, not every error; who it was stands in "
        "`useridentity.arn` for users and roles alike, and partitions say which files are read.",
        built=built,
        cost="Athena takes $5 a TB, and counts 10 MB for a query that reads less, as this one "
        "does.",
        alternative="the same as a view that is asked with other days each week.",
        remarks=remarks,
        figure=figure,
    )


def _wrong(wanted: _Rows, rows: _Rows, errors: Mapping[str, int]) -> tuple[str, str] | None:
    """What happened and the question, None when the rows are right."""
    extra = {key: n for key, n in rows.items() if n > wanted.get(key, 0)}
    missing = {key: n for key, n in wanted.items() if n > rows.get(key, 0)}
    nameless = [what for who, what in rows if who in ("None", "nan")]
    if nameless:
        return (
            f"{count(len(nameless), 'row')} without a name, such as {nameless[0]}.",
            "Which field of `useridentity` do roles and users both have?",
        )
    if extra:
        (who, what), n = next(iter(extra.items()))
        here = wanted.get((who, what), 0)
        others = ", ".join(f"{code} {number}" for code, number in sorted(errors.items()))
        return (
            f"{who} {what}: you list {n}, refused in that week were {here}. The week's other "
            f"errors: {others}.",
            "Does every row of yours lie in the week, and was each of them refused for want of "
            "permission?",
        )
    if missing:
        (who, what), n = next(iter(missing.items()))
        return (
            f"{who} {what} was refused {n} times, you list {rows.get((who, what), 0)}.",
            "Under which error codes do services refuse, and in which Regions did people work?",
        )
    return None


def picture(wanted: _Rows, rows: _Rows) -> Drawing:
    """Both lists beside each other."""
    keys = sorted({*wanted, *rows}, key=lambda key: (-wanted.get(key, 0), *map(str, key)))
    good = sum(wanted.get(key, 0) == rows.get(key, 0) for key in keys)
    title = f"{good} of {len(keys)} rows agree"
    columns = ["who", "call", "refused", "you list", ""]
    table = [
        [who.rpartition(":")[2], what, str(wanted.get((who, what), 0)),
         str(rows.get((who, what), 0)),
         "" if wanted.get((who, what), 0) == rows.get((who, what), 0) else "\u2717"]
        for who, what in keys[:14]
    ]  # fmt: skip
    body = html.card(title, html.table(columns, table, right=(2, 3)), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, table)}", {"agree": good}, body=body)


def _others(days: Mapping[Any, Any]) -> dict[str, int]:
    """Errors that are no refusals, by code."""
    out: dict[str, int] = {}
    for records in days.values():
        for one in records:
            code = one.get("errorCode")
            if code and code not in REFUSED:
                out[code] = out.get(code, 0) + 1
    return out


def _number(value: Any) -> int:
    """A count; 0 for what is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _function(bench: Bench) -> Any:
    return bench.delivered.get(_NAME) or next(reversed(list(bench.delivered.values())), None)


def _means(problem: str) -> str:
    if "boolean" in problem or "varchar" in problem:
        return "every column of the table is text, `readonly` too: 'true' and not true."
    if "COLUMN_NOT_FOUND" in problem:
        return "names are lower case here; the fields of `useridentity` are reached with a dot."
    return ""
