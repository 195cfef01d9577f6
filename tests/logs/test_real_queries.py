"""Queries that people really ask, over lines of the logs that they ask about, through boto3.

They are from public dashboards, templates, guides and posts, in all three languages. A block of
``real_queries/*.txt`` is the query, ``=>`` how many rows the answer has and its columns, and
``->`` its first rows (at most three, 60 characters of a cell): each was judged by hand.
Some of AWS's own are refused: they ask behind ``stats`` for a field that it does not carry.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from reallines import GROUPS

ACCOUNT, REGION = "123456789012", "us-east-1"
#: 2026-01-05 09:00 UTC, when the first line of each group was written; a line a minute.
START = 1_767_603_600


def _blocks():
    for language in ("CWLI", "PPL", "SQL"):
        group = ""
        text = (Path(__file__).parent / "real_queries" / f"{language}.txt").read_text("utf-8")
        for number, block in enumerate(filter(None, text.strip().split("\n\n"))):
            lines = block.split("\n")
            if lines[0].startswith("@ "):
                group = lines.pop(0)[2:]
            query = "\n".join(line for line in lines if line[:2] not in ("=>", "->"))
            told = [line for line in lines if line.startswith("=>")]
            rows = [line[3:] for line in lines if line.startswith("->")]
            yield pytest.param(language, group, query, told[0][3:], rows,
                               id=f"{language}-{group}-{number}")  # fmt: skip


@pytest.fixture(scope="module")
def lab():
    import labkit

    with labkit.Lab(start=datetime(2026, 1, 5, 10, tzinfo=UTC), active=False) as lab:
        for name, lines in GROUPS.items():
            at = (START + 60 * np.arange(len(lines))) * 1000
            lab.parts.logs.import_lines(
                ACCOUNT, REGION, name, ["s0", "s1"], at, lines, np.arange(len(lines)) % 2
            )
        yield lab


@pytest.mark.parametrize(("language", "group", "query", "told", "rows"), list(_blocks()))
def test_the_answer_is_the_one_judged(lab, language, group, query, told, rows):
    logs = lab.client("logs")
    asked = {"queryString": query, "startTime": START, "endTime": START + 3600}
    if language != "SQL" and not query.lower().startswith("source"):
        asked["logGroupName"] = group
    if told.startswith("refused: "):
        with pytest.raises(logs.exceptions.MalformedQueryException, match=told[9:]):
            logs.start_query(queryLanguage=language, **asked)
        return
    started = logs.start_query(queryLanguage=language, **asked)["queryId"]
    lab.advance(seconds=1)
    found = logs.get_query_results(queryId=started)
    count, _, names = told.partition(": ")
    columns = names.split(" | ")
    assert found["status"] == "Complete"
    assert len(found["results"]) == int(count)
    for row, shown in zip(found["results"], rows, strict=False):
        cells = {cell["field"]: cell["value"] for cell in row}
        assert [cell["field"] for cell in row if cell["field"] != "@ptr"] == [
            name for name in columns if name in cells
        ]
        seen = [cells.get(name, "").replace("\n", "\\n")[:60] for name in columns]
        assert " | ".join(seen) == shown
