"""The detector of insights: noise is none, an incident is one, and it says who is at fault."""

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.insights import ACTIVE, CLOSED, Count, Detector, band
from labkit.xray.engine.trace import Service

FRONT, SHELF, TABLE = Service("front"), Service("catalogue"), Service("products", "AWS::X")
CALLS = [(FRONT, SHELF), (SHELF, TABLE)]


def play(minutes, detector=None, first=100):
    """Minutes as (requests, failures by service); what was recorded, (minute, state)."""
    detector = detector or Detector()
    told = []
    for n, (requests, failures) in enumerate(minutes):
        counts = {one: Count(requests, failures.get(one, 0)) for one in (FRONT, SHELF, TABLE)}
        found = detector.minute(first + n, counts, CALLS)
        if found:
            told.append((found[1].minute - first, found[1].state))
    return detector, told


def test_an_incident_is_one_insight_from_its_first_minute_to_its_last():
    bad = {FRONT: 30, SHELF: 31, TABLE: 33}
    detector, told = play([(100, {})] * 30 + [(100, bad)] * 10 + [(100, {})] * 10)
    assert told[0] == (31, ACTIVE) and told[-1][1] == CLOSED
    assert [state for _, state in told].count(CLOSED) == 1
    assert detector.open is None
    # The window still holds a bad minute two minutes later; then it is quiet for five.
    assert told[-1] == (47, CLOSED)


def test_the_cause_is_the_last_in_the_chain():
    detector, _ = play([(100, {})] * 30 + [(100, {FRONT: 30, SHELF: 31, TABLE: 20})] * 3)
    held = detector.open
    assert held.cause == TABLE and held.start == 130
    assert held.anomalous == (SHELF, FRONT, TABLE)


def test_who_suffers_alone_is_the_cause():
    detector, _ = play([(100, {})] * 30 + [(100, {FRONT: 30})] * 3)
    assert detector.open.cause == FRONT


def test_noise_that_was_always_there_is_usual():
    assert play([(1000, {FRONT: 40})] * 60)[1] == []  # learnt before anything is judged
    _, told = play([(1000, {})] * 20 + [(1000, {FRONT: 40})] * 3)
    assert told[0] == (22, ACTIVE)  # four in a hundred of a service that has never failed
    rng = random.Random(1)
    learnt = Detector()
    learnt.usual = {FRONT: Count(100_000, 4_000)}
    noisy = [(1000, {FRONT: sum(rng.random() < 0.04 for _ in range(1000))}) for _ in range(300)]
    assert play(noisy, learnt)[1] == []


def test_the_hour_before_is_learnt_without_its_outliers():
    past = [Count(100, 2)] * 40 + [Count(100, 60)] * 10
    detector = Detector()
    detector.learn({FRONT: past})
    assert detector.usual[FRONT] == Count(4000, 80)
    assert play([(100, {FRONT: 40})] * 2, detector)[1] == [(1, ACTIVE)]


def test_a_few_failures_are_none():
    assert play([(10, {})] * 10 + [(10, {FRONT: 2})] * 2 + [(10, {})] * 3)[1] == []


def test_minutes_of_an_insight_teach_nothing():
    detector, _ = play([(100, {})] * 30 + [(100, {FRONT: 30})] * 60)
    assert detector.open is not None
    assert detector.usual[FRONT].failed == 0


def test_the_band_is_wider_the_more_requests_there_are_but_narrower_in_share():
    usual = Count(10_000, 40)
    small, large = band(usual, 100), band(usual, 10_000)
    assert small.high < large.high and small.high / 100 > large.high / 10_000
    assert large.low > 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.lists(st.integers(0, 200), min_size=3, max_size=3)),
        max_size=40,
    )
)
def test_states_alternate(minutes):
    told_states = []
    detector = Detector()
    for n, (requests, failed) in enumerate(minutes):
        counts = {
            one: Count(requests, min(requests, f))
            for one, f in zip((FRONT, SHELF, TABLE), failed, strict=True)
        }
        found = detector.minute(n, counts, CALLS)
        if found:
            told_states.append((id(found[0]), found[1].state))
            assert found[0].start <= found[0].found <= n
            assert found[0].cause in found[0].excess
    for (one, state), (other, _) in itertools.pairwise(told_states):
        assert (one == other) == (state == ACTIVE)
