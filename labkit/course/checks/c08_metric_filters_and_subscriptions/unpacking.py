"""Check 3: what Priya's consumer takes out of a record of her stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    GROUPS,
    MINUTE,
    REAL,
    Pen,
)
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.logs.engine import payloads
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut

_NAME = "unpack"


@dataclass(frozen=True)
class Record:
    """A record of the stream: what it is, its bytes, and the lines in it."""

    what: str
    data: bytes
    lines: tuple[str, ...]


class Unpacks(Check):
    """See the head of this file."""

    title = "five records, unpacked"
    points = 2
    hints = (
        "Look at the first bytes of a record's `Data`: `1f 8b`. Which kind of file begins so?",
        "`gzip.decompress`, then `json.loads`. boto3 has taken the base64 off already; a Lambda "
        "function would have to do that itself. `messageType` says whether it is data.",
        'told = json.loads(gzip.____(data)); return [event["message"] for event in '
        'told["____"]] if told["messageType"] == "DATA_MESSAGE" else []',
    )
    alternatives = (
        "`base64.b64decode` is for a function's event; here it fails, or makes nonsense.",
        "Skipping messages by their text breaks on the day on which AWS words it otherwise; "
        "`messageType` is the documented word.",
    )
    cell = "unpack"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(f"`{_NAME}(data)`") if _NAME in bench.delivered else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No function has been handed in yet.",
            start=f"the cell with `@ex.deliver` above `def {_NAME}(data)`; `ex.record` is a record "
            "of her stream.",
        )

    def means(self, code: str) -> str:
        """Python's errors, in this world."""
        return {
            "UnicodeDecodeError": "The bytes are no text yet: they begin with 1f 8b, the mark of "
            "gzip. CloudWatch Logs compresses what it sends.",
            "JSONDecodeError": "What was read as JSON is none yet; is something still packed?",
            "Error": "What is decoded here is not base64: GetRecords of boto3 has taken that off "
            "already. A Lambda function gets it with base64 around it.",
            "BadGzipFile": "What is unpacked here is not gzip any more, or not yet.",
        }.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Hand it the records, one after the other."""
        function = bench.delivered[_NAME]
        given: list[tuple[Record, Any]] = []
        for record in records(bench.facts, to_us(bench.lab.now), bench.lab.account):
            with bench.calling(bench.copy, function):
                answer = function(record.data)
            given.append((record, answer))
        figure = picture(given)
        wrong = next(((r, a) for r, a in given if _listed(a) != list(r.lines)), None)
        many = sum(len(record.lines) for record, _ in given)
        if wrong is None:
            return Passed(
                f"{len(given)} records, {many} lines, in their order.",
                why="A record is one message of CloudWatch Logs: JSON in gzip, with as many lines "
                "as came together. What is no DATA_MESSAGE is a question whether anybody is there.",
                built=attempted.built,
                cost="nothing at AWS; the consumer is yours to run.",
                alternative="a Lambda function behind the stream, which gets the same bytes in "
                "base64 and needs no loop of its own.",
                figure=figure,
            )
        record, answer = wrong
        good = sum(_listed(a) == list(r.lines) for r, a in given)
        happened, question = _told(record, answer)
        return NotYet(
            f"{good} of {len(given)} records unpacked.", attempted.built,
            f"{record.what}, {len(record.data)} bytes, {count(len(record.lines), 'line')} in it.",
            happened, question, figure,
        )  # fmt: skip


def _listed(answer: Any) -> list[Any] | None:
    return list(answer) if isinstance(answer, list | tuple) else None


def _told(record: Record, answer: Any) -> tuple[str, str]:
    got = _listed(answer)
    if got is None:
        return (
            f"`{_NAME}` returned {type(answer).__name__}, and Priya's program goes through a list.",
            "What does the function owe its caller when there is nothing in a record?",
        )
    if not record.lines:
        return (
            f"`{_NAME}` returned {cut(repr(got), 120)}; nobody wrote that line.",
            "Who else writes into this stream, and how does a message say what it is?",
        )
    if got and not all(isinstance(one, str) for one in got):
        return (
            f"The list holds {type(got[0]).__name__}s: {cut(repr(got[0]), 100)}.",
            "Which part of an event is the line itself?",
        )
    return (
        f"`{_NAME}` returned {count(len(got), 'line')}, and there are {len(record.lines)}: "
        f"`{cut(record.lines[-1], 90)}` is the last.",
        "How many lines can come together in one record?",
    )


def records(facts: Mapping[str, Any], now_us: int, account: str) -> list[Record]:
    """What her stream may hold: a control message, and data of both groups."""
    pen = Pen(facts, facts["seed"] + 31)
    at_us = now_us - now_us % 60_000_000 - MINUTE.seconds * 1_000_000
    out = [
        Record(
            "the first record after a destination was made",
            payloads.packed(payloads.control_message("Kinesis", at_us // 1000)), (),
        )
    ]  # fmt: skip
    for n, (where, many) in enumerate(((GROUPS[0], 1), (GROUPS[1], 1), (GROUPS[0], 12),
                                       (GROUPS[1], 3))):  # fmt: skip
        texts = [pen.write(where, REAL, at_us + n * 1000).text for _ in range(many)]
        if n == 3:
            texts[-1] += " \u00fc\u4e2d"
        events = [{"id": f"{n:028}{k:028}", "timestamp": at_us // 1000 + k, "message": one}
                  for k, one in enumerate(texts)]  # fmt: skip
        message = payloads.data_message(account, facts[where], "s", ["to-priya"], events)
        out.append(Record(f"a record of the {where} group", payloads.packed(message), tuple(texts)))
    return out


def picture(given: list[tuple[Record, Any]]) -> Drawing:
    """Record by record: what is in it, and what came out."""
    columns = ["record", "lines in it", "returned", ""]
    rows: list[list[str]] = []
    for record, answer in given:
        got = _listed(answer)
        returned = type(answer).__name__ if got is None else count(len(got), "line")
        sign = "\u2713" if got == list(record.lines) else "\u2717"
        rows.append([record.what, str(len(record.lines)), returned, sign])
    good = sum(row[-1] == "\u2713" for row in rows)
    title = f"{good} of {len(rows)} records unpacked"
    body = html.card(title, html.table(columns, rows, right=(1,)), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"good": good}, body=body)
