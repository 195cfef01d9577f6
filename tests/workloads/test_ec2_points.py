"""The points of a machine, in tables: timestamps, values, arrivals."""

import numpy as np
import pytest
from yard import MACHINE, Yard, at, us

from labkit.workloads.ec2_metrics import CREDITS, METRICS, Grain
from labkit.workloads.intervals import FOREVER

CPU = "CPUUtilization"


def test_the_first_lesson():
    yard = Yard().run()
    yard.fleet.load(MACHINE, 98, start=at("09:12"))
    points = yard.points(CPU, "09:00", "09:30")
    assert points.unit == "Percent"
    assert yard.when(CPU, "09:00", "09:25") == [
        ("09:00", "09:05"), ("09:05", "09:10"), ("09:10", "09:15"), ("09:15", "09:20"),
        ("09:20", "09:25"),
    ]  # fmt: skip
    calm, calm_too, mixed, *hot = points.values.tolist()
    assert [calm, calm_too] == pytest.approx([20, 20], abs=1)
    assert mixed == pytest.approx(66.8, abs=0.6)
    assert hot == pytest.approx([98, 98, 98], abs=0.6)


def test_figures_to_the_last_bit():
    """Whoever changes these changes the output of every committed notebook."""
    yard = Yard().run()
    yard.fleet.load(MACHINE, 98, start=at("09:12"))
    assert yard.points(CPU, "09:00", "09:20").values.tolist() == [19.5045, 20.212, 67.0284, 98.338]
    received = yard.points("NetworkIn", "09:00", "09:20").values.tolist()
    assert received == [2641596, 2677903, 8342174, 12064469]
    yard.monitor("detailed")
    minutes = yard.points(CPU, "09:10", "09:14").values.tolist()
    assert minutes == [20.7932, 19.6824, 98.2775, 98.784][-4:]


def test_detailed_monitoring_is_a_point_a_minute():
    yard = Yard().run().monitor("detailed")
    yard.fleet.load(MACHINE, 95, start=at("09:02"), minutes=3)
    assert yard.when(CPU, "09:00", "09:04") == [
        ("09:00", "09:01"), ("09:01", "09:02"), ("09:02", "09:03"), ("09:03", "09:04"),
    ]  # fmt: skip
    values = yard.points(CPU, "09:00", "09:07").values
    assert values == pytest.approx([20, 20, 95, 95, 95, 20, 20], abs=1)


def test_five_minute_data_is_the_mean_of_the_minutes_and_the_sum_of_amounts():
    basic, detailed = Yard().run(), Yard().run().monitor("detailed")
    for yard in (basic, detailed):
        yard.fleet.load(MACHINE, 95, start=at("09:11"), minutes=3)
    for name, metric in METRICS.items():
        if metric.grain is not Grain.MONITORING:
            continue
        five = basic.points(name, "09:00", "10:00").values
        minutes = detailed.points(name, "09:00", "10:00").values.reshape(-1, 5)
        wanted = minutes.mean(axis=1) if name == CPU else minutes.sum(axis=1)
        assert five == pytest.approx(wanted, abs=6e-5)
    assert basic.points(CPU, "09:10", "09:15").values == pytest.approx([65], abs=1)


def test_bounds_of_the_noise():
    yard = Yard().run().monitor("detailed")

    def range_of(day):
        values = yard.points(CPU, f"{day} 00:00", f"{day + 1} 00:00").values
        return values.min(), values.max()

    low, high = range_of(6)
    assert 18 <= low < 19.1 and 20.9 < high <= 22
    for number, (load, low_wanted, high_wanted) in enumerate(
        [(98, 97, 99), (100, 100, 100), (0, 0, 0), (99.9, 99.8, 100), (1, 0.9, 1.1), (50, 49, 51)]
    ):
        day = 7 + number
        yard.fleet.load(MACHINE, load, start=at(f"{day} 00:00"))
        low, high = range_of(day)
        assert low_wanted <= low <= high <= high_wanted
        assert high - low > 0.05 or load in (0, 100)


def test_a_load_within_a_minute_counts_for_its_share_of_it():
    yard = Yard().run().monitor("detailed").until("09:12:30")
    yard.fleet.base(MACHINE, 0)
    yard.fleet.load(MACHINE, 100, minutes=2)
    yard.fleet.load(MACHINE, 100, start=at("09:20:15"), minutes=0.5)
    rows = {stamp: value for stamp, value, _ in yard.rows(CPU, "09:13", "09:22", 1)}
    assert rows["09:13"] == 100
    assert rows["09:14"] == pytest.approx(50, abs=1)
    assert rows["09:15"] == 0
    assert rows["09:20"] == pytest.approx(50, abs=1)
    assert rows["09:21"] == 0
    # Until 09:12:30 it ran at 20 %.
    assert yard.points(CPU, "09:12", "09:13").values == pytest.approx([60], abs=1)


def test_of_two_loads_the_one_set_last_counts_and_an_incident_over_both():
    yard = Yard().run().monitor("detailed")
    yard.fleet.load(MACHINE, 90, start=at("09:10"), minutes=40)
    yard.fleet.load(MACHINE, 40, start=at("09:20"), minutes=10)
    yard.fleet.apply(
        {"kind": "cpu", "target": MACHINE, "start": at("09:25"), "end": at("09:35"), "size": 70}
    )
    yard.fleet.load(MACHINE, 10, start=at("09:34"))
    values = yard.points(CPU, "09:05", "09:45").values.reshape(-1, 5).mean(axis=1)
    assert values == pytest.approx([20, 90, 90, 40, 70, 70, 10, 10], abs=0.7)


def test_a_minute_counts_when_the_machine_runs_just_before_its_end():
    yard = Yard().monitor("detailed").until("09:00:15").run().until("09:03:59").stop()
    yard.until("09:07").run().until("09:09").stop()
    assert [row[0] for row in yard.rows(CPU, "09:00", "09:20")] == [
        "09:00", "09:01", "09:02", "09:07", "09:08",
    ]  # fmt: skip


def test_a_five_minute_point_covers_the_minutes_in_which_the_machine_ran():
    yard = Yard().until("09:03:10").run()
    yard.fleet.load(MACHINE, 80, start=at("09:04"), minutes=1)
    yard.until("09:12:30").stop().until("09:21:00").run().until("09:21:40").stop()
    rows = yard.rows(CPU, "09:00", "09:30", 4)
    assert [(stamp, arrival) for stamp, _, arrival in rows] == [
        ("09:00", "09:05"), ("09:05", "09:10"), ("09:10", "09:15"),
    ]  # fmt: skip
    assert rows[0][1] == pytest.approx(50, abs=1)  # minutes 3 (20 %) and 4 (80 %)
    # An amount is the sum over two minutes of five here.
    amounts = yard.points("NetworkIn", "09:00", "09:15").values
    assert amounts[2] / amounts[1] == pytest.approx(2 / 5, abs=0.05)


def test_a_stop_and_start_leaves_a_gap():
    yard = Yard().run().until("09:20").stop().until("10:00").run()
    assert [row[0] for row in yard.rows(CPU, "09:00", "10:15")] == [
        "09:00", "09:05", "09:10", "09:15", "10:00", "10:05", "10:10",
    ]  # fmt: skip
    assert len(yard.points("StatusCheckFailed", "09:00", "10:15").values) == 20 + 15


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        # The basic point comes with the first detailed one; minutes stay on time.
        ("09:12:30", [("09:10", "09:13"), ("09:12", "09:13"), ("09:13", "09:14"),
                      ("09:14", "09:15"), ("09:15", "09:16")]),
        # On a full minute: the minute that ends then was basic, and told as such.
        ("09:12:00", [("09:10", "09:13"), ("09:12", "09:13"), ("09:13", "09:14"),
                      ("09:14", "09:15"), ("09:15", "09:16")]),
        ("09:14:10", [("09:10", "09:15"), ("09:14", "09:15"), ("09:15", "09:16")]),
        # The first minute of five, or their end: no basic minute is left over.
        ("09:10:30", [("09:10", "09:11"), ("09:11", "09:12"), ("09:12", "09:13"),
                      ("09:13", "09:14"), ("09:14", "09:15"), ("09:15", "09:16")]),
        ("09:15:00", [("09:10", "09:15"), ("09:15", "09:16")]),
    ],
)  # fmt: skip
def test_from_basic_to_detailed(moment, wanted):
    yard = Yard().run()
    yard.fleet.load(MACHINE, 90, start=at("09:12"))
    yard.until(moment).monitor("detailed")
    assert yard.when(CPU, "09:10", "09:16") == wanted
    first = yard.points(CPU, "09:10", "09:11").values[0]
    minutes = {"09:12:30": 20, "09:12:00": 20, "09:14:10": 55, "09:10:30": 20, "09:15:00": 62}
    assert first == pytest.approx(minutes[moment], abs=1)


def test_from_detailed_to_basic_five_minutes_end_as_they_began():
    yard = Yard().run().monitor("detailed").until("09:12:30").monitor("basic")
    assert yard.when(CPU, "09:10", "09:25") == [
        ("09:10", "09:11"), ("09:11", "09:12"), ("09:12", "09:13"), ("09:13", "09:14"),
        ("09:14", "09:15"), ("09:15", "09:20"), ("09:20", "09:25"),
    ]  # fmt: skip


def test_monitoring_back_and_forth_within_five_minutes():
    yard = Yard().run().until("09:11:10").monitor("detailed").until("09:12:10").monitor("basic")
    yard.until("09:13:10").monitor("detailed").until("09:16").monitor("basic")
    assert yard.when(CPU, "09:10", "09:25") == [
        ("09:10", "09:12"), ("09:11", "09:12"), ("09:12", "09:13"), ("09:13", "09:14"),
        ("09:14", "09:15"), ("09:15", "09:16"), ("09:16", "09:17"), ("09:17", "09:18"),
        ("09:18", "09:19"), ("09:19", "09:20"), ("09:20", "09:25"),
    ]  # fmt: skip


def test_status_checks_come_every_minute_in_basic_too_and_fail_one_by_one():
    yard = Yard().run()
    yard.fleet.fail_check(MACHINE, "system", at("09:03"), 2)
    yard.fleet.fail_check(MACHINE, "instance", start=at("09:04:30"), minutes=1)

    def failed(name):
        rows = yard.rows(name, "09:00", "09:08")
        return [(stamp, arrival) for stamp, value, arrival in rows if value]

    assert failed("StatusCheckFailed_System") == [("09:03", "09:04"), ("09:04", "09:05")]
    assert failed("StatusCheckFailed_Instance") == [("09:04", "09:05")]
    assert failed("StatusCheckFailed") == [("09:03", "09:04"), ("09:04", "09:05")]
    assert len(yard.points("StatusCheckFailed", "09:00", "09:08").values) == 8


def test_a_check_that_fails_for_good_fails_while_the_machine_runs():
    yard = Yard().run()
    yard.fleet.fail_check(MACHINE)
    yard.until("09:10").stop()
    values = yard.points("StatusCheckFailed_System", "09:00", "10:00").values.tolist()
    assert values == [1.0] * 10


def test_network_and_disk_follow_the_cpu_plausibly():
    yard = Yard().run().monitor("detailed")
    yard.fleet.base(MACHINE, 0)
    yard.fleet.load(MACHINE, 98, start=at("10:00"))

    def day(name, start, end):
        if METRICS[name].grain is Grain.FIVE_MINUTES:
            return yard.points(name, start, end).values
        return yard.points(name, start, end).values.reshape(-1, 5).sum(axis=1)

    for name, metric in METRICS.items():
        if not metric.channel:
            continue
        idle, busy = day(name, "09:00", "10:00"), day(name, "10:00", "20:00")
        assert idle.min() > 0 and busy.min() > 5 * idle.max(), name
        assert (busy == np.rint(busy)).all(), "bytes and counts are whole"
        assert METRICS[name].unit in ("Bytes", "Count")
    for hours in (("09:00", "10:00"), ("10:00", "20:00")):
        for way in ("In", "Out"):
            size = day(f"Network{way}", *hours) / day(f"NetworkPackets{way}", *hours)
            assert size.min() > 400 and size.max() < 1460
        for what in ("Read", "Write"):
            bytes_, operations = day(f"Disk{what}Bytes", *hours), day(f"Disk{what}Ops", *hours)
            assert (bytes_ == 4096 * operations).all()


def test_packets_stay_at_five_minutes_in_detail():
    yard = Yard().run().monitor("detailed")
    assert yard.when("NetworkPacketsIn", "09:00", "09:10") == [
        ("09:00", "09:05"),
        ("09:05", "09:10"),
    ]
    # Seven metrics change with monitoring: those that detailed monitoring is billed for.
    assert sum(metric.grain is Grain.MONITORING for metric in METRICS.values()) == 7


@pytest.mark.parametrize(
    ("start", "end", "stamps"),
    [
        ("09:05", "09:15", ["09:05", "09:10"]),
        ("09:05:01", "09:15:01", ["09:10", "09:15"]),
        ("09:06", "09:09", []),
        ("09:10", "09:10", []),
        ("09:15", "09:05", []),
        ("08:00", "09:01", ["09:00"]),
    ],
)
def test_a_point_belongs_where_its_timestamp_lies(start, end, stamps):
    assert [row[0] for row in Yard().run().rows(CPU, start, end)] == stamps


def test_the_arrays_are_of_the_promised_kinds():
    yard = Yard().run(kind="t3.micro")
    yard.until("09:12:30").monitor("detailed")
    for name in METRICS:
        for start, end in (("09:00", "09:30"), ("07:00", "08:00")):
            points = yard.points(name, start, end)
            assert points.timestamps.dtype == points.arrivals.dtype == np.int64
            assert points.values.dtype == np.float64
            assert len(points.timestamps) == len(points.values) == len(points.arrivals)
            assert points.unit == METRICS[name].unit
            assert (points.values == np.round(points.values, 4)).all()
            assert not np.signbit(points.values).any()


def test_machines_share_the_grid_and_nobody_can_write_into_it():
    yard = Yard().run().run("i-2").monitor("detailed").monitor("detailed", "i-2")
    one, two = (yard.points(CPU, "09:00", "10:00", machine) for machine in (MACHINE, "i-2"))
    assert one.timestamps is two.timestamps and one.arrivals is two.arrivals
    with pytest.raises(ValueError, match="read-only"):
        one.timestamps[0] = 0


def test_asking_until_the_end_of_time_costs_ten_years():
    yard = Yard().run().until("09:10").stop()
    assert len(yard.points(CPU, 0, FOREVER).values) == 2
    yard.run()
    found = yard.points("StatusCheckFailed", us("09:00"), us("09:00") + 10**19)
    assert len(found.values) < 5_300_000


def test_credits_are_metrics_of_burstable_machines_alone():
    assert set(METRICS) > CREDITS
    assert [metric.name for metric in METRICS.values()] == list(METRICS)
