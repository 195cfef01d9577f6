"""EPOCH."""

from mathrows import calc


def test_seconds_since_1970_of_every_period():
    assert calc("EPOCH(m1) - 1767603600", m1="1 - 3") == "0 60 120"
