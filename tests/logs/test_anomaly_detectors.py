"""Log anomaly detectors: they train, find what is new or too often, and are told to be quiet."""

import numpy as np
import pytest
from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/app"


@pytest.fixture
def logs(lab):
    """A day in which a request came each minute."""
    at = lab.world.clock.now_us // 1000 - np.arange(1440)[::-1] * 60_000
    lines = [f"INFO request {i} took {i % 90} ms" for i in range(1440)]
    lab.parts.logs.import_lines(ACCOUNT, REGION, "/app", "s", at, lines)
    return lab.client("logs")


def write(lab, logs, line, count=1):
    now = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName="/app", logStreamName="s",
        logEvents=[{"timestamp": now, "message": line.replace("#", str(i))} for i in range(count)],
    )  # fmt: skip


def detector(lab, logs, train=True, **more):
    told = {"detectorName": "d", "evaluationFrequency": "FIVE_MIN"} | more
    arn = logs.create_log_anomaly_detector(logGroupArnList=[ARN], **told)["anomalyDetectorArn"]
    if train:
        lab.advance(minutes=15)
    return arn


def found(logs, arn, **more):
    return logs.list_anomalies(anomalyDetectorArn=arn, **more)["anomalies"]


def test_it_trains_before_it_finds(lab, logs):
    arn = detector(lab, logs, train=False)
    assert logs.get_log_anomaly_detector(anomalyDetectorArn=arn)["anomalyDetectorStatus"] == (
        "TRAINING")  # fmt: skip
    write(lab, logs, "WARN seen while training 7")
    lab.advance(minutes=15)
    told = logs.get_log_anomaly_detector(anomalyDetectorArn=arn)
    assert told["anomalyDetectorStatus"] == "ANALYZING"
    write(lab, logs, "WARN seen while training 9")
    write(lab, logs, "INFO request 7 took 80 ms")
    lab.advance(minutes=5)
    assert found(logs, arn) == []


def test_a_new_pattern_is_one_anomaly_as_long_as_it_goes_on(lab, logs):
    arn = detector(lab, logs)
    write(lab, logs, "ERROR cannot reach 10.0.0.# port 443", 3)
    lab.advance(minutes=5)
    (first,) = found(logs, arn)
    assert first["patternString"] == "ERROR cannot reach <*> port <*>"
    assert (first["priority"], first["state"], first["active"]) == ("HIGH", "Active", True)
    assert [one["message"] for one in first["logSamples"]] == [
        f"ERROR cannot reach 10.0.0.{i} port 443" for i in range(3)]  # fmt: skip
    assert list(first["histogram"].values()) == [3]
    dynamic = [token for token in first["patternTokens"] if token["isDynamic"]]
    assert [token["inferredTokenName"] for token in dynamic] == ["IPAddress-1", "Number-2"]
    write(lab, logs, "ERROR cannot reach 10.0.0.9 port 443")
    lab.advance(minutes=5)
    (again,) = found(logs, arn)
    assert (again["anomalyId"], list(again["histogram"].values())) == (first["anomalyId"], [3, 1])
    assert again["lastSeen"] > first["lastSeen"]
    lab.advance(minutes=5)
    assert found(logs, arn)[0]["active"] is False


def test_what_comes_far_more_often_is_an_anomaly(lab, logs):
    arn = detector(lab, logs)
    write(lab, logs, "INFO request 1 took # ms", 9)
    lab.advance(minutes=5)
    assert found(logs, arn) == []
    write(lab, logs, "INFO request 1 took # ms", 30)
    lab.advance(minutes=5)
    (one,) = found(logs, arn)
    assert (one["priority"], one["description"].startswith("30 lines")) == ("LOW", True)


def test_an_alarm_hears_of_it(lab, logs, cloudwatch):
    detector(lab, logs)
    cloudwatch.put_metric_alarm(
        AlarmName="odd", Namespace="AWS/Logs", MetricName="AnomalyCount", Statistic="Sum",
        Dimensions=[{"Name": "LogAnomalyDetector", "Value": "d"},
                    {"Name": "LogAnomalyPriority", "Value": "HIGH"}],
        Period=300, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    write(lab, logs, "FATAL disk 3 is gone")
    lab.advance(minutes=11)
    states = cloudwatch.describe_alarm_history(AlarmName="odd", HistoryItemType="StateUpdate")
    assert any("to ALARM" in row["HistorySummary"] for row in states["AlarmHistoryItems"])


def test_suppressed_for_a_while(lab, logs):
    arn = detector(lab, logs)
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=5)
    (one,) = found(logs, arn)
    logs.update_anomaly(
        anomalyDetectorArn=arn, anomalyId=one["anomalyId"], suppressionType="LIMITED",
        suppressionPeriod={"value": 1, "suppressionUnit": "HOURS"},
    )  # fmt: skip
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=5)
    (quiet,) = found(logs, arn, suppressionState="SUPPRESSED")
    assert (quiet["state"], len(quiet["histogram"])) == ("Suppressed", 1)
    assert found(logs, arn, suppressionState="UNSUPPRESSED") == []
    lab.advance(hours=1)
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=5)
    (back,) = found(logs, arn)
    assert (back["state"], back["active"], len(back["histogram"])) == ("Active", True, 2)


def test_baseline_is_usual_from_then_on(lab, logs):
    arn = detector(lab, logs)
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=5)
    (one,) = found(logs, arn)
    logs.update_anomaly(anomalyDetectorArn=arn, patternId=one["patternId"], baseline=True)
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=5)
    (told,) = found(logs, arn)
    assert (told["state"], told["active"], len(told["histogram"])) == ("Baseline", False, 1)
    write(lab, logs, "ERROR odd", 50)
    lab.advance(minutes=5)
    assert sorted(row["state"] for row in found(logs, arn)) == ["Active", "Baseline"]


def test_paused_and_gone(lab, logs):
    arn = detector(lab, logs, filterPattern="ERROR")
    logs.update_log_anomaly_detector(anomalyDetectorArn=arn, enabled=False)
    write(lab, logs, "ERROR odd")
    lab.advance(minutes=20)
    logs.update_log_anomaly_detector(anomalyDetectorArn=arn, enabled=True)
    write(lab, logs, "WARN is not asked for")
    lab.advance(minutes=10)
    assert found(logs, arn) == []
    (row,) = logs.list_log_anomaly_detectors(filterLogGroupArn=ARN)["anomalyDetectors"]
    assert (row["anomalyDetectorArn"], row["filterPattern"]) == (arn, "ERROR")
    logs.delete_log_anomaly_detector(anomalyDetectorArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        found(logs, arn)


@pytest.mark.parametrize(
    ("groups", "code"),
    [
        ([], "InvalidParameterException"),
        (["/app"], "InvalidParameterException"),
        ([ARN, ARN], "InvalidParameterException"),
        ([ARN + "gone"], "ResourceNotFoundException"),
    ],
)
def test_what_is_refused(logs, groups, code):
    with pytest.raises(ClientError) as told:
        logs.create_log_anomaly_detector(logGroupArnList=groups)
    assert told.value.response["Error"]["Code"] == code
