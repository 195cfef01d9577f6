"""GetMetricData with expressions, searches, SQL and bands, through real boto3."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


def metric(id_, name="req", period=60, stat="Sum", namespace="Shop", more=None, **dimensions):
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace, "MetricName": name,
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            },
            "Period": period, "Stat": stat,
        },
        **(more or {}),
    }  # fmt: skip


def expression(text, id_="x", **more):
    return {"Id": id_, "Expression": text, **more}


class Shop:
    """Ten minutes of requests: service a has 100..109, b 50 every other minute."""

    def __init__(self, lab, client):
        self.lab, self.client = lab, client
        self.end = lab.now
        self.start = self.end - timedelta(minutes=10)
        for minute in range(10):
            self.put("req", 100 + minute, minute, Service="a")
            if minute % 2:
                self.put("req", 50, minute, Service="b")

    def put(self, name, value, minute=0, unit="None", **dimensions):
        self.client.put_metric_data(
            Namespace="Shop",
            MetricData=[
                {
                    "MetricName": name, "Value": value, "Unit": unit,
                    "Timestamp": self.start + timedelta(minutes=minute),
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                }
            ],
        )  # fmt: skip

    def ask(self, *queries, **more):
        given = {
            "StartTime": self.start, "EndTime": self.end, "ScanBy": "TimestampAscending", **more,
        }  # fmt: skip
        return self.client.get_metric_data(MetricDataQueries=list(queries), **given)

    def lines(self, *queries, **more):
        results = self.ask(*queries, **more)["MetricDataResults"]
        return [(one["Id"], one["Label"], one["Values"]) for one in results]

    def refused(self, *queries, **more):
        with pytest.raises(ClientError) as problem:
            self.ask(*queries, **more)
        error = problem.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def shop(lab, cloudwatch):
    return Shop(lab, cloudwatch)


HIDDEN = {"ReturnData": False}
A, B = (metric(id_, Service=id_, more=HIDDEN) for id_ in "ab")


def test_an_expression_over_metrics_that_come_later_in_the_request(shop):
    lines = shop.lines(expression("total / 2"), expression("a + b", "total"), A, B)
    halves = [(100 + m + 50 * (m % 2)) / 2 for m in range(10)]
    assert lines == [("x", "x", halves), ("total", "total", [2 * one for one in halves])]


def test_newest_first_unless_asked_otherwise(shop):
    given = shop.client.get_metric_data(
        MetricDataQueries=[A, expression("a * 1", Label="copy")],
        StartTime=shop.start, EndTime=shop.end,
    )  # fmt: skip
    (result,) = given["MetricDataResults"]
    assert result["Values"][0] == 109 and result["Timestamps"][0] > result["Timestamps"][-1]
    assert (result["Label"], result["StatusCode"]) == ("copy", "Complete")


def test_an_array_is_one_result_for_each_series(shop):
    lines = shop.lines(A, B, expression("FILL(METRICS(), 0)", Label="Filled:"))
    assert [(id_, label) for id_, label, _ in lines] == [("x", "Filled: req")] * 2
    assert lines[1][2] == [50.0 * (m % 2) for m in range(10)]
    assert [label for _, label, _ in shop.lines(A, B, expression("METRICS()", Label=""))] == [
        "req", "req",
    ]  # fmt: skip


def test_periods_that_meet(shop):
    shop.start += timedelta(minutes=0)
    lines = shop.lines(A, metric("c", period=300, Service="b", more=HIDDEN), expression("a + c"))
    assert lines == [("x", "x", [510 + 100, 535 + 150])]


def test_the_range_of_fill_ends_where_the_request_does(shop):
    later = {"EndTime": shop.end + timedelta(hours=1)}
    (line,) = shop.lines(A, expression("FILL(a, 0)"), **later)
    assert line[2] == [float(100 + m) for m in range(10)] + [0.0]  # the present minute has begun
    (line,) = shop.lines(A, expression("FILL(a, 0)"))
    assert len(line[2]) == 10


def test_search(shop):
    search = "SEARCH('{Shop,Service} MetricName=\"req\"', 'Sum', 60)"
    lines = shop.lines(expression(search))
    assert [(label, sum(values)) for _, label, values in lines] == [("a", 1045), ("b", 250)]
    (line,) = shop.lines(expression(search, "s", ReturnData=False), expression("SUM(s)"))
    assert sum(line[2]) == 1295
    assert shop.lines(expression("SEARCH('{Shop,Service} nothing', 'Sum', 60)")) == []


def test_search_forgets_what_had_no_points_for_two_weeks(shop):
    shop.lab.advance(days=15)
    shop.end = shop.lab.now
    assert shop.lines(expression("SEARCH('{Shop,Service} req', 'Sum', 3600)")) == []


def test_search_returns_at_most_five_hundred(shop):
    data = [
        {"MetricName": "many", "Value": 1, "Dimensions": [{"Name": "N", "Value": f"{i:03}"}]}
        for i in range(501)
    ]
    shop.client.put_metric_data(Namespace="Shop", MetricData=data)
    later = {"EndTime": shop.lab.now + timedelta(minutes=1)}
    results = shop.ask(expression("SEARCH('{Shop,N} many', 'Sum', 60)"), **later)
    assert len(results["MetricDataResults"]) == 500
    assert results["MetricDataResults"][0]["Messages"][0]["Code"] == "MaxMetricsExceeded"


def test_metrics_insights(shop):
    sql = "SELECT SUM(req) FROM SCHEMA(Shop, Service)"
    (line,) = shop.lines(expression(sql, Period=60))
    assert line[:2] == ("x", "x") and sum(line[2]) == 1295
    lines = shop.lines(expression(f"{sql} GROUP BY Service ORDER BY MAX() ASC", Period=300))
    assert [(label, values) for _, label, values in lines] == [
        ("b", [100.0, 150.0]), ("a", [510.0, 535.0]),
    ]  # fmt: skip
    (line,) = shop.lines(
        expression(f"{sql} GROUP BY Service", "q", Period=300, ReturnData=False),
        expression("MAX(q)"),
    )
    assert line[2] == [510.0, 535.0]
    assert shop.lines(expression("SELECT AVG(none) FROM Shop", Period=60))[0][2] == []


def test_one_sql_query_a_request(shop):
    queries = [expression("SELECT SUM(req) FROM Shop", id_) for id_ in "xy"]
    assert shop.refused(*queries)[0] == "ValidationError"


def test_dynamic_labels(shop):
    label = "${LABEL} ${PROP('Dim.Service')} ${PROP('Stat')}/${PROP('Period')} ${MAX} ${MAX_TIME}"
    (line,) = shop.lines(
        metric("m", Service="a", more={"Label": label}), LabelOptions={"Timezone": "+0130"}
    )
    assert line[1] == "req a Sum/60 109 2026-01-05 10:29:00 +0130"
    (line,) = shop.lines(metric("m", Service="a", more={"Label": "${LAST_TIME_RELATIVE} ago"}))
    assert line[1] == "1m ago"
    search = expression("SEARCH('{Shop,Service} req', 'Sum', 60)", Label="[${AVG}] ${LABEL}")
    assert [label for _, label, _ in shop.lines(search)] == ["[104.5] a", "[50] b"]
    (line,) = shop.lines(metric("m", Service="none", more={"Label": "${MAX} of ${LABEL}"}))
    assert line[1] == "-- of req"


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("${NOPE}", "no dynamic value"),
        ("${PROP('Nope')}", "there is no"),
        ("${LABEL}${LABEL}", "at most once"),
        ("${MAX}" * 7, "at most 6"),
    ],
)
def test_labels_that_can_not_be_written(shop, label, told):
    code, message = shop.refused(metric("m", more={"Label": label}))
    assert (code, told in message) == ("ValidationError", True)


def test_a_time_zone_has_a_sign_and_four_digits(shop):
    assert shop.refused(A, LabelOptions={"Timezone": "CET"})[0] == "ValidationError"


def test_errors_of_expressions(shop):
    code, message = shop.refused(A, expression("a +", "e1"))
    assert code == "ValidationError"
    assert message.startswith("Error in expression 'e1': Syntax error: unexpected the end")
    assert "Circular" in shop.refused(expression("y + 1"), expression("x + 1", "y"))[1]
    assert shop.refused(expression("x" * 2049))[0] == "ValidationError"
    assert shop.refused(expression("LAMBDA('f')"))[0] == "NotImplemented"


def test_values_that_are_not_the_engines_business(shop):
    assert shop.refused(metric("m", more={"AccountId": "1"}), metric("m"))[0] == "ValidationError"
    (result,) = shop.ask(metric("m", Service="a", more={"AccountId": "210987654321"}))[
        "MetricDataResults"
    ]
    assert (result["StatusCode"], result["Values"]) == ("Forbidden", [])
    (line,) = shop.lines(metric("m", Service="a", more={"AccountId": shop.lab.account}))
    assert len(line[2]) == 10


def test_a_request_with_an_expression_is_not_answered_in_pages(shop):
    answer = shop.ask(A, expression("a * 1"), MaxDatapoints=4)
    (result,) = answer["MetricDataResults"]
    assert (len(result["Values"]), result["StatusCode"]) == (4, "PartialData")
    assert "NextToken" not in answer
    assert "NextToken" in shop.ask(metric("m", Service="a"), MaxDatapoints=4)


def test_several_units_are_said_of_the_expression_too(shop):
    shop.put("lag", 1, unit="Seconds")
    shop.put("lag", 900, unit="Milliseconds")
    (result,) = shop.ask(metric("m", "lag", more=HIDDEN), expression("m * 1"))["MetricDataResults"]
    assert result["Messages"][0]["Code"] == "MultipleUnits"
    assert result["Values"] == [900.0]


def test_both_doors_agree_with_plain_reading(shop):
    """The same metric as itself and through an expression."""
    plain, computed = shop.lines(metric("m", Service="b"), expression("m * 1"))
    assert plain[2] == computed[2]
