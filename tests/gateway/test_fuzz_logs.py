"""CloudWatch Logs with whatever botocore lets through."""

import pytest
from fuzzing import DEPTHS, Fuzzed, attempt, check

AT_MS = 1_767_603_600_000
NAMED = {"logGroupName": "kept"}
STREAM = NAMED | {"logStreamName": "kept"}


def prepare(lab):
    logs = lab.client("logs")
    attempt(logs.create_log_group, **NAMED)
    attempt(logs.create_log_stream, **STREAM)
    return {}


LOGS = Fuzzed(
    "logs",
    {
        "CreateLogGroup": {"logGroupName": "gNEW"}, "DeleteLogGroup": NAMED,
        "PutRetentionPolicy": NAMED | {"retentionInDays": 7}, "DeleteRetentionPolicy": NAMED,
        "CreateLogStream": NAMED | {"logStreamName": "sNEW"}, "DeleteLogStream": STREAM,
        "DescribeLogStreams": NAMED,
        "PutLogEvents": STREAM | {"logEvents": [{"timestamp": AT_MS, "message": "m"}]},
        "GetLogEvents": STREAM, "FilterLogEvents": NAMED,
    },
    prepare,
    # The newer operations and those that take two ways to name a group.
    {"ValidationException"},
)  # fmt: skip


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", LOGS.operations())
def test_every_call_of_logs_is_answered(name, examples):
    check(LOGS, name, examples)
