"""What the services of a lab tell, gathered for a test; and roles that a service may assume."""

from __future__ import annotations

import json
from typing import Any

KINDS = ("log.emitted", "event.emitted", "metric.emitted", "build.state")


class Emitted:
    """Everything a lab's resources emit from now on."""

    def __init__(self, lab: Any) -> None:
        self.facts: list[Any] = []
        for kind in KINDS:
            lab.world.facts.hear(kind, self.facts.append)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of the facts of one kind, in order."""
        return [dict(fact.data) for fact in self.facts if fact.kind == kind]

    def lines(self, group: str = "") -> list[str]:
        """The log lines, of one group or of all."""
        return [
            text
            for data in self.of("log.emitted")
            for _, text in data["events"]
            if group in ("", data["log_group"])
        ]

    def events(self, detail_type: str) -> list[dict[str, Any]]:
        """The details of the events of one type."""
        told = self.of("event.emitted")
        return [data["detail"] for data in told if data["detail_type"] == detail_type]

    def metric(self, name: str, **dimensions: str) -> list[float]:
        """The values of a metric, with exactly these dimensions when some are given."""
        wanted = sorted([key, value] for key, value in dimensions.items())
        return [
            data["value"]
            for data in self.of("metric.emitted")
            if data["metric_name"] == name and (not dimensions or data["dimensions"] == wanted)
        ]


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*") -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def role(lab: Any, name: str, service: str, *actions: str) -> str:
    """A role that a service may assume and that may do ``actions`` everywhere; its ARN."""
    iam = lab.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
        "Arn"
    ]
    if actions:
        iam.put_role_policy(
            RoleName=name, PolicyName="may", PolicyDocument=document(allow(list(actions)))
        )
    return arn


def let_write(lab: Any, service: str, name: str = "writes", **conditions: Any) -> None:
    """A resource policy of CloudWatch Logs, in us-east-1, by which a service may write."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:us-east-1:{lab.account}:log-group:*",
        **({"Condition": conditions} if conditions else {}),
    }
    lab.client("logs", region_name="us-east-1").put_resource_policy(
        policyName=name, policyDocument=document(statement)
    )
