"""Logs Insights through real boto3, and as lab.logs.query shows it."""

import json

import numpy as np
import pytest
from botocore.exceptions import ClientError

from labkit import LabError

GROUP = "/shop/app"
ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.fixture
def logs(lab):
    """A line a second for an hour; errors in the minute at 08:33."""
    at = lab.world.clock.now_us // 1000 - np.arange(3600)[::-1] * 1000
    lines = [f'{{"status":{500 if i // 60 == 33 else 200},"ms":{i % 37}}}' for i in range(3600)]
    lab.parts.logs.import_lines(ACCOUNT, REGION, GROUP, ["a", "b"], at, lines, np.arange(3600) % 2)
    return lab.client("logs")


def started(lab, logs, text, **more):
    now = lab.world.clock.now_us // 1_000_000
    asked = {"startTime": now - 3600, "endTime": now, "queryString": text} | more
    if "SOURCE" not in text:
        asked.setdefault("logGroupName", GROUP)
    return logs.start_query(**asked)["queryId"]


def test_a_query_is_scheduled_then_running_then_complete(lab, logs):
    query = started(lab, logs, "stats count(*)")
    states = [logs.get_query_results(queryId=query)["status"]]
    for _ in range(8):
        lab.advance(milliseconds=100)
        states.append(logs.get_query_results(queryId=query)["status"])
    assert list(dict.fromkeys(states)) == ["Scheduled", "Running", "Complete"]
    found = logs.get_query_results(queryId=query)
    assert found["results"] == [[{"field": "count(*)", "value": "3600"}]]
    assert found["statistics"]["recordsScanned"] == 3600
    assert found["statistics"]["logGroupsScanned"] == 1


def test_rows_of_events_point_at_their_record(lab, logs):
    query = started(lab, logs, "filter status = 500 | fields ms | limit 1")
    lab.advance(seconds=2)
    (row,) = logs.get_query_results(queryId=query)["results"]
    told = {cell["field"]: cell["value"] for cell in row}
    record = logs.get_log_record(logRecordPointer=told["@ptr"])["logRecord"]
    assert json.loads(record["@message"]) == {"status": 500, "ms": int(told["ms"])}
    assert record["status"] == "500"
    assert record["@log"] == f"{ACCOUNT}:{GROUP}"
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.get_log_record(logRecordPointer="bm9uZQ==")


def test_a_malformed_query_says_where(lab, logs):
    with pytest.raises(ClientError) as told:
        started(lab, logs, "filter status == 500 | filtr x")
    error = told.value.response
    assert error["Error"]["Code"] == "MalformedQueryException"
    place = error["queryCompileError"]["location"]
    assert (place["startCharOffset"], place["endCharOffset"]) == (23, 28)
    assert "did you mean filter" in error["Error"]["Message"]


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (
            {"logGroupName": "gone"},
            "ResourceNotFoundException",
            "'gone' does not exist for account",
        ),
        ({"endTime": 1}, "InvalidParameterException", "End time"),
        ({"startTime": 1, "endTime": 2}, "MalformedQueryException", "creation time"),
        ({"queryLanguage": "KQL"}, "InvalidParameterException", "KQL"),
    ],
)
def test_what_cannot_be_started(lab, logs, more, code, said):
    with pytest.raises(ClientError, match=said) as told:
        started(lab, logs, "stats count(*)", **more)
    assert told.value.response["Error"]["Code"] == code


def test_a_stopped_query_has_no_rows(lab, logs):
    query = started(lab, logs, "stats count(*)")
    assert logs.stop_query(queryId=query)["success"]
    lab.advance(minutes=1)
    found = logs.get_query_results(queryId=query)
    assert (found["status"], found["results"]) == ("Cancelled", [])
    with pytest.raises(ClientError, match="could not be stopped"):
        logs.stop_query(queryId=query)


def test_answers_are_kept_for_seven_days(lab, logs):
    query = started(lab, logs, "stats count(*)")
    (told,) = logs.describe_queries()["queries"]
    assert told["queryString"].startswith(f'SOURCE "{GROUP}" START=')
    lab.advance(hours=167)
    assert logs.get_query_results(queryId=query)["status"] == "Complete"
    lab.advance(hours=2)
    with pytest.raises(ClientError, match="does not exist"):
        logs.get_query_results(queryId=query)
    assert logs.describe_queries()["queries"] == []


def test_expired_events_are_not_found(lab, logs):
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    lab.advance(days=1, minutes=-30)
    now = lab.world.clock.now_us // 1_000_000
    query = started(lab, logs, "stats count(*)", startTime=now - 2 * 86_400)
    lab.advance(seconds=2)
    ((cell,),) = logs.get_query_results(queryId=query)["results"]
    assert int(cell["value"]) == 1800


def test_a_source_names_the_groups(lab, logs):
    query = started(lab, logs, 'SOURCE logGroups(namePrefix: ["/shop"]) | stats count(*) by @log')
    lab.advance(seconds=2)
    assert logs.list_log_groups_for_query(queryId=query)["logGroupIdentifiers"] == [GROUP]
    (row,) = logs.get_query_results(queryId=query)["results"]
    assert [cell["value"] for cell in row] == [f"{ACCOUNT}:{GROUP}", "3600"]


def test_a_lookup_table_adds_columns(lab, logs):
    logs.create_lookup_table(lookupTableName="codes", tableBody="code,meaning\n500,broken\n")
    frame = lab.logs.query(
        "filter status = 500 | lookup codes code as status OUTPUT meaning "
        "| stats count(*) as n by meaning",
        GROUP,
    )
    assert frame.to_dict("records") == [{"meaning": "broken", "n": 60}]


def test_a_frame_draws_bars_where_there_is_a_bin(lab, logs):
    frame = lab.logs.query("filter status = 500 | stats count(*) as errors by bin(5m)", GROUP)
    assert frame["errors"].sum() == 60
    assert str(frame).startswith("Most errors: 60 at 08:30")
    assert "<img" in frame._repr_html_()
    assert type(frame[["errors"]]).__name__ == "DataFrame"


def test_a_mistake_in_a_notebook_has_a_caret(lab, logs):
    with pytest.raises(LabError) as told:
        lab.logs.query("stats count(*) by ms | display status, ms", GROUP)
    line, caret = str(told.value).split("\n")[1:]
    assert line[caret.index("^") :].startswith("status")


def test_the_fields_of_a_group(logs):
    found = logs.get_log_group_fields(logGroupName=GROUP)["logGroupFields"]
    assert {"name": "status", "percent": 100} in found


def test_saved_queries(logs):
    made = logs.put_query_definition(name="errors", queryString="filter status = 500")
    (told,) = logs.describe_query_definitions(queryDefinitionNamePrefix="err")["queryDefinitions"]
    assert told["queryDefinitionId"] == made["queryDefinitionId"]
    logs.delete_query_definition(queryDefinitionId=made["queryDefinitionId"])
    assert logs.describe_query_definitions()["queryDefinitions"] == []


def test_a_log_widget_shows_the_table(lab, logs):
    head, rows = lab.world.ports.log_table(
        ACCOUNT, REGION, f"SOURCE '{GROUP}' | stats count(*) as n by status", 0,
        lab.world.clock.now_us,
    )  # fmt: skip
    assert (list(head), rows) == (["status", "n"], [["200", "3540"], ["500", "60"]])
