"""Bodies of dashboards: what AWS says is wrong with them, shorthand, places, times."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudwatch.engine.dashboard import body, layout, metrics, times
from labkit.core.clock import DAY, HOUR, MINUTE

ALLOWED = "Should be equal to one of the allowed values"
CPU = ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]


def widget(kind="metric", **properties):
    if kind == "metric":
        properties = {"region": "us-east-1", "metrics": [CPU], **properties}
    return {"type": kind, "x": 0, "y": 0, "width": 6, "height": 6, "properties": properties}


def wrong(*widgets, **more):
    found = body.check(json.dumps({"widgets": list(widgets), **more}))
    return [(one.path, one.message) for one in found.errors]


@pytest.mark.parametrize("text", ["", "[]", "{", "3", '"x"', "null"])
def test_what_is_no_object_is_refused_whole(text):
    [problem] = body.check(text).errors
    assert problem.message == "The field DashboardBody must be a valid JSON object"


def test_an_empty_dashboard_is_fine_one_without_widgets_is_not():
    assert wrong() == []
    [problem] = body.check("{}").errors
    assert problem.message == "Should have required property 'widgets'"


def test_every_type_of_widget_passes():
    assert wrong(
        widget(),
        widget("text", markdown="# hi", background="transparent"),
        widget("alarm", alarms=["arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"]),
        widget("log", query="SOURCE 'x' | fields @message", region="us-east-1"),
        widget("explorer", metrics=[{}], labels=[{"key": "Name"}], period=300),
        widget("custom", endpoint="arn:aws:lambda:us-east-1:123456789012:function:f"),
        start="-PT6H", end="P0D", periodOverride="inherit",
    ) == []  # fmt: skip


#: Entry of a metrics array -> path below it and the sentence, as people have published them.
ENTRIES = [
    (["AWS/RDS", "Connections", {"stat": "Sum", "dimensions": {"a": "b"}}], "",
     "Should NOT have more than 2 items"),
    ([*CPU, {"color": "red"}], "", "Should NOT have more than 4 items"),
    ([*CPU, "stray"], "", "Should NOT have more than 4 items"),
    (["AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"}, {"stat": "Sum"}], "/2",
     "Invalid metric field type, only 'String' type is allowed"),
    (["AWS/EC2"], "", "Should NOT have less than 2 items"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "path", "told"), ENTRIES)
def test_entries_are_refused_in_awss_words(entry, path, told):
    assert wrong(widget(metrics=[entry])) == [(f"/widgets/0/properties/metrics/0{path}", told)]


def test_an_entry_that_is_no_array_is_told_twice():
    here = "/widgets/0/properties/metrics/1"
    assert wrong(widget(metrics=[CPU, "AWS/EC2"])) == [
        (here, "Should be array"),
        (here, metrics.ARRAY_OF_ARRAYS),
    ]


def test_a_metric_widget_without_a_source_is_told_three_times():
    one = widget()
    del one["properties"]["metrics"]
    assert [told for _, told in wrong(one)] == [
        "Should have required property 'metrics'",
        body.NO_SOURCE,
        "Should have required property 'annotations'",
    ]


def test_a_metric_widget_may_have_an_alarm_instead_of_metrics():
    one = widget(annotations={"alarms": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"]})
    del one["properties"]["metrics"]
    assert wrong(one) == []


@pytest.mark.parametrize(
    ("change", "path", "told"),
    [
        ({"x": 24}, "/x", "Should be <= 23"),
        ({"width": 0}, "/width", "Should be >= 1"),
        ({"height": 1001}, "/height", "Should be <= 1000"),
        ({"x": "0"}, "/x", "Should be integer"),
        ({"x": 20, "width": 6}, "", "The widget goes beyond the 24 columns of a dashboard"),
        ({"properties": []}, "/properties", "Should be object"),
    ],
)
def test_places_and_sizes(change, path, told):
    assert wrong({**widget(), **change}) == [(f"/widgets/0{path}", told)]


@pytest.mark.parametrize(
    ("properties", "path", "told"),
    [
        ({"view": "donut"}, "/view", f"{ALLOWED}: {', '.join(body.VIEWS)}"),
        ({"period": 0}, "/period", "Should be >= 1"),
        ({"stacked": "yes"}, "/stacked", "Should be boolean"),
        ({"yAxis": {"left": {"min": "0"}}}, "/yAxis/left/min", "Should be number"),
        ({"annotations": {"horizontal": [{"label": "x"}]}}, "/annotations/horizontal/0",
         "Should have required property 'value'"),
        ({"start": "yesterday"}, "/start",
         "Should be a relative time (-PT3H) or an ISO 8601 time (2026-01-05T09:00:00Z)"),
        ({"view": "gauge", "yAxis": {"left": {"min": 0}}}, "/yAxis/left",
         "Should have required property 'max'"),
    ],
)  # fmt: skip
def test_properties_of_metric_widgets(properties, path, told):
    assert wrong(widget(**properties)) == [(f"/widgets/0/properties{path}", told)]


def test_all_errors_are_told_at_once():
    found = wrong(widget("text"), widget("alarm", alarms=[]), widget(metrics=3))
    assert [path for path, _ in found] == [
        "/widgets/0/properties", "/widgets/1/properties/alarms", "/widgets/2/properties/metrics",
    ]  # fmt: skip


def test_what_nobody_reads_is_a_warning():
    found = body.check(json.dumps({"widgets": [widget(colour="red")]}))
    assert found.errors == ()
    assert [(one.path, "colour" in one.message) for one in found.warnings] == [
        ("/widgets/0/properties", True)
    ]


def test_limits():
    many = [widget("text", markdown="x")] * 501
    assert ("/widgets", "Should NOT have more than 500 items") in wrong(*many)
    metrics_501 = [["A", f"m{n}"] for n in range(501)]
    assert [told for _, told in wrong(widget(metrics=metrics_501))] == [
        "Should NOT have more than 500 items"
    ]
    six = [widget(metrics=metrics_501[:500])] * 6
    assert "at most 2500 metrics" in wrong(*six)[-1][1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["type", "properties", "metrics", "x", "y", "width", "metric", "region",
                         "annotations", "horizontal", "value", "view", "yAxis", "left"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON, JSON)
def test_no_body_breaks_the_checker(one, other):
    found = body.check(json.dumps({"widgets": [{"type": "metric", "properties": one}, other]}))
    assert found.errors == () or all(problem.message for problem in found.errors)


# -- shorthand
@pytest.mark.parametrize(
    ("short", "full"),
    [
        ([".", ".", ".", "i-2"], ["AWS/EC2", "CPUUtilization", "InstanceId", "i-2"]),
        (["...", "i-2"], ["AWS/EC2", "CPUUtilization", "InstanceId", "i-2"]),
        (["..."], CPU),
        ([".", "NetworkIn", ".", "."], ["AWS/EC2", "NetworkIn", "InstanceId", "i-1"]),
        (["AWS/SQS", "Age"], ["AWS/SQS", "Age"]),
    ],
)
def test_shorthand(short, full):
    assert metrics.written_out(short, CPU) == full


def test_entries_read():
    found = metrics.entries(
        [CPU, ["...", {"stat": "p99"}], [{"expression": "m1/2"}], [".", ".", ".", "i-2"]]
    )
    assert [(one.name, one.dimensions, one.expression) for one in found] == [
        ("CPUUtilization", (("InstanceId", "i-1"),), ""),
        ("CPUUtilization", (("InstanceId", "i-1"),), ""),
        ("", (), "m1/2"),
        ("CPUUtilization", (("InstanceId", "i-2"),), ""),
    ]
    assert found[1].rendering == {"stat": "p99"}


def test_shorthand_without_anything_above():
    assert wrong(widget(metrics=[[".", "."]]))[0][1].startswith("There is no entry above")


# -- places
def test_widgets_without_a_place_stand_one_after_another():
    found = layout.places([{"width": 12, "height": 3}, {"width": 12}, {}, {"width": 24}])
    assert [(one.x, one.y) for one in found] == [(0, 0), (12, 0), (0, 6), (0, 12)]


def test_a_widget_on_top_of_another_moves_down():
    found = layout.places([{"x": 0, "y": 0, "height": 4}, {"x": 3, "y": 2, "height": 2}])
    assert [(one.x, one.y) for one in found] == [(0, 0), (3, 4)]


SPOTS = st.lists(
    st.builds(
        lambda x, y, w, h: {"x": x, "y": y, "width": min(w, 24 - x), "height": h},
        st.integers(0, 23), st.integers(0, 12), st.integers(1, 24), st.integers(1, 8),
    ),
    max_size=12,
)  # fmt: skip


@given(SPOTS)
def test_no_two_widgets_share_a_cell(widgets):
    found = layout.places(widgets)
    for n, one in enumerate(found):
        assert not any(one.overlaps(other) for other in found[:n])


# -- times
@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("-PT3H", 3 * HOUR), ("P1D", DAY), ("-PT90M", 90 * MINUTE), ("-P1W", 7 * DAY),
        ("-P1DT2H", DAY + 2 * HOUR), ("-PT0H", 0), ("-P", None), ("PT", None), ("3h", None),
    ],
)  # fmt: skip
def test_relative_times(text, us):
    assert times.relative_us(text) == us


def test_instants():
    now = 1_767_603_600_000_000
    assert times.instant_us("2026-01-05T09:00:00Z", 0) == now
    assert times.instant_us("2026-01-05T09:00:00.000Z", 0) == now
    assert times.instant_us("-PT1H", now) == now - HOUR
    assert times.instant_us("soon", now) is None


def test_the_period_follows_the_range_and_never_gets_finer():
    assert times.automatic_period(3 * HOUR, 60) == 60
    assert times.automatic_period(3 * HOUR, 300) == 300
    assert times.automatic_period(7 * DAY, 60) == 3600
    assert times.automatic_period(400 * DAY, 60) == 86400
