"""OpenTelemetry's spans as X-Ray's segments: kinds, names, HTTP, AWS, SQL, causes, annotations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.agents.otlp_cause import dotnet, go, java, node, python
from labkit.agents.otlp_segments import Indexing, documents
from labkit.agents.otlp_wire import (
    CLIENT,
    CONSUMER,
    ERROR,
    INTERNAL,
    PRODUCER,
    SERVER,
    Event,
    Link,
    Span,
)

TRACE, SPAN, PARENT = "5f84c7a5e7d1852db8c4fd35d88bf49a", "1111222233334444", "aaaabbbbccccdddd"
SHOP = {"service.name": "shop", "service.version": "2.4.1"}


def make(kind=SERVER, attributes=None, parent=PARENT, name="GET /cart", **more):
    more.setdefault("resource", SHOP)
    return Span(
        TRACE, SPAN, parent, name, kind, 1_000_000_000, 1_500_000_000, attributes or {}, **more
    )


def one(span, **indexing):
    [found] = documents(span, Indexing(**indexing))
    return found


# -- what a span becomes
@pytest.mark.parametrize(
    ("kind", "parent", "type_", "namespace"),
    [
        (SERVER, "", None, None),
        (SERVER, PARENT, None, None),
        (INTERNAL, "", None, None),
        (INTERNAL, PARENT, "subsegment", None),
        (CLIENT, PARENT, "subsegment", "remote"),
        (PRODUCER, PARENT, "subsegment", None),
        (CONSUMER, "", None, None),
        (0, PARENT, "subsegment", None),
    ],
)
def test_a_server_or_a_root_is_a_segment(kind, parent, type_, namespace):
    found = one(make(kind, parent=parent))
    assert (found.get("type"), found.get("namespace")) == (type_, namespace)
    assert found.get("parent_id", "") == parent
    assert found["trace_id"] == "1-5f84c7a5-e7d1852db8c4fd35d88bf49a"
    assert (found["id"], found["start_time"], found["end_time"]) == (SPAN, 1.0, 1.5)


@pytest.mark.parametrize(
    ("kind", "attributes", "name"),
    [
        (SERVER, {}, "shop"),
        (SERVER, {"aws.local.service": "cart"}, "cart"),
        (SERVER, {"peer.service": "front"}, "front"),
        (INTERNAL, {}, "GET /cart"),
        (CLIENT, {}, "GET /cart"),
        (CLIENT, {"net.peer.name": "pay.example"}, "pay.example"),
        (CLIENT, {"server.address": "pay.example"}, "pay.example"),
        (CLIENT, {"http.host": "pay.example:443", "net.peer.name": "x"}, "pay.example:443"),
        (CLIENT, {"rpc.service": "Payments", "http.host": "x"}, "Payments"),
        (CLIENT, {"aws.remote.service": "payment"}, "payment"),
        (CLIENT, {"aws.remote.service": "AWS::S3", "rpc.system": "aws-api"}, "S3"),
        (CLIENT, {"aws.service": "S3"}, "S3"),
        (CLIENT, {"db.name": "orders", "server.address": "db1"}, "orders"),
        (CLIENT, {"db.namespace": "orders", "server.address": "db1"}, "orders@db1"),
        (CLIENT, {"db.name": "o", "db.connection_string": "jdbc:mysql://db1:3306"}, "o@db1"),
        (CLIENT, {"peer.service": "ä ö/(1)!"}, "ä ö/1"),
        (CLIENT, {"peer.service": "!!"}, "span"),
        (CLIENT, {"peer.service": "x" * 300}, "x" * 200),
    ],
)
def test_names_are_services(kind, attributes, name):
    assert one(make(kind, attributes))["name"] == name


OLD = {
    "http.method": "GET", "http.scheme": "https", "http.host": "shop.example",
    "http.target": "/cart?x=1", "http.status_code": 200, "http.user_agent": "curl",
    "http.client_ip": "203.0.113.7",
}  # fmt: skip
NEW = {
    "http.request.method": "GET", "url.scheme": "https", "server.address": "shop.example",
    "server.port": 443, "url.path": "/cart", "url.query": "x=1",
    "http.response.status_code": 200, "user_agent.original": "curl",
    "client.address": "203.0.113.7",
}  # fmt: skip


@pytest.mark.parametrize("attributes", [OLD, NEW], ids=["old", "new"])
def test_both_conventions_say_the_same(attributes):
    found = one(make(SERVER, attributes))
    assert found["http"] == {
        "request": {
            "method": "GET",
            "user_agent": "curl",
            "url": "https://shop.example/cart?x=1",
            "client_ip": "203.0.113.7",
            "x_forwarded_for": True,
        },
        "response": {"status": 200, "content_length": 0},
    }
    assert set(found["metadata"]["default"]) == {
        "otel.resource.service.name", "otel.resource.service.version",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ({"url.full": "https://a/b"}, "https://a/b"),
        ({"http.url": "https://a/b", "http.host": "c"}, "https://a/b"),
        ({"http.method": "GET", "net.peer.name": "a", "net.peer.port": 80}, "http://a/"),
        ({"http.method": "GET", "net.peer.name": "a", "net.peer.port": 81}, "http://a:81/"),
        ({"http.method": "GET", "net.peer.ip": "10.0.0.1"}, "http://10.0.0.1/"),
        ({"http.method": "GET", "server.address": "a", "server.port": 8080}, "http://a:8080/"),
        ({"http.method": "GET"}, None),
    ],
)
def test_the_url_of_a_call(attributes, url):
    assert one(make(CLIENT, attributes))["http"]["request"].get("url") == url


def test_a_span_of_no_http_has_none():
    assert "http" not in one(make(CLIENT, {"server.address": "db", "server.port": 5432}))


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (200, 0, set()),
        (200, ERROR, {"fault"}),
        (None, 0, set()),
        (None, ERROR, {"fault"}),
        (404, 0, {"error"}),
        (404, ERROR, {"error"}),
        (429, 0, {"error", "throttle"}),
        (503, 0, {"fault"}),
        ("503", 0, {"fault"}),
        (600, 0, set()),
    ],
)
def test_the_status_of_http_decides_and_else_the_spans_own(status, code, outcome):
    attributes = {} if status is None else {"http.response.status_code": status}
    found = one(make(attributes=attributes, status_code=code))
    assert {name for name in ("fault", "error", "throttle") if found.get(name)} == outcome


def test_a_call_of_aws():
    found = one(
        make(
            CLIENT,
            {
                "rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem",
                "aws.request_id": "R1", "aws.dynamodb.table_names": ["carts"],
                "cloud.region": "eu-west-1", "http.status_code": 400,
            },
        )
    )  # fmt: skip
    assert (found["name"], found["namespace"], found["error"]) == ("DynamoDB", "aws", True)
    assert found["aws"] == {
        "operation": "GetItem", "region": "eu-west-1", "request_id": "R1", "table_name": "carts",
    }  # fmt: skip
    many = one(make(CLIENT, {"aws.dynamodb.table_names": ["a", "b"], "aws.table_name": "c"}))
    assert many["aws"] == {"table_names": ["a", "b"]}


@pytest.mark.parametrize(
    "attributes",
    [
        {"db.system": "postgresql", "db.name": "orders", "db.statement": "SELECT ?", "db.user": "u",
         "db.connection_string": "pg://db1"},
        {"db.system.name": "postgresql", "db.namespace": "orders", "db.query.text": "SELECT ?",
         "db.user": "u", "server.address": "pg://db1"},
    ],
    ids=["old", "new"],
)  # fmt: skip
def test_a_query(attributes):
    assert one(make(CLIENT, attributes, name="SELECT orders"))["sql"] == {
        "database_type": "postgresql",
        "url": "SELECT orders",
        "sanitized_query": "SELECT ?",
        "user": "u",
        "connection_string": "pg://db1/orders",
    }
    assert "sql" not in one(make(CLIENT, {"db.system": "redis", "db.statement": "GET a"}))


@pytest.mark.parametrize(
    ("resource", "origin", "aws"),
    [
        ({}, None, None),
        ({"cloud.platform": "aws_ec2", "host.id": "i-1", "cloud.availability_zone": "a"},
         "AWS::EC2::Instance", {"ec2": {"instance_id": "i-1", "availability_zone": "a"}}),
        ({"cloud.platform": "aws_ecs", "container.name": "cart"},
         "AWS::ECS::Container", {"ecs": {"container": "cart"}}),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "FARGATE"},
         "AWS::ECS::Fargate", {"ecs": {"launch_type": "FARGATE"}}),
        ({"cloud.platform": "aws_elastic_beanstalk", "service.instance.id": "12",
          "service.namespace": "prod"}, "AWS::ElasticBeanstalk::Environment",
         {"elastic_beanstalk": {"deployment_id": 12, "environment_name": "prod"}}),
        ({"cloud.platform": "aws_eks", "k8s.pod.name": "p"},
         "AWS::EKS::Container", {"eks": {"pod": "p"}}),
        ({"cloud.provider": "gcp", "cloud.platform": "aws_ec2"}, None, None),
        ({"cloud.platform": "gcp_cloud_run"}, None, None),
        ({"aws.log.group.names": "a&b"}, None,
         {"cloudwatch_logs": [{"log_group": "a"}, {"log_group": "b"}]}),
        ({"aws.log.group.arns": ["arn:aws:logs:us-east-1:1:log-group:/x:*"]}, None,
         {"cloudwatch_logs": [{"log_group": "/x",
                               "arn": "arn:aws:logs:us-east-1:1:log-group:/x:*"}]}),
        ({"telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go",
          "telemetry.sdk.version": "1"}, None,
         {"xray": {"sdk": "opentelemetry for go", "sdk_version": "1",
                   "auto_instrumentation": False}}),
        ({"cloud.account.id": "12"}, None, {"account_id": "12"}),
    ],
)  # fmt: skip
def test_where_a_service_runs(resource, origin, aws):
    found = one(make(resource=resource))
    assert (found.get("origin"), found.get("aws")) == (origin, aws)


def test_attributes_are_metadata_unless_they_are_named():
    attributes = {
        "order.id": "o-1", "tier-of": "gold", "n": 3, "yes": True, "list": [1, 2], "none": None,
        "enduser.id": "lena-7", "aws.xray.annotations": ["order.id", "list", "http.method"],
        "http.method": "GET", "aws.xray.metadata.debug": '{"a": 1}',
        "aws.xray.metadata.default": '{"b": 2}', "aws.xray.metadata.odd": "no JSON",
    }  # fmt: skip
    found = one(make(INTERNAL, attributes), names=("tier-of",))
    assert found["user"] == "lena-7"
    assert found["annotations"] == {"order.id": "o-1", "tier_of": "gold", "http.method": "GET"}
    assert found["metadata"] == {
        "default": {
            "n": 3, "yes": True, "list": [1, 2], "b": 2, "aws.xray.metadata.odd": "no JSON",
        },
        "debug": {"a": 1},
    }  # fmt: skip
    everything = one(make(attributes={"a.b": 1, "c": [1]}), all_of_them=True)
    assert everything["annotations"] == {
        "a.b": 1, "otel.resource.service.name": "shop", "otel.resource.service.version": "2.4.1",
    }  # fmt: skip
    named = one(make(), names=("otel.resource.service.version",))
    assert named["annotations"] == {"otel.resource.service.version": "2.4.1"}


def test_links_go_along():
    found = one(make(links=[Link(TRACE, SPAN, {"a": 1})]))
    assert found["links"] == [
        {"trace_id": "1-5f84c7a5-e7d1852db8c4fd35d88bf49a", "id": SPAN, "attributes": {"a": 1}}
    ]


def test_a_first_span_that_calls_another_service_becomes_both():
    span = make(
        CLIENT,
        {
            "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker",
            "aws.remote.service": "AWS.SDK.S3", "rpc.system": "aws-api", "rpc.method": "PutObject",
            "http.method": "PUT",
        },
    )  # fmt: skip
    call, service = documents(span, Indexing())
    assert (call["name"], call["type"], call["namespace"], call["id"]) == (
        "S3", "subsegment", "aws", SPAN,
    )  # fmt: skip
    assert call["parent_id"] == service["id"] != SPAN
    assert (service["name"], service["parent_id"]) == ("worker", PARENT)
    assert not {"type", "namespace", "http"} & service.keys()
    assert "operation" not in service.get("aws", {})
    [internal] = documents(
        make(INTERNAL, {"aws.span.kind": "LOCAL_ROOT", "aws.local.service": "cron"}), Indexing()
    )
    assert (internal["name"], internal.get("type")) == ("cron", None)


@pytest.mark.parametrize(
    "span",
    [
        Span("", SPAN, "", "x", SERVER, 1, 2),
        Span("0" * 32, SPAN, "", "x", SERVER, 1, 2),
        Span(TRACE, "12", "", "x", SERVER, 1, 2),
        Span(TRACE, SPAN, "12", "x", SERVER, 1, 2),
    ],
)
def test_ids_that_are_none(span):
    with pytest.raises(ValueError, match="is no"):
        documents(span, Indexing())


# -- exceptions
PYTHON = """Traceback (most recent call last):
  File "/app/db.py", line 3, in get
    raise KeyError("a")
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop.py", line 21, in handler
    get()
  File "/app/db.py", line 5, in get
    raise ValueError("two\\nlines")
ValueError: two
lines
"""
JAVA = (
    "java.lang.IllegalStateException: bad state\n"
    "\tat app//com.shop.Cart.add(Cart.java:41)\n"
    "\tat com.shop.Main.main(Main.java)\n"
    "Caused by: java.sql.SQLException: no\nconnection\n"
    "\tat com.shop.Db.open(Db.java:7)\n"
    "\t... 2 more"
)
NODE = (
    "TypeError: x is not a function\n"
    "    at Cart.add (/app/cart.js:10:5)\n"
    "    at /app/main.js:3:1\n"
    "    at new Promise (<anonymous>)\n"
    "    at Array.map (native)"
)
DOTNET = (
    "System.Exception: bad\n"
    "   at Shop.Cart.Add(String id) in /app/Cart.cs:line 12\n"
    "   at Shop.Main(String[] args)"
)
GO = (
    "goroutine 7 [running]:\n"
    "main.add(0x1)\n\t/app/cart.go:12 +0x1d\n"
    "main.main()\n\t/app/main.go:5 +0x20\n"
)


def frames(chain):
    return [
        (kind, message, [(f["label"], f["path"], f["line"]) for f in its])
        for kind, message, its in chain
    ]


@pytest.mark.parametrize(
    ("reader", "stack", "expected"),
    [
        (python, PYTHON, [
            ("ValueError", "two\nlines",
             [("get", "/app/db.py", 5), ("handler", "/app/shop.py", 21)]),
            ("KeyError", "'a'", [("get", "/app/db.py", 3)]),
        ]),
        (java, JAVA, [
            ("", "",
             [("com.shop.Cart.add", "Cart.java", 41), ("com.shop.Main.main", "Main.java", 0)]),
            ("java.sql.SQLException", "noconnection", [("com.shop.Db.open", "Db.java", 7)]),
        ]),
        (node, NODE, [
            ("", "", [("Cart.add", "/app/cart.js", 10), ("", "/app/main.js", 3),
                      ("new Promise", "<anonymous>", 0), ("Array.map", "native", 0)]),
        ]),
        (dotnet, DOTNET, [
            ("", "", [("Shop.Cart.Add(String id)", "/app/Cart.cs", 12),
                      ("Shop.Main(String[] args)", "", 0)]),
        ]),
        (go, GO, [
            ("", "", [("main.add(0x1)", "/app/cart.go", 12), ("main.main()", "/app/main.go", 5)]),
        ]),
    ],
    ids=["python", "java", "node", "dotnet", "go"],
)  # fmt: skip
def test_stack_traces_of_five_languages(reader, stack, expected):
    assert frames(reader(stack)) == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([python, java, node, dotnet, go]), st.text(max_size=300))
def test_no_stack_trace_breaks_its_reader(reader, stack):
    assert reader(stack)
    assert reader(PYTHON + stack + JAVA)


def test_exceptions_become_the_cause():
    told = {
        "exception.type": "ValueError",
        "exception.message": "two lines",
        "exception.stacktrace": PYTHON,
    }
    resource = {"telemetry.sdk.language": "python"}
    span = make(CLIENT, events=[Event("exception", 5, told), Event("x", 6, {})], resource=resource)
    first, second = one(span)["cause"]["exceptions"]
    assert (first["type"], first["message"], first["remote"]) == ("ValueError", "two lines", True)
    assert first["cause"] == second["id"] != first["id"]
    assert second["type"] == "KeyError"
    assert one(span) == one(span)  # the same span, the same ids
    failed = one(make(status_code=ERROR, status_message="it broke"))["cause"]["exceptions"]
    assert [each["message"] for each in failed] == ["it broke"]
    assert "cause" not in one(make(status_code=ERROR))


KEYS = (
    "http.method", "http.request.method", "http.status_code", "url.full", "http.url", "url.scheme",
    "server.address", "server.port", "net.peer.name", "http.host", "db.system", "db.name",
    "db.namespace", "db.connection_string", "db.statement", "rpc.system", "rpc.service",
    "rpc.method", "aws.service", "aws.dynamodb.table_names", "aws.queue_url", "enduser.id",
    "peer.service", "aws.span.kind", "aws.local.service", "aws.remote.service",
    "aws.xray.annotations", "aws.xray.metadata.x", "message.type", "exception.type", "a b",
    "cloud.platform", "cloud.provider", "aws.log.group.names", "aws.log.group.arns",
    "service.name", "service.version", "service.instance.id", "host.id",
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["LOCAL_ROOT", "aws-api", "postgresql", "aws_ecs", "aws_elastic_beanstalk"])
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


@settings(max_examples=80, deadline=None)
@given(ATTRIBUTES, ATTRIBUTES, ATTRIBUTES, st.integers(0, 5), st.booleans(), st.text(max_size=300))
def test_whatever_a_span_says_is_a_document_that_xray_takes(
    attributes, resource, event, kind, everything, name
):
    import json

    from labkit.xray.engine.document import read

    span = make(
        kind, attributes, name=name, resource=resource, events=[Event("exception", 1, event)]
    )
    for document in documents(span, Indexing(("a b",), everything)):
        taken = read(json.dumps(document))
        assert taken["trace_id"] == "1-5f84c7a5-e7d1852db8c4fd35d88bf49a"
        assert 0 < len(taken["name"]) <= 200
