"""One trail for all accounts of an organization, which members see and cannot stop."""

import json

import pytest
from botocore.exceptions import ClientError

BUCKET = "teapot-org"
SERVICE = "cloudtrail.amazonaws.com"


@pytest.fixture
def organization(lab):
    """An organization with one further account: (its id, the account's number)."""
    client = lab.client("organizations", "us-east-1")
    made = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    member = client.create_account(Email="shop@teapot.example", AccountName="shop")[
        "CreateAccountStatus"
    ]["AccountId"]
    return made, member


def bucket(lab, *folders):
    s3 = lab.client("s3", "us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    writer = {"Effect": "Allow", "Principal": {"Service": SERVICE}}
    arn = f"arn:aws:s3:::{BUCKET}"
    statements = [{**writer, "Action": "s3:GetBucketAcl", "Resource": arn}]
    statements += [
        {**writer, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{folder}/*"}
        for folder in folders
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)


def trail(lab, organization):
    made, _ = organization
    lab.client("organizations", "us-east-1").enable_aws_service_access(ServicePrincipal=SERVICE)
    bucket(lab, lab.account, made)
    client = lab.client("cloudtrail", "us-east-1")
    client.create_trail(
        Name="all", S3BucketName=BUCKET, IsMultiRegionTrail=True, IsOrganizationTrail=True,
        EnableLogFileValidation=True,
    )  # fmt: skip
    client.start_logging(Name="all")
    return client


def keys(lab):
    listed = lab.client("s3", "us-east-1").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in listed.get("Contents", ())]


def test_calls_of_members_are_in_the_organizations_folder(lab, organization):
    made, member = organization
    trail(lab, organization)
    lab.client("sns", "eu-west-1", account_id=member).create_topic(Name="t")
    lab.advance(hours=1)
    mine = [k for k in keys(lab) if k.startswith(f"AWSLogs/{made}/{member}/CloudTrail/eu-west-1/")]
    assert len(mine) == 1
    own = f"AWSLogs/{made}/{lab.account}/CloudTrail/us-east-1/"
    assert any(key.startswith(own) for key in keys(lab))
    assert any(f"/{member}/CloudTrail-Digest/" in key for key in keys(lab))


def test_members_see_the_trail_and_cannot_change_it(lab, organization):
    _, member = organization
    arn = trail(lab, organization).get_trail(Name="all")["Trail"]["TrailARN"]
    theirs = lab.client("cloudtrail", "us-east-1", account_id=member)
    (seen,) = theirs.describe_trails()["trailList"]
    assert (seen["TrailARN"], seen["IsOrganizationTrail"]) == (arn, True)
    for change in (theirs.stop_logging, theirs.delete_trail):
        with pytest.raises(ClientError, match="NotOrganizationMasterAccountException"):
            change(Name=arn)
    assert theirs.get_trail_status(Name=arn)["IsLogging"]


def test_an_account_that_leaves_is_logged_no_more(lab, organization):
    _, member = organization
    trail(lab, organization)
    lab.client("organizations", "us-east-1").remove_account_from_organization(AccountId=member)
    lab.client("sns", "us-east-1", account_id=member).create_topic(Name="t")
    lab.advance(minutes=10)
    assert not any(f"/{member}/" in key for key in keys(lab))
    theirs = lab.client("cloudtrail", "us-east-1", account_id=member)
    assert theirs.describe_trails()["trailList"] == []


def test_what_is_refused(lab, organization):
    _, member = organization
    client = lab.client("cloudtrail", "us-east-1")
    asked = {"Name": "all", "S3BucketName": BUCKET, "IsOrganizationTrail": True}
    bucket(lab, lab.account)
    with pytest.raises(ClientError, match="CloudTrailAccessNotEnabledException"):
        client.create_trail(**asked)
    lab.client("organizations", "us-east-1").enable_aws_service_access(ServicePrincipal=SERVICE)
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        client.create_trail(**asked)  # the policy lets into the account's folder alone
    theirs = lab.client("cloudtrail", "us-east-1", account_id=member)
    with pytest.raises(ClientError, match="NotOrganizationMasterAccountException"):
        theirs.create_trail(**asked)
    nobody = lab.client("cloudtrail", "us-east-1", account_id="999999999999")
    with pytest.raises(ClientError, match="OrganizationsNotInUseException"):
        nobody.create_trail(**asked)


def test_an_organization_is_replayed(lab, organization):
    trail(lab, organization)
    lab.advance(minutes=10)
    assert lab.replay().digest() == lab.digest()
