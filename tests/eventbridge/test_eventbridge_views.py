"""What EventBridge's drawings say."""

import json
from datetime import UTC, datetime

import pytest

import labkit
from labkit.core.errors import LabError
from labkit.eventbridge import views
from labkit.eventbridge.engine.patterns import compile_pattern, explain


def drawn(pattern, event):
    return views.pattern_match(explain(compile_pattern(json.dumps(pattern)), event))


def test_a_pattern_that_does_not_match():
    shown = drawn(
        {"source": ["aws.ec2"], "detail": {"state": ["starting"], "$or": [{"a": [1]}, {"b": [2]}]}},
        {"source": "aws.ec2", "detail": {"state": "pending", "b": 2}},
    )
    assert str(shown).splitlines() == [
        "The pattern does not match: 2 of 4 fields.",
        "\u2717 the pattern",
        '  \u2713 source: "aws.ec2"   event: "aws.ec2"',
        "  \u2717 detail",
        '    \u2717 detail.state: "starting"   event: "pending"',
        "    \u2713 $or (one branch is enough)",
        "      \u2717 branch",
        "        \u2717 detail.a: 1   event: the field is not there",
        "      \u2713 branch",
        "        \u2713 detail.b: 2   event: 2",
    ]
    # Signs beside the colours, and the event's value beside each leaf.
    assert shown.html.count("\u2713") == 4
    assert "&quot;pending&quot;" in shown.html
    assert shown.data["leaves"][1]["matched"] is False


def test_elements_of_a_list_and_a_match():
    shown = drawn({"l": {"a": [1], "b": [2]}}, {"l": [{"a": 1}, {"b": 2}]})
    assert shown.title == "The pattern does not match, although every field does by itself."
    assert "note: each leaf holds by itself, but not within one element" in str(shown)
    assert drawn({"a": ["x"]}, {"a": "x"}).title == "The pattern matches the event."


def test_what_others_wrote_is_escaped():
    shown = drawn({"<b>": ["<script>"]}, {"<b>": "<img>"})
    assert "<script>" not in shown.html
    assert "<img>" not in shown.html


def test_a_calendar_of_firings():
    monday = datetime(2026, 11, 23, 16, 40, tzinfo=UTC)
    shown = views.next_ones("cron(0 18 ? * MON-FRI *)", monday, 6)
    assert str(shown).splitlines()[:2] == [
        "cron(0 18 ? * MON-FRI *) fires next on Mon 2026-11-23 18:00 (UTC).",
        "  Mon 2026-11-23 18:00",
    ]
    assert shown.html.count("18:00</") == 6
    assert shown.data["firings"][5] == "2026-11-30T18:00:00+00:00"
    dense = views.next_ones("cron(0/5 * * * ? *)", monday, 100, "Europe/Berlin")
    assert "+ " in dense.html
    far = views.next_ones("cron(0 0 1 * ? *)", monday, 24)
    assert "17 later firings, the last on Wed 2028-11-01 00:00" in far.html
    assert views.next_ones("at(2020-01-01T00:00:00)", monday, 3).title.endswith(
        "never fires again."
    )


def test_a_lab_shows_them_in_one_line():
    with labkit.Lab() as lab:
        shown = lab.eventbridge.view_match({"source": ["a"]}, '{"source": "b"}')
        assert shown.title == 'The pattern does not match: source: wanted "a", found "b".'
        assert "Mon 2026-01-05 10:00" in str(lab.eventbridge.view_schedule("cron(0 10 * * ? *)", 3))
        with pytest.raises(LabError, match="Empty arrays are not allowed"):
            lab.eventbridge.view_match({"a": []}, {})
        with pytest.raises(LabError, match="JSON object"):
            lab.eventbridge.view_match({"a": ["b"]}, "[]")
        with pytest.raises(LabError, match="exactly one of day-of-month and day-of-week"):
            lab.eventbridge.view_schedule("cron(0 10 * * * *)")


EVENT = {
    "version": "0", "id": "e1", "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2", "account": "123456789012", "time": "2026-01-05T09:03:00Z",
    "region": "eu-west-1", "resources": ["arn:aws:ec2:eu-west-1:123456789012:instance/i-1"],
    "detail": {"instance-id": "i-1", "state": "stopped"},
}  # fmt: skip


def test_an_event_says_what_its_members_are():
    with labkit.Lab(active=False) as lab:
        shown = lab.eventbridge.view_event(json.dumps(EVENT))
    assert shown.title == (
        "aws.ec2: EC2 Instance State-change Notification, in eu-west-1 at 2026-01-05T09:03:00Z"
    )
    lines = str(shown).splitlines()
    assert any(line.split()[:2] == ["detail.state", '"stopped"'] for line in lines)
    assert any("only rules of this Region see it" in line for line in lines)
    assert shown.data["event"] == EVENT
    assert "the event as JSON" in shown.html


def test_a_long_detail_is_cut_and_counted():
    from labkit.eventbridge.event_views import event_card

    shown = event_card({**EVENT, "detail": {"a": {str(n): n for n in range(20)}, "l": [1, {}]}})
    assert "detail.a.15 " in str(shown) and "detail.a.16" not in str(shown)
    assert str(shown).endswith("and 5 fields more of detail")
    assert "<script>" not in event_card({**EVENT, "source": "<script>"}).html


def test_patterns_against_events():
    running = {**EVENT, "detail": {"instance-id": "i-2", "state": "running"}}
    with labkit.Lab(active=False) as lab:
        shown = lab.eventbridge.view_matrix(
            {"any": {"source": ["aws.ec2"]}, "odd": '{"detail": {"state": ["starting"]}}'},
            {"stopped": EVENT, "running": json.dumps(running)},
        )
        assert shown.data == {"passes": {"any": ["stopped", "running"], "odd": []}}
        assert str(shown).splitlines() == [
            "2 patterns, 2 events: 2 matches; none for odd",
            "pattern  stopped  running",
            "-------  -------  -------",
            "any      \u2713        \u2713",
            "odd      \u00b7        \u00b7",
        ]
        assert shown.html.count("passes") == 2
        with pytest.raises(LabError, match="must be an object or an array"):
            lab.eventbridge.view_matrix({"x": {"source": "aws.ec2"}}, {})
        with pytest.raises(LabError, match="JSON object"):
            lab.eventbridge.view_event("[]")
