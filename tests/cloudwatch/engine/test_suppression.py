"""The suppressor's state machine, rule by rule (aws-semantics 2.7)."""

from labkit.cloudwatch.engine.suppression import (
    NONE,
    Suppression,
    changed,
    expired,
    replaced,
    suppressor_changed,
)

WAIT, EXTEND = 120, 180


def test_a_change_waits_for_the_suppressor_and_then_acts():
    waiting = changed(1000, False, WAIT)
    assert (waiting.by, waiting.until_us, waiting.acts) == ("WaitPeriod", 1120, False)
    assert waiting.reason == "Actions suppressed by WaitPeriod"
    assert expired(waiting, 1119) == waiting
    assert expired(waiting, 1120).acts
    assert expired(waiting, 1120).done() == NONE


def test_a_suppressor_in_alarm_discards_the_wait():
    waiting = changed(1000, False, WAIT)
    held = suppressor_changed(waiting, 1050, True, EXTEND)
    assert (held.by, held.until_us, held.waits) == ("Alarm", 0, True)
    assert expired(held, 99_999) == held


def test_a_suppressor_already_in_alarm_holds_at_once():
    assert changed(1000, True, WAIT) == Suppression("Alarm", 0, True)


def test_a_change_while_waiting_begins_a_new_wait():
    assert changed(1050, False, WAIT).until_us == 1170


def test_a_suppressor_that_leaves_alarm_is_followed_by_the_extension():
    held = changed(1000, True, WAIT)
    extended = suppressor_changed(held, 2000, False, EXTEND)
    assert (extended.by, extended.until_us) == ("ExtensionPeriod", 2180)
    assert expired(extended, 2180).acts
    # A change in the extension begins a wait instead.
    assert changed(2100, False, WAIT).by == "WaitPeriod"
    # The suppressor again: held as before.
    assert suppressor_changed(extended, 2100, True, EXTEND).by == "Alarm"


def test_a_suppressor_that_comes_and_goes_causes_nothing():
    held = suppressor_changed(NONE, 1000, True, EXTEND)
    assert held.by == "Alarm"
    after = expired(suppressor_changed(held, 1100, False, EXTEND), 1280)
    assert after == NONE and not after.acts


def test_a_suppressor_that_leaves_insufficient_data_changes_nothing():
    waiting = changed(1000, False, WAIT)
    assert suppressor_changed(waiting, 1010, False, EXTEND) == waiting


def test_no_periods_act_at_once():
    assert changed(1000, False, 0).acts
    assert suppressor_changed(changed(1000, True, 0), 1100, False, 0).acts


def test_another_suppressor_discards_what_runs():
    waiting = changed(1000, False, WAIT)
    assert replaced(waiting, False).acts
    assert replaced(waiting, True) == Suppression("Alarm", 0, True)
