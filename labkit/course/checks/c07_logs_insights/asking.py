"""What the three checks share: a function that returns a query, asked of a night in a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from labkit.billing.prices import table as price_table
from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.course.bench import Bench
from labkit.course.checks.c07_logs_insights.nights import Night, night, world
from labkit.course.delivering import Delivers
from labkit.course.outcomes import Attempted, Broken, NotYet, Outcome
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import cut, number


@dataclass(frozen=True)
class Asked:
    """What a query answered.

    Parameters
    ----------
    night:
        Of which night.
    columns, rows:
        The answer; times are datetimes, numbers are numbers, None where a field is missing.
    scanned:
        Bytes.
    text:
        The query.
    own:
        Whether it is the learner's own night: what was so in it is theirs to find.
    """

    night: Night
    columns: list[str]
    rows: list[list[Any]]
    scanned: int
    text: str
    own: bool

    @property
    def first(self) -> list[Any]:
        """The first row."""
        return self.rows[0] if self.rows else []

    @property
    def cost(self) -> str:
        """What it costs, in words."""
        row = price_table().row("logs.scanned")
        each = float(row.tiers[0].price)
        paid = number(self.scanned / (row.per or 1) * each, 2)
        megabytes = number(round(self.scanned / 1e6, 1))
        return f"{megabytes} MB scanned, ${paid} a morning at ${each:g} a {row.priced}."


class Refused(Exception):
    """There is an outcome already: the query could not be run."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.finding)
        self.outcome = outcome


class Asks(Delivers):
    """A query that is handed in as a function, over one log group."""

    tryout = "try the query on the night that you have first."
    #: The group that it is asked of, and the source that writes it.
    group: ClassVar[str] = ""
    source: ClassVar[str] = ""

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask it of the learner's night, of another one, and of whatever else the check has."""
        try:
            return self.judged(bench, attempted)
        except Refused as refused:
            return refused.outcome

    def judged(self, bench: Bench, attempted: Attempted) -> Outcome:
        """What the check finds."""
        raise NotImplementedError

    def nights(self, bench: Bench, *quiet: bool) -> list[Asked]:
        """Ask the query of several nights: the learner's, then unseen ones."""
        return [self._ask(bench, place, silent) for place, silent in enumerate(quiet)]

    def _ask(self, bench: Bench, place: int, quiet: bool) -> Asked:
        begin = bench.handles["night"]["start"] + timedelta(days=3 * place)
        told = night(begin, bench.facts, place, quiet=quiet)
        with world(bench.lab.seed + place, told, (self.source,)) as lab:
            return self._answer(bench, lab, told, own=not place)

    def _answer(self, bench: Bench, lab: Lab, told: Night, own: bool) -> Asked:
        function = bench.delivered[self.name]
        with bench.calling(lab, function):
            query = function(told.intruder) if self.takes else function()
        if not isinstance(query, str):
            raise Refused(self._no_query(query, told))
        try:
            frame = lab.logs.query(query, self.group, start=told.begin, end=told.end)
        except (LabError, ClientError) as problem:
            raise Refused(self._refused(problem, told)) from None
        rows = [list(row) for row in frame.astype(object).itertuples(index=False, name=None)]
        scanned = int(frame.attrs["statistics"]["bytesScanned"])
        return Asked(told, list(frame.columns), rows, scanned, shown(query), own)

    def _no_query(self, got: object, told: Night) -> NotYet:
        return NotYet(
            "What came back is no query.",
            self.signature,
            told.name,
            f"`{self.name}` returned {type(got).__name__}.",
            "What does Logs Insights take?",
        )

    def _refused(self, problem: Exception, told: Night) -> Broken:
        return Broken(
            "Logs Insights refused the query.",
            _near(str(problem)),
            f"the text that `{self.name}` returned.",
            "The caret stands under the place. After `stats` only its own columns are left; names "
            "with other signs than letters, digits, `_`, `.` and `@` need backticks.",
            told.name,
        )


def _near(told: str) -> str:
    """An error with its line and caret, the line cut around the caret so that nothing wraps."""
    message, *rest = told.splitlines()
    if len(rest) != 2 or "^" not in rest[1]:
        return told
    line, start = rest[0], rest[1].index("^")
    low = max(0, start - 40)
    window = ("\u2026" if low else "") + line[low : low + 80]
    carets = " " * (start - low + bool(low)) + rest[1].strip()
    return f"{message}\n{window}\n{carets}"


def shown(query: str) -> str:
    """A query in one line."""
    return f"`{cut(' '.join(query.split()), 220)}`"


def address_in(row: Sequence[Any]) -> str:
    """The first address of a row, "" when it has none."""
    for cell in row:
        try:
            return str(ip_address(str(cell).strip()))
        except ValueError:
            continue
    return ""


def moment_in(row: Sequence[Any]) -> int | None:
    """The first time of a row in microseconds, None when it has none."""
    for cell in row:
        when = cell
        if isinstance(cell, str):
            try:
                when = datetime.fromisoformat(cell)
            except ValueError:
                continue
        if isinstance(when, datetime):
            return to_us(when if when.tzinfo else when.replace(tzinfo=UTC))
    return None


def picture(title: str, rows: Sequence[Sequence[str]]) -> Drawing:
    """Night by night: what was answered, and what was so."""
    columns = ["night", "your query answers", "it was", ""]
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(
        title, f"{title}\n{text.table(columns, rows)}", {"rows": [list(row) for row in rows]},
        body=body,
    )  # fmt: skip
