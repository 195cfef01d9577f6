"""Log lines of AWS resources with metrics in them become datapoints."""

import json

from labkit.core.clock import to_us


def emit(lab, *texts, group="/aws/lambda/checkout"):
    data = {
        "source": "lambda",
        "log_group": group,
        "log_stream": "s",
        "events": [[lab.world.clock.now_us, text] for text in texts],
    }
    lab.world.facts.publish("log.emitted", lab.account, lab.region, data)


def line(lab, value=1, *, minutes=0, **more):
    stamp = to_us(lab.now) // 1000 + minutes * 60_000
    return json.dumps(
        {
            "_aws": {
                "Timestamp": stamp,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Teapot",
                        "Dimensions": [["Shop"]],
                        "Metrics": [{"Name": "Orders", "Unit": "Count"}],
                    }
                ],
            },
            "Shop": "Porto",
            "Orders": value,
            **more,
        }
    )


def orders(lab, stat="Sum", namespace="Teapot", name="Orders", **dimensions):
    dimensions = dimensions or {"Shop": "Porto"}
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
        StartTime=lab.start,
        EndTime=lab.now,
        Period=300,
        Statistics=[stat],
    )["Datapoints"]
    return [point[stat] for point in found]


def test_values_are_stored_and_an_alarm_hears_them(lab):
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="rush", Namespace="Teapot", MetricName="Orders",
        Dimensions=[{"Name": "Shop", "Value": "Porto"}], Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    emit(lab, "START RequestId: x", line(lab, [2, 3]), line(lab, 4))
    lab.advance(minutes=2)
    assert orders(lab) == [9]
    assert orders(lab, "SampleCount") == [3]
    state = lab.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"]
    assert state == "ALARM"


def test_it_is_a_custom_metric_on_the_bill(lab):
    lab.advance(minutes=1)
    emit(lab, line(lab))
    lab.advance(minutes=1)
    assert "metric-hour" in str(lab.bill())


def test_errors_are_counted_by_log_group(lab):
    emit(lab, '{"_aws": {', line(lab, "many"), line(lab, Shop=5))
    lab.advance(minutes=1)
    group = {"LogGroupName": "/aws/lambda/checkout"}
    assert orders(lab, namespace="AWS/Logs", name="EMFParsingErrors", **group) == [1]
    assert orders(lab, namespace="AWS/Logs", name="EMFValidationErrors", **group) == [2]


def test_a_document_of_another_month_is_not_stored(lab):
    emit(lab, line(lab, minutes=-60 * 24 * 15), line(lab, minutes=130))
    lab.advance(minutes=1)
    assert lab.client("cloudwatch").list_metrics(Namespace="Teapot")["Metrics"] == []
