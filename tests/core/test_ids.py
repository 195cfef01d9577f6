"""Ids depend on the seed and the cause, never on how many were drawn before."""

import re

from hypothesis import given
from hypothesis import strategies as st

from labkit.core.ids import Ids


def test_the_same_cause_gives_the_same_ids():
    one, other = Ids(7), Ids(7)
    other.begin("something extra that only this world saw")
    drawn = [other.uuid() for _ in range(5)]
    for ids in (one, other):
        ids.begin("1767603600001000|ec2:RunInstances|0")
    assert [one.uuid() for _ in range(3)] == [other.uuid() for _ in range(3)]
    assert len(set(drawn)) == 5


def test_seeds_and_causes_tell_ids_apart():
    def first(seed, key):
        ids = Ids(seed)
        ids.begin(key)
        return ids.hex(17)

    assert len({first(0, "a"), first(1, "a"), first(0, "b")}) == 3


@given(st.text(max_size=50))
def test_shapes(key):
    ids = Ids(0)
    ids.begin(key)
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", ids.uuid()
    )
    assert re.fullmatch(r"[A-Z2-7]{16}", ids.letters(16))
    assert re.fullmatch(r"[0-9a-f]{17}", ids.hex(17))
