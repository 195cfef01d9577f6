"""CPU credits, against the figures of AWS's credit table and worked examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yard import Yard, at, triples, us

from labkit.core.clock import DAY, MINUTE
from labkit.workloads.cpu_credits import BURSTABLE, MILLIONTHS, Purse, at_start, spend

DAY_OF_FIVES = 288


def credits(amount):
    return round(amount * MILLIONTHS)


@pytest.mark.parametrize(
    ("kind", "per_hour", "limit", "baseline"),
    [
        ("t2.nano", 3, 72, 5),
        ("t2.micro", 6, 144, 10),
        ("t2.large", 36, 864, 30),
        ("t2.xlarge", 54, 1296, 22.5),
        ("t2.2xlarge", 81.6, 1958.4, 17),
        ("t3.nano", 6, 144, 5),
        ("t3.micro", 12, 288, 10),
        ("t3a.medium", 24, 576, 20),
        ("t4g.2xlarge", 192, 4608, 40),
    ],
)
def test_the_credit_table(kind, per_hour, limit, baseline):
    row = BURSTABLE[kind]
    assert (row.earned * 60, row.limit) == (credits(per_hour), credits(limit))
    # At its baseline a machine spends what it earns.
    assert row.vcpus * baseline / 100 * MILLIONTHS == row.earned


@pytest.mark.parametrize(
    ("kind", "balance"), [("t3.nano", 144), ("t3.micro", 288), ("t2.nano", 102), ("t2.micro", 174)]
)
def test_an_idle_machine_is_full_after_a_day_and_launch_credits_come_on_top(kind, balance):
    row = BURSTABLE[kind]
    purse = at_start(row, Purse(), None)
    after, balances = spend(row, purse, [5] * DAY_OF_FIVES, [0] * DAY_OF_FIVES)
    assert balances[-1] == after.balance == credits(balance)
    assert spend(row, after, [5], [0])[1] == [credits(balance)]  # what comes then is lost


def test_launch_credits_go_first():
    row = BURSTABLE["t2.micro"]
    purse, _ = spend(row, at_start(row, Purse(), None), [5] * 4, [credits(5)] * 4)
    assert purse == Purse(credits(10), credits(2))
    purse, balances = spend(row, purse, [5] * 4, [credits(5)] * 4)
    assert purse == Purse(0, 0)  # 4 earned, 20 used, 12 were there: a standard machine owes nothing
    assert balances[-1] == 0


def test_an_unlimited_machine_pays_its_surplus_back_first():
    row = BURSTABLE["t3.micro"]  # earns 1 in five minutes
    purse, balances = spend(row, Purse(), [5], [credits(4)])
    assert (purse.earned, balances) == (credits(-3), [0])
    purse, balances = spend(row, purse, [5] * 5, [0] * 5)
    assert balances == [0, 0, 0, credits(1), credits(2)]
    deep, _ = spend(row, Purse(), [5] * 500, [credits(10)] * 500)
    assert deep.earned == -row.limit  # beyond a day's earnings surplus credits are billed


def test_what_a_stop_leaves():
    t2, t3 = BURSTABLE["t2.micro"], BURSTABLE["t3.micro"]
    full = Purse(0, credits(100))
    assert at_start(t3, full, 7 * DAY) == full
    assert at_start(t3, full, 7 * DAY + 1) == Purse(0, 0)
    assert at_start(t2, full, MINUTE) == Purse(credits(30), 0)
    assert at_start(t3, Purse(0, credits(-5)), MINUTE) == Purse(0, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, credits(10))), max_size=40))
def test_a_balance_stays_within_its_bounds_however_it_is_cut(fives):
    row = BURSTABLE["t3.nano"]
    minutes, used = [a for a, _ in fives], [b for _, b in fives]
    whole, balances = spend(row, Purse(), minutes, used)
    assert all(0 <= balance <= row.limit for balance in balances)
    purse, parts = Purse(), []
    for a, b in fives:
        purse, part = spend(row, purse, [a], [b])
        parts += part
    assert (purse, parts) == (whole, balances)


# -- as metrics
def test_usage_is_vcpu_minutes_every_five_minutes_even_in_detail():
    yard = Yard().run(kind="t3.micro").monitor("detailed")
    yard.fleet.load("i-0aaaaaaaaaaaaaaa1", 100, start=at("09:05"))
    rows = yard.rows("CPUCreditUsage", "09:00", "09:15", 1)
    assert rows == [("09:00", 2.0, "09:05"), ("09:05", 10.0, "09:10"), ("09:10", 10.0, "09:15")]
    used = yard.points("CPUCreditUsage", "09:00", "10:00")
    cpu = yard.points("CPUUtilization", "09:00", "10:00").values.reshape(-1, 5).sum(axis=1)
    assert used.values == pytest.approx(cpu * 2 / 100, abs=6e-5)
    assert used.unit == "Count"


def test_the_balance_of_a_day_and_of_a_stop():
    yard = Yard()
    yard.fleet.base("i-0aaaaaaaaaaaaaaa1", 0)
    yard.run(kind="t3.micro")
    rows = yard.rows("CPUCreditBalance", "09:00", "09:15", 4)
    assert rows == [("09:00", 1.0, "09:05"), ("09:05", 2.0, "09:10"), ("09:10", 3.0, "09:15")]
    yard.until("6 08:00").stop().until("7 08:00").run(kind="t3.micro")
    assert yard.rows("CPUCreditBalance", "6 07:50", "7 08:10", 4) == [
        ("07:50", 275.0, "07:55"), ("07:55", 276.0, "08:00"),
        ("08:00", 277.0, "08:05"), ("08:05", 278.0, "08:10"),
    ]  # fmt: skip
    assert yard.points("CPUCreditBalance", "8 00:00", "8 00:05").values.tolist() == [288.0]


def test_a_t2_begins_anew_at_each_start_within_the_same_five_minutes_too():
    yard = Yard()
    yard.fleet.base("i-0aaaaaaaaaaaaaaa1", 0)
    yard.run(kind="t2.micro").until("09:12:10").stop().until("09:13:20").run(kind="t2.micro")
    assert yard.rows("CPUCreditBalance", "09:00", "09:20", 1) == [
        ("09:00", 30.5, "09:05"), ("09:05", 31.0, "09:10"),
        ("09:10", 30.2, "09:15"),  # minutes 13 and 14 of the new run
        ("09:15", 30.7, "09:20"),
    ]  # fmt: skip


def test_another_type_has_no_credits_and_keeps_those_it_had():
    yard = Yard().run(kind="m5.large")
    assert yard.rows("CPUCreditUsage", "09:00", "10:00") == []
    yard.until("10:00").stop().until("10:05").run(kind="t3.nano").until("10:15").stop()
    yard.until("10:20").run(kind="c5.large")
    assert [row[0] for row in yard.rows("CPUCreditUsage", "09:00", "12:00")] == ["10:05", "10:10"]
    assert [row[0] for row in yard.rows("CPUCreditBalance", "09:00", "12:00")] == ["10:05", "10:10"]


def test_the_balance_does_not_depend_on_who_asked_before():
    def yard():
        made = Yard()
        made.fleet.base("i-0aaaaaaaaaaaaaaa1", 7)
        return made.run(kind="t3.micro")

    late = triples(yard().points("CPUCreditBalance", "20 03:00", "20 04:00"))
    asked = yard()
    for day in (6, 19, 7, 30, 20):
        asked.points("CPUCreditBalance", us(f"{day} 12:00"), us(f"{day} 12:05"))
    assert triples(asked.points("CPUCreditBalance", "20 03:00", "20 04:00")) == late
    whole = triples(asked.points("CPUCreditBalance", "5 00:00", "21 00:00"))
    assert set(late) < set(whole)
    assert len(whole) == 15 * 288 + 180
