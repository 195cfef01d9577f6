"""What the notes name as examples of CloudTrail's events, done through boto3 and looked up."""

import gzip
import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
     "Action": "sts:AssumeRole"}]})  # fmt: skip
BUCKET = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
     "Action": ["s3:PutObject", "s3:GetBucketAcl"],
     "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"]}]})  # fmt: skip
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def attach(lab):
    iam = lab.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)


def subnet(lab):
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    return ec2, vpc, made


def route(lab):
    ec2, vpc, _ = subnet(lab)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def delete_subnet(lab):
    ec2, _, made = subnet(lab)
    ec2.delete_subnet(SubnetId=made)


def trail(lab):
    lab.client("s3").create_bucket(Bucket="proof")
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=BUCKET)
    client = lab.client("cloudtrail")
    client.create_trail(Name="audit", S3BucketName="proof")
    client.start_logging(Name="audit")
    return client


def looked_up(lab, name):
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = lab.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    return [json.loads(one["CloudTrailEvent"]) for one in found]


@pytest.mark.parametrize(
    ("act", "source", "name", "asked"),
    [
        (attach, "iam.amazonaws.com", "AttachRolePolicy",
         {"roleName": "r", "policyArn": READ_ONLY}),
        (subnet, "ec2.amazonaws.com", "CreateSubnet", {"cidrBlock": "10.0.1.0/24"}),
        (delete_subnet, "ec2.amazonaws.com", "DeleteSubnet", {}),
        (route, "ec2.amazonaws.com", "CreateRoute", {"destinationCidrBlock": "0.0.0.0/0"}),
        (trail, "cloudtrail.amazonaws.com", "CreateTrail", {"s3BucketName": "proof"}),
        (trail, "cloudtrail.amazonaws.com", "StartLogging", {"name": "audit"}),
    ],
)  # fmt: skip
def test_management_events_of_the_notes(lab, act, source, name, asked):
    act(lab)
    (record,) = looked_up(lab, name)
    assert record["eventSource"] == source
    assert record["managementEvent"] is True
    assert record["readOnly"] is False
    assert record["userIdentity"]["userName"] == "learner"
    assert asked.items() <= record["requestParameters"].items()


def test_attach_policy_is_no_event(lab):
    """The notes say AttachPolicy; the calls are AttachRolePolicy, -User- and -Group-."""
    attach(lab)
    assert looked_up(lab, "AttachPolicy") == []


def test_a_denied_call_is_recorded_with_who_tried(lab):
    nobody = lab.user("mallory")
    lab.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    with pytest.raises(ClientError):
        nobody.client("dynamodb").delete_table(TableName="orders")
    (record,) = looked_up(lab, "DeleteTable")
    assert record["errorCode"] == "AccessDenied"
    assert record["userIdentity"]["userName"] == "mallory"
    assert record["responseElements"] is None


def test_who_invoked_a_function_is_a_data_event_of_a_trail_that_asks(lab):
    """By whom, when and which function: in the trail's file, never in event history."""
    client = trail(lab)
    iam, functions = lab.client("iam"), lab.client("lambda")
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return 1\n")
    arn = functions.create_function(
        FunctionName="greet", Runtime="python3.12", Role=role, Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]  # fmt: skip
    functions.invoke(FunctionName="greet")
    client.put_event_selectors(
        TrailName="audit",
        EventSelectors=[{
            "ReadWriteType": "All", "IncludeManagementEvents": False,
            "DataResources": [{"Type": "AWS::Lambda::Function", "Values": [arn]}],
        }],
    )  # fmt: skip
    functions.invoke(FunctionName="greet")
    lab.advance(minutes=10)
    s3 = lab.client("s3")
    found = s3.list_objects_v2(Bucket="proof", Prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/")
    records = [
        record
        for one in found["Contents"]
        for record in json.loads(
            gzip.decompress(s3.get_object(Bucket="proof", Key=one["Key"])["Body"].read())
        )["Records"]
    ]
    (invoked,) = [one for one in records if one["eventName"] == "Invoke"]
    assert invoked["eventCategory"] == "Data"
    assert invoked["managementEvent"] is False
    assert invoked["userIdentity"]["userName"] == "learner"
    assert invoked["requestParameters"]["functionName"] in ("greet", arn)
    assert looked_up(lab, "Invoke") == []


def test_a_trail_writes_its_events_to_a_log_group(lab):
    """The stream is named for account and Region; each event is a line of its own."""
    client, logs, iam = trail(lab), lab.client("logs"), lab.client("iam")
    logs.create_log_group(logGroupName="trail")
    trust = TRUST.replace("lambda", "cloudtrail")
    role = iam.create_role(RoleName="to-logs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="to-logs", PolicyName="write", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:log-stream:*"}]}),
    )  # fmt: skip
    client.update_trail(
        Name="audit", CloudWatchLogsRoleArn=role,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:*",
    )  # fmt: skip
    lab.client("sqs").create_queue(QueueName="q")
    lab.advance(minutes=10)
    stream = f"{ACCOUNT}_CloudTrail_us-east-1"
    events = logs.get_log_events(logGroupName="trail", logStreamName=stream)["events"]
    assert "CreateQueue" in {json.loads(one["message"])["eventName"] for one in events}
