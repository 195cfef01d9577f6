"""From figures to PutMetricData: counters, roll-ups, batches."""

from labkit.agents.config import read
from labkit.agents.figure import Figure
from labkit.agents.naming import About
from labkit.agents.publishing import Counters, Point, calls, points

ABOUT = About("box", "i-1")


def config(section, **body):
    return read({"metrics": {"metrics_collected": {section: body}}})


def test_a_counter_says_what_came_since_and_nothing_at_first():
    counters, found = Counters(), []
    for value in (100, 130, 20):
        figure = Figure("net", "bytes_sent", (("interface", "eth0"),), value)
        found.append(counters.passed(figure))
    assert found == [None, 30, 20]


def test_a_gauge_is_what_it_is():
    counters = Counters()
    assert counters.passed(Figure("diskio", "iops_in_progress", (), 3)) == 3


def test_only_what_is_asked_for_is_published():
    chosen = config(
        "disk", measurement=["used_percent"], resources=["*"], ignore_file_system_types=["tmpfs"]
    )
    figures = [
        Figure("disk", name, (("path", p), ("device", "d"), ("fstype", t)), 1.0)
        for name in ("used_percent", "free")
        for p, t in (("/", "xfs"), ("/run", "tmpfs"))
    ]
    found = points(chosen, chosen.sections[0], figures, ABOUT, Counters())
    assert [(p.name, dict(p.dimensions)["path"]) for p in found] == [("disk_used_percent", "/")]


def test_cores_only_when_asked_for():
    figures = [Figure("cpu", "usage_idle", (("cpu", c),), 1.0) for c in ("cpu-total", "cpu0")]
    for body, names in (
        ({}, ["cpu-total"]),
        ({"resources": ["*"]}, ["cpu-total", "cpu0"]),
        ({"resources": ["*"], "totalcpu": False}, ["cpu0"]),
    ):
        chosen = config("cpu", measurement=["usage_idle"], **body)
        found = points(chosen, chosen.sections[0], figures, ABOUT, Counters())
        assert [dict(p.dimensions)["cpu"] for p in found] == names


def test_what_falls_together_travels_as_values_and_counts():
    same = [Point("m", (), "Percent", value, 60, None) for value in (5.0, 7.0, 5.0)]
    (call,) = calls("Mine", same)
    (datum,) = call["MetricData"]
    assert (datum["Values"], datum["Counts"]) == ([5.0, 7.0], [2.0, 1.0])
    assert "Timestamp" not in datum


def test_a_thousand_datums_in_a_call():
    many = [Point(f"m{n}", (), "None", 1.0, 60, None) for n in range(2_100)]
    assert [len(one["MetricData"]) for one in calls("Mine", many)] == [1000, 1000, 100]


def test_at_most_150_values_in_a_datum():
    many = [Point("m", (), "None", float(n), 60, None) for n in range(400)]
    (call,) = calls("Mine", many)
    assert [len(datum["Values"]) for datum in call["MetricData"]] == [150, 150, 100]
