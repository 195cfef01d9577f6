"""Scheduled queries: they fire on the clock, hand on their rows, and tell what became of them."""

import json

import pytest
from botocore.exceptions import ClientError
from buskit import role

HOURLY = "cron(0 * * * ? *)"
MINUTE = "cron(* * * * ? *)"


@pytest.fixture
def logs(lab):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    return logs


def write(lab, logs, *lines):
    now = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName="/app", logStreamName="s",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )  # fmt: skip


def scheduled(lab, logs, text="stats count(*) as n", every=HOURLY, **more):
    given = more.pop("executionRoleArn", None) or role(lab, "q", service="logs.amazonaws.com")
    return logs.create_scheduled_query(
        name="hourly", queryLanguage="CWLI", queryString=text, scheduleExpression=every,
        executionRoleArn=given,
        **{"logGroupIdentifiers": ["/app"], "startTimeOffset": 3600} | more,
    )["scheduledQueryArn"]  # fmt: skip


def history(lab, logs, **more):
    now = lab.world.clock.now_us // 1_000_000
    return logs.get_scheduled_query_history(identifier="hourly", startTime=0, endTime=now, **more)[
        "triggerHistory"
    ]


def queue_of_events(lab):
    sqs, events = lab.client("sqs"), lab.client("events")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sqs:SendMessage", "Resource": "*"}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})  # fmt: skip
    events.put_rule(Name="told", EventPattern=json.dumps({"source": ["aws.logs"]}))
    events.put_targets(Rule="told", Targets=[{"Id": "q", "Arn": arn["QueueArn"]}])

    def told():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return told


def test_it_fires_on_the_hour_over_its_own_window(lab, logs):
    told = queue_of_events(lab)
    arn = scheduled(lab, logs)
    write(lab, logs, "one", "two")
    lab.advance(hours=1, minutes=1)
    (first,) = history(lab, logs)
    assert first["executionStatus"] == "Complete"
    assert first["triggeredTimestamp"] % 3_600_000 == 0
    rows = logs.get_query_results(queryId=first["queryId"])["results"]
    assert rows == [[{"field": "n", "value": "2"}]]
    (event,) = told()
    assert event["detail-type"] == "Scheduled Query Completed"
    assert event["resources"] == [arn]
    assert (event["detail"]["queryId"], event["detail"]["status"]) == (
        first["queryId"], "Complete")  # fmt: skip
    lab.advance(hours=2)
    assert len(history(lab, logs)) == 3
    assert len(history(lab, logs, executionStatuses=["Failed"])) == 0
    last = logs.get_query_results(queryId=history(lab, logs)[0]["queryId"])["results"]
    assert last == [[{"field": "n", "value": "0"}]]
    shown = logs.get_scheduled_query(identifier=arn)
    assert shown["lastExecutionStatus"] == "Complete"
    (row,) = logs.list_scheduled_queries(state="ENABLED")["scheduledQueries"]
    assert row["lastTriggeredTime"] == shown["lastTriggeredTime"]


def test_rows_go_to_a_bucket_and_a_lookup_table(lab, logs):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="rows-of-mine")
    mine = role(lab, "hands", service="logs.amazonaws.com")
    scheduled(
        lab, logs, "stats count(*) as n by @message as what | sort n desc",
        destinationConfiguration={
            "s3Configuration": {"destinationIdentifier": "s3://rows-of-mine/q/", "roleArn": mine},
            "lookupTableConfiguration": {"tableName": "counts", "roleArn": mine},
        },
    )  # fmt: skip
    write(lab, logs, "a", "b", "a")
    lab.advance(hours=1, minutes=1)
    (one,) = history(lab, logs)
    assert [d["status"] for d in one["destinations"]] == ["COMPLETE", "COMPLETE"]
    key = one["destinations"][0]["processedIdentifier"].removeprefix("s3://rows-of-mine/")
    assert key.startswith("q/hourly/2026/01/05/")
    body = json.loads(s3.get_object(Bucket="rows-of-mine", Key=key)["Body"].read())
    assert body["results"][0] == [
        {"field": "what", "value": "a"}, {"field": "n", "value": "2"}]  # fmt: skip
    arn = one["destinations"][1]["processedIdentifier"]
    assert logs.get_lookup_table(lookupTableArn=arn)["tableBody"] == "what,n\na,2\nb,1\n"


def test_a_role_that_may_not(lab, logs):
    reader = role(lab, "reader", "logs:DescribeLogGroups", service="logs.amazonaws.com")
    told = queue_of_events(lab)
    scheduled(lab, logs, executionRoleArn=reader)
    lab.advance(hours=1, minutes=1)
    (one,) = history(lab, logs)
    assert (one["executionStatus"], "queryId" in one) == ("Failed", False)
    assert "logs:StartQuery" in one["errorMessage"]
    (event,) = told()
    assert event["detail"]["status"] == "Failed"


def test_a_bucket_that_the_role_may_not_write(lab, logs):
    lab.client("s3").create_bucket(Bucket="rows-of-mine")
    no = role(lab, "no", "s3:ListBucket", service="logs.amazonaws.com")
    scheduled(lab, logs, destinationConfiguration={"s3Configuration": {
        "destinationIdentifier": "s3://rows-of-mine", "roleArn": no}})  # fmt: skip
    lab.advance(hours=1, minutes=1)
    (one,) = history(lab, logs)
    assert one["executionStatus"] == "Complete"
    assert one["destinations"][0]["status"] == "CLIENT_ERROR"
    assert "s3:PutObject" in one["destinations"][0]["errorMessage"]


def test_off_on_and_gone(lab, logs):
    scheduled(lab, logs, every=MINUTE, state="DISABLED")
    lab.advance(minutes=5)
    assert history(lab, logs) == []
    held = logs.get_scheduled_query(identifier="hourly")
    kept = {k: held[k] for k in ("queryLanguage", "queryString", "logGroupIdentifiers",
                                 "scheduleExpression", "executionRoleArn")}  # fmt: skip
    logs.update_scheduled_query(identifier="hourly", state="ENABLED", **kept)
    lab.advance(minutes=3)
    assert len(history(lab, logs)) == 3
    now = lab.world.clock.now_us // 1_000_000
    logs.update_scheduled_query(identifier="hourly", scheduleEndTime=now + 90, **kept)
    lab.advance(minutes=9)
    assert len(history(lab, logs)) == 4
    logs.delete_log_group(logGroupName="/app")
    logs.create_log_group(logGroupName="/app")
    logs.delete_scheduled_query(identifier="hourly")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        history(lab, logs)


def test_a_group_that_went_away(lab, logs):
    scheduled(lab, logs)
    logs.delete_log_group(logGroupName="/app")
    lab.advance(hours=1, minutes=1)
    (one,) = history(lab, logs)
    assert (one["executionStatus"], "/app" in one["errorMessage"]) == ("Failed", True)


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"every": "every hour"}, "ValidationException", "Schedule"),
        ({"every": "at(2026-02-01T00:00:00)"}, "ValidationException", "repeats"),
        ({"timezone": "Moon/Crater"}, "ValidationException", "Moon"),
        ({"text": "filtr x"}, "ValidationException", "did you mean"),
        ({"logGroupIdentifiers": ["/gone"]}, "ResourceNotFoundException", "does not exist"),
        ({"startTimeOffset": 60, "endTimeOffset": 60}, "ValidationException", "startTimeOffset"),
        ({"executionRoleArn": "arn:aws:iam::123456789012:role/none"}, "ValidationException",
         "assume"),
    ],
)  # fmt: skip
def test_what_is_refused(lab, logs, more, code, said):
    with pytest.raises(ClientError, match=said) as told:
        scheduled(lab, logs, **more)
    assert told.value.response["Error"]["Code"] == code
    assert logs.list_scheduled_queries()["scheduledQueries"] == []
