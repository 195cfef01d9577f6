"""StartQuery in PPL through real boto3."""

import numpy as np
import pytest
from botocore.exceptions import ClientError

from labkit.lab import _insights_cell

ACCOUNT, REGION = "123456789012", "us-east-1"
TEXT = "stats count() as n by status | sort - n"


@pytest.fixture
def logs(lab):
    """A line a second for ten minutes; errors in one minute."""
    at = lab.world.clock.now_us // 1000 - np.arange(600)[::-1] * 1000
    lines = [f'{{"status":{500 if i // 60 == 3 else 200},"ms":{i % 37}}}' for i in range(600)]
    lab.parts.logs.import_lines(ACCOUNT, REGION, "/shop/app", "s", at, lines)
    return lab.client("logs")


def started(lab, logs, text, **more):
    now = lab.world.clock.now_us // 1_000_000
    return logs.start_query(
        queryLanguage="PPL", startTime=now - 3600, endTime=now, queryString=text, **more
    )["queryId"]


def test_a_query_in_ppl(lab, logs):
    by_call = started(lab, logs, TEXT, logGroupNames=["/shop/app"])
    by_source = started(lab, logs, f"source = [lg:`/shop/app`] | {TEXT}")
    events = started(lab, logs, "source=`/shop/app` | where status = 500 | fields ms | head 1")
    lab.advance(seconds=2)
    for query in (by_call, by_source):
        found = logs.get_query_results(queryId=query)
        assert (found["queryLanguage"], found["status"]) == ("PPL", "Complete")
        assert [[cell["value"] for cell in row] for row in found["results"]] == [
            ["540", "200"], ["60", "500"],
        ]  # fmt: skip
    (row,) = logs.get_query_results(queryId=events)["results"]
    told = {cell["field"]: cell["value"] for cell in row}
    record = logs.get_log_record(logRecordPointer=told["@ptr"])["logRecord"]
    assert (record["ms"], record["status"]) == (told["ms"], "500")
    assert len(logs.describe_queries(queryLanguage="PPL")["queries"]) == 3


def test_what_is_refused(lab, logs):
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    for text, more, code in (
        (TEXT, {}, "InvalidParameterException"),
        (f"source=`/shop/app` | {TEXT}", {"logGroupName": "/shop/app"},
         "InvalidParameterException"),
        ("source=`gone`", {}, "ResourceNotFoundException"),
        (TEXT, {"logGroupName": "/rare"}, "MalformedQueryException"),
        ("sttas count()", {"logGroupName": "/shop/app"}, "MalformedQueryException"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as told:
            started(lab, logs, text, **more)
        assert told.value.response["Error"]["Code"] == code


def test_in_a_notebook(lab, logs):
    found = lab.logs.query(TEXT, "/shop/app", language="PPL")
    assert found.to_numpy().tolist() == [[540, 200], [60, 500]]
    timed = "stats count() as n by span(`@timestamp`, 1m)"
    assert "Most n" in str(lab.logs.query(timed, "/shop/app", language="PPL").drawing)
    assert len(_insights_cell("/shop/app --language ppl", "stats count() by span(ms, 10)")) == 4
