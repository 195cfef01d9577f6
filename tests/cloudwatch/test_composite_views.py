"""What a composite alarm shows: its rule question by question, and strips over time."""

import pytest

from labkit.core.errors import LabError


@pytest.fixture
def world(lab):
    """``all`` = ALARM(a) AND NOT ALARM(b); a rings from 09:06 to 09:09."""
    client = lab.client("cloudwatch")
    for name in "ab":
        client.put_metric_alarm(
            AlarmName=name, Namespace="S", MetricName=name, Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )  # fmt: skip
    client.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(a) AND NOT ALARM(b)")
    lab.run_until("09:05:30")
    client.put_metric_data(Namespace="S", MetricData=[{"MetricName": "a", "Value": 5.0}])
    lab.run_until("09:15")
    return lab


def test_the_strips_show_the_states_that_the_history_holds(world):
    drawing = world.cloudwatch.view_alarm("all")
    assert drawing.title == "all was in ALARM 1 time, 3 minutes in all; tipped by a"
    a, b, result = drawing.data["rows"]
    assert (a["label"], b["label"], result["label"]) == ("ALARM(a)", "ALARM(b)", "all")
    assert [state for _, _, state in a["spans"]] == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK"]
    rings = next(span for span in a["spans"] if span[2] == "ALARM")
    assert a["true"] == [rings[:2]] and b["true"] == []
    assert next(span for span in result["spans"] if span[2] == "ALARM") == rings
    assert "ALARM(a)" in drawing.svg and "AAAA" in str(drawing) and "====" in str(drawing)


def test_the_explanation_names_each_question(world):
    drawing = world.cloudwatch.explain_alarm("all")
    assert drawing.title == "all is OK: its rule does not hold"
    assert drawing.data["leaves"] == [
        ["ALARM(a)", "OK", "09:09", "no"], ["ALARM(b)", "OK", "09:01", "no"],
    ]  # fmt: skip
    client = world.client("cloudwatch")
    client.set_alarm_state(AlarmName="all", StateValue="ALARM", StateReason="drill")
    told = world.cloudwatch.explain_alarm("all")
    assert told.title == "all is ALARM by hand: its rule does not hold"
    assert "reason: drill" in str(told)


def test_several_alarms_as_bands(world):
    drawing = world.cloudwatch.view_alarms()
    assert drawing.title == "3 alarms, in ALARM: a and all"
    assert [row["label"] for row in drawing.data["rows"]] == ["a", "b", "all"]
    assert world.cloudwatch.view_alarms("b").title == "1 alarm, no ALARM"
    with pytest.raises(LabError, match="there are: a, all, b"):
        world.cloudwatch.view_alarms("gone")


def test_an_alarm_that_never_rang_and_a_stretch(world):
    drawing = world.cloudwatch.view_alarm(
        "all", start=world.start, end=world.start.replace(minute=5)
    )
    assert drawing.title == "all was never in ALARM"
    assert drawing.data["rows"][2]["spans"][-1][2] == "OK"
