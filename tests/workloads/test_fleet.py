"""The fleet: what it hears, what is done to it, and whom it answers."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from yard import HERE, MACHINE, START, Yard, at, series, triples, us

from labkit.core.clock import DAY, MINUTE
from labkit.core.errors import LabError
from labkit.core.sources import Series
from labkit.workloads.ec2_metrics import CREDITS, METRICS
from labkit.workloads.fleet import Fleet
from labkit.workloads.incidents import Incident

CPU = "CPUUtilization"
OTHER = "i-0bbbbbbbbbbbbbbb2"
FAR = ("210987654321", "eu-west-1")


# -- what it hears
def test_every_change_is_told_once_and_nothing_else_is():
    yard = Yard()
    yard.state("pending")
    assert yard.told == []
    yard.run()
    yard.run()  # a reboot
    assert len(yard.told) == 1
    yard.monitor("basic")
    yard.monitor("detailed")
    yard.monitor("detailed")
    assert len(yard.told) == 2
    yard.until("09:10").state("stopping").state("stopped").state("shutting-down").state(
        "terminated"
    )
    assert len(yard.told) == 3
    assert set(yard.told) == {(*HERE, MACHINE)}


def test_what_is_told_names_the_dimension():
    yard, heard = Yard(), []
    yard.facts.hear("metric.changed", heard.append)
    yard.run(where=FAR)
    fact = heard[0]
    assert (fact.account, fact.region) == FAR
    assert fact.data == {"namespace": "AWS/EC2", "dimension": "InstanceId", "value": MACHINE}


@pytest.mark.parametrize("state", ["stopping", "stopped", "shutting-down", "terminated"])
def test_a_terminated_machine_keeps_its_past(state):
    yard = Yard().run().until("09:20")
    before = triples(yard.points(CPU, "09:00", "09:20"))
    yard.state(state).until("09:30").state("terminated").until("11:00")
    assert triples(yard.points(CPU, "09:00", "12:00")) == before
    assert series(CPU) in list(yard.fleet.series(*HERE, yard.clock.now_us))
    assert yard.fleet.has(*HERE, series(CPU))


def test_a_machine_that_stops_in_the_instant_in_which_it_starts_never_ran():
    yard = Yard().run(kind="t3.micro").stop()
    assert yard.rows(CPU, "09:00", "10:00") == []
    assert not yard.fleet.has(*HERE, series("CPUCreditUsage"))


def test_detailed_monitoring_may_be_heard_of_before_the_machine_runs():
    yard = Yard().state("pending").monitor("detailed").until("09:00:15").run()
    assert yard.when(CPU, "09:00", "09:02") == [("09:00", "09:01"), ("09:01", "09:02")]


# -- what is done to it
def test_a_load_may_be_set_before_anybody_has_heard_of_the_machine():
    yard = Yard()
    yard.fleet.load(MACHINE, 98, start=at("09:12"), minutes=10)
    yard.fleet.base(MACHINE, 50)
    yard.fleet.fail_check(MACHINE, start=at("09:20"), minutes=5)
    yard.fleet.apply(Incident("cpu", MACHINE, at("09:30"), at("09:40"), 10))
    assert yard.told == []
    assert not yard.fleet.has(*HERE, series(CPU))
    yard.until("09:05").run()
    values = yard.points(CPU, "09:05", "09:50").values
    assert values == pytest.approx([50, 78.8, 98, 69.2, 50, 10, 10, 50, 50], abs=0.8)
    assert sum(yard.points("StatusCheckFailed", "09:05", "10:00").values) == 5


def test_a_load_on_a_machine_that_runs_begins_now_and_is_told():
    yard = Yard().run().monitor("detailed").until("09:30")
    told = len(yard.told)
    yard.fleet.load(MACHINE, 90)
    assert len(yard.told) == told + 1
    assert yard.points(CPU, "09:29", "09:31").values == pytest.approx([20, 90], abs=1)
    assert yard.points(CPU, "6 09:29", "6 09:30").values == pytest.approx([90], abs=1)


def test_a_base_holds_from_now_on_and_under_loads():
    yard = Yard().run().monitor("detailed")
    yard.fleet.load(MACHINE, 90, start=at("09:40"), minutes=5)
    yard.until("09:30")
    yard.fleet.base(MACHINE, 5)
    values = yard.points(CPU, "09:25", "09:50").values.reshape(-1, 5).mean(axis=1)
    assert values == pytest.approx([20, 5, 5, 90, 5], abs=0.6)


def test_incidents_of_every_kind():
    yard = Yard().run()
    span = (at("09:10"), at("09:15"))
    yard.fleet.apply(Incident("cpu", MACHINE, *span, 90))
    yard.fleet.apply(Incident("status_check_system", MACHINE, *span))
    yard.fleet.apply(Incident("status_check_instance", MACHINE, at("09:12"), None))
    assert yard.points(CPU, "09:05", "09:20").values == pytest.approx([20, 90, 20], abs=0.8)
    assert sum(yard.points("StatusCheckFailed_System", "09:00", "10:00").values) == 5
    assert sum(yard.points("StatusCheckFailed_Instance", "09:00", "10:00").values) == 48


def test_a_load_of_the_learner_does_not_undo_an_incident():
    yard = Yard()
    yard.fleet.apply(Incident("cpu", MACHINE, at("14:00"), at("15:00"), 90))
    yard.run()
    yard.fleet.load(MACHINE, 30)
    assert yard.points(CPU, "14:00", "15:05").values == pytest.approx([90] * 12 + [30], abs=0.8)


TENTH = datetime(2026, 1, 5, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("control", "arguments", "message"),
    [
        ("load", {"cpu": 101}, "percentage"),
        ("load", {"cpu": -1}, "percentage"),
        ("load", {"cpu": float("nan")}, "percentage"),
        ("base", {"cpu": 100.5}, "percentage"),
        ("load", {"cpu": 5, "minutes": 0}, "more than 0"),
        ("load", {"cpu": 5, "minutes": -3}, "more than 0"),
        ("load", {"cpu": 5, "minutes": float("inf")}, "more than 0"),
        ("load", {"cpu": 5, "minutes": float("nan")}, "more than 0"),
        ("load", {"cpu": 5, "start": TENTH.replace(tzinfo=None)}, "aware"),
        ("load", {"cpu": 5, "start": TENTH}, "09:10:00Z has passed, it is 2026-01-05T09:30"),
        ("load", {"cpu": 5, "start": TENTH, "minutes": 30}, "has passed"),
        ("load", {"cpu": 5, "start": TENTH + timedelta(minutes=19.5), "minutes": 0.5}, "passed"),
        ("fail_check", {"kind": "disk"}, "'system' or 'instance'"),
        ("fail_check", {"start": TENTH}, "has passed"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(control, arguments, message):
    yard = Yard().run().until("09:30")
    told = list(yard.told)
    version = yard.fleet.version(*HERE, series(CPU))
    for instance in (MACHINE, "i-0unheard"):
        with pytest.raises(LabError, match=message):
            getattr(yard.fleet, control)(instance, **arguments)
    assert yard.told == told
    assert yard.fleet.version(*HERE, series(CPU)) == version


def test_an_incident_that_began_long_ago_is_refused():
    yard = Yard().run().until("10:00")
    with pytest.raises(LabError, match="has passed"):
        yard.fleet.apply(Incident("cpu", MACHINE, at("09:00"), at("11:00"), 90))


def test_a_start_of_a_moment_ago_is_now():
    yard = Yard().run().monitor("detailed").until("09:30:00.003")
    yard.fleet.load(MACHINE, 90, start=at("09:30"), minutes=2)
    values = yard.points(CPU, "09:29", "09:33").values
    assert values == pytest.approx([20, 90, 90, 20], abs=1.1)
    yard.until("09:40:30")
    told = yard.points(CPU, "09:39", "09:40").values.tolist()
    yard.fleet.load(MACHINE, 90, start=at("09:39:45"))
    assert yard.points(CPU, "09:39", "09:40").values.tolist() == told
    assert yard.points(CPU, "09:40", "09:41").values == pytest.approx([55], abs=1)


# -- which machine
def test_a_control_finds_the_machine_where_it_is_known():
    yard = Yard().run(where=FAR)
    yard.fleet.load(MACHINE, 90)
    assert yard.told[-1] == (*FAR, MACHINE)
    yard.fleet.load(MACHINE, 80, region=FAR[1])
    yard.fleet.load(MACHINE, 80, account=FAR[0], region=FAR[1])
    assert len(yard.told) == 4
    with pytest.raises(LabError, match=r"known in: 210987654321/eu-west-1"):
        yard.fleet.load(MACHINE, 90, region="us-east-1")
    with pytest.raises(LabError, match="nowhere yet"):
        yard.fleet.load(OTHER, 90, region="us-east-1")


def test_the_same_id_in_two_places_wants_a_place():
    yard = Yard().run().run(where=FAR)
    with pytest.raises(LabError, match="Name both account and region"):
        yard.fleet.load(MACHINE, 90)
    yard.fleet.load(MACHINE, 90, account=HERE[0], region=HERE[1])
    yard.fleet.load(MACHINE, 60, account=FAR[0])
    assert yard.points(CPU, "09:00", "09:05").values == pytest.approx([90], abs=1)
    assert yard.points(CPU, "09:00", "09:05", where=FAR).values == pytest.approx([60], abs=1)


def test_what_waits_for_a_machine_is_for_one_machine():
    yard = Yard()
    yard.fleet.load(MACHINE, 90)
    yard.run().run(where=FAR)
    assert yard.points(CPU, "09:00", "09:05").values == pytest.approx([90], abs=1)
    assert yard.points(CPU, "09:00", "09:05", where=FAR).values == pytest.approx([20], abs=1)


def test_a_load_may_name_the_place_of_a_machine_to_come():
    yard = Yard()
    yard.fleet.load(MACHINE, 90, account=HERE[0], region=HERE[1])
    yard.run()
    assert yard.points(CPU, "09:00", "09:05").values == pytest.approx([90], abs=1)


# -- the source
def test_series_are_those_that_have_had_a_point():
    yard = Yard().run()
    every_minute = {name for name in METRICS if name.startswith("StatusCheck")}
    every_five = set(METRICS) - every_minute - CREDITS

    def names(when):
        return {one.name for one in yard.fleet.series(*HERE, us(when))}

    assert names("09:00:59") == set()
    assert names("09:01") == names("09:04:59") == every_minute
    assert names("09:05") == every_minute | every_five
    assert list(yard.fleet.series(*FAR, us("10:00"))) == []
    yard.until("09:20").run(OTHER, kind="t3.micro").monitor("detailed", OTHER)
    other = {
        one.name for one in yard.fleet.series(*HERE, us("09:21")) if one == series(one.name, OTHER)
    }
    packets = {"NetworkPacketsIn", "NetworkPacketsOut"}
    assert other == every_minute | every_five - packets
    assert {one for one in yard.fleet.series(*HERE, us("09:25")) if one.name in CREDITS} == {
        series(name, OTHER) for name in CREDITS
    }


def test_a_machine_that_never_reached_the_end_of_a_minute_has_no_series():
    yard = Yard().until("09:00:05").run().until("09:00:50").stop()
    assert list(yard.fleet.series(*HERE, us("10:00"))) == []
    yard.until("09:30:10").run()
    assert series(CPU) in list(yard.fleet.series(*HERE, us("09:35")))
    assert series(CPU) not in list(yard.fleet.series(*HERE, us("09:34:59")))


@pytest.mark.parametrize(
    "other",
    [
        Series("AWS/ELB", CPU, (("InstanceId", MACHINE),)),
        Series("AWS/EC2", "mem_used_percent", (("InstanceId", MACHINE),)),
        Series("AWS/EC2", CPU),
        Series("AWS/EC2", CPU, (("InstanceId", OTHER),)),
        Series("AWS/EC2", CPU, (("ImageId", MACHINE),)),
        Series("AWS/EC2", CPU, (("InstanceId", MACHINE), ("Shop", "tea"))),
        Series("AWS/EC2", "CPUCreditBalance", (("InstanceId", MACHINE),)),
    ],
    ids=str,
)
def test_it_answers_for_its_machines_alone(other):
    yard = Yard().run(kind="m5.large")
    assert not yard.fleet.has(*HERE, other)
    assert len(yard.fleet.points(*HERE, other, us("09:00"), us("10:00")).values) == 0
    assert yard.fleet.has(*HERE, series(CPU)) and not yard.fleet.has(*FAR, series(CPU))
    assert len(yard.points(CPU, "09:00", "10:00", where=FAR).values) == 0


def test_the_version_changes_with_every_change_and_with_nothing_else():
    yard = Yard()
    seen = [yard.fleet.version(*HERE, series(CPU))]

    def look():
        seen.append(yard.fleet.version(*HERE, series(CPU)))

    for change in (
        yard.run,
        lambda: yard.monitor("detailed"),
        lambda: yard.fleet.load(MACHINE, 90),
        lambda: yard.fleet.base(MACHINE, 10),
        lambda: yard.fleet.fail_check(MACHINE),
        lambda: yard.fleet.apply(Incident("cpu", MACHINE, at("10:00"), at("11:00"), 5)),
        yard.until("09:10").stop,
    ):
        change()
        look()
    assert len(set(seen)) == len(seen)
    yard.points(CPU, "09:00", "10:00")
    yard.stop().run(OTHER).until("12:00")
    look()
    assert seen[-1] == seen[-2]


# -- pure
def story(seed):
    yard = Yard(seed)
    yard.fleet.load(MACHINE, 98, start=at("09:12"), minutes=40)
    yard.run(kind="t3.micro").until("09:31:10").monitor("detailed").until("09:44").stop()
    return yard.until("10:02:20").run(kind="t3.micro")


def everything(yard):
    return {name: triples(yard.points(name, "08:00", "7 00:00")) for name in METRICS}


def test_two_fleets_with_one_seed_say_the_same_and_another_seed_says_otherwise():
    asked_often = story(3)
    for name in reversed(METRICS):
        asked_often.points(name, "09:33", "6 11:11")
    assert everything(story(3)) == everything(asked_often)
    one, other = everything(story(3)), everything(story(4))
    for name in METRICS:
        assert [row[0::2] for row in one[name]] == [row[0::2] for row in other[name]]
        same = name.startswith("StatusCheck") or name == "CPUCreditBalance"
        assert (one[name] == other[name]) == same, name


def test_machines_and_places_have_their_own_noise():
    yard = Yard().run().run(OTHER).run(where=FAR)
    columns = [
        yard.points(CPU, "09:00", "10:00", instance, where).values.tolist()
        for instance, where in ((MACHINE, HERE), (OTHER, HERE), (MACHINE, FAR))
    ]
    assert len({tuple(column) for column in columns}) == 3


def test_intervals_are_kept_and_no_points():
    yard = Yard().run(kind="t3.micro").monitor("detailed")
    kept = len(pickle.dumps(yard.fleet._machines))
    start_us = yard.clock.now_us
    for name in METRICS:
        yard.points(name, start_us, start_us + 30 * DAY)
    assert len(pickle.dumps(yard.fleet._machines)) < kept + 2_000


def test_a_fleet_is_a_source():
    wanted = ("series", "has", "points", "version")
    assert all(callable(getattr(Fleet, name)) for name in wanted)
    assert START.tzinfo is UTC and MINUTE
