"""The HTTP door without HTTP: what is asked, by whom, in which protocol, and how it is answered."""

import base64
import gzip
import json
from urllib.parse import urlencode

import cbor2
import pytest

import labkit
from labkit.gateway.wire import WireRequest, answer
from labkit.gateway.wire_services import bucket_in_host, route

PUT = {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
TARGET = "GraniteServiceVersion20100801"


@pytest.fixture
def quiet():
    lab = labkit.Lab(active=False)
    yield lab
    lab.close()


def signed(service, region="us-east-1", key="AKIAREALREALREALREAL"):
    scope = f"{key}/20260105/{region}/{service}/aws4_request"
    return {
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"
    }


def ask(lab, body=b"", headers=(), *, method="POST", target="/"):
    return answer(lab.dispatch, WireRequest(method, target, dict(headers), body, "203.0.113.10"))


def as_json(lab, operation, params, service="monitoring", prefix=TARGET):
    headers = {**signed(service), "x-amz-target": f"{prefix}.{operation}"}
    got = ask(lab, json.dumps(params).encode(), headers)
    return got, json.loads(got.body)


def as_cbor(lab, operation, params):
    headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    target = f"/service/{TARGET}/operation/{operation}"
    got = ask(lab, cbor2.dumps(params), headers | signed("monitoring"), target=target)
    return got, cbor2.loads(got.body)


def as_query(lab, operation, params, service="monitoring", version="2010-08-01"):
    form = urlencode({"Action": operation, "Version": version, **params}).encode()
    headers = {**signed(service), "content-type": "application/x-www-form-urlencoded"}
    got = ask(lab, form, headers)
    return got, got.body.decode()


def test_cloudwatch_in_three_protocols(quiet):
    assert as_json(quiet, "PutMetricData", PUT)[0].status == 200
    dimensions = [{"Name": "a", "Value": "b"}]
    datum = {"MetricName": "c", "Value": 2, "Dimensions": dimensions}
    assert as_cbor(quiet, "PutMetricData", {**PUT, "MetricData": [datum]})[0].status == 200
    form = {
        "Namespace": "N",
        "MetricData.member.1.MetricName": "q",
        "MetricData.member.1.Value": "3.5",
        "MetricData.member.1.Dimensions.member.1.Name": "a",
        "MetricData.member.1.Dimensions.member.1.Value": "<b>",
    }
    assert as_query(quiet, "PutMetricData", form)[0].status == 200
    names = {"m", "c", "q"}
    assert {m["MetricName"] for m in as_json(quiet, "ListMetrics", {})[1]["Metrics"]} == names
    assert {m["MetricName"] for m in as_cbor(quiet, "ListMetrics", {})[1]["Metrics"]} == names
    xml = as_query(quiet, "ListMetrics", {"MetricName": "q"})[1]
    assert "<ListMetricsResult><Metrics><member>" in xml and "<Value>&lt;b&gt;</Value>" in xml


def test_a_timestamp_is_written_as_each_protocol_wants_it(quiet):
    as_json(quiet, "PutMetricData", PUT)
    period = {"Namespace": "N", "MetricName": "m", "Period": 60}
    start, end = 1767603600, 1767603660
    got = as_json(
        quiet,
        "GetMetricStatistics",
        period | {"StartTime": start, "EndTime": end, "Statistics": ["Sum"]},
    )[1]
    assert got["Datapoints"] == [{"Timestamp": start, "Sum": 1.0, "Unit": "None"}]
    tagged = as_cbor(
        quiet,
        "GetMetricStatistics",
        period
        | {
            "StartTime": cbor2.CBORTag(1, start),
            "EndTime": cbor2.CBORTag(1, end),
            "Statistics": ["Sum"],
        },
    )[0]
    assert b"\xc1\x1a" + start.to_bytes(4, "big") in tagged.body
    xml = as_query(
        quiet,
        "GetMetricStatistics",
        period
        | {
            "StartTime": "2026-01-05T09:00:00Z",
            "EndTime": "2026-01-05T09:01:00Z",
            "Statistics.member.1": "Sum",
        },
    )[1]
    assert "<Timestamp>2026-01-05T09:00:00Z</Timestamp>" in xml and "<Sum>1.0</Sum>" in xml


def test_an_error_is_worded_by_each_protocol(quiet):
    params = {"AlarmName": "no", "StateValue": "OK", "StateReason": "r"}
    got, tree = as_json(quiet, "SetAlarmState", params)
    assert got.status == 404 and got.headers["x-amzn-query-error"] == "ResourceNotFound;Sender"
    assert "__type" in tree
    got, tree = as_cbor(quiet, "SetAlarmState", params)
    assert got.status == 404 and "#" in tree["__type"]
    assert got.headers["smithy-protocol"] == "rpc-v2-cbor"
    got, xml = as_query(quiet, "SetAlarmState", params)
    assert got.status == 404
    assert "<Type>Sender</Type><Code>ResourceNotFound</Code>" in xml


@pytest.mark.parametrize("send", [as_json, as_cbor])
@pytest.mark.parametrize(
    ("params", "told"),
    [
        ([], "structure"),
        ({"Namespace": 1}, "String"),
        ({"Namespace": "N", "MetricData": {}}, "list"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": "much"}]}, "Double"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m", "Timestamp": []}]}, "Timestamp"),
    ],
)
def test_a_body_that_does_not_fit_the_model_is_refused(quiet, send, params, told):
    got, tree = send(quiet, "PutMetricData", params)
    assert got.status == 400
    assert tree["__type"].endswith("SerializationException") and told in tree["message"]


def test_a_missing_parameter_is_named(quiet):
    got, tree = as_json(quiet, "PutMetricData", {"MetricData": [{"Value": 1}]})
    assert got.status == 400
    assert "Value null at 'metricData.metricName'" in tree["message"]
    assert "1 validation error detected" in tree["message"]


@pytest.mark.parametrize("body", [b"\xff\x00garbage", b"{", b"[" * 100_000, b"nul"])
def test_a_body_that_is_no_json_or_cbor(quiet, body):
    headers = {**signed("monitoring"), "x-amz-target": f"{TARGET}.ListMetrics"}
    got = ask(quiet, body, headers)
    assert (got.status, json.loads(got.body)["__type"]) == (400, "SerializationException")
    got = ask(quiet, body, signed("monitoring"), target=f"/service/{TARGET}/operation/ListMetrics")
    assert got.status == 400
    assert cbor2.loads(got.body)["__type"].endswith("SerializationException")


@pytest.mark.parametrize(
    ("headers", "target", "status", "code"),
    [
        ({"x-amz-target": f"{TARGET}.Nothing"}, "/", 400, "UnknownOperationException"),
        ({"x-amz-target": "Elsewhere.ListMetrics"}, "/", 400, "UnknownOperationException"),
        ({}, f"/service/{TARGET}/operation/No", 404, "UnknownOperationException"),
        ({}, "/", 400, "UnknownOperationException"),
    ],
)
def test_a_wrong_target(quiet, headers, target, status, code):
    got = ask(quiet, b"{}", {**signed("monitoring"), **headers}, target=target)
    assert got.status == status and code.encode() in got.body


def test_a_wrong_protocol(quiet):
    headers = {**signed("sts"), "x-amz-target": "AWSSecurityTokenService.GetCallerIdentity"}
    got = ask(quiet, b"{}", headers)
    assert got.status == 400 and b"UnknownOperationException" in got.body
    got = ask(quiet, b"{}", signed("sts"))
    assert got.status == 400 and b"<Code>MissingAction</Code>" in got.body
    got = as_query(quiet, "Nothing", {}, "sns", "2010-03-31")[0]
    assert got.status == 400 and b"InvalidAction" in got.body
    got = ask(quiet, b"{}", signed("nowhere"))
    assert got.status == 403 and b"UnrecognizedClientException" in got.body
    got = ask(quiet)
    assert got.status == 403 and b"MissingAuthenticationToken" in got.body


def test_unsigned_requests_are_known_by_target_path_version_and_host(quiet):
    got = ask(quiet, b"{}", {"x-amz-target": f"{TARGET}.ListMetrics"})
    assert got.status == 200
    assert ask(quiet, b"\xa0", {}, target=f"/service/{TARGET}/operation/ListMetrics").status == 200
    form = {"content-type": "application/x-www-form-urlencoded"}
    got = ask(quiet, b"Action=GetCallerIdentity&Version=2011-06-15", form)
    assert got.status == 200 and b"user/learner" in got.body
    got = ask(quiet, b"Action=GetCallerIdentity", form | {"host": "sts.amazonaws.com"})
    assert got.status == 403  # a form without its version could be anybody's
    assert ask(quiet, b"", {}, method="GET", target="/nobodys-bucket").status == 404


def test_region_and_principal_come_from_the_signature_and_real_keys_go_nowhere(quiet):
    user = quiet.user("auditor")
    headers = signed("sts", "eu-west-1", user.principal.access_key_id)
    form = {"content-type": "application/x-www-form-urlencoded"}
    got = ask(quiet, b"Action=GetCallerIdentity&Version=2011-06-15", headers | form)
    assert b"user/auditor" in got.body
    as_query(quiet, "CreateTopic", {"Name": "t"}, "sns", "2010-03-31")
    told = as_json(
        quiet,
        "LookupEvents",
        {},
        "cloudtrail",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    )[1]
    event = json.loads(told["Events"][0]["CloudTrailEvent"])
    assert event["eventName"] == "CreateTopic"
    assert event["requestParameters"] == {"name": "t"}
    assert "REALREAL" not in json.dumps(told)


def test_a_backed_call_is_observed_with_its_parameters_and_carries_the_records_id(quiet):
    before = quiet.dispatch.seen
    got, xml = as_query(
        quiet,
        "RunInstances",
        {"ImageId": "ami-0c55b159cbfafe1f0", "MinCount": 1, "MaxCount": 1,
         "TagSpecification.1.ResourceType": "instance",
         "TagSpecification.1.Tag.1.Key": "k", "TagSpecification.1.Tag.1.Value": "v"},
        "ec2",
        "2016-11-15",
    )  # fmt: skip
    assert got.status == 200 and quiet.dispatch.seen == before + 1
    assert got.headers["x-amzn-requestid"] in xml
    entry = list(quiet.world.journal)[-1]
    assert entry.arguments() == {
        "ImageId": "ami-0c55b159cbfafe1f0",
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}],
    }


def test_a_world_driven_over_http_can_be_replayed(quiet):
    # Every SDK sends a token; without one botocore, which the replay goes through, would draw one.
    machine = {"ImageId": "ami-0c55b159cbfafe1f0", "MinCount": 1, "MaxCount": 1, "ClientToken": "t"}
    as_query(quiet, "RunInstances", machine, "ec2", "2016-11-15")
    as_json(quiet, "PutMetricData", PUT)
    ask(quiet, b"", signed("s3"), method="PUT", target="/teapot")
    ask(quiet, b"hello", signed("s3"), method="PUT", target="/teapot/a%20b?x-id=PutObject")
    quiet.advance(minutes=5)
    again = quiet.replay()
    try:
        assert again.errors == [] and again.digest() == quiet.digest()
        got = again.client("s3").get_object(Bucket="teapot", Key="a b")
        assert got["Body"].read() == b"hello"
    finally:
        again.close()


def test_gzip_bodies(quiet):
    headers = {**signed("monitoring"), "x-amz-target": f"{TARGET}.PutMetricData"}
    headers["content-encoding"] = "gzip"
    assert ask(quiet, gzip.compress(json.dumps(PUT).encode()), headers).status == 200
    assert ask(quiet, b"not gzip", headers).status == 400
    assert ask(quiet, gzip.compress(b"{}" * 1000)[:-9], headers).status == 400


def test_a_gzip_object_in_s3_stays_as_it_is(quiet):
    ask(quiet, b"", signed("s3"), method="PUT", target="/teapot")
    packed = gzip.compress(b"leaves")
    headers = {**signed("s3"), "content-encoding": "gzip"}
    assert ask(quiet, packed, headers, method="PUT", target="/teapot/k").status == 200
    got = ask(quiet, b"", signed("s3"), method="GET", target="/teapot/k")
    assert got.body == packed and got.headers["content-encoding"] == "gzip"


def test_aws_chunked_bodies_and_their_trailers(quiet):
    ask(quiet, b"", signed("s3"), method="PUT", target="/teapot")
    checksum = base64.b64encode(bytes.fromhex("3610a686")).decode()
    body = (
        b"3;chunk-signature=abc\r\nhel\r\n2\r\nlo\r\n0\r\n"
        b"x-amz-checksum-crc32:" + checksum.encode() + b"\r\n\r\n"
    )
    headers = signed("s3") | {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "5",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-sdk-checksum-algorithm": "CRC32",
    }
    put = ask(quiet, body, headers, method="PUT", target="/teapot/k")
    assert put.status == 200 and put.headers["x-amz-checksum-crc32"] == checksum
    assert ask(quiet, b"", signed("s3"), method="GET", target="/teapot/k").body == b"hello"
    got = ask(quiet, body[:20], headers, method="PUT", target="/teapot/k")
    assert got.status == 400 and b"<Code>IncompleteBody</Code>" in got.body


@pytest.mark.parametrize(
    ("method", "target", "headers", "operation"),
    [
        ("GET", "/", {}, "ListBuckets"),
        ("GET", "/b", {}, "ListObjects"),
        ("GET", "/b?list-type=2", {}, "ListObjectsV2"),
        ("GET", "/b?location", {}, "GetBucketLocation"),
        ("GET", "/b/k/with/slashes", {}, "GetObject"),
        ("GET", "/b/k?uploadId=1", {}, "ListParts"),
        ("PUT", "/b/", {}, "CreateBucket"),
        ("PUT", "/b/k", {}, "PutObject"),
        ("PUT", "/b/k", {"x-amz-copy-source": "/b/o"}, "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=1", {}, "UploadPart"),
        ("PUT", "/b/k?partNumber=1&uploadId=1", {"x-amz-copy-source": "b/o"}, "UploadPartCopy"),
        ("POST", "/b?delete", {}, "DeleteObjects"),
        ("POST", "/b/k?uploads", {}, "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=1", {}, "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=1", {}, "AbortMultipartUpload"),
        ("HEAD", "/b/k", {}, "HeadObject"),
    ],
)
def test_s3_operations_are_told_apart(method, target, headers, operation):
    from urllib.parse import parse_qsl

    path, _, query = target.partition("?")
    found = route("s3", method, path, dict(parse_qsl(query, keep_blank_values=True)), headers)
    assert found is not None and found[0].operation == operation


def test_a_bucket_in_the_host(quiet):
    assert bucket_in_host({"host": "teapot.localhost:4566"}) == "teapot"
    assert bucket_in_host({"host": "tea.pot.s3.localhost:4566"}) == "tea.pot"
    assert bucket_in_host({"host": "teapot.s3.us-east-1.amazonaws.com"}) == "teapot"
    assert bucket_in_host({"host": "localhost:4566"}) == ""
    ask(quiet, b"", signed("s3"), method="PUT", target="/teapot")
    host = {"host": "teapot.localhost:4566", **signed("s3")}
    assert ask(quiet, b"x", host, method="PUT", target="/k").status == 200
    assert ask(quiet, b"", signed("s3"), method="GET", target="/teapot/k").body == b"x"


def test_a_presigned_link_opens(quiet):
    ask(quiet, b"", signed("s3"), method="PUT", target="/teapot")
    ask(quiet, b"x", signed("s3"), method="PUT", target="/teapot/k")
    signature = urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": "AKIA/20260105/us-east-1/s3/aws4_request",
            "X-Amz-Signature": "x",
        }
    )
    assert ask(quiet, b"", {}, method="GET", target=f"/teapot/k?{signature}").body == b"x"


def test_rest_json_is_routed_and_not_there_yet(quiet):
    got = ask(quiet, b"{}", signed("pipes"), target="/v1/pipes/p")
    assert got.status == 501 and got.headers["x-amzn-errortype"] == "NotImplemented"
    assert ask(quiet, b"{}", signed("xray"), target="/Nowhere").status == 404


def test_what_breaks_inside_is_answered_and_the_lab_goes_on(quiet, monkeypatch, caplog):
    def broken(call, /, **params):
        raise RuntimeError("on purpose")

    monkeypatch.setitem(quiet.dispatch.__dict__, "_entries", {})
    operations = {**quiet.dispatch._operations, ("cloudwatch", "ListMetrics"): broken}
    monkeypatch.setattr(quiet.dispatch, "_operations", operations)
    got, tree = as_json(quiet, "ListMetrics", {})
    assert got.status == 500 and tree["__type"] == "InternalFailure"
    assert "on purpose" in tree["message"]
    assert as_json(quiet, "PutMetricData", PUT)[0].status == 200
