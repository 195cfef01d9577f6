"""lab.logs.explain and lab.logs.tail."""

import pytest

from labkit import LabError


def test_a_pattern_is_explained_line_by_line(lab):
    drawn = lab.logs.explain("[level=ERROR, text]", "ERROR all broke", "INFO x", "alone")
    assert drawn.title == "1 of 3 lines match [level=ERROR, text]"
    assert drawn.data["extracted"][0] == {"$level": "ERROR", "$text": "all broke"}
    assert "level is INFO" in drawn.data["reasons"][1]
    assert "1 column, the pattern 2" in drawn.data["reasons"][2]
    with pytest.raises(LabError) as told:
        lab.logs.explain("{ $.a IS NOT NULL }", "x")
    assert str(told.value).splitlines()[-1] == "      ^"


def test_a_tail_shows_what_comes_in(lab):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    before = lab.now
    assert "No row" in lab.logs.tail("g", seconds=3).title
    assert 3 <= (lab.now - before).total_seconds() < 4
    assert lab.parts.logs.live_tail.sessions == {}
