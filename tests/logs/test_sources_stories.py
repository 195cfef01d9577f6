"""From a source of logs to somebody who hears of it: sources, filters, alarms, e-mail in one line.

Each story is AWS's own recipe: nothing in it knows that it plays in a lab.
"""

import json
from datetime import timedelta

import pytest

TRAIL, ROLE = "audit", "to-logs"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def topic(lab):
    sns = lab.client("sns")
    arn = sns.create_topic(Name="oncall")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="oncall@teapot.example")
    lab.mailbox[-1].confirm()
    return arn


def alarm(lab, topic, metric, namespace, threshold=1, **more):
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName=metric, Namespace=namespace, MetricName=metric, Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=threshold, TreatMissingData="notBreaching",
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic], **more,
    )  # fmt: skip


def told(lab):
    """(when, subject) of the alarm's e-mails."""
    return [(mail.at, mail.subject) for mail in lab.mailbox if "ALARM" in mail.subject]


def trail(lab):
    """A trail into a bucket and the log group ``trail``."""
    service = {"Principal": {"Service": "cloudtrail.amazonaws.com"}}
    lab.client("s3").create_bucket(Bucket="proof")
    bucket = allow(
        ["s3:GetBucketAcl", "s3:PutObject"], ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"],
        **service,
    )  # fmt: skip
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=policy(bucket))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", **service}
    iam = lab.client("iam")
    arn = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    write = allow(["logs:CreateLogStream", "logs:PutLogEvents"])
    iam.put_role_policy(RoleName=ROLE, PolicyName="write", PolicyDocument=policy(write))
    lab.client("logs").create_log_group(logGroupName="trail")
    lab.client("cloudtrail").create_trail(
        Name=TRAIL, S3BucketName="proof", CloudWatchLogsRoleArn=arn,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{lab.account}:log-group:trail:*",
    )  # fmt: skip
    lab.client("cloudtrail").start_logging(Name=TRAIL)


def filtered(lab, group, pattern, metric, namespace, **more):
    lab.client("logs").put_metric_filter(
        logGroupName=group, filterName=metric, filterPattern=pattern,
        metricTransformations=[
            {"metricName": metric, "metricNamespace": namespace, "metricValue": "1", **more}
        ],
    )  # fmt: skip


def test_a_refused_call_in_a_trail_becomes_an_e_mail(lab, topic):
    trail(lab)
    pattern = '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }'
    filtered(lab, "trail", pattern, "RefusedCalls", "Audit")
    alarm(lab, topic, "RefusedCalls", "Audit")
    lab.advance(minutes=12)
    assert told(lab) == []  # the calls that made all this were allowed
    nobody = lab.user("nobody").client("iam")
    with pytest.raises(nobody.exceptions.ClientError):
        nobody.list_users()
    refused = lab.now
    lab.advance(minutes=15)
    ((when, subject),) = told(lab)
    assert "RefusedCalls" in subject
    assert timedelta(0) < when - refused < timedelta(minutes=9)
    found = lab.client("logs").filter_log_events(logGroupName="trail", filterPattern=pattern)
    (record,) = [json.loads(event["message"]) for event in found["events"]]
    assert record["userIdentity"]["userName"] == "nobody"
    assert record["eventName"] == "ListUsers"
    stream = f"{lab.account}_CloudTrail_us-east-1"
    assert found["events"][0]["logStreamName"] == stream
    # Without the trail nobody hears of the next one.
    lab.client("cloudtrail").stop_logging(Name=TRAIL)
    lab.advance(minutes=15)
    with pytest.raises(nobody.exceptions.ClientError):
        nobody.list_users()
    lab.advance(minutes=15)
    assert len(told(lab)) == 1


def sums(lab, namespace, metric, minutes, **dimensions):
    """The sum of each of the last minutes that are over."""
    end = lab.now.replace(second=0, microsecond=0)
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=metric, Statistics=["Sum"], Period=60,
        StartTime=end - timedelta(minutes=minutes), EndTime=end,
        Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
    )["Datapoints"]  # fmt: skip
    return {one["Timestamp"]: one["Sum"] for one in points}


def test_the_shops_lines_counted_by_a_filter_are_the_shops_metric(lab, topic):
    group = "/aws/apigateway/shop-payment"
    lab.shop.logs(hours=0, sources=["apigateway"])
    filtered(lab, group, '{ $.status = "5*" }', "Failed", "FromLogs", defaultValue=0)
    alarm(lab, topic, "Failed", "FromLogs", threshold=100)
    lab.advance(minutes=3)
    lab.shop.incident("timeouts", "payment", 60, minutes=4)
    lab.advance(minutes=10)
    counted = sums(lab, "FromLogs", "Failed", 10)
    measured = sums(lab, "Shop", "Errors", 10, service="payment")
    assert counted == measured
    assert max(counted.values()) > 100 > min(counted.values())
    assert len(told(lab)) == 1


def test_rejected_packets_of_a_scan_become_an_alarm(lab, topic):
    lab.shop.logs(hours=0, sources=["vpc-flow-logs"])
    pattern = (
        "[version, account, eni, source, destination, srcport, destport, protocol, packets, "
        "bytes, windowstart, windowend, action=REJECT, flowlogstatus]"
    )
    filtered(lab, "/shop/vpc-flow-logs", pattern, "Rejected", "Network")
    alarm(lab, topic, "Rejected", "Network", threshold=50)
    lab.advance(minutes=5)
    assert set(sums(lab, "Network", "Rejected", 4).values()) == {4.0}
    assert told(lab) == []
    lab.shop.incident("scan", "front", 200, minutes=3)
    lab.advance(minutes=6)
    assert len(told(lab)) == 1
    assert max(sums(lab, "Network", "Rejected", 8).values()) == 204.0


@pytest.mark.long
def test_a_slow_order_is_followed_through_three_groups(lab):
    """What lesson 07 does: from the function's complaint to the API's answer and the customer."""
    sources = ["apigateway", "lambda", "elasticbeanstalk", "ecs"]
    bad = lab.shop.happened(
        "timeouts", "payment", 40, start=lab.now - timedelta(minutes=3), minutes=2
    )
    lab.shop.logs(bad, hours=0.1, sources=sources, live=False)
    shop = "/aws/lambda/shop-payment"
    found = lab.logs.query(
        "filter @message like /waiting for the acquirer/ | parse @message 'apiRequestId=* ' as api"
        " | fields api | limit 1",
        shop,
    )
    api = found["api"][0]
    (call,) = lab.logs.query(
        f"filter @message like /{api}/"
        r" | parse @message /Z\s(?<call>[0-9a-f-]{36})\s/ | fields call",
        shop,
    )["call"]
    types = lab.logs.query(f"filter @requestId = '{call}' | fields @type, @duration", shop)
    assert {"START", "END", "REPORT"} <= set(types["@type"])
    assert max(d for d in types["@duration"] if d == d) == 15_000  # milliseconds; the others NaN
    asked = lab.logs.query(
        f"filter requestId = '{api}' | fields status, integrationLatency",
        "/aws/apigateway/shop-payment",
    )
    assert [int(asked[name][0]) for name in ("status", "integrationLatency")] == [504, 15_000]
    order = lab.logs.query(f"filter requestId = '{api}' | fields path, ms", "/ecs/shop")
    assert list(order["path"]) == ["/orders"]
    (page,) = lab.logs.query(
        f"filter @message like /{api}/ | fields @message",
        "/aws/elasticbeanstalk/shop-front/var/log/nginx/access.log",
    )["@message"]
    assert "POST /checkout" in page
    count = lab.logs.query("filter @message like /Task timed out/ | stats count() as n", shop)
    errors = sums(lab, "Shop", "Errors", 6, service="payment")
    answered = lab.logs.query(
        "filter status >= 500 | stats count() as n", "/aws/apigateway/shop-payment"
    )
    assert answered["n"][0] == sum(errors.values())
    assert 0 < count["n"][0] < answered["n"][0]
