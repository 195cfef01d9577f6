"""PutTraceSegments in process, batches of 50: labkit and moto.

``python -m benchmarks.xray_segments labkit|moto`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.measure import best

BATCH = 50


def _client(peer: str, stack: ExitStack) -> Any:
    """An X-Ray client answered by ``peer``."""
    import boto3

    if peer == "labkit":
        import labkit

        return stack.enter_context(labkit.Lab()).client("xray")
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    from moto import mock_aws

    stack.enter_context(mock_aws())
    return boto3.client("xray", region_name="us-east-1")


def documents(begin: int, numbers: range) -> list[str]:
    """Segments with a call each, one trace for every five."""
    return [
        json.dumps(
            {
                "trace_id": f"1-{begin:08x}-{number // 5:024x}", "id": f"{number:016x}",
                "name": f"service-{number % 5}", "start_time": begin + 0.1,
                "end_time": begin + 0.3, "http": {"response": {"status": 200}},
                "annotations": {"tier": "gold"},
                "subsegments": [
                    {"id": f"{number + (1 << 40):016x}", "name": "DynamoDB", "namespace": "aws",
                     "start_time": begin + 0.1, "end_time": begin + 0.2,
                     "aws": {"table_name": "carts", "operation": "GetItem"}},
                ],
            }
        )
        for number in numbers
    ]  # fmt: skip


def main(peer: str) -> dict[str, float]:
    """Seconds per batch of ``peer``."""
    with ExitStack() as stack:
        xray = _client(peer, stack)
        begin = 1_767_603_600 if peer == "labkit" else int(time.time())
        batches = iter([documents(begin, range(n * BATCH, (n + 1) * BATCH)) for n in range(400)])

        def put() -> None:
            told = xray.put_trace_segments(TraceSegmentDocuments=next(batches))
            assert told["UnprocessedTraceSegments"] == []

        return {"batch": best(put, rounds=15, calls=20)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
