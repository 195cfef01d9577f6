"""What the shop relies on: an incident that begins and ends with calls that change the account."""

import json
from datetime import timedelta

import pytest

from labkit.core.errors import LabError
from labkit.lab import Lab


@pytest.fixture
def lab():
    with Lab(active=False) as world:
        world.client("dynamodb").create_table(
            TableName="products", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 200, "WriteCapacityUnits": 20},
        )  # fmt: skip
        world.shop.open()
        world.user("tomas", "AdministratorAccess")
        yield world


def units(many):
    return {"ProvisionedThroughput": {"ReadCapacityUnits": many, "WriteCapacityUnits": 20}}


def errors(lab, start):
    """Errors of the catalogue, minute by minute: True where they are an outage."""
    told = lab.client("cloudwatch").get_metric_statistics(
        Namespace="Shop", MetricName="Errors", Statistics=["Sum"], Period=60,
        Dimensions=[{"Name": "service", "Value": "catalogue"}], StartTime=start, EndTime=lab.now,
    )["Datapoints"]  # fmt: skip
    return [one["Sum"] > 100 for one in sorted(told, key=lambda one: one["Timestamp"])]


def test_the_minute_of_the_change_is_bad_and_that_of_the_mending_good(lab):
    lab.shop.relies_on(
        "catalogue", "dynamodb:table/products", "throttled_table", 35, least=200)  # fmt: skip
    start = lab.now.replace(second=0, microsecond=0)
    lab.people.deed("tomas", "dynamodb", "UpdateTable", at=start + timedelta(minutes=5),
                    TableName="products", **units(50))  # fmt: skip
    lab.advance(minutes=10)
    lab.client("dynamodb").update_table(TableName="products", **units(300))
    lab.advance(minutes=5)
    assert errors(lab, start) == [False] * 5 + [True] * 5 + [False] * 5
    assert [one.kind for one in lab.parts.shop.incidents] == ["throttled_table"]
    replayed = lab.replay()
    assert replayed.parts.shop.incidents == lab.parts.shop.incidents
    assert not replayed.errors
    replayed.close()


def test_on_demand_is_enough_and_no_table_is_nothing(lab):
    ask = lab.world.ports.setting
    assert ask(lab.account, lab.region, "dynamodb:table/products") == 200
    assert ask(lab.account, lab.region, "dynamodb:table/carts") == 0
    lab.client("dynamodb").update_table(TableName="products", BillingMode="PAY_PER_REQUEST")
    assert ask(lab.account, lab.region, "dynamodb:table/products") == float("inf")


def test_a_parameter_and_a_security_group(lab):
    ssm, ec2 = lab.client("ssm"), lab.client("ec2")
    ssm.put_parameter(Name="/shop/cart/currencies", Value="eur,usd", Type="String")
    group = ec2.create_security_group(GroupName="db", Description="the database")["GroupId"]
    let = {"GroupId": group, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
         "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]}  # fmt: skip
    ec2.authorize_security_group_ingress(**let)
    lab.shop.relies_on("cart", "ssm:parameter/shop/cart/currencies", "bad_deploy", 30, holds="eur")
    lab.shop.relies_on(
        "checkout", f"ec2:security-group/{group}", "timeouts", 60, holds="tcp/5432")  # fmt: skip
    assert lab.parts.shop.incidents == ()
    ssm.put_parameter(Name="/shop/cart/currencies", Value="usd", Type="String", Overwrite=True)
    ec2.revoke_security_group_ingress(**let)
    assert [(one.kind, one.end) for one in lab.parts.shop.incidents] == [
        ("bad_deploy", None), ("timeouts", None)]  # fmt: skip
    ec2.authorize_security_group_ingress(**let)
    ssm.put_parameter(Name="/shop/cart/currencies", Value="eur", Type="String", Overwrite=True)
    assert all(one.end for one in lab.parts.shop.incidents)


def test_what_cannot_be_relied_on(lab):
    with pytest.raises(LabError, match="a setting is written"):
        lab.shop.relies_on("cart", "s3:bucket/teas", "failing", 10)
    with pytest.raises(LabError, match="can't befall the shop"):
        lab.shop.relies_on("front", "dynamodb:table/products", "slow_table", 10)


def records(lab, name):
    found = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )["Events"]
    return found


def test_a_deed_of_who_may_not_is_a_record_and_no_more(lab):
    lab.people.deed("jonas", "dynamodb", "DeleteTable", TableName="products")
    lab.advance(minutes=1)
    assert lab.client("dynamodb").list_tables()["TableNames"] == ["products"]
    assert '"errorCode":"AccessDenied"' in records(lab, "DeleteTable")[0]["CloudTrailEvent"]


def test_a_session_of_a_role_begins_with_a_call_of_its_own(lab):
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{lab.account}:root"},
            },
        }
    )
    iam = lab.client("iam")
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(
        RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")  # fmt: skip
    lab.people.deed("deploy/tomas", "dynamodb", "UpdateTable", TableName="products", **units(50))
    lab.advance(minutes=1)
    told = records(lab, "UpdateTable")[0]["CloudTrailEvent"]
    assert "assumed-role/deploy/tomas" in told and "198.51.100.7" in told
    assert [one["Username"] for one in records(lab, "AssumeRole")] == ["tomas"]


def test_deeds_that_cannot_be(lab):
    with pytest.raises(LabError, match="lies behind"):
        lab.people.deed("tomas", "dynamodb", "UpdateTable", at=lab.now - timedelta(minutes=1))
    with pytest.raises(LabError, match="no operation"):
        lab.people.deed("tomas", "dynamodb", "update_table")
