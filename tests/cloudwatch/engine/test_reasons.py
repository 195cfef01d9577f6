"""The texts that AWS puts beside a state (aws-semantics 2.5), to the letter."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate
from labkit.cloudwatch.engine.reasons import java_double, reason_data, reason_text

MINUTE = 60_000_000


def us(*moment):
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


def rule(threshold=50.0, n=1, m=None, comparison="GreaterThanThreshold", **more):
    return AlarmRule(comparison, threshold, MINUTE, n, m, **more)


NEWEST = us(2019, 10, 2, 16, 59)


def found(rule, *values, newest=NEWEST, state="OK"):
    """The evaluation of values, oldest first, None where nothing came."""
    count = len(values)
    periods = [
        Period(newest - (count - 1 - i) * MINUTE, value, 0.0 if value is None else 1.0, count - i)
        for i, value in enumerate(values)
    ]
    return evaluate(rule, periods, state)


def text(rule, *values, old="OK", **more):
    return reason_text(found(rule, *values, **more), old)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (text(rule(m=1), 99.5),
         "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (02/10/19 16:59:00)] was greater "
         "than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition)."),
        (text(rule(m=1), 22.0, old="ALARM"),
         "Threshold Crossed: 1 out of the last 1 datapoints [22.0 (02/10/19 16:59:00)] was not "
         "greater than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition)."),
        (text(rule(m=2, n=3), 60.0, 10.0, 70.0),
         "Threshold Crossed: 2 out of the last 3 datapoints [70.0 (02/10/19 16:59:00), 60.0 "
         "(02/10/19 16:57:00)] were greater than the threshold (50.0) (minimum 2 datapoints for "
         "OK -> ALARM transition)."),
        (text(rule(m=2, n=3), 60.0, 10.0, 20.0, old="ALARM"),
         "Threshold Crossed: 2 out of the last 3 datapoints [20.0 (02/10/19 16:59:00), 10.0 "
         "(02/10/19 16:58:00)] were not greater than the threshold (50.0) (minimum 2 datapoints "
         "for ALARM -> OK transition)."),
        (text(rule(21.0), 21.5, newest=us(2026, 1, 5, 9, 15)),
         "Threshold Crossed: 1 datapoint [21.5 (05/01/26 09:15:00)] was greater than the threshold "
         "(21.0)."),
        (text(rule(21.0, n=2), 22.0, 21.5, newest=us(2026, 1, 5, 9, 15)),
         "Threshold Crossed: 2 datapoints [21.5 (05/01/26 09:15:00), 22.0 (05/01/26 09:14:00)] "
         "were greater than the threshold (21.0)."),
        (text(rule(1.0, comparison="LessThanOrEqualToThreshold"), 1e7),
         "Threshold Crossed: 1 datapoint [1.0E7 (02/10/19 16:59:00)] was not less than or equal to "
         "the threshold (1.0)."),
        (text(rule(n=5), *[None] * 7), "Insufficient Data: 5 datapoints were unknown."),
        (text(rule(n=1), None, None, None), "Insufficient Data: 1 datapoint was unknown."),
        (text(rule(n=2, treat_missing_data="breaching"), *[None] * 4),
         "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints "
         "were treated as [Breaching]."),
        (text(rule(n=1, treat_missing_data="notBreaching"), *[None] * 3),
         "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was "
         "treated as [NonBreaching]."),
        (text(rule(n=3, treat_missing_data="breaching"), None, None, None, None, 60.0),
         "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were "
         "treated as [Breaching]."),
    ],
)  # fmt: skip
def test_the_texts_to_the_letter(told, wanted):
    assert told == wanted


#: What ``Double.toString`` answers, from the text of java.lang.Double's documentation.
DOUBLES = {
    0.0: "0.0", 1.0: "1.0", 50.0: "50.0", 21.5: "21.5", -3.25: "-3.25", 0.1: "0.1",
    0.001: "0.001", 0.00099: "9.9E-4", 1e-4: "1.0E-4", 9999999.0: "9999999.0", 1e7: "1.0E7",
    12345678.0: "1.2345678E7", 1e21: "1.0E21", 1e22: "1.0E22", 123456.789: "123456.789",
    1.5e-10: "1.5E-10", 1 / 3: "0.3333333333333333", 2.0**53: "9.007199254740992E15",
    1.7976931348623157e308: "1.7976931348623157E308", float("inf"): "Infinity",
    float("-inf"): "-Infinity",
}  # fmt: skip


@pytest.mark.parametrize(("value", "wanted"), list(DOUBLES.items()))
def test_numbers_as_java_writes_them(value, wanted):
    assert java_double(value) == wanted


def test_minus_zero_and_no_number():
    assert java_double(-0.0) == "-0.0"
    assert java_double(0.0) == "0.0"
    assert java_double(float("nan")) == "NaN"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back_the_same(value):
    told = java_double(value)
    assert float(told) == value
    mantissa, _, power = told.partition("E")
    whole, _, part = mantissa.removeprefix("-").partition(".")
    assert whole.isdigit() and part.isdigit()
    if power:
        assert len(whole) == 1 and whole != "0" and not -3 <= int(power) < 7
    else:
        assert value == 0 or 1e-3 <= abs(value) < 1e7


def test_reason_data_has_awss_keys_in_awss_order():
    query = us(2019, 10, 2, 17, 0) + 985_000
    data = reason_data(found(rule(m=1, n=2), 10.0, 99.5), query)
    assert list(data) == [
        "version", "queryDate", "startDate", "statistic", "period", "recentDatapoints",
        "threshold", "evaluatedDatapoints",
    ]  # fmt: skip
    assert data == {
        "version": "1.0",
        "queryDate": "2019-10-02T17:00:00.985+0000",
        "startDate": "2019-10-02T16:58:00.000+0000",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [10.0, 99.5],
        "threshold": 50.0,
        "evaluatedDatapoints": [
            {"timestamp": "2019-10-02T16:59:00.000+0000", "sampleCount": 1.0, "value": 99.5},
            {"timestamp": "2019-10-02T16:58:00.000+0000", "sampleCount": 1.0, "value": 10.0},
        ],
    }


def test_a_unit_stands_behind_the_start():
    data = reason_data(found(rule(), 99.5), 0, "Seconds")
    assert list(data)[2:5] == ["startDate", "unit", "statistic"]
    assert data["unit"] == "Seconds"


def test_missing_points_are_timestamps_alone_and_no_data_has_no_start():
    data = reason_data(found(rule(n=2), *[None] * 4), us(2019, 10, 2, 17, 0))
    assert "startDate" not in data
    assert data["recentDatapoints"] == []
    assert data["evaluatedDatapoints"] == [
        {"timestamp": "2019-10-02T16:59:00.000+0000"},
        {"timestamp": "2019-10-02T16:58:00.000+0000"},
    ]
