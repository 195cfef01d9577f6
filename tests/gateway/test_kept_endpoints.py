"""Endpoints are worked out once for each operation, but not where parameters decide."""

import pytest

from labkit.gateway.endpoints import KeptEndpoints


class Resolver:
    def __init__(self):
        self.asked = []

    def construct_endpoint(self, operation_model, call_args, request_context):
        self.asked.append((operation_model.name, dict(call_args)))
        return len(self.asked)


@pytest.fixture
def model(lab):
    def find(service, operation):
        return lab.client(service)._service_model.operation_model(operation)

    return find


@pytest.mark.parametrize(
    ("service", "operation", "calls", "asked"),
    [
        ("logs", "PutLogEvents", [{"a": 1}, {"a": 2}], 1),
        ("events", "PutEvents", [{}, {"EndpointId": "x"}, {"EndpointId": "y"}, {}], 3),
        ("s3", "GetObject", [{"Bucket": "a"}, {"Bucket": "b"}], 2),
        ("s3", "ListBuckets", [{}, {}], 2),
        ("sqs", "SendMessage", [{"QueueUrl": "u"}, {"QueueUrl": "v"}], 1),
    ],
)
def test_how_often_the_rules_are_asked(model, service, operation, calls, asked):
    resolver = Resolver()
    kept = KeptEndpoints(resolver, lambda: True)
    for args in calls:
        kept.construct_endpoint(
            operation_model=model(service, operation), call_args=args, request_context={}
        )
    assert len(resolver.asked) == asked


def test_a_call_that_leaves_the_kernel_is_always_asked_for(model):
    resolver = Resolver()
    kept = KeptEndpoints(resolver, lambda: False)
    for _ in range(2):
        kept.construct_endpoint(
            operation_model=model("logs", "PutLogEvents"), call_args={}, request_context={}
        )
    assert len(resolver.asked) == 2
    assert kept.asked is resolver.asked


def test_tables_of_dynamodb_and_buckets_are_still_found(lab):
    """Services whose endpoints depend on parameters or on the account."""
    s3, tables = lab.client("s3"), lab.client("dynamodb")
    for name in ("one", "two"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="k", Body=name.encode())
    assert [s3.get_object(Bucket=n, Key="k")["Body"].read() for n in ("one", "two")] == [
        b"one",
        b"two",
    ]
    for name in ("t", "u"):
        tables.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        )  # fmt: skip
    assert tables.list_tables()["TableNames"] == ["t", "u"]
