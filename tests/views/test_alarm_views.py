"""views.alarm, alarm_row, alarms, history: why an alarm decided, and what there is of them."""

import json

import pytest
from views_morning import at

from labkit.cloudwatch import views
from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate
from labkit.core.errors import LabError

US = 1767603600 * 1_000_000
TOPIC = "arn:aws:sns:us-east-1:123456789012:oncall"


def evaluation(values, n=5, m=3, treatment="breaching", state="OK"):
    rule = AlarmRule("GreaterThanThreshold", 70.0, 60_000_000, n, m, treatment)
    periods = [
        Period(US + place * 60_000_000, value, age=len(values) - place)
        for place, value in enumerate(values)
    ]
    return evaluate(rule, periods, state)


THREE_OF_FIVE = """\
cpu-high: ALARM, because 3 of 5 datapoints breach, 3 of 5 are enough
  oldest first     09:00   09:01  09:02   09:03  09:04   09:05  09:06
  value           66.8 %  71.2 %      -  97.9 %      -  98.1 %   50 %
  X breaches           0       X      -       X      -       X      0
  counted              *       *              *              *      *
  rings when      Average above 70 for 3 of 5 periods of 1 minute
  missing data    breaching: it counts as breaching
  decided by      enough data: 3 of 5 datapoints breach, 3 of 5 are enough"""


def test_three_of_five_in_a_terminal():
    values = [66.8, 71.2, None, 97.9, None, 98.1, 50.0]
    drawing = views.alarm(evaluation(values), name="cpu-high", unit="Percent")
    assert str(drawing) == THREE_OF_FIVE
    assert drawing.data["notation"] == "0 X - X - X 0"
    assert drawing.data["inputs"] == {"N": 5, "M": 3, "datapoints": 5, "breaching": 3, "missing": 0}
    assert [p["counted"] for p in drawing.data["periods"]] == [
        True, True, False, True, False, True, True,
    ]  # fmt: skip
    for word in ("! ALARM", "97.9 %", "missing", "Solid frame: counted"):
        assert word in drawing.html


def test_a_state_that_stays_is_called_that():
    drawing = views.alarm(evaluation([None] * 4 + [88.0], n=3, treatment="missing"))
    assert drawing.title.startswith("stays OK, because 1 of 1 datapoints breach")
    assert drawing.data["stays"] is True


def test_of_a_long_range_the_newest_periods_are_shown():
    drawing = views.alarm(evaluation([80.0] * 100, n=98, m=98))
    assert "70 older periods not shown." in str(drawing)
    assert drawing.html.count("font-size:16px") == 30
    assert len(drawing.data["periods"]) == 100


DESCRIBED = {
    "AlarmName": "cpu-high", "StateValue": "ALARM", "MetricName": "CPUUtilization",
    "Namespace": "AWS/EC2", "Statistic": "Average", "Period": 300, "EvaluationPeriods": 1,
    "Threshold": 70.0, "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "InstanceId", "Value": "i-0abc"}], "AlarmActions": [TOPIC],
    "StateReason": "Threshold Crossed: 1 datapoint [97.9 (05/01/26 09:15:00)] was greater ...",
    "StateReasonData": json.dumps({"evaluatedDatapoints": [
        {"timestamp": "2026-01-05T09:15:00.000+0000", "sampleCount": 1.0, "value": 97.9},
        {"timestamp": "2026-01-05T09:10:00.000+0000"},
    ]}),
    "StateTransitionedTimestamp": at(20), "ActionsEnabled": True,
}  # fmt: skip


def test_an_alarm_as_described_explains_itself_too():
    drawing = views.alarm(DESCRIBED)
    assert drawing.title == "cpu-high: ALARM since Mon 5 Jan 09:20"
    assert drawing.data["notation"] == "- X"
    assert "decided by      Threshold Crossed: 1 datapoint" in str(drawing)
    fresh = {"AlarmName": "new", "StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked"}
    assert views.alarm(fresh).title == "new: INSUFFICIENT_DATA"
    with pytest.raises(LabError, match=r"response\['MetricAlarms'\]\[0\]"):
        views.alarm({"MetricAlarms": [DESCRIBED]})


# AWS's own tables (aws-semantics 2.3): missing, ignore, breaching, notBreaching.
DOCUMENTED = [
    (3, "0 - X - X", "OK OK OK OK"),
    (3, "0 - - - -", "OK OK OK OK"),
    (3, "- - - - -", "INSUFFICIENT_DATA RETAIN ALARM OK"),
    (3, "0 X X - X", "ALARM ALARM ALARM ALARM"),
    (3, "- - X - -", "ALARM RETAIN ALARM OK"),
    (2, "0 - X - X", "ALARM ALARM ALARM ALARM"),
    (2, "0 0 X 0 X", "ALARM ALARM ALARM ALARM"),
    (2, "0 - X - -", "OK OK ALARM OK"),
    (2, "- - - - 0", "OK OK ALARM OK"),
    (2, "- - - X -", "ALARM RETAIN ALARM OK"),
]


@pytest.mark.parametrize(("m", "row", "wanted"), DOCUMENTED)
def test_the_documented_tables(m, row, wanted):
    drawing = views.alarm_row(row, N=3, M=m)
    assert " ".join(drawing.data["outcomes"].values()) == wanted
    assert drawing.data["notation"] == row


PREMATURE = """\
- - X - - with 3 of 3: ALARM with missing and breaching; OK with notBreaching; as it was with ignore
missing data is  the alarm is
---------------  ------------
missing          ALARM
ignore           as it was
breaching        ALARM
notBreaching     OK"""


def test_a_row_with_given_outcomes():
    outcomes = dict(zip(views.TREATMENTS, ("ALARM", "RETAIN", "ALARM", "OK"), strict=True))
    drawing = views.alarm_row("- - X - -", outcomes=outcomes)
    assert str(drawing) == PREMATURE
    assert "<i>as it was</i>" in drawing.html


def test_a_row_says_why_when_the_engine_decides():
    drawing = views.alarm_row("--x--")
    assert "nothing newer is fine" in str(drawing)
    assert views.alarm_row("0 - X - X").title == (
        "0 - X - X with 3 of 3: OK, however missing data is treated"
    )


@pytest.mark.parametrize(
    ("row", "how", "told"),
    [
        ("0 - Y", {}, "'Y' is not one of them"),
        ("", {}, "this row is empty"),
        ("0 X", {"N": 3, "M": 4}, "4 of 3 is no such pair"),
    ],
)
def test_rows_that_are_none(row, how, told):
    with pytest.raises(LabError, match=told):
        views.alarm_row(row, **how)


ALARMS = """\
3 alarms: 1 ALARM, 1 INSUFFICIENT_DATA, 1 OK
state              alarm          rings when                                                                                since (UTC)      on ALARM
-----------------  -------------  ----------------------------------------------------------------------------------------  ---------------  ---------------------
ALARM              cpu-high       Average above 70 for 1 period of 5 minutes, CPUUtilization {InstanceId=i-0abc}            Mon 5 Jan 09:20  oncall
INSUFFICIENT_DATA  <b>slow</b>    p99 5 or less for 3 of 5 periods of 1 minute, Latency                                     Mon 5 Jan 09:02  switched off (oncall)
OK                 shop-down      ALARM("cpu-high") AND ALARM("slow")                                                       Mon 5 Jan 09:01  nothing"""  # noqa: E501


def test_the_list_of_alarms():
    slow = {
        "AlarmName": "<b>slow</b>", "StateValue": "INSUFFICIENT_DATA", "MetricName": "Latency",
        "ExtendedStatistic": "p99", "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 3,
        "Threshold": 5.0, "ComparisonOperator": "LessThanOrEqualToThreshold", "Dimensions": [],
        "StateTransitionedTimestamp": at(2), "AlarmActions": [TOPIC], "ActionsEnabled": False,
    }  # fmt: skip
    composite = {
        "AlarmName": "shop-down", "StateValue": "OK", "StateUpdatedTimestamp": at(1),
        "AlarmRule": 'ALARM("cpu-high") AND ALARM("slow")', "AlarmActions": [],
    }  # fmt: skip
    response = {"MetricAlarms": [DESCRIBED, slow], "CompositeAlarms": [composite]}
    drawing = views.alarms(response)
    squeezed = [" ".join(line.replace("-", "").split()) for line in str(drawing).splitlines()]
    assert squeezed == [" ".join(line.replace("-", "").split()) for line in ALARMS.splitlines()]
    assert drawing.data["by_state"] == {"ALARM": 1, "INSUFFICIENT_DATA": 1, "OK": 1}
    assert "<b>slow</b>" not in drawing.html.replace("<b>&lt;b&gt;slow&lt;/b&gt;</b>", "")
    assert views.alarms(response["MetricAlarms"]).title == "2 alarms: 1 ALARM, 1 INSUFFICIENT_DATA"


def test_no_alarms():
    assert str(views.alarms({"MetricAlarms": [], "CompositeAlarms": []})) == "No alarms"


def state_update(minute, old, new, reason, name="cpu-high"):
    data = {"oldState": {"stateValue": old}, "newState": {"stateValue": new, "stateReason": reason}}
    return {
        "AlarmName": name, "Timestamp": at(minute), "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {old} to {new}", "HistoryData": json.dumps(data),
    }  # fmt: skip


HISTORY = """\
cpu-high: 2 changes of state, ALARM at 09:20, OK at 09:35
when (UTC)       what                 why
---------------  -------------------  -----------------------------------
Mon 5 Jan 09:01  ConfigurationUpdate  Alarm "cpu-high" created
Mon 5 Jan 09:20  OK -> ALARM          97.9 was greater
Mon 5 Jan 09:20  Action               Successfully executed action oncall
Mon 5 Jan 09:35  ALARM -> OK          20.1 was not greater"""


def test_a_history_oldest_first():
    action = {
        "AlarmName": "cpu-high", "Timestamp": at(20), "HistoryItemType": "Action",
        "HistorySummary": f"Successfully executed action {TOPIC}", "HistoryData": "{}",
    }  # fmt: skip
    created = {
        "AlarmName": "cpu-high", "Timestamp": at(1), "HistoryItemType": "ConfigurationUpdate",
        "HistorySummary": 'Alarm "cpu-high" created', "HistoryData": "{}",
    }  # fmt: skip
    items = [
        state_update(35, "ALARM", "OK", "20.1 was not greater"), action,
        state_update(20, "OK", "ALARM", "97.9 was greater"), created,
    ]  # fmt: skip
    drawing = views.history({"AlarmHistoryItems": items})
    assert str(drawing) == HISTORY
    assert drawing.data["items"][1]["to"] == "ALARM"
    assert "\u2192" in drawing.html


def test_histories_of_several_alarms_and_of_none():
    items = [state_update(1, "OK", "ALARM", "x", "a"), state_update(2, "OK", "ALARM", "y", "b")]
    drawing = views.history(items)
    assert drawing.title == "2 alarms: 2 changes of state, a ALARM at 09:01, b ALARM at 09:02"
    assert str(views.history({"AlarmHistoryItems": []})) == "No history"
