"""One request in, one answer out, in the account and region that the caller says."""

import logging
from urllib.parse import urlencode

import pytest
from backing_bench import ACCOUNT, OTHER, REGION


def query(bench, service, action, version, *, url=None, account=ACCOUNT, region=REGION, **params):
    host = f"{service}.{region}.amazonaws.com"
    return bench.world.respond(
        "POST",
        url or f"https://{host}/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        urlencode({"Action": action, "Version": version, **params}).encode(),
        account=account,
        region=region,
        service=service,
    )


SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIALABKITTESTSKEY12/20260105/x/s3/aws4"}


def s3(bench, method, url, body=b"", headers=None, *, account=ACCOUNT, region=REGION):
    headers = SIGNED | (headers or {})
    return bench.world.respond(
        method, url, headers, body, account=account, region=region, service="s3"
    )


def test_account_and_region_are_the_callers_whatever_the_url_says(bench, monkeypatch):
    # moto asks the environment first: somebody who used moto before may have left this behind.
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    answer = query(
        bench,
        "sns",
        "CreateTopic",
        "2010-03-31",
        Name="t",
        account=OTHER,
        region="eu-west-1",
        url="https://sns.us-east-1.amazonaws.com/",
    )
    assert f"arn:aws:sns:eu-west-1:{OTHER}:t".encode() in answer.body
    assert bench.world.backend("sns", OTHER, "eu-west-1").topics
    assert not bench.world.backend("sns", ACCOUNT, REGION).topics


def test_s3_takes_the_region_from_the_caller_too(bench):
    # moto's pattern takes "bucket.s3.amazonaws.com" for the region "s3".
    assert s3(bench, "PUT", "https://plain.s3.amazonaws.com/").status == 200
    configuration = (
        b'<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
    )
    made = s3(bench, "PUT", "https://there.s3.amazonaws.com/", configuration, region="eu-west-1")
    assert made.status == 200, made.body
    buckets = bench.world.backend("s3", ACCOUNT, REGION).buckets
    assert {name: bucket.region_name for name, bucket in buckets.items()} == {
        "plain": "us-east-1",
        "there": "eu-west-1",
    }


@pytest.mark.parametrize(
    "base", ["https://notes.s3.us-east-1.amazonaws.com", "https://s3.amazonaws.com/notes"]
)
def test_both_addressings_of_s3(bench, base):
    s3(bench, "PUT", f"{base}/")
    s3(bench, "PUT", f"{base}/a%20b/%C3%BC", b"\x00\xff binary")
    assert s3(bench, "GET", f"{base}/a%20b/%C3%BC").body == b"\x00\xff binary"
    listing = s3(bench, "GET", f"{base}/?list-type=2&prefix=a%20b")
    assert "<Key>a b/ü</Key>".encode() in listing.body


def test_a_host_that_is_not_awss_is_the_services_endpoint(bench):
    local = "http://127.0.0.1:4566"
    assert s3(bench, "PUT", f"{local}/notes", headers={"Host": "127.0.0.1:4566"}).status == 200
    assert s3(bench, "PUT", f"{local}/notes/k", b"v").status == 200
    assert s3(bench, "GET", f"{local}/notes/k").body == b"v"
    answer = query(bench, "sqs", "CreateQueue", "2012-11-05", QueueName="q", url=f"{local}/")
    assert b"https://sqs.us-east-1.amazonaws.com/123456789012/q" in answer.body
    assert query(bench, "iam", "ListUsers", "2010-05-08", url=f"{local}/").status == 200


def test_without_a_key_s3_answers_a_stranger(bench):
    s3(bench, "PUT", "https://notes.s3.amazonaws.com/")
    s3(bench, "PUT", "https://notes.s3.amazonaws.com/k", b"v")
    unsigned = bench.world.respond(
        "GET",
        "https://notes.s3.amazonaws.com/k",
        {},
        b"",
        account=ACCOUNT,
        region=REGION,
        service="s3",
    )
    assert unsigned.status == 403


def test_answers_are_bytes_and_text_headers(bench):
    answer = s3(bench, "PUT", "https://notes.s3.amazonaws.com/")
    head = s3(bench, "HEAD", "https://notes.s3.amazonaws.com/")
    for one in (answer, head):
        assert type(one.body) is bytes
        assert all(type(k) is str and type(v) is str for k, v in one.headers.items())
    assert head.header("X-AMZ-Bucket-Region") == "us-east-1"
    assert head.header("none", "-") == "-"
    assert query(bench, "sts", "GetCallerIdentity", "2011-06-15").header("date").startswith("Mon, ")


def test_aws_errors_come_back_as_such(bench):
    answer = query(bench, "ec2", "StopInstances", "2016-11-15", **{"InstanceId.1": "i-1"})
    assert answer.status == 400 and b"InvalidInstanceID" in answer.body
    assert answer.problem is None and not bench.world.failures
    assert b"NoSuchBucket" in s3(bench, "GET", "https://none-1.s3.amazonaws.com/").body


@pytest.mark.parametrize(
    ("service", "action", "method", "mark"),
    [
        ("sqs", "ListQueues", "list_queues", b'"message":'),
        ("sns", "ListTopics", "list_topics", b"<ErrorResponse>"),
        ("ec2", "DescribeVpcs", "describe_vpcs", b"<Response><Errors>"),
    ],
)
def test_an_exception_inside_moto_is_a_500_that_says_whose_it_is(
    bench, monkeypatch, caplog, service, action, method, mark
):
    backend = type(bench.world.backend(service, ACCOUNT, REGION))
    monkeypatch.setattr(backend, method, lambda *a, **k: 1 / 0)
    with caplog.at_level(logging.WARNING, "labkit.backing"):
        answer = query(bench, service, action, "2016-11-15")
    assert answer.status == 500
    assert b"InternalFailure" in answer.body and b"labkit's backing (moto) broke" in answer.body
    assert mark in answer.body
    (failure,) = bench.world.failures
    assert isinstance(answer.problem, ZeroDivisionError) and failure.problem is answer.problem
    assert failure.problem.__traceback__ is not None
    assert (failure.service, failure.at_us) == (service, bench.clock.now_us)
    assert "ZeroDivisionError" in caplog.text


def test_a_broken_s3_answers_in_s3s_own_form(bench, monkeypatch):
    backend = type(bench.world.backend("s3", ACCOUNT, REGION))
    monkeypatch.setattr(backend, "list_buckets", lambda *a, **k: {}["gone & <lost>"])
    answer = s3(bench, "GET", "https://s3.amazonaws.com/")
    assert answer.status == 500 and answer.body.count(b"<Error>") == 1
    assert b"gone &amp; &lt;lost&gt;" in answer.body


def test_what_moto_does_not_have_is_a_501(bench):
    answer = query(bench, "ec2", "CreateVerifiedAccessGroup", "2016-11-15")
    assert answer.status == 501 and b"NotImplemented" in answer.body
    assert isinstance(answer.problem, NotImplementedError)


def test_botocore_reads_these_errors(bench, monkeypatch):
    from botocore.exceptions import ClientError

    for service, method in (("sqs", "list_queues"), ("sns", "list_topics"), ("s3", "list_buckets")):
        backend = type(bench.world.backend(service, ACCOUNT, REGION))
        monkeypatch.setattr(backend, method, lambda *a, **k: 1 / 0)
        with pytest.raises(ClientError, match=r"InternalFailure.*labkit's backing"):
            getattr(bench.client(service), method)()
