"""Gigabyte-hours of stored log events: from ingestion to expiry or deletion, and they add up."""

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest

from labkit.logs.storage import COMPRESSED, Stored

WHERE = {"logGroupName": "g", "logStreamName": "s"}
DAY = 86_400


@pytest.mark.parametrize(
    ("kept", "until", "seconds"),
    [
        ([(2**40, None)], 2**40, 10 * DAY),
        ([(2**40, 1)], 2**40, DAY),
        # Seven days, then one from the third day on: gone at the change.
        ([(3 * DAY, 7), (2**40, 1)], 2**40, 3 * DAY),
        # Two days; raised on the fifth day, when it was gone already.
        ([(5 * DAY, 2), (2**40, None)], 2**40, 2 * DAY),
        ([(2**40, None)], 4 * DAY, 4 * DAY),
    ],
)
def test_how_long_an_event_is_stored(kept, until, seconds):
    one = Stored(np.array([0]), np.array([0]), np.array([100]), kept, until)
    assert one.byte_seconds(0, 10 * DAY) == 100 * seconds
    parts = [one.byte_seconds(day * DAY, (day + 1) * DAY) for day in range(10)]
    assert sum(parts) == 100 * seconds


def used(lab, **more):
    lines = {line.price.item: line.quantity for line in lab.bill(**more).lines}
    return lines.get("logs.stored", 0)


def test_the_bill_of_what_is_over_does_not_change(lab):
    logs = lab.client("logs")
    for name in "st":
        if name == "s":
            logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName=name)
        at = lab.world.clock.now_us // 1000
        logs.put_log_events(
            logGroupName="g", logStreamName=name,
            logEvents=[{"timestamp": at, "message": "x" * (2**18 - 26)}],
        )  # fmt: skip
    lab.advance(hours=10)
    two = used(lab)
    assert abs(two - 2 * Fraction(10, 4096) * COMPRESSED) < Fraction(1, 10**5)
    logs.delete_log_stream(**WHERE)
    lab.advance(hours=10)
    assert abs(used(lab) - 3 * Fraction(10, 4096) * COMPRESSED) < Fraction(1, 10**5)
    logs.delete_log_group(logGroupName="g")
    middle = used(lab)
    lab.advance(days=3)
    assert used(lab) == middle
    since = used(lab, since=lab.start + timedelta(hours=10))
    assert abs(since + two - middle) < Fraction(1, 10**6)
