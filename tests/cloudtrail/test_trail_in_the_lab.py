"""Event history through boto3: what the learner sees."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def cloudtrail(lab):
    return lab.client("cloudtrail")


def found(cloudtrail, key, value):
    answer = cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}]
    )
    return answer["Events"]


def test_who_stopped_the_machine(lab, ec2, machine, cloudtrail):
    lab.advance(minutes=5)
    ec2.stop_instances(InstanceIds=[machine])
    stopped, started = found(cloudtrail, "ResourceName", machine)
    assert (stopped["EventName"], started["EventName"]) == ("StopInstances", "RunInstances")
    assert stopped["Username"] == "learner"
    assert stopped["EventTime"] - started["EventTime"] == timedelta(minutes=5)
    record = json.loads(stopped["CloudTrailEvent"])
    state = record["responseElements"]["instancesSet"]["items"][0]
    assert state["instanceId"] == machine
    assert state["currentState"] == {"code": 64, "name": "stopping"}


def test_a_look_up_is_on_the_record_itself(cloudtrail):
    assert cloudtrail.lookup_events()["Events"] == []
    (event,) = cloudtrail.lookup_events()["Events"]
    assert (event["EventName"], event["ReadOnly"]) == ("LookupEvents", "true")


def test_a_failed_call_is_there_with_the_code_of_the_record(ec2, cloudtrail):
    with pytest.raises(ClientError) as caught:
        ec2.stop_instances(InstanceIds=["i-00000000000000000"])
    code = caught.value.response["Error"]["Code"]
    (event,) = found(cloudtrail, "EventName", "StopInstances")
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == f"Client.{code}"


def test_iam_from_anywhere_is_in_us_east_1(lab, cloudtrail):
    lab.client("iam", region_name="eu-west-1").create_user(UserName="eve")
    assert len(found(cloudtrail, "ResourceName", "eve")) == 1
    assert lab.client("cloudtrail", region_name="eu-west-1").lookup_events()["Events"] == []


def test_reading_an_object_leaves_no_trace_in_event_history(lab, cloudtrail):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="teapot")
    s3.put_object(Bucket="teapot", Key="a", Body=b"x")
    s3.get_object(Bucket="teapot", Key="a")
    names = [event["EventName"] for event in cloudtrail.lookup_events()["Events"]]
    assert names == ["CreateBucket"]


def test_boto3s_paginator_leafs_through_it(lab, cloudtrail):
    sns = lab.client("sns")
    for i in range(7):
        sns.create_topic(Name=f"t{i}")
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}],
        PaginationConfig={"PageSize": 3},
    )
    sizes = [len(page["Events"]) for page in pages]
    assert sizes == [3, 3, 1]


def test_two_attributes_at_once(cloudtrail):
    attributes = [
        {"AttributeKey": "EventName", "AttributeValue": "RunInstances"},
        {"AttributeKey": "Username", "AttributeValue": "root"},
    ]
    with pytest.raises(cloudtrail.exceptions.InvalidLookupAttributesException):
        cloudtrail.lookup_events(LookupAttributes=attributes)


def test_after_ninety_days_it_is_gone(lab, cloudtrail):
    lab.client("sns").create_topic(Name="t")
    lab.advance(days=88)
    assert len(found(cloudtrail, "EventName", "CreateTopic")) == 1
    lab.advance(days=3)
    assert found(cloudtrail, "EventName", "CreateTopic") == []


def test_a_trail_wants_a_bucket(cloudtrail):
    with pytest.raises(ClientError, match="S3BucketDoesNotExistException"):
        cloudtrail.create_trail(Name="teapot", S3BucketName="teapot-logs")
