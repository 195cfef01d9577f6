"""The grid of alarms, incidents and quiet weeks."""

import pytest

from labkit.cloudwatch.alarm_grid import Row, grid
from labkit.core.errors import LabError

NAMES = ("solid", "flapping", "silent")


def drawn(*rows, **more):
    return grid(rows, incidents=NAMES, within=7, **more)


def test_the_title_says_what_was_heard_and_how_often_somebody_was_woken():
    made = drawn(Row("mine", [3, 11, None], [0, 2]))
    assert made.title == "1 of 3 heard, 2 false pages"
    assert made.data["rows"][0]["heard"] == 1
    assert made.data["rows"][0]["false_pages"] == 2


def test_one_alarm_is_told_incident_by_incident():
    lines = str(drawn(Row("mine", [1, 11, None], [0, 2]))).splitlines()
    assert lines[3].split() == ["1", "solid", "after", "1", "minute"]
    assert lines[4].split() == ["2", "flapping", "after", "11", "minutes,", "too", "late"]
    assert lines[5].split() == ["3", "silent", "not", "heard"]
    assert lines[6] == "false pages in each quiet week: 0, 2"


def test_several_alarms_stand_side_by_side():
    made = drawn(Row("p99", [3, 4, 5], [0, 0]), Row("Average", [None, None, 5], [0, 1]))
    assert made.title == "Best of 2 is p99: 3 of 3 heard, no false page"
    assert "Average  -  -  5  |  0   1" in str(made)


def test_a_cell_tells_by_sign_and_hatch_and_not_by_colour_alone():
    svg = drawn(Row("mine", [3, 11, None], [0, 2])).svg
    assert "<pattern" in svg
    for said in (">3<", ">11<", ">-<", ">0<", ">2<", ">flapping<"):
        assert said in svg
    assert svg == drawn(Row("mine", [3, 11, None], [0, 2])).svg


@pytest.mark.parametrize("rows", [(), (Row("mine", [1, 2], [0]),)])
def test_rows_that_do_not_fit(rows):
    with pytest.raises(LabError):
        drawn(*rows)
