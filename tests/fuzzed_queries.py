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
GOOD = INDEXES | SCHEDULES
FIRST = dict.fromkeys(INDEXES, indexed) | dict.fromkeys(SCHEDULES, scheduled)
