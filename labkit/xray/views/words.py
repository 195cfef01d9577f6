"""How services, times and shares are said."""

from __future__ import annotations

from labkit.views.wording import number
from labkit.xray.engine.service_graph import Node

_SPOKEN = {
    "remote": "outside service",
    "client": "clients",
    "AWS::ApiGateway::Stage": "API Gateway stage",
    "AWS::ElasticBeanstalk::Environment": "Beanstalk environment",
    "Database::SQL": "SQL database",
    "AWS::Lambda": "Lambda service",
    "AWS::StepFunctions::StateMachine": "state machine",
    "AWS::Events": "EventBridge",
}


def kind(type: str) -> str:
    """The type of a node as people say it.

    >>> kind("AWS::DynamoDB::Table"), kind("AWS::EC2::Instance"), kind("AWS::SNS"), kind("")
    ('DynamoDB table', 'EC2 instance', 'SNS', 'service')
    """
    if type in _SPOKEN:
        return _SPOKEN[type]
    parts = type.removeprefix("AWS::").split("::")
    return " ".join([parts[0], *(part.lower() for part in parts[1:])]) or "service"


def called(node: Node) -> str:
    """A node in a sentence: ``the table products``, ``the outside service pay.example.com``."""
    if node.client:
        return "the clients"
    spoken = kind(node.type)
    short = spoken.rpartition(" ")[2]
    if node.inferred and short in ("table", "queue", "topic", "bucket", "database", "stream"):
        return f"the {short} {node.name}"
    if node.type == "remote":
        return f"the outside service {node.name}"
    return node.name


def took(seconds: float) -> str:
    """A response time: ``80 ms``, ``2.64 s``."""
    if seconds < 0.9995:
        return f"{number(round(seconds * 1000, 1) if seconds < 0.01 else round(seconds * 1000))} ms"
    return f"{number(seconds, 3)} s"


def percent(share: float) -> str:
    """A share: ``31 %``, ``0.4 %``, ``99.8 %``; what is there is never written as nothing."""
    value = 100 * share
    digits = (3 if value < 99.95 or share == 1 else 4) if value >= 99.5 else 2
    return f"{number(value, digits)} %"


def rate(count: int, seconds: float) -> str:
    """How often: ``12/min``, ``3.5/s``; plain counts when the stretch is not known."""
    if seconds <= 0:
        return f"{count:,}"
    a_second = count / seconds
    if a_second >= 2:
        return f"{number(a_second, 2 if a_second < 100 else 3)}/s"
    return f"{number(a_second * 60, 2 if a_second * 60 < 100 else 3)}/min"


__all__ = ["called", "kind", "percent", "rate", "took"]
