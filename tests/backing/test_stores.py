"""DynamoDB, Secrets Manager and parameters, as lessons use them."""

import datetime
import json

import pytest
from botocore.exceptions import ClientError

NINE = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture()
def table(lab):
    client = lab.client("dynamodb")
    client.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return client


def test_items(lab, table):
    table.put_item(TableName="orders", Item={"id": {"S": "1"}, "n": {"N": "3"}})
    got = table.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"]
    assert got == {"id": {"S": "1"}, "n": {"N": "3"}}
    told = table.describe_table(TableName="orders")["Table"]
    assert told["CreationDateTime"].replace(microsecond=0) == NINE
    assert told["TableStatus"] == "ACTIVE"
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.put_item(
            TableName="orders",
            Item={"id": {"S": "1"}},
            ConditionExpression="attribute_not_exists(id)",
        )
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        table.get_item(TableName="none", Key={"id": {"S": "1"}})


def test_a_stream_tells_what_changed(lab, table):
    table.put_item(TableName="orders", Item={"id": {"S": "1"}, "n": {"N": "3"}})
    lab.advance(minutes=1)
    table.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    arn = table.describe_table(TableName="orders")["Table"]["LatestStreamArn"]
    streams = lab.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    assert [one["eventName"] for one in records] == ["INSERT", "REMOVE"]
    moments = [one["dynamodb"]["ApproximateCreationDateTime"] for one in records]
    first, second = [moment.replace(microsecond=0) for moment in moments]
    assert second - first == datetime.timedelta(minutes=1)


def test_who_may_read_a_table(lab, table):
    read = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem"],
                "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            }
        ],
    }
    theirs = lab.user("anna", read).client("dynamodb")
    theirs.get_item(TableName="orders", Key={"id": {"S": "1"}})
    theirs.batch_get_item(RequestItems={"orders": {"Keys": [{"id": {"S": "1"}}]}})
    with pytest.raises(ClientError, match="not authorized to perform: dynamodb:PutItem"):
        theirs.put_item(TableName="orders", Item={"id": {"S": "1"}})
    with pytest.raises(ClientError, match="table/bills"):
        theirs.batch_get_item(RequestItems={"bills": {"Keys": [{"id": {"S": "1"}}]}})


def test_items_are_data_events_and_tables_are_management(lab, table):
    table.put_item(TableName="orders", Item={"id": {"S": "1"}})
    lab.advance(minutes=20)
    events = lab.client("cloudtrail").lookup_events()["Events"]
    names = [one["EventName"] for one in events]
    assert "CreateTable" in names and "PutItem" not in names


def test_secrets_have_the_labs_dates_and_ids(lab):
    secrets = lab.client("secretsmanager")
    made = secrets.create_secret(Name="db", SecretString="one")
    lab.advance(hours=1)
    second = secrets.put_secret_value(SecretId="db", SecretString="two")
    got = secrets.get_secret_value(SecretId="db")
    assert got["SecretString"] == "two" and got["VersionId"] == second["VersionId"]
    assert got["CreatedDate"].replace(microsecond=0) == NINE + datetime.timedelta(hours=1)
    old = secrets.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
    assert old["VersionId"] == made["VersionId"]


def test_the_policy_of_a_secret(lab):
    secrets = lab.client("secretsmanager")
    arn = secrets.create_secret(Name="db", SecretString="one")["ARN"]
    theirs = lab.user("anna").client("secretsmanager")
    with pytest.raises(ClientError, match="AccessDenied"):
        theirs.get_secret_value(SecretId=arn)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:user/anna"},
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            }
        ],
    }
    secrets.put_resource_policy(SecretId="db", ResourcePolicy=json.dumps(policy))
    assert theirs.get_secret_value(SecretId=arn)["SecretString"] == "one"


def test_parameters_keep_their_history(lab):
    ssm = lab.client("ssm")
    ssm.put_parameter(Name="/shop/limit", Value="1", Type="String")
    lab.advance(days=1)
    ssm.put_parameter(Name="/shop/limit", Value="2", Type="String", Overwrite=True)
    got = ssm.get_parameter(Name="/shop/limit")["Parameter"]
    assert (got["Value"], got["Version"]) == ("2", 2)
    assert got["LastModifiedDate"].date() == datetime.date(2026, 1, 6)
    history = ssm.get_parameter_history(Name="/shop/limit")["Parameters"]
    assert [one["Value"] for one in history] == ["1", "2"]


def test_who_may_read_a_parameter(lab):
    ssm = lab.client("ssm")
    for name in ("/shop/limit", "/bank/limit"):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    read = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "ssm:GetParameter*",
                "Resource": "arn:aws:ssm:us-east-1:123456789012:parameter/shop/*",
            }
        ],
    }
    theirs = lab.user("anna", read).client("ssm")
    assert theirs.get_parameter(Name="/shop/limit")["Parameter"]["Value"] == "1"
    with pytest.raises(ClientError, match="parameter/bank/limit"):
        theirs.get_parameter(Name="/bank/limit")
