"""What lab.logs shows of groups and their lines."""

import pytest

from labkit.core.errors import LabError
from labkit.logs.engine.severity import severity
from labkit.logs.views.answer import answer

WHERE = {"logGroupName": "/shop/app", "logStreamName": "host-1"}


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName="/shop/app", tags={"a": "b"})
    client.create_log_stream(**WHERE)
    return client


def put(lab, logs, *texts):
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(**WHERE, logEvents=[{"timestamp": at, "message": text} for text in texts])


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2026-01-05 09:00 ERROR payment refused", "error"),
        ('{"level":"error","msg":"x"}', "error"),
        ("level=error msg=x", "error"),
        ("[error] x", "error"),
        ("ValueError: no such cart", "error"),
        ("Traceback (most recent call last):", "error"),
        ("2026-01-05T09:00:00Z x Task timed out after 3.00 seconds", "error"),
        ('10.0.0.1 - - [05/Jan/2026] "GET / HTTP/1.1" 503 12', "error"),
        ('10.0.0.1 - - [05/Jan/2026] "GET / HTTP/1.1" 404 12', "warning"),
        ("WARN disk almost full", "warning"),
        ("no errors today", "other"),
        ("INFO terror in the night", "other"),
    ],
)
def test_severity_of_a_line(line, kind):
    assert severity(line) == kind


def test_lines_over_time_and_the_last_of_them(lab, logs):
    for minute in range(10):
        put(lab, logs, *["INFO ok"] * 3, *(["ERROR boom\n  at x"] if minute == 7 else []))
        lab.advance(minutes=1)
    calls = lab.dispatch.seen
    drawn = lab.logs.view_events("/shop/app", limit=5)
    assert "31 lines, 1 error among them" in drawn.title
    assert drawn.data["counts"] == {"error": 1, "warning": 0, "other": 30}
    assert sum(count for _, count in drawn.data["series"]["other"]) == 30
    assert len(drawn.data["lines"]) == 5
    assert "26 earlier lines not listed" in drawn.text and "<img" in drawn.html
    assert lab.dispatch.seen == calls  # it costs no call
    only = lab.logs.view_events("/shop/app", "ERROR")
    assert [text for _, _, text in only.data["lines"]] == ["ERROR boom\n  at x"]
    assert "boom (and 1 more)" in only.text


def test_nothing_there_is_said(lab, logs):
    assert "no lines" in lab.logs.view_events("/shop/app").title
    with pytest.raises(LabError, match="does not exist"):
        lab.logs.view_events("/gone")
    with pytest.raises(LabError, match="pattern"):
        lab.logs.view_events("/shop/app", "{ $.a = ")
    with pytest.raises(LabError, match="start"):
        lab.logs.view_events("/shop/app", start=lab.now, end=lab.start)


def test_groups_and_what_hangs_on_them(lab, logs):
    assert "/shop/app" in lab.logs.groups().text
    put(lab, logs, "x" * 74)
    logs.put_retention_policy(logGroupName="/shop/app", retentionInDays=7)
    logs.put_metric_filter(
        logGroupName="/shop/app", filterName="f", filterPattern="ERROR",
        metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
    )  # fmt: skip
    (row,) = lab.logs.groups("/shop").data["groups"]
    assert (row["events"], row["bytes"], row["retention"]) == (1, 100, "7 days")
    assert row["attached"] == "metric filter"
    assert lab.logs.groups("/none").title == "No log groups"


def test_numbers_of_an_answer_stand_to_the_right_and_a_time_in_one_line():
    rows = [["2026-01-05 02:10:00.040", "/a", "96"], ["2026-01-05 02:33:00.451", None, "1"]]
    page = answer(["first", "path", "n"], rows, {"recordsMatched": 2}).html
    assert page.count("text-align:right") == 3  # its head and two cells
    before, _, _ = page.partition("2026-01-05 02:10:00.040")
    assert "white-space:nowrap" in before[-200:]
