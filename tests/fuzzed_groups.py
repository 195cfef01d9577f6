"""Good calls of log groups beside their events (see tests/fuzzing.py)."""

import json

from logskit import key

NAMED = {"logGroupName": "kept"}
SERVICES_MAY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
     "Action": "logs:PutLogEvents", "Resource": "*"}]})  # fmt: skip
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:kept"


def keyed(lab, things):
    """A key, and a policy that can be deleted."""
    if "$key" not in things:
        things["$key"] = key(lab)
    logs = lab.client("logs")
    logs.put_resource_policy(policyName="kept", policyDocument=SERVICES_MAY)
    logs.put_account_policy(**KEEPING, policyDocument=MONTH)


KEEPING = {"policyName": "kept", "policyType": "RETENTION_POLICY"}
MONTH = json.dumps({"retentionInDays": 30, "enforcementMode": "RETROACTIVE"})

GOOD = {
    "PutAccountPolicy": KEEPING | {"policyDocument": MONTH}, "DeleteAccountPolicy": KEEPING,
    "DescribeAccountPolicies": {"policyType": "RETENTION_POLICY"},
    "AssociateKmsKey": NAMED | {"kmsKeyId": "$key"}, "DisassociateKmsKey": NAMED,
    "TagLogGroup": NAMED | {"tags": {"a": "b"}}, "UntagLogGroup": NAMED | {"tags": ["a"]},
    "ListTagsLogGroup": NAMED,
    "TagResource": {"resourceArn": GROUP_ARN, "tags": {"a": "b"}},
    "UntagResource": {"resourceArn": GROUP_ARN, "tagKeys": ["a"]},
    "ListTagsForResource": {"resourceArn": GROUP_ARN},
    "PutResourcePolicy": {"policyName": "kept", "policyDocument": SERVICES_MAY},
    "DeleteResourcePolicy": {"policyName": "kept"},
    "PutLogGroupDeletionProtection": {
        "logGroupIdentifier": "kept", "deletionProtectionEnabled": False},
    "PutBearerTokenAuthentication": {
        "logGroupIdentifier": "kept", "bearerTokenAuthenticationEnabled": True},
    "PutStorageTierPolicy": {"storageTier": "INTELLIGENT_TIERING"},
    "ListLogGroups": {"logGroupNamePattern": "kept"},
    "ListAggregateLogGroupSummaries": {"groupBy": "DATA_SOURCE_NAME_AND_TYPE"},
}  # fmt: skip

FIRST = dict.fromkeys(GOOD, keyed)
