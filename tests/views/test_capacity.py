"""Machines against what is needed: who waited, how long, and how it is drawn."""

from datetime import UTC, datetime, timedelta

import pytest

from labkit.core.errors import LabError
from labkit.views.capacity import capacity, moves, reversals

TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)


def at(minutes):
    return TEN + timedelta(minutes=minutes)


def activity(start, launch=True, status="Successful", seconds=15):
    return {
        "Description": f"{'Launching a new' if launch else 'Terminating'} EC2 instance: i-1",
        "StatusCode": status, "StartTime": at(start), "EndTime": at(start + seconds / 60),
    }  # fmt: skip


def shown(machines, need, **more):
    return capacity({"web": machines}, need=need, start=at(0), end=at(60), **more)


def test_waiting_is_where_the_need_is_above_the_machines():
    drawing = shown([(at(-5), 2), (at(10), 3), (at(12), 5)], [(at(-5), 1), (at(4), 4), (at(44), 1)])
    web = drawing.data["web"]
    assert web["waited_minutes"] == 8  # 10:04 to 10:12
    assert web["machine_minutes_missing"] == 6 * 2 + 2 * 1
    assert (web["most"], web["grew"]) == (5, "2026-01-05T10:10:00Z")
    assert drawing.title == "Customers waited 8 minutes; most machines: 5"
    assert "10:10" in str(drawing)
    assert "customers waited 8 min; most machines: 5" in drawing.svg


def test_nobody_waits_where_the_need_just_fits():
    drawing = shown([(at(-5), 4)], [(at(0), 4.0)])
    assert drawing.title == "Nobody waited, with at most 4 machines"
    assert drawing.data["web"]["grew"] is None
    assert "nobody waited" in drawing.svg


def test_a_machine_counts_from_the_end_of_its_launch_to_the_start_of_its_end():
    told = {"Activities": [
        activity(30, launch=False), activity(20, status="Failed"), activity(10), activity(0),
    ]}  # fmt: skip
    pending = activity(40)
    del pending["EndTime"]
    told["Activities"].insert(0, pending)
    assert [(us - moves([(TEN, 0)])[0][0], n) for us, n in moves(told)] == [
        (15_000_000, 1), (615_000_000, 2), (1_800_000_000, 1),
    ]  # fmt: skip


def test_several_groups_share_one_axis_and_one_title():
    drawing = capacity(
        {"slow": [(at(0), 2), (at(10), 4)], "fast": [(at(0), 2), (at(5), 4)]},
        need=[(at(4), 4)], start=at(0), end=at(30),
    )  # fmt: skip
    assert drawing.title == "Customers waited, in minutes: 6 with slow and 1 with fast"
    assert drawing.svg.count("customers waited") == 2


def test_reversals():
    assert reversals([(0, 2), (1, 5), (2, 5), (3, 2)]) == 1
    assert reversals([(0, 2), (1, 3), (2, 4)]) == 0
    assert reversals([(0, 2), (1, 3), (2, 2), (3, 3)]) == 2


def test_the_same_to_the_byte_and_an_empty_stretch_is_refused():
    given = [(at(0), 2)], [(at(0), 3)]
    assert shown(*given).svg == shown(*given).svg
    with pytest.raises(LabError, match="ends"):
        capacity({"web": []}, need=[], start=at(5), end=at(5))
