"""LookupEvents (aws-semantics 7.2, 7.8; botocore cloudtrail 2013-11-01)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st
from trailkit import ACCOUNT, CI, MARY, REGION, ROOT, RULES, START_US, Trail

from labkit.cloudtrail.engine.lookup import KEYS
from labkit.core.clock import DAY, MILLISECOND, MINUTE, SECOND, to_datetime
from labkit.core.errors import AwsError


def instances(*names):
    return {"InstanceIds": list(names)}


@pytest.fixture
def trail():
    return Trail()


@pytest.fixture
def friday(trail):
    """A few calls of a Friday, by four callers."""
    trail.ids = {
        "run": trail.hear(
            "ec2", "RunInstances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1},
            {"Instances": [{"InstanceId": "i-1", "SubnetId": "subnet-1", "VpcId": "vpc-1"}]},
        ),
        "list": trail.hear("s3", "ListBuckets"),
        "stop": trail.hear("ec2", "StopInstances", instances("i-1"), {}, who=CI),
        "denied": trail.hear(
            "ec2", "DeleteSubnet", {"SubnetId": "subnet-1"}, who=CI,
            error="UnauthorizedOperation", message="no",
        ),
        "gone": trail.hear("ec2", "DeleteSubnet", {"SubnetId": "subnet-1"}, {}, who=ROOT),
        "user": trail.hear(
            "iam", "CreateAccessKey", {"UserName": "eve"},
            {"AccessKey": {"UserName": "eve", "AccessKeyId": "AKIAEVE"}},
        ),
        "queue": trail.hear(
            "sqs", "CreateQueue", {"QueueName": "q"}, {"QueueUrl": "https://sqs/q"}, who=RULES
        ),
    }  # fmt: skip
    return trail


def refused(trail, **parameters):
    with pytest.raises(AwsError) as caught:
        trail.lookup(**parameters)
    assert caught.value.status == 400
    return caught.value.code


def attribute(key, value):
    return {"AttributeKey": key, "AttributeValue": value}


# -- what comes back
def test_an_event_as_the_model_has_it(friday):
    (event,) = friday.lookup("EventId", friday.ids["stop"])["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert event == {
        "EventId": friday.ids["stop"],
        "EventName": "StopInstances",
        "ReadOnly": "false",
        "AccessKeyId": CI.access_key_id,
        "EventTime": datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC),
        "EventSource": "ec2.amazonaws.com",
        "Username": "chiara-ci",
        "Resources": [{"ResourceType": "AWS::EC2::Instance", "ResourceName": "i-1"}],
        "CloudTrailEvent": event["CloudTrailEvent"],
    }
    assert record["eventID"] == event["EventId"]
    assert record["eventTime"] == "2026-01-05T09:00:00Z"


def test_the_members_are_those_of_the_model_and_strings_where_it_says_so(friday):
    shape = get_session().get_service_model("cloudtrail").operation_model("LookupEvents")
    members = shape.output_shape.members["Events"].member.members
    for event in friday.lookup()["Events"]:
        assert set(event) <= set(members)
        for name, value in event.items():
            kind = members[name].type_name
            assert isinstance(value, {"string": str, "timestamp": datetime, "list": list}[kind])


def test_newest_first(friday):
    assert friday.names() == [
        "CreateQueue", "CreateAccessKey", "DeleteSubnet", "DeleteSubnet", "StopInstances",
        "ListBuckets", "RunInstances",
    ]  # fmt: skip


def test_a_service_has_neither_a_key_nor_a_user(friday):
    (event,) = friday.lookup("EventName", "CreateQueue")["Events"]
    assert "AccessKeyId" not in event and "Username" not in event


def test_an_event_without_resources_has_an_empty_list(friday):
    (event,) = friday.lookup("EventName", "ListBuckets")["Events"]
    assert event["Resources"] == []
    assert event["ReadOnly"] == "true"


def test_nothing_happened(trail):
    assert trail.lookup() == {"Events": []}


def test_looking_does_not_change_what_is_looked_at(friday):
    first = friday.lookup()
    for event in first["Events"]:
        event["Resources"].append("scribbled")
        event.clear()
    again = friday.lookup()["Events"]
    assert all(event["EventId"] for event in again)
    assert "scribbled" not in str(again)


# -- attributes
@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("EventName", "DeleteSubnet", ["DeleteSubnet", "DeleteSubnet"]),
        ("EventName", "deletesubnet", []),
        ("EventSource", "iam.amazonaws.com", ["CreateAccessKey"]),
        ("EventSource", "monitoring.amazonaws.com", []),
        ("ReadOnly", "true", ["ListBuckets"]),
        ("ReadOnly", "false", ["CreateQueue", "CreateAccessKey", "DeleteSubnet", "DeleteSubnet",
                               "StopInstances", "RunInstances"]),
        ("Username", "root", ["DeleteSubnet"]),
        ("Username", "chiara-ci", ["DeleteSubnet", "StopInstances"]),
        ("Username", "Mary", ["CreateAccessKey", "ListBuckets", "RunInstances"]),
        ("Username", "deploy", []),
        ("AccessKeyId", CI.access_key_id, ["DeleteSubnet", "StopInstances"]),
        ("ResourceType", "AWS::EC2::Instance", ["StopInstances", "RunInstances"]),
        ("ResourceType", "AWS::EC2::Subnet", ["DeleteSubnet", "DeleteSubnet", "RunInstances"]),
        ("ResourceType", "AWS::IAM::User", ["CreateAccessKey"]),
        ("ResourceName", "i-1", ["StopInstances", "RunInstances"]),
        ("ResourceName", "subnet-1", ["DeleteSubnet", "DeleteSubnet", "RunInstances"]),
        ("ResourceName", "eve", ["CreateAccessKey"]),
        ("ResourceName", "AKIAEVE", ["CreateAccessKey"]),
        ("ResourceName", "https://sqs/q", ["CreateQueue"]),
        ("ResourceName", "i-", []),
        ("EventId", "no-such-id", []),
        ("EventId", "00000000-0000-4000-a000-000000000000", []),
    ],
)  # fmt: skip
def test_each_attribute(friday, key, value, names):
    assert friday.names(key, value) == names


def test_the_eight_keys_are_those_of_the_model():
    shape = get_session().get_service_model("cloudtrail").shape_for("LookupAttributeKey")
    assert sorted(KEYS) == sorted(shape.enum)


def test_a_renamed_operation_is_looked_up_by_its_event_name(trail):
    trail.hear("lambda", "CreateFunction", {"FunctionName": "f"}, {})
    assert trail.names("EventName", "CreateFunction20150331") == ["CreateFunction20150331"]
    assert trail.names("EventName", "CreateFunction") == []


def test_a_resource_name_with_quotes_and_umlauts_is_found(trail):
    name = 'hot "Küche" \\ 1'
    trail.hear("cloudwatch", "PutMetricAlarm", {"AlarmName": name}, {})
    trail.hear("cloudwatch", "PutMetricAlarm", {"AlarmName": "other"}, {})
    assert len(trail.names("ResourceName", name)) == 1


def test_tags_name_resources_of_any_kind(trail):
    trail.hear("ec2", "CreateTags", {"Resources": ["i-1", "vol-2", "odd-3"], "Tags": []}, {})
    (event,) = trail.lookup("ResourceType", "AWS::EC2::Volume")["Events"]
    assert event["Resources"] == [
        {"ResourceType": "AWS::EC2::Instance", "ResourceName": "i-1"},
        {"ResourceType": "AWS::EC2::Volume", "ResourceName": "vol-2"},
    ]


@pytest.mark.parametrize(
    ("service", "operation", "request_", "response", "resources"),
    [
        ("s3", "PutBucketPolicy", {"Bucket": "teapot", "Policy": "{}"}, {},
         [("AWS::S3::Bucket", "teapot")]),
        ("sns", "CreateTopic", {"Name": "t"}, {"TopicArn": "arn:t"},
         [("AWS::SNS::Topic", "arn:t")]),
        ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "arn:p"}, {},
         [("AWS::IAM::Policy", "arn:p"), ("AWS::IAM::Role", "r")]),
        ("iam", "AddUserToGroup", {"GroupName": "g", "UserName": "u"}, {},
         [("AWS::IAM::Group", "g"), ("AWS::IAM::User", "u")]),
        ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a", "b", "a"]}, {},
         [("AWS::CloudWatch::Alarm", "a"), ("AWS::CloudWatch::Alarm", "b")]),
        ("dynamodb", "DeleteTable", {"TableName": "Music"}, {},
         [("AWS::DynamoDB::Table", "Music")]),
        ("ec2", "RunInstances", {"ImageId": "ami-1", "KeyName": "k"},
         {"Instances": [{"InstanceId": "i-1", "VpcId": "vpc-1", "SecurityGroups": [
             {"GroupId": "sg-1"}]}, {"InstanceId": "i-2", "VpcId": "vpc-1"}]},
         [("AWS::EC2::Instance", "i-1"), ("AWS::EC2::Instance", "i-2"), ("AWS::EC2::Ami", "ami-1"),
          ("AWS::EC2::VPC", "vpc-1"), ("AWS::EC2::SecurityGroup", "sg-1"),
          ("AWS::EC2::KeyPair", "k")]),
        ("iam", "ListUsers", {}, None, []),
    ],
)  # fmt: skip
def test_resources(trail, service, operation, request_, response, resources):
    trail.hear(service, operation, request_, response)
    (event,) = trail.lookup()["Events"]
    found = [(r["ResourceType"], r["ResourceName"]) for r in event["Resources"]]
    assert found == resources


# -- time
def test_both_ends_are_included_and_event_times_are_whole_seconds(trail):
    for second in range(5):
        trail.hear("iam", "ListUsers", at_us=START_US + second * SECOND + 250 * MILLISECOND)
    at = [to_datetime(START_US + second * SECOND) for second in range(5)]
    found = trail.lookup(StartTime=at[1], EndTime=at[3])["Events"]
    assert [event["EventTime"] for event in found] == [at[3], at[2], at[1]]
    assert len(trail.lookup(StartTime=at[2], EndTime=at[2])["Events"]) == 1
    assert len(trail.lookup(StartTime=at[2])["Events"]) == 3
    assert len(trail.lookup(EndTime=at[2])["Events"]) == 3
    half = timedelta(milliseconds=500)
    assert len(trail.lookup(StartTime=at[2] + half)["Events"]) == 3


def test_ninety_days(trail):
    trail.hear("ec2", "DeleteSubnet", {"SubnetId": "subnet-1"}, {})
    trail.wait(88 * 86_400)
    assert trail.names() == ["DeleteSubnet"]
    trail.wait(3 * 86_400)
    assert trail.names() == []
    old = to_datetime(START_US - DAY)
    assert trail.names(StartTime=old) == []  # asking for more than there is is no error


def test_the_last_instant_of_ninety_days(trail):
    trail.hear("iam", "ListUsers", at_us=START_US)
    trail.world.clock.now_us = START_US + 90 * DAY
    assert len(trail.names()) == 1
    trail.world.clock.now_us += 1
    assert trail.names() == []


def test_a_range_in_the_future_is_empty(trail):
    trail.hear("iam", "ListUsers")
    later = to_datetime(START_US + DAY)
    assert trail.lookup(StartTime=later, EndTime=later) == {"Events": []}


def test_delivery_can_be_made_to_take_its_time(trail):
    trail.service.delivery_delay_us = 5 * MINUTE
    trail.hear("iam", "ListUsers")
    assert trail.names() == []
    trail.wait(299)
    assert trail.names() == []
    trail.wait(1)
    assert trail.names() == ["ListUsers"]


# -- errors
@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        ("InvalidLookupAttributesException",
         {"LookupAttributes": [attribute("EventName", "a"), attribute("Username", "b")]}),
        ("InvalidLookupAttributesException", {"LookupAttributes": [attribute("eventName", "a")]}),
        ("InvalidLookupAttributesException", {"LookupAttributes": [attribute("Region", "a")]}),
        ("InvalidLookupAttributesException", {"LookupAttributes": [attribute("EventName", "")]}),
        ("InvalidLookupAttributesException", {"LookupAttributes": [{"AttributeKey": "EventName"}]}),
        ("InvalidLookupAttributesException",
         {"LookupAttributes": [attribute("EventName", "x" * 2001)]}),
        ("InvalidLookupAttributesException",
         {"LookupAttributes": [attribute("Username", "a_" * 700)]}),
        ("InvalidLookupAttributesException", {"LookupAttributes": [attribute("ReadOnly", "yes")]}),
        ("InvalidLookupAttributesException",
         {"LookupAttributes": [attribute("Username", "x")], "EventCategory": "insight"}),
        ("InvalidTimeRangeException",
         {"StartTime": datetime(2026, 1, 5, 9, 0, 1, tzinfo=UTC),
          "EndTime": datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)}),
        ("InvalidTimeRangeException", {"StartTime": datetime(1969, 12, 31, tzinfo=UTC)}),
        ("InvalidMaxResultsException", {"MaxResults": 0}),
        ("InvalidMaxResultsException", {"MaxResults": 51}),
        ("InvalidMaxResultsException", {"MaxResults": -1}),
        ("InvalidNextTokenException", {"NextToken": "no token"}),
        ("InvalidNextTokenException", {"NextToken": ""}),
        ("InvalidNextTokenException", {"NextToken": "W10="}),
        ("InvalidNextTokenException", {"NextToken": "ünicode"}),
        ("InvalidEventCategoryException", {"EventCategory": "management"}),
        ("InvalidEventCategoryException", {"EventCategory": ""}),
    ],
)  # fmt: skip
def test_errors(friday, code, parameters):
    assert refused(friday, **parameters) == code


def test_every_code_is_in_the_model():
    shapes = get_session().get_service_model("cloudtrail").operation_model("LookupEvents")
    codes = {shape.error_code for shape in shapes.error_shapes}
    assert codes >= {
        "InvalidLookupAttributesException", "InvalidTimeRangeException",
        "InvalidMaxResultsException", "InvalidNextTokenException", "InvalidEventCategoryException",
    }  # fmt: skip


def test_values_that_just_fit(trail):
    assert trail.lookup("EventName", "x" * 2000) == {"Events": []}
    assert trail.lookup("Username", "a_" * 666) == {"Events": []}


def test_insights_there_are_none(friday):
    assert friday.lookup(EventCategory="insight") == {"Events": []}
    assert friday.lookup("EventName", "StopInstances", EventCategory="insight") == {"Events": []}


# -- pages
def pages(trail, size, between=lambda: None, **parameters):
    """All pages of a look-up; ``between`` happens after each."""
    answer = trail.lookup(MaxResults=size, **parameters)
    found = [answer["Events"]]
    while "NextToken" in answer:
        between()
        answer = trail.lookup(MaxResults=size, NextToken=answer["NextToken"], **parameters)
        found.append(answer["Events"])
    return found


def test_fifty_when_nobody_says_how_many(trail):
    for _ in range(51):
        trail.hear("iam", "ListUsers")
    answer = trail.lookup()
    assert len(answer["Events"]) == 50
    assert len(trail.lookup(NextToken=answer["NextToken"])["Events"]) == 1


def test_no_token_after_the_last_event(trail):
    for _ in range(50):
        trail.hear("iam", "ListUsers")
    assert "NextToken" not in trail.lookup()


def test_a_token_belongs_to_its_parameters(friday):
    token = friday.lookup(MaxResults=2)["NextToken"]
    start = to_datetime(START_US)
    for parameters in (
        {"MaxResults": 3},
        {"MaxResults": 2, "StartTime": start},
        {"MaxResults": 2, "LookupAttributes": [attribute("Username", "Mary")]},
        {"MaxResults": 2, "region": "eu-west-1"},
        {"MaxResults": 2, "account": "111122223333"},
    ):
        assert refused(friday, NextToken=token, **parameters) == "InvalidNextTokenException"
    assert len(friday.lookup(MaxResults=2, NextToken=token)["Events"]) == 2


def test_a_token_can_be_used_twice(friday):
    token = friday.lookup(MaxResults=2)["NextToken"]
    once = friday.lookup(MaxResults=2, NextToken=token)
    assert friday.lookup(MaxResults=2, NextToken=token) == once


CALLS = st.lists(
    st.tuples(
        st.sampled_from([("iam", "ListUsers"), ("ec2", "StopInstances"), ("sns", "CreateTopic")]),
        st.sampled_from([MARY, ROOT, CI]),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(
    CALLS,
    st.integers(1, 50),
    st.sampled_from(
        [None, ("Username", "root"), ("ReadOnly", "false"), ("EventName", "StopInstances")]
    ),
    st.integers(0, 2),
)
def test_pages_put_together_are_the_whole_whatever_happens_between(calls, size, asked, more):
    """Nothing twice, nothing left out, newest first, though new events come in between."""
    trail = Trail()
    at_us = START_US
    for (service, operation), who, pause in calls:
        at_us += pause * SECOND + MILLISECOND
        trail.hear(service, operation, {}, {}, at_us=at_us, who=who)
    parameters = {} if asked is None else {"LookupAttributes": [attribute(*asked)]}
    whole = [event["EventId"] for event in trail.lookup(**parameters)["Events"]]

    def busy():
        for _ in range(more):
            trail.hear("cloudtrail", "LookupEvents", who=ROOT)

    found = pages(trail, size, busy, **parameters)
    assert [event["EventId"] for page in found for event in page] == whole
    assert all(len(page) == size for page in found[:-1])
    assert len(found[-1]) <= size
    times = [event["EventTime"] for page in found for event in page]
    assert times == sorted(times, reverse=True)


@settings(max_examples=60, deadline=None)
@given(CALLS, st.sampled_from(KEYS))
def test_a_look_up_finds_what_a_look_through_everything_finds(calls, key):
    trail = Trail()
    at_us = START_US
    for (service, operation), who, pause in calls:
        at_us += pause * SECOND + MILLISECOND
        names = {"InstanceIds": [f"i-{pause}"]} if service == "ec2" else {"Name": "t"}
        told = {"TopicArn": f"arn:{pause}"} if service == "sns" else {}
        trail.hear(service, operation, names, told, at_us=at_us, who=who)
    everything = trail.lookup()["Events"]

    def values(event):
        if key.startswith("Resource"):
            return {resource[key] for resource in event["Resources"]}
        return {event.get(key)}

    for value in {value for event in everything for value in values(event)}:
        wanted = [event["EventId"] for event in everything if value in values(event)]
        assert [event["EventId"] for event in trail.lookup(key, value)["Events"]] == wanted


# -- where
def test_each_region_has_its_own_history_and_iam_is_in_us_east_1(trail):
    trail.hear("ec2", "DescribeInstances", region="eu-west-1")
    trail.hear("iam", "CreateUser", {"UserName": "x"}, {}, region="eu-west-1")
    trail.hear("sts", "GetCallerIdentity", region="eu-west-1")
    assert trail.names(region="eu-west-1") == ["GetCallerIdentity", "DescribeInstances"]
    assert trail.names(region=REGION) == ["CreateUser"]


def test_each_account_has_its_own_history(trail):
    trail.hear("iam", "ListUsers", account="111122223333")
    assert trail.names() == []
    assert trail.names(account="111122223333") == ["ListUsers"]
    event_id = trail.lookup(account="111122223333")["Events"][0]["EventId"]
    assert trail.names("EventId", event_id) == []
    assert trail.names("EventId", event_id, account="111122223333") == ["ListUsers"]


def test_data_events_are_never_in_event_history(trail):
    for service, operation in (
        ("s3", "GetObject"), ("lambda", "Invoke"), ("sqs", "SendMessage"),
        ("cloudwatch", "PutMetricData"), ("logs", "PutLogEvents"),
    ):  # fmt: skip
        trail.hear(service, operation)
    assert trail.names() == []


def test_failed_calls_are(trail):
    trail.hear("iam", "CreateUser", error="AccessDenied", message="no")
    (event,) = trail.lookup()["Events"]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "AccessDenied"


def test_what_labkit_does_not_have_leaves_no_record(trail):
    trail.hear(
        "cloudtrail", "CreateTrail", {"Name": "x"}, error="NotImplemented", message="not yet"
    )
    assert trail.names() == []


def test_the_account_in_the_record_is_the_one_that_gets_it(friday):
    for event in friday.lookup()["Events"]:
        assert json.loads(event["CloudTrailEvent"])["recipientAccountId"] == ACCOUNT


def test_two_look_ups_a_second_once_throttled(trail):
    for _ in range(3):
        trail.lookup()
    trail.service.throttled = True
    trail.lookup()
    trail.lookup()
    with pytest.raises(AwsError, match="Rate exceeded") as told:
        trail.lookup()
    assert told.value.code == "ThrottlingException"
    trail.lookup(region="eu-west-1")
    trail.wait(1)
    trail.lookup()


def test_a_throttled_client_is_told_so(lab):
    from botocore.config import Config
    from botocore.exceptions import ClientError

    client = lab.client("cloudtrail", config=Config(retries={"total_max_attempts": 1}))
    lab.cloudtrail.throttled = True
    client.lookup_events()
    client.lookup_events()
    with pytest.raises(ClientError) as told:
        client.lookup_events()
    assert told.value.response["Error"] == {
        "Code": "ThrottlingException", "Message": "Rate exceeded",
    }  # fmt: skip
