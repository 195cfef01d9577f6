"""What lesson 06 finds, and what keeping costs."""

import pytest

import labkit
from labkit.course import retention


def test_the_order_expired_nineteen_minutes_before_the_lab_begins():
    with labkit.Lab(builder="teapot_logs") as lab:
        logs = lab.client("logs")

        def found(order, group=retention.ORDERS):
            answer = logs.filter_log_events(logGroupName=group, filterPattern=f'"{order}"')
            return len(answer["events"])

        assert {name: found(order) for name, order in lab.handles.items()} == {
            "missing": 0, "found": 1,
        }  # fmt: skip
        groups = logs.describe_log_groups(logGroupNamePrefix="/teapot/")["logGroups"]
        assert [one.get("retentionInDays") for one in groups] == [None, 14]
        (first,) = logs.filter_log_events(logGroupName=retention.DEBUG, limit=1)["events"]
        assert first["timestamp"] == 1_609_459_200_000
        with lab.replay() as again:
            assert again.logs.groups("/teapot/").data == lab.logs.groups("/teapot/").data


@pytest.mark.parametrize(
    ("gb", "kept", "years", "data"),
    [
        (40, "for ever", 5, {"taken_in": 605.83, "kept": 328.53}),
        (10, 30, 2, {"taken_in": 149.58, "kept": 1.2}),
        (10, 400, 10, {"taken_in": 149.58, "kept": 17.85}),
        (10, 3653, 10, {"taken_in": 149.58, "kept": 164.19}),
        (0.1, 3, 2, {"taken_in": 0.0, "kept": 0.0}),
    ],
)
def test_what_keeping_costs(gb, kept, years, data):
    drawing = retention.cost(gb, kept, years=years)
    assert drawing.data == data
    assert drawing.title.startswith(f"{gb} GB a day, kept ") and drawing.svg.startswith("<svg")
