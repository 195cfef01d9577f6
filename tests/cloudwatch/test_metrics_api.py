"""PutMetricData and its readers through real boto3: the worked vectors, windows, errors."""

import math
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

STATS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]


def put(client, *datums, namespace="Shop"):
    client.put_metric_data(Namespace=namespace, MetricData=list(datums))


def statistics(client, name, start, end, period=60, stats=STATS, **more):
    got = client.get_metric_statistics(
        Namespace="Shop", MetricName=name, StartTime=start, EndTime=end, Period=period,
        Statistics=stats, **more,
    )  # fmt: skip
    return sorted(got["Datapoints"], key=lambda p: p["Timestamp"])


def data(client, name, start, end, period=60, stat="Average", **more):
    return client.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "q",
                "MetricStat": {
                    "Metric": {"Namespace": "Shop", "MetricName": name},
                    "Period": period, "Stat": stat,
                },
            }
        ],
        StartTime=start, EndTime=end, **more,
    )  # fmt: skip


def told(problem):
    return problem.value.response["Error"]["Code"], problem.value.response["Error"]["Message"]


# -- worked vectors (aws-semantics 10.1)
def test_three_values_of_one_minute(lab, cloudwatch):
    start = lab.now
    for value in (2, 4, 5):
        put(cloudwatch, {"MetricName": "m", "Value": value})
    (point,) = statistics(cloudwatch, "m", start, start + timedelta(minutes=1))
    assert point.pop("Timestamp") == start
    assert point == {
        "SampleCount": 3.0, "Sum": 11.0, "Average": 11 / 3, "Minimum": 2.0, "Maximum": 5.0,
        "Unit": "None",
    }  # fmt: skip


def test_the_same_as_a_statistic_set_has_no_percentile(lab, cloudwatch):
    start = lab.now
    sets = {"SampleCount": 3, "Sum": 11, "Minimum": 2, "Maximum": 5}
    put(cloudwatch, {"MetricName": "m", "StatisticValues": sets})
    (point,) = statistics(cloudwatch, "m", start, start + timedelta(minutes=1))
    assert (point["Average"], point["SampleCount"]) == (11 / 3, 3.0)
    end = start + timedelta(minutes=1)
    assert data(cloudwatch, "m", start, end, stat="p50")["MetricDataResults"][0]["Values"] == []
    assert data(cloudwatch, "m", start, end, stat="Sum")["MetricDataResults"][0]["Values"] == [11.0]


def test_a_set_of_equal_values_is_as_good_as_the_values(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    sets = {"SampleCount": 3, "Sum": 12, "Minimum": 4, "Maximum": 4}
    put(cloudwatch, {"MetricName": "m", "StatisticValues": sets})
    assert data(cloudwatch, "m", start, end, stat="p50")["MetricDataResults"][0]["Values"] == [4.0]


def test_a_negative_value_ends_percentiles(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    put(cloudwatch, {"MetricName": "m", "Values": [1.0, 2.0], "Counts": [3, 1]})
    assert data(cloudwatch, "m", start, end, stat="p90")["MetricDataResults"][0]["Values"] == [2.0]
    put(cloudwatch, {"MetricName": "m", "Value": -1})
    assert data(cloudwatch, "m", start, end, stat="p90")["MetricDataResults"][0]["Values"] == []


def test_absolute_bounds(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    put(cloudwatch, {"MetricName": "m", "Values": [150, 151, 1000, 1001]})
    for stat, value in {
        "TM(150:1000)": 575.5, "TC(150:1000)": 2.0, "TS(150:1000)": 1151.0, "PR(:1000)": 75.0,
        "IQM": 575.5, "tm100": 575.5, "wm100": 575.5, "p100": 1001.0, "p0": 150.0,
    }.items():  # fmt: skip
        got = data(cloudwatch, "m", start, end, stat=stat)["MetricDataResults"][0]["Values"]
        assert got == [value], stat


def test_four_series_and_no_sum_between_them(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    for server, domain, value in (
        ("Prod", "Frankfurt", 105), ("Beta", "Frankfurt", 115), ("Prod", "Rio", 95),
        ("Beta", "Rio", 97),
    ):  # fmt: skip
        dimensions = [{"Name": "Server", "Value": server}, {"Name": "Domain", "Value": domain}]
        put(cloudwatch, {"MetricName": "s", "Value": value, "Dimensions": dimensions})
    both = [{"Name": "Domain", "Value": "Rio"}, {"Name": "Server", "Value": "Beta"}]
    assert statistics(cloudwatch, "s", start, end, Dimensions=both)[0]["Sum"] == 97.0
    for part in ([], both[:1], both[1:]):
        assert statistics(cloudwatch, "s", start, end, Dimensions=part) == []
    listed = cloudwatch.list_metrics(Dimensions=[{"Name": "Server"}])["Metrics"]
    assert len(listed) == 4
    listed = cloudwatch.list_metrics(Dimensions=[{"Name": "Server", "Value": "Beta"}])["Metrics"]
    assert [m["Dimensions"][0]["Value"] for m in listed] == ["Frankfurt", "Rio"]


# -- units, resolution, time
def test_units_are_apart_and_nothing_is_converted(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    put(cloudwatch, {"MetricName": "m", "Value": 2, "Unit": "Bytes"})
    put(cloudwatch, {"MetricName": "m", "Value": 3, "Unit": "Kilobytes"})
    assert len(statistics(cloudwatch, "m", start, end)) == 2
    assert statistics(cloudwatch, "m", start, end, Unit="Megabytes") == []
    (result,) = data(cloudwatch, "m", start, end)["MetricDataResults"]
    assert result["Values"] == [2.0]
    assert result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Bytes, Kilobytes]'"}
    ]


def test_standard_resolution_is_kept_by_the_minute_and_high_by_the_second(lab, cloudwatch):
    lab.advance(seconds=42)
    start = lab.start
    put(cloudwatch, {"MetricName": "slow", "Value": 1})
    put(cloudwatch, {"MetricName": "fast", "Value": 1, "StorageResolution": 1})
    end = start + timedelta(minutes=1)
    (slow,) = statistics(cloudwatch, "slow", start, end, period=10)
    (fast,) = statistics(cloudwatch, "fast", start, end, period=10)
    assert (slow["Timestamp"].second, fast["Timestamp"].second) == (0, 40)


def test_a_point_put_just_now_is_found_up_to_now(lab, cloudwatch):
    start = lab.now - timedelta(minutes=5)
    put(cloudwatch, {"MetricName": "m", "Value": 1})
    assert data(cloudwatch, "m", start, lab.now)["MetricDataResults"][0]["Values"] == [1.0]
    assert len(statistics(cloudwatch, "m", start, lab.now)) == 1


def test_memory_fades_to_coarser_periods_silently(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(hours=1)
    put(
        cloudwatch,
        {"MetricName": "m", "Value": 1},
        {"MetricName": "h", "Value": 1, "StorageResolution": 1},
    )
    readable = {}
    for days in (0, 1, 14, 16, 62, 64, 454, 456):
        lab.run_until(start + timedelta(days=days, minutes=2))
        readable[days] = [
            bool(statistics(cloudwatch, "m", start, end, period=p)) for p in (60, 300, 3600)
        ]
    assert readable == {
        0: [True, True, True], 1: [True, True, True], 14: [True, True, True],
        16: [False, True, True], 62: [False, True, True], 64: [False, False, True],
        454: [False, False, True], 456: [False, False, False],
    }  # fmt: skip


def test_high_resolution_is_readable_for_three_hours(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(minutes=1)
    put(cloudwatch, {"MetricName": "h", "Value": 1, "StorageResolution": 1})
    lab.advance(hours=2)
    assert statistics(cloudwatch, "h", start, end, period=1)
    lab.advance(hours=2)
    assert not statistics(cloudwatch, "h", start, end, period=1)
    assert statistics(cloudwatch, "h", start, end, period=60)


def test_an_unheard_metric_is_not_listed_after_two_weeks_but_still_read(lab, cloudwatch):
    start, end = lab.now, lab.now + timedelta(hours=1)
    put(cloudwatch, {"MetricName": "m", "Value": 1})
    assert len(cloudwatch.list_metrics()["Metrics"]) == 1
    assert len(cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"]) == 1
    lab.advance(hours=4)
    assert cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"] == []
    lab.advance(days=14)
    assert cloudwatch.list_metrics()["Metrics"] == []
    assert statistics(cloudwatch, "m", start, end, period=300)


@pytest.mark.parametrize(("days", "hours", "fits"), [
    (-13.9, 0, True), (-14.1, 0, False), (-15, 0, False), (0, 1.9, True), (0, 3, False),
])  # fmt: skip
def test_the_window_for_timestamps(lab, cloudwatch, days, hours, fits):
    when = lab.now + timedelta(days=days, hours=hours)
    datum = {"MetricName": "m", "Value": 1, "Timestamp": when}
    if fits:
        put(cloudwatch, datum)
        return
    with pytest.raises(ClientError) as problem:
        put(cloudwatch, {"MetricName": "ok", "Value": 1}, datum)
    code, message = told(problem)
    assert code == "InvalidParameterValue"
    assert message.startswith("The parameter MetricData.member.2.Timestamp must specify a time ")
    assert cloudwatch.list_metrics()["Metrics"] == []  # all of a request or none of it


# -- errors
VALUE = {"MetricName": "m", "Value": 1.0}
SETS = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}
PATH = "MetricData.member.1"


@pytest.mark.parametrize(
    ("datum", "code", "message"),
    [
        ({**VALUE, "Values": [1.0]}, "InvalidParameterCombination",
         f"The parameters {PATH}.Value and {PATH}.Values are mutually exclusive and you have "
         "specified both."),
        ({**VALUE, "StatisticValues": SETS}, "InvalidParameterCombination",
         f"The parameters {PATH}.Value and {PATH}.StatisticValues are mutually exclusive and you "
         "have specified both."),
        ({"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValue",
         f"The parameters {PATH}.Values and {PATH}.Counts must be of the same size."),
        ({"MetricName": "m"}, "MissingParameter", f"{PATH}.StatisticValues is required"),
        ({**VALUE, "Value": math.nan}, "InvalidParameterValue",
         f"The value NaN for parameter {PATH}.Value is invalid."),
        ({**VALUE, "Value": math.inf}, "InvalidParameterValue", f"{PATH}.Value is invalid"),
        ({**VALUE, "Value": 2.0**361}, "InvalidParameterValue", f"{PATH}.Value is invalid"),
        ({**VALUE, "Unit": "Parsecs"}, "InvalidParameterValue",
         f"The parameter {PATH}.Unit must be a value in the set [ "),
        ({**VALUE, "StorageResolution": 30}, "InvalidParameterValue", "must be 1 or 60"),
        ({**VALUE, "Dimensions": [{"Name": f"d{i}", "Value": "v"} for i in range(31)]},
         "InvalidParameterValue",
         f"The collection {PATH}.Dimensions must not have a size greater than 30."),
        ({**VALUE, "Dimensions": [{"Name": ":d", "Value": "v"}]}, "InvalidParameterValue",
         f"The value :d for parameter {PATH}.Dimensions.member.1.Name is invalid."),
        ({"MetricName": "m", "Values": [1.0] * 151}, "InvalidParameterValue", "greater than 150"),
        ({"MetricName": "m", "StatisticValues": {**SETS, "Minimum": 2}}, "InvalidParameterValue",
         "must not be greater than"),
    ],
)  # fmt: skip
def test_bad_datums_are_refused_in_awss_words_and_nothing_is_stored(
    lab, cloudwatch, datum, code, message
):
    with pytest.raises(ClientError) as problem:
        put(cloudwatch, datum, {"MetricName": "good", "Value": 1})
    assert told(problem)[0] == code
    assert message in told(problem)[1]
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_thirty_dimensions_are_fine(cloudwatch):
    put(cloudwatch, {**VALUE, "Dimensions": [{"Name": f"d{i}", "Value": "v"} for i in range(30)]})


@pytest.mark.parametrize("namespace", ["AWS/EC2", ":x", " "])
def test_namespaces(cloudwatch, namespace):
    with pytest.raises(ClientError) as problem:
        put(cloudwatch, VALUE, namespace=namespace)
    assert told(problem)[0] == "InvalidParameterValue"
    if namespace.startswith("AWS"):
        assert told(problem)[1] == "The value AWS/ for parameter Namespace is invalid."


def test_too_many_datapoints(lab, cloudwatch):
    start = lab.now - timedelta(days=1)
    statistics(cloudwatch, "m", start, lab.now.replace(microsecond=0))
    with pytest.raises(ClientError) as problem:
        statistics(cloudwatch, "m", start, start + timedelta(days=60))
    assert told(problem) == (
        "InvalidParameterCombination",
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may "
        "reduce the datapoints requested by increasing Period, or decreasing the time range.",
    )


def test_a_point_of_this_very_second_is_found(lab, cloudwatch):
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "m", "Value": 7}])
    found = statistics(cloudwatch, "m", lab.start, lab.now)
    assert [point["Average"] for point in found] == [7.0]


def test_start_after_end(lab, cloudwatch):
    with pytest.raises(ClientError) as problem:
        statistics(cloudwatch, "m", lab.now - timedelta(hours=1), lab.now - timedelta(hours=1))
    assert told(problem) == (
        "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."
    )  # fmt: skip


def test_statistics_come_in_no_order_and_data_newest_first(lab, cloudwatch):
    start = lab.now
    for _ in range(5):
        put(cloudwatch, VALUE)
        lab.advance(minutes=1)
    got = cloudwatch.get_metric_statistics(
        Namespace="Shop", MetricName="m", StartTime=start, EndTime=lab.now, Period=60,
        Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    times = [p["Timestamp"] for p in got]
    assert times != sorted(times) and times != sorted(times, reverse=True)
    newest = data(cloudwatch, "m", start, lab.now)["MetricDataResults"][0]["Timestamps"]
    assert newest == sorted(times, reverse=True)
    oldest = data(cloudwatch, "m", start, lab.now, ScanBy="TimestampAscending")
    assert oldest["MetricDataResults"][0]["Timestamps"] == sorted(times)


def test_pages_of_data(lab, cloudwatch):
    start = lab.now
    for _ in range(7):
        put(cloudwatch, VALUE)
        lab.advance(minutes=1)
    end = lab.now
    whole = data(cloudwatch, "m", start, end)["MetricDataResults"][0]
    values, token, rounds = [], {}, 0
    while True:
        page = data(cloudwatch, "m", start, end, MaxDatapoints=3, **token)
        values += page["MetricDataResults"][0]["Timestamps"]
        rounds += 1
        if "NextToken" not in page:
            break
        assert page["MetricDataResults"][0]["StatusCode"] == "PartialData"
        token = {"NextToken": page["NextToken"]}
    assert (values, rounds) == (whole["Timestamps"], 3)
    with pytest.raises(ClientError, match="InvalidNextToken"):
        data(cloudwatch, "m", start, end, stat="Sum", **token)
    with pytest.raises(ClientError, match="InvalidNextToken"):
        data(cloudwatch, "m", start, end, NextToken="nonsense")


def test_default_labels(lab, cloudwatch):
    def labels(*asked):
        queries = [
            {"Id": f"q{i}", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "metric1"},
                                            "Period": period, "Stat": stat}}
            for i, (stat, period) in enumerate(asked)
        ]  # fmt: skip
        got = cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=lab.start, EndTime=lab.start + timedelta(hours=1)
        )
        assert all(r["StatusCode"] == "Complete" for r in got["MetricDataResults"])
        return [r["Label"] for r in got["MetricDataResults"]]

    assert labels(("Sum", 60)) == ["metric1"]
    assert labels(("Sum", 60), ("Average", 60)) == ["metric1 Sum", "metric1 Average"]
    assert labels(("Sum", 60), ("Sum", 300)) == ["metric1 60", "metric1 300"]
    assert labels(("Sum", 60), ("Average", 300)) == ["metric1 Sum 60", "metric1 Average 300"]


def test_query_errors(lab, cloudwatch):
    stat = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}

    def ask(*queries):
        with pytest.raises(ClientError) as problem:
            cloudwatch.get_metric_data(
                MetricDataQueries=list(queries), StartTime=lab.start - timedelta(hours=1),
                EndTime=lab.start,
            )  # fmt: skip
        return told(problem)

    good = {"Id": "a", "MetricStat": stat}
    assert ask(good, good) == (
        "ValidationError", "The values for parameter id in MetricDataQueries are not unique."
    )  # fmt: skip
    assert ask({"Id": "A", "MetricStat": stat})[0] == "ValidationError"
    assert ask({"Id": "a"})[0] == "MissingParameter"
    assert ask({**good, "Expression": "1"})[0] == "InvalidParameterCombination"
    assert ask({"Id": "a", "Expression": "LAMBDA('f')"})[0] == "NotImplemented"
    code, message = ask({"Id": "a", "MetricStat": {**stat, "Stat": "P99"}})
    assert (code, "in p" in message or "p99" in message.lower()) == ("InvalidParameterValue", True)
    assert ask({"Id": "a", "MetricStat": {**stat, "Period": 45}})[0] == "InvalidParameterValue"


def test_list_metrics_comes_in_pages_of_500(cloudwatch):
    for at in range(0, 1200, 200):
        put(cloudwatch, *({"MetricName": f"m{at + i:04}", "Value": 1} for i in range(200)))
    names = [
        m["MetricName"]
        for page in cloudwatch.get_paginator("list_metrics").paginate()
        for m in page["Metrics"]
    ]
    assert names == [f"m{i:04}" for i in range(1200)]
    assert len(cloudwatch.list_metrics()["Metrics"]) == 500


def test_ec2_metrics_are_listed_when_they_have_a_point(lab, cloudwatch, machine):
    assert cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"] == []
    lab.advance(minutes=2)
    names = {m["MetricName"] for m in cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"]}
    assert names == {"StatusCheckFailed", "StatusCheckFailed_Instance", "StatusCheckFailed_System"}
    lab.advance(minutes=4)
    names = {m["MetricName"] for m in cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"]}
    assert {"CPUUtilization", "NetworkIn", "DiskReadOps"} <= names
