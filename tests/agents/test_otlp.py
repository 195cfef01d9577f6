"""OTLP over HTTP: requests in both encodings, limits, and how they come into a lab."""

import base64
import gzip
import json
import urllib.error
import urllib.request

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import Lab
from labkit.agents.otlp import MOST_BYTES, Receiver, denied
from labkit.agents.otlp_wire import ERROR, SERVER, Span, from_json, from_protobuf

TRACE, SPAN = "5f84c7a5e7d1852db8c4fd35d88bf49a", "1111222233334444"
JSON, BINARY = "application/json", "application/x-protobuf"
SHOP = {"service.name": "shop", "service.version": "2.4.1"}


# -- over the wire
def json_request(*spans, resource=SHOP):
    attributes = [{"key": k, "value": {"stringValue": v}} for k, v in resource.items()]
    return {
        "resourceSpans": [
            {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}
        ]
    }


def json_span(**more):
    return {
        "traceId": TRACE.upper(), "spanId": SPAN, "parentSpanId": "",
        "name": "GET /cart", "kind": 2,
        "startTimeUnixNano": "1000000000", "endTimeUnixNano": 1500000000,
        "attributes": [
            {"key": "text", "value": {"stringValue": "a"}},
            {"key": "number", "value": {"intValue": "3"}},
            {"key": "part", "value": {"doubleValue": 0.5}},
            {"key": "yes", "value": {"boolValue": True}},
            {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}]}}},
            {"key": "map", "value": {"kvlistValue": {"values": [
                {"key": "a", "value": {"stringValue": "b"}}]}}},
            {"key": "bytes", "value": {"bytesValue": "aGk="}},
            {"key": "nothing", "value": {}},
        ],
        "events": [{"name": "e", "timeUnixNano": "7"}],
        "links": [{"traceId": TRACE, "spanId": SPAN}],
        "status": {"code": "STATUS_CODE_ERROR", "message": "m"}, "flags": 257, "unknown": {},
        **more,
    }  # fmt: skip


def test_json_and_protobuf_say_the_same():
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    [read] = from_json(json.dumps(json_request(json_span())).encode())
    assert read.attributes == {
        "text": "a", "number": 3, "part": 0.5, "yes": True, "list": [1], "map": {"a": "b"},
        "bytes": "aGk=", "nothing": None,
    }  # fmt: skip
    assert (read.trace_id, read.kind, read.status_code) == (TRACE, SERVER, ERROR)
    # protobuf's own JSON has ids in base 64 and knows no unknown fields
    ids = {
        name: base64.b64encode(bytes.fromhex(given)).decode()
        for name, given in (("traceId", TRACE), ("spanId", SPAN))
    }
    plain = json_span(kind="SPAN_KIND_SERVER", **ids, links=[ids])
    del plain["unknown"]
    request = json_format.ParseDict(json_request(plain), ExportTraceServiceRequest())
    [binary] = from_protobuf(request.SerializeToString())
    for name in Span.__slots__:
        if name != "size":
            assert getattr(binary, name) == getattr(read, name), name


NO_NUMBER = {"key": "a", "value": {"intValue": "x"}}


class Taken(list):
    """A receiver that keeps what it is given."""

    def __init__(self, unprocessed=()):
        super().__init__()
        self.receiver = Receiver(self._give)
        self._unprocessed = unprocessed

    def _give(self, made):
        self.extend(made)
        return self._unprocessed

    def ask(self, body, kind=JSON, method="POST", path="/v1/traces", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        given = {"content-type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.receiver.answer(method, path, given, body)


def test_a_request_is_answered_in_its_own_encoding():
    taken = Taken()
    assert taken.ask(json_request(json_span())) == (200, {"content-type": JSON}, b"{}")
    assert taken.ask(b"", BINARY) == (200, {"content-type": BINARY}, b"")
    packed = gzip.compress(json.dumps(json_request(json_span())).encode())
    assert taken.ask(packed, content_encoding="gzip")[0] == 200
    assert len(taken) == 2
    assert taken.receiver.counters.segments == 2


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (404, {"path": "/v1/metrics"}),
        (405, {"method": "GET"}),
        (415, {"kind": "text/plain"}),
        (415, {"content_encoding": "zstd"}),
        (400, {"content_encoding": "gzip"}),
        (400, {"body": b"{"}),
        (400, {"body": b"[]"}),
        (400, {"body": b"[" * 100_000}),
        (400, {"body": b'{"resourceSpans": 3}'}),
        (400, {"body": b'{"resourceSpans": [3]}'}),
        (400, {"body": json_request(json_span(traceId="xyz"))}),
        (400, {"body": json_request(json_span(kind=9))}),
        (400, {"body": json_request(json_span(startTimeUnixNano=-1))}),
        (400, {"body": json_request(json_span(attributes=[NO_NUMBER]))}),
        (400, {"body": b"\xff\xff\xff", "kind": BINARY}),
        (400, {"body": gzip.compress(b"{}")[:-9], "content_encoding": "gzip"}),
        (413, {"body": b" " * (MOST_BYTES + 1)}),
        (413, {"body": gzip.compress(b" " * (2 * MOST_BYTES)), "content_encoding": "gzip"}),
        (400, {"body": json_request(*[{"name": "x"}] * 10_001)}),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_whole(status, how):
    taken = Taken()
    got, headers, body = taken.ask(how.pop("body", b"{}"), **how)
    assert got == status
    assert taken == []
    assert taken.receiver.counters.refused == 1
    if headers["content-type"] == JSON:
        assert json.loads(body)["message"]
    else:
        assert body[:1] == b"\x08"


def test_single_spans_beyond_the_limits_are_a_partial_success():
    big = json_span(attributes=[{"key": "a", "value": {"stringValue": "x" * 210_000}}])
    taken = Taken()
    status, _, body = taken.ask(json_request(json_span(), big, json_span(spanId="")))
    assert status == 200
    told = json.loads(body)["partialSuccess"]
    assert told["rejectedSpans"] == "2"
    assert "204,800 at most" in told["errorMessage"]
    assert len(taken) == 1
    unprocessed = [{"Id": SPAN, "ErrorCode": "InvalidTraceId", "Message": "Invalid segment."}]
    status, _, body = Taken(unprocessed).ask(json_request(json_span()))
    assert json.loads(body)["partialSuccess"] == {
        "rejectedSpans": "1", "errorMessage": f"span {SPAN}: Invalid segment.",
    }  # fmt: skip
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )

    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="no ids")
    _, _, body = Taken().ask(request.SerializeToString(), BINARY)
    assert ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [((403, "AccessDeniedException"), 403), ((429, "ThrottledException"), 429),
     ((400, "ThrottlingException"), 429), ((500, "InternalFailure"), 503),
     ((400, "InvalidRequestException"), 400)],
)  # fmt: skip
def test_what_xray_refuses_the_client_learns(error, status):
    assert denied(*error, "why").status == status


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([JSON, BINARY]))
def test_no_body_breaks_the_receiver(body, kind):
    status, _, _ = Taken().ask(body, kind)
    assert status in (200, 400)


# -- into a lab
class Put:
    """Stands before X-Ray and notes what it is given."""

    def __init__(self, lab, answer=None):
        lab.world.ports._answers["call_as"] = self
        self.calls, self.answer = [], answer or {}

    def __call__(self, who, service, operation, given, region, context):
        self.calls.append((who.arn, operation, region))
        self.documents = [json.loads(one) for one in given["TraceSegmentDocuments"]]
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def post(url, body, **headers):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"content-type": JSON, **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, json.loads(problem.read())


def test_a_receiver_puts_segments_at_the_labs_time_and_tells_what_xray_says():
    from labkit.core.errors import AwsError

    with Lab(active=False) as lab, lab.otlp() as receiver:
        put = Put(lab)
        assert post(receiver.traces_endpoint, json_request(json_span())) == (200, {})
        [(who, operation, region)] = put.calls
        assert (who, operation, region) == (
            "arn:aws:iam::123456789012:user/learner", "PutTraceSegments", "us-east-1",
        )  # fmt: skip
        assert put.documents[0]["end_time"] == pytest.approx(1767603600, abs=0.1)
        put.answer = AwsError("AccessDeniedException", "not authorized", status=403)
        status, told = post(receiver.traces_endpoint, json_request(json_span()))
        assert (status, told["message"]) == (403, "AccessDeniedException: not authorized")
        assert receiver.log == ["403 AccessDeniedException: not authorized"]
        assert "2 spans in 2 requests, 1 segments" in repr(receiver)


def test_a_lab_that_waits_for_the_program_takes_its_spans_on_trust(monkeypatch):
    import labkit.otlp_door

    monkeypatch.setattr(labkit.otlp_door, "PATIENCE_S", 0.05)
    with Lab(active=False) as lab, lab.otlp() as receiver:
        put = Put(lab)
        with lab.world.lock:  # as while a function of the lab runs, which sends this
            assert post(receiver.traces_endpoint, json_request(json_span())) == (200, {})
        assert put.calls == []
        lab.advance(seconds=1)
        assert len(put.calls) == 1


@pytest.mark.parametrize(
    ("host", "region"), [("xray.eu-west-1.amazonaws.com", "eu-west-1"), ("127.0.0.1", "us-east-1")]
)
def test_a_served_lab_has_the_path_of_awss_endpoint(host, region):
    from labkit.serve import Service

    with Lab(active=False) as lab, Service(lab) as service:
        put = Put(lab)
        assert post(f"{service.url}/v1/traces", json_request(json_span()), host=host) == (200, {})
        assert put.calls[0][1:] == ("PutTraceSegments", region)


# -- the real SDK
@pytest.fixture
def tracer():
    """A tracer that the real SDK's exporter sends from, to an endpoint given later."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    made = []

    def _tracer(endpoint):
        provider = TracerProvider(resource=Resource.create(SHOP))
        exporter = OTLPSpanExporter(endpoint=endpoint, compression=Compression.Gzip)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        made.append(provider)
        return provider.get_tracer("shop"), provider

    yield _tracer
    for provider in made:
        provider.shutdown()


def test_the_real_sdk_exports_a_trace_that_xray_shows(tracer):
    from opentelemetry.trace import SpanKind, Status, StatusCode

    with Lab(active=False) as lab, lab.otlp(indexed=["order.id"]) as receiver:
        trace, provider = tracer(receiver.traces_endpoint)
        root = {"http.request.method": "POST", "url.path": "/pay", "enduser.id": "lena-7",
                "http.response.status_code": 503, "order.id": "o-1"}  # fmt: skip
        with trace.start_as_current_span(
            "POST /pay", kind=SpanKind.SERVER, attributes=root
        ) as span:
            called = {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem",
                      "aws.dynamodb.table_names": ["carts"]}  # fmt: skip
            with trace.start_as_current_span("DynamoDB", kind=SpanKind.CLIENT, attributes=called):
                pass
            outside = {"server.address": "bank.example", "http.request.method": "GET",
                       "http.response.status_code": 503}  # fmt: skip
            with trace.start_as_current_span(
                "GET", kind=SpanKind.CLIENT, attributes=outside
            ) as call:
                call.record_exception(TimeoutError("the bank is silent"))
                call.set_status(Status(StatusCode.ERROR))
        assert provider.force_flush(10_000)
        assert receiver.counters.segments == 3
        digits = f"{span.get_span_context().trace_id:032x}"
        trace_id = f"1-{digits[:8]}-{digits[8:]}"
        xray = lab.client("xray")
        [found] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(one["Document"]) for one in found["Segments"]]
        shop = next(one for one in documents if one["name"] == "shop")
        assert shop["http"]["response"]["status"] == 503
        assert {one.get("origin") for one in documents if one.get("inferred")} == {
            "AWS::DynamoDB::Table", "remote",
        }  # fmt: skip
        [summary] = xray.get_trace_summaries(
            StartTime=lab.now.timestamp() - 60,
            EndTime=lab.now.timestamp() + 1,
            FilterExpression='annotation[order.id] = "o-1" AND fault AND user = "lena-7"',
        )["TraceSummaries"]
        assert summary["Id"] == trace_id
        assert "the bank is silent" in json.dumps(documents)


def test_the_real_sdk_exports_to_a_served_lab(tracer):
    from labkit.serve import Service

    with Lab(active=False) as lab, Service(lab) as service:
        trace, provider = tracer(f"{service.url}/v1/traces")
        with trace.start_as_current_span("job"):
            pass
        assert provider.force_flush(10_000)
        [summary] = lab.client("xray").get_trace_summaries(
            StartTime=lab.now.timestamp() - 60, EndTime=lab.now.timestamp() + 1
        )["TraceSummaries"]
        assert summary["EntryPoint"]["Name"] == "job"
