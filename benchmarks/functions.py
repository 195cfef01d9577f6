"""Lambda functions: a warm invocation through boto3, in process.

``python -m benchmarks.functions`` prints seconds per call as JSON. The peer's way, a container or a
new interpreter per invocation, is measured as a new interpreter that imports boto3.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import Any

from benchmarks.measure import best, once

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

_CODE = """
import boto3
sqs = boto3.client("sqs")
def handler(event, context):
    print("seen", event)
    if event.get("call"):
        sqs.list_queues()
    return {"ok": True}
"""


def _zip(code: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", code)
    return held.getvalue()


def main() -> dict[str, float]:
    """Seconds: warm, warm with a call of its own, cold, and a new interpreter."""
    import labkit

    with labkit.Lab() as lab:
        role = lab.client("iam").create_role(
            RoleName="runs", AssumeRolePolicyDocument=json.dumps(_TRUST)
        )["Role"]["Arn"]
        api = lab.client("lambda")

        def make(name: str) -> None:
            api.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Handler="app.handler",
                Role=role,
                Code={"ZipFile": _zip(_CODE)},
            )

        def invoke(name: str, event: bytes = b"{}") -> Any:
            return api.invoke(FunctionName=name, Payload=event)["Payload"].read()

        make("first")
        assert invoke("first") == b'{"ok": true}'
        made = iter(range(100))

        def cold() -> None:
            name = f"cold{next(made)}"
            make(name)
            invoke(name)

        return {
            "warm": best(lambda: invoke("first"), rounds=20, calls=20),
            "calling": best(lambda: invoke("first", b'{"call": 1}'), rounds=10, calls=10),
            "cold": best(cold, rounds=5),
            "interpreter": min(once(_interpreter) for _ in range(3)),
        }


def _interpreter() -> None:
    code = "import boto3; boto3.client('sqs', region_name='us-east-1')"
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    print(json.dumps(main()))
