"""Who works at Teapot, and what they do all day: the tables behind :mod:`labkit.workloads.people`.

Addresses are of the ranges that RFC 5737 keeps for documentation, so that none belongs to anybody:
203.0.113.0/24 is the office, 198.51.100.0/24 are homes and machines, 192.0.2.0/24 is a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass

OFFICE, STRANGER = "203.0.113.10", "192.0.2.66"
CONSOLE = "console.amazonaws.com"
CLI = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 lang/python#3.13"
SDK = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 lang/python#3.12"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22"
FOREIGN = "python-requests/2.19.1"


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody, or something, that calls AWS.

    Parameters
    ----------
    name:
        Of the IAM user, or of the role's session.
    role:
        The role's name; empty for an IAM user.
    source_ip, user_agent:
        From where and with what.
    does:
        In a few words, for tables.
    """

    name: str
    role: str
    source_ip: str
    user_agent: str
    does: str


#: Every face by its short name. Of a role's session the name is the session's.
FACES = {
    face.name: face
    for face in (
        Face("mara", "", OFFICE, CONSOLE, "on-call lead"),
        Face("jonas", "", OFFICE, CONSOLE, "finance"),
        Face("priya", "security-audit", "203.0.113.24", CLI, "security"),
        Face("tomas", "developer", "198.51.100.7", SDK, "developer"),
        Face("lena", "", OFFICE, CONSOLE, "customer support"),
        Face("chiara", "", "203.0.113.31", CLI, "build engineer"),
        Face("chiara-ci", "deploy", "198.51.100.40", TERRAFORM, "deployments"),
        Face("shop-web", "shop-web", "198.51.100.80", SDK, "the shop's machines"),
        Face("nightly", "nightly-backup", "198.51.100.90", SDK, "backups at night"),
        Face("watcher", "monitoring", "198.51.100.95", SDK, "looks every few minutes"),
    )
}

#: Who calls day and night.
PROGRAMS = ("shop-web", "watcher", "nightly")

#: Who takes on which role in the morning: the IAM user, the session.
ASSUMED = (("chiara", "chiara-ci"),)


@dataclass(frozen=True, slots=True)
class Habit:
    """Something that somebody does again and again.

    Parameters
    ----------
    who:
        A face.
    service, operation:
        As in :class:`labkit.core.past_calls.Deed`.
    hourly:
        Calls an hour at the busiest.
    when:
        A profile of :data:`labkit.workloads.people.PROFILES`.
    regions:
        Where.
    error:
        boto3's error code when it never works.
    """

    who: str
    service: str
    operation: str
    hourly: float
    when: str = "office"
    regions: tuple[str, ...] = ("us-east-1",)
    error: str = ""


_BOTH = ("us-east-1", "eu-west-1")
HABITS = (
    Habit("mara", "cloudwatch", "DescribeAlarms", 12, regions=_BOTH),
    Habit("mara", "cloudwatch", "GetDashboard", 6),
    Habit("mara", "ec2", "DescribeInstances", 9, regions=_BOTH),
    Habit("mara", "cloudwatch", "PutMetricAlarm", 0.4, regions=_BOTH),
    Habit("mara", "cloudwatch", "SetAlarmState", 0.1),
    Habit("mara", "ec2", "StopInstances", 0.1),
    Habit("mara", "ec2", "StartInstances", 0.1),
    Habit("jonas", "s3", "ListBuckets", 2),
    Habit("jonas", "ec2", "DescribeInstances", 2),
    Habit("jonas", "iam", "ListUsers", 0.2, error="AccessDenied"),
    Habit("priya", "iam", "ListUsers", 3),
    Habit("priya", "iam", "GetAccountAuthorizationDetails", 0.5),
    Habit("priya", "iam", "ListAccessKeys", 4),
    Habit("priya", "ec2", "DescribeSecurityGroups", 6, regions=_BOTH),
    Habit("priya", "cloudtrail", "LookupEvents", 5, regions=_BOTH),
    Habit("priya", "iam", "AttachRolePolicy", 0.06),
    Habit("tomas", "lambda", "ListFunctions", 14, regions=_BOTH),
    Habit("tomas", "dynamodb", "DescribeTable", 16),
    Habit("tomas", "logs", "DescribeLogGroups", 12),
    Habit("tomas", "lambda", "UpdateFunctionCode", 0.8),
    Habit("tomas", "ec2", "CreateTags", 0.5),
    Habit("tomas", "ec2", "RunInstances", 0.12),
    Habit("tomas", "ec2", "TerminateInstances", 0.1),
    Habit("tomas", "kms", "ListKeys", 0.3, error="AccessDeniedException"),
    Habit("lena", "s3", "ListBuckets", 3),
    Habit("lena", "cloudwatch", "DescribeAlarms", 2),
    Habit("chiara", "iam", "ListRoles", 1.5),
    Habit("chiara-ci", "cloudformation", "DescribeStacks", 90, "deploys", _BOTH),
    Habit("chiara-ci", "lambda", "UpdateFunctionCode", 24, "deploys"),
    Habit("chiara-ci", "ec2", "CreateTags", 12, "deploys", _BOTH),
    Habit("chiara-ci", "cloudformation", "UpdateStack", 180, "release", _BOTH),
    Habit("chiara-ci", "ec2", "RunInstances", 60, "release"),
    Habit("chiara-ci", "ec2", "TerminateInstances", 60, "release"),
    Habit("chiara-ci", "ec2", "CreateTags", 120, "release", _BOTH),
    Habit("shop-web", "ssm", "GetParameter", 24, "always"),
    Habit("shop-web", "kms", "Decrypt", 30, "always"),
    Habit("shop-web", "kms", "GenerateDataKey", 8, "always"),
    Habit("shop-web", "sqs", "GetQueueUrl", 6, "always"),
    Habit("nightly", "ec2", "DescribeVolumes", 60, "night", _BOTH),
    Habit("nightly", "ec2", "CreateSnapshot", 40, "night", _BOTH),
    Habit("nightly", "ec2", "DeleteSnapshot", 80, "sunday", _BOTH),
    Habit("watcher", "ec2", "DescribeInstances", 12, "always", _BOTH),
    Habit("watcher", "cloudwatch", "DescribeAlarms", 12, "always", _BOTH),
    Habit("watcher", "ec2", "DescribeInstanceStatus", 4, "always", _BOTH, "RequestLimitExceeded"),
)
