"""What people ask of AWS, in detail: requests and answers of the calls of a past.

A read needs no detail: CloudTrail writes none of its answer. Of a call that changes something the
record names what was changed, so each such operation has a few things of its Region to do it to.
Names of things come from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from labkit.core.jsontext import dumps
from labkit.core.past_calls import Deed

#: Things of a kind that people work with in one Region.
POOL = 12

_READS = ("Get", "List", "Describe", "Lookup", "Head", "Decrypt", "GenerateDataKey", "AssumeRole")
_MESSAGES = {
    "RequestLimitExceeded": "Request limit exceeded.",
    "UnauthorizedOperation": "You are not authorized to perform this operation.",
}
#: IAM actions begin with another name than botocore's service.
_PREFIX = {"cloudwatch": "cloudwatch", "logs": "logs"}


class Things:
    """The instances, snapshots and functions of one account and Region.

    Parameters
    ----------
    seed, account, region:
        Whose; ids are made from them.
    """

    def __init__(self, seed: int, account: str, region: str) -> None:
        self.account, self.region = account, region
        self._name = f"{seed}/{account}/{region}"

    def id(self, prefix: str, number: int) -> str:
        """An id like ``i-0c2f...``: always the same for the same number."""
        text = f"{self._name}/{prefix}/{number}"
        return f"{prefix}-0{blake2b(text.encode(), digest_size=8).hexdigest()}"

    def letters(self, prefix: str, number: int) -> str:
        """An access key id."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        raw = blake2b(f"{self._name}/{prefix}/{number}".encode(), digest_size=16).digest()
        return prefix + "".join(alphabet[byte & 31] for byte in raw)


def _run(things: Things, n: int) -> tuple[Any, Any]:
    image, subnet = things.id("ami", 0), things.id("subnet", n % 3)
    kind = ("t3.micro", "t3.small", "m5.large")[n % 3]
    asked = {
        "ImageId": image, "InstanceType": kind, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet,
    }  # fmt: skip
    made = {
        "InstanceId": things.id("i", n), "ImageId": image, "InstanceType": kind,
        "SubnetId": subnet, "State": {"Code": 0, "Name": "pending"},
    }  # fmt: skip
    return asked, {"Instances": [made], "OwnerId": things.account}


def _state(before: tuple[int, str], now: tuple[int, str], key: str) -> Callable[..., Any]:
    def make(things: Things, n: int) -> tuple[Any, Any]:
        instance = things.id("i", n)
        changed = {
            "InstanceId": instance,
            "CurrentState": {"Code": now[0], "Name": now[1]},
            "PreviousState": {"Code": before[0], "Name": before[1]},
        }
        return {"InstanceIds": [instance]}, {key: [changed]}

    return make


def _user(things: Things, n: int) -> str:
    return ("mara", "jonas", "lena", "chiara")[n % 4]


def _create_key(things: Things, n: int) -> tuple[Any, Any]:
    user = _user(things, n)
    key = {"UserName": user, "AccessKeyId": things.letters("AKIA", n), "Status": "Active",
           "SecretAccessKey": "HIDDEN"}  # fmt: skip
    return {"UserName": user}, {"AccessKey": key}


def _function(things: Things, n: int) -> tuple[Any, Any]:
    name = ("checkout", "payment", "catalogue", "cart")[n % 4]
    arn = f"arn:aws:lambda:{things.region}:{things.account}:function:{name}"
    answer = {"FunctionName": name, "FunctionArn": arn, "Version": "$LATEST"}
    return {"FunctionName": name, "Publish": False}, answer


#: operation -> (request, answer) about the n-th thing of its kind.
_MAKERS: dict[str, Callable[[Things, int], tuple[Any, Any]]] = {
    "RunInstances": _run,
    "TerminateInstances": _state(
        (16, "running"), (32, "shutting-down"), "TerminatingInstances"
    ),
    "StopInstances": _state((16, "running"), (64, "stopping"), "StoppingInstances"),
    "StartInstances": _state((80, "stopped"), (0, "pending"), "StartingInstances"),
    "CreateSnapshot": lambda t, n: (
        {"VolumeId": t.id("vol", n), "Description": "nightly"},
        {"SnapshotId": t.id("snap", n), "VolumeId": t.id("vol", n), "State": "pending"},
    ),
    "DeleteSnapshot": lambda t, n: ({"SnapshotId": t.id("snap", n)}, {}),
    "DeleteSubnet": lambda t, n: ({"SubnetId": t.id("subnet", n)}, {}),
    "DeleteRoute": lambda t, n: (
        {"RouteTableId": t.id("rtb", n), "DestinationCidrBlock": "0.0.0.0/0"}, {},
    ),
    "CreateTags": lambda t, n: (
        {"Resources": [t.id("i", n)], "Tags": [{"Key": "release", "Value": f"r{n}"}]}, {},
    ),
    "CreateKeyPair": lambda t, n: (
        {"KeyName": f"key-{n}"}, {"KeyName": f"key-{n}", "KeyPairId": t.id("key", n)},
    ),
    "AuthorizeSecurityGroupIngress": lambda t, n: (
        {"GroupId": t.id("sg", n), "IpPermissions": [{
            "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
        {"Return": True},
    ),
    "PutMetricAlarm": lambda t, n: (
        {"AlarmName": f"cpu-{n}", "MetricName": "CPUUtilization", "Namespace": "AWS/EC2",
         "Statistic": "Average", "Period": 300, "EvaluationPeriods": 2, "Threshold": 80.0,
         "ComparisonOperator": "GreaterThanThreshold"},
        {},
    ),
    "SetAlarmState": lambda t, n: (
        {"AlarmName": f"cpu-{n}", "StateValue": "ALARM", "StateReason": "drill"}, {},
    ),
    "UpdateFunctionCode": _function,
    "UpdateStack": lambda t, n: (
        {"StackName": f"shop-{n % 4}"},
        {"StackId": f"arn:aws:cloudformation:{t.region}:{t.account}:stack/shop-{n % 4}/1"},
    ),
    "AttachRolePolicy": lambda t, n: (
        {"RoleName": "developer", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, {},
    ),
    "AttachUserPolicy": lambda t, n: (
        {"UserName": _user(t, n), "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, {},
    ),
    "CreateAccessKey": _create_key,
    "CreateUser": lambda t, n: ({"UserName": f"support-{n}"}, {"User": {
        "Path": "/", "UserName": f"support-{n}",
        "Arn": f"arn:aws:iam::{t.account}:user/support-{n}"}}),
    "DescribeTable": lambda t, n: ({"TableName": ("orders", "carts")[n % 2]}, None),
    "ListAccessKeys": lambda t, n: ({"UserName": _user(t, n)}, None),
    "GetDashboard": lambda t, n: ({"DashboardName": "shop"}, None),
    "GetParameter": lambda t, n: ({"Name": "/shop/payment/key", "WithDecryption": True}, None),
    "Decrypt": lambda t, n: ({"EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, None),
    "StopLogging": lambda t, n: ({"Name": "audit"}, {}),
}  # fmt: skip


def deed(
    things: Things, service: str, operation: str, number: int = 0, error: str = "", who: str = ""
) -> Deed:
    """A call about the ``number``-th thing of its kind.

    Parameters
    ----------
    things:
        Of the account and Region.
    service, operation:
        botocore's name and AWS's name.
    number:
        Which thing; ids differ for each.
    error:
        boto3's error code, when AWS refuses.
    who:
        The caller's ARN, for the message of a refusal.
    """
    make = _MAKERS.get(operation)
    asked, told = make(things, number) if make else (None, None)
    read = operation.startswith(_READS)
    message = ""
    if error:
        action = f"{_PREFIX.get(service, service)}:{operation}"
        message = _MESSAGES.get(error) or (
            f"User: {who} is not authorized to perform: {action} because no identity-based policy "
            f"allows the {action} action"
        )
    answer = "null" if error or told is None else dumps(told)
    return Deed(service, operation, read, dumps(asked), answer, error, message)


@lru_cache(maxsize=64)
def _alike(service: str, operation: str) -> bool:
    return operation not in _MAKERS


def pool(
    things: Things, service: str, operation: str, error: str = "", who: str = ""
) -> Sequence[Deed]:
    """The deeds that a habit chooses from: one when they are all alike."""
    many = 1 if _alike(service, operation) else POOL
    return [deed(things, service, operation, n, error, who) for n in range(many)]


def assume(account: str, region: str, who: dict[str, str], as_: dict[str, str]) -> Deed:
    """``sts:AssumeRole``: somebody becomes a role's session (a read that is answered)."""
    asked = {"RoleArn": as_["issuer_arn"], "RoleSessionName": as_["name"]}
    told = {
        "Credentials": {"AccessKeyId": as_["access_key_id"]},
        "AssumedRoleUser": {"AssumedRoleId": as_["principal_id"], "Arn": as_["arn"]},
    }
    return Deed("sts", "AssumeRole", True, dumps(asked), dumps(told))
