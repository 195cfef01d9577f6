"""The documented list of functions, each with its file and its test."""

from pathlib import Path

from labkit.cloudwatch.engine.math.functions import FUNCTIONS

DOCUMENTED = (
    "ABS ANOMALY_DETECTION_BAND AVG CEIL DATAPOINT_COUNT DB_PERF_INSIGHTS DIFF DIFF_TIME FILL "
    "FIRST LAST FLOOR IF INSIGHT_RULE_METRIC LAMBDA LOG LOG10 MAX METRIC_COUNT METRICS MIN MINUTE "
    "HOUR DAY DATE MONTH YEAR EPOCH PERIOD RATE REMOVE_EMPTY RUNNING_SUM SEARCH SERVICE_QUOTA "
    "SLICE SORT STDDEV SUM TIME_SERIES"
)
NAMES = [*DOCUMENTED.split()]


def test_every_documented_function_is_there_and_no_other():
    assert sorted(FUNCTIONS) == sorted(NAMES)


def test_every_function_has_its_test():
    here = Path(__file__).parent
    lacking = [n for n in NAMES if not (here / f"test_math_{n.lower()}.py").exists()]
    assert lacking == []
