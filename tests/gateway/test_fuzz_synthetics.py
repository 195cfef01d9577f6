"""Synthetics with whatever botocore lets through."""

import io
import zipfile

import pytest
from fuzzing import DEPTHS, Fuzzed, attempt, check


def package():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("python/shop.py"), "def handler(event, context): pass\n")
    return held.getvalue()


CANARY = {
    "Name": "kept", "Code": {"ZipFile": package(), "Handler": "shop.handler"},
    "ArtifactS3Location": "s3://results/shop", "Schedule": {"Expression": "rate(1 hour)"},
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/canary",
    "RuntimeVersion": "syn-python-selenium-12.0",
}  # fmt: skip
NAMED = {"Name": "kept"}
ARN = "arn:aws:synthetics:us-east-1:123456789012:canary:kept"


def prepare(lab):
    """A canary that has no role, so that nothing runs, and a group."""
    synthetics = lab.client("synthetics")
    attempt(synthetics.create_canary, **CANARY)
    attempt(synthetics.create_group, Name="kept")
    return {}


def ready(lab, things):
    lab.synthetics.enter(lab.synthetics.canary("kept"), "READY")


def running(lab, things):
    lab.synthetics.enter(lab.synthetics.canary("kept"), "RUNNING")


def tried(lab, things):
    """Ready, and no dry run under way: there can be one at a time."""
    ready(lab, things)
    for dry in lab.synthetics.canary("kept").dry_runs.values():
        dry.status = "PASSED"


def nobody(lab, things):
    group = lab.client("synthetics")
    attempt(group.disassociate_resource, GroupIdentifier="kept", ResourceArn=ARN)


def member(lab, things):
    attempt(lab.client("synthetics").associate_resource, GroupIdentifier="kept", ResourceArn=ARN)


SYNTHETICS = Fuzzed(
    "synthetics",
    {
        "CreateCanary": CANARY | {"Name": "cNEW"},
        "UpdateCanary": NAMED | {"SuccessRetentionPeriodInDays": 7},
        "GetCanary": NAMED, "DeleteCanary": NAMED, "StartCanary": NAMED, "StopCanary": NAMED,
        "StartCanaryDryRun": NAMED, "GetCanaryRuns": NAMED,
        "CreateGroup": {"Name": "gNEW"}, "GetGroup": {"GroupIdentifier": "kept"},
        "DeleteGroup": {"GroupIdentifier": "kept"},
        "AssociateResource": {"GroupIdentifier": "kept", "ResourceArn": ARN},
        "DisassociateResource": {"GroupIdentifier": "kept", "ResourceArn": ARN},
        "ListAssociatedGroups": {"ResourceArn": ARN},
        "ListGroupResources": {"GroupIdentifier": "kept"},
        "TagResource": {"ResourceArn": ARN, "Tags": {"a": "b"}},
        "UntagResource": {"ResourceArn": ARN, "TagKeys": ["a"]},
        "ListTagsForResource": {"ResourceArn": ARN},
    },
    prepare,
    # GetCanary models no code for a canary that is not there.
    {"ValidationException", "AccessDeniedException", "ResourceNotFoundException"},
    {"StartCanary": ready, "DeleteCanary": ready, "UpdateCanary": ready,
     "StartCanaryDryRun": tried, "StopCanary": running, "DisassociateResource": member,
     "AssociateResource": nobody},
)  # fmt: skip


@pytest.mark.parametrize("examples", DEPTHS[1:])
@pytest.mark.parametrize("name", SYNTHETICS.operations())
def test_every_call_of_synthetics_is_answered(name, examples):
    check(SYNTHETICS, name, examples)
