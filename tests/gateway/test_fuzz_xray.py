"""X-Ray with whatever botocore lets through."""

import json

import pytest
from fuzzing import DEPTHS, LATER, NOW, Fuzzed, attempt, check

from labkit.core.clock import MINUTE, to_us
from labkit.xray.engine.insights import Insight
from labkit.xray.engine.trace import Service
from labkit.xray.insights import Found

ID = "1-695b7d50-00000000000000000000000f"
SEGMENT = json.dumps(
    {"trace_id": ID, "id": "000000000000000f", "name": "kept", "start_time": 1767603600,
     "end_time": 1767603601}
)  # fmt: skip
RANGE = {"StartTime": NOW, "EndTime": LATER}
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
     "Action": "xray:PutTraceSegments", "Resource": "*"}]})  # fmt: skip


RULE = {
    "Priority": 5,
    "FixedRate": 0.1,
    "ReservoirSize": 2,
    "Host": "*",
    "ServiceName": "*",
    "ServiceType": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "ResourceARN": "*",
    "Version": 1,
}


def spans_to_logs(lab, things):
    store = lab.parts.xray.store(lab.account, lab.region)
    lab.parts.xray.settings(store).destination = "CloudWatchLogs"


def insight(lab):
    """An insight that is kept: its id."""
    store = lab.parts.xray.store(lab.account, lab.region)
    minute = to_us(lab.now) // MINUTE
    told = Insight(minute, minute, minute, Service("kept"))
    name = "00000000-0000-4000-a000-00000000000f"
    store.of("insights")[name] = Found(name, "Default", store.arn("group/Default"), told)
    return name


def spans_may_go_to_logs(lab, things):
    document = ALLOW.replace("sns.", "xray.").replace("xray:PutTraceSegments", "logs:PutLogEvents")
    lab.client("logs").put_resource_policy(policyName="xray", policyDocument=document)
    store = lab.parts.xray.store(lab.account, lab.region)
    lab.parts.xray.settings(store).destination = "XRay"


def prepare(lab):
    xray = lab.client("xray")
    xray.put_trace_segments(TraceSegmentDocuments=[SEGMENT])
    attempt(xray.create_group, GroupName="kept")
    attempt(xray.create_sampling_rule, SamplingRule={"RuleName": "kept", **RULE})
    arn = xray.get_group(GroupName="kept")["Group"]["GroupARN"]
    attempt(xray.put_resource_policy, PolicyName="kept", PolicyDocument=ALLOW)
    spans_to_logs(lab, {})
    token = xray.start_trace_retrieval(TraceIds=[ID], **RANGE)["RetrievalToken"]
    settings = lab.parts.xray.settings(lab.parts.xray.store(lab.account, lab.region))
    settings.destination, settings.key_id = "XRay", ""
    return {"$arn": arn, "$token": token, "$insight": insight(lab)}


XRAY = Fuzzed(
    "xray",
    {
        "PutTraceSegments": {"TraceSegmentDocuments": [SEGMENT]},
        "PutTelemetryRecords": {"TelemetryRecords": [{"Timestamp": NOW}]},
        "BatchGetTraces": {"TraceIds": [ID]},
        "GetTraceSummaries": RANGE,
        "CreateGroup": {"GroupName": "gNEW"},
        "UpdateGroup": {"GroupName": "kept"},
        "GetGroup": {"GroupName": "kept"},
        "DeleteGroup": {"GroupName": "kept"},
        "PutEncryptionConfig": {"Type": "NONE"},
        "PutResourcePolicy": {"PolicyName": "pNEW", "PolicyDocument": ALLOW},
        "DeleteResourcePolicy": {"PolicyName": "kept"},
        "CreateSamplingRule": {"SamplingRule": {"RuleName": "rNEW", **RULE}},
        "UpdateSamplingRule": {"SamplingRuleUpdate": {"RuleName": "kept"}},
        "DeleteSamplingRule": {"RuleName": "kept"},
        "GetSamplingTargets": {"SamplingStatisticsDocuments": [
            {"RuleName": "kept", "ClientID": "0" * 24, "Timestamp": NOW, "RequestCount": 10,
             "SampledCount": 2}]},
        "TagResource": {"ResourceARN": "$arn", "Tags": [{"Key": "a", "Value": "b"}]},
        "UntagResource": {"ResourceARN": "$arn", "TagKeys": ["a"]},
        "ListTagsForResource": {"ResourceARN": "$arn"},
        "UpdateIndexingRule": {
            "Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 5}},
        },
        "UpdateTraceSegmentDestination": {"Destination": "CloudWatchLogs"},
        "StartTraceRetrieval": {"TraceIds": [ID], **RANGE},
        "ListRetrievedTraces": {"RetrievalToken": "$token"},
        "CancelTraceRetrieval": {"RetrievalToken": "$token"},
        "GetRetrievedTracesGraph": {"RetrievalToken": "$token"},
        "GetServiceGraph": RANGE,
        "GetTraceGraph": {"TraceIds": [ID]},
        "GetTimeSeriesServiceStatistics": RANGE,
        "GetInsightSummaries": {"GroupName": "kept", **RANGE},
        "GetInsight": {"InsightId": "$insight"},
        "GetInsightEvents": {"InsightId": "$insight"},
        "GetInsightImpactGraph": {"InsightId": "$insight", **RANGE},
    },
    prepare,
    {"InvalidRequestException", "AccessDeniedException", "RuleLimitExceededException"},
    {"UpdateTraceSegmentDestination": spans_may_go_to_logs, "StartTraceRetrieval": spans_to_logs},
)  # fmt: skip


@pytest.mark.parametrize("examples", DEPTHS[1:])
@pytest.mark.parametrize("name", XRAY.operations())
def test_every_call_of_xray_is_answered(name, examples):
    check(XRAY, name, examples)
