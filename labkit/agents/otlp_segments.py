"""From OpenTelemetry's spans to X-Ray's segment documents.

Theory of operation
-------------------
The rules are those of OpenTelemetry's own exporter for X-Ray (``awsxrayexporter`` of the
collector), as its public source has them; each document goes out by itself, since the spans of one
trace come in many requests.

1. **Segment or subsegment.** A SERVER span, or one without a parent, is a segment: a service of the
   map. Any other is a subsegment of its parent. A span that says ``aws.span.kind: LOCAL_ROOT`` is
   the first of its service although it calls another one: it becomes both, a segment for the
   service and a subsegment for the call.
2. **Name.** X-Ray's names are services, not operations: what the span says of a service (its own
   for SERVER, the called one else), the database, the resource's ``service.name`` for SERVER, the
   remote host, and the span's name only when there is nothing else.
3. **Namespace.** ``aws`` for a call of AWS's API (``rpc.system: aws-api``), ``remote`` for any
   other CLIENT span; only these become nodes of the map.
4. **Fault, error, throttle** follow the status of HTTP where there is one, else the span's own.
5. **What is indexed.** Attributes go to metadata, which nobody can search, but for those that are
   named: by the receiver, or by the span itself in ``aws.xray.annotations``. ``enduser.id`` is the
   user.

Ours: the new names of the semantic conventions (``server.address``, ``db.query.text``,
``user.id``), read beside the old ones wherever the exporter reads the old ones alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from labkit.agents.otlp_cause import cause_of, made_id
from labkit.agents.otlp_http import http_of, status_of
from labkit.agents.otlp_wire import (
    CLIENT,
    CONSUMER,
    ERROR,
    INTERNAL,
    PRODUCER,
    SERVER,
    Attributes,
    Span,
)

LONGEST_NAME = 200
_UNFIT = re.compile(r"[^\w\s.:/%&#=+\\\-@]|[^\S ]")
_KEY_UNFIT = re.compile(r"[^A-Za-z0-9.]")

_SQL = frozenset(
    {"db2", "derby", "hive", "mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite",
     "teradata", "other_sql", "microsoft.sql_server", "oracle.db", "ibm.db2"}
)  # fmt: skip
_ANNOTATIONS = "aws.xray.annotations"
_METADATA = "aws.xray.metadata."
_OF_THE_CALLEE = ("aws.remote.service", "aws.remote.operation", "remoteTarget",
                  "K8s.RemoteNamespace")  # fmt: skip
#: X-Ray's name of a field of ``aws`` -> attributes that tell it, the first that is there counts.
_AWS = {
    "operation": ("aws.operation", "rpc.method"),
    "region": ("aws.region", "cloud.region"),
    "request_id": ("aws.request_id", "aws.requestId"),
    "queue_url": ("messaging.url", "aws.sqs.queue.url", "aws.queue_url", "aws.queue.url"),
    "table_name": ("aws.table_name", "aws.table.name"),
}
_AWS_READ = frozenset(name for names in _AWS.values() for name in names)
_ORIGINS = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
}


@dataclass(frozen=True, slots=True)
class Indexing:
    """Which attributes become annotations: those of these names, or all."""

    names: Collection[str] = ()
    all_of_them: bool = False


def documents(span: Span, indexing: Indexing) -> list[dict[str, Any]]:
    """The segment documents of one span: one, or two for a first span that calls another service.

    Raises
    ------
    ValueError
        When its ids are none that X-Ray could use.
    """
    for digits, size, what in ((span.trace_id, 32, "trace id"), (span.span_id, 16, "span id")):
        if len(digits) != size or not digits.strip("0"):
            raise ValueError(f"{digits or 'nothing'} is no {what}")
    if len(span.parent_id) not in (0, 16):
        raise ValueError(f"{span.parent_id} is no parent's id")
    if span.attributes.get("aws.span.kind") != "LOCAL_ROOT":
        found = document(span, indexing)
        calls = (
            span.kind in (CLIENT, PRODUCER, CONSUMER) and "aws.remote.service" in span.attributes
        )
        if calls and "type" in found:
            found.setdefault("namespace", "remote")
        return [found]
    if span.kind in (SERVER, INTERNAL):
        return [_as_segment(document(span, indexing))]
    return list(_both(span, indexing))


def _as_segment(found: dict[str, Any]) -> dict[str, Any]:
    found.pop("type", None)
    found.pop("namespace", None)
    return found


def _both(span: Span, indexing: Indexing) -> Iterator[dict[str, Any]]:
    """The call, and the service that made it, whose segment has an id of its own."""
    own_id = made_id(span, "service")
    call = document(replace(span, parent_id=own_id), indexing)
    call["type"] = "subsegment"
    call.setdefault("namespace", "remote")
    if span.kind == CONSUMER:
        call.pop("links", None)
    yield call
    rest = {k: v for k, v in span.attributes.items() if k not in _OF_THE_CALLEE}
    service = _as_segment(document(replace(span, span_id=own_id, attributes=rest), indexing))
    service["name"] = _fit(str(span.attributes.get("aws.local.service") or service["name"]))
    service.pop("http", None)
    for name in ("operation", "region", "request_id", "queue_url", "table_name", "table_names"):
        service.get("aws", {}).pop(name, None)
    if span.kind != CONSUMER:
        service.pop("links", None)
    yield service


def document(span: Span, indexing: Indexing) -> dict[str, Any]:
    """One span as one document."""
    nested = span.kind != SERVER and bool(span.parent_id)
    http, rest = http_of(span)
    aws, rest = _aws(span, rest)
    sql, rest = _sql(span, rest)
    user, annotations, metadata = _searchable(span, rest, indexing, with_resource=not nested)
    found: dict[str, Any] = {
        "name": _name(span),
        "id": span.span_id,
        "trace_id": f"1-{span.trace_id[:8]}-{span.trace_id[8:]}",
        "start_time": span.start_ns / 1e9,
        "end_time": span.end_ns / 1e9,
    }
    optional = {
        "parent_id": span.parent_id,
        "type": "subsegment" if nested else "",
        "namespace": _namespace(span),
        "origin": "" if nested else _origin(span.resource),
        "user": user,
        **_outcome(span),
        "cause": cause_of(span),
        "http": http,
        "aws": aws,
        "service": {} if nested else _service(span.resource),
        "sql": sql,
        "annotations": annotations,
        "metadata": metadata,
        "links": [
            {
                "trace_id": f"1-{link.trace_id[:8]}-{link.trace_id[8:]}",
                "id": link.span_id,
                "attributes": dict(link.attributes),
            }
            for link in span.links
        ],
    }
    return found | {name: value for name, value in optional.items() if value}


# -- what it is
def _name(span: Span) -> str:
    given = span.attributes

    def told(*names: str) -> str:
        return next((str(given[name]) for name in names if given.get(name)), "")

    name = ""
    if span.kind == SERVER or (
        span.kind == INTERNAL and given.get("aws.span.kind") == "LOCAL_ROOT"
    ):
        name = told("aws.local.service")
    elif span.kind in (CLIENT, PRODUCER, CONSUMER):
        name = told("aws.remote.service")
        if _is_aws(span):
            name = name.removeprefix("AWS.SDK.").removeprefix("AWS::")
    name = name or told("peer.service", "aws.service") or _database(given)
    if not name and span.kind == SERVER:
        name = str(span.resource.get("service.name") or "")
    name = name or told("rpc.service", "http.host", "net.peer.name")
    if not name and span.kind in (CLIENT, PRODUCER, CONSUMER):
        name = told("server.address")
    return _fit(name or span.name)


def _database(given: Attributes) -> str:
    """``name@host``, as X-Ray names databases."""
    name = str(given.get("db.name") or given.get("db.namespace") or "")
    if not name:
        return ""
    host = ""
    url = str(given.get("db.connection_string") or "")
    if url:
        try:
            host = urlsplit(url.removeprefix("jdbc:")).hostname or ""
        except ValueError:
            host = ""
    host = host or ("" if "db.name" in given else str(given.get("server.address") or ""))
    return f"{name}@{host}" if host else name


def _fit(name: str) -> str:
    return _UNFIT.sub("", name)[:LONGEST_NAME].strip() or "span"


def _is_aws(span: Span) -> bool:
    given = span.attributes
    return "aws-api" in (given.get("rpc.system"), given.get("rpc.system.name"))


def _namespace(span: Span) -> str:
    if _is_aws(span):
        return "aws"
    named = any(
        span.attributes.get(one)
        for one in ("aws.local.service", "aws.remote.service", "peer.service")
    )
    if span.attributes.get("aws.service") and not named:
        return "aws"
    return "remote" if span.kind == CLIENT else ""


def _origin(resource: Attributes) -> str:
    if resource.get("cloud.provider", "aws") != "aws":
        return ""
    platform = str(resource.get("cloud.platform", ""))
    if platform == "aws_ecs":
        launch = str(resource.get("aws.ecs.launchtype", "")).lower()
        named = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}
        return named.get(launch, _ORIGINS[platform])
    return _ORIGINS.get(platform, "")


def _outcome(span: Span) -> dict[str, bool]:
    status = status_of(span)
    if status is None or not 400 <= status <= 599:
        return {"fault": span.status_code == ERROR}
    return {"error": status < 500, "throttle": status == 429, "fault": status >= 500}


def _service(resource: Attributes) -> dict[str, Any]:
    version = resource.get("service.version") or resource.get("container.image.tag")
    return {"version": str(version)} if version else {}


# -- what it called, and where it ran
def _aws(span: Span, given: Attributes) -> tuple[dict[str, Any], dict[str, Any]]:
    resource = span.resource
    if resource.get("cloud.provider", "aws") != "aws":
        return {}, dict(given)
    aws: dict[str, Any] = {}
    for name, sources in _AWS.items():
        value = next((given[one] for one in sources if given.get(one)), None)
        if value is not None:
            aws[name] = str(value)
    tables = given.get("aws.dynamodb.table_names")
    if isinstance(tables, list) and len(tables) > 1:
        aws.pop("table_name", None)
        aws["table_names"] = [str(one) for one in tables]
    elif tables:
        aws["table_name"] = str(tables[0] if isinstance(tables, list) else tables)
    account = given.get("aws.account_id") or resource.get("cloud.account.id")
    if account:
        aws["account_id"] = str(account)
    aws |= _host(resource)
    sdk = str(resource.get("telemetry.sdk.name", ""))
    if sdk:
        language = resource.get("telemetry.sdk.language")
        aws["xray"] = {
            "sdk": f"{sdk} for {language}" if language else sdk,
            "sdk_version": str(resource.get("telemetry.sdk.version", "")),
            "auto_instrumentation": bool(
                resource.get("telemetry.auto.version") or resource.get("telemetry.distro.version")
            ),
        }
    read = _AWS_READ | {"aws.account_id", "aws.dynamodb.table_names"}
    return aws, {key: value for key, value in given.items() if key not in read}


def _host(resource: Attributes) -> dict[str, Any]:
    """``ec2``, ``ecs``, ``elastic_beanstalk``, ``eks`` and the log groups of a resource."""

    def named(**names: str) -> dict[str, Any]:
        return {ours: resource[theirs] for ours, theirs in names.items() if resource.get(theirs)}

    platform = resource.get("cloud.platform", "")
    found: dict[str, Any] = {}
    if platform == "aws_ec2" or resource.get("host.id"):
        found["ec2"] = named(
            instance_id="host.id",
            availability_zone="cloud.availability_zone",
            instance_size="host.type",
            ami_id="host.image.id",
        )
    if platform == "aws_ecs":
        found["ecs"] = named(
            container="container.name",
            container_id="container.id",
            container_arn="aws.ecs.container.arn",
            cluster_arn="aws.ecs.cluster.arn",
            task_arn="aws.ecs.task.arn",
            task_family="aws.ecs.task.family",
            launch_type="aws.ecs.launchtype",
            availability_zone="cloud.availability_zone",
        )
    if platform == "aws_elastic_beanstalk" and resource.get("service.instance.id"):
        number = str(resource["service.instance.id"])
        found["elastic_beanstalk"] = {
            "deployment_id": int(number) if number.isascii() and number.isdigit() else 0,
            **named(environment_name="service.namespace", version_label="service.version"),
        }
    if platform == "aws_eks" or resource.get("k8s.cluster.name"):
        found["eks"] = named(
            cluster_name="k8s.cluster.name", pod="k8s.pod.name", container_id="container.id"
        )
    arns, names = resource.get("aws.log.group.arns"), resource.get("aws.log.group.names")
    if arns:
        found["cloudwatch_logs"] = [
            {"log_group": (arn.split(":") + [arn] * 7)[6] if ":" in arn else arn, "arn": arn}
            for arn in _several(arns)
        ]
    elif names:
        found["cloudwatch_logs"] = [{"log_group": one} for one in _several(names)]
    return {name: value for name, value in found.items() if value}


def _several(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else str(value).split("&")
    return [str(one) for one in parts if one]


def _sql(span: Span, given: Attributes) -> tuple[dict[str, Any], dict[str, Any]]:
    system = str(given.get("db.system") or given.get("db.system.name") or "")
    if system not in _SQL:
        return {}, dict(given)
    names = {
        "sanitized_query": ("db.statement", "db.query.text"),
        "user": ("db.user",),
    }
    # The exporter sets the span's name as url: a connection string has no value there.
    sql: dict[str, Any] = {"database_type": system, "url": span.name}
    for name, sources in names.items():
        value = next((given[one] for one in sources if given.get(one)), None)
        if value is not None:
            sql[name] = str(value)
    database = given.get("db.name") or given.get("db.namespace") or ""
    where = given.get("db.connection_string") or given.get("server.address") or "localhost"
    sql["connection_string"] = f"{where}/{database}"
    read = {"db.system", "db.system.name", "db.connection_string", "db.name", "db.namespace"}
    read |= {one for sources in names.values() for one in sources}
    return sql, {key: value for key, value in given.items() if key not in read}


# -- what can be found again
def _searchable(
    span: Span, rest: Attributes, indexing: Indexing, *, with_resource: bool
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """User, annotations and metadata."""
    rest = dict(rest)
    told_indexed = [str(one) for one in _list(rest.pop(_ANNOTATIONS, None))]
    indexed = {*indexing.names, *told_indexed}
    for name in indexed & span.attributes.keys():
        rest.setdefault(name, span.attributes[name])  # named, so wanted, though read elsewhere too
    user = str(rest.pop("enduser.id", None) or rest.pop("user.id", None) or "")
    annotations: dict[str, Any] = {}
    default: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if with_resource:
        rest |= {f"otel.resource.{key}": value for key, value in span.resource.items()}
    for key, value in rest.items():
        if isinstance(value, str | int | float) and (indexing.all_of_them or key in indexed):
            annotations[_KEY_UNFIT.sub("_", key)] = value
        elif key.startswith(_METADATA) and isinstance(value, str):
            _put_metadata(key, value, default, metadata)
        elif value is not None:
            default[key] = value
    if default:
        metadata["default"] = default
    return user, annotations, metadata


def _put_metadata(key: str, text: str, default: dict[str, Any], metadata: dict[str, Any]) -> None:
    """An attribute that holds the metadata of a namespace as JSON."""
    try:
        tree: Mapping[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        tree = {}
    namespace = key.removeprefix(_METADATA)
    if not isinstance(tree, dict) or not tree:
        default[key] = text
    elif namespace.lower() == "default":
        default |= tree
    else:
        metadata[namespace] = tree


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
