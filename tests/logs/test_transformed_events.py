"""Transformed events: queries find their fields, readers of events see what came."""

import json

import pytest
from botocore.exceptions import ClientError

GROUP, PLAIN = "/shop/pay", "/shop/plain"
CSV = [{"csv": {"columns": ["level", "ms"]}}]
KEYS = [{"parseKeyValue": {"fieldDelimiter": " "}}]


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    for group in (GROUP, PLAIN):
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName="s")
    return client


def put(lab, *texts, group=GROUP):
    at = lab.world.clock.now_us // 1000
    lab.client("logs").put_log_events(
        logGroupName=group, logStreamName="s",
        logEvents=[{"timestamp": at + n, "message": text} for n, text in enumerate(texts)],
    )  # fmt: skip


def answer(lab, text, groups=GROUP):
    frame = lab.logs.query(text, groups)
    return frame.astype(object).where(frame.notna(), None).values.tolist()


def test_a_query_finds_the_fields_that_the_transformer_made(lab, logs):
    put(lab, "WARN,1")
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=CSV)
    put(lab, "ERROR,5", "INFO,7", "ERROR,9")
    assert answer(lab, 'filter level = "ERROR" | stats sum(ms), count(*)') == [[14, 2]]
    # What came before the transformer is not transformed later; the message is what came.
    told = answer(lab, "fields @message, level, ms | sort @timestamp")
    assert told == [
        ["WARN,1", None, None], ["ERROR,5", "ERROR", 5], ["INFO,7", "INFO", 7],
        ["ERROR,9", "ERROR", 9],
    ]  # fmt: skip
    for read in (logs.filter_log_events(logGroupName=GROUP),
                 logs.get_log_events(logGroupName=GROUP, logStreamName="s")):  # fmt: skip
        assert [e["message"] for e in read["events"]] == ["WARN,1", "ERROR,5", "INFO,7", "ERROR,9"]
    logs.delete_transformer(logGroupIdentifier=GROUP)
    put(lab, "ERROR,11")
    assert answer(lab, 'filter level = "ERROR" | stats count(*)') == [[2]], "no longer transformed"


def test_sql_finds_them_too(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=KEYS)
    put(lab, "level=ERROR ms=5", "?", "level=ERROR ms=8")
    query = f"SELECT level, sum(ms) AS ms FROM `{GROUP}` GROUP BY level ORDER BY ms"
    found = lab.logs.query(query, language="SQL")
    assert found.dropna().values.tolist() == [["ERROR", 13]]
    failed = f"SELECT count(*) AS n FROM `{GROUP}` WHERE `@transformationError` IS NOT NULL"
    assert lab.logs.query(failed, language="SQL").values.tolist() == [[1]]


def test_records_and_fields_of_the_group_show_the_transformed_event(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=CSV)
    put(lab, "ERROR,5")
    [pointer] = lab.logs.query("fields @timestamp", GROUP).attrs["pointers"]
    record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert (record["@message"], record["level"], record["ms"]) == ("ERROR,5", "ERROR", "5")
    names = {one["name"] for one in logs.get_log_group_fields(logGroupName=GROUP)["logGroupFields"]}
    assert {"level", "ms", "@message"} <= names


def test_a_group_with_and_one_without_in_one_query(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=KEYS)
    put(lab, "level=ERROR user.id=3")
    put(lab, '{"level": "ERROR", "user": {"id": 4}}', "no JSON", group=PLAIN)
    told = answer(lab, "stats count(*) as n by level, user.id | sort n, user.id", [GROUP, PLAIN])
    assert told == [[None, None, 1], ["ERROR", 3, 1], ["ERROR", 4, 1]]


def test_what_could_not_be_transformed_says_so_and_keeps_its_own_fields(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=KEYS)
    put(lab, '{"level":"WARN"}', "level=ERROR", "level=" + "x" * 524_288)
    failed = "filter ispresent(@transformationError)"
    told = answer(lab, f"{failed} | fields level, @transformationError | sort @timestamp")
    assert told[0][0] == "WARN" and "parseKeyValue" in told[0][1]
    assert told[1][0] is None and "512 KB" in told[1][1]
    assert answer(lab, "filter not ispresent(@transformationError) | fields level") == [["ERROR"]]
    [pointer] = lab.logs.query(f"{failed} | sort @timestamp | limit 1", GROUP).attrs["pointers"]
    record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert "parseKeyValue" in record["@transformationError"] and record["level"] == "WARN"


def sums(lab, name, dimension):
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Logs", MetricName=name, Dimensions=[dimension], Statistics=["Sum"],
        StartTime="2026-01-05T08:00:00Z", EndTime="2026-01-05T10:00:00Z", Period=7200,
    )  # fmt: skip
    return sum(one["Sum"] for one in found["Datapoints"])


def test_an_accounts_transformer_works_where_the_group_has_none(lab, logs):
    logs.put_account_policy(
        policyName="keys", policyType="TRANSFORMER_POLICY", scope="ALL",
        policyDocument='[{"parseKeyValue": {"fieldDelimiter": " "}}]',
        selectionCriteria='LogGroupNamePrefix IN ["/shop/p"]',
    )  # fmt: skip
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=CSV)
    put(lab, "ERROR,5")
    put(lab, "level=INFO", "?", group=PLAIN)
    assert answer(lab, "fields level", [GROUP]) == [["ERROR"]]
    assert answer(lab, "fields level | sort @timestamp", PLAIN) == [["INFO"], [None]]
    account = {"Name": "PolicyLevel", "Value": "AccountPolicy"}
    assert sums(lab, "TransformedLogEvents", account) == 1
    assert sums(lab, "TransformationErrors", account) == 1
    own = {"Name": "LogGroupName", "Value": GROUP}
    assert sums(lab, "TransformedBytes", own) == len('{"level":"ERROR","ms":"5"}')


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{}", "list"),
        ("[]", "min length: 1"),
        ('[{"grok": {}}]', "match"),
        ('[{"csv": {"columns": "a"}}]', "columns"),
        ('[{"addKeys": {"entries": [{"key": "a", "value": "b"}]}}]', "has to parse"),
    ],
)
def test_an_accounts_transformer_that_cannot_run_is_refused(lab, logs, document, said):
    with pytest.raises(ClientError, match=said) as told:
        logs.put_account_policy(
            policyName="p", policyType="TRANSFORMER_POLICY", policyDocument=document
        )
    assert told.value.response["Error"]["Code"] == "InvalidParameterException"


def test_an_index_looks_at_the_transformed_event(lab, logs):
    logs.put_transformer(
        logGroupIdentifier=GROUP,
        transformerConfig=[*CSV, {"lowerCaseString": {"withKeys": ["level"]}}],
    )
    logs.put_index_policy(logGroupIdentifier=GROUP, policyDocument='{"Fields": ["level"]}')
    put(lab, "ERROR,5", "INFO,7")
    frame = lab.logs.query('filter level = "error" | stats count(*)', GROUP)
    assert frame.values.tolist() == [[1]]
    assert frame.attrs["statistics"]["estimatedRecordsSkipped"] == 1


def test_masks_hold_for_the_transformed_event_too(lab, logs):
    what = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
    done = {"Audit": {"FindingsDestination": {}}}, {"Deidentify": {"MaskConfig": {}}}
    statements = [{"DataIdentifier": what, "Operation": one} for one in done]
    policy = {"Name": "p", "Version": "2021-06-01", "Statement": statements}
    logs.put_data_protection_policy(logGroupIdentifier=GROUP, policyDocument=json.dumps(policy))
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=KEYS)
    put(lab, "who=ann@teapot.example ok=1")
    [[who]] = answer(lab, "fields who")
    assert "@" not in who and set(who) == {"*"}


def test_a_contributor_insights_rule_may_look_at_either(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=CSV)
    put(lab, "ERROR,5", "INFO,7", "ERROR,9")
    cloudwatch = lab.client("cloudwatch")
    definition = """{"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogFormat": "JSON",
        "LogGroupNames": ["/shop/pay"], "AggregateOn": "Count",
        "Contribution": {"Keys": ["$.level"], "Filters": []}}"""
    counts = {}
    lab.advance(seconds=1)
    for name, asked in (("made", {"ApplyOnTransformedLogs": True}), ("came", {})):
        cloudwatch.put_insight_rule(RuleName=name, RuleDefinition=definition, **asked)
    put(lab, "ERROR,5", "INFO,7", "ERROR,9")
    for name in ("made", "came"):
        report = cloudwatch.get_insight_rule_report(
            RuleName=name, StartTime="2026-01-05T08:00:00Z", EndTime="2026-01-05T10:00:00Z",
            Period=60,
        )  # fmt: skip
        counts[name] = {one["Keys"][0]: one["ApproximateAggregateValue"]
                        for one in report["Contributors"]}  # fmt: skip
    assert counts == {"made": {"ERROR": 2.0, "INFO": 1.0}, "came": {}}


def test_a_world_with_transformed_events_is_the_same_again(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=CSV)
    put(lab, "ERROR,5", "x")
    again = lab.of(lab.saved())
    assert again.digest() == lab.digest() and not again.errors
    again.close()


def test_ppl_finds_them_too(lab, logs):
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=KEYS)
    put(lab, "level=ERROR ms=5", "?", "level=ERROR ms=8")
    found = lab.logs.query("where level = 'ERROR' | stats sum(ms) as ms", GROUP, language="PPL")
    assert found.values.tolist() == [[13]]
    failed = "where isnotnull(`@transformationError`) | stats count() as n"
    assert lab.logs.query(failed, GROUP, language="PPL").values.tolist() == [[1]]
