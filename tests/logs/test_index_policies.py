"""Field indexes: whose policy holds, which indexes are there, and what a query is spared."""

import json

import numpy as np
import pytest
from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", "us-east-1"
DOCUMENT = json.dumps({"Fields": ["code"], "FieldsV2": {"user": {"type": "FACET"}}})


@pytest.fixture
def logs(lab):
    """Two groups with a line a second for ten minutes, that came before any policy."""
    at = lab.world.clock.now_us // 1000 - np.arange(600)[::-1] * 1000
    for name in ("/a", "/b"):
        lines = [f'{{"code":{500 if i % 60 == 7 else 200},"user":"u{i % 9}"}}' for i in range(600)]
        lab.parts.logs.import_lines(ACCOUNT, REGION, name, "s", at, lines)
    return lab.client("logs")


def put(lab, logs, group, lines):
    """Lines that come in now; when that is, milliseconds."""
    lab.advance(seconds=1)
    now = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName=group, logStreamName="s",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )  # fmt: skip
    return now


def asked(lab, logs, text, groups=("/a", "/b")):
    now = lab.world.clock.now_us // 1_000_000
    query = logs.start_query(
        logGroupNames=list(groups), startTime=now - 3600, endTime=now + 1, queryString=text
    )["queryId"]
    lab.advance(seconds=2)
    found = logs.get_query_results(queryId=query)
    return [{c["field"]: c["value"] for c in row} for row in found["results"]], found["statistics"]


def test_a_groups_own_policy_comes_before_the_accounts(lab, logs):
    logs.put_account_policy(
        policyName="all", policyType="FIELD_INDEX_POLICY", policyDocument=json.dumps(
            {"Fields": ["code"]}), selectionCriteria='LogGroupNamePrefix IN ["/a"]',
    )  # fmt: skip
    (told,) = logs.describe_index_policies(logGroupIdentifiers=["/a"])["indexPolicies"]
    assert (told["source"], told["policyName"]) == ("ACCOUNT", "all")
    assert logs.describe_index_policies(logGroupIdentifiers=["/b"])["indexPolicies"] == []
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument=DOCUMENT)
    (told,) = logs.describe_index_policies(logGroupIdentifiers=["/a"])["indexPolicies"]
    assert (told["source"], told["policyDocument"]) == ("LOG_GROUP", DOCUMENT)
    logs.delete_index_policy(logGroupIdentifier="/a")
    (told,) = logs.describe_index_policies(logGroupIdentifiers=["/a"])["indexPolicies"]
    assert told["source"] == "ACCOUNT"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_index_policy(logGroupIdentifier="/a")


def test_indexes_know_what_came_after_their_policy(lab, logs):
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument=DOCUMENT)
    rows = logs.describe_field_indexes(logGroupIdentifiers=["/a"])["fieldIndexes"]
    custom = {row["fieldIndexName"]: row for row in rows if row["indexCategory"] == "CUSTOM"}
    assert {name: row["type"] for name, row in custom.items()} == {
        "code": "FIELD_INDEX", "user": "FACET"}  # fmt: skip
    assert "firstEventTime" not in custom["code"]
    assert {"@logStream", "traceId"} < {row["fieldIndexName"] for row in rows}
    now = put(lab, logs, "/a", ['{"code":500}'])
    rows = logs.describe_field_indexes(logGroupIdentifiers=["/a"], indexCategories=["CUSTOM"])
    seen = {row["fieldIndexName"]: row.get("firstEventTime") for row in rows["fieldIndexes"]}
    assert seen == {"code": now, "user": None}


def test_a_filter_is_spared_events_and_answers_the_same(lab, logs):
    text = "filter code = 500 | stats count(*) as n"
    before, whole = asked(lab, logs, text)
    assert (before, whole["recordsScanned"]) == ([{"n": "20"}], 1200)
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument=DOCUMENT)
    put(lab, logs, "/a", ['{"code":500}', '{"code":200}', '{"code":5e2}', '{"c\\u006fde":404}'])
    rows, told = asked(lab, logs, text)
    assert rows == [{"n": "22"}]
    # The line with 200 is ruled out; those that are written oddly are looked at.
    assert (told["recordsScanned"], told["estimatedRecordsSkipped"]) == (1203, 1)
    assert told["estimatedBytesSkipped"] == len('{"code":200}')
    assert told["logGroupsScanned"] == 2


def test_filter_index_returns_indexed_data_only(lab, logs):
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument=DOCUMENT)
    put(lab, logs, "/a", ['{"code":500,"user":"new"}', '{"code":200}'])
    rows, told = asked(lab, logs, "filterIndex code in [500, 501] | fields user")
    assert [row["user"] for row in rows] == ["new"]
    assert (told["recordsScanned"], told["logGroupsScanned"]) == (1, 1)
    assert told["estimatedRecordsSkipped"] == 1201


@pytest.mark.parametrize(
    "text",
    [
        "filter not (code = 500)",
        "filter code = 500 or user = 'u1'",
        "parse user 'u*' as code | filter code = 3",
        "filter code != 500",
        "fields 200 as code | filter code = 200",
    ],
)
def test_what_an_index_cannot_say_is_looked_at(lab, logs, text):
    rows, _ = asked(lab, logs, f"{text} | stats count(*) as n", ["/a"])
    put(lab, logs, "/b", ["x"])
    logs.put_index_policy(logGroupIdentifier="/a", policyDocument=DOCUMENT)
    again, told = asked(lab, logs, f"{text} | stats count(*) as n", ["/a"])
    assert (again, told["estimatedRecordsSkipped"]) == (rows, 0)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "not valid"),
        ("[]", "no JSON object"),
        ('{"Fields": []}', "one field"),
        ('{"Fields": "a"}', "list of names"),
        ('{"FieldsV2": {"a": {"type": "TREE"}}}', "FACET"),
        (json.dumps({"Fields": [f"f{i}" for i in range(21)]}), "at most 20"),
        (json.dumps({"Fields": ["f" * 101]}), "100 characters"),
    ],
)
def test_a_document_that_is_none(logs, document, said):
    with pytest.raises(ClientError, match=said):
        logs.put_index_policy(logGroupIdentifier="/a", policyDocument=document)


def test_other_classes_have_no_indexes(logs):
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(ClientError, match="STANDARD"):
        logs.put_index_policy(logGroupIdentifier="/rare", policyDocument=DOCUMENT)
    assert logs.describe_field_indexes(logGroupIdentifiers=["/rare"])["fieldIndexes"] == []


def test_fields_of_a_data_source(logs):
    told = logs.get_log_fields(dataSourceName="amazon_vpc", dataSourceType="flow")["logFields"]
    kinds = {row["logFieldName"]: row["logFieldType"]["type"] for row in told}
    assert (kinds["srcAddr"], kinds["bytes"]) == ("string", "long")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.get_log_fields(dataSourceName="moon", dataSourceType="flow")
