"""Which service, operation and protocol a raw request is meant for, from the wire alone.

Theory of operation
-------------------
AWS gives every service a host of its own; an emulator has one host for all of them and must read
the service off the request. In this order, since the first is what the client is surest of:

1. the credential scope of the signature (``.../20260105/us-east-1/monitoring/aws4_request``), in
   the ``Authorization`` header or a presigned query;
2. the path ``/service/<target prefix>/operation/<name>`` (smithy-rpc-v2-cbor) or the prefix of
   ``X-Amz-Target`` (json), which unsigned clients send too;
3. ``Action`` and ``Version`` of a form (query, ec2): each query service has its own version;
4. the host (``monitoring.us-east-1.amazonaws.com``, through a proxy or a host file);
5. what is left and looks like a bucket is S3: a browser that opens a public object sends no more.

The protocol is the client's choice, not the service's: CloudWatch alone is asked in json, cbor and
query by clients of different age. It follows from the request, and must be one the model names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

JSON, CBOR, QUERY, EC2 = "json", "smithy-rpc-v2-cbor", "query", "ec2"
REST_JSON, REST_XML = "rest-json", "rest-xml"

#: Signing names that are not botocore's name of the service.
_SIGNING = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
    "servicediscovery": "servicediscovery",
}

#: Prefixes of X-Amz-Target, and names in a cbor path, for clients that do not sign.
_TARGETS = {
    "GraniteServiceVersion20100801": "cloudwatch",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
    "CloudTrail_20131101": "cloudtrail",
    "AmazonSQS": "sqs",
    "AWSEvents": "events",
    "Logs_20140328": "logs",
    "DynamoDB_20120810": "dynamodb",
    "Kinesis_20131202": "kinesis",
    "Firehose_20150804": "firehose",
    "TrentService": "kms",
    "AmazonSSM": "ssm",
    "secretsmanager": "secretsmanager",
    "CodeBuild_20161006": "codebuild",
    "AmazonEC2ContainerServiceV20141113": "ecs",
}

#: ``Version`` of a form, for clients that do not sign.
_VERSIONS = {
    "2010-08-01": "cloudwatch",
    "2016-11-15": "ec2",
    "2010-03-31": "sns",
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2012-11-05": "sqs",
    "2011-01-01": "autoscaling",
}

#: Services that answer an older protocol than their model still names.
_OLDER = {"sqs": frozenset({QUERY})}

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
_CBOR_PATH = re.compile(r"^(?:/.*)?/service/([^/]+)/operation/([^/]+)/?$")
_AWS_HOST = re.compile(
    r"^(?:(?P<service>[a-z0-9-]+)\.(?:[a-z]{2}(?:-[a-z]+)+-\d\.)?)amazonaws\.com(?:\.cn)?$"
)
_BUCKET_HOST = re.compile(
    r"^(?P<bucket>.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost(?:\.localdomain)?$"
    r"|^(?P<aws>.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com$"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Who signed, and for where: all empty for a request that nobody signed."""

    access_key_id: str | None = None
    region: str = ""
    service: str = ""


def scope_of(headers: dict[str, str], query: dict[str, str]) -> Scope:
    """What the signature says. Signatures themselves are not checked: no one here can forge."""
    found = headers.get("authorization", "")
    match = _CREDENTIAL.search(found)
    if match is None and "X-Amz-Credential" in query:
        match = _CREDENTIAL.search("Credential=" + query["X-Amz-Credential"])
    if match is not None:
        return Scope(match[1], match[3], _SIGNING.get(match[4], match[4]))
    # Version 2 names neither region nor service; S3's presigned links of old clients have it.
    if found.startswith("AWS ") and ":" in found:
        return Scope(found[4:].split(":", 1)[0], "", "s3")
    if "AWSAccessKeyId" in query and "Signature" in query:
        service = "" if "Action" in query else "s3"
        return Scope(query["AWSAccessKeyId"], "", service)
    return Scope()


@cache
def known_services() -> frozenset[str]:
    """botocore's names of all services."""
    return frozenset(_loader().list_available_services("service-2"))


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


@cache
def service_model(service: str, protocol: str = "") -> Any:
    """botocore's model of a service, as a client that speaks ``protocol`` would resolve it."""
    from botocore.model import ServiceModel

    model = ServiceModel(_loader().load_service_model(service, "service-2"), service)
    if protocol:
        model.resolved_protocol = protocol
    return model


def service_of(
    scope: Scope, path: str, headers: dict[str, str], query: dict[str, str], form: dict[str, str]
) -> str:
    """botocore's name of the service that is asked; '' when nothing tells."""
    if scope.service:
        return scope.service if scope.service in known_services() else ""
    cbor = _CBOR_PATH.match(path)
    if cbor is not None and cbor[1] in _TARGETS:
        return _TARGETS[cbor[1]]
    prefix = headers.get("x-amz-target", "").rpartition(".")[0]
    if prefix:
        return _TARGETS.get(prefix, "")
    if "Action" in form:
        return _VERSIONS.get(form.get("Version", ""), "")
    host = _host(headers)
    match = _AWS_HOST.match(host)
    if match is not None:
        named = _SIGNING.get(match["service"], match["service"])
        if named in known_services():
            return named
    if bucket_in_host(headers):
        return "s3"
    return "s3" if path.strip("/") and not headers.get("content-type") else ""


def protocol_of(
    model: Any, path: str, headers: dict[str, str], form: dict[str, str]
) -> tuple[str, bool]:
    """The protocol of a request, and whether the service speaks it."""
    spoken = set(model.metadata.get("protocols") or [model.metadata["protocol"]])
    spoken |= _OLDER.get(model.service_name, frozenset())
    if _CBOR_PATH.match(path) is not None and spoken & {CBOR, JSON, QUERY}:
        asked = CBOR
    elif "x-amz-target" in headers:
        asked = JSON
    elif "Action" in form and spoken & {QUERY, EC2}:
        asked = EC2 if EC2 in spoken else QUERY
    else:
        asked = model.metadata["protocol"]
        if asked == CBOR:
            asked = JSON if JSON in spoken else CBOR
    return asked, asked in spoken


def cbor_operation(path: str) -> str:
    """The operation that a cbor path names; '' for another path."""
    match = _CBOR_PATH.match(path)
    return match[2] if match is not None else ""


def _host(headers: dict[str, str]) -> str:
    host = headers.get("host", "").lower()
    return host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host


def bucket_in_host(headers: dict[str, str]) -> str:
    """The bucket of a virtual-hosted request (``teapot.localhost:4566``); '' for none."""
    match = _BUCKET_HOST.match(_host(headers))
    return (match["bucket"] or match["aws"]) if match is not None else ""


# -- rest protocols: the operation is in method, path and query -----------------------------------
@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a rest service: what its request must look like."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    constants: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]
    needs_headers: tuple[str, ...]
    depth: tuple[int, int, int]


#: S3 keeps operations of old that differ from the new ones in nothing but their name.
_SUPERSEDED = frozenset(
    {
        "GetBucketLifecycle",
        "PutBucketLifecycle",
        "GetBucketNotification",
        "PutBucketNotification",
        "ListDirectoryBuckets",
    }
)


@cache
def routes(service: str) -> tuple[Route, ...]:
    """The operations of a rest service, the most particular first."""
    model = service_model(service)
    found = []
    for name in model.operation_names:
        if name in _SUPERSEDED:
            continue
        operation = model.operation_model(name)
        uri = urlsplit(operation.http["requestUri"])
        pattern, labels = _pattern(uri.path)
        constants = tuple(parse_qsl(uri.query, keep_blank_values=True))
        shape = operation.input_shape
        required = shape.required_members if shape is not None else ()
        at = {m: shape.members[m].serialization for m in required}
        needs = tuple(s.get("name", m) for m, s in at.items() if s.get("location") == "querystring")
        needs_headers = tuple(
            s.get("name", m).lower() for m, s in at.items() if s.get("location") == "header"
        )
        found.append(
            Route(
                name,
                operation.http["method"],
                re.compile(pattern),
                tuple(labels),
                constants,
                needs,
                needs_headers,
                (len(constants) + len(needs), len(needs_headers), -len(labels)),
            )
        )
    return tuple(sorted(found, key=lambda route: route.depth, reverse=True))


def _pattern(path: str) -> tuple[str, list[str]]:
    labels: list[str] = []

    def label(match: re.Match[str]) -> str:
        name, greedy = match[1], match[2]
        labels.append(name)
        return "(.+)" if greedy else "([^/]+)"

    parts = re.split(r"(\{[^}]+\})", path)
    text = "".join(
        re.sub(r"\{([^+}]+)(\+?)\}", label, part) if part.startswith("{") else re.escape(part)
        for part in parts
    )
    return f"^{text.rstrip('/')}/?$" if not text.endswith("(.+)") else f"^{text}$", labels


def route(
    service: str, method: str, path: str, query: dict[str, str], headers: dict[str, str]
) -> tuple[Route, dict[str, str]] | None:
    """The operation of a rest request and its path's labels; None when nothing matches."""
    for one in routes(service):
        if one.method != method:
            continue
        match = one.pattern.match(path)
        if match is None:
            continue
        if any(name not in query or (v and query[name] != v) for name, v in one.constants):
            continue
        if any(name not in query for name in one.needs):
            continue
        if any(name not in headers for name in one.needs_headers):
            continue
        return one, {n: unquote(v) for n, v in zip(one.labels, match.groups(), strict=True)}
    return None
