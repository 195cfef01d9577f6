"""The nearest metric to one that is not there."""

import pytest

from labkit.cloudwatch.nearest import nearest
from labkit.core.sources import Series


def series(text):
    space, name, *pairs = text.split()
    return Series(space, name, tuple(sorted(tuple(pair.split("=")) for pair in pairs)))


@pytest.mark.parametrize(
    ("wanted", "known", "found", "differs"),
    [
        (
            "CWAgent mem_used_percent InstanceId=i-1",
            ["CWAgent mem_used_percent host=ip-1", "CWAgent swap_used_percent InstanceId=i-1"],
            "CWAgent mem_used_percent host=ip-1",
            "it has host=ip-1 and no InstanceId",
        ),
        (
            "CWAgent mem_used_percent InstanceId=i-1",
            ["CWAgent mem_used_percent InstanceId=i-1 path=/", "CWAgent mem_used_percent host=h"],
            "CWAgent mem_used_percent InstanceId=i-1 path=/",
            "it has path=/",
        ),
        (
            "Teapot Orders Shop=Porto",
            ["Teapot Orders Shop=Lisbon", "Teapot Orders Shop=Poorto"],
            "Teapot Orders Shop=Poorto",
            "its Shop is Poorto, not Porto",
        ),
        (
            "Teapot memory_used_percent",
            ["Teapot mem_used_percent"],
            "Teapot mem_used_percent",
            "it is called mem_used_percent, not memory_used_percent",
        ),
        ("CwAgent mem_used", ["CWAgent mem_used"], "CWAgent mem_used", "its namespace is CWAgent"),
        ("Teapot Orders", ["AWS/EC2 CPUUtilization InstanceId=i-1"], None, ""),
        ("Teapot Orders", [], None, ""),
        (
            "N m a=1 b=2",
            ["N m a=1"],
            "N m a=1",
            "it has no b",
        ),
    ],
)
def test_table(wanted, known, found, differs):
    got = nearest(series(wanted), map(series, known))
    assert (got and got.series) == (found and series(found))
    if got:
        assert differs in got.differs


def test_an_alarm_on_nothing_says_so(lab, machine):
    cloudwatch = lab.client("cloudwatch")
    for name, dimensions in (("wrong", [{"Name": "Server", "Value": "a"}]), ("right", [])):
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace="Teapot", MetricName="Orders", Dimensions=dimensions,
            Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    cloudwatch.put_metric_data(
        Namespace="Teapot", MetricData=[{"MetricName": "Orders", "Value": 1}]
    )
    lab.advance(minutes=5)
    told = lab.cloudwatch.explain_alarm("wrong")
    assert "nobody has published Teapot Orders{Server=a}" in str(told)
    assert "the nearest metric is Teapot Orders{}: it has no Server" in str(told)
    assert "nearest" in told._repr_html_()
    assert "nobody has published" not in str(lab.cloudwatch.explain_alarm("right"))
