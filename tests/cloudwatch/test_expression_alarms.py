"""Alarms on expressions, on bands and on Metrics Insights queries: rules, timelines, words."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from machines import launch

GREATER = "GreaterThanThreshold"


def metric(id_, name=None, period=60, stat="Sum", returned=False, namespace="Shop", **dimensions):
    asked = {
        "Namespace": namespace, "MetricName": name or id_,
        "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
    }  # fmt: skip
    return {
        "Id": id_, "ReturnData": returned,
        "MetricStat": {"Metric": asked, "Period": period, "Stat": stat},
    }  # fmt: skip


def expression(text, id_="e", returned=True, **more):
    return {"Id": id_, "Expression": text, "ReturnData": returned, **more}


ERRORS = [metric("errors"), metric("calls"), expression("errors / calls * 100", Label="rate")]


class World:
    def __init__(self, lab):
        self.lab, self.client = lab, lab.client("cloudwatch")

    def make(self, *metrics, name="a", **more):
        given = {
            "AlarmName": name, "EvaluationPeriods": 1, "ComparisonOperator": GREATER,
            "Threshold": 5.0,
        } | more  # fmt: skip
        if metrics:
            given["Metrics"] = list(metrics)
        self.client.put_metric_alarm(**{k: v for k, v in given.items() if v is not None})

    def put(self, minute=None, **values):
        """Points of now, or of a minute of the lab."""
        at = {} if minute is None else {"Timestamp": self.lab.start + timedelta(minutes=minute)}
        data = [{"MetricName": n, "Value": v, **at} for n, v in values.items()]
        self.client.put_metric_data(Namespace="Shop", MetricData=data)

    def each_minute(self, rows):
        """One call a minute: rows of {name: value}."""
        for row in rows:
            if row:
                self.put(**row)
            self.lab.advance(minutes=1)

    def changes(self, name="a"):
        return [
            ((f.at_us - self.lab.world.clock.start_us) / 60e6, f.data["state"])
            for f in self.lab.parts.post.changes
            if f.data["alarm_name"] == name
        ]

    def alarm(self, name="a"):
        return self.client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]

    def refused(self, *metrics, **more):
        with pytest.raises(ClientError) as problem:
            self.make(*metrics, name="refused", **more)
        error = problem.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def world(lab):
    return World(lab)


# -- metric math
def test_an_error_rate(world):
    world.make(*ERRORS)
    world.each_minute([{"errors": 1, "calls": 100}, {"errors": 9, "calls": 100}, {"calls": 100}])
    world.lab.advance(minutes=1)
    assert world.changes() == [(1, "OK"), (2, "ALARM"), (3, "OK")]


def test_the_words_of_an_expression(world):
    world.make(*ERRORS, EvaluationPeriods=2, DatapointsToAlarm=1)
    world.each_minute([{"errors": 9, "calls": 100}, {}])
    found = world.alarm()
    assert found["StateReason"] == (
        "Threshold Crossed: 1 out of the last 2 datapoints [9.0 (05/01/26 09:00:00)] was greater "
        "than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = json.loads(found["StateReasonData"])
    assert list(data) == [
        "version", "queryDate", "startDate", "period", "recentDatapoints", "threshold",
        "evaluatedDatapoints",
    ]  # fmt: skip
    assert {"timestamp": "2026-01-05T09:00:00.000+0000", "value": 9.0} in data[
        "evaluatedDatapoints"
    ]
    assert found["Metrics"][2]["Expression"] == "errors / calls * 100"
    assert (found["Dimensions"], "MetricName" in found, "Period" in found) == ([], False, False)


def test_functions_see_the_evaluation_range_and_no_more(world):
    """AVG of a day would be below each of the last three points; of the range it is not."""
    world.make(metric("m"), expression("m - AVG(m)"), Threshold=30, TreatMissingData="notBreaching")
    world.each_minute([{"m": 0}] * 10 + [{"m": 100}] * 5)
    assert world.changes() == [(1, "OK"), (11, "ALARM"), (13, "OK")]


def test_what_is_decided_tick_by_tick(world):
    text = "FIRST(SORT([m1, m2], MAX, DESC))"
    world.make(metric("m1"), metric("m2"), expression(text))
    world.each_minute(
        [{"m1": 1, "m2": 2}, {"m1": 1, "m2": 9}, {"m1": 8, "m2": 1}, {"m1": 1, "m2": 1}]
    )
    assert world.changes()[:2] == [(1, "OK"), (2, "ALARM")]


def test_five_minute_points_do_not_make_two_of_two(lab, world, ec2):
    machine = launch(ec2)
    cpu = metric("cpu", "CPUUtilization", 300, "Average", namespace="AWS/EC2", InstanceId=machine)
    world.make(cpu, expression("cpu * 1"), Threshold=70, EvaluationPeriods=2)
    world.client.put_metric_alarm(
        AlarmName="plain", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{"Name": "InstanceId", "Value": machine}], Period=300, EvaluationPeriods=2,
        Threshold=70, ComparisonOperator=GREATER,
    )  # fmt: skip
    lab.fleet.load(machine, cpu=98, start=lab.start.replace(minute=12), minutes=60)
    lab.advance(hours=3)
    assert world.changes() == world.changes("plain")
    assert [state for _, state in world.changes()] == ["OK", "ALARM", "OK"]


@pytest.mark.parametrize(
    ("treatment", "wanted"),
    [
        ("missing", [(1, "OK"), (15, "INSUFFICIENT_DATA")]),
        ("ignore", [(1, "OK")]),
        ("breaching", [(1, "ALARM"), (2, "OK"), (14, "ALARM")]),
        ("notBreaching", [(1, "OK")]),
    ],
)
def test_missing_data_is_treated_as_of_a_metric(world, treatment, wanted):
    world.make(
        metric("m"), expression("m + 0"), EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=50,
        TreatMissingData=treatment,
    )  # fmt: skip
    world.each_minute([{"m": 1}] * 10)
    world.lab.advance(minutes=30)
    assert world.changes() == wanted


def test_fill_leaves_nothing_missing(world):
    world.make(metric("m"), expression("FILL(m, 9)"), EvaluationPeriods=2)
    world.lab.advance(minutes=5)
    assert world.changes() == [(1, "ALARM")]


def test_one_step_or_many(world):
    """A week at once equals a week in steps, and the history says the same."""
    import labkit

    def week(step):
        with labkit.Lab() as lab:
            other = World(lab)
            other.make(*ERRORS, EvaluationPeriods=3, DatapointsToAlarm=2)
            for minute in range(0, 100, 7):
                other.put(minute=minute, errors=minute % 13, calls=50)
            for _ in range(48 // step):
                lab.advance(hours=step)
            return other.changes(), other.alarm()["StateReason"]

    assert week(48) == week(6)


# -- actions and messages
def test_the_message_names_the_metrics(world, topic):
    world.make(*ERRORS, AlarmActions=[topic])
    world.each_minute([{"errors": 9, "calls": 100}])
    (letter,) = [m for m in world.lab.mailbox if m.subject.startswith("ALARM")]
    assert "- e: errors / calls * 100" in letter.body and "- calls: Shop calls" in letter.body
    items = world.client.describe_alarm_history(AlarmName="a", HistoryItemType="Action")
    data = json.loads(items["AlarmHistoryItems"][0]["HistoryData"])
    trigger = json.loads(json.loads(data["publishedMessage"])["default"])["Trigger"]
    assert "MetricName" not in trigger and trigger["Threshold"] == 5.0
    assert trigger["Metrics"][2] == {
        "Id": "e", "Expression": "errors / calls * 100", "ReturnData": True, "Label": "rate",
    }  # fmt: skip
    assert trigger["Metrics"][0]["MetricStat"]["Metric"] == {
        "Namespace": "Shop", "MetricName": "errors", "Dimensions": [],
    }  # fmt: skip


# -- bands
def band(name="req", width=2, **more):
    return [
        metric("m", name, 300, "Average", returned=True),
        expression(f"ANOMALY_DETECTION_BAND(m, {width})", "ad"),
    ]


def past(world, days=4):
    """Requests every five minutes: 100, and 200 from 12:00 to 13:00."""
    now = world.lab.now
    data = []
    for minutes in range(0, days * 1440, 5):
        at = now - timedelta(minutes=minutes + 5)
        value = 200 if at.hour == 12 else 100
        data.append({"MetricName": "req", "Timestamp": at, "Value": value})
    for i in range(0, len(data), 1000):
        world.client.put_metric_data(Namespace="Shop", MetricData=data[i : i + 1000])


def make_band(world, comparison, **more):
    world.make(
        *band(), Threshold=None, ThresholdMetricId="ad", ComparisonOperator=comparison, **more
    )


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanUpperThreshold", 150, "ALARM"),
        ("GreaterThanUpperThreshold", 50, "OK"),
        ("LessThanLowerThreshold", 50, "ALARM"),
        ("LessThanLowerThreshold", 150, "OK"),
        ("LessThanLowerOrGreaterThanUpperThreshold", 150, "ALARM"),
        ("LessThanLowerOrGreaterThanUpperThreshold", 50, "ALARM"),
        ("LessThanLowerOrGreaterThanUpperThreshold", 100, "OK"),
    ],
)
def test_which_side_of_the_band(world, comparison, value, state):
    past(world)
    make_band(world, comparison)
    world.put(req=value)
    world.lab.advance(minutes=5)
    assert world.changes()[-1] == (1, state)


def test_the_band_knows_the_hour(world):
    """Two hundred are normal at noon and are not at ten."""
    past(world)
    make_band(world, "GreaterThanUpperThreshold")
    for minute in range(0, 360, 5):
        noon = 180 <= minute < 240
        world.put(req=200 if noon or minute == 60 else 100)
        world.lab.advance(minutes=5)
    assert [(at, state) for at, state in world.changes() if state == "ALARM"] == [(61, "ALARM")]


def test_the_words_of_a_band(world):
    past(world)
    make_band(world, "GreaterThanUpperThreshold", DatapointsToAlarm=1)
    world.put(req=150)
    world.lab.advance(minutes=5)
    found = world.alarm()
    upper = json.loads(found["StateReasonData"])["recentUpperThresholds"][0]
    assert found["StateReason"].startswith(
        "Thresholds Crossed: 1 out of the last 1 datapoints [150.0 (05/01/26 "
    )
    assert found["StateReason"].endswith(
        f")] was greater than the upper thresholds [{upper}] (minimum 1 datapoint for OK -> ALARM "
        "transition)."
    )
    data = json.loads(found["StateReasonData"])
    assert list(data) == [
        "version", "queryDate", "startDate", "period", "recentDatapoints", "recentUpperThresholds",
        "evaluatedDatapoints",
    ]  # fmt: skip
    assert data["evaluatedDatapoints"][0]["threshold"] == upper
    assert found["ThresholdMetricId"] == "ad" and "Threshold" not in found


def test_without_a_past_there_is_no_band_and_no_alarm(world):
    make_band(world, "GreaterThanUpperThreshold")
    world.put(req=100)
    world.lab.advance(minutes=10)
    assert world.changes() == []
    assert world.alarm()["StateValue"] == "INSUFFICIENT_DATA"


def test_a_detector_changes_what_an_alarm_thinks(world):
    past(world, days=1)
    make_band(world, "GreaterThanUpperThreshold")
    world.put(req=150)
    world.lab.advance(minutes=2)
    assert world.changes() == [(1, "ALARM")]
    world.client.put_anomaly_detector(
        Namespace="Shop", MetricName="req", Stat="Average",
        Configuration={
            "ExcludedTimeRanges": [
                {"StartTime": world.lab.start - timedelta(days=3), "EndTime": world.lab.now}
            ]
        },
    )  # fmt: skip
    world.lab.advance(minutes=20)
    assert world.changes()[-1][1] == "INSUFFICIENT_DATA"


# -- Metrics Insights
def test_a_query_over_whatever_there_is(lab, world, ec2):
    sql = 'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)'
    world.make(expression(sql, "q", Period=300), Threshold=70, EvaluationPeriods=1)
    first = launch(ec2)
    lab.advance(minutes=20)
    second = launch(ec2)  # the alarm was made before this machine
    lab.fleet.load(second, cpu=98, start=lab.now + timedelta(minutes=10), minutes=30)
    lab.advance(hours=2)
    assert first != second
    states = [state for _, state in world.changes()]
    assert states == ["OK", "ALARM", "OK"]


def test_several_series(world):
    sql = "SELECT SUM(req) FROM SCHEMA(Shop, Service) GROUP BY Service ORDER BY SUM() DESC"
    world.make(expression(sql, "q", Period=60))
    for values in ((1, 1), (9, 1), (9, 9), (1, 1)):
        for service, value in zip("ab", values, strict=True):
            world.client.put_metric_data(
                Namespace="Shop",
                MetricData=[
                    {
                        "MetricName": "req", "Value": value,
                        "Dimensions": [{"Name": "Service", "Value": service}],
                    }
                ],
            )  # fmt: skip
        world.lab.advance(minutes=1)
        if values == (9, 1):
            assert world.alarm()["StateReason"] == "1 out of 2 time series evaluated to ALARM"
    assert world.changes() == [(1, "OK"), (2, "ALARM"), (4, "OK")]


# -- what is refused
@pytest.mark.parametrize(
    ("metrics", "more", "told"),
    [
        ([metric("a"), metric("b")], {}, "Exactly one element of the metrics list should return"),
        ([metric("a", returned=True), expression("a")], {}, "Exactly one element"),
        (band()[:1], {"ThresholdMetricId": "ad"}, "Exactly two elements"),
        ([metric("a"), expression("a +")], {}, "Error in expression 'e': Syntax error"),
        ([metric("a"), expression("AVG(a)")], {}, "results in a scalar"),
        ([metric("a"), expression("[a, a]")], {}, "return multi time series are only allowed"),
        ([expression("SEARCH('x', 'Sum', 60)")], {}, "SEARCH is not supported in an alarm"),
        ([metric("a"), metric("b", period=300), expression("a + b")], {}, "the same period"),
        ([expression("SELECT SUM(a) FROM N GROUP BY b", Period=60)], {}, "ORDER BY clause"),
        (
            [expression("SELECT SUM(a) FROM N", Period=300)],
            {"EvaluationPeriods": 37},
            "three hours",
        ),
        ([metric("a"), metric("a"), expression("a")], {}, "are not unique"),
        ([metric(f"m{i}") for i in range(11)] + [expression("m1")], {}, "at most 10 metrics"),
        (ERRORS, {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "acts on an instance"),
        (ERRORS, {"Threshold": None, "ThresholdMetricId": "e"}, "Exactly two elements"),
    ],
)
def test_metrics_that_make_no_alarm(world, metrics, more, told):
    code, message = world.refused(*metrics, **more)
    assert (code, told in message) == ("ValidationError", True), message


def test_combinations_that_make_no_alarm(world):
    combination = "InvalidParameterCombination"
    assert world.refused(*ERRORS, MetricName="m")[0] == combination
    assert world.refused(*ERRORS, Period=60)[0] == combination
    assert world.refused(*band(), ThresholdMetricId="ad")[0] == combination
    upper = {"ComparisonOperator": "GreaterThanUpperThreshold"}
    assert world.refused(*ERRORS, **upper)[0] == combination
    assert world.refused(*band(), ThresholdMetricId="ad", **upper)[0] == combination  # + Threshold
    code, message = world.refused(
        metric("m", returned=True), expression("m * 2", "ad"), Threshold=None,
        ThresholdMetricId="ad", **upper,
    )  # fmt: skip
    assert (code, "ANOMALY_DETECTION_BAND" in message) == ("ValidationError", True)
    assert world.refused(expression("LAMBDA('f')"))[0] == "NotImplemented"


# -- views
def test_an_explanation_shows_the_metrics_behind(world):
    world.make(*ERRORS)
    world.each_minute([{"errors": 9, "calls": 100}])
    drawing = world.lab.cloudwatch.explain_alarm("a")
    assert "rate above 5" in str(drawing)
    assert drawing.data["parts"]["errors"].split()[-1] == "9"
    assert "calls" in str(drawing)


def test_views_of_expressions_and_bands(world):
    past(world)
    make_band(world, "GreaterThanUpperThreshold")
    world.put(req=150)
    world.lab.advance(minutes=30)
    drawing = world.lab.cloudwatch.view_alarm("a")
    lower, upper = drawing.data["band"]
    assert all(a < b for a, b in zip(lower["values"], upper["values"], strict=True))
    assert "<svg" in drawing.svg and len(lower["values"]) == 6
    queries = [*ERRORS, expression("calls * 2", "twice", Label="double")]
    world.put(errors=1, calls=50)
    world.lab.advance(minutes=10)
    shown = world.lab.cloudwatch.view_metric(queries=queries)
    assert [one["label"] for one in shown.data["series"]] == ["rate", "double"]
