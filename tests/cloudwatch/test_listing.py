"""Metrics by what names them."""

import pytest

from labkit.cloudwatch import listing


def put(cloudwatch, value, **dimensions):
    named = [{"Name": name, "Value": told} for name, told in dimensions.items()]
    datum = {"MetricName": "Orders", "Value": value, "Dimensions": named}
    cloudwatch.put_metric_data(Namespace="Teapot", MetricData=[datum])


@pytest.fixture
def shops(cloudwatch):
    put(cloudwatch, 105, Shop="Bremen", Payment="card")
    put(cloudwatch, 95, Shop="Porto", Payment="card")
    return cloudwatch.list_metrics(Namespace="Teapot")


def test_a_row_for_each_metric(shops):
    drawing = listing.metrics(shops)
    assert drawing.title == "2 metrics"
    assert drawing.data["metrics"][0] == {
        "namespace": "Teapot",
        "metric": "Orders",
        "dimensions": {"Payment": "card", "Shop": "Bremen"},
    }
    assert "Payment=card, Shop=Porto" in str(drawing)
    assert "Payment=card, Shop=Porto" in drawing.html


def test_a_long_list_says_how_many_more_there_are():
    entries = [{"Namespace": "N", "MetricName": f"m{n}", "Dimensions": []} for n in range(1400)]
    drawing = listing.metrics(entries)
    assert drawing.title == "1,400 metrics"
    assert str(drawing).endswith("... and 1,388 more")
    assert "(no dimensions)" in str(drawing)


def test_no_metrics():
    assert listing.metrics({"Metrics": []}).title == "No metrics"


def test_boxes_tell_what_lies_under_other_sets(shops):
    held = {("Bremen", "card"): [105.0], ("Porto", "card"): [95.0]}

    def read(Shop="", Payment=""):
        return held.get((Shop, Payment), [])

    drawing = listing.boxes(shops, read, ask=[{"Shop": "Bremen"}, {}])
    assert drawing.title == "2 metrics; under 2 other sets of dimensions: nothing"
    assert [one["values"] for one in drawing.data["stored"]] == [[105.0], [95.0]]
    assert "asked for Shop=Bremen: nothing" in str(drawing)
    assert ">105<" in drawing.svg
    assert drawing.svg.count(">nothing<") == 2


def test_a_set_that_holds_something_is_told(shops):
    drawing = listing.boxes(shops, lambda **named: [1.0], ask=[{"Shop": "Bremen"}])
    assert drawing.title == "2 metrics; under 1 other set of dimensions: 1 of them"
    assert "nothing" not in drawing.svg
