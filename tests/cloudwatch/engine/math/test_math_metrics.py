"""METRICS."""

from mathrows import calc


def test_metrics_are_all_metrics_of_the_request_and_no_expressions():
    assert calc("METRICS()", m1="1 -", e1="2 3") == ["1 -", "2 3"]
    assert calc("SUM(METRICS())", m1="1 -", m2="2 3") == "3 3"
    assert calc("METRICS() / 100", m1="100 -") == ["1 -"]


def test_with_a_string_those_whose_ids_hold_it():
    rows = {"a4xx": "1 1", "b5xx": "2 2", "ok": "9 9"}
    assert calc('METRICS("4xx")', **rows) == ["1 1"]
    assert calc("SUM([METRICS('4xx'), METRICS('5xx')])", **rows) == "3 3"
    assert calc("METRICS('nothing')", **rows) == []
