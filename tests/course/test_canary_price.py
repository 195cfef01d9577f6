"""What canaries cost at each rate."""

from labkit.course.canary_price import RATES, watched


def test_a_canary_at_five_minutes_is_ten_dollars_and_five_times_that_at_one():
    assert watched(1, 5).data == {"runs": 8640, "dollars": 10.25, "delay": 10}
    assert watched(3, 1).title.startswith("3 every 1 min: $155.40 a month")
    assert str(watched(1, 60)).count(" min") == 2 * len(RATES) + 2
