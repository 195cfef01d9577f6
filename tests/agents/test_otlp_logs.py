"""OTLP's logs: both encodings, the headers, limits, and what Logs keeps and shows of them."""

import base64
import gzip
import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from labkit.agents.otlp_logs import LogsReceiver, Rejected, from_json, from_protobuf
from labkit.core.clock import to_datetime
from labkit.gateway.wire import WireRequest
from labkit.serve import Service

GROUP, STREAM = "/shop/otel", "web"
JSON, BINARY = "application/json", "application/x-protobuf"
TRACE, SPAN = "5f84c7a5e7d1852db8c4fd35d88bf49a", "1111222233334444"
HEADERS = {"content-type": JSON, "x-aws-log-group": GROUP, "x-aws-log-stream": STREAM}


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def record(at_ns, body="User logged in", **more):
    given = {"timeUnixNano": str(at_ns), "severityNumber": 9, "severityText": "INFO"}
    told = body if isinstance(body, dict) else {"stringValue": body}
    return given | {"body": told, "attributes": [text("user.id", "12345")]} | more


def request(*records, resource="shop"):
    about = {"attributes": [text("service.name", resource)]}
    scope = {"name": "my-library", "version": "1.0.0"}
    scopes = [{"scope": scope, "logRecords": list(records)}]
    return {"resourceLogs": [{"resource": about, "scopeLogs": scopes}]}


def now_ns(lab):
    return lab.world.clock.now_us * 1000


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return client


@pytest.fixture
def receiver(lab, logs):
    with lab.otlp() as receiver:
        yield receiver


def send(receiver, body, **headers):
    """Status, headers and body of an answer, through a real socket."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(receiver.logs_endpoint, data, given, method="POST")
    try:
        with urllib.request.urlopen(asked) as told:
            return told.status, dict(told.headers), told.read()
    except urllib.error.HTTPError as told:
        with told:
            return told.code, dict(told.headers), told.read()


def messages(logs):
    found = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)
    return [json.loads(one["message"]) for one in found["events"]]


def test_the_guides_example_is_an_event_whose_fields_a_query_finds(lab, logs, receiver):
    at_ns = now_ns(lab)
    status, _, body = send(receiver, request(record(at_ns, traceId=TRACE, spanId=SPAN)))
    assert (status, body) == (200, b"{}")
    [event] = messages(logs)
    assert event == {
        "resource": {"attributes": {"service.name": "shop"}},
        "scope": {"name": "my-library", "version": "1.0.0"},
        "timeUnixNano": at_ns, "severityNumber": 9, "severityText": "INFO",
        "body": "User logged in", "attributes": {"user.id": "12345"},
        "traceId": TRACE, "spanId": SPAN,
    }  # fmt: skip
    rows = lab.logs.query(
        "fields body, attributes.user.id, resource.attributes.service.name as service", GROUP
    )
    assert rows.values.tolist() == [["User logged in", 12345, "shop"]]


def test_json_and_protobuf_say_the_same():
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    body = {
        "kvlistValue": {
            "values": [
                {"key": "messages", "value": {"arrayValue": {"values": [{"stringValue": "hi"}]}}}
            ]
        }
    }
    given = record(7, body=body, traceId=TRACE, spanId=SPAN, flags=1, eventName="e")
    read = from_json(json.dumps(request(given)).encode())
    assert read[0].event["body"] == {"messages": ["hi"]} and read[0].time_ns == 7
    ids = {
        n: base64.b64encode(bytes.fromhex(v)).decode()
        for n, v in (("traceId", TRACE), ("spanId", SPAN))
    }
    binary = json_format.ParseDict(request(given | ids), ExportLogsServiceRequest())
    assert from_protobuf(binary.SerializeToString()) == read
    observed = {"observedTimeUnixNano": "9", "body": {"intValue": "3"}}
    assert from_json(json.dumps(request(observed)).encode())[0].time_ns == 9


def test_records_need_no_order_and_those_out_of_time_are_told(lab, logs, receiver):
    now, hour = now_ns(lab), 3_600_000_000_000
    old, new = record(now - 15 * 24 * hour, "old"), record(now + 3 * hour, "new")
    body = request(record(now, "second"), old, new, record(now - hour, "first"))
    status, _, answer = send(receiver, gzip.compress(json.dumps(body).encode()),
                             content_encoding="gzip")  # fmt: skip
    told = json.loads(answer)["partialSuccess"]
    assert status == 200 and told["rejectedLogRecords"] == 2
    assert json.loads(told["errorMessage"]) == {"tooOldLogEventCount": 1, "tooNewLogEventCount": 1}
    assert [one["body"] for one in messages(logs)] == ["first", "second"]
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    answer = send(receiver, request(record(now - 48 * hour)))[2]
    assert "expiredLogEventCount" in answer.decode()
    assert receiver.log_counters.records == 5 and receiver.log_counters.rejected == 3


def test_a_program_by_the_machines_clock_is_moved_to_the_labs(lab, logs, receiver):
    day = 24 * 3_600_000_000_000
    then = now_ns(lab) + 300 * day
    send(receiver, request(record(then - 5_000_000_000, "a"), record(then, "b", traceId=TRACE)))
    found = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)
    first, last = (one["timestamp"] for one in found["events"])
    assert last - first == 5000 and last == lab.world.clock.now_us // 1000 // 10 * 10 + last % 10
    offset = lab.parts.daemons.offsets.joined(TRACE, 0)
    assert offset and messages(logs)[1]["timeUnixNano"] == then + offset * 1000


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (400, {"x_aws_log_group": ""}),
        (400, {"x_aws_log_stream": "none"}),
        (400, {"body": b"[]"}),
        (400, {"body": b'{"resourceLogs": 3}'}),
        (400, {"body": request(record(1, severityNumber=25))}),
        (400, {"body": request(record(1, traceId="x"))}),
        (400, {"body": request(record(1, {"stringValue": {"a": 1}}))}),
        (400, {"body": request(record(1), resource="r" * 17_000)}),
        (400, {"body": b"\xff\xff\xff", "content_type": BINARY}),
        (415, {"content_type": "text/plain"}),
        (413, {"body": gzip.compress(b" " * (20 * 1024 * 1024 + 1)), "content_encoding": "gzip"}),
    ],
)  # fmt: skip
def test_what_is_refused_whole_keeps_nothing(lab, logs, receiver, status, how):
    body = how.pop("body", None) or request(record(now_ns(lab)))
    assert send(receiver, body, **how)[0] == status
    assert messages(logs) == [] and receiver.log_counters.refused == 1 and receiver.log


def test_refusals_of_a_receiver_that_needs_no_lab():
    taken = []
    receiver = LogsReceiver(lambda *given: taken.append(given) or Rejected())
    assert receiver.answer("GET", HEADERS, b"")[0] == 405
    many = request(*[{"timeUnixNano": 1}] * 10_001)
    assert receiver.answer("POST", HEADERS, json.dumps(many).encode())[0] == 400
    elsewhere = LogsReceiver(receiver.give, region="sa-east-1")
    assert elsewhere.answer("POST", HEADERS, b" " * 1_048_577)[0] == 413
    assert taken == []
    assert receiver.answer("POST", HEADERS | {"content-type": BINARY}, b"")[0] == 200


def test_more_than_a_day_between_records_is_refused(lab, receiver):
    hour = 3_600_000_000_000
    body = request(record(now_ns(lab)), record(now_ns(lab) - 25 * hour))
    status, _, answer = send(receiver, body)
    assert status == 400 and "24 hours" in answer.decode()


def test_a_role_without_permission_is_denied(lab, logs):
    with lab.otlp(role=lab.user("nobody")) as receiver:
        status, _, answer = send(receiver, request(record(now_ns(lab))))
    assert status == 403 and "logs:PutLogEvents" in answer.decode()
    assert messages(logs) == []


def pieces(answer):
    return b"".join(one["fields"]["data"] for one in answer["fieldStream"]).decode()


def large(lab, receiver, words=1_300_000):
    body = {"kvlistValue": {"values": [text("prompt", "é" * (words // 2)), text("short", "kept")]}}
    return send(receiver, request(record(now_ns(lab), body=body)))


def reference(lab, logs):
    query = lab.logs.query("fields @timestamp", GROUP)
    fields = logs.get_log_record(logRecordPointer=query.attrs["pointers"][0])["logRecord"]
    return fields["@ptr.$['body']['prompt']"], fields


def test_what_is_beyond_a_megabyte_is_read_as_a_large_object(lab, logs, receiver):
    assert large(lab, receiver)[0] == 200
    [event] = logs.filter_log_events(logGroupName=GROUP)["events"]
    size = len(event["message"].encode())
    assert 1_048_576 - 26 - 4 < size <= 1_048_576 - 26
    pointer, fields = reference(lab, logs)
    assert fields["body.short"] == "kept" and len(pointer) <= 512
    assert pieces(logs.get_log_object(logObjectPointer=pointer)) == "é" * 650_000
    charged = sum(one.quantity for one in lab.world.meters.usage(0, lab.world.clock.now_us)
                  if one.item == "logs.ingested")  # fmt: skip
    assert charged > 1_300_000
    again = lab.of(lab.saved())
    assert again.digest() == lab.digest() and not again.errors
    again.close()
    logs.delete_log_group(logGroupName=GROUP)
    with pytest.raises(ClientError, match="LogGroup doesn't exist"):
        logs.get_log_object(logObjectPointer=pointer)


def test_who_may_read_a_large_object_is_asked_of_its_group(lab, logs, receiver):
    large(lab, receiver)
    pointer, _ = reference(lab, logs)
    reader = lab.user("reader", {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:GetLogRecord",
         "Resource": f"arn:aws:logs:*:*:log-group:{GROUP}:*"}]})  # fmt: skip
    assert reader.client("logs").get_log_object(logObjectPointer=pointer)
    for who, more, missing in (
        (reader, {"unmask": True}, "logs:Unmask"), (lab.user("nobody"), {}, "logs:GetLogRecord"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=missing) as told:
            who.client("logs").get_log_object(logObjectPointer=pointer, **more)
        assert told.value.response["Error"]["Code"] == "AccessDeniedException"
    broken = pointer[:-1] + ("0" if pointer[-1] != "0" else "1")
    for given, code, client in (
        (broken, "InvalidParameterException", logs),
        ("x", "InvalidParameterException", logs),
        (pointer, "ResourceNotFoundException", lab.client("logs", region_name="us-west-2")),
    ):
        with pytest.raises(ClientError) as told:
            client.get_log_object(logObjectPointer=given)
        assert told.value.response["Error"]["Code"] == code


def test_two_large_records_in_a_request_are_refused(lab, logs, receiver):
    one = record(now_ns(lab), "x" * 1_100_000)
    status, _, answer = send(receiver, request(one, one))
    assert status == 400 and "1 MB" in answer.decode()
    assert messages(logs) == []


def test_a_served_lab_has_the_path(lab, logs):
    with Service(lab) as service:
        body = json.dumps(request(record(now_ns(lab)))).encode()
        host = {"host": "logs.us-east-1.amazonaws.com"}
        told = service.handle(WireRequest("POST", "/v1/logs", HEADERS | host, body, "127.0.0.1"))
        assert told.status == 200 and len(messages(logs)) == 1
        bearer = HEADERS | {"authorization": "Bearer ACWLx"}
        told = service.handle(WireRequest("POST", "/v1/logs", bearer, body, "127.0.0.1"))
        assert told.status == 401


@pytest.mark.long
def test_the_real_sdks_exporter(lab, logs, receiver):
    exporters = pytest.importorskip("opentelemetry.exporter.otlp.proto.http._log_exporter")
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

    provider = LoggerProvider()
    exporter = exporters.OTLPLogExporter(
        endpoint=receiver.logs_endpoint,
        headers={"x-aws-log-group": GROUP, "x-aws-log-stream": STREAM},
    )
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    machine_ns = now_ns(lab) + 400 * 24 * 3_600_000_000_000
    provider.get_logger("shop.checkout").emit(
        LogRecord(
            timestamp=machine_ns, severity_text="WARN", severity_number=SeverityNumber.WARN,
            body="card declined", attributes={"order": 7},
        )
    )  # fmt: skip
    provider.shutdown()
    [event] = messages(logs)
    assert (event["body"], event["severityText"]) == ("card declined", "WARN")
    assert event["attributes"] == {"order": 7} and event["scope"]["name"] == "shop.checkout"
    assert abs(event["timeUnixNano"] // 1000 - lab.world.clock.now_us) < 60_000_000
    assert to_datetime(event["timeUnixNano"] // 1000).year == lab.now.year
