"""The picture of lesson 15: who is told of, by rate and by what the baseline knows."""

import pytest

from labkit.course.unusual import would_tell


@pytest.mark.parametrize(
    ("hourly", "release", "after"),
    [(12, 0, None), (120, 0, None), (132, 0, 5), (240, 0, 3), (240, 4, None), (480, 4, 5)],
)
def test_a_thief_is_told_of_above_the_limit_alone(hourly, release, after):
    drawn = would_tell(hourly, release)
    assert drawn.data["told_after"] == after
    assert ("never" in str(drawn)) == (after is None)


def test_a_release_raises_the_limit():
    assert would_tell(240).data["limit"] == 10
    assert would_tell(240, 20).data["limit"] > 150
