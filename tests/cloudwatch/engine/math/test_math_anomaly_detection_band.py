"""ANOMALY_DETECTION_BAND as a function; the model is tested in test_anomaly.py."""

import numpy as np
import pytest
from mathrows import MINUTE, SECOND, START, Rows, calc, query

from labkit.cloudwatch.engine.math.frame import Frame, Leaf
from labkit.cloudwatch.engine.math.program import Program, QueryError
from labkit.cloudwatch.engine.samples import Samples

HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


class Past(Rows):
    """Sources whose m1 was 10 or 12 in turn for ten days, every five minutes."""

    def metric(self, id_):
        leaf = super().metric(id_)
        times = np.arange(START - 10 * DAY, START + HOUR, 300 * SECOND)
        values = np.where(np.arange(len(times)) % 2, 10.0, 12.0)
        return Leaf(leaf.metric, leaf.statistic, leaf.samples, history=Samples(times, values))


def band(expression, **more):
    program = Program([query("m1", 300), {"Id": "b", "Expression": expression}])
    starts = START + np.arange(3, dtype=np.int64)[None, :] * 300 * SECOND
    frame = Frame(program, Past(program, {"m1": "1 1 1"}), starts, 300 * SECOND, **more)
    return [one.values[0] for one in frame.value("b").members]


def test_lower_and_upper_around_what_is_normal():
    lower, upper = band("ANOMALY_DETECTION_BAND(m1)")
    assert ((lower < 10) & (lower > 7)).all() and ((upper > 12) & (upper < 15)).all()


def test_the_width_is_in_standard_deviations():
    (low1, high1), (low4, high4) = (
        band(f"ANOMALY_DETECTION_BAND(m1, {width})") for width in (1, 4)
    )
    assert high4 - low4 == pytest.approx(4 * (high1 - low1))


def test_of_an_expression_the_expression_is_trained():
    lower, upper = band("ANOMALY_DETECTION_BAND(m1 * 100)")
    assert (lower > 700).all() and (upper < 1500).all()


def test_first_is_the_lower_bound_last_the_upper():
    assert calc("LAST(ANOMALY_DETECTION_BAND(m1))", m1="1 2") == "- -"  # nothing to train on
    program = "ANOMALY_DETECTION_BAND(m1)"
    lower, upper = band(f"[FIRST({program}), LAST({program})]")
    assert (lower < upper).all()


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("ANOMALY_DETECTION_BAND()", "Unsupported arguments"),
        ("ANOMALY_DETECTION_BAND([m1])", "Unsupported arguments"),
        ("ANOMALY_DETECTION_BAND(m1, 0)", "more than 0"),
        ("ANOMALY_DETECTION_BAND(m1, m1)", "Unsupported arguments"),
    ],
)
def test_what_it_does_not_take(expression, told):
    with pytest.raises(QueryError, match=told):
        calc(expression, m1="1")
