"""S3, as lessons use it."""

import datetime

import pytest
from backing_bench import ACCOUNT, OTHER
from botocore.exceptions import ClientError


@pytest.fixture()
def s3(bench):
    client = bench.client("s3")
    client.create_bucket(Bucket="notes-1")
    return client


def test_objects_come_back_as_they_were_put(s3):
    body = bytes(range(256)) * 50
    s3.put_object(Bucket="notes-1", Key="a/ü b+c.bin", Body=body, Metadata={"who": "me"})
    got = s3.get_object(Bucket="notes-1", Key="a/ü b+c.bin")
    assert got["Body"] == body and got["Metadata"] == {"who": "me"}
    assert got["LastModified"] == datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)
    part = s3.get_object(Bucket="notes-1", Key="a/ü b+c.bin", Range="bytes=256-258")
    assert part["Body"] == b"\x00\x01\x02"


def test_listings_versions_and_deletes(bench, s3):
    s3.put_bucket_versioning(Bucket="notes-1", VersioningConfiguration={"Status": "Enabled"})
    for turn in range(3):
        s3.put_object(Bucket="notes-1", Key="k", Body=str(turn))
        bench.advance(1)
    s3.delete_object(Bucket="notes-1", Key="k")
    assert s3.list_objects_v2(Bucket="notes-1")["KeyCount"] == 0
    versions = s3.list_object_versions(Bucket="notes-1")
    assert len(versions["Versions"]) == 3 and len(versions["DeleteMarkers"]) == 1
    first = min(versions["Versions"], key=lambda version: version["LastModified"])
    old = s3.get_object(Bucket="notes-1", Key="k", VersionId=first["VersionId"])
    assert old["Body"] == b"0"
    s3.delete_objects(
        Bucket="notes-1",
        Delete={
            "Objects": [{"Key": "k", "VersionId": v["VersionId"]} for v in versions["Versions"]]
        },
    )
    assert "Versions" not in s3.list_object_versions(Bucket="notes-1")


def test_what_is_not_there(s3):
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="notes-1", Key="none")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="none-1")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="notes-1", Key="none")


def test_names_of_buckets_are_shared_by_all_accounts(bench, s3):
    theirs = bench.client("s3", account=OTHER)
    with pytest.raises(ClientError, match="BucketAlreadyExists"):
        theirs.create_bucket(Bucket="notes-1")
    assert theirs.list_buckets()["Buckets"] == []


def test_a_bucket_lives_in_its_region(bench, s3):
    elsewhere = bench.client("s3", region="eu-central-1")
    elsewhere.create_bucket(
        Bucket="there-1", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    assert elsewhere.get_bucket_location(Bucket="there-1")["LocationConstraint"] == "eu-central-1"
    assert s3.get_bucket_location(Bucket="notes-1")["LocationConstraint"] is None
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert names == ["notes-1", "there-1"]


def test_policies_and_tags_are_kept(s3):
    policy = '{"Version":"2012-10-17","Statement":[]}'
    s3.put_bucket_policy(Bucket="notes-1", Policy=policy)
    assert s3.get_bucket_policy(Bucket="notes-1")["Policy"] == policy
    tags = [{"Key": "a", "Value": "1"}]
    s3.put_bucket_tagging(Bucket="notes-1", Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket="notes-1")["TagSet"] == tags


def test_access_logs_are_dated_by_the_lab(bench, s3):
    s3.create_bucket(Bucket="logs-1")
    s3.put_bucket_policy(
        Bucket="logs-1",
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
        '{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject",'
        '"Resource":"arn:aws:s3:::logs-1/*"}]}',
    )
    s3.put_bucket_logging(
        Bucket="notes-1",
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs-1", "TargetPrefix": "x/"}},
    )
    s3.put_object(Bucket="notes-1", Key="k", Body=b"v")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="logs-1")["Contents"]]
    assert keys and all(key.startswith("x/2026-01-05-09-00-00-") for key in keys)
    line = s3.get_object(Bucket="logs-1", Key=keys[0])["Body"].decode()
    assert "[05/Jan/2026:09:00:00 +0000]" in line and ACCOUNT


def test_files_are_closed_without_a_warning(bench, s3):
    """pytest makes errors of warnings: an overwritten or deleted object may give none."""
    import gc

    for turn in range(3):
        s3.put_object(Bucket="notes-1", Key="k", Body=b"x" * (6_000_000 if turn == 1 else 9))
    s3.delete_object(Bucket="notes-1", Key="k")
    bench.world.close()
    gc.collect()
