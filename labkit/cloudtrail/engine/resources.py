"""Which resources a call is about: ``Resources`` of a look-up, ``resources`` of a record.

AWS does not publish the list; these are the common operations of the services of this kit. The
names are those that stand in the request or in the answer: an instance's id, a bucket's name, a
role's name, a topic's ARN.

Sources: CloudTrail user guide, view-cloudtrail-events-cli (``AWS::S3::Bucket``, a role's name);
IAM user guide, cloudtrail-integration, and S3 and KMS pages for the ``resources`` of records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Prefix of an EC2 id -> resource type, for calls that take ids of any kind.
EC2_TYPES: Mapping[str, str] = {
    "ami": "AWS::EC2::Ami",
    "eipalloc": "AWS::EC2::EIP",
    "eni": "AWS::EC2::NetworkInterface",
    "fl": "AWS::EC2::FlowLog",
    "i": "AWS::EC2::Instance",
    "igw": "AWS::EC2::InternetGateway",
    "rtb": "AWS::EC2::RouteTable",
    "sg": "AWS::EC2::SecurityGroup",
    "snap": "AWS::EC2::Snapshot",
    "subnet": "AWS::EC2::Subnet",
    "vol": "AWS::EC2::Volume",
    "vpc": "AWS::EC2::VPC",
}

_INSTANCE = "AWS::EC2::Instance"
_GROUP = "AWS::EC2::SecurityGroup"
_BUCKET, _OBJECT = "AWS::S3::Bucket", "AWS::S3::Object"
_USER, _ROLE, _POLICY = "AWS::IAM::User", "AWS::IAM::Role", "AWS::IAM::Policy"
_GROUP_OF_USERS, _PROFILE = "AWS::IAM::Group", "AWS::IAM::InstanceProfile"
_KEY_OF_USER = "AWS::IAM::AccessKey"
_TOPIC, _SUBSCRIPTION = "AWS::SNS::Topic", "AWS::SNS::Subscription"
_QUEUE = "AWS::SQS::Queue"
_ALARM, _DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"
_STREAM = "AWS::CloudWatch::MetricStream"
_BY_PREFIX = ""

#: (service, operation) -> ((type, path), ...). A path begins with ``<`` for the request or ``>``
#: for the answer and goes by boto3's names; ``*`` is every item of a list. The type ``""`` stands
#: for "by the prefix of the id".
RESOURCES: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    # What KMS does by itself (service events).
    ("kms", "DeleteKey"): (("AWS::KMS::Key", "<KeyId"),),
    ("kms", "RotateKey"): (("AWS::KMS::Key", "<KeyId"),),
    ("ec2", "RunInstances"): (
        (_INSTANCE, ">Instances.*.InstanceId"),
        ("AWS::EC2::Ami", "<ImageId"),
        ("AWS::EC2::Subnet", ">Instances.*.SubnetId"),
        ("AWS::EC2::VPC", ">Instances.*.VpcId"),
        (_GROUP, ">Instances.*.SecurityGroups.*.GroupId"),
        ("AWS::EC2::NetworkInterface", ">Instances.*.NetworkInterfaces.*.NetworkInterfaceId"),
        ("AWS::EC2::KeyPair", "<KeyName"),
    ),
    **{
        ("ec2", operation): ((_INSTANCE, "<InstanceIds.*"),)
        for operation in (
            "StartInstances", "StopInstances", "TerminateInstances", "RebootInstances",
            "MonitorInstances", "UnmonitorInstances",
        )
    },
    ("ec2", "ModifyInstanceAttribute"): ((_INSTANCE, "<InstanceId"),),
    ("ec2", "ModifyInstanceMetadataOptions"): ((_INSTANCE, "<InstanceId"),),
    ("ec2", "CreateTags"): ((_BY_PREFIX, "<Resources.*"),),
    ("ec2", "DeleteTags"): ((_BY_PREFIX, "<Resources.*"),),
    ("ec2", "CreateFlowLogs"): (
        ("AWS::EC2::FlowLog", ">FlowLogIds.*"), (_BY_PREFIX, "<ResourceIds.*"),
    ),
    ("ec2", "DeleteFlowLogs"): (("AWS::EC2::FlowLog", "<FlowLogIds.*"),),
    ("ec2", "CreateSecurityGroup"): (
        (_GROUP, ">GroupId"), (_GROUP, "<GroupName"), ("AWS::EC2::VPC", "<VpcId"),
    ),
    **{
        ("ec2", operation): ((_GROUP, "<GroupId"), (_GROUP, "<GroupName"))
        for operation in (
            "DeleteSecurityGroup", "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
        )
    },
    ("ec2", "CreateKeyPair"): (("AWS::EC2::KeyPair", "<KeyName"),),
    ("ec2", "ImportKeyPair"): (("AWS::EC2::KeyPair", "<KeyName"),),
    ("ec2", "DeleteKeyPair"): (("AWS::EC2::KeyPair", "<KeyName"),),
    ("ec2", "CreateVpc"): (("AWS::EC2::VPC", ">Vpc.VpcId"),),
    ("ec2", "DeleteVpc"): (("AWS::EC2::VPC", "<VpcId"),),
    ("ec2", "CreateSubnet"): (
        ("AWS::EC2::Subnet", ">Subnet.SubnetId"), ("AWS::EC2::VPC", "<VpcId"),
    ),
    ("ec2", "DeleteSubnet"): (("AWS::EC2::Subnet", "<SubnetId"),),
    ("ec2", "CreateVolume"): (("AWS::EC2::Volume", ">VolumeId"),),
    ("ec2", "DeleteVolume"): (("AWS::EC2::Volume", "<VolumeId"),),
    ("ec2", "AttachVolume"): (("AWS::EC2::Volume", "<VolumeId"), (_INSTANCE, "<InstanceId")),
    ("ec2", "DetachVolume"): (("AWS::EC2::Volume", "<VolumeId"), (_INSTANCE, "<InstanceId")),
    ("ec2", "CreateSnapshot"): (
        ("AWS::EC2::Snapshot", ">SnapshotId"), ("AWS::EC2::Volume", "<VolumeId"),
    ),
    ("ec2", "DeleteSnapshot"): (("AWS::EC2::Snapshot", "<SnapshotId"),),
    ("ec2", "CreateImage"): (("AWS::EC2::Ami", ">ImageId"), (_INSTANCE, "<InstanceId")),
    ("ec2", "DeregisterImage"): (("AWS::EC2::Ami", "<ImageId"),),
    ("sns", "CreateTopic"): ((_TOPIC, ">TopicArn"),),
    ("sns", "Subscribe"): ((_TOPIC, "<TopicArn"), (_SUBSCRIPTION, ">SubscriptionArn")),
    ("sns", "ConfirmSubscription"): (
        (_TOPIC, "<TopicArn"), (_SUBSCRIPTION, ">SubscriptionArn"),
    ),
    ("sns", "Unsubscribe"): ((_SUBSCRIPTION, "<SubscriptionArn"),),
    ("sns", "SetSubscriptionAttributes"): ((_SUBSCRIPTION, "<SubscriptionArn"),),
    **{
        ("sns", operation): ((_TOPIC, "<TopicArn"),)
        for operation in (
            "DeleteTopic", "SetTopicAttributes", "GetTopicAttributes", "AddPermission",
            "RemovePermission", "ListSubscriptionsByTopic", "Publish", "PublishBatch",
        )
    },
    ("sqs", "CreateQueue"): ((_QUEUE, ">QueueUrl"), (_QUEUE, "<QueueName")),
    **{
        ("sqs", operation): ((_QUEUE, "<QueueUrl"),)
        for operation in (
            "DeleteQueue", "SetQueueAttributes", "PurgeQueue", "AddPermission",
            "RemovePermission", "TagQueue", "UntagQueue",
        )
    },
    **{
        ("iam", operation): ((_USER, "<UserName"),)
        for operation in (
            "CreateUser", "DeleteUser", "UpdateUser", "GetUser", "TagUser", "UntagUser",
            "CreateLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile", "PutUserPolicy",
            "DeleteUserPolicy", "PutUserPermissionsBoundary",
        )
    },
    ("iam", "CreateAccessKey"): (
        (_KEY_OF_USER, ">AccessKey.AccessKeyId"), (_USER, ">AccessKey.UserName"),
    ),
    ("iam", "DeleteAccessKey"): ((_KEY_OF_USER, "<AccessKeyId"), (_USER, "<UserName")),
    ("iam", "UpdateAccessKey"): ((_KEY_OF_USER, "<AccessKeyId"), (_USER, "<UserName")),
    ("iam", "AttachUserPolicy"): ((_POLICY, "<PolicyArn"), (_USER, "<UserName")),
    ("iam", "DetachUserPolicy"): ((_POLICY, "<PolicyArn"), (_USER, "<UserName")),
    **{
        ("iam", operation): ((_ROLE, "<RoleName"),)
        for operation in (
            "CreateRole", "DeleteRole", "UpdateRole", "GetRole", "TagRole", "UntagRole",
            "PutRolePolicy", "DeleteRolePolicy", "UpdateAssumeRolePolicy",
            "PutRolePermissionsBoundary",
        )
    },
    ("iam", "AttachRolePolicy"): ((_POLICY, "<PolicyArn"), (_ROLE, "<RoleName")),
    ("iam", "DetachRolePolicy"): ((_POLICY, "<PolicyArn"), (_ROLE, "<RoleName")),
    ("iam", "CreateGroup"): ((_GROUP_OF_USERS, "<GroupName"),),
    ("iam", "DeleteGroup"): ((_GROUP_OF_USERS, "<GroupName"),),
    ("iam", "PutGroupPolicy"): ((_GROUP_OF_USERS, "<GroupName"),),
    ("iam", "AttachGroupPolicy"): ((_POLICY, "<PolicyArn"), (_GROUP_OF_USERS, "<GroupName")),
    ("iam", "DetachGroupPolicy"): ((_POLICY, "<PolicyArn"), (_GROUP_OF_USERS, "<GroupName")),
    ("iam", "AddUserToGroup"): ((_GROUP_OF_USERS, "<GroupName"), (_USER, "<UserName")),
    ("iam", "RemoveUserFromGroup"): ((_GROUP_OF_USERS, "<GroupName"), (_USER, "<UserName")),
    ("iam", "CreatePolicy"): ((_POLICY, ">Policy.Arn"), (_POLICY, "<PolicyName")),
    ("iam", "DeletePolicy"): ((_POLICY, "<PolicyArn"),),
    ("iam", "CreatePolicyVersion"): ((_POLICY, "<PolicyArn"),),
    ("iam", "SetDefaultPolicyVersion"): ((_POLICY, "<PolicyArn"),),
    ("iam", "CreateInstanceProfile"): ((_PROFILE, "<InstanceProfileName"),),
    ("iam", "DeleteInstanceProfile"): ((_PROFILE, "<InstanceProfileName"),),
    ("iam", "AddRoleToInstanceProfile"): (
        (_PROFILE, "<InstanceProfileName"), (_ROLE, "<RoleName"),
    ),
    ("sts", "AssumeRole"): (
        ("AWS::IAM::Role", "<RoleArn"),
        ("AWS::STS::AssumedRole", ">AssumedRoleUser.Arn"),
        ("AWS::IAM::AccessKey", ">Credentials.AccessKeyId"),
    ),
    ("cloudwatch", "PutMetricAlarm"): ((_ALARM, "<AlarmName"),),
    ("cloudwatch", "PutCompositeAlarm"): ((_ALARM, "<AlarmName"),),
    ("cloudwatch", "SetAlarmState"): ((_ALARM, "<AlarmName"),),
    ("cloudwatch", "DeleteAlarms"): ((_ALARM, "<AlarmNames.*"),),
    ("cloudwatch", "EnableAlarmActions"): ((_ALARM, "<AlarmNames.*"),),
    ("cloudwatch", "DisableAlarmActions"): ((_ALARM, "<AlarmNames.*"),),
    ("cloudwatch", "PutDashboard"): ((_DASHBOARD, "<DashboardName"),),
    ("cloudwatch", "DeleteDashboards"): ((_DASHBOARD, "<DashboardNames.*"),),
    ("cloudwatch", "PutMetricStream"): ((_STREAM, "<Name"),),
    ("cloudwatch", "DeleteMetricStream"): ((_STREAM, "<Name"),),
    ("logs", "CreateLogGroup"): (("AWS::Logs::LogGroup", "<logGroupName"),),
    ("logs", "DeleteLogGroup"): (("AWS::Logs::LogGroup", "<logGroupName"),),
    ("logs", "PutRetentionPolicy"): (("AWS::Logs::LogGroup", "<logGroupName"),),
    ("events", "PutRule"): (("AWS::Events::Rule", "<Name"),),
    ("events", "DeleteRule"): (("AWS::Events::Rule", "<Name"),),
    ("events", "PutTargets"): (("AWS::Events::Rule", "<Rule"),),
    ("events", "RemoveTargets"): (("AWS::Events::Rule", "<Rule"),),
    ("dynamodb", "CreateTable"): (("AWS::DynamoDB::Table", "<TableName"),),
    ("dynamodb", "DeleteTable"): (("AWS::DynamoDB::Table", "<TableName"),),
    ("dynamodb", "UpdateTable"): (("AWS::DynamoDB::Table", "<TableName"),),
    ("lambda", "CreateFunction"): (("AWS::Lambda::Function", "<FunctionName"),),
    ("lambda", "DeleteFunction"): (("AWS::Lambda::Function", "<FunctionName"),),
    ("lambda", "UpdateFunctionCode"): (("AWS::Lambda::Function", "<FunctionName"),),
    ("cloudtrail", "CreateTrail"): (
        ("AWS::CloudTrail::Trail", "<Name"), (_BUCKET, "<S3BucketName"),
    ),
    ("cloudtrail", "UpdateTrail"): (("AWS::CloudTrail::Trail", "<Name"),),
    ("cloudtrail", "DeleteTrail"): (("AWS::CloudTrail::Trail", "<Name"),),
    ("cloudtrail", "StartLogging"): (("AWS::CloudTrail::Trail", "<Name"),),
    ("cloudtrail", "StopLogging"): (("AWS::CloudTrail::Trail", "<Name"),),
}  # fmt: skip

#: Every S3 call that names a bucket is about the bucket.
_ANY: Mapping[str, tuple[tuple[str, str], ...]] = {"s3": ((_BUCKET, "<Bucket"),)}


def paths_of(service: str, operation: str) -> tuple[tuple[str, str], ...]:
    """Where the resources of an operation stand; empty when nobody knows."""
    return RESOURCES.get((service, operation)) or _ANY.get(service, ())


def types_of(service: str, operation: str) -> frozenset[str]:
    """The resource types that a call of this operation can be about."""
    types = {kind for kind, _ in paths_of(service, operation)}
    if _BY_PREFIX in types:
        types = (types - {_BY_PREFIX}) | set(EC2_TYPES.values())
    return frozenset(types)


def resources(service: str, operation: str, request: Any, response: Any) -> list[dict[str, str]]:
    """``Resources`` of a look-up: type and name, each pair once."""
    found: dict[tuple[str, str], None] = {}
    for kind, path in paths_of(service, operation):
        root = request if path[0] == "<" else response
        for name in _walk(root, path[1:].split(".")):
            known = kind or EC2_TYPES.get(name.split("-", 1)[0], "")
            if known:
                found[(known, name)] = None
    return [{"ResourceType": kind, "ResourceName": name} for kind, name in found]


def _walk(value: Any, path: list[str]) -> Iterator[str]:
    if not path:
        if isinstance(value, str) and value:
            yield value
        return
    head, rest = path[0], path[1:]
    if head == "*":
        if isinstance(value, list):
            for item in value:
                yield from _walk(item, rest)
    elif isinstance(value, dict):
        yield from _walk(value.get(head), rest)


def arns(
    service: str, operation: str, request: Any, response: Any, account: str, region: str
) -> list[dict[str, str]]:
    """``resources`` of a record, for the services whose records have them."""
    if service == "s3" and isinstance(request.get("Bucket"), str):
        arn = f"arn:aws:s3:::{request['Bucket']}"
        bucket = {"accountId": account, "type": _BUCKET, "ARN": arn}
        key = request.get("Key")
        # An object's owner is not told: a bucket may hold objects of other accounts.
        return [{"type": _OBJECT, "ARN": f"{arn}/{key}"}, bucket] if key else [bucket]
    if service == "sts" and isinstance(request.get("RoleArn"), str):
        arn = request["RoleArn"]
        owner = arn.split(":")[4] if arn.count(":") >= 5 else account
        return [{"accountId": owner, "type": _ROLE, "ARN": arn}]
    if service == "kms":
        arn = key_arn(request, response, account, region)
        if arn:
            return [{"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}]
    return []


def key_arn(request: Any, response: Any, account: str, region: str) -> str:
    """The ARN of the KMS key that a call is about; empty when the call does not say which."""
    metadata = response.get("KeyMetadata") if isinstance(response, dict) else None
    if isinstance(metadata, dict) and isinstance(metadata.get("Arn"), str):
        arn: str = metadata["Arn"]
        return arn
    key = request.get("KeyId") or request.get("TargetKeyId")
    if not isinstance(key, str) or key.startswith("alias/"):
        return ""
    return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"
