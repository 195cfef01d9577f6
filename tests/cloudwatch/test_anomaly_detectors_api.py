"""PutAnomalyDetector and its kin through real boto3, and the bands that follow from them."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

ONE = {"Namespace": "Shop", "MetricName": "req", "Stat": "Average"}


def queries(expression="a + b", period=300):
    def metric(id_):
        return {
            "Id": id_, "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "Shop", "MetricName": id_}, "Period": period, "Stat": "Sum",
            },
        }  # fmt: skip

    return [metric("a"), metric("b"), {"Id": "e", "Expression": expression}]


def refused(operation, **given):
    with pytest.raises(ClientError) as problem:
        operation(**given)
    return problem.value.response["Error"]["Code"]


def history(lab, client, days=4, name="req", value=100.0):
    """Points every five minutes: 100, and 100 more from 12:00 to 13:00."""
    now = lab.now
    data = []
    for minutes in range(0, days * 1440, 5):
        at = now - timedelta(minutes=minutes + 5)
        extra = value if at.hour == 12 else 0.0
        data.append({"MetricName": name, "Timestamp": at, "Value": value + extra})
    for i in range(0, len(data), 1000):
        client.put_metric_data(Namespace="Shop", MetricData=data[i : i + 1000])


def band(lab, client, expression="ANOMALY_DETECTION_BAND(m, 2)", start=None, end=None, **more):
    metric = {"Namespace": "Shop", "MetricName": "req"}
    found = client.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m", "ReturnData": False,
                "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"},
            },
            {"Id": "band", "Expression": expression},
        ],
        StartTime=start or lab.now - timedelta(hours=1), EndTime=end or lab.now,
        ScanBy="TimestampAscending", **more,
    )  # fmt: skip
    return [one["Values"] for one in found["MetricDataResults"]]


def test_a_detector_of_one_metric(lab, cloudwatch):
    id_ = cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=ONE)["AnomalyDetectorId"]
    (found,) = cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"]
    assert found == {
        "AnomalyDetectorId": id_, **ONE, "Dimensions": [],
        "Configuration": {"ExcludedTimeRanges": []},
        "SingleMetricAnomalyDetector": {"AccountId": lab.account, **ONE, "Dimensions": []},
        "StateValue": "PENDING_TRAINING",
    }  # fmt: skip
    assert cloudwatch.put_anomaly_detector(**ONE)["AnomalyDetectorId"] == id_
    cloudwatch.delete_anomaly_detector(**ONE)
    assert cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"] == []
    assert refused(cloudwatch.delete_anomaly_detector, **ONE) == "ResourceNotFoundException"


def test_states_follow_the_data(lab, cloudwatch):
    history(lab, cloudwatch, days=1)
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=ONE)

    def state():
        return cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"][0]["StateValue"]

    assert state() == "PENDING_TRAINING"
    lab.advance(hours=3)
    assert state() == "TRAINED_INSUFFICIENT_DATA"
    lab.advance(days=3)
    assert state() == "TRAINED"


def test_a_detector_of_an_expression(cloudwatch):
    math = {"MetricDataQueries": queries()}
    cloudwatch.put_anomaly_detector(MetricMathAnomalyDetector=math)
    assert cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"] == []
    (found,) = cloudwatch.describe_anomaly_detectors(AnomalyDetectorTypes=["METRIC_MATH"])[
        "AnomalyDetectors"
    ]
    assert len(found["MetricMathAnomalyDetector"]["MetricDataQueries"]) == 3
    cloudwatch.delete_anomaly_detector(MetricMathAnomalyDetector=math)
    assert (
        refused(cloudwatch.delete_anomaly_detector, AnomalyDetectorId=found["AnomalyDetectorId"])
        == "ResourceNotFoundException"
    )


@pytest.mark.parametrize(
    ("expression", "period"),
    [
        ("SUM(METRICS())", 300), ("ANOMALY_DETECTION_BAND(a)", 300),
        ("SUM(SEARCH('x', 'Sum', 300))", 300), ("a + b", 10), ("a + b", 7200),
    ],
)  # fmt: skip
def test_expressions_that_no_detector_watches(cloudwatch, expression, period):
    math = {"MetricDataQueries": queries(expression, period)}
    code = refused(cloudwatch.put_anomaly_detector, MetricMathAnomalyDetector=math)
    assert code == "InvalidParameterValue"


def test_combinations(cloudwatch):
    put = cloudwatch.put_anomaly_detector
    assert refused(put) == "MissingParameter"
    assert refused(put, **ONE, SingleMetricAnomalyDetector=ONE) == "InvalidParameterCombination"
    assert refused(put, Namespace="N", MetricName="m") == "MissingParameter"
    assert refused(put, **ONE, Configuration={"MetricTimezone": "Nowhere/At all"}) == (
        "InvalidParameterValue"
    )
    assert (
        refused(cloudwatch.describe_anomaly_detectors, AnomalyDetectorIds=["a"], Namespace="N")
        == "InvalidParameterCombination"
    )


def test_filters_and_pages(cloudwatch):
    for name in ("a", "b", "c"):
        cloudwatch.put_anomaly_detector(Namespace="N", MetricName=name, Stat="Sum")
    pages = cloudwatch.get_paginator("describe_anomaly_detectors").paginate(
        PaginationConfig={"PageSize": 2}
    )
    names = [[one["MetricName"] for one in page["AnomalyDetectors"]] for page in pages]
    assert names == [["a", "b"], ["c"]]
    found = cloudwatch.describe_anomaly_detectors(Namespace="N", MetricName="b")
    assert len(found["AnomalyDetectors"]) == 1
    assert cloudwatch.describe_anomaly_detectors(Namespace="M")["AnomalyDetectors"] == []


def test_a_band_knows_the_hour_of_the_day(lab, cloudwatch):
    history(lab, cloudwatch)
    lab.advance(hours=4)
    noon = lab.start.replace(hour=12)
    lower, upper = band(lab, cloudwatch, start=noon, end=noon + timedelta(minutes=5))
    assert 190 < lower[0] < 200 < upper[0] < 210
    lower, upper = band(lab, cloudwatch, start=noon - timedelta(hours=1), end=noon)
    assert min(lower) > 90 and max(upper) < 110


def test_a_detector_changes_its_band(lab, cloudwatch):
    history(lab, cloudwatch, days=1)
    excluded = {"StartTime": lab.now - timedelta(days=3), "EndTime": lab.now}
    lab.advance(minutes=5)
    assert len(band(lab, cloudwatch)[0]) > 0
    cloudwatch.put_anomaly_detector(**ONE, Configuration={"ExcludedTimeRanges": [excluded]})
    assert band(lab, cloudwatch) == [[], []]  # nothing is left to learn from


def test_a_replay_has_the_same_detectors(lab, cloudwatch):
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=ONE)
    with lab.replay() as again:
        assert again.cloudwatch.digest() == lab.cloudwatch.digest()
        (found,) = again.client("cloudwatch").describe_anomaly_detectors()["AnomalyDetectors"]
        assert found["MetricName"] == "req"
