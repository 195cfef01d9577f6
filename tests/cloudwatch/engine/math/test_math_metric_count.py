"""METRIC_COUNT."""

from mathrows import calc


def test_it_counts_series_not_points():
    assert calc("m1 / METRIC_COUNT(METRICS())", m1="4 8", m2="- -") == "2 4"
