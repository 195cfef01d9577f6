"""PutLogEvents and reading a page, in process: labkit and moto.

``python -m benchmarks.put_log_events labkit|moto`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from benchmarks.measure import best

WHERE = {"logGroupName": "/shop/app", "logStreamName": "host-1"}
LINE = '{"level":"INFO","path":"/cart","ms":%d,"user":"u-17","trace":"1-67a-9f"}'


def _client(peer: str, stack: ExitStack) -> Any:
    """A Logs client answered by ``peer``."""
    import boto3

    if peer == "labkit":
        import labkit

        return stack.enter_context(labkit.Lab()).client("logs")
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    from moto import mock_aws

    stack.enter_context(mock_aws())
    return boto3.client("logs", region_name="us-east-1")


def main(peer: str) -> dict[str, float]:
    """Seconds per call of ``peer``."""
    with ExitStack() as stack:
        logs = _client(peer, stack)
        logs.create_log_group(logGroupName=WHERE["logGroupName"])
        logs.create_log_stream(**WHERE)
        now = datetime(2026, 1, 5, 9, tzinfo=UTC) if peer == "labkit" else datetime.now(UTC)
        at = int(now.timestamp() * 1000)
        many = [{"timestamp": at + i, "message": LINE % i} for i in range(1000)]
        return {
            "put 1": best(
                lambda: logs.put_log_events(**WHERE, logEvents=many[:1]), rounds=15, calls=40
            ),
            "put 1000": best(
                lambda: logs.put_log_events(**WHERE, logEvents=many), rounds=8, calls=5
            ),
        }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
