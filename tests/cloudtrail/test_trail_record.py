"""Records, against AWS's published ones (aws-semantics 11.7 and the pages named there)."""

import json
import tomllib
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st
from trailkit import ACCOUNT, CI, MARY, ROOT, RULES, START_US, finished, record_of

from labkit.cloudtrail.engine import ec2, record, s3
from labkit.cloudtrail.engine.categories import category_of, listed, service_of
from labkit.cloudtrail.engine.shaping import HIDDEN, REMOVED, lower_first, moment, style_of
from labkit.core.jsontext import dumps

#: One session for all: it reads each model once.
SESSION = get_session()
TABLE = tomllib.loads((files("labkit") / "cloudtrail" / "records.toml").read_text("utf-8"))


def parts(made):
    return made["requestParameters"], made["responseElements"]


# -- the whole record
def test_a_whole_record_has_the_documented_fields_in_the_documented_order():
    """[cloudtrail-log-file-examples, StopInstances; event version of record contents]"""
    made = record_of(
        "ec2",
        "StopInstances",
        {"InstanceIds": ["i-EXAMPLE56126103cb", "i-EXAMPLEaff4840c22"]},
        {
            "StoppingInstances": [
                {
                    "InstanceId": name,
                    "CurrentState": {"Code": 64, "Name": "stopping"},
                    "PreviousState": {"Code": 16, "Name": "running"},
                }
                for name in ("i-EXAMPLE56126103cb", "i-EXAMPLEaff4840c22")
            ]
        },
        request_id="c308a950-e43e-444e-afc1-EXAMPLE73e49",
    )
    state = {
        "currentState": {"code": 64, "name": "stopping"},
        "previousState": {"code": 16, "name": "running"},
    }
    assert made == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDA6ON6E4XEGITEXAMPLE",
            "arn": "arn:aws:iam::123456789012:user/Mary",
            "accountId": "123456789012",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "Mary",
        },
        "eventTime": "2026-01-05T09:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "StopInstances",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2.13.5",
        "requestParameters": {
            "instancesSet": {
                "items": [
                    {"instanceId": "i-EXAMPLE56126103cb"},
                    {"instanceId": "i-EXAMPLEaff4840c22"},
                ]
            },
            "force": False,
        },
        "responseElements": {
            "requestId": "c308a950-e43e-444e-afc1-EXAMPLE73e49",
            "instancesSet": {
                "items": [
                    {"instanceId": "i-EXAMPLE56126103cb", **state},
                    {"instanceId": "i-EXAMPLEaff4840c22", **state},
                ]
            },
        },
        "requestID": "c308a950-e43e-444e-afc1-EXAMPLE73e49",
        "eventID": made["eventID"],
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "ec2.us-east-1.amazonaws.com",
        },
    }
    assert list(made) == [
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion",
        "sourceIPAddress", "userAgent", "requestParameters", "responseElements", "requestID",
        "eventID", "readOnly", "eventType", "managementEvent", "recipientAccountId",
        "eventCategory", "tlsDetails",
    ]  # fmt: skip


def test_the_same_fact_gives_the_same_record_to_the_byte():
    fact = finished("sns", "CreateTopic", {"Name": "hello"}, {"TopicArn": "arn:aws:sns:::hello"})
    texts = {
        dumps(record.build(fact.at_us, fact.account, fact.region, fact.data)) for _ in range(3)
    }
    assert len(texts) == 1


def test_event_ids_are_uuids_that_depend_on_the_request_and_on_the_account():
    one = record.event_id(ACCOUNT, "r-1")
    assert one == record.event_id(ACCOUNT, "r-1")
    assert len({one, record.event_id(ACCOUNT, "r-2"), record.event_id("111122223333", "r-1")}) == 3
    assert [len(part) for part in one.split("-")] == [8, 4, 4, 4, 12]


# -- the vectors of aws-semantics 11.7
def test_delete_table():
    """[DynamoDB developer guide: the sample of DeleteTable]"""
    made = record_of(
        "dynamodb",
        "DeleteTable",
        {"TableName": "Music"},
        {
            "TableDescription": {
                "TableName": "Music",
                "ItemCount": 0,
                "ProvisionedThroughput": {
                    "WriteCapacityUnits": 25,
                    "NumberOfDecreasesToday": 0,
                    "ReadCapacityUnits": 25,
                },
                "TableStatus": "DELETING",
                "TableSizeBytes": 0,
            }
        },
    )
    assert made["eventSource"] == "dynamodb.amazonaws.com"
    assert made["apiVersion"] == "2012-08-10"
    assert parts(made) == (
        {"tableName": "Music"},
        {
            "tableDescription": {
                "tableName": "Music",
                "itemCount": 0,
                "provisionedThroughput": {
                    "writeCapacityUnits": 25,
                    "numberOfDecreasesToday": 0,
                    "readCapacityUnits": 25,
                },
                "tableStatus": "DELETING",
                "tableSizeBytes": 0,
            }
        },
    )


def test_attach_role_policy_is_recorded_in_us_east_1_and_answers_nothing():
    asked = {"RoleName": "deploy", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    made = record_of("iam", "AttachRolePolicy", asked, {}, region="eu-west-1")
    assert made["awsRegion"] == "us-east-1"
    assert made["readOnly"] is False
    assert parts(made) == ({"roleName": asked["RoleName"], "policyArn": asked["PolicyArn"]}, None)
    assert made["tlsDetails"]["clientProvidedHostHeader"] == "iam.amazonaws.com"


def test_start_instances():
    """[cloudtrail-log-file-examples, StartInstances]"""
    made = record_of(
        "ec2",
        "StartInstances",
        {"InstanceIds": ["i-1"]},
        {
            "StartingInstances": [
                {
                    "InstanceId": "i-1",
                    "CurrentState": {"Code": 0, "Name": "pending"},
                    "PreviousState": {"Code": 80, "Name": "stopped"},
                }
            ]
        },
        request_id="e4336db0",
    )
    assert parts(made) == (
        {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
        {
            "requestId": "e4336db0",
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "i-1",
                        "currentState": {"code": 0, "name": "pending"},
                        "previousState": {"code": 80, "name": "stopped"},
                    }
                ]
            },
        },
    )


def test_run_instances():
    """[E: records of RunInstances published by others, 2024]"""
    launched = datetime(2024, 4, 2, 15, 13, 6, tzinfo=UTC)
    made = record_of(
        "ec2",
        "RunInstances",
        {
            "ImageId": "ami-020a359780bc6f835",
            "InstanceType": "t3a.micro",
            "KeyName": "a-key",
            "MinCount": 1,
            "MaxCount": 1,
            "SecurityGroupIds": ["sg-0"],
            "NetworkInterfaces": [
                {"AssociatePublicIpAddress": True, "DeviceIndex": 0, "Groups": ["sg-1"]}
            ],
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 10}}],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "test"}]}
            ],
            "UserData": "IyEvYmluL3NoCg==",
            "ClientToken": "00000000-0000-0000-0000-000000000000",
        },
        {
            "Groups": [],
            "OwnerId": ACCOUNT,
            "ReservationId": "r-0",
            "Instances": [
                {
                    "InstanceId": "i-0",
                    "State": {"Code": 0, "Name": "pending"},
                    "PublicDnsName": "ec2-1.compute.amazonaws.com",
                    "LaunchTime": launched,
                    "BlockDeviceMappings": [],
                    "ProductCodes": [],
                    "SecurityGroups": [{"GroupId": "sg-0", "GroupName": "ssh"}],
                    "NetworkInterfaces": [
                        {"PrivateIpAddresses": [{"Primary": True}], "Ipv6Addresses": []}
                    ],
                    "Tags": [{"Key": "Name", "Value": "test"}],
                    "StateReason": {"Code": "pending", "Message": "pending"},
                }
            ],
        },
        request_id="439a7e66",
    )
    assert parts(made) == (
        {
            "instancesSet": {
                "items": [
                    {
                        "imageId": "ami-020a359780bc6f835",
                        "keyName": "a-key",
                        "minCount": 1,
                        "maxCount": 1,
                    }
                ]
            },
            "instanceType": "t3a.micro",
            "groupSet": {"items": [{"groupId": "sg-0"}]},
            "networkInterfaceSet": {
                "items": [
                    {
                        "associatePublicIpAddress": True,
                        "deviceIndex": 0,
                        "groupSet": {"items": [{"groupId": "sg-1"}]},
                    }
                ]
            },
            "blockDeviceMapping": {
                "items": [{"deviceName": "/dev/sda1", "ebs": {"volumeSize": 10}}]
            },
            "tagSpecificationSet": {
                "items": [{"resourceType": "instance", "tags": [{"key": "Name", "value": "test"}]}]
            },
            "userData": REMOVED,
            "clientToken": "00000000-0000-0000-0000-000000000000",
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "disableApiStop": False,
        },
        {
            "requestId": "439a7e66",
            "groupSet": {},
            "ownerId": ACCOUNT,
            "reservationId": "r-0",
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "i-0",
                        "instanceState": {"code": 0, "name": "pending"},
                        "dnsName": "ec2-1.compute.amazonaws.com",
                        "launchTime": 1712070786000,
                        "blockDeviceMapping": {},
                        "productCodes": {},
                        "groupSet": {"items": [{"groupId": "sg-0", "groupName": "ssh"}]},
                        "networkInterfaceSet": {
                            "items": [
                                {
                                    "privateIpAddressesSet": {"item": [{"primary": True}]},
                                    "ipv6AddressesSet": {},
                                }
                            ]
                        },
                        "tagSet": {"items": [{"key": "Name", "value": "test"}]},
                        "stateReason": {"code": "pending", "message": "pending"},
                    }
                ]
            },
        },
    )


def test_create_user_has_the_date_as_iam_writes_it():
    """[cloudtrail-log-file-examples, CreateUser]"""
    made = record_of(
        "iam",
        "CreateUser",
        {"UserName": "Richard"},
        {
            "User": {
                "Path": "/",
                "Arn": "arn:aws:iam::888888888888:user/Richard",
                "UserId": "AIDA6ON6E4XEP7EXAMPLE",
                "CreateDate": datetime(2023, 7, 19, 21, 25, 9, tzinfo=UTC),
                "UserName": "Richard",
            }
        },
    )
    assert parts(made) == (
        {"userName": "Richard"},
        {
            "user": {
                "path": "/",
                "arn": "arn:aws:iam::888888888888:user/Richard",
                "userId": "AIDA6ON6E4XEP7EXAMPLE",
                "createDate": "Jul 19, 2023 9:25:09 PM",
                "userName": "Richard",
            }
        },
    )


def test_add_user_to_group_answers_null():
    """[cloudtrail-log-file-examples, AddUserToGroup]"""
    made = record_of("iam", "AddUserToGroup", {"GroupName": "Admin", "UserName": "Jane"}, {})
    assert parts(made) == ({"groupName": "Admin", "userName": "Jane"}, None)


def test_create_key_pair_never_shows_the_key():
    """[cloudtrail-log-file-examples, CreateKeyPair]"""
    made = record_of(
        "ec2",
        "CreateKeyPair",
        {"KeyName": "my-key"},
        {
            "KeyName": "my-key",
            "KeyFingerprint": "1f:51:ae",
            "KeyPairId": "key-abcd12345eEXAMPLE",
            "KeyMaterial": "-----BEGIN RSA PRIVATE KEY-----",
        },
        request_id="9aa4938f",
    )
    assert parts(made) == (
        {"keyName": "my-key", "keyType": "rsa", "keyFormat": "pem"},
        {
            "requestId": "9aa4938f",
            "keyName": "my-key",
            "keyFingerprint": "1f:51:ae",
            "keyPairId": "key-abcd12345eEXAMPLE",
            "keyMaterial": "<sensitiveDataRemoved>",
        },
    )


def test_reads_show_what_was_asked_and_never_what_was_answered():
    made = record_of(
        "sns", "ListTopics", {"NextToken": "ABCDEF=="}, {"Topics": [{"TopicArn": "arn"}]}
    )
    assert made["readOnly"] is True
    assert parts(made) == ({"nextToken": "ABCDEF=="}, None)


def test_a_call_without_parameters_has_null():
    """[logging_cw_api_calls: DescribeCanaries; Internet Monitor ListMonitors]"""
    assert record_of("synthetics", "DescribeCanaries")["requestParameters"] is None
    assert record_of("iam", "ListUsers")["requestParameters"] is None


# -- identities
def test_root():
    """[user identity: without an alias there is no userName, least of all "Root"]"""
    assert record.user_identity(ROOT.to_dict()) == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAI44QH8DHBEXAMPLE",
    }


def test_iam_user_with_a_long_term_key_has_no_session():
    assert "sessionContext" not in record.user_identity(MARY.to_dict())


def test_assumed_role():
    """[user identity: temporary security credentials]"""
    assert record.user_identity(CI.to_dict(), START_US) == {
        "type": "AssumedRole",
        "principalId": "AROAIDPPEZS35WEXAMPLE:chiara-ci",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/chiara-ci",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAIDPPEZS35WEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy",
                "accountId": ACCOUNT,
                "userName": "deploy",
            },
            "attributes": {"creationDate": "2026-01-05T09:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def test_a_session_of_unknown_age_says_nothing_about_it():
    session = record.user_identity(CI.to_dict())["sessionContext"]
    assert session["attributes"] == {"mfaAuthenticated": "false"}


def test_a_service_shows_its_name_and_no_tls():
    """[user identity: invokedBy; record contents: tlsDetails is not present]"""
    made = record_of("sqs", "CreateQueue", {"QueueName": "q"}, {"QueueUrl": "u"}, who=RULES)
    assert made["userIdentity"] == {"type": "AWSService", "invokedBy": "events.amazonaws.com"}
    assert made["sourceIPAddress"] == made["userAgent"] == "events.amazonaws.com"
    assert "tlsDetails" not in made


@pytest.mark.parametrize(
    ("who", "name"), [(ROOT, "root"), (MARY, "Mary"), (CI, "chiara-ci"), (RULES, "")]
)
def test_user_names_of_look_ups(who, name):
    assert record.user_name(who.to_dict()) == name


# -- errors
@pytest.mark.parametrize(
    ("service", "operation", "code", "shown"),
    [
        # [cloudtrail-log-file-examples: error code and message]
        ("cloudtrail", "UpdateTrail", "TrailNotFoundException", "TrailNotFoundException"),
        ("ec2", "StopInstances", "InvalidInstanceID.NotFound", "Client.InvalidInstanceID.NotFound"),
        ("ec2", "RunInstances", "UnauthorizedOperation", "Client.UnauthorizedOperation"),
        ("ec2", "RunInstances", "InsufficientInstanceCapacity",
         "Server.InsufficientInstanceCapacity"),
        ("iam", "GetRole", "NoSuchEntity", "NoSuchEntityException"),
        ("iam", "CreateUser", "EntityAlreadyExists", "EntityAlreadyExistsException"),
        ("iam", "CreateUser", "AccessDenied", "AccessDenied"),
        ("secretsmanager", "GetSecretValue", "AccessDeniedException", "AccessDenied"),
        ("autoscaling", "SetDesiredCapacity", "ValidationError", "ValidationException"),
        ("kms", "Decrypt", "IncorrectKeyException", "IncorrectKeyException"),
        ("s3", "CreateBucket", "BucketAlreadyExists", "BucketAlreadyExists"),
    ],
)  # fmt: skip
def test_error_codes_as_records_write_them(service, operation, code, shown):
    made = record_of(service, operation, {"X": "1"}, {"Y": "2"}, error=code, message="no")
    assert (made["errorCode"], made["errorMessage"]) == (shown, "no")
    assert made["responseElements"] is None
    names = list(made)
    assert names.index("errorCode") == names.index("userAgent") + 1


def test_a_call_that_went_well_has_no_error():
    made = record_of("iam", "CreateUser", {"UserName": "x"}, {})
    assert "errorCode" not in made and "errorMessage" not in made


@pytest.mark.parametrize(
    ("service", "operation", "kept"),
    [
        (
            "lambda",
            "GetFunction",
            False,
        ),  # [lambda logging-using-cloudtrail: the refused GetFunction]
        ("iam", "GetRole", False),  # [E]
        ("secretsmanager", "GetSecretValue", True),  # [E]
        ("s3", "ListBuckets", True),  # [E]
    ],
)
def test_what_a_refused_call_shows_of_its_parameters(service, operation, kept):
    made = record_of(service, operation, {"Name": "x"}, error="AccessDenied", message="not yours")
    assert (made["requestParameters"] is not None) is kept


def test_long_texts_are_cut_at_one_kilobyte():
    """[record contents: userAgent, errorCode, errorMessage]"""
    fact = finished("iam", "GetUser", error="E" * 3000, message="m" * 3000)
    data = {**fact.data, "user_agent": "a" * 3000}
    made = record.build(fact.at_us, fact.account, fact.region, data)
    assert {len(made[key]) for key in ("userAgent", "errorCode", "errorMessage")} == {1024}


def test_iam_error_names_are_those_of_the_model():
    shapes = SESSION.get_service_model("iam").error_shapes
    named = {s.error_code for s in shapes if s.name == f"{s.error_code}Exception"}
    assert style_of("iam").errors == named


# -- names and values
def test_put_metric_alarm():
    """[logging_cw_api_calls: PutMetricAlarm]"""
    made = record_of(
        "cloudwatch",
        "PutMetricAlarm",
        {
            "Threshold": 50.0,
            "Period": 60,
            "MetricName": "CloudTrail Test",
            "EvaluationPeriods": 3,
            "ComparisonOperator": "GreaterThanThreshold",
            "Namespace": "AWS/CloudWatch",
            "AlarmName": "CloudTrail Test Alarm",
            "Statistic": "Sum",
        },
        {},
        who=ROOT,
    )
    assert made["eventSource"] == "monitoring.amazonaws.com"
    assert "apiVersion" not in made
    assert parts(made) == (
        {
            "threshold": 50.0,
            "period": 60,
            "metricName": "CloudTrail Test",
            "evaluationPeriods": 3,
            "comparisonOperator": "GreaterThanThreshold",
            "namespace": "AWS/CloudWatch",
            "alarmName": "CloudTrail Test Alarm",
            "statistic": "Sum",
        },
        None,
    )


def test_put_rule_and_create_export_task_show_their_api_versions():
    """[logging_cw_api_calls: PutRule, CreateExportTask]"""
    rule = record_of("events", "PutRule", {"Name": "cttest2"}, {"RuleArn": "arn:rule/cttest2"})
    assert rule["apiVersion"] == "2015-10-07"
    assert parts(rule) == ({"name": "cttest2"}, {"ruleArn": "arn:rule/cttest2"})
    export = record_of(
        "logs", "CreateExportTask", {"to": 2, "from": 0, "taskName": "t"}, {"taskId": "15e5e534"}
    )
    assert export["apiVersion"] == "20140328"
    assert parts(export) == ({"to": 2, "from": 0, "taskName": "t"}, {"taskId": "15e5e534"})


def test_only_the_first_letter_becomes_small():
    """[firehose monitoring-using-cloudtrail: kMSEncryptionConfig; SQS: mD5OfMessageBody]"""
    made = record_of(
        "firehose",
        "CreateDeliveryStream",
        {
            "DeliveryStreamName": "s",
            "RedshiftDestinationConfiguration": {
                "ClusterJDBCURL": "jdbc:redshift",
                "Password": "hunter2",
                "S3Configuration": {
                    "EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": "arn"}}
                },
            },
        },
        {"DeliveryStreamARN": "arn:aws:firehose"},
    )
    asked, told = parts(made)
    destination = asked["redshiftDestinationConfiguration"]
    encryption = destination["s3Configuration"]["encryptionConfiguration"]
    assert encryption == {"kMSEncryptionConfig": {"aWSKMSKeyARN": "arn"}}
    assert destination["clusterJDBCURL"] == "jdbc:redshift"
    assert destination["password"] == HIDDEN
    assert told == {"deliveryStreamARN": "arn:aws:firehose"}


def test_keys_of_maps_are_the_users_own():
    asked, _ = parts(
        record_of(
            "sqs",
            "CreateQueue",
            {"QueueName": "q", "Attributes": {"VisibilityTimeout": "30"}, "tags": {"Team": "Ops"}},
            {"QueueUrl": "u"},
        )
    )
    assert asked == {
        "queueName": "q",
        "attributes": {"VisibilityTimeout": "30"},
        "tags": {"Team": "Ops"},
    }


def test_rest_json_services_of_later_years_keep_their_names():
    """[logging_cw_api_calls: UpdateCanary, GetCanaryRuns, CreateSink]"""
    update = record_of(
        "synthetics",
        "UpdateCanary",
        {"Name": "sample", "Schedule": {"Expression": "rate(1 minute)"}, "Code": {"ZipFile": b"x"}},
        {},
    )
    assert parts(update) == (
        {"name": "sample", "Schedule": {"Expression": "rate(1 minute)"}, "Code": {}},
        None,
    )
    runs = record_of("synthetics", "GetCanaryRuns", {"Name": "sample", "Filter": "TIME_RANGE"})
    assert runs["requestParameters"] == {"name": "sample", "Filter": "TIME_RANGE"}
    created = record_of("synthetics", "CreateCanary", {"Name": "sample"}, {"Canary": {"Id": "1"}})
    assert parts(created) == ({"Name": "sample"}, {"Canary": {"Id": "1"}})
    sink = record_of("oam", "CreateSink", {"Name": "S"}, {"Arn": "arn", "Id": "1", "Name": "S"})
    assert parts(sink) == ({"Name": "S"}, {"Arn": "arn", "Id": "1", "Name": "S"})


def test_names_in_the_path_of_synthetics_are_those_of_the_model():
    model, style = SESSION.get_service_model("synthetics"), style_of("synthetics")
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        for member, of in (shape.members if shape else {}).items():
            in_path = "location" in of.serialization
            small = member in style.path and f"{name}.{member}" not in style.body
            wire = of.serialization.get("name", member)
            assert (lower_first(member) if small else member) == (wire if in_path else member)


@pytest.mark.parametrize(
    ("times", "value", "shown"),
    [
        ("plain", datetime(2024, 8, 1, 13, 42, 21, tzinfo=UTC), "Aug 1, 2024 1:42:21 PM"),
        ("plain", datetime(2023, 7, 19, 0, 5, 9, tzinfo=UTC), "Jul 19, 2023 12:05:09 AM"),
        # [logging_cw_api_calls: GetMetricData]
        ("comma", datetime(2024, 4, 19, 4, tzinfo=UTC), "Apr 19, 2024, 4:00:00 AM"),
        # [IAM cloudtrail-integration: AssumeRole]
        ("comma", datetime(2014, 7, 18, 16, 7, 39, tzinfo=UTC), "Jul 18, 2014, 4:07:39 PM"),
        ("comma", datetime(2014, 7, 18, 12, 0, 0, tzinfo=UTC), "Jul 18, 2014, 12:00:00 PM"),
        ("millis", datetime(2024, 4, 2, 15, 13, 6, tzinfo=UTC), 1712070786000),
    ],
)
def test_times(times, value, shown):
    assert moment(value, times) == shown


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("lambda", "CreateFunction", "CreateFunction20150331"),
        ("lambda", "UpdateFunctionCode", "UpdateFunctionCode20150331v2"),
        ("lambda", "GetFunction", "GetFunction20150331v2"),
        ("s3", "PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
        ("s3", "PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
        ("s3control", "DeletePublicAccessBlock", "DeleteAccountPublicAccessBlock"),
        ("s3", "ListObjectsV2", "ListObjects"),
        ("ec2", "StopInstances", "StopInstances"),
    ],
)
def test_event_names(service, operation, name):
    assert record.event_name(service, operation) == name


def test_renamed_operations_exist():
    session = SESSION
    for service, row in TABLE.items():
        if service != "default" and "names" in row:
            known = session.get_service_model(service).operation_names
            assert set(row["names"]) <= set(known), service


# -- secrets
SECRET = "correct horse battery staple"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "response", "asked", "told"),
    [
        # [E: stratus-red-team's log of CreateLoginProfile]
        ("iam", "CreateLoginProfile",
         {"UserName": "eve", "Password": SECRET, "PasswordResetRequired": False}, {},
         {"userName": "eve", "passwordResetRequired": False}, None),
        ("iam", "CreateAccessKey", {"UserName": "eve"},
         {"AccessKey": {"UserName": "eve", "AccessKeyId": "AKIA1", "SecretAccessKey": SECRET}},
         {"userName": "eve"}, {"accessKey": {"userName": "eve", "accessKeyId": "AKIA1"}}),
        ("secretsmanager", "CreateSecret", {"Name": "db", "SecretString": SECRET},
         {"ARN": "arn", "Name": "db"}, {"name": "db"}, {"aRN": "arn", "name": "db"}),
        # [E: a record of PutParameter; text parameters are hidden too]
        ("ssm", "PutParameter", {"Name": "/db", "Value": SECRET, "Type": "SecureString"},
         {"Version": 1, "Tier": "Standard"},
         {"name": "/db", "value": HIDDEN, "type": "SecureString"},
         {"version": 1, "tier": "Standard"}),
        ("ssm", "AddTagsToResource", {"ResourceId": "/db", "Tags": [{"Key": "a", "Value": "b"}]},
         {}, {"resourceId": "/db", "tags": [{"key": "a", "value": "b"}]}, None),
        ("rds", "CreateDBInstance", {"DBInstanceIdentifier": "d", "MasterUserPassword": SECRET},
         {}, {"dBInstanceIdentifier": "d", "masterUserPassword": HIDDEN}, None),
        # [lambda logging-using-cloudtrail: Environment and ZipFile are omitted]
        ("lambda", "CreateFunction",
         {"FunctionName": "f", "Code": {"ZipFile": SECRET.encode()},
          "Environment": {"Variables": {"KEY": SECRET}}},
         {"FunctionName": "f", "Environment": {"Variables": {"KEY": SECRET}}},
         {"functionName": "f", "code": {}, "environment": {}},
         {"functionName": "f", "environment": {}}),
        # [kms logging-using-cloudtrail: Plaintext is omitted]
        ("kms", "Encrypt", {"KeyId": "k", "Plaintext": SECRET.encode()}, None, {"keyId": "k"},
         None),
        # [step-functions procedure-cloud-trail: CreateStateMachine]
        ("stepfunctions", "CreateStateMachine", {"name": "m", "definition": SECRET},
         {"stateMachineArn": "arn"}, {"name": "m", "definition": HIDDEN},
         {"stateMachineArn": "arn"}),
        ("ecs", "RegisterTaskDefinition",
         {"family": "f", "containerDefinitions": [{"environment": [{"value": SECRET}]}]},
         {}, {"family": "f", "containerDefinitions": [{"environment": HIDDEN}]}, None),
        ("ec2", "ModifyInstanceAttribute", {"InstanceId": "i-1", "UserData": {"Value": SECRET}}, {},
         {"instanceId": "i-1", "userData": REMOVED}, {"requestId": "r", "_return": True}),
        # [sns logging-using-cloudtrail: Publish]
        ("sns", "Publish", {"TopicArn": "arn", "Message": SECRET, "Subject": SECRET},
         {"MessageId": "0787"}, {"topicArn": "arn", "message": HIDDEN, "subject": HIDDEN},
         {"messageId": "0787"}),
        # [SQS logging-using-cloudtrail: SendMessage]
        ("sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": SECRET},
         {"MD5OfMessageBody": "9a4e"}, {"queueUrl": "u", "messageBody": HIDDEN},
         {"mD5OfMessageBody": "9a4e"}),
        # [eventbridge logging-using-cloudtrail: PutEvents]
        ("events", "PutEvents", {"Entries": [{"Source": "my", "Detail": SECRET}]},
         {"FailedEntryCount": 0}, {"entries": [{"source": "my", "detail": HIDDEN}]},
         {"failedEntryCount": 0}),
    ],
)  # fmt: skip
def test_secrets_never_reach_a_record(service, operation, request_, response, asked, told):
    made = record_of(service, operation, request_, response, request_id="r")
    assert parts(made) == (asked, told)
    assert SECRET not in dumps(made)


def test_assume_role_shows_the_session_token_and_not_the_secret():
    """[IAM cloudtrail-integration: the full responseElements except secretAccessKey]"""
    made = record_of(
        "sts",
        "AssumeRole",
        {"RoleArn": "arn:aws:iam::777788889999:role/test-role", "RoleSessionName": "me"},
        {
            "Credentials": {
                "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": SECRET,
                "SessionToken": "token",
                "Expiration": datetime(2025, 2, 12, 23, 16, 48, tzinfo=UTC),
            },
            "AssumedRoleUser": {"AssumedRoleId": "AROA:me", "Arn": "arn:aws:sts:::me"},
        },
        region="eu-north-1",
    )
    assert made["readOnly"] is True
    assert made["responseElements"] == {
        "credentials": {
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "sessionToken": "token",
            "expiration": "Feb 12, 2025, 11:16:48 PM",
        },
        "assumedRoleUser": {"assumedRoleId": "AROA:me", "arn": "arn:aws:sts:::me"},
    }
    assert made["additionalEventData"] == {
        "RequestDetails": {"awsServingRegion": "eu-north-1", "endpointType": "regional"}
    }
    assert made["resources"] == [
        {
            "accountId": "777788889999",
            "type": "AWS::IAM::Role",
            "ARN": "arn:aws:iam::777788889999:role/test-role",
        }
    ]


#: Members that AWS's models call sensitive and that give whoever has them a way in.
KEYS_AND_PASSWORDS = {
    "SecretAccessKey", "Password", "NewPassword", "OldPassword", "MasterUserPassword", "PrivateKey",
    "KeyMaterial", "UserData", "SecretString", "SecretBinary", "Plaintext", "PrivateKeyPlaintext",
    "ServicePassword", "Base32StringSeed", "PreSharedKey", "PasswordData", "KeyPassphrase",
}  # fmt: skip


def test_keys_and_passwords_of_the_models_are_covered():
    session = SESSION
    for service in listed():
        style = style_of(service)
        covered = style.omit | style.hide | style.hide_top | style.blank
        model = session.get_service_model(service)
        sensitive = {
            name
            for shape_name in model.shape_names
            if (shape := model.shape_for(shape_name)).type_name == "structure"
            for name, member in shape.members.items()
            if member.metadata.get("sensitive")
        }
        assert sensitive & KEYS_AND_PASSWORDS <= covered, service


@given(
    st.sampled_from(["iam", "ec2", "ssm", "rds", "s3", "kms", "sts", "secretsmanager", "lambda"]),
    st.recursive(
        st.just(SECRET),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["Items", "Config", "Name"]), inner, min_size=1, max_size=2
            )
            | st.lists(inner, min_size=1, max_size=2)
        ),
        max_leaves=4,
    ),
)
def test_a_secret_member_is_covered_however_deep_it_stands(service, tree):
    style = style_of(service)
    secret = next(iter(sorted(style.omit | style.hide | style.blank)))

    def plant(value):
        if isinstance(value, dict):
            return {key: plant(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plant(item) for item in value]
        return {secret: value}

    operation = "CreateBucket" if service == "s3" else "CreateThing"
    made = record_of(service, operation, {"Outer": {"Inner": plant(tree)}}, {"Deep": plant(tree)})
    assert SECRET not in dumps(made)


# -- EC2
@pytest.mark.parametrize(
    ("operation", "given_", "shown"),
    [
        # [E: DescribeInstances without parameters]
        ("DescribeInstances", {}, {"instancesSet": {}, "filterSet": {}}),
        ("DescribeInstances",
         {"InstanceIds": ["i-1"],
          "Filters": [{"Name": "instance-state-name", "Values": ["running"]}], "MaxResults": 5},
         {"instancesSet": {"items": [{"instanceId": "i-1"}]},
          "filterSet": {"items": [{"name": "instance-state-name",
                                   "valueSet": {"items": [{"value": "running"}]}}]},
          "maxResults": 5}),
        ("TerminateInstances", {"InstanceIds": ["i-1"]},
         {"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
        ("RebootInstances", {"InstanceIds": ["i-1"]},
         {"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
        ("MonitorInstances", {"InstanceIds": ["i-1"]},
         {"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
        ("StopInstances", {"InstanceIds": ["i-1"], "Force": True},
         {"instancesSet": {"items": [{"instanceId": "i-1"}]}, "force": True}),
        # [E: CreateTags]
        ("CreateTags", {"Resources": ["sg-11bbcc22"], "Tags": [{"Key": "Name", "Value": "x"}]},
         {"resourcesSet": {"items": [{"resourceId": "sg-11bbcc22"}]},
          "tagSet": {"items": [{"key": "Name", "value": "x"}]}}),
        # [E: CreateSecurityGroup, AuthorizeSecurityGroupIngress]
        ("CreateSecurityGroup", {"GroupName": "g", "Description": "d", "VpcId": "vpc-1"},
         {"groupName": "g", "groupDescription": "d", "vpcId": "vpc-1"}),
        ("AuthorizeSecurityGroupIngress",
         {"GroupId": "sg-1",
          "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                             "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}]},
         {"groupId": "sg-1",
          "ipPermissions": {"items": [{"groups": {},
                                       "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0",
                                                               "description": "all"}]},
                                       "ipv6Ranges": {}, "prefixListIds": {}, "ipProtocol": "tcp",
                                       "fromPort": 22, "toPort": 22}]}}),
        ("DescribeSecurityGroups", {"GroupIds": ["sg-1"]},
         {"securityGroupIdSet": {"items": [{"groupId": "sg-1"}]}, "securityGroupSet": {},
          "filterSet": {}}),
        ("ModifyInstanceAttribute", {"InstanceId": "i-1", "InstanceType": {"Value": "t3.large"}},
         {"instanceId": "i-1", "instanceType": {"value": "t3.large"}}),
        ("DescribeVpcEndpoints", {"VpcEndpointIds": ["vpce-1"]},
         {"vpcEndpointIdSet": {"items": [{"vpcEndpointId": "vpce-1"}]}}),
        # [E: CreateFlowLogs]
        ("CreateFlowLogs",
         {"ResourceIds": ["vpc-12345678"], "ResourceType": "VPC", "TrafficType": "ACCEPT"},
         {"CreateFlowLogsRequest": {"ResourceId": {"tag": 1, "content": "vpc-12345678"},
                                    "ResourceType": "VPC", "TrafficType": "ACCEPT"}}),
        ("DescribeFlowLogs", {}, None),
    ],
)  # fmt: skip
def test_ec2_requests(operation, given_, shown):
    assert record_of("ec2", operation, given_)["requestParameters"] == shown


@pytest.mark.parametrize(
    ("operation", "given_", "shown"),
    [
        ("CreateTags", {}, {"requestId": "r", "_return": True}),
        ("RebootInstances", {}, {"requestId": "r", "_return": True}),
        ("CreateSecurityGroup", {"GroupId": "sg-1"},
         {"requestId": "r", "_return": True, "groupId": "sg-1"}),
        ("AuthorizeSecurityGroupIngress",
         {"Return": True, "SecurityGroupRules": [{"GroupId": "sg-1", "IpProtocol": "tcp"}]},
         {"requestId": "r", "_return": True,
          "securityGroupRuleSet": {"items": [{"groupId": "sg-1", "ipProtocol": "tcp"}]}}),
        ("CreateVolume", {"VolumeId": "vol-1", "State": "creating", "Tags": []},
         {"requestId": "r", "volumeId": "vol-1", "status": "creating", "tagSet": {}}),
        ("CreateVpc", {"Vpc": {"VpcId": "vpc-1", "State": "pending"}},
         {"requestId": "r", "vpc": {"vpcId": "vpc-1", "state": "pending"}}),
        ("MonitorInstances",
         {"InstanceMonitorings": [{"InstanceId": "i-1", "Monitoring": {"State": "pending"}}]},
         {"requestId": "r", "instancesSet": {"items": [
             {"instanceId": "i-1", "monitoring": {"state": "pending"}}]}}),
        ("CreateFlowLogs", {"FlowLogIds": ["fl-1"], "Unsuccessful": [], "ClientToken": "A="},
         {"CreateFlowLogsResponse": {"xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                                     "requestId": "r", "flowLogIdSet": {"item": "fl-1"},
                                     "unsuccessful": "", "clientToken": "A="}}),
    ],
)  # fmt: skip
def test_ec2_answers(operation, given_, shown):
    made = record_of("ec2", operation, {"X": "1"}, given_, request_id="r")
    assert made["responseElements"] == shown


def test_names_in_ec2_answers_are_those_of_the_model():
    """Where our table renames a member, EC2's own XML has that name, and the other way round."""
    model = SESSION.get_service_model("ec2")
    names = [
        "RunInstances", "StartInstances", "StopInstances", "TerminateInstances",
        "MonitorInstances", "UnmonitorInstances", "CreateSecurityGroup", "CreateVolume",
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "CreateSubnet", "CreateVpc",
        "AttachVolume", "DetachVolume", "CreateKeyPair", "CreateImage", "AllocateAddress",
        "AssociateAddress", "CreateInternetGateway", "CreateRouteTable",
    ]  # fmt: skip
    wrong = set()

    def walk(shape, operation, instance, seen):
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            if member.type_name == "list":
                ours = ec2.ANSWER_SETS.get(name, lower_first(name))
                inner = member.member
            else:
                ours = ec2._answer_name(name, operation, instance)
                inner = member
            if name in ("Return", "SecondaryInterfaces"):
                continue  # told as _return; new in 2025, with sets of other names inside
            if ours != wire:
                wrong.add((operation, name, wire, ours))
            if inner.type_name == "structure" and inner.name not in seen:
                walk(inner, operation, name == "Instances", seen | {inner.name})

    for operation in names:
        walk(model.operation_model(operation).output_shape, operation, False, frozenset())
    assert not wrong


# -- S3
def test_s3_bucket_policy_is_shown_as_json():
    """[E: a record of PutBucketPolicy, 2025]"""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
    made = record_of(
        "s3", "PutBucketPolicy", {"Bucket": "teapot", "Policy": json.dumps(policy)}, {}
    )
    assert parts(made) == (
        {
            "bucketPolicy": policy,
            "bucketName": "teapot",
            "Host": "teapot.s3.us-east-1.amazonaws.com",
            "policy": "",
        },
        None,
    )
    assert made["userAgent"] == "[aws-cli/2.13.5]"
    assert made["additionalEventData"]["AuthenticationMethod"] == "AuthHeader"
    assert made["resources"] == [
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::teapot"}
    ]


def test_s3_create_bucket():
    """[E: a record of CreateBucket, 2026]"""
    made = record_of(
        "s3",
        "CreateBucket",
        {
            "Bucket": "teapot",
            "ACL": "private",
            "CreateBucketConfiguration": {"LocationConstraint": "us-east-2"},
        },
        {"Location": "/teapot"},
        region="us-east-2",
    )
    assert parts(made) == (
        {
            "x-amz-acl": "private",
            "CreateBucketConfiguration": {
                "LocationConstraint": "us-east-2",
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            },
            "bucketName": "teapot",
            "Host": "teapot.s3.us-east-2.amazonaws.com",
        },
        None,
    )


def test_s3_xml_has_no_lists_of_one():
    """[cloudtrail-logging-understanding-s3-entries: PutBucketAcl]"""
    made = record_of(
        "s3",
        "PutBucketAcl",
        {
            "Bucket": "b",
            "AccessControlPolicy": {
                "Grants": [{"Grantee": {"ID": "d25"}, "Permission": "FULL_CONTROL"}],
                "Owner": {"ID": "d25"},
            },
        },
        {},
    )
    policy = made["requestParameters"]["AccessControlPolicy"]
    assert policy["AccessControlList"] == {
        "Grant": {"Grantee": {"ID": "d25"}, "Permission": "FULL_CONTROL"}
    }
    assert made["requestParameters"]["acl"] == ""
    tags = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}
    many = record_of("s3", "PutBucketTagging", {"Bucket": "b", "Tagging": tags}, {})
    assert many["requestParameters"]["Tagging"]["TagSet"] == {"Tag": tags["TagSet"]}


def test_s3_list_buckets_has_a_host_and_nothing_else():
    """[E: a record of ListBuckets, 2026]"""
    made = record_of("s3", "ListBuckets")
    assert made["requestParameters"] == {"Host": "s3.us-east-1.amazonaws.com"}
    assert "resources" not in made


def test_s3_sub_resources_belong_to_operations_that_there_are():
    names = SESSION.get_service_model("s3").operation_names
    for tail in s3._SUB_RESOURCES:
        assert any(f"{verb}{tail}" in names for verb in ("Get", "Put", "Delete", "List")), tail


# -- KMS
def test_disabling_a_key_names_it_although_the_call_answers_nothing():
    """[kms ct-disablekey]"""
    made = record_of("kms", "DisableKey", {"KeyId": "1234abcd"}, {})
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"
    assert made["responseElements"] == {"keyId": arn}
    assert made["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}]


# -- sizes
def test_parameters_above_100_kb_are_left_out_and_not_cut():
    """[record contents: when the field size exceeds 100 KB, the content is omitted]"""
    made = record_of("iam", "PutUserPolicy", {"PolicyDocument": "x" * 110_000}, {})
    omitted = made["requestParameters"]
    assert omitted["omitted"] is True
    assert omitted["reason"] == "requestParameters too large"
    assert omitted["originalSize"] > 110_000


def test_parameters_of_100_kb_stay():
    limit = record.LARGEST_BYTES - len('{"policyDocument":""}')
    fits = record_of("iam", "PutUserPolicy", {"PolicyDocument": "x" * limit}, {})
    assert len(fits["requestParameters"]["policyDocument"]) == limit
    over = record_of("iam", "PutUserPolicy", {"PolicyDocument": "x" * (limit + 1)}, {})
    assert over["requestParameters"]["omitted"] is True


def test_answers_above_100_kb_are_left_out_too():
    made = record_of("sns", "CreateTopic", {"Name": "x"}, {"TopicArn": "x" * 110_000})
    assert made["responseElements"]["reason"] == "responseElements too large"


# -- every operation
def sample(shape, depth=4):
    """A value of a botocore shape, with every member and a secret in every sensitive one."""
    kind = shape.type_name
    if kind == "structure":
        members = shape.members.items() if depth else ()
        return {name: sample(member, depth - 1) for name, member in members}
    if kind == "list":
        return [sample(shape.member, depth - 1)] if depth else []
    if kind == "map":
        return {"theirKey": sample(shape.value, depth - 1)} if depth else {}
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "text"
    return {
        "timestamp": datetime(2026, 1, 5, 9, tzinfo=UTC), "blob": b"bytes", "boolean": True,
        "float": 0.5, "double": 0.5,
    }.get(kind, 7)  # fmt: skip


@pytest.mark.parametrize("service", listed())
def test_every_operation_has_a_record(service):
    """Whatever the parameters and the answer are: JSON, the documented members, nulls in place."""
    model = SESSION.get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        asked = sample(operation.input_shape) if operation.input_shape else {}
        told = sample(operation.output_shape) if operation.output_shape else {}
        made = record_of(service, name, asked, told)
        assert json.loads(dumps(made)) == made
        assert "$bytes" not in dumps(made) and "$time" not in dumps(made)
        category = category_of(service, name)
        assert made["readOnly"] is category.read_only
        if not category.answered:
            assert made["responseElements"] is None
        refused = record_of(service, name, asked, error="Oops", message="no")
        assert refused["responseElements"] is None


# -- the data file
def test_the_maps_of_the_list_are_the_maps_of_the_models():
    session = SESSION
    for service in listed():
        maps, structures, seen = set(), set(), set()

        def walk(shape, maps=maps, structures=structures, seen=seen):
            while shape.type_name in ("list", "map"):
                shape = shape.member if shape.type_name == "list" else shape.value
            if shape.type_name != "structure" or shape.name in seen:
                return
            seen.add(shape.name)
            for name, member in shape.members.items():
                if member.type_name == "map":
                    maps.add(name)
                if member.type_name == "structure":
                    structures.add(name)
                walk(member)

        model = session.get_service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            for shape in (operation.input_shape, operation.output_shape):
                if shape is not None:
                    walk(shape)
        # A name that is a map here and a structure there is taken for a structure.
        assert style_of(service).maps == maps - structures, service


def test_the_list_knows_no_service_that_the_categories_do_not():
    assert set(TABLE) - {"default"} <= set(listed())


def test_api_versions_are_botocores():
    for service in listed():
        shown = style_of(service).shown
        if shown:
            assert shown.replace("-", "") == service_of(service).version.replace("-", "")


def test_data_events_are_built_too():
    """For trails: category Data, managementEvent false [logging_cw_api_calls: PutMetricData]."""
    made = record_of("cloudwatch", "PutMetricData", {"Namespace": "CloudTrailTests"}, {})
    assert category_of("cloudwatch", "PutMetricData").kind == "data"
    assert (made["managementEvent"], made["eventCategory"]) == (False, "Data")


def test_a_call_about_an_object_names_the_object_before_its_bucket():
    """As the S3 user guide shows GetObject; selectors go by the object's ARN."""
    made = record_of("s3", "GetObject", {"Bucket": "shop", "Key": "a/b"}, {})
    assert made["resources"] == [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::shop/a/b"},
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::shop"},
    ]
