"""Good calls of what stands around Logs Insights (see tests/fuzzing.py)."""

import json

from buskit import role
from fuzzing import attempt

KEPT = {"logGroupIdentifier": "kept"}
FIELDS = json.dumps({"Fields": ["requestId"]})
ONE = {"identifier": "kept"}
SCHEDULED = {
    "queryLanguage": "CWLI", "queryString": "stats count(*)", "logGroupIdentifiers": ["kept"],
    "scheduleExpression": "cron(0 * * * ? *)", "executionRoleArn": "$runs",
}  # fmt: skip


def indexed(lab, things):
    """The group has a policy of its own."""
    lab.client("logs").put_index_policy(**KEPT, policyDocument=FIELDS)


def scheduled(lab, things):
    """A role, and a scheduled query of it."""
    if "$runs" not in things:
        things["$runs"] = role(lab, "runs-queries", service="logs.amazonaws.com")
    good = SCHEDULED | {"executionRoleArn": things["$runs"]}
    attempt(lab.client("logs").create_scheduled_query, name="kept", **good)


INDEXES = {
    "PutIndexPolicy": KEPT | {"policyDocument": FIELDS}, "DeleteIndexPolicy": KEPT,
    "DescribeIndexPolicies": {"logGroupIdentifiers": ["kept"]},
    "DescribeFieldIndexes": {"logGroupIdentifiers": ["kept"]},
    "GetLogFields": {"dataSourceName": "amazon_vpc", "dataSourceType": "flow"},
}  # fmt: skip
SCHEDULES = {
    "CreateScheduledQuery": SCHEDULED | {"name": "qNEW"}, "UpdateScheduledQuery": ONE | SCHEDULED,
    "GetScheduledQuery": ONE, "DeleteScheduledQuery": ONE, "ListScheduledQueries": {},
    "GetScheduledQueryHistory": ONE | {"startTime": 0, "endTime": 1_900_000_000},
}  # fmt: skip
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:kept"


def watched(lab, things):
    """A detector."""
    logs = lab.client("logs")
    held = logs.list_log_anomaly_detectors()["anomalyDetectors"]
    things["$detector"] = (
        held[0]["anomalyDetectorArn"]
        if held
        else logs.create_log_anomaly_detector(logGroupArnList=[GROUP_ARN])["anomalyDetectorArn"]
    )


def detected(lab, things):
    """A detector with an anomaly."""
    watched(lab, things)
    logs = lab.client("logs")
    told = logs.list_anomalies(anomalyDetectorArn=things["$detector"])["anomalies"]
    if not told:
        lab.advance(minutes=16)
        attempt(logs.create_log_stream, logGroupName="kept", logStreamName="odd")
        now = lab.world.clock.now_us // 1000
        logs.put_log_events(logGroupName="kept", logStreamName="odd",
                            logEvents=[{"timestamp": now, "message": "ERROR odd"}])  # fmt: skip
        lab.advance(minutes=6)
        told = logs.list_anomalies(anomalyDetectorArn=things["$detector"])["anomalies"]
    things["$anomaly"] = told[0]["anomalyId"]


WHICH = {"anomalyDetectorArn": "$detector"}
ANOMALIES = {
    "CreateLogAnomalyDetector": {"logGroupArnList": [GROUP_ARN]},
    "GetLogAnomalyDetector": WHICH, "DeleteLogAnomalyDetector": WHICH,
    "UpdateLogAnomalyDetector": WHICH | {"enabled": True}, "ListLogAnomalyDetectors": {},
    "ListAnomalies": WHICH,
    "UpdateAnomaly": WHICH | {"anomalyId": "$anomaly", "suppressionType": "INFINITE"},
}  # fmt: skip
GOOD = INDEXES | SCHEDULES | ANOMALIES
FIRST = (
    dict.fromkeys(INDEXES, indexed)
    | dict.fromkeys(SCHEDULES, scheduled)
    | dict.fromkeys(set(ANOMALIES) - {"CreateLogAnomalyDetector"}, watched)
    | {"UpdateAnomaly": detected}
)
