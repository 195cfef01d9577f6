"""CloudTrail Insights through boto3: a burst, its two records, and where they go."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"
BOTH = [{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]


@pytest.fixture
def client(lab):
    """CloudTrail with a trail that logs, and its bucket."""
    lab.client("s3").create_bucket(Bucket="proof")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:PutObject", "s3:GetBucketAcl"],
        "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=json.dumps(policy))
    client = lab.client("cloudtrail")
    client.create_trail(Name="audit", S3BucketName="proof")
    client.start_logging(Name="audit")
    return client


@pytest.fixture
def watching(lab, client):
    """The same, two days after insights were switched on."""
    client.put_insight_selectors(TrailName="audit", InsightSelectors=BOTH)
    lab.advance(days=2)
    return client


def burst(lab, size=30):
    sqs = lab.client("sqs")
    for number in range(size):
        sqs.create_queue(QueueName=f"q-{number}")


def events(client, **more):
    found = client.lookup_events(EventCategory="insight", **more)["Events"]
    return [json.loads(one["CloudTrailEvent"]) for one in found]


def code(error):
    return error.value.response["Error"]["Code"]


def test_a_burst_is_told_at_the_end_of_its_minute_and_over_ten_minutes_after(lab, watching):
    begun = lab.now
    burst(lab)
    assert events(watching) == []
    lab.advance(minutes=1)
    (start,) = events(watching)
    details = start["insightDetails"]
    assert start["eventType"] == "AwsCloudTrailInsight"
    assert start["eventCategory"] == "Insight"
    assert (details["state"], details["eventSource"], details["eventName"]) == (
        "Start", "sqs.amazonaws.com", "CreateQueue",
    )  # fmt: skip
    assert start["eventTime"] == begun.strftime("%Y-%m-%dT%H:%M:00Z")
    statistics = details["insightContext"]["statistics"]
    assert statistics["insight"]["average"] == 30
    assert statistics["baseline"]["average"] == 0
    assert statistics["insightDuration"] == 1
    lab.advance(minutes=20)
    end, again = events(watching)
    assert again == start
    assert end["insightDetails"]["state"] == "End"
    assert end["sharedEventID"] == start["sharedEventID"]
    assert end["eventID"] != start["eventID"]
    assert "eventName" not in end
    assert "userIdentity" not in end


def test_who_called_and_how_it_ended_is_attributed(lab, watching):
    burst(lab, 20)
    lab.advance(minutes=1)
    (start,) = events(watching)
    told = {
        one["attribute"]: one for one in start["insightDetails"]["insightContext"]["attributions"]
    }
    assert set(told) == {"userIdentityArn", "userAgent", "errorCode"}
    arn = f"arn:aws:iam::{ACCOUNT}:user/learner"
    assert told["userIdentityArn"]["insight"] == [{"value": arn, "average": 20}]
    assert told["errorCode"]["insight"] == [{"value": None, "average": 20}]
    assert told["userAgent"]["insight"][0]["average"] == 20


def test_errors_of_reads_are_an_error_rate(lab, watching):
    for _ in range(15):
        with pytest.raises(ClientError):
            lab.client("dynamodb").describe_table(TableName="orders")
    lab.advance(minutes=1)
    (start,) = events(watching)
    details = start["insightDetails"]
    assert details["insightType"] == "ApiErrorRateInsight"
    assert details["eventName"] == "DescribeTable"
    assert details["errorCode"] == "ResourceNotFoundException"


def test_nothing_is_told_in_the_first_36_hours(lab, client):
    client.put_insight_selectors(TrailName="audit", InsightSelectors=BOTH)
    lab.advance(hours=35)
    burst(lab)
    lab.advance(hours=3)
    assert events(client) == []


def test_without_selectors_nobody_looks(lab, client):
    lab.advance(days=3)
    burst(lab)
    lab.advance(hours=1)
    assert events(client) == []


def test_the_records_lie_in_the_insight_folder(lab, watching):
    burst(lab)
    lab.advance(minutes=30)
    s3 = lab.client("s3")
    prefix = f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/us-east-1/2026/01/07/"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="proof", Prefix=prefix)["Contents"]]
    records = [
        record
        for key in keys
        for record in json.loads(
            gzip.decompress(s3.get_object(Bucket="proof", Key=key)["Body"].read())
        )["Records"]
    ]
    assert [one["insightDetails"]["state"] for one in records] == ["Start", "End"]
    assert f"{ACCOUNT}_CloudTrail-Insight_us-east-1_20260107T" in keys[0]


def test_a_rule_sends_an_e_mail(lab, watching, topic):
    lab.client("sns").add_permission(
        TopicArn=topic, Label="events", AWSAccountId=[ACCOUNT], ActionName=["Publish"]
    )
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic,
            }
        ],
    }
    lab.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    rules = lab.client("events")
    pattern = {
        "source": ["aws.cloudtrail"],
        "detail-type": ["AWS Insight via CloudTrail"],
        "detail": {"insightDetails": {"state": ["Start"]}},
    }
    rules.put_rule(Name="unusual", EventPattern=json.dumps(pattern))
    rules.put_targets(Rule="unusual", Targets=[{"Id": "mail", "Arn": topic}])
    before = len(lab.mailbox)
    burst(lab)
    lab.advance(minutes=30)
    (mail,) = lab.mailbox[before:]
    assert "CreateQueue" in str(mail.body)


def test_a_past_is_the_baseline(lab, client):
    lab.people.month()
    client.put_insight_selectors(TrailName="audit", InsightSelectors=BOTH)
    lab.advance(days=2)
    burst(lab)
    lab.advance(minutes=1)
    (start,) = events(client)
    assert start["insightDetails"]["insightContext"]["statistics"]["baselineDuration"] == 28 * 1440


def test_a_prepared_past_has_its_insights(lab, client):
    begun = datetime(2026, 1, 3, 2, 10, tzinfo=UTC)
    night = lab.people.episode("run_instances", begun, minutes=12, size=9)
    lab.people.month(night)
    client.put_insight_selectors(TrailName="audit", InsightSelectors=BOTH)
    service = lab.parts.cloudtrail
    trail = service.trails.find(ARN)
    service.insights.backdate(trail, trail.insights_since_us - 20 * 86_400_000_000)
    found = events(client, LookupAttributes=[{"AttributeKey": "EventName",
                                              "AttributeValue": "RunInstances"}])  # fmt: skip
    assert [one["insightDetails"]["state"] for one in found] == ["End", "Start"]
    assert found[1]["eventTime"] == "2026-01-03T02:10:00Z"
    all_of = client.lookup_events(EventCategory="insight")["Events"]
    assert len(all_of) == len(events(client))


def test_look_ups_of_insights_by_source_time_and_page(lab, watching):
    burst(lab)
    lab.advance(minutes=30)
    by_source = [{"AttributeKey": "EventSource", "AttributeValue": "sqs.amazonaws.com"}]
    assert len(events(watching, LookupAttributes=by_source)) == 2
    other = [{"AttributeKey": "EventSource", "AttributeValue": "ec2.amazonaws.com"}]
    assert events(watching, LookupAttributes=other) == []
    assert events(watching, EndTime=lab.now - timedelta(days=1)) == []
    first = watching.lookup_events(EventCategory="insight", MaxResults=1)
    second = watching.lookup_events(
        EventCategory="insight", MaxResults=1, NextToken=first["NextToken"]
    )
    assert "NextToken" not in second
    assert first["Events"][0]["EventId"] != second["Events"][0]["EventId"]
    data = watching.list_insights_data(
        InsightSource=ARN, DataType="InsightsEvents", Dimensions={"EventName": "CreateQueue"}
    )
    assert [one["EventId"] for one in data["Events"]] == [
        first["Events"][0]["EventId"], second["Events"][0]["EventId"],
    ]  # fmt: skip


def test_the_counts_behind_it(lab, watching):
    burst(lab, 12)
    asked = {
        "EventSource": "sqs.amazonaws.com",
        "EventName": "CreateQueue",
        "InsightType": "ApiCallRateInsight",
        "StartTime": lab.now - timedelta(minutes=3),
        "EndTime": lab.now + timedelta(seconds=1),
        "Period": 60,
    }
    assert watching.list_insights_metric_data(**asked)["Values"] == [12]
    filled = watching.list_insights_metric_data(**asked, DataType="FillWithZeros")
    assert filled["Values"] == [0, 0, 0, 12]
    assert len(filled["Timestamps"]) == 4


@pytest.mark.parametrize(
    ("selectors", "refused"),
    [
        ([{"InsightType": "ApiCallRateInsight"}], "write"),
        ([{"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]}], "no data events"),
        ([{"InsightType": "ApiErrorRateInsight"}] * 2, "once"),
    ],
)
def test_selectors_that_the_trail_can_not_serve(client, selectors, refused):
    client.put_event_selectors(
        TrailName="audit",
        EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}],
    )
    with pytest.raises(ClientError, match=refused) as error:
        client.put_insight_selectors(TrailName="audit", InsightSelectors=selectors)
    assert code(error) == "InvalidInsightSelectorsException"


def test_selectors_are_given_back_and_taken_away(client):
    with pytest.raises(ClientError) as error:
        client.get_insight_selectors(TrailName="audit")
    assert code(error) == "InsightNotEnabledException"
    client.put_insight_selectors(TrailName="audit", InsightSelectors=BOTH)
    assert client.get_insight_selectors(TrailName="audit")["InsightSelectors"] == BOTH
    assert client.get_trail(Name="audit")["Trail"]["HasInsightSelectors"]
    client.put_insight_selectors(TrailName="audit", InsightSelectors=[])
    assert not client.get_trail(Name="audit")["Trail"]["HasInsightSelectors"]


@pytest.mark.parametrize("days", [(2,), (1, 1)])
def test_two_days_are_one_and_one(lab, watching, days):
    burst(lab)
    for some in days:
        lab.advance(days=some)
    assert [one["eventTime"] for one in events(watching)] == [
        "2026-01-07T09:01:00Z", "2026-01-07T09:00:00Z",
    ]  # fmt: skip


def test_an_insight_ends_though_another_past_came_meanwhile(lab, watching):
    burst(lab)
    lab.advance(minutes=1)
    lab.people.week()
    lab.advance(minutes=30)
    assert [one["insightDetails"]["state"] for one in events(watching)] == ["End", "Start"]


def test_an_insight_is_looked_up_for_90_days(lab, watching):
    burst(lab)
    lab.advance(days=89)
    assert len(events(watching)) == 2
    lab.advance(days=2)
    assert events(watching) == []


def test_what_was_told_is_in_the_digest_of_the_world(lab, watching):
    burst(lab)
    lab.advance(minutes=1)
    (start,) = events(watching)
    assert start["sharedEventID"] in repr(lab.parts.cloudtrail.digest())
