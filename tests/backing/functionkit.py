"""What tests of functions share: zips, a role, a lab with a few functions."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import psutil

from labkit.backing.function_workers import NURSERY

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def zipped(**files: str) -> bytes:
    """A zip: ``zipped(app="def handler ...")`` holds app.py."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)
    return held.getvalue()


def role(lab: Any, *actions: str, name: str = "runs") -> str:
    """A role that Lambda may assume and that may do ``actions``; its ARN."""
    iam = lab.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document)
    return arn


class Stage:
    """A lab with one role, its functions, and what was told.

    ``lab`` is not active, so that tests may share one.
    """

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.told: list[Any] = []
        for kind in ("log.emitted", "metric.emitted", "call.finished"):
            lab.world.facts.hear(kind, self.told.append)
        self.role = role(lab, "*")
        self.functions = lab.parts.backing.functions
        self.api = lab.client("lambda")
        self._made = 0

    def make(self, code: str, **more: Any) -> str:
        """A function of one module ``app``; its name."""
        self._made += 1
        name = f"f{self._made}"
        self.api.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.12",
                "Handler": "app.handler",
                "Role": self.role,
                "Code": {"ZipFile": zipped(app=code)},
                **more,
            }
        )
        return name

    def call(self, name: str, event: Any = None, **more: Any) -> Any:
        """Invoke and wait: the answer as Python, or the error with ``FunctionError``."""
        answer = self.api.invoke(
            FunctionName=name, Payload=json.dumps(event), LogType="Tail", **more
        )
        return Answer(answer)

    def run(self, code: str, event: Any = None, **more: Any) -> Any:
        """Make a function and invoke it once."""
        return self.call(self.make(code, **more), event)

    def logged(self, name: str) -> list[str]:
        """All log events of a function."""
        return [
            text
            for fact in self.told
            if fact.kind == "log.emitted" and fact.data["log_group"] == f"/aws/lambda/{name}"
            for _, text in fact.data["events"]
        ]

    def metrics(self, name: str, metric: str) -> list[float]:
        """The values of one of a function's metrics."""
        return [
            fact.data["value"]
            for fact in self.told
            if fact.kind == "metric.emitted"
            and fact.data["metric_name"] == metric
            and fact.data["dimensions"] == [["FunctionName", name]]
        ]


class Answer:
    """An answer of Invoke."""

    def __init__(self, answer: Any) -> None:
        self.status = answer["StatusCode"]
        self.error = answer.get("FunctionError")
        self.version = answer.get("ExecutedVersion")
        self.id = answer["ResponseMetadata"]["RequestId"]
        self.text = answer["Payload"].read().decode()
        self.value = json.loads(self.text) if self.text else None
        self.log = base64.b64decode(answer.get("LogResult", "")).decode()


def processes() -> list[int]:
    """The processes that the nursery has started and that live."""
    if not NURSERY.pid:
        return []
    return [child.pid for child in psutil.Process(NURSERY.pid).children(recursive=True)]
