"""parseToOCSF: what each source becomes, and that queries find it."""

import json

import pytest

from labkit.logs.engine.transform.ocsf import convert
from labkit.logs.engine.transform.paths import get

GROUP = "/trail"
FLOW = (
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 "
    "1418530010 1418530070 ACCEPT OK"
)
RESOLVER = {
    "version": "1.100000", "account_id": "111122223333", "region": "us-east-1",
    "vpc_id": "vpc-example", "query_timestamp": "2020-01-03T18:11:12Z",
    "query_name": "api.example.com.", "query_type": "A", "query_class": "IN",
    "rcode": "NXDOMAIN", "answers": [{"Rdata": "203.0.113.9", "Type": "A", "Class": "IN"}],
    "srcaddr": "192.0.2.1", "srcport": "34933", "transport": "UDP",
    "srcids": {"instance": "i-0d15cd0d3example"}, "firewall_rule_action": "BLOCK",
    "firewall_rule_group_id": "rslvr-frg-1", "more": 1,
}  # fmt: skip
RECORD = {
    "eventVersion": "1.11", "eventTime": "2026-01-05T09:00:00Z", "awsRegion": "us-east-1",
    "userIdentity": {"type": "IAMUser", "principalId": "AIDA1", "accountId": "123456789012",
                     "arn": "arn:aws:iam::123456789012:user/ann", "userName": "ann",
                     "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}},
    "eventSource": "ec2.amazonaws.com", "eventName": "StopInstances", "eventID": "e1",
    "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli", "eventCategory": "Management",
    "requestParameters": {"force": False}, "responseElements": None, "readOnly": False,
    "recipientAccountId": "123456789012",
    "resources": [{"ARN": "arn:aws:s3:::b", "accountId": "1", "type": "AWS::S3::Bucket"}],
}  # fmt: skip


def same(event, told):
    assert {path: get(event, path) for path in told} == told


def test_a_flow_log_record():
    same(convert(FLOW, "VPCFlow"), {
        "class_uid": 4001, "type_uid": 400106, "activity_name": "Traffic", "action": "Allowed",
        "disposition_id": 1, "src_endpoint.ip": "172.31.16.139", "dst_endpoint.port": 22,
        "traffic.bytes": 4249, "connection_info.protocol_num": 6, "time": 1418530010000,
        "end_time": 1418530070000, "cloud.account.uid": "123456789010", "status_code": "OK",
        "connection_info.protocol_ver_id": 4, "metadata.version": "1.1.0",
        "unmapped.interface_id": "eni-1235b8ca123456789",
        "observables.1": {"name": "dst_endpoint.ip", "type": "IP Address", "type_id": 2,
                          "value": "172.31.16.21"},
    })  # fmt: skip
    nothing = "2 1 eni-1 - - - - - - - 1431280876 1431280934 - NODATA"
    assert convert(nothing, "VPCFlow")["status_code"] == "NODATA"
    rejected = convert(FLOW.replace("ACCEPT", "REJECT"), "VPCFlow")
    assert (rejected["action_id"], rejected["disposition"]) == (2, "Blocked")


def test_a_query_that_the_resolver_answered():
    same(convert(json.dumps(RESOLVER), "Route53Resolver"), {
        "class_uid": 4003, "type_name": "DNS Activity: Traffic",
        "query.hostname": "api.example.com.", "rcode_id": 3, "rcode": "NXDomain",
        "src_endpoint.port": 34933,
        "answers.0": {"type": "A", "rdata": "203.0.113.9", "class": "IN"},
        "src_endpoint.instance_uid": "i-0d15cd0d3example", "action": "Denied",
        "firewall_rule.uid": "rslvr-frg-1", "time_dt": "2020-01-03T18:11:12.000Z",
        "unmapped": {"more": 1},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, {"class_uid": 6003, "type_uid": 600399, "status": "Success", "is_mfa": None,
              "actor.user.name": "ann", "actor.session.is_mfa": True, "api.operation":
              "StopInstances", "src_endpoint.ip": "203.0.113.7", "time": 1767603600000,
              "metadata.product.feature.name": "Management", "api.request.data.force": False,
              "resources.0.account.uid": "1", "unmapped.recipientAccountId": "123456789012"}),
        ({"eventName": "DescribeInstances", "readOnly": True, "errorCode": "AccessDenied",
          "sourceIPAddress": "cloudformation.amazonaws.com"},
         {"type_name": "API Activity: Read", "status_id": 2, "api.response.error": "AccessDenied",
          "src_endpoint.domain": "cloudformation.amazonaws.com", "src_endpoint.ip": None}),
        ({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com",
          "requestParameters": {"userName": "bob"},
          "responseElements": {"user": {"userId": "AIDA2"}}},
         {"class_uid": 3001, "type_uid": 300101, "user": {"uid": "AIDA2", "name": "bob"},
          "category_name": "Identity & Access Management"}),
        ({"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
          "responseElements": {"ConsoleLogin": "Failure"},
          "additionalEventData": {"MFAUsed": "Yes", "LoginTo": "https://console"}},
         {"class_uid": 3002, "activity_name": "Logon", "status": "Failure", "is_mfa": True,
          "dst_endpoint.svc_name": "https://console"}),
    ],
)  # fmt: skip
def test_records_of_cloudtrail_are_of_three_classes(more, told):
    same(convert(json.dumps(RECORD | more), "CloudTrail"), told)


@pytest.mark.parametrize("source", ["VPCFlow", "Route53Resolver", "CloudTrail"])
@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "[" * 5000, '{"a": 1}', "2 a b"])
def test_what_is_no_line_of_the_source(source, text):
    assert convert(text, source) is None


def test_a_query_finds_the_fields(lab):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    config = [
        {"parseToOCSF": {"eventSource": "CloudTrail", "ocsfVersion": "V1.1"}},
        {"deleteKeys": {"withKeys": ["unmapped"]}},
    ]
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=config)
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName=GROUP, logStreamName="s",
        logEvents=[{"timestamp": at, "message": json.dumps(RECORD)}],
    )  # fmt: skip
    rows = lab.logs.query(
        "filter class_uid = 6003 | fields actor.user.name as who, api.operation as what", GROUP
    )
    assert rows.values.tolist() == [["ann", "StopInstances"]]
    other = {"parseToOCSF": {"eventSource": "VPCFlow", "ocsfVersion": "V1.1"}}
    made = logs.test_transformer(transformerConfig=[other], logEventMessages=[FLOW])
    assert json.loads(made["transformedLogs"][0]["transformedEventMessage"])["class_uid"] == 4001
