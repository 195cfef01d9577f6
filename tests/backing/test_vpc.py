"""Flow logs: records while they exist, by resource, traffic type, format and destination."""

import gzip

import pytest
from emitted import Emitted, role

from labkit.core.errors import LabError


@pytest.fixture
def ec2(lab):
    return lab.client("ec2")


@pytest.fixture
def eni(lab, ec2):
    ec2.run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
    return ec2.describe_network_interfaces()["NetworkInterfaces"][0]


def watch(lab, ec2, resource, kind="NetworkInterface", **more):
    given = {
        "ResourceIds": [resource],
        "ResourceType": kind,
        "TrafficType": "ALL",
        "LogGroupName": "flows",
        **more,
    }
    if "LogDestination" not in given:
        given["DeliverLogsPermissionArn"] = more.get("DeliverLogsPermissionArn") or role(
            lab, "flows", "vpc-flow-logs.amazonaws.com", "logs:*"
        )
    return ec2.create_flow_logs(**given)["FlowLogIds"][0]


def flow(lab, eni, port=443, **more):
    return lab.parts.backing.vpc.flow(
        lab.account,
        "us-east-1",
        eni["NetworkInterfaceId"],
        more.pop("source", "198.51.100.9"),
        more.pop("destination", eni["PrivateIpAddress"]),
        50000,
        port,
        **more,
    )


def test_packets_of_a_flow_are_added_up_for_ten_minutes(lab, ec2, eni):
    watch(lab, ec2, eni["NetworkInterfaceId"])
    emitted = Emitted(lab)
    started = int(lab.now.timestamp())
    flow(lab, eni, packets=3, size=300, action="ACCEPT")
    lab.advance(minutes=1)
    flow(lab, eni, packets=4, size=500, action="ACCEPT")
    flow(lab, eni, port=22, packets=1, size=40, action="REJECT")
    lab.run_until("09:09")
    assert emitted.lines() == []
    lab.run_until("09:10")
    name, own = eni["NetworkInterfaceId"], eni["PrivateIpAddress"]
    head = f"2 {lab.account} {name} 198.51.100.9 {own} 50000"
    assert emitted.lines("flows") == [
        f"{head} 443 6 7 800 {started} {started + 60} ACCEPT OK",
        f"{head} 22 6 1 40 {started + 60} {started + 61} REJECT OK",
    ]
    assert emitted.of("log.emitted")[0]["log_stream"] == f"{name}-all"


def test_nothing_without_a_flow_log_and_nothing_after_it_is_deleted(lab, ec2, eni):
    emitted = Emitted(lab)
    flow(lab, eni)
    lab.advance(minutes=20)
    made = watch(lab, ec2, eni["VpcId"], "VPC", MaxAggregationInterval=60)
    flow(lab, eni)
    lab.advance(minutes=1)
    assert len(emitted.lines()) == 1
    flow(lab, eni)
    ec2.delete_flow_logs(FlowLogIds=[made])
    flow(lab, eni)
    lab.advance(minutes=20)
    assert len(emitted.lines()) == 1


def test_traffic_type_resource_and_format(lab, ec2, eni):
    watch(
        lab,
        ec2,
        eni["SubnetId"],
        "Subnet",
        TrafficType="REJECT",
        MaxAggregationInterval=60,
        LogFormat="${action} ${dstport} ${vpc-id} ${flow-direction} ${tcp-flags}",
    )
    emitted = Emitted(lab)
    flow(lab, eni, action="ACCEPT")
    flow(lab, eni, port=23, action="REJECT")
    lab.advance(minutes=1)
    assert emitted.lines() == [f"REJECT 23 {eni['VpcId']} ingress 2"]


def test_security_groups_decide(lab, ec2, eni):
    group = eni["Groups"][0]["GroupId"]
    assert flow(lab, eni) == "REJECT"
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="198.51.100.0/24"
    )
    assert flow(lab, eni) == "ACCEPT"
    assert flow(lab, eni, source="203.0.113.1") == "REJECT" and flow(lab, eni, 80) == "REJECT"
    assert flow(lab, eni, protocol=17) == "REJECT"
    away = {"source": eni["PrivateIpAddress"], "destination": "203.0.113.1"}
    assert flow(lab, eni, **away) == "ACCEPT"


def test_a_role_that_may_not_write_fails_the_delivery(lab, ec2, eni):
    arn = role(lab, "poor", "vpc-flow-logs.amazonaws.com")
    watch(
        lab,
        ec2,
        eni["NetworkInterfaceId"],
        MaxAggregationInterval=60,
        DeliverLogsPermissionArn=arn,
    )
    emitted = Emitted(lab)
    flow(lab, eni)
    lab.advance(minutes=1)
    assert emitted.lines() == []
    (shown,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (shown["DeliverLogsStatus"], shown["DeliverLogsErrorMessage"]) == (
        "FAILED",
        "Access error",
    )


def test_flow_logs_go_to_s3_as_well(lab, ec2, eni):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="flows-1")
    ec2.create_flow_logs(
        ResourceIds=[eni["NetworkInterfaceId"]],
        ResourceType="NetworkInterface",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows-1",
        MaxAggregationInterval=60,
    )
    flow(lab, eni)
    lab.advance(minutes=1)
    (item,) = s3.list_objects_v2(Bucket="flows-1")["Contents"]
    assert item["Key"].startswith(f"AWSLogs/{lab.account}/vpcflowlogs/us-east-1/2026/01/05/")
    body = s3.get_object(Bucket="flows-1", Key=item["Key"])["Body"].read()
    head, record = gzip.decompress(body).decode().splitlines()
    assert head.startswith("version account-id interface-id") and record.endswith("OK")


def test_an_interface_that_is_not_there(lab):
    with pytest.raises(LabError, match="no network interface"):
        lab.parts.backing.vpc.flow(lab.account, "us-east-1", "eni-0", "a", "b", 1, 2)


def stored(lab, group="flows"):
    logs = lab.client("logs")
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [(event["logStreamName"], event["timestamp"], event["message"]) for event in events]


def test_records_are_in_cloudwatch_logs_and_silence_is_a_record(lab, ec2, eni):
    made = watch(lab, ec2, eni["NetworkInterfaceId"], MaxAggregationInterval=60)
    begun = int(lab.now.timestamp())
    flow(lab, eni, port=22, packets=1, size=40, action="REJECT")
    started = int(lab.now.timestamp())
    lab.run_until("09:02")
    name, stream = eni["NetworkInterfaceId"], f"{eni['NetworkInterfaceId']}-all"
    nine = int(lab.start.timestamp())
    first, second = stored(lab)  # the group is made with the first record
    assert first[0] == stream
    assert first[1] // 1000 == started
    assert first[2].endswith(f"22 6 1 40 {started} {started + 1} REJECT OK")
    silent = f"2 {lab.account} {name} - - - - - - - {nine + 60} {nine + 120} - NODATA"
    assert second == (stream, (nine + 60) * 1000, silent)
    assert begun == nine
    ec2.delete_flow_logs(FlowLogIds=[made])
    lab.advance(minutes=5)
    assert len(stored(lab)) == 2


def test_a_group_that_the_role_may_not_make_must_be_there(lab, ec2, eni):
    may = ("logs:CreateLogStream", "logs:PutLogEvents")
    arn = role(lab, "writer", "vpc-flow-logs.amazonaws.com", *may)
    watch(lab, ec2, eni["NetworkInterfaceId"], DeliverLogsPermissionArn=arn)
    lab.run_until("09:10")
    assert lab.client("logs").describe_log_groups()["logGroups"] == []
    (shown,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (shown["DeliverLogsStatus"], shown["DeliverLogsErrorMessage"]) == (
        "FAILED", "Access error",
    )  # fmt: skip
    lab.client("logs").create_log_group(logGroupName="flows")
    lab.run_until("09:20")
    assert len(stored(lab)) == 1
    assert ec2.describe_flow_logs()["FlowLogs"][0]["DeliverLogsStatus"] == "SUCCESS"


def test_traffic_that_a_flow_log_passes_over_is_no_silence(lab, ec2, eni):
    watch(lab, ec2, eni["VpcId"], "VPC", TrafficType="REJECT", MaxAggregationInterval=60)
    emitted = Emitted(lab)
    flow(lab, eni, action="ACCEPT")
    lab.run_until("09:01")
    assert emitted.lines() == []
    lab.run_until("09:02")
    assert emitted.lines()[0].endswith("- NODATA")


def test_a_custom_format_has_the_version_of_its_fields(lab, ec2, eni):
    form = "${version} ${type} ${tcp-flags} ${flow-direction} ${traffic-path} ${reject-reason}"
    watch(lab, ec2, eni["SubnetId"], "Subnet", MaxAggregationInterval=60, LogFormat=form)
    emitted = Emitted(lab)
    flow(lab, eni, action="ACCEPT")
    flow(lab, eni, action="ACCEPT", source=eni["PrivateIpAddress"], destination="192.0.2.4")
    flow(lab, eni, action="ACCEPT", source=eni["PrivateIpAddress"], destination="172.31.0.9")
    flow(lab, eni, port=53, protocol=17, action="ACCEPT")
    flow(lab, eni, port=22, action="REJECT", tcp_flags=18)
    lab.run_until("09:02")
    assert emitted.lines() == [
        "8 IPv4 3 ingress - -",
        "8 IPv4 3 egress 8 -",
        "8 IPv4 3 egress 1 -",
        "8 IPv4 0 ingress - -",
        "8 IPv4 18 ingress - -",
        "8 - - - - -",
    ]


def test_too_many_flows_are_skipped_and_that_is_said(lab, ec2, eni, monkeypatch):
    monkeypatch.setattr("labkit.backing.vpc.MOST_FLOWS", 3)
    watch(lab, ec2, eni["NetworkInterfaceId"], MaxAggregationInterval=60)
    emitted = Emitted(lab)
    for port in range(1, 6):
        flow(lab, eni, port=port, action="REJECT")
    lab.run_until("09:01")
    assert [line.split()[-1] for line in emitted.lines()] == ["OK", "OK", "OK", "SKIPDATA"]
