"""Data protection: what readers see, who may see more, who is told what was found."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from logskit import ACCOUNT, Stream, group, write

AUDIT = "/aws/vendedlogs/findings"
ARN = "arn:aws:dataprotection::aws:data-identifier/"


def policy(*names, custom=None, **findings):
    identifiers = [name if name in (custom or {}) else ARN + name for name in names]
    told = {
        "Name": "p",
        "Version": "2021-06-01",
        "Statement": [
            {"Sid": "audit", "DataIdentifier": identifiers,
             "Operation": {"Audit": {"FindingsDestination": findings}}},
            {"Sid": "mask", "DataIdentifier": identifiers,
             "Operation": {"Deidentify": {"MaskConfig": {}}}},
        ],
    }  # fmt: skip
    if custom:
        told["Configuration"] = {
            "CustomDataIdentifier": [{"Name": n, "Regex": r} for n, r in custom.items()]
        }
    return json.dumps(told)


@pytest.fixture
def logs(lab):
    return group(lab)


def protect(logs, *names, **more):
    logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy(*names, **more))


def read(logs, **more):
    events = logs.filter_log_events(logGroupName="app", **more)["events"]
    return [event["message"] for event in events]


def test_only_what_comes_after_the_policy_is_masked(lab, logs):
    write(lab, logs, "jane@example.com came")
    protect(logs, "EmailAddress", "CreditCardNumber")
    write(lab, logs, "joe@example.com paid with 4111111111111111")
    logs.delete_data_protection_policy(logGroupIdentifier="app")
    write(lab, logs, "ann@example.com left")
    plain = ["jane@example.com came", "ann@example.com left"]
    seen = "*************** paid with ****************"
    assert read(logs) == [plain[0], seen, plain[1]]
    got = logs.get_log_events(logGroupName="app", logStreamName="s", startFromHead=True)
    assert got["events"][1]["message"] == seen
    assert read(logs, unmask=True)[1] == "joe@example.com paid with 4111111111111111"
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier="app")


def test_a_pattern_finds_only_what_its_reader_sees(lab, logs):
    protect(logs, "EmailAddress")
    write(lab, logs, "joe@example.com paid")
    assert read(logs, filterPattern='"joe@example.com"') == []
    assert read(logs, filterPattern="paid") == ["*************** paid"]
    assert read(logs, filterPattern='"joe@example.com"', unmask=True) == ["joe@example.com paid"]


def test_only_who_has_the_permission_unmasks(lab, logs):
    iam = lab.client("iam")
    protect(logs, "EmailAddress")
    write(lab, logs, "joe@example.com")
    iam.create_user(UserName="reader")

    def may(*actions):
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_user_policy(
            UserName="reader", PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )  # fmt: skip

    theirs = lab.user("reader").client("logs")
    may("logs:FilterLogEvents")
    assert read(theirs) == read(theirs, unmask=False) == ["*" * 15]
    with pytest.raises(ClientError, match="logs:Unmask"):
        read(theirs, unmask=True)
    may("logs:FilterLogEvents", "logs:Unmask")
    assert read(theirs, unmask=True) == ["joe@example.com"]


@pytest.mark.long
def test_queries_see_what_is_masked_unless_they_unmask(lab, logs):
    write(lab, logs, "jane@example.com early")
    protect(logs, "EmailAddress")
    write(lab, logs, "joe@example.com late")

    def query(text, client=logs):
        at_s = int(lab.now.timestamp())
        started = client.start_query(
            logGroupName="app", startTime=at_s - 600, endTime=at_s + 60, queryString=text
        )
        lab.advance(seconds=5)
        rows = logs.get_query_results(queryId=started["queryId"])["results"]
        return {cell["value"] for row in rows for cell in row if cell["field"] != "@ptr"}

    masked = {"jane@example.com early", "*************** late"}
    assert query("fields @message") == masked
    assert query("filter @message like 'joe' | fields @message") == set()
    plain = query("fields @message | unmask @message") | query("fields unmask(@message)")
    assert "joe@example.com late" in plain
    started = logs.start_query(
        logGroupName="app", startTime=0, endTime=2**31, queryString="filter @message like 'late'"
    )
    lab.advance(seconds=5)
    (row,) = logs.get_query_results(queryId=started["queryId"])["results"]
    (pointer,) = [cell["value"] for cell in row if cell["field"] == "@ptr"]
    told = [
        logs.get_log_record(logRecordPointer=pointer, unmask=unmask)["logRecord"]["@message"]
        for unmask in (False, True)
    ]
    assert told == ["*************** late", "joe@example.com late"]
    iam = lab.client("iam")
    iam.create_user(UserName="reader")
    allowed = {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}
    iam.put_user_policy(
        UserName="reader", PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )  # fmt: skip
    theirs = lab.user("reader").client("logs")
    assert query("fields @message", theirs) == masked
    with pytest.raises(ClientError, match="logs:Unmask"):
        query("fields unmask(@message)", theirs)


def test_findings_go_where_the_policy_says(lab, logs):
    group(lab, AUDIT)
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="findings")
    allowed = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
               "Action": "s3:PutObject", "Resource": "arn:aws:s3:::findings/*"}  # fmt: skip
    s3.put_bucket_policy(
        Bucket="findings", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    protect(
        logs, "EmailAddress", "IpAddress",
        CloudWatchLogs={"LogGroup": AUDIT}, S3={"Bucket": "findings"},
    )  # fmt: skip
    write(lab, logs, "to a@b.org, c@d.org", "nothing here", "from 192.0.2.1")
    first, second = (
        json.loads(event["message"])
        for event in logs.filter_log_events(logGroupName=AUDIT)["events"]
    )
    assert first["resourceArn"] == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:app:*"
    assert first["dataIdentifiers"] == [
        {
            "name": "EmailAddress",
            "count": 2,
            "detections": [{"start": 4, "end": 10}, {"start": 13, "end": 19}],
        }
    ]
    assert [one["name"] for one in second["dataIdentifiers"]] == ["IpAddress"]
    (row,) = s3.list_objects_v2(Bucket="findings")["Contents"]
    body = gzip.decompress(s3.get_object(Bucket="findings", Key=row["Key"])["Body"].read())
    assert [json.loads(line) for line in body.splitlines()] == [first, second]
    metrics = lab.client("cloudwatch").list_metrics(
        Namespace="AWS/Logs", MetricName="LogEventsWithFindings"
    )["Metrics"]
    assert len(metrics) == 1


@pytest.mark.long
def test_findings_through_firehose(lab, logs):
    from buskit import role

    s3 = lab.client("s3")
    s3.create_bucket(Bucket="the-lake")
    lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="findings",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(lab, "deliver", service="firehose.amazonaws.com"),
            "BucketARN": "arn:aws:s3:::the-lake",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        },
    )
    lab.advance(minutes=1)
    protect(logs, "EmailAddress", Firehose={"DeliveryStream": "findings"})
    write(lab, logs, "to a@b.org")
    lab.advance(minutes=2)
    (row,) = s3.list_objects_v2(Bucket="the-lake")["Contents"]
    told = json.loads(s3.get_object(Bucket="the-lake", Key=row["Key"])["Body"].read())
    assert told["dataIdentifiers"][0]["count"] == 1


def test_custom_identifiers(lab, logs):
    protect(logs, "Employee", custom={"Employee": r"EmployeeId-\d{9}"})
    write(lab, logs, "EmployeeId-123456789 came", "EmployeeId-1 came")
    assert read(logs) == [f"{'*' * 20} came", "EmployeeId-1 came"]


@pytest.mark.long
def test_subscribers_get_what_is_masked(lab, logs):
    from buskit import role

    stream = Stream(lab)
    logs.put_subscription_filter(
        logGroupName="app", filterName="f", filterPattern="", destinationArn=stream.arn,
        roleArn=role(lab, "sender", service="logs.amazonaws.com"),
    )  # fmt: skip
    protect(logs, "EmailAddress")
    write(lab, logs, "a@b.org")
    assert stream.lines() == ["*******"]


BAD = {
    "no JSON": "nonsense",
    "two statements": json.dumps({"Statement": []}),
    "must be the same": json.dumps(
        json.loads(policy("EmailAddress")) | {"Statement": [
            json.loads(policy("EmailAddress"))["Statement"][0],
            json.loads(policy("IpAddress"))["Statement"][1]]}
    ),
    "is no data identifier": policy("Nonsense"),
    "managed identifier's name": policy("x", custom={"IpAddress": "a"}),
    "character that may not be": policy("X", custom={"X": "(a)"}),
    "must begin with /aws/vendedlogs/": policy("IpAddress", CloudWatchLogs={"LogGroup": "app"}),
    "does not exist": policy("IpAddress", S3={"Bucket": "not-there"}),
}  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_documents_that_are_none(logs, text):
    with pytest.raises(ClientError, match=text) as problem:
        logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=BAD[text])
    assert problem.value.response["Error"]["Code"] == "InvalidParameterException"


def test_what_has_no_detector_is_said_and_not_silently_left_plain(logs):
    with pytest.raises(ClientError, match="no detector for Address") as problem:
        protect(logs, "Address")
    assert problem.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_an_accounts_policy_masks_in_all_groups_beside_their_own(lab, logs):
    def account(*names):
        logs.put_account_policy(
            policyName="all", policyType="DATA_PROTECTION_POLICY", scope="ALL",
            policyDocument=policy(*names),
        )  # fmt: skip

    write(lab, logs, "a@b.org 192.0.2.1")
    protect(logs, "IpAddress")
    account("EmailAddress")
    write(lab, logs, "c@d.org 192.0.2.1")
    group(lab, "later")
    write(lab, logs, "e@f.org 192.0.2.1", name="later")
    logs.delete_account_policy(policyName="all", policyType="DATA_PROTECTION_POLICY")
    write(lab, logs, "g@h.org 192.0.2.1")
    assert read(logs) == ["a@b.org 192.0.2.1", "******* *********", "g@h.org *********"]
    (event,) = logs.filter_log_events(logGroupName="later")["events"]
    assert event["message"] == "******* 192.0.2.1"
    with pytest.raises(ClientError, match="is no data identifier"):
        account("Nonsense")


def test_metric_filters_see_what_is_masked(lab, logs):
    logs.put_metric_filter(
        logGroupName="app", filterName="f", filterPattern="joe",
        metricTransformations=[
            {"metricName": "Joes", "metricNamespace": "Shop", "metricValue": "1"}],
    )  # fmt: skip
    write(lab, logs, "joe@example.com")
    protect(logs, "EmailAddress")
    write(lab, logs, "joe@example.com")
    from datetime import timedelta

    got = lab.client("cloudwatch").get_metric_statistics(
        Namespace="Shop", MetricName="Joes", Period=60, Statistics=["Sum"],
        StartTime=lab.now - timedelta(minutes=5), EndTime=lab.now + timedelta(minutes=1),
    )  # fmt: skip
    assert sum(point["Sum"] for point in got["Datapoints"]) == 1
