"""Logs from a notebook: ``lab.logs.query("...")`` and the cell magic ``%%insights``.

Both do what a learner's own code would: start the query, let the lab's time pass until it is
complete, read the rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import LabError
from labkit.log_waiting import waited
from labkit.querying import kept, words_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from labkit.lab import Lab
    from labkit.logs.engine.languages import Plan
    from labkit.logs.views.live import LiveTailView
    from labkit.views.drawing import Drawing

#: How far a query looks back when nothing is said.
LAST = timedelta(hours=1)

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@cache
def _answer_class() -> type[DataFrame]:
    from pandas import DataFrame

    class Answer(DataFrame):
        """The rows of a query; it shows itself as a picture, everything made of it as a frame."""

        _internal_names = [*DataFrame._internal_names, "_drawing"]  # noqa: RUF012
        _internal_names_set = set(_internal_names)  # noqa: RUF012

        @property
        def _constructor(self) -> type[DataFrame]:
            return DataFrame

        @property
        def drawing(self) -> Drawing:
            """The answer as it draws itself."""
            return self._drawing

        def _repr_html_(self) -> str:
            return self._drawing.html

        def __repr__(self) -> str:
            return str(self._drawing)

    return Answer


class LogControls:
    """CloudWatch Logs of a lab, for a person.

    Parameters
    ----------
    lab:
        The lab.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def view_events(
        self,
        group: str,
        pattern: str = "",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        last: timedelta | str = LAST,
        limit: int = 20,
        account: str | None = None,
        region: str | None = None,
    ) -> Drawing:
        """The lines of a log group: errors, warnings and others over time, and the last of them.

        Nobody is asked through the API: it costs no call, and a group of any class can be seen.

        Parameters
        ----------
        group:
            Name of the log group.
        pattern:
            A filter pattern (``ERROR``, ``{ $.status = 500 }``); all lines when left out.
        start, end, last:
            The range as for :meth:`query`.
        limit:
            How many lines are listed; all of the range are counted.
        account, region:
            Whose group; the lab's own when left out.

        Raises
        ------
        LabError
            When there is no such group, or the pattern is none.
        """
        from labkit.core.errors import AwsError
        from labkit.logs.showing import view_events

        lab = self._lab
        until = end or lab.now
        since = start or until - _stretch(last)
        if since >= until:
            raise LabError("start must lie before end")
        logs = lab.parts.logs
        with lab.world.lock:
            try:
                found = logs.store(account or lab.account, region or lab.region).group(group)
                return view_events(logs, found, to_us(since), to_us(until), pattern, limit)
            except AwsError as problem:
                raise LabError(f"{group}: {problem.message}") from None

    def groups(
        self, prefix: str = "", *, account: str | None = None, region: str | None = None
    ) -> Drawing:
        """The log groups: how much is in them, how long they keep it, what hangs on them.

        Parameters
        ----------
        prefix:
            What their names begin with.
        account, region:
            Whose; the lab's own when left out.
        """
        from labkit.logs.showing import view_groups

        lab = self._lab
        with lab.world.lock:
            return view_groups(lab.parts.logs, account or lab.account, region or lab.region, prefix)

    def throttle(self, on: bool = True) -> None:
        """Let the API throttle as AWS does by default: FilterLogEvents five times a second, ...

        Without it only ``lab.throttle`` throttles: a call takes one virtual millisecond, so a loop
        that is slow enough on AWS would be too quick here.

        Parameters
        ----------
        on:
            False takes the limits off again.
        """
        from labkit.quotas import quotas_of

        for operation, row in quotas_of("logs")["rates"].items():
            if on:
                self._lab.throttle("logs", operation, rate=row["value"])
            else:
                self._lab.throttle("logs", operation)

    def view_subscriptions(
        self, *, account: str | None = None, region: str | None = None
    ) -> Drawing:
        """Where lines go on: each subscription filter, what it sent, why a destination refused.

        Parameters
        ----------
        account, region:
            Whose; the lab's own when left out.
        """
        from labkit.logs.showing import view_subscriptions

        lab = self._lab
        with lab.world.lock:
            return view_subscriptions(lab.parts.logs, account or lab.account, region or lab.region)

    def query(
        self,
        text: str,
        groups: str | Sequence[str] = (),
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        last: timedelta | str = LAST,
        limit: int | None = None,
        language: str = "CWLI",
    ) -> DataFrame:
        """Run a Logs Insights query and wait for it.

        Parameters
        ----------
        text:
            The query; with a SOURCE in it when ``groups`` is left out.
        groups:
            Name of a log group, or names.
        start, end:
            Aware datetimes; the last ``last`` until now when left out.
        last:
            A timedelta, or ``"30m"``, ``"6h"``, ``"2d"``.
        limit:
            Rows when the query says nothing; 10,000 when left out.
        language:
            ``"CWLI"``, the query language of Logs Insights, ``"SQL"`` or ``"PPL"`` of OpenSearch.
            SQL names its log groups after FROM.

        Returns
        -------
        DataFrame
            Numbers as numbers, times as times in UTC, None where a field is missing. It draws
            itself: bars over time when the rows have a bin, else a table. ``attrs`` hold
            ``query_id``, ``statistics`` and ``pointers`` (``@ptr`` of each row of an event).

        Raises
        ------
        LabError
            With the line and a caret under the place when the query is malformed.
        """
        from botocore.exceptions import ClientError

        from labkit.logs.engine import languages

        client = self._lab.client("logs")
        until = end or self._lab.now
        since = start or until - _stretch(last)
        names = [groups] if isinstance(groups, str) else list(groups)
        asked: dict[str, Any] = {
            "queryString": text,
            "queryLanguage": language.upper(),
            "startTime": to_us(since) // 1_000_000,
            "endTime": to_us(until) // 1_000_000,
        }
        if names:
            asked["logGroupNames"] = names
        if limit:
            asked["limit"] = limit
        try:
            query_id = client.start_query(**asked)["queryId"]
        except ClientError as error:
            raise _pointing(error, text) from None
        told = waited(self._lab, client, query_id)
        plan = languages.read(text, language.upper())
        return self._frame(client, query_id, told, plan, to_us(since), to_us(until))

    def explain(self, pattern: str, *lines: str) -> Drawing:
        """Which lines a filter pattern matches, why or why not, and what it extracts.

        Raises
        ------
        LabError
            With a caret under the place when the pattern is none.
        """
        from labkit.logs.engine.pattern import PatternError, parse
        from labkit.logs.views.matching import matching

        try:
            read = parse(pattern)
        except PatternError as error:
            raise LabError(f"{error.message}\n{error.pointing(pattern)}") from None
        return matching(read, lines)

    def tail(self, group: str, pattern: str = "", *, seconds: int = 10) -> Drawing:
        """Live Tail over one group: the lines that come in during some seconds of the lab's time.

        Parameters
        ----------
        group:
            Name of a log group.
        pattern:
            A filter pattern; every line when it is empty.
        seconds:
            How long; the lab's time passes.
        """
        from labkit.logs.views.answer import answer

        client = self._lab.client("logs")
        arn = f"arn:aws:logs:{self._lab.region}:{self._lab.account}:log-group:{group}"
        asked = {"logEventFilterPattern": pattern} if pattern else {}
        stream = client.start_live_tail(logGroupIdentifiers=[arn], **asked)["responseStream"]
        rows: list[list[str | None]] = []
        updates = 0
        for event in stream:
            if "sessionUpdate" not in event:
                continue
            for one in event["sessionUpdate"]["sessionResults"]:
                at = to_datetime(one["timestamp"] * 1000)
                rows.append([f"{at:%H:%M:%S}", one["logStreamName"], one["message"]])
            updates += 1
            if updates >= seconds:
                break
        stream.close()
        return answer(["time (UTC)", "stream", "line"], rows, {"recordsMatched": len(rows)})

    def live(self, groups: str | Sequence[str], pattern: str = "") -> LiveTailView:
        """Live Tail as a widget: lines appear as they come in, whichever cell lets time pass.

        Parameters
        ----------
        groups:
            Name of a log group, or up to ten names.
        pattern:
            A filter pattern; every line when it is empty.

        Raises
        ------
        LabError
            When there is no such group, or the pattern is none.
        """
        from labkit.core.errors import AwsError
        from labkit.logs.views.live import LiveTailView

        lab = self._lab
        logs, names = lab.parts.logs, [groups] if isinstance(groups, str) else list(groups)

        def begin(text: str, tell: Callable[[Mapping[str, Any]], None]) -> Callable[[], None]:
            with lab.world.lock:
                try:
                    found = [logs.store(lab.account, lab.region).group(name) for name in names]
                    session = logs.live_tail.begin(lab.account, found, logs.pattern(text))
                except AwsError as problem:
                    raise LabError(problem.message) from None
                session.tell = tell
            return lambda: logs.live_tail.end(session)

        def forward() -> None:
            lab.advance(seconds=10)

        return LiveTailView(begin, ", ".join(names), pattern, forward)

    def import_file(
        self,
        path: str | os.PathLike[str],
        group: str,
        stream: str = "imported",
        *,
        timestamp_format: str = "%Y-%m-%dT%H:%M:%S",
    ) -> int:
        """Put the lines of a file (also gzip) into a log group as its past; how many events.

        Nothing is set off by them: no filter, no subscription. A line without a timestamp belongs
        to the event before it. A saved world reads the file again when it is opened.

        Parameters
        ----------
        path:
            The file, UTF-8.
        group, stream:
            Where; both are made when they are not there.
        timestamp_format:
            As the CloudWatch agent takes it (``%d/%b/%Y:%H:%M:%S %z``); found anywhere in a line.

        Raises
        ------
        LabError
            When the file cannot be read, has no line with a timestamp, or is another than when
            the world was saved.
        """
        from labkit.log_import import digest_of

        told = str(Path(path).resolve())
        return int(
            self._lab._do(
                "logs.import_file", path=told, digest=digest_of(told), group=group, stream=stream,
                timestamp_format=timestamp_format,
            )
        )  # fmt: skip

    def _import_file(
        self, path: str, digest: str, group: str, stream: str, timestamp_format: str
    ) -> int:
        from labkit.log_import import digest_of, events

        if digest_of(path) != digest:
            raise LabError(f"{path} is another file than when it was imported")
        lab, many = self._lab, 0
        for times, texts in events(path, timestamp_format, lab.now):
            lab.parts.logs.import_lines(lab.account, lab.region, group, stream, times, texts)
            many += len(times)
        if not many:
            raise LabError(f"{path} has no line with a timestamp like {timestamp_format}")
        return many

    def _frame(
        self, client: Any, query_id: str, told: Any, plan: Plan, start_us: int, end_us: int
    ) -> DataFrame:
        from labkit.logs.views.answer import answer

        found = list(told["results"])
        while told.get("nextToken"):
            told = client.get_query_results(queryId=query_id, nextToken=told["nextToken"])
            found += told["results"]
        columns, rows, pointers = _read(found)
        bins = _bins(plan, columns)
        statistics = told["statistics"]
        drawn = answer(columns, rows, statistics, bins=bins, start_us=start_us, end_us=end_us)
        from pandas import Series

        frame = _answer_class()(
            {
                place: Series(_values([row[place] for row in rows], name), dtype=None)
                for place, name in enumerate(columns)
            }
        )
        frame.columns = list(columns)
        frame._drawing = drawn
        frame.attrs = {
            "query_id": query_id, "statistics": dict(statistics), "pointers": pointers
        }  # fmt: skip
        return frame


def _stretch(last: timedelta | str) -> timedelta:
    if isinstance(last, timedelta):
        return last
    digits, unit = last[:-1], last[-1:]
    if not digits.isdigit() or unit not in _UNITS:
        raise LabError(f"last={last!r}: write 30m, 6h, 2d or a timedelta")
    return timedelta(**{_UNITS[unit]: int(digits)})


def _pointing(error: Any, text: str) -> Exception:
    """The line with a caret under the place, for a malformed query; else the error itself."""
    place = error.response.get("queryCompileError", {}).get("location")
    if error.response["Error"]["Code"] != "MalformedQueryException" or not place:
        return error
    from labkit.logs.engine.ql import QueryError

    told = QueryError(
        error.response["Error"]["Message"], place["startCharOffset"], place["endCharOffset"]
    )
    return LabError(f"{told.message}\n{told.pointing(text)}")


def _read(
    found: Sequence[Sequence[dict[str, str]]],
) -> tuple[list[str], list[list[str | None]], list[str]]:
    """Columns, rows and pointers: a column is there when any row has it."""
    columns: list[str] = []
    for row in found:
        names = [cell["field"] for cell in row if cell["field"] != "@ptr"]
        for place, name in enumerate(names):
            if name not in columns:
                # A field that the rows before had not stands where this row has it.
                before = names[place - 1] if place else None
                columns.insert(columns.index(before) + 1 if before else 0, name)
    held = [{cell["field"]: cell["value"] for cell in row} for row in found]
    rows = [[row.get(name) for name in columns] for row in held]
    return columns, rows, [row["@ptr"] for row in held if "@ptr" in row]


def _bins(plan: Plan, columns: Sequence[str]) -> str:
    from labkit.logs.engine import languages

    found = languages.bins(plan)
    return found if found in columns else ""


def _values(texts: Sequence[str | None], name: str) -> list[Any]:
    from labkit.logs.views.answer import moment

    there = [text for text in texts if text is not None]
    if not there:
        return list(texts)
    for convert in (int, float, moment):
        try:
            made = {text: convert(text) for text in there}
        except ValueError:
            continue
        if convert is not moment and any(text[:1] == "+" or "_" in text for text in there):
            continue
        return [None if text is None else made[text] for text in texts]
    return list(texts)


def magic(lab: Lab, line: str, cell: str) -> DataFrame | None:
    """``%%insights group [group ...] [last=6h] [--language sql] [>> name]``: run the cell's query.

    A query that names its groups itself, as SQL does, stands below ``%%insights`` without a group.
    """
    words, name = words_of(line, "%%insights group")
    last, language, groups = "", "CWLI", []
    left = iter(words)
    for word in left:
        if word.startswith("last="):
            last = word[5:]
        elif word.startswith("--language"):
            language = word.partition("=")[2] or next(left, "")
        else:
            groups.append(word)
    if language.upper() not in ("CWLI", "SQL", "PPL"):
        raise LabError(f"--language is cwli, sql or ppl, not {language!r}")
    return kept(lab.logs.query(cell, groups, last=last or LAST, language=language), name)
