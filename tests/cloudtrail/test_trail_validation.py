"""Log file validation: the real ``aws cloudtrail validate-logs`` is the judge, and ours agrees."""

import gzip
import json
from datetime import timedelta

import pytest

from labkit.cloudtrail.engine import digest, signing
from labkit.gateway import aws_cli

ACCOUNT = "123456789012"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"
START = "2026-01-05T09:00:00Z"


def allow(lab, bucket):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
                "Condition": {
                    "StringEquals": {
                        "s3:x-amz-acl": "bucket-owner-full-control",
                        "aws:SourceArn": ARN,
                    }
                },
            }
        ],
    }
    lab.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


@pytest.fixture
def trail(lab):
    """A validated trail, three hours old, with a file in each hour."""
    lab.client("s3").create_bucket(Bucket="proof")
    allow(lab, "proof")
    client = lab.client("cloudtrail")
    client.create_trail(Name="audit", S3BucketName="proof", EnableLogFileValidation=True)
    client.start_logging(Name="audit")
    for hour in range(3):
        lab.client("sqs").create_queue(QueueName=f"queue-{hour}")
        lab.advance(hours=1)
    return client


def keys(lab, folder):
    client = lab.client("s3")
    prefix = f"AWSLogs/{ACCOUNT}/{folder}/"
    found = client.list_objects_v2(Bucket="proof", Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in found]


def read(lab, key):
    body = lab.client("s3").get_object(Bucket="proof", Key=key)["Body"].read()
    return json.loads(gzip.decompress(body))


def judged(lab, status):
    """The CLI's text, and what our own proof says, by key; both must agree about every file."""
    ran = aws_cli.run(f"cloudtrail validate-logs --trail-arn {ARN} --start-time {START} --verbose")
    assert ran.status == status, ran.text
    said = {}
    for line in ran.text.splitlines():
        parts = line.split("\t")
        if len(parts) == 3:
            said[parts[1].removeprefix("s3://proof/")] = parts[2]
    service = lab.parts.cloudtrail
    proof = service.digests.prove(service.trails.find(ARN), "us-east-1")
    assert {one.key: one.verdict for one in proof.files} == said
    return ran.text, said, proof


def test_an_untouched_trail_is_valid(lab, trail):
    text, said, proof = judged(lab, 0)
    assert "3/3 digest files valid" in text and "3/3 log files valid" in text
    assert proof.valid and len(said) == 6 and proof.gaps == ()


def test_digests_are_a_chain_with_the_documented_fields(lab, trail):
    chain = [read(lab, key) for key in keys(lab, "CloudTrail-Digest")]
    first, second, _ = chain
    assert first["previousDigestS3Object"] is None and first["previousDigestSignature"] is None
    assert second["previousDigestS3Object"] == first["digestS3Object"]
    assert (first["digestStartTime"], first["digestEndTime"]) == (START, "2026-01-05T10:00:00Z")
    head = lab.client("s3").head_object(Bucket="proof", Key=first["digestS3Object"])
    assert head["Metadata"]["signature"] == second["previousDigestSignature"]
    assert head["Metadata"]["signature-algorithm"] == "SHA256withRSA"
    (log,) = first["logFiles"]
    assert log["s3Object"] == keys(lab, "CloudTrail")[0]
    (public,) = trail.list_public_keys()["PublicKeyList"]
    assert public["Fingerprint"] == first["digestPublicKeyFingerprint"]
    assert public["ValidityStartTime"] < lab.now < public["ValidityEndTime"]


def test_an_hour_of_nothing_has_its_digest(lab, trail):
    lab.advance(hours=2)
    assert len(keys(lab, "CloudTrail-Digest")) == 5
    last = read(lab, keys(lab, "CloudTrail-Digest")[-1])
    assert last["logFiles"] == [] and last["newestEventTime"] is None
    judged(lab, 0)


def test_a_log_file_with_a_name_taken_out(lab, trail):
    key = keys(lab, "CloudTrail")[1]
    records = read(lab, key)
    records["Records"] = []
    body = gzip.compress(json.dumps(records).encode())
    lab.client("s3").put_object(Bucket="proof", Key=key, Body=body)
    text, said, proof = judged(lab, 1)
    assert said[key] == "INVALID: hash value doesn't match"
    assert "2/3 log files valid, 1/3 log files INVALID" in text
    (bad,) = [one for one in proof.files if not one.valid]
    assert bad.named_by.endswith("T110000Z.json.gz") and "the digest says" in bad.because


def test_the_same_content_packed_anew_is_valid(lab, trail):
    key = keys(lab, "CloudTrail")[1]
    stored = lab.client("s3").get_object(Bucket="proof", Key=key)["Body"].read()
    body = gzip.compress(gzip.decompress(stored), 1)
    assert body != stored
    lab.client("s3").put_object(Bucket="proof", Key=key, Body=body)
    judged(lab, 0)


def test_a_log_file_that_is_gone(lab, trail):
    key = keys(lab, "CloudTrail")[0]
    lab.client("s3").delete_object(Bucket="proof", Key=key)
    assert judged(lab, 1)[1][key] == "INVALID: not found"


def test_a_log_file_that_is_no_gzip(lab, trail):
    key = keys(lab, "CloudTrail")[0]
    lab.client("s3").put_object(Bucket="proof", Key=key, Body=b"nothing to see")
    assert judged(lab, 1)[1][key] == "INVALID: invalid format"


def test_two_log_files_changed_for_each_other(lab, trail):
    first, second, _ = keys(lab, "CloudTrail")
    lab.client("s3").copy_object(Bucket="proof", Key=first, CopySource=f"proof/{second}")
    assert judged(lab, 1)[1][first] == "INVALID: hash value doesn't match"


def test_a_digest_that_is_gone(lab, trail):
    key = keys(lab, "CloudTrail-Digest")[1]
    lab.client("s3").delete_object(Bucket="proof", Key=key)
    text, said, _ = judged(lab, 1)
    assert said[key] == "INVALID: not found"
    assert "2/3 digest files valid, 1/3 digest files INVALID" in text


def test_a_digest_that_was_written_anew(lab, trail):
    """Who changes a log file and the hash in its digest still can't sign."""
    key = keys(lab, "CloudTrail-Digest")[1]
    document = read(lab, key)
    document["logFiles"] = []
    metadata = lab.client("s3").head_object(Bucket="proof", Key=key)["Metadata"]
    body = gzip.compress(json.dumps(document).encode())
    lab.client("s3").put_object(Bucket="proof", Key=key, Body=body, Metadata=metadata)
    assert judged(lab, 1)[1][key] == "INVALID: signature verification failed"


def test_a_digest_in_the_place_of_another(lab, trail):
    _, second, third = keys(lab, "CloudTrail-Digest")
    source = f"proof/{third}"
    lab.client("s3").copy_object(Bucket="proof", Key=second, CopySource=source)
    assert judged(lab, 1)[1][second] == "INVALID: has been moved from its original location"


def test_stop_ends_the_chain_and_start_begins_another(lab, trail):
    lab.client("sqs").create_queue(QueueName="late")
    lab.advance(minutes=20)
    trail.stop_logging(Name="audit")
    lab.advance(hours=5)
    trail.start_logging(Name="audit")
    lab.advance(hours=2)
    chain = [read(lab, key) for key in keys(lab, "CloudTrail-Digest")]
    assert [one["previousDigestS3Object"] is None for one in chain] == [
        True, False, False, False, True, False,
    ]  # fmt: skip
    assert len(chain[3]["logFiles"]) == 1
    text, _, proof = judged(lab, 0)
    (gap,) = proof.gaps
    assert (gap.start, gap.end) == ("2026-01-05T12:20:00Z", "2026-01-05T17:20:00Z")
    told = f"No log files were delivered by CloudTrail between {gap.start} and {gap.end}"
    assert told in text


def test_validation_can_be_switched_on_later(lab, trail):
    trail.update_trail(Name="audit", EnableLogFileValidation=False)
    lab.advance(hours=3)
    before = len(keys(lab, "CloudTrail-Digest"))
    trail.update_trail(Name="audit", EnableLogFileValidation=True)
    lab.advance(hours=1)
    assert len(keys(lab, "CloudTrail-Digest")) == before + 1
    assert read(lab, keys(lab, "CloudTrail-Digest")[-1])["previousDigestS3Object"] is None


def test_a_digest_that_could_not_be_written_is_made_good(lab, trail):
    s3 = lab.client("s3")
    s3.delete_bucket_policy(Bucket="proof")
    lab.client("sqs").create_queue(QueueName="unseen")
    lab.advance(hours=1)
    status = trail.get_trail_status(Name="audit")
    assert status["LatestDeliveryError"] == status["LatestDigestDeliveryError"] == "AccessDenied"
    allow(lab, "proof")
    lab.advance(hours=1)
    assert "LatestDigestDeliveryError" not in trail.get_trail_status(Name="audit")
    last = read(lab, keys(lab, "CloudTrail-Digest")[-1])
    assert last["digestStartTime"] == "2026-01-05T12:00:00Z"
    names = [
        r["eventName"] for one in last["logFiles"] for r in read(lab, one["s3Object"])["Records"]
    ]
    assert "CreateQueue" in names
    judged(lab, 0)


def test_every_region_of_a_trail_has_its_chain_and_key(lab, trail):
    trail.update_trail(Name="audit", IsMultiRegionTrail=True)
    lab.client("sqs", region_name="eu-west-1").create_queue(QueueName="far")
    lab.advance(hours=2)
    far = [key for key in keys(lab, "CloudTrail-Digest") if "/eu-west-1/" in key]
    assert len(far) == 2
    ran = aws_cli.run(
        f"cloudtrail validate-logs --trail-arn {ARN} --start-time {START} --region eu-west-1"
    )
    assert ran.status == 0 and "2/2 digest files valid" in ran.text
    assert read(lab, far[0])["digestPublicKeyFingerprint"] != trail.list_public_keys()[
        "PublicKeyList"][0]["Fingerprint"]  # fmt: skip


def test_a_world_again_is_the_same_to_the_byte(lab, trail):
    again = lab.replay()
    assert again.digest() == lab.digest()
    assert again.errors == []


def test_public_keys_have_a_range(lab, trail):
    long_ago = lab.now - timedelta(days=3000)
    empty = trail.list_public_keys(StartTime=long_ago, EndTime=long_ago + timedelta(days=1))
    assert empty["PublicKeyList"] == []
    with pytest.raises(trail.exceptions.InvalidTimeRangeException):
        trail.list_public_keys(StartTime=lab.now, EndTime=long_ago)


# -- the engine alone
def test_what_is_signed():
    assert digest.string_to_sign("E", "b", "k", "h", None) == b"E\nb/k\nh\nnull"
    assert digest.string_to_sign("E", "b", "k", "h", "ab") == b"E\nb/k\nh\nab"


def test_keys_are_the_same_each_time_and_real():
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    found = {
        (seed, region): signing.key_of(seed, ACCOUNT, region).public
        for seed in ("0", "1")
        for region in ("us-east-1", "eu-west-1", "ap-southeast-2")
    }
    assert len({key.fingerprint for key in found.values()}) == 6
    one = signing.key_of("0", ACCOUNT, "us-east-1")
    signature = one.sign(b"tea")
    assert len(signature) == 256 and signature == one.sign(b"tea")
    assert one.public.verifies(b"tea", signature)
    assert not one.public.verifies(b"Tea", signature)
    assert load_der_public_key(one.public.der).key_size == 2048
