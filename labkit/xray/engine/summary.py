"""Trace summaries: what GetTraceSummaries tells of each trace.

``HasFault`` and ``HasError`` speak of the root segment alone: a front end that turns a fault behind
it into a friendly 200 has no fault. ``HasThrottle`` speaks of any segment.

Source: botocore ``xray/TraceSummary``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.xray.engine.trace import Service, Span, Trace, service_of

#: Indexed annotations of one trace at most.
MOST_ANNOTATIONS = 50


def service_id(service: Service, account: str) -> dict[str, Any]:
    """A service as summaries name it."""
    told: dict[str, Any] = {"Name": service.name, "Names": [service.name], "AccountId": account}
    if service.type:
        told["Type"] = service.type
    return told


def account_of(span: Span, account: str) -> str:
    """The account that a segment says it ran in."""
    found = span.aws.get("account_id")
    return found if isinstance(found, str) else account


def summary(trace: Trace, account: str) -> dict[str, Any]:
    """A trace's summary, root causes left out."""
    root = trace.root
    told: dict[str, Any] = {
        "Id": trace.id,
        "StartTime": trace.start,
        "Duration": round(trace.duration, 6),
        "ResponseTime": round(trace.response_time, 6),
        "HasFault": bool(root is not None and root.fault),
        "HasError": bool(root is not None and root.error),
        "HasThrottle": any(one.throttle for one in trace.segments),
        "IsPartial": trace.partial,
        "Http": _http(root) if root is not None else {},
        "Annotations": indexed(trace, account),
        "Users": _users(trace, account),
        "ServiceIds": [service_id(one, account) for one in trace.services],
        "ResourceARNs": [{"ARN": one} for one in resource_arns(trace)],
        "InstanceIds": [{"Id": one} for one in instances(trace)],
        "AvailabilityZones": [{"Name": one} for one in zones(trace)],
        "Revision": trace.revision,
    }
    if root is not None:
        told["EntryPoint"] = service_id(service_of(root), account_of(root, account))
    return told


def _http(root: Span) -> dict[str, Any]:
    request = root.request
    told = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
    }
    found: dict[str, Any] = {name: str(value) for name, value in told.items() if value is not None}
    if root.status is not None:
        found["HttpStatus"] = root.status
    return found


def indexed(trace: Trace, account: str) -> dict[str, list[dict[str, Any]]]:
    """key -> values with the services that have them; the first 50 of a trace are indexed."""
    found: dict[str, dict[tuple[str, Any], list[Service]]] = {}
    many = 0
    for segment in trace.segments:
        service = service_of(segment)
        for span in segment.own():
            for key, value in span.annotations.items():
                values = found.setdefault(key, {})
                kind = (type(value).__name__, value)
                if kind not in values:
                    if many >= MOST_ANNOTATIONS:
                        continue
                    many += 1
                    values[kind] = []
                if service not in values[kind]:
                    values[kind].append(service)
    return {
        key: [
            {
                "AnnotationValue": _value(value),
                "ServiceIds": [service_id(one, account) for one in services],
            }
            for (_, value), services in values.items()
        ]
        for key, values in found.items()
        if values
    }


def _value(value: Any) -> Mapping[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    if isinstance(value, int | float):
        return {"NumberValue": float(value)}
    return {"StringValue": value}


def _users(trace: Trace, account: str) -> list[dict[str, Any]]:
    found: dict[str, list[Service]] = {}
    for segment in trace.segments:
        for span in segment.own():
            if span.user:
                services = found.setdefault(span.user, [])
                if service_of(segment) not in services:
                    services.append(service_of(segment))
    return [
        {"UserName": user, "ServiceIds": [service_id(one, account) for one in services]}
        for user, services in found.items()
    ]


def _each(trace: Trace, *path: str) -> list[str]:
    """The texts under a path in the ``aws`` blocks of a trace's segments, each once."""
    found: dict[str, None] = {}
    for segment in trace.segments:
        value: Any = segment.aws
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            found[value] = None
    return list(found)


def instances(trace: Trace) -> list[str]:
    """The EC2 instances on which a trace's segments ran."""
    return _each(trace, "ec2", "instance_id")


def zones(trace: Trace) -> list[str]:
    """The availability zones in which a trace's segments ran."""
    return _each(trace, "ec2", "availability_zone")


def resource_arns(trace: Trace) -> list[str]:
    """The ARNs that a trace's segments name as themselves."""
    found = dict.fromkeys(
        one.document["resource_arn"]
        for one in trace.segments
        if isinstance(one.document.get("resource_arn"), str)
    )
    found.update(dict.fromkeys(_each(trace, "function_arn")))
    return list(found)
