"""StartQuery in SQL through real boto3, and where else a query language is said."""

import json

import numpy as np
import pytest
from botocore.exceptions import ClientError

from labkit import LabError
from labkit.lab import _insights_cell

ACCOUNT, REGION = "123456789012", "us-east-1"
TEXT = "SELECT status, COUNT(*) AS n FROM `/shop/app` GROUP BY status ORDER BY n DESC"


@pytest.fixture
def logs(lab):
    """A line a second for ten minutes in two groups; errors in one minute of the shop's."""
    at = lab.world.clock.now_us // 1000 - np.arange(600)[::-1] * 1000
    for name in ("/shop/app", "/aws/lambda/pay"):
        lines = [f'{{"status":{500 if i // 60 == 3 else 200},"ms":{i % 37}}}' for i in range(600)]
        lab.parts.logs.import_lines(ACCOUNT, REGION, name, "s", at, lines)
    return lab.client("logs")


def started(lab, logs, text, **more):
    now = lab.world.clock.now_us // 1_000_000
    return logs.start_query(
        queryLanguage="SQL", startTime=now - 3600, endTime=now, queryString=text, **more
    )["queryId"]


def asked(lab, logs, text):
    query = started(lab, logs, text)
    lab.advance(seconds=2)
    found = logs.get_query_results(queryId=query)
    assert found["status"] == "Complete"
    return found


def test_a_query_in_sql(lab, logs):
    found = asked(lab, logs, TEXT)
    assert found["queryLanguage"] == "SQL"
    assert [[cell["value"] for cell in row] for row in found["results"]] == [
        ["200", "540"], ["500", "60"],
    ]  # fmt: skip
    assert found["statistics"]["recordsScanned"] == 600
    assert found["statistics"]["logGroupsScanned"] == 1


def test_rows_of_events_point_at_their_record(lab, logs):
    both = "`logGroups(logGroupIdentifier: ['/aws/lambda/pay', '/shop/app'])`"
    found = asked(lab, logs, f"SELECT ms FROM {both} WHERE `@log` LIKE '%shop%' LIMIT 1")
    told = {cell["field"]: cell["value"] for cell in found["results"][0]}
    record = logs.get_log_record(logRecordPointer=told["@ptr"])["logRecord"]
    assert record["@log"] == f"{ACCOUNT}:/shop/app"
    assert json.loads(record["@message"])["ms"] == int(told["ms"])


def test_groups_of_both_sides_are_looked_at(lab, logs):
    query = started(
        lab, logs,
        "SELECT count(*) AS n FROM `/shop/app` A INNER JOIN `/aws/lambda/pay` B "
        "ON A.`@timestamp` = B.`@timestamp`",
    )  # fmt: skip
    told = logs.list_log_groups_for_query(queryId=query)["logGroupIdentifiers"]
    assert told == ["/shop/app", "/aws/lambda/pay"]
    lab.advance(seconds=2)
    found = logs.get_query_results(queryId=query)
    assert found["results"] == [[{"field": "n", "value": "600"}]]
    assert found["statistics"]["recordsScanned"] == 1200


def test_data_sources_and_indexes_choose_the_groups(lab, logs):
    found = asked(lab, logs, "SELECT count(*) AS n FROM `dataSource(['aws_lambda.default'])`")
    assert found["results"][0][0]["value"] == "600"
    policy = json.dumps({"Fields": ["status"]})
    logs.put_index_policy(logGroupIdentifier="/shop/app", policyDocument=policy)
    lab.advance(seconds=5)
    now = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName="/shop/app", logStreamName="s",
        logEvents=[{"timestamp": now, "message": f'{{"status":{s}}}'} for s in (500, 200, 500)],
    )  # fmt: skip
    lab.advance(seconds=1)
    found = asked(lab, logs, "SELECT count(*) AS n FROM `filterIndex('status' = 500)`")
    assert found["results"][0][0]["value"] == "2"
    assert found["statistics"]["recordsScanned"] == 2
    # Without filterIndex an index spares what it can, and the answer is whole.
    found = asked(lab, logs, "SELECT count(*) AS n FROM `/shop/app` WHERE status = 500")
    assert found["results"][0][0]["value"] == "62"
    assert found["statistics"]["estimatedRecordsSkipped"] == 1


def test_queries_and_definitions_are_listed_by_language(lab, logs):
    started(lab, logs, TEXT)
    (told,) = logs.describe_queries(queryLanguage="SQL")["queries"]
    assert (told["queryLanguage"], told["queryString"]) == ("SQL", TEXT)
    assert logs.describe_queries(queryLanguage="CWLI")["queries"] == []
    logs.put_query_definition(name="by status", queryLanguage="SQL", queryString=TEXT)
    (kept,) = logs.describe_query_definitions(queryLanguage="SQL")["queryDefinitions"]
    assert kept["queryLanguage"] == "SQL"


def test_a_malformed_query_says_where(lab, logs):
    with pytest.raises(ClientError) as told:
        started(lab, logs, "SELECT uper(status) FROM `/shop/app`")
    error = told.value.response
    assert error["Error"]["Code"] == "MalformedQueryException"
    assert error["queryCompileError"]["location"]["startCharOffset"] == 7


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        ("SELECT a FROM `gone`", {}, "ResourceNotFoundException"),
        (TEXT, {"logGroupName": "/shop/app"}, "InvalidParameterException"),
        ("SELECT a FROM `/rare`", {}, "MalformedQueryException"),
        ("stats count(*)", {}, "MalformedQueryException"),
    ],
)
def test_what_is_refused(lab, logs, text, more, code):
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(ClientError) as told:
        started(lab, logs, text, **more)
    assert told.value.response["Error"]["Code"] == code


def test_fifteen_queries_at_once(lab, logs):
    for _ in range(15):
        started(lab, logs, "SELECT ms FROM `/shop/app` LIMIT 1")
    with pytest.raises(ClientError, match="LimitExceededException"):
        started(lab, logs, TEXT)
    # Logs Insights QL counts apart.
    now = lab.world.clock.now_us // 1_000_000
    logs.start_query(
        logGroupName="/shop/app", startTime=now - 60, endTime=now, queryString="stats count(*)"
    )


def test_in_a_notebook(lab, logs, monkeypatch):
    found = lab.logs.query(TEXT, language="sql")
    assert found.to_numpy().tolist() == [[200, 540], [500, 60]]
    text = (
        "SELECT window_start, COUNT(*) AS n FROM `/shop/app` "
        "GROUP BY window(`@timestamp`, '1 minute')"
    )
    assert "Most n" in str(lab.logs.query(text, language="SQL").drawing)
    with pytest.raises(LabError, match=r"\n +\^"):
        lab.logs.query("SELECT uper(a) FROM `/shop/app`", language="SQL")
    assert len(_insights_cell("--language sql last=1h", TEXT)) == 2
    assert len(_insights_cell("--language=SQL", TEXT)) == 2
    with pytest.raises(LabError, match="--language is cwli, sql or ppl"):
        _insights_cell("--language kql", TEXT)


def test_a_dashboard_asks_in_sql(lab, logs):
    body = {
        "widgets": [
            {
                "type": "log", "x": 0, "y": 0, "width": 6, "height": 6,
                "properties": {"query": TEXT, "queryLanguage": "SQL", "region": REGION},
            }
        ]
    }  # fmt: skip
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=json.dumps(body))
    assert "540" in str(lab.dashboard("d"))
