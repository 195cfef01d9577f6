"""From botocore's prepared request to a parsed answer, as the gateway's dispatch asks for it."""

import io

import pytest
from backing_bench import ACCOUNT, REGION
from botocore.awsrequest import prepare_request_dict
from botocore.serialize import create_serializer
from botocore.session import Session

from labkit.backing.wire import SERVICES, Backing
from labkit.core.call import Call, Principal
from labkit.core.errors import AwsError
from labkit.core.ids import Ids
from labkit.services import BACKED

LEARNER = Principal(
    "IAMUser",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:user/learner",
    "AIDALEARNER",
    "AKIALABKITTESTSKEY12",
    "learner",
)
MODELS = {}


@pytest.fixture()
def backing(bench):
    return Backing(bench.world)


@pytest.fixture()
def call(bench, backing):
    def do(service, operation, **params):
        model = MODELS.setdefault(service, Session().get_service_model(service))
        operation_model = model.operation_model(operation)
        protocol = model.resolved_protocol
        request = create_serializer(protocol).serialize_to_request(params, operation_model)
        host = f"https://{service}.{REGION}.amazonaws.com"
        prepare_request_dict(request, host, {"client_config": None})
        one = Call(
            service,
            operation,
            ACCOUNT,
            REGION,
            bench.clock.now_us,
            LEARNER,
            "the-request-id",
            "203.0.113.10",
            "test",
            (),
            None,
            bench.facts,
            None,
            Ids(0),
            {},
        )
        return backing.answer(request, operation_model, params, one)

    return do


def test_all_protocols_come_through(call):
    status, made = call("sqs", "CreateQueue", QueueName="q")  # json
    assert status == 200 and made["QueueUrl"].endswith("/q")
    _, made = call("sns", "CreateTopic", Name="t")  # query
    assert made["TopicArn"].endswith(":t")
    _, made = call("ec2", "DescribeVpcs")  # ec2
    assert made["Vpcs"][0]["IsDefault"]
    status, made = call("s3", "CreateBucket", Bucket="notes-1")  # rest-xml
    assert status == 200


def test_the_request_id_is_the_dispatchs(call):
    for service, operation in (
        ("ec2", "DescribeVpcs"),
        ("sns", "ListTopics"),
        ("sqs", "ListQueues"),
    ):
        _, answer = call(service, operation)
        metadata = answer["ResponseMetadata"]
        assert metadata["RequestId"] == "the-request-id"
        assert metadata["HTTPHeaders"]["x-amzn-requestid"] == "the-request-id"
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (200, 0)


def test_errors_are_parsed(call):
    status, answer = call("sns", "GetTopicAttributes", TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:x")
    assert (status, answer["Error"]["Code"]) == (404, "NotFound")
    status, answer = call("ec2", "CreateVerifiedAccessGroup", VerifiedAccessInstanceId="x")
    assert (status, answer["Error"]["Code"]) == (501, "NotImplemented")


def test_bodies_of_every_kind(call):
    call("s3", "CreateBucket", Bucket="notes-1")
    stream = io.BytesIO(b"skipped read")
    stream.seek(8)
    for body, expected in ((b"bytes", b"bytes"), (stream, b"read"), (bytearray(b"x"), b"x")):
        call("s3", "PutObject", Bucket="notes-1", Key="k", Body=body)
        _, got = call("s3", "GetObject", Bucket="notes-1", Key="k")
        assert got["Body"].read() == expected and got["ContentLength"] == len(expected)
    assert stream.tell() == 8
    call("sns", "CreateTopic", Name="t", Tags=[{"Key": "ü", "Value": "a&b=c"}])
    _, told = call("sns", "ListTagsForResource", ResourceArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:t")
    assert told["Tags"] == [{"Key": "ü", "Value": "a&b=c"}]


def test_the_location_of_a_bucket(call):
    call("s3", "CreateBucket", Bucket="notes-1")
    assert call("s3", "GetBucketLocation", Bucket="notes-1")[1]["LocationConstraint"] is None


def test_who_calls_is_known_by_the_call(call):
    _, answer = call("sts", "GetCallerIdentity")
    assert answer["Arn"] == LEARNER.arn and answer["UserId"] == "AIDALEARNER"
    assert answer["Account"] == ACCOUNT


def test_a_user_without_a_name_is_the_caller(call):
    user = call("iam", "GetUser")[1]["User"]
    assert (user["UserName"], user["Arn"], user["UserId"]) == (
        "learner",
        LEARNER.arn,
        "AIDALEARNER",
    )
    assert user["CreateDate"].isoformat() == "2026-01-05T09:00:00+00:00"
    status, answer = call("iam", "GetUser", UserName="nobody")
    assert (status, answer["Error"]["Code"]) == (404, "NoSuchEntity")


def test_only_a_role_that_is_there_can_be_assumed(call):
    role = f"arn:aws:iam::{ACCOUNT}:role/audit"
    with pytest.raises(AwsError) as caught:
        call("sts", "AssumeRole", RoleArn=role, RoleSessionName="me")
    assert (caught.value.code, caught.value.status) == ("AccessDenied", 403)
    assert caught.value.message == (
        f"User: {LEARNER.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    )
    call("iam", "CreateRole", RoleName="audit", AssumeRolePolicyDocument='{"Statement": []}')
    status, answer = call("sts", "AssumeRole", RoleArn=role, RoleSessionName="me")
    assert status == 200 and answer["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_a_key_is_taken_when_moto_is_needed(bench, backing, call):
    seeded = []
    real = bench.world.reseed
    bench.world.reseed = lambda key: (seeded.append(key), real(key))
    backing.begin("a")
    backing.begin("b")
    assert seeded == []
    call("sqs", "ListQueues")
    call("sqs", "ListQueues")
    assert seeded == ["b"]
    assert backing.serves("ec2") and not backing.serves("quantum")
    assert {"ec2", "s3", "sns", "sqs", "sts", "iam"} <= SERVICES
    assert SERVICES == BACKED
