"""Syslog into log groups: configurations, permissions, ports, and what is told of it."""

import json
import logging
import logging.handlers
import socket

import pytest
from botocore.exceptions import ClientError

from labkit.core.errors import LabError

GROUP = "/syslog/devices"
TEST = "<134>1 2026-01-05T09:00:00Z myhost myapp 1234 - - Hello from syslog"


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


@pytest.fixture
def endpoint(lab, ec2):
    return make_endpoint(ec2, "syslog-logs")


def make_endpoint(ec2, service):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.us-east-1.{service}", SubnetIds=[subnet],
        VpcEndpointType="Interface",
    )  # fmt: skip
    return made["VpcEndpoint"]["VpcEndpointId"]


def permit(lab, logs, endpoint):
    """The guide's resource policy."""
    arn = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{GROUP}:*"
    source = f"arn:aws:ec2:{lab.region}:{lab.account}:vpc-endpoint/{endpoint}"
    statement = {
        "Effect": "Allow", "Principal": {"Service": "syslog.logs.amazonaws.com"},
        "Action": ["logs:PutLogEvents", "logs:CreateLogStream"], "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": lab.account},
                      "ArnEquals": {"aws:SourceArn": source}},
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName="syslog-ingestion", policyDocument=document)


def texts(logs):
    return [one["message"] for one in logs.filter_log_events(logGroupName=GROUP)["events"]]


def total(lab, name, **dimensions):
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Logs", MetricName=name, Statistics=["Sum"], Period=7200,
        Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()],
        StartTime="2026-01-05T08:00:00Z", EndTime="2026-01-05T10:00:00Z",
    )  # fmt: skip
    return sum(one["Sum"] for one in found["Datapoints"])


def test_a_message_by_tcp_is_found_by_its_fields(lab, logs, endpoint):
    permit(lab, logs, endpoint)
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    with lab.syslog(endpoint) as receiver:
        with socket.create_connection(receiver.tcp) as sender:
            sender.sendall(f"{TEST}\nno form at all\n".encode())
            lab.advance(seconds=1)
        lab.advance(seconds=1)
        assert receiver.received == 2
    [stream] = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert stream["logStreamName"] == f"{endpoint}_Syslog_us-east-1"
    assert texts(logs) == [TEST, "no form at all"]
    rows = lab.logs.query(
        "filter ispresent(facility) "
        "| fields facility, severity, hostname, appName, procId, message",
        GROUP,
    )
    assert rows.values.tolist() == [
        ["local0", "info", "myhost", "myapp", 1234, "Hello from syslog"]
    ]
    assert total(lab, "SyslogMessagesReceived", LogGroupName=GROUP) == 2
    assert total(lab, "SyslogConnectionsEstablished") == 1
    assert total(lab, "SyslogConnectionsClosed") == 1
    again = lab.of(lab.saved())
    assert again.digest() == lab.digest() and not again.errors
    again.close()


def test_pythons_own_handler_by_udp(lab, logs, endpoint):
    permit(lab, logs, endpoint)
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    with lab.syslog(endpoint) as receiver:
        handler = logging.handlers.SysLogHandler(
            receiver.udp, facility=logging.handlers.SysLogHandler.LOG_LOCAL7
        )
        handler.setFormatter(logging.Formatter("Jan  5 09:00:00 web1 shop[7]: %(message)s"))
        logger = logging.Logger("shop")
        logger.addHandler(handler)
        logger.error("card declined")
        handler.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x" * 8193, receiver.udp)
        lab.advance(seconds=1)
    rows = lab.logs.query("fields facility, severity, appName, message", GROUP)
    assert rows.values.tolist() == [["local7", "err", "shop", "card declined"]]
    dropped = total(lab, "SyslogMessagesDropped", LogGroupName=GROUP, Reason="MessageSizeExceeded")
    assert dropped == 1


@pytest.mark.parametrize("why", ["AccessDenied", "ResourceNotFound"])
def test_what_cannot_be_delivered_resets_the_connection(lab, logs, endpoint, why):
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    if why == "ResourceNotFound":
        permit(lab, logs, endpoint)
        logs.delete_log_group(logGroupName=GROUP)
    with lab.syslog(endpoint) as receiver:
        with socket.create_connection(receiver.tcp, timeout=5) as sender:
            sender.sendall(f"{TEST}\n".encode())
            lab.advance(seconds=1)
            with pytest.raises(ConnectionResetError):
                sender.recv(1)
        assert receiver.undelivered == 1
    assert total(lab, "SyslogMessagesDropped", LogGroupName=GROUP, Reason=why) == 1


def test_configurations_are_listed_and_deleted(lab, logs, endpoint, ec2):
    other = make_endpoint(ec2, "syslog-logs")
    logs.create_log_group(logGroupName="/syslog/other")
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=other)
    logs.put_syslog_configuration(logGroupIdentifier="/syslog/other", vpcEndpointId=other)

    def told(**asked):
        found = logs.list_syslog_configurations(**asked)["syslogConfigurations"]
        return {(one["logGroupArn"].split(":")[-1], one["vpcEndpointId"]) for one in found}

    assert told(logGroupIdentifier=GROUP) == {(GROUP, endpoint), (GROUP, other)}
    assert told(vpcEndpointId=other) == {(GROUP, other), ("/syslog/other", other)}
    first = logs.list_syslog_configurations(maxResults=2)
    rest = logs.list_syslog_configurations(maxResults=2, nextToken=first["nextToken"])
    assert len(first["syslogConfigurations"]) == 2 and len(rest["syslogConfigurations"]) == 1
    assert first["syslogConfigurations"][0]["sourceType"] == "VPCE"
    logs.delete_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=endpoint)
    logs.delete_syslog_configuration(logGroupIdentifier=GROUP)
    assert told() == {("/syslog/other", other)}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_syslog_configuration(logGroupIdentifier=GROUP)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"logGroupIdentifier": "/none"}, "ResourceNotFoundException"),
        ({"vpcEndpointId": "vpce-0123"}, "ResourceNotFoundException"),
        ({"vpcEndpointId": "x"}, "InvalidParameterException"),
    ],
)
def test_what_is_refused(logs, endpoint, asked, code):
    with pytest.raises(ClientError) as told:
        logs.put_syslog_configuration(
            **{"logGroupIdentifier": GROUP, "vpcEndpointId": endpoint} | asked
        )
    assert told.value.response["Error"]["Code"] == code


def test_an_endpoint_of_another_service_is_refused(lab, logs, ec2):
    other = make_endpoint(ec2, "logs")
    with pytest.raises(ClientError, match="syslog-logs"):
        logs.put_syslog_configuration(logGroupIdentifier=GROUP, vpcEndpointId=other)
    for given in (other, "vpce-0"):
        with pytest.raises(LabError, match="syslog-logs"):
            lab.syslog(given)
