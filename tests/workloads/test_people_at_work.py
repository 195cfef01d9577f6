"""People at work as time passes: histories, trails and rules see them like anybody."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from labkit.core.errors import LabError


def events(lab, region="us-east-1"):
    store = lab.parts.cloudtrail.store(lab.account, region)
    return [
        (event.fact.at_us, event.fact.data["principal"]["name"], event.fact.data["operation"])
        for event in store.newest_first(0, 2**62)
    ]


def test_calls_happen_at_their_instants(lab):
    lab.people.work()
    before = len(events(lab))
    lab.advance(hours=2)
    seen = events(lab)
    assert len(seen) > before + 40
    assert len({at for at, *_ in seen}) > 40
    assert {"mara", "tomas"} <= {who for _, who, _ in seen}
    assert not {"watcher", "shop-web"} & {who for _, who, _ in seen}
    lab.people.rest()
    lab.advance(hours=3)
    assert len(events(lab)) == len(seen)


def test_a_week_at_once_is_seven_days(lab):
    import labkit

    other = labkit.Lab(active=False)
    for one in (lab, other):
        one.people.work(who=["chiara-ci", "mara"], regions=["us-east-1"])
    lab.advance(days=7)
    for _ in range(7):
        other.advance(days=1)
    assert lab.digest() == other.digest()
    other.close()
    days = Counter(what for _, _, what in events(lab))
    assert days["AssumeRole"] == 4 + 1  # Tuesday to Friday, and the Monday after
    assert days["UpdateStack"] > 20


def test_an_episode_to_come_is_told_to_a_rule(lab):
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::audit-files/*"}]}  # fmt: skip
    s3, trail = lab.client("s3"), lab.client("cloudtrail")
    s3.create_bucket(Bucket="audit-files")
    s3.put_bucket_policy(Bucket="audit-files", Policy=json.dumps(policy))
    trail.create_trail(Name="audit", S3BucketName="audit-files")
    trail.start_logging(Name="audit")
    topic = lab.client("sns").create_topic(Name="alerts")["TopicArn"]
    lab.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(
            {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish", "Resource": topic}]}),
    )  # fmt: skip
    lab.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="priya@teapot.example")
    lab.mailbox[-1].confirm()
    rules = lab.client("events")
    wanted = {"source": ["aws.ec2"], "detail": {"eventName": ["DeleteSubnet"],
              "errorCode": [{"exists": False}]}}  # fmt: skip
    rules.put_rule(Name="subnets", EventPattern=json.dumps(wanted))
    rules.put_targets(Rule="subnets", Targets=[{"Id": "1", "Arn": topic}])
    night = lab.now + timedelta(hours=30)
    lab.people.work(lab.people.episode("deleted_subnet", night), who=[])
    mails = len(lab.mailbox)
    lab.advance(days=2)
    assert len(lab.mailbox) == mails + 1
    assert "chiara-ci" in lab.mailbox[-1].body
    assert lab.mailbox[-1].at - night == timedelta(minutes=10)
    found = s3.list_objects_v2(Bucket="audit-files", Prefix="AWSLogs/")["Contents"]
    assert any("20260106T1515Z" in one["Key"] for one in found)


def test_nobody_unknown_and_nothing_behind(lab):
    with pytest.raises(LabError, match="nobody is called"):
        lab.people.work(who=["nobody"])
    with pytest.raises(LabError, match="lies behind"):
        lab.people.work(lab.people.episode("denied", lab.now - timedelta(hours=1)))


def test_work_is_replayed(lab):
    lab.people.work(regions=["eu-west-1"])
    lab.advance(hours=5)
    assert lab.replay().digest() == lab.digest()
