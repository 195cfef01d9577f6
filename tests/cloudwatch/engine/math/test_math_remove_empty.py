"""REMOVE_EMPTY."""

from mathrows import calc


def test_series_without_points_go():
    assert calc("REMOVE_EMPTY(METRICS())", m1="1 -", m2="- -", m3="- 3") == ["1 -", "- 3"]
    assert calc("m1 * METRIC_COUNT(REMOVE_EMPTY(METRICS()))", m1="1 2", m2="- -") == "1 2"
