"""What happens in lesson 10: root signs in in Virginia, a trail tells of it, a build fails."""

import json

import pytest

import labkit
from labkit.course import catching

ROOT = {
    "detail-type": ["AWS Console Sign In via CloudTrail"],
    "detail": {"userIdentity": {"type": ["Root"]}},
}

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::teapot-trail/*",
        }
    ],
}


@pytest.fixture
def lab():
    with labkit.Lab(active=False) as lab:
        yield lab


def rule(lab, region):
    """A rule for root's sign-ins that leads to a queue there; how to look into the queue."""
    url, arn = catching.queue(lab, "root", region)
    events = lab.client("events", region)
    events.put_rule(Name="root", EventPattern=json.dumps(ROOT))
    events.put_targets(Rule="root", Targets=[{"Id": "q", "Arn": arn}])
    return lambda: [json.loads(one["Body"]) for one in catching.messages(lab, url, region)]


def test_root_signs_in_in_virginia_and_a_trail_tells_of_it(lab):
    virginia, ireland = rule(lab, "us-east-1"), rule(lab, "eu-west-1")
    lab.sign_in("root")
    assert virginia() == [], "event history alone brings no event"
    catching.trail(lab)
    lab.sign_in("root", region_name="eu-west-1")
    (event,) = virginia()
    assert (event["region"], event["source"]) == ("us-east-1", "aws.signin")
    assert event["detail"]["userIdentity"]["type"] == "Root"
    assert event["detail"]["responseElements"] == {"ConsoleLogin": "Success"}
    lab.sign_in("root", ok=False)
    (event,) = virginia()
    assert event["detail"]["responseElements"] == {"ConsoleLogin": "Failure"}
    assert ireland() == []


def test_what_was_caught_shows_itself(lab):
    caught = catching.everything(lab)
    assert str(caught()) == "No event came"
    catching.trail(lab)
    caught()
    lab.sign_in("root")
    found = caught()
    assert str(found).splitlines()[0] == "1 event came" and "aws.signin" in found._repr_html_()
    assert caught() == []


def test_a_failing_build_tells_of_its_phases_and_of_itself(lab):
    caught = catching.everything(lab)
    catching.failing_build(lab, "prod-shop")
    lab.advance(minutes=2)
    said = [event["detail"].get("build-status") for event in caught()]
    assert said[-1] == "FAILED" and said.count(None) > 5


def test_a_sign_in_comes_through_a_trail(lab):
    virginia = rule(lab, "us-east-1")
    lab.sign_in("")
    assert virginia() == [], "event history alone brings no event"
    trails = lab.client("cloudtrail")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="teapot-trail")
    s3.put_bucket_policy(Bucket="teapot-trail", Policy=json.dumps(POLICY))
    trails.create_trail(Name="all", S3BucketName="teapot-trail", IsMultiRegionTrail=True)
    trails.start_logging(Name="all")
    lab.sign_in("")
    lab.advance(minutes=1)
    (event,) = virginia()
    assert event["detail"]["userIdentity"]["type"] == "Root"
