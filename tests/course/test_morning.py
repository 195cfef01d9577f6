"""The bad morning as a figure: orders, what the servers say, and the runs of canaries."""

import labkit
from labkit.course.morning import morning


def measured(lab, name, value, *, failed=0.0):
    lab.client("cloudwatch").put_metric_data(
        Namespace="CloudWatchSynthetics",
        MetricData=[
            {"MetricName": metric, "Value": number, "Timestamp": lab.now,
             "Dimensions": [{"Name": "CanaryName", "Value": name}]}
            for metric, number in (
                ("SuccessPercent", value), ("Duration", 2345.0), ("Failed", failed))
        ],
    )  # fmt: skip


def test_orders_end_while_nothing_else_moves():
    with labkit.Lab() as lab:
        lab.shop.open()
        lab.shop.incident("page_covered", "checkout", minutes=60)
        lab.advance(minutes=30)
        drawn = morning(lab)
        assert drawn.data == {"no_order_since": "09:00", "runs": {}, "mails": []}
        assert drawn.title.startswith("No order since 09:00; errors as before (0.")
        assert "response time as before (2" in drawn.title
        assert "<svg" in drawn.svg and drawn.alt == drawn.title
        measured(lab, "home", 100.0), measured(lab, "till", 0.0)
        lab.advance(minutes=5)
        measured(lab, "till", 0.0)
        lab.advance(minutes=2)
        both = morning(lab, "home", "till", "new")
        assert both.data["runs"]["till"] == {"passed": 0, "of": 2, "failed": 0.0}
        assert both.data["runs"]["new"]["of"] == 0
        assert "home 1 of 1 run passed, till 0 of 2 runs passed" in both.title
        assert "Duration 2.3 s, Failed 0" in str(both)


def test_a_failing_server_is_told_of_and_orders_that_flow_too():
    with labkit.Lab() as lab:
        lab.shop.open()
        lab.advance(minutes=10)
        calm = morning(lab, minutes=10)
        assert calm.data["no_order_since"] is None and "orders in the last minute" in calm.title
        lab.shop.incident("page_hidden", "cart")
        lab.shop.incident("failing", "checkout", 40)
        lab.advance(minutes=20)
        assert "; errors from 0." in morning(lab).title
