"""Alarm evaluation against AWS's own tables, in AWS's own notation."""

import pytest
from missing_data_tables import cells

from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate

MINUTE = 60_000_000

#: In the text below the tables: these do not go to ALARM at once, the next point could be fine.
IN_PROSE = [("- - - - X", 3), ("- - - X -", 3)]


def rule(m=3, n=3, treatment="missing", **more):
    return AlarmRule(
        comparison="GreaterThanThreshold", threshold=50.0, period_us=MINUTE, evaluation_periods=n,
        datapoints_to_alarm=m, treat_missing_data=treatment, **more,
    )  # fmt: skip


def periods(notation, samples=1.0):
    marks = notation.split()
    values = {"0": 10.0, "X": 90.0, "-": None}
    return [
        Period(i * MINUTE, values[mark], samples if mark != "-" else 0.0, len(marks) - i)
        for i, mark in enumerate(marks)
    ]


@pytest.mark.parametrize(("notation", "m", "treatment", "wanted"), list(cells()))
@pytest.mark.parametrize("before", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_the_forty_cells(notation, m, treatment, wanted, before):
    got = evaluate(rule(m, 3, treatment), periods(notation), before)
    assert got.decision == wanted
    assert got.state == (before if wanted == "RETAIN" else wanted)
    assert got.notation() == notation
    assert got.because[0].text


def test_there_are_forty_cells():
    assert len(list(cells())) == 40


@pytest.mark.parametrize(("notation", "m"), IN_PROSE)
def test_a_lone_breaching_point_waits_for_the_next(notation, m):
    got = evaluate(rule(m), periods(notation), "OK")
    assert (got.decision, got.state, got.rule_name) == ("RETAIN", "OK", "missing: too early")


def test_the_evaluation_tells_what_counted():
    got = evaluate(rule(2), periods("0 0 X 0 X"), "OK")
    assert [p.start_us // MINUTE for p in got.counted] == [2, 3, 4]
    assert [p.start_us // MINUTE for p in got.breaching] == [2, 4]
    assert got.rule_name == "enough data"
    assert got.because[0].inputs == {"N": 3, "M": 2, "datapoints": 3, "breaching": 2, "missing": 0}


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [50.1]),
        ("GreaterThanOrEqualToThreshold", [50.0, 50.1]),
        ("LessThanThreshold", [49.9]),
        ("LessThanOrEqualToThreshold", [49.9, 50.0]),
    ],
)
def test_comparisons(comparison, breaching):
    one = AlarmRule(comparison, 50.0, MINUTE, 1)
    assert [v for v in (49.9, 50.0, 50.1) if one.breaches(v)] == breaching


@pytest.mark.parametrize(
    ("statistic", "needed"),
    [
        ("p99", 1000), ("p99.9", 10_000), ("p90", 100), ("p80", 50), ("p50", 20), ("p10", 100),
        ("p100", 0), ("p0", 0), ("Average", 0), ("tm90", 0),
    ],
)  # fmt: skip
def test_how_many_samples_a_percentile_needs(statistic, needed):
    """To the sample: 10 / (1 - 0.9) is 100.00000000000003, and a hundred would not do."""
    assert rule(statistic=statistic, low_samples="ignore").samples_needed == needed


def test_few_samples_keep_the_state():
    few = rule(1, 1, statistic="p99", low_samples="ignore")
    got = evaluate(few, periods("- - X", samples=999), "OK")
    assert (got.state, got.rule_name) == ("OK", "low samples: ignore")
    assert evaluate(few, periods("- - X", samples=1000), "OK").state == "ALARM"
    assert evaluate(few, periods("- - -"), "OK").state == "INSUFFICIENT_DATA"
    loose = rule(1, 1, statistic="p99")
    assert evaluate(loose, periods("- - X", samples=1), "OK").state == "ALARM"


@pytest.mark.parametrize("before", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_few_samples_are_those_of_the_periods_that_count(before):
    """Three periods of 400 are enough for p99 as 3 of 3, the newest alone is not as 1 of 1."""
    three = rule(3, 3, statistic="p99", low_samples="ignore")
    assert evaluate(three, periods("0 X X X X", samples=400), before).state == "ALARM"
    one = rule(1, 1, statistic="p99", low_samples="ignore")
    assert evaluate(one, periods("X X X", samples=400), before).state == before


def test_the_premature_rule_asks_for_age_not_place():
    """One five-minute point stands in the second-newest window a minute after it came."""
    slid = [Period(0, None, 0.0, 4), Period(1, None, 0.0, 3), Period(2, 90.0, 1.0, 1),
            Period(3, None, 0.0, 1)]  # fmt: skip
    assert evaluate(rule(2, 2), slid, "OK").rule_name == "missing: too early"
    slid[2] = Period(2, 90.0, 1.0, 2)
    assert evaluate(rule(2, 2), slid, "OK").rule_name == "missing: premature"


@pytest.mark.parametrize(
    "wrong",
    [
        {"treat_missing_data": "Missing"}, {"treat_missing_data": "notbreaching"},
        {"low_samples": "keep"}, {"comparison": "GreaterThanUpperBand"},
        {"datapoints_to_alarm": 4}, {"datapoints_to_alarm": 0}, {"evaluation_periods": 0},
        {"period_us": 0}, {"evaluation_range": -1}, {"statistic": "average"},
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_that_means_nothing_is_refused(wrong):
    fine = {
        "comparison": "GreaterThanThreshold", "threshold": 1.0, "period_us": MINUTE,
        "evaluation_periods": 3,
    }  # fmt: skip
    assert AlarmRule(**fine).evaluation_range == 5
    with pytest.raises(ValueError):
        AlarmRule(**{**fine, **wrong})
