"""lab.dashboard: each widget shows what GetMetricData answers; errors stay in their tile."""

import json
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from labkit.core.errors import LabError

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"


def metric_widget(*entries, **properties):
    height = properties.pop("height", 6)
    return {
        "type": "metric", "width": 12, "height": height,
        "properties": {"region": "us-east-1", "metrics": list(entries), "period": 60,
                       "stat": "Sum", **properties},
    }  # fmt: skip


class Wall:
    """A shop with thirty minutes of requests, and a dashboard to put widgets on."""

    def __init__(self, lab):
        self.lab, self.client = lab, lab.client("cloudwatch")
        self.start = lab.now
        lab.advance(minutes=30)
        for service, base in (("a", 100.0), ("b", 10.0)):
            self.client.put_metric_data(
                Namespace="Shop",
                MetricData=[
                    {
                        "MetricName": "Requests", "Value": base + minute, "Unit": "Count",
                        "Timestamp": self.start + timedelta(minutes=minute),
                        "Dimensions": [{"Name": "Service", "Value": service}],
                    }
                    for minute in range(30)
                ],
            )  # fmt: skip

    def show(self, *widgets, **more):
        body = json.dumps({"widgets": list(widgets), **more.pop("body", {})})
        self.client.put_dashboard(DashboardName="wall", DashboardBody=body)
        return self.lab.dashboard("wall", **more)

    def tile(self, widget, **more):
        [tile] = self.show(widget, **more).data["tiles"]
        return tile

    def lines(self, widget, **more):
        return {one["label"]: one["values"] for one in self.tile(widget, **more)["lines"]}


@pytest.fixture
def wall(lab):
    return Wall(lab)


A = ["Shop", "Requests", "Service", "a"]
B = ["...", "b"]


def test_a_graph_shows_what_getmetricdata_answers(wall):
    lines = wall.lines(metric_widget(A, B))
    answer = wall.client.get_metric_data(
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Requests",
             "Dimensions": [{"Name": "Service", "Value": "a"}]}, "Period": 60, "Stat": "Sum"}}
        ],
        StartTime=wall.start, EndTime=wall.lab.now, ScanBy="TimestampAscending",
    )  # fmt: skip
    assert lines["a"] == answer["MetricDataResults"][0]["Values"]
    assert set(lines) == {"a", "b"}


def test_labels_tell_apart_what_differs(wall):
    p99 = [*A, {"stat": "p99"}]
    assert set(wall.lines(metric_widget([*A, {"stat": "p50"}], p99))) == {
        "Requests p50", "Requests p99",
    }  # fmt: skip
    named = [*A, {"label": "${PROP('Dim.Service')} max ${MAX}"}]
    assert set(wall.lines(metric_widget(named))) == {"a max 129"}


def test_expressions_searches_and_sql(wall):
    search = "SEARCH('{Shop,Service} MetricName=\"Requests\"', 'Sum', 60)"
    sql = "SELECT SUM(Requests) FROM SCHEMA(Shop, Service)"
    hidden = {"visible": False}
    lines = wall.lines(
        metric_widget(
            [*A, {"id": "m1", **hidden}], [*B, {"id": "m2", **hidden}],
            [{"expression": "m1 + m2", "id": "total", "label": "both"}],
            [{"expression": search, "id": "s"}],
            [{"expression": sql, "id": "q", "label": "sql"}],
        )
    )  # fmt: skip
    both = [110.0 + 2 * minute for minute in range(30)]
    assert lines["both"] == both
    assert lines["sql"] == both
    assert lines["a"][:2] == [100.0, 101.0]
    assert lines["b"][:2] == [10.0, 11.0]


@pytest.mark.parametrize("view", ["singleValue", "gauge", "bar", "pie", "table"])
def test_every_view_is_drawn(wall, view):
    widget = metric_widget(A, B, view=view, yAxis={"left": {"min": 0, "max": 200}})
    shown = wall.show(widget)
    ET.fromstring(shown.svg)
    assert "129" in str(shown)


def test_set_period_to_time_range_shows_one_number(wall):
    lines = wall.lines(metric_widget(A, view="singleValue", setPeriodToTimeRange=True))
    assert lines == {"Requests": [sum(100.0 + minute for minute in range(30))]}


def test_an_error_stays_in_its_tile(wall):
    broken = metric_widget([{"expression": "m9 / 2", "id": "e"}], title="broken")
    bad, good = wall.show(broken, metric_widget(A)).data["tiles"]
    assert bad["notice"] == "error"
    assert "m9" in bad["said"] or "ValidationError" in bad["said"]
    assert len(good["lines"][0]["values"]) == 30
    assert "Error in expression 'e'" in str(wall.lab.dashboard("wall"))


def test_a_statistic_that_does_not_exist_is_an_error_of_its_tile(wall):
    tile = wall.tile(metric_widget([*A, {"stat": "Avg"}]))
    assert tile["notice"] == "error"
    assert tile["said"] == "InvalidParameterValue"


def test_an_empty_series_says_so(wall):
    shown = wall.show(metric_widget(["AWS/EC2", "CPUUtilization", "InstanctID", "i-1"]))
    assert "No data available" in shown.svg
    assert "no points" in str(shown)


def test_the_minute_that_is_not_over_is_shown_live_only(lab):
    client = lab.client("cloudwatch")
    client.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])
    for live, seen in ((False, []), (True, [1.0])):
        body = {"widgets": [metric_widget(["N", "m"], liveData=live)]}
        client.put_dashboard(DashboardName="d", DashboardBody=json.dumps(body))
        [tile] = lab.dashboard("d").data["tiles"]
        assert tile["lines"][0]["values"] == seen


def test_annotations_are_drawn(wall):
    widget = metric_widget(
        A,
        annotations={
            "horizontal": [
                {"value": 120, "label": "limit", "fill": "above", "color": "#2ca02c"},
                [{"value": 20, "label": "usual"}, {"value": 40}],
                {"value": 99, "label": "hidden", "visible": False},
            ],
            "vertical": [{"value": "2026-01-05T09:10:00Z", "label": "deploy 41"}],
        },
    )
    svg = wall.show(widget).svg
    for said in ("limit", "usual", "deploy 41", "#2ca02c"):
        assert said in svg
    assert "hidden" not in svg


def test_axes_stacks_and_legends(wall):
    right = ["...", "b", {"yAxis": "right", "color": "#9467bd", "label": "on the right"}]
    shown = wall.show(
        metric_widget(A, right, yAxis={"left": {"label": "Orders", "min": 0}}),
        metric_widget(A, B, stacked=True, legend={"position": "right"}),
        metric_widget(A, legend={"position": "hidden"}, title="bare"),
    )
    assert "Orders" in shown.svg
    assert "#9467bd" in shown.svg
    ET.fromstring(shown.svg)


def test_alarms_states_and_their_graph(lab, wall):
    wall.client.put_metric_alarm(
        AlarmName="busy", Namespace="Shop", MetricName="Requests", Statistic="Sum", Period=60,
        Dimensions=[{"Name": "Service", "Value": "a"}], EvaluationPeriods=1, Threshold=110,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    lab.advance(minutes=1)
    status = {"type": "alarm", "properties": {"alarms": [f"{ALARM}busy", f"{ALARM}gone"]}}
    graph = metric_widget(annotations={"alarms": [f"{ALARM}busy"]})
    del graph["properties"]["metrics"]
    states, drawn = wall.show(status, graph).data["tiles"]
    assert states["alarms"] == {"busy": "ALARM", "gone": "not found"}
    assert drawn["title"] == "busy"
    assert max(drawn["lines"][0]["values"]) == 129.0
    assert "busy &gt; 110" in lab.dashboard("wall").svg
    only_ok = {"type": "alarm", "properties": {"alarms": [f"{ALARM}busy"], "states": ["OK"]}}
    assert wall.tile(only_ok)["alarms"] == {}


def test_what_a_lab_can_not_show_says_why(wall):
    log = {"type": "log", "properties": {"query": "SOURCE 'x'", "region": "us-east-1"}}
    custom = {"type": "custom", "properties": {"endpoint": "arn:aws:lambda:x"}}
    found = wall.show(log, custom).data["tiles"]
    assert [one["notice"] for one in found] == ["error", "missing"]
    assert "Log group 'x' does not exist" in str(wall.lab.dashboard("wall"))


def test_a_log_widget_shows_the_rows_of_its_query(wall):
    logs = wall.lab.client("logs")
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    at = wall.lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName="app", logStreamName="s",
        logEvents=[{"timestamp": at, "message": text} for text in ("ERROR a", "ERROR b", "fine")],
    )  # fmt: skip
    query = "SOURCE 'app' | filter @message like 'ERROR' | stats count(*) as errors"
    wall.show({"type": "log", "properties": {"query": query, "region": "us-east-1"}})
    lines = [line.strip() for line in str(wall.lab.dashboard("wall")).splitlines()]
    assert lines[lines.index("errors") + 2] == "2"


def test_text_is_markdown(wall):
    text = "# Title\nis **bold** and [a link](https://x)\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|"
    shown = wall.show({"type": "text", "properties": {"markdown": text}})
    assert "https://x" not in shown.svg
    for word in ("Title", "bold", "a link", "one"):
        assert f">{word}" in shown.svg
    assert (
        "<script"
        not in wall.show(
            {"type": "text", "properties": {"markdown": "<script>alert(1)</script>"}}
        ).svg
    )


def test_other_regions(lab, wall):
    frankfurt = lab.client("cloudwatch", region_name="eu-central-1")
    frankfurt.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Up", "Value": 7.0}])
    lab.advance(minutes=2)
    there = ["Shop", "Up", {"region": "eu-central-1", "label": "there"}]
    lines = wall.lines(metric_widget(A, there, ["Shop", "Up", {"label": "here"}]))
    assert lines["there"] == [7.0]
    assert lines["here"] == []


# -- ranges and handles
def test_the_range_is_the_dashboards_own_then_three_hours(wall):
    hour = {"body": {"start": "-PT1H"}}
    shown = wall.show(metric_widget(A), **hour)
    assert shown.values["range"] == "1 hour"
    assert wall.show(metric_widget(A)).values["range"] == "3 hours"


def test_handles_move_the_range(wall):
    shown = wall.show(metric_widget(A))
    wall.lab.advance(hours=2)
    shown = wall.lab.dashboard("wall")
    assert len(shown.data["tiles"][0]["lines"][0]["values"]) == 30
    shown.set(range="1 hour")
    assert shown.data["tiles"][0]["lines"][0]["values"] == []


def test_periods_follow_the_range_unless_they_are_inherited(wall):
    wide = {"start": wall.start - timedelta(days=2), "end": wall.lab.now}
    assert len(wall.lines(metric_widget(A), **wide)["Requests"]) == 2
    inherit = {"body": {"periodOverride": "inherit"}}
    assert len(wall.lines(metric_widget(A), **wide, **inherit)["Requests"]) == 30


def test_variables_are_handles(wall):
    variable = {
        "type": "property", "property": "Service", "id": "svc", "inputType": "select",
        "search": "{Shop,Service} MetricName=\"Requests\"", "populateFrom": "Service",
    }  # fmt: skip
    shown = wall.show(metric_widget(A), body={"variables": [variable]})
    assert shown.values == {"range": "3 hours", "svc": "a"}
    shown.set(svc="b")
    assert shown.data["tiles"][0]["lines"][0]["values"][0] == 10.0
    pattern = {**variable, "type": "pattern", "pattern": "a", "property": "x"}
    assert wall.show(metric_widget(A), body={"variables": [pattern]}).values["svc"] == "a"


def test_a_notebook_gets_a_picture_and_a_terminal_gets_text(wall, tmp_path):
    shown = wall.show(metric_widget(A, title="Requests"))
    bundle = shown._repr_mimebundle_()
    assert "<img" in bundle["text/html"]
    assert "Requests:" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert shown.save(tmp_path / "wall.svg").read_text() == shown.svg
    assert shown.svg == wall.lab.dashboard("wall").svg


def test_a_dashboard_that_is_not_there(wall):
    wall.show(metric_widget(A))
    with pytest.raises(LabError, match="there are: wall"):
        wall.lab.dashboard("wal")
    with pytest.raises(LabError, match="begins before it ends"):
        wall.lab.dashboard("wall", start=wall.lab.now, end=wall.start)


def test_tiles_of_any_size_are_drawn(wall):
    widgets = [
        {**metric_widget(A, B, view=view, title="t" * 40, height=height), "width": width}
        for view in ("timeSeries", "singleValue", "pie", "bar", "table")
        for width, height in ((1, 1), (2, 3), (24, 1), (3, 12))
    ]
    ET.fromstring(wall.show(*widgets).svg)
