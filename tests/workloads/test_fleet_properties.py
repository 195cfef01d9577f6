"""Properties of the fleet over histories that hypothesis makes up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yard import HERE, MACHINE, START, Yard, series, triples

from labkit.core.clock import MINUTE, SECOND, to_datetime
from labkit.core.errors import LabError
from labkit.workloads.ec2_metrics import METRICS
from labkit.workloads.incidents import Incident
from labkit.workloads.noise import key_of, uniform

CPU = "CPUUtilization"
HISTORY_MINUTES = 40

#: Instants of a history, in quarters of a minute: full minutes and full fives come up often.
INSTANTS = st.integers(0, HISTORY_MINUTES * 4).map(lambda quarter: quarter * 15)
DEEDS = st.one_of(
    st.tuples(st.just("state"), st.sampled_from(["running", "stopping"])),
    st.tuples(st.just("monitor"), st.sampled_from(["detailed", "basic"])),
    st.tuples(
        st.just("load"),
        st.integers(0, 100),
        st.integers(0, 20),
        st.sampled_from([None, 0.25, 1, 3.5, 10]),
    ),
    st.tuples(st.just("base"), st.integers(0, 100)),
    st.tuples(
        st.just("fail"),
        st.sampled_from(["system", "instance"]),
        st.integers(0, 20),
        st.sampled_from([None, 0.5, 2]),
    ),
    st.tuples(st.just("incident"), st.integers(0, 100), st.integers(0, 20)),
)
#: Most begin with a machine that runs: what happens to one that does not is soon told.
HISTORIES = st.builds(
    lambda first, history: sorted(first + history, key=lambda row: row[0]),
    st.sampled_from([[(0, ("state", "running"))]] * 3 + [[]]),
    st.lists(st.tuples(INSTANTS, DEEDS), max_size=12),
)
NAMES = st.sampled_from(list(METRICS))
#: Over midnight something is kept of the credits.
STARTS = st.sampled_from([START, START.replace(hour=23, minute=40)])


def do(yard, deed):
    """Let a deed happen now."""
    what, *rest = deed
    now = to_datetime(yard.clock.now_us)
    if what == "state":
        yard.state(rest[0], kind="t3.micro")
    elif what == "monitor":
        yard.monitor(rest[0])
    elif what == "base":
        yard.fleet.base(MACHINE, rest[0])
    elif what == "incident":
        start = to_datetime(yard.clock.now_us + rest[1] * 30 * SECOND)
        end = to_datetime(yard.clock.now_us + rest[1] * 30 * SECOND + 3 * MINUTE)
        yard.fleet.apply(Incident("cpu", MACHINE, start, end, rest[0]))
    else:
        start = to_datetime(yard.clock.now_us + rest[1] * 30 * SECOND) if rest[1] else None
        if start == now:
            start = None
        if what == "load":
            yard.fleet.load(MACHINE, rest[0], start=start, minutes=rest[2])
        else:
            yard.fleet.fail_check(MACHINE, rest[0], start, rest[2])


def play(history, seed=0, watch=None, start=START):
    yard = Yard(seed, start)
    start_us = yard.clock.now_us
    for seconds, deed in history:
        yard.until(start_us + seconds * SECOND)
        if watch:
            watch(yard)
        do(yard, deed)
        if watch:
            watch(yard)
    return yard


def whole(yard, name):
    start_us = yard.clock.start_us
    return triples(yard.points(name, start_us - 10 * MINUTE, start_us + 90 * MINUTE))


@given(HISTORIES, NAMES, STARTS)
@settings(max_examples=250, deadline=None)
def test_what_was_told_stays_told(history, name, start):
    """At whatever instant one asks: what has arrived by then is what will ever be said of it."""
    seen = []

    def watch(yard):
        now_us = yard.clock.now_us
        seen.append((now_us, [row for row in whole(yard, name) if row[2] <= now_us]))

    yard = play(history, watch=watch, start=start)
    final = whole(yard, name)
    assert final == whole(play(history, start=start), name)  # and who asked changes nothing
    for now_us, told in seen:
        assert told == [row for row in final if row[2] <= now_us]


@given(HISTORIES, NAMES, st.lists(st.integers(-600, 5400), min_size=3, max_size=3).map(sorted))
@settings(max_examples=250, deadline=None)
def test_the_slice_decides_nothing(history, name, seconds):
    yard = play(history)
    first, middle, last = (yard.clock.start_us + second * SECOND for second in seconds)
    one = triples(yard.points(name, first, last))
    two = triples(yard.points(name, first, middle)) + triples(yard.points(name, middle, last))
    assert one == two == [row for row in whole(yard, name) if first <= row[0] < last]


@given(HISTORIES, NAMES)
@settings(max_examples=100, deadline=None)
def test_columns_are_in_order_and_points_arrive_after_their_minutes(history, name):
    rows = whole(play(history), name)
    stamps, _, arrivals = zip(*rows, strict=True) if rows else ((), (), ())
    assert list(stamps) == sorted(set(stamps))
    assert list(arrivals) == sorted(arrivals)
    assert all(MINUTE <= arrival - stamp <= 5 * MINUTE for stamp, _, arrival in rows)


@given(HISTORIES)
@settings(max_examples=50, deadline=None)
def test_two_fleets_say_the_same(history):
    one, two = play(history, seed=7), play(history, seed=7, watch=lambda yard: whole(yard, CPU))
    for name in METRICS:
        assert whole(one, name) == whole(two, name)
    listed = [list(yard.fleet.series(*HERE, yard.clock.now_us)) for yard in (one, two)]
    assert listed[0] == listed[1]


@given(HISTORIES)
@settings(max_examples=75, deadline=None)
def test_listed_is_what_has_had_a_point(history):
    yard = play(history)
    now_us = yard.clock.now_us
    listed = set(yard.fleet.series(*HERE, now_us))
    for name in METRICS:
        had = any(arrival <= now_us for _, _, arrival in whole(yard, name))
        assert (series(name) in listed) == had, name
        assert not had or yard.fleet.has(*HERE, series(name))


# -- against the naive way: minute by minute, quarter by quarter
def naive(history, name):
    """What a machine that ticks through every quarter of a minute would have written down."""
    quarter = 15
    runs = detailed = False
    base, loads, incidents, failing = 20.0, [], [], {"system": [], "instance": []}
    queue = list(history)
    rows, part, five, in_detail = [], [], [], False
    noise = key_of(0, *HERE, MACHINE, CPU)
    zero = Yard().clock.start_us // MINUTE
    for second in range(0, 90 * 60, quarter):
        while queue and queue[0][0] <= second:
            _, (what, *rest) = queue.pop(0)
            if what == "state":
                runs = rest[0] == "running"
            elif what == "monitor":
                detailed = rest[0] == "detailed"
            elif what == "base":
                base = float(rest[0])
            else:
                begin = second + rest[1] * 30
                if what == "incident":
                    incidents.append((begin, begin + 180, rest[0]))
                else:
                    end = begin + rest[2] * 60 if rest[2] else 10**9
                    if what == "load":
                        loads.append((begin, end, rest[0]))
                    else:
                        failing[rest[0]].append((begin, end))

        def said(layer, second=second):
            return [figure for a, b, figure in layer if a <= second < b][-1:]

        part.append((said(incidents) or said(loads) or [base])[0])
        if (second + quarter) % 60:
            continue
        # The last quarter of a minute: what holds now holds just before the minute's end.
        minute = second // 60
        level, part = sum(part) / 4, []
        swing = min(1.0, level * 0.05, (100 - level) * 0.4)
        cpu = level + swing * float(uniform(noise, zero + minute, zero + minute + 1)[0])
        if METRICS[name].checks:
            failed = any(a <= second < b for c in METRICS[name].checks for a, b in failing[c])
            if runs:
                rows.append((minute, float(failed), minute + 1))
            continue
        if minute % 5 == 0:
            five, in_detail = [], False
        if detailed and not in_detail:
            in_detail = True
            if five:
                rows.append((minute // 5 * 5, sum(five) / len(five), minute + 1))
        if runs and in_detail:
            rows.append((minute, cpu, minute + 1))
        elif runs:
            five.append(cpu)
        if minute % 5 == 4 and five and not in_detail:
            rows.append((minute // 5 * 5, sum(five) / len(five), minute + 1))
    return rows


@given(HISTORIES, st.sampled_from([CPU, "StatusCheckFailed", "StatusCheckFailed_System"]))
@settings(max_examples=250, deadline=None)
def test_it_says_what_ticking_would_say(history, name):
    yard = play(history)
    zero = yard.clock.start_us
    found = [
        ((stamp - zero) // MINUTE, value, (arrival - zero) // MINUTE)
        for stamp, value, arrival in whole(yard, name)
        if stamp < zero + 85 * MINUTE
    ]
    wanted = [row for row in naive(history, name) if row[0] < 85]
    assert [row[0::2] for row in found] == [row[0::2] for row in wanted]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in wanted], abs=1.1e-4)


@given(st.floats(0, 100), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_cpu_is_a_percentage_near_what_was_set(cpu, seed):
    yard = Yard(seed)
    yard.fleet.load(MACHINE, cpu)
    yard.run().monitor("detailed")
    values = yard.points(CPU, "09:00", "13:00").values
    assert (np.abs(values - cpu) <= 1.0001).all()
    assert values.min() >= 0 and values.max() <= 100


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_other_number_is_a_percentage(cpu):
    yard = Yard()
    if 0 <= cpu <= 100:
        yard.fleet.load(MACHINE, cpu)
    else:
        with pytest.raises(LabError):
            yard.fleet.load(MACHINE, cpu)
