"""Alarm evaluation against AWS's own tables, in AWS's own notation."""

import pytest

from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate

MINUTE = 60_000_000

#: CloudWatch user guide, "Configuring how alarms treat missing data": newest on the right,
#: 0 fine, X breaching, - missing; columns missing, ignore, breaching, notBreaching.
TABLES = """
M=3 N=3
0 - X - X | OK                | OK     | OK    | OK
0 - - - - | OK                | OK     | OK    | OK
- - - - - | INSUFFICIENT_DATA | RETAIN | ALARM | OK
0 X X - X | ALARM             | ALARM  | ALARM | ALARM
- - X - - | ALARM             | RETAIN | ALARM | OK
M=2 N=3
0 - X - X | ALARM             | ALARM  | ALARM | ALARM
0 0 X 0 X | ALARM             | ALARM  | ALARM | ALARM
0 - X - - | OK                | OK     | ALARM | OK
- - - - 0 | OK                | OK     | ALARM | OK
- - - X - | ALARM             | RETAIN | ALARM | OK
"""
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

#: In the text below the tables: these do not go to ALARM at once, the next point could be fine.
IN_PROSE = [("- - - - X", 3), ("- - - X -", 3)]


def cells():
    m = 0
    for line in TABLES.strip().splitlines():
        if line.startswith("M="):
            m = int(line[2])
            continue
        notation, *wanted = (part.strip() for part in line.split("|"))
        for treatment, decision in zip(TREATMENTS, wanted, strict=True):
            yield pytest.param(
                notation, m, treatment, decision, id=f"{m}of3 {notation} {treatment}"
            )


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
    ("statistic", "needed"), [("p99", 1000), ("p50", 20), ("p10", 100), ("p100", 0), ("Average", 0)]
)
def test_how_many_samples_a_percentile_needs(statistic, needed):
    assert rule(statistic=statistic, low_samples="ignore").samples_needed == pytest.approx(needed)


def test_few_samples_keep_the_state():
    few = rule(1, 1, statistic="p99", low_samples="ignore")
    got = evaluate(few, periods("- - X", samples=999), "OK")
    assert (got.state, got.rule_name) == ("OK", "low samples: ignore")
    assert evaluate(few, periods("- - X", samples=1000), "OK").state == "ALARM"
    loose = rule(1, 1, statistic="p99")
    assert evaluate(loose, periods("- - X", samples=1), "OK").state == "ALARM"
