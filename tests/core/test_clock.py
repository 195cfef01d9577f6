"""The clock: order at one instant, outermost calls, forecasters, refusals."""

import signal
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import (
    MILLISECOND,
    MINUTE,
    SECOND,
    Clock,
    Phase,
    iso,
    to_datetime,
    to_us,
)
from labkit.core.errors import ClockError, WiringError

START = to_us(datetime(2026, 1, 5, 9, tzinfo=UTC))


@pytest.fixture
def clock():
    return Clock(START)


@pytest.fixture
def log(clock):
    heard = []
    clock.register("say", lambda payload: heard.append((clock.now_us - START, payload["word"])))
    return heard


def say(clock, after_us, word, phase=Phase.STATE):
    clock.at(START + after_us, phase, "say", {"word": word})


def test_time_goes_from_one_due_instant_to_the_next(clock, log):
    say(clock, 2 * MINUTE, "later")
    say(clock, 1 * MINUTE, "sooner")
    clock.run_until(START + 365 * 24 * 60 * MINUTE)
    assert log == [(MINUTE, "sooner"), (2 * MINUTE, "later")]
    assert iso(clock.now_us) == "2027-01-05T09:00:00Z"


def test_order_at_one_instant_is_phase_then_order_of_scheduling(clock, log):
    for phase in reversed(Phase):
        say(clock, MINUTE, f"{phase.name} a", phase)
        say(clock, MINUTE, f"{phase.name} b", phase)
    clock.run_until(START + MINUTE)
    assert [word for _, word in log] == [f"{p.name} {x}" for p in Phase for x in "ab"]


def test_work_for_an_earlier_phase_of_this_instant_runs_a_millisecond_later(clock, log):
    def canary(payload):
        say(clock, MINUTE, "a point", Phase.DATA)
        say(clock, MINUTE, "same phase", Phase.SCHEDULES)

    clock.register("canary", canary)
    clock.at(START + MINUTE, Phase.SCHEDULES, "canary")
    clock.run_until(START + 2 * MINUTE)
    assert log == [(MINUTE, "same phase"), (MINUTE + MILLISECOND, "a point")]


def test_a_call_opens_an_instant_that_is_no_whole_second_and_has_all_phases_ahead(clock, log):
    clock.run_until(START + SECOND - MILLISECOND)
    at = clock.open_instant()
    assert at - START == SECOND + MILLISECOND
    say(clock, at - START, "state", Phase.STATE)
    say(clock, at - START, "mail", Phase.DELIVERIES)
    clock.drain_instant()
    assert [word for _, word in log] == ["state", "mail"]
    assert clock.now_us == at


def test_what_is_due_before_a_call_happens_before_it(clock, log):
    say(clock, 500, "half a millisecond in")
    clock.open_instant()
    assert log == [(500, "half a millisecond in")]


def test_later_milliseconds_of_a_chain_wait_for_the_next_call(clock, log):
    at = clock.open_instant()
    say(clock, at - START + MILLISECOND, "a chain goes on")
    clock.drain_instant()
    assert log == []
    clock.open_instant()
    assert log == []
    clock.drain_instant()
    assert [word for _, word in log] == ["a chain goes on"]


def test_time_can_not_go_backwards(clock, log):
    clock.run_until(START + MINUTE)
    with pytest.raises(ClockError, match="time can't go backwards"):
        clock.run_until(START)
    with pytest.raises(ClockError, match="time can't go backwards"):
        say(clock, 0, "too late")
    with pytest.raises(ClockError, match="time can't go backwards"):
        clock.open_instant(START)


def test_time_can_not_run_inside_an_event(clock):
    clock.register("impatient", lambda payload: clock.run_until(clock.now_us + MINUTE))
    clock.at(START + MINUTE, Phase.STATE, "impatient")
    with pytest.raises(ClockError, match="already running"):
        clock.run_until(START + MINUTE)
    assert not clock.running


def test_what_repeats_runs_again_with_its_payload_and_without_a_cause(clock):
    rounds = []

    def tick(payload):
        rounds.append((clock.now_us - START, payload, clock.cause))
        clock.again(clock.now_us + MINUTE)

    clock.register("tick", tick)
    clock.at(START + MINUTE, Phase.SCHEDULES, "tick", {"rule": "r"}, cause=("a call",))
    clock.run_until(START + 3 * MINUTE)
    assert rounds == [
        (MINUTE, {"rule": "r"}, ("a call",)),
        (2 * MINUTE, {"rule": "r"}, ()),
        (3 * MINUTE, {"rule": "r"}, ()),
    ]
    assert clock.pending() == [(START + 4 * MINUTE, 7, "tick", '{"rule":"r"}')]


def test_only_what_runs_can_run_again_and_only_later(clock):
    with pytest.raises(ClockError, match="nothing that runs now"):
        clock.again(START + MINUTE)
    clock.register("hasty", lambda payload: clock.again(clock.now_us))
    clock.at(START + MINUTE, Phase.STATE, "hasty")
    with pytest.raises(ClockError, match="nothing that runs now"):
        clock.run_until(START + MINUTE)


def test_handlers_are_known_by_name_once(clock):
    clock.register("x", lambda payload: None)
    with pytest.raises(WiringError, match="two handlers"):
        clock.register("x", lambda payload: None)
    with pytest.raises(WiringError, match="no handler is called 'y'"):
        clock.at(START, Phase.STATE, "y")


class EveryMinute:
    phase = Phase.ALARMS

    def __init__(self, clock, log):
        self.clock, self.log, self.next_us, self.asked = clock, log, START + MINUTE, 0

    def next_due(self, limit_us):
        self.asked += 1
        return self.next_us if self.next_us <= limit_us else None

    def run(self, now_us):
        self.log.append((now_us - START, "tick"))
        self.next_us += MINUTE


def test_a_forecaster_shares_instants_with_the_heap_in_order_of_phase(clock, log):
    clock.forecast(EveryMinute(clock, log))
    say(clock, MINUTE, "before", Phase.DATA)
    say(clock, MINUTE, "after", Phase.ACTIONS)
    clock.run_until(START + 2 * MINUTE)
    assert log == [(MINUTE, "before"), (MINUTE, "tick"), (MINUTE, "after"), (2 * MINUTE, "tick")]


def test_a_step_with_nothing_to_do_asks_a_forecaster_once(clock, log):
    every = EveryMinute(clock, log)
    clock.forecast(every)
    clock.run_until(START + SECOND)
    assert every.asked == 1
    assert clock.steps == 0


@pytest.fixture
def control_c():
    """Ctrl-C as a shell gives it: a program that was started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_control_c_lands_between_two_events(clock, log, control_c):
    def first(payload):
        signal.raise_signal(signal.SIGINT)
        log.append((clock.now_us - START, "the first event was finished"))

    clock.register("first", first)
    clock.at(START + MINUTE, Phase.STATE, "first")
    say(clock, 2 * MINUTE, "second")
    with pytest.raises(KeyboardInterrupt):
        clock.run_until(START + 3 * MINUTE)
    assert log == [(MINUTE, "the first event was finished")]
    clock.run_until(START + 3 * MINUTE)
    assert log[-1] == (2 * MINUTE, "second")


def test_the_cause_of_work_is_the_chain_in_force_when_it_was_planned(clock):
    seen = []
    clock.register("look", lambda payload: seen.append(clock.cause))
    clock.cause = ("a call",)
    clock.at(START + MINUTE, Phase.STATE, "look")
    clock.at(START + MINUTE, Phase.STATE, "look", cause=())
    clock.cause = ()
    clock.run_until(START + MINUTE)
    assert seen == [("a call",), ()]


def test_the_key_of_an_event_does_not_depend_on_how_many_others_were_planned(clock, log):
    def keys(extra):
        one = Clock(START)
        found = []
        one.before_event = found.append
        one.register("say", lambda payload: None)
        for _ in range(extra):
            one.at(START + SECOND, Phase.STATE, "say", {"word": "noise"})
        one.at(START + MINUTE, Phase.STATE, "say", {"word": "me"})
        one.run_until(START + MINUTE)
        return found[-1]

    assert keys(0) == keys(7)


@given(st.lists(st.integers(0, 7 * 24 * 60), max_size=30), st.integers(1, 9))
def test_one_run_equals_many(minutes, parts):
    def run(stops):
        clock, heard = Clock(START), []
        clock.register("say", lambda payload: heard.append((clock.now_us, payload["n"])))
        for n, minute in enumerate(minutes):
            clock.at(START + minute * MINUTE, Phase(n % 8), "say", {"n": n})
        for stop in stops:
            clock.run_until(stop)
        return heard, clock.now_us

    end = START + 7 * 24 * 60 * MINUTE
    many = [START + (end - START) * (i + 1) // parts for i in range(parts)]
    assert run([end]) == run(many)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_microseconds_and_datetimes_are_the_same_instants(naive):
    moment = naive.replace(tzinfo=UTC)
    assert to_datetime(to_us(moment)) == moment
    assert to_us(moment + timedelta(microseconds=1)) == to_us(moment) + 1
