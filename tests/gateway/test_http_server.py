"""The HTTP door: both doors give one answer, bad clients harm nobody, time runs as told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from served import PUT, client_of

import labkit
from labkit.core.clock import to_us
from labkit.serve import Live, Service

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


# -- two doors, one answer -------------------------------------------------------------------------
IMAGE = "ami-0c55b159cbfafe1f0"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ALARM = {
    "AlarmName": "hot", "Namespace": "N", "MetricName": "m", "Statistic": "Average", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


def story(client):
    """Some 40 calls to nine services; each answer by a name."""
    cloudwatch, ec2, s3 = client("cloudwatch"), client("ec2"), client("s3")
    sns, sqs, iam, sts = client("sns"), client("sqs"), client("iam"), client("sts")

    def told(call, **params):
        try:
            answer = call(**params)
        except ClientError as error:
            answer = {
                "raised": type(error).__name__,
                "code": error.response["Error"]["Code"],
                "message": error.response["Error"]["Message"] or "",  # XML's empty text is None
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            }
        answer.pop("ResponseMetadata", None)
        if "Body" in answer:
            answer["Body"] = answer["Body"].read()
        # In process nothing adds the checksum that botocore computes when it sends.
        for name in [n for n in answer if n.startswith("Checksum")]:
            del answer[name]
        for item in answer.get("Contents", ()):
            item.pop("ChecksumAlgorithm", None)
        return answer

    yield "who", told(sts.get_caller_identity)
    yield "put", told(
        cloudwatch.put_metric_data,
        Namespace="N",
        MetricData=[
            {"MetricName": "m", "Value": 2.5, "Dimensions": [{"Name": "a", "Value": "ü<&>"}]},
            {"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1, 3], "Unit": "Bytes"},
            {"MetricName": "m", "Value": 3, "Timestamp": START + timedelta(seconds=1.5)},
        ],
    )  # fmt: skip
    yield "list", told(cloudwatch.list_metrics)
    yield "alarm", told(cloudwatch.put_metric_alarm, **ALARM)
    yield "alarms", told(cloudwatch.describe_alarms)
    yield (
        "set",
        told(cloudwatch.set_alarm_state, AlarmName="hot", StateValue="ALARM", StateReason="try"),
    )
    yield "history", told(cloudwatch.describe_alarm_history, AlarmName="hot")
    yield "statistics", told(
        cloudwatch.get_metric_statistics, Namespace="N", MetricName="m", StartTime=START,
        EndTime=START + timedelta(minutes=1), Period=60, Statistics=["Sum", "Maximum"],
    )  # fmt: skip
    yield "data", told(
        cloudwatch.get_metric_data,
        StartTime=START,
        EndTime=START + timedelta(minutes=1),
        MetricDataQueries=[
            {"Id": "q", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"},
             "Period": 60, "Stat": "Average"}}
        ],
    )  # fmt: skip
    yield (
        "no alarm",
        told(cloudwatch.set_alarm_state, AlarmName="no", StateValue="OK", StateReason="r"),
    )
    yield (
        "bad value",
        told(cloudwatch.set_alarm_state, AlarmName="hot", StateValue="HOT", StateReason="r"),
    )
    yield "no dashboards", told(cloudwatch.put_dashboard, DashboardName="d", DashboardBody="{}")
    run = told(
        ec2.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.micro",
        ClientToken="t",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}],
    )  # fmt: skip
    yield "run", run
    machine = run["Instances"][0]["InstanceId"]
    yield "machines", told(ec2.describe_instances, InstanceIds=[machine])
    yield "stop", told(ec2.stop_instances, InstanceIds=[machine])
    yield "no machine", told(ec2.describe_instances, InstanceIds=["i-00000000000000000"])
    yield "bucket", told(s3.create_bucket, Bucket="teapot")
    yield "object", told(s3.put_object, Bucket="teapot", Key="a b/ü+%", Body=b"tea" * 9)
    yield "get", told(s3.get_object, Bucket="teapot", Key="a b/ü+%")
    yield "head", told(s3.head_object, Bucket="teapot", Key="a b/ü+%")
    yield "range", told(s3.get_object, Bucket="teapot", Key="a b/ü+%", Range="bytes=1-3")
    upload = told(s3.create_multipart_upload, Bucket="teapot", Key="big")
    yield "upload", upload
    part = told(
        s3.upload_part, Bucket="teapot", Key="big", UploadId=upload["UploadId"], PartNumber=1,
        Body=b"x" * 1000,
    )  # fmt: skip
    yield "part", part
    yield "complete", told(
        s3.complete_multipart_upload, Bucket="teapot", Key="big", UploadId=upload["UploadId"],
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )  # fmt: skip
    yield "objects", told(s3.list_objects_v2, Bucket="teapot")
    yield "no object", told(s3.get_object, Bucket="teapot", Key="no")
    yield "no object's head", told(s3.head_object, Bucket="teapot", Key="no")
    yield "no bucket", told(s3.list_objects_v2, Bucket="nobodys")
    yield "topic", told(sns.create_topic, Name="t")
    topic = "arn:aws:sns:us-east-1:123456789012:t"
    yield "subscribe", told(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@b.example")
    yield "publish", told(sns.publish, TopicArn=topic, Message="hello")
    yield "no topic", told(sns.get_topic_attributes, TopicArn=topic + "x")
    queue = told(sqs.create_queue, QueueName="q")
    yield "queue", queue
    yield "send", told(sqs.send_message, QueueUrl=queue["QueueUrl"], MessageBody="x")
    yield "receive", told(sqs.receive_message, QueueUrl=queue["QueueUrl"])
    yield "wait", told(sqs.receive_message, QueueUrl=queue["QueueUrl"], WaitTimeSeconds=2)
    yield "no queue", told(sqs.get_queue_url, QueueName="no")
    yield "role", told(
        iam.create_role, RoleName="audit",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        ]}),
    )  # fmt: skip
    yield "no user", told(iam.get_user, UserName="no")
    yield "me", told(iam.get_user)
    yield (
        "assume",
        told(sts.assume_role, RoleArn="arn:aws:iam::123456789012:role/audit", RoleSessionName="me"),
    )
    yield (
        "no role",
        told(sts.assume_role, RoleArn="arn:aws:iam::123456789012:role/no", RoleSessionName="me"),
    )
    yield "trail", told(client("cloudtrail").lookup_events)


def without_agents(events):
    for event in events["Events"]:
        record = json.loads(event["CloudTrailEvent"])
        record.pop("userAgent")
        for key in ("requestParameters", "additionalEventData"):
            if record.get(key):
                record[key].pop("MultipartUpload", None)
        event["CloudTrailEvent"] = record
    return events


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor", "query"])
def test_both_doors_give_the_same_answers(service, protocol):
    def over_http(name):
        return client_of(service, name, protocol if name == "cloudwatch" else None)

    with labkit.Lab(active=False) as lab:
        inside = dict(story(lab.client))
    outside = dict(story(over_http))
    for answers in (inside, outside):
        without_agents(answers["trail"])
    # Each door tells the queue's URL with the address that the client knows.
    outside["queue"]["QueueUrl"] = outside["queue"]["QueueUrl"].replace(
        f"{service.url}/", "https://sqs.us-east-1.amazonaws.com/"
    )
    for what, answer in inside.items():
        assert outside[what] == answer, what


def test_errors_are_the_same_modelled_exceptions(service):
    for protocol in ("json", "smithy-rpc-v2-cbor", "query"):
        cloudwatch = client_of(service, "cloudwatch", protocol)
        with pytest.raises(cloudwatch.exceptions.ResourceNotFound) as told:
            cloudwatch.set_alarm_state(AlarmName="no", StateValue="OK", StateReason="r")
        assert told.value.response["Error"]["Code"] == "ResourceNotFound"
    sqs = client_of(service, "sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="no")
    s3 = client_of(service, "s3")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nobodys")


def test_ten_megabytes_go_in_and_come_out(service):
    s3 = client_of(service, "s3")
    s3.create_bucket(Bucket="teapot")
    body = os.urandom(1 << 16) * 192
    s3.put_object(Bucket="teapot", Key="k", Body=body)
    assert s3.get_object(Bucket="teapot", Key="k")["Body"].read() == body


def test_eight_clients_at_once_lose_nothing():
    """With ordinary patience: a busy machine may pause for longer than bad clients are given."""
    with labkit.Lab(active=False) as lab, Service(lab) as service:

        def put():
            client = client_of(service, "cloudwatch")
            for _ in range(20):
                client.put_metric_data(
                    Namespace="N", MetricData=[{"MetricName": "m", "Value": 1, "Timestamp": START}]
                )
            client.close()

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = client_of(service, "cloudwatch").get_metric_statistics(
            Namespace="N", MetricName="m", StartTime=START, EndTime=START + timedelta(minutes=1),
            Period=60, Statistics=["SampleCount"],
        )  # fmt: skip
    assert got["Datapoints"][0]["SampleCount"] == 160


# -- the control path and the live mode -----------------------------------------------------------
def control(service, path, wish=None, **headers):
    request = urllib.request.Request(
        f"{service.url}/_labkit/{path}",
        data=None if wish is None else json.dumps(wish).encode(),
        headers=headers,
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_stepped_time_moves_by_the_control_path_and_by_calls(service):
    assert control(service, "clock") == {
        "now": "2026-01-05T09:00:00.000Z", "speed": 0.0, "paused": False,
    }  # fmt: skip
    told = control(service, "clock", {"advance_seconds": 90.5})
    assert told["now"] == "2026-01-05T09:01:30.500Z"
    client_of(service, "cloudwatch").list_metrics()
    assert control(service, "clock")["now"] == "2026-01-05T09:01:30.501Z"
    assert control(service, "health")["status"] == "ok"
    assert control(service, "health")["calls"] == 1


@pytest.mark.parametrize(
    ("path", "wish", "status"),
    [
        ("clock", {"advance_seconds": -1}, 400),
        ("clock", {"advance_seconds": "1"}, 400),
        ("clock", {"advance_seconds": 1e300}, 400),
        ("clock", {"speed": -1}, 400),
        ("clock", {"speed": True}, 400),
        ("clock", {"pause": "yes"}, 400),
        ("clock", {"warp": 9}, 400),
        ("clock", {}, 400),
        ("clock", [1], 400),
        ("mailbox", {"confirm": 1}, 400),
        ("elsewhere", None, 404),
    ],
)
def test_the_control_path_says_what_it_can_not_do(service, path, wish, status):
    with pytest.raises(urllib.error.HTTPError) as told:
        control(service, path, wish)
    with told.value:
        assert told.value.code == status and json.load(told.value)["error"]
    assert control(service, "clock")["now"] == "2026-01-05T09:00:00.000Z"


def test_the_control_path_answers_this_machines_names_only(service):
    with pytest.raises(urllib.error.HTTPError) as told:
        control(service, "clock", Host="evil.example:4566")
    with told.value:
        assert told.value.code == 403


def test_the_mailbox_over_http(service):
    sns = client_of(service, "sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@teapot.example")
    [mail] = control(service, "mailbox")["mails"]
    assert mail["to"] == "oncall@teapot.example"
    told = control(service, "mailbox", {"confirm": mail["confirm_token"]})
    assert told["subscription_arn"].startswith(topic)
    sns.publish(TopicArn=topic, Subject="tea", Message="is ready")
    assert control(service, "mailbox")["mails"][-1]["subject"] == "tea"


class _Machine:
    """The machine's clock, by hand."""

    us = to_us(datetime(2026, 11, 24, 4, tzinfo=UTC))

    def __call__(self):
        return self.us


def test_virtual_time_is_real_time_times_speed():
    machine = _Machine()
    with labkit.Lab(active=False) as lab:
        live = Live(lab, 60, machine)
        machine.us += 2_000_000
        assert live.state()["now"] == "2026-01-05T09:02:00.000Z"
        live.pause(True)
        machine.us += 10_000_000
        assert live.state() == {"now": "2026-01-05T09:02:00.000Z", "speed": 60.0, "paused": True}
        live.pause(False)
        live.set_speed(1)
        machine.us += 1_500_400
        assert live.state()["now"] == "2026-01-05T09:02:01.500Z"
        live.advance(3600)
        machine.us += 1_000_000
        assert live.state()["now"] == "2026-01-05T10:02:02.500Z"
        machine.us -= 3_000_000  # somebody sets the machine's clock back
        assert live.state()["now"] == "2026-01-05T10:02:02.500Z"


def test_an_alarm_fires_by_itself_in_the_live_mode():
    with labkit.Lab(active=False) as lab, Service(lab, speed=600) as service:
        cloudwatch = client_of(service, "cloudwatch")
        cloudwatch.put_metric_alarm(**ALARM)
        now = datetime.fromisoformat(control(service, "clock")["now"])
        cloudwatch.put_metric_data(
            Namespace="N", MetricData=[{"MetricName": "m", "Value": 9, "Timestamp": now}]
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            [history] = [cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")]
            if any("to ALARM" in i["HistorySummary"] for i in history["AlarmHistoryItems"]):
                break
            control(service, "clock")
        else:
            pytest.fail("the alarm did not fire")


def test_a_long_poll_in_the_live_mode_waits_for_what_another_client_sends():
    with labkit.Lab(active=False) as lab, Service(lab, speed=1) as service:
        sqs = client_of(service, "sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        got = []
        thread = threading.Thread(
            target=lambda: got.append(
                client_of(service, "sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
            )
        )
        seen = lab.dispatch.seen
        thread.start()
        while lab.dispatch.seen == seen:
            time.sleep(0.001)
        sqs.send_message(QueueUrl=url, MessageBody="late")
        thread.join(60)
        assert got and got[0]["Messages"][0]["Body"] == "late"


def test_labkit_serve_prints_its_lines_keeps_pace_and_ends_when_told():
    command = [BIN / "labkit", "serve", "--port", "0", "--speed", "600", "--seed", "7"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            lines = [server.stdout.readline() for _ in range(7)]
            exported = dict(line.removeprefix("export ").strip().split("=") for line in lines[:5])
            assert list(exported) == [
                "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                "AWS_DEFAULT_REGION", "AWS_DISABLE_HOST_PREFIX_INJECTION",
            ]  # fmt: skip
            cloudwatch = boto3.client(
                "cloudwatch",
                endpoint_url=exported["AWS_ENDPOINT_URL"],
                region_name=exported["AWS_DEFAULT_REGION"],
                aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
            )
            cloudwatch.put_metric_data(**PUT)
            assert len(cloudwatch.list_metrics()["Metrics"]) == 1
            clock = exported["AWS_ENDPOINT_URL"] + "/_labkit/clock"
            moments = []
            while len(moments) < 2 or moments[-1] - moments[0] < timedelta(minutes=1):
                with urllib.request.urlopen(clock, timeout=20) as answer:
                    moments.append(datetime.fromisoformat(json.load(answer)["now"]))
            assert abs(moments[0] - datetime.now(UTC)) < timedelta(days=2)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        assert server.returncode == 0
        assert server.stdout.read() == "# labkit has ended\n"


def test_a_port_or_a_start_that_can_not_be_is_said(service, capsys):
    from labkit.cli import main

    assert main(["serve", "--port", str(service.server.port)]) == 1
    assert "can't be had" in capsys.readouterr().out
    assert main(["serve", "--start", "yesterday"]) == 2
    assert main(["serve", "--speed", "-1"]) == 2
