"""CloudWatch Logs with whatever botocore lets through."""

import fuzzed_groups
import fuzzed_logs
import fuzzed_queries
import pytest
from fuzzing import DEPTHS, Fuzzed, attempt, check

from labkit.logs.large_objects import pointer

AT_MS = 1_767_603_600_000
NAMED = {"logGroupName": "kept"}
QUERY = NAMED | {
    "queryString": "stats count(*)", "startTime": AT_MS // 1000 - 60,
    "endTime": AT_MS // 1000 + 3600,
}  # fmt: skip
HITS = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:kept"
SYSLOG = {"logGroupIdentifier": "kept", "vpcEndpointId": "$endpoint"}
TRANSFORMED = {"logGroupIdentifier": "kept"}
STREAM = NAMED | {"logStreamName": "kept"}


def prepare(lab):
    logs = lab.client("logs")
    attempt(logs.create_log_group, **NAMED)
    attempt(logs.create_log_stream, **STREAM)
    logs.put_log_events(
        **STREAM, logEvents=[{"timestamp": lab.world.clock.now_us // 1000, "message": "m"}]
    )
    logs.put_metric_filter(
        **NAMED, filterName="kept", filterPattern="x", metricTransformations=[HITS]
    )
    attempt(logs.create_lookup_table, lookupTableName="kept", tableBody="a,b\n1,2\n")
    tables = logs.describe_lookup_tables()["lookupTables"]
    query = logs.start_query(**QUERY)["queryId"]
    done = logs.start_query(**QUERY | {"queryString": "fields @message"})["queryId"]
    lab.advance(seconds=3)
    stop = logs.start_query(**QUERY)["queryId"]
    rows = logs.get_query_results(queryId=done)["results"]
    saved = logs.put_query_definition(name="kept", queryString="stats count(*)")
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    name = "com.amazonaws.us-east-1.syslog-logs"
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, VpcEndpointType="Interface")
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    logs.put_syslog_configuration(logGroupIdentifier="kept", vpcEndpointId=endpoint)
    group = lab.parts.logs.store(lab.account, lab.region).group("kept")
    group.objects[0] = {"$['body']": "m"}
    return {
        "$query": query,
        "$stop": stop,
        "$ptr": next(cell["value"] for cell in rows[0] if cell["field"] == "@ptr"),
        "$saved": saved["queryDefinitionId"],
        "$endpoint": endpoint,
        "$object": pointer(group, 0, "$['body']"),
        "$table": tables[0]["lookupTableArn"],
    }


LOGS = Fuzzed(
    "logs",
    {
        "CreateLogGroup": {"logGroupName": "gNEW"}, "DeleteLogGroup": NAMED,
        "PutRetentionPolicy": NAMED | {"retentionInDays": 7}, "DeleteRetentionPolicy": NAMED,
        "CreateLogStream": NAMED | {"logStreamName": "sNEW"}, "DeleteLogStream": STREAM,
        "DescribeLogStreams": NAMED,
        "PutLogEvents": STREAM | {"logEvents": [{"timestamp": AT_MS, "message": "m"}]},
        "GetLogEvents": STREAM, "FilterLogEvents": NAMED,
        **fuzzed_logs.GOOD, **fuzzed_groups.GOOD, **fuzzed_queries.GOOD,
        # metric filters
        "PutMetricFilter": NAMED | {"filterName": "fNEW", "filterPattern": "x",
                                    "metricTransformations": [HITS]},
        "DeleteMetricFilter": NAMED | {"filterName": "kept"},
        "TestMetricFilter": {"filterPattern": "x", "logEventMessages": ["x"]},
        "StartLiveTail": {"logGroupIdentifiers": [GROUP_ARN]},
        "GetLogObject": {"logObjectPointer": "$object"},
        "PutSyslogConfiguration": SYSLOG, "DeleteSyslogConfiguration": SYSLOG,
        "ListSyslogConfigurations": {},
        "PutTransformer": TRANSFORMED | {"transformerConfig": [{"parseJSON": {}}]},
        "GetTransformer": TRANSFORMED, "DeleteTransformer": TRANSFORMED,
        "TestTransformer": {"transformerConfig": [{"parseJSON": {}}], "logEventMessages": ["{}"]},
        # Logs Insights
        "StartQuery": QUERY, "GetQueryResults": {"queryId": "$query"},
        "StopQuery": {"queryId": "$stop"}, "ListLogGroupsForQuery": {"queryId": "$query"},
        "GetLogRecord": {"logRecordPointer": "$ptr"}, "GetLogGroupFields": NAMED,
        "PutQueryDefinition": {"name": "nNEW", "queryString": "stats count(*)"},
        "DeleteQueryDefinition": {"queryDefinitionId": "$saved"},
        "CreateLookupTable": {"lookupTableName": "tNEW", "tableBody": "a,b\n1,2\n"},
        "UpdateLookupTable": {"lookupTableArn": "$table", "tableBody": "a,b\n3,4\n"},
        "GetLookupTable": {"lookupTableArn": "$table"},
        "DeleteLookupTable": {"lookupTableArn": "$table"},
    },
    prepare,
    # The newer operations and those that take two ways to name a group.
    # The old tagging operations model no code for what breaks a constraint.
    {"ValidationException", "AccessDeniedException", "InvalidParameterException"},
    fuzzed_logs.FIRST | fuzzed_groups.FIRST | fuzzed_queries.FIRST,
)  # fmt: skip


NAMES = [
    pytest.param(name, marks=pytest.mark.long) if name in fuzzed_logs.SLOW else name
    for name in LOGS.operations()
]


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", NAMES)
def test_every_call_of_logs_is_answered(name, examples):
    check(LOGS, name, examples)
