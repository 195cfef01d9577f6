"""When alarms change: timelines on exact instants of virtual time, through the whole lab."""

import json
import random
import weakref
from datetime import timedelta

import pytest
from machines import launch
from timeline import Timeline, between, exactly, mail, state

import labkit
from labkit.cloudwatch.engine.columns import tick_step_us

GOOD = {
    "AlarmName": "a", "Namespace": "Shop", "MetricName": "m", "Statistic": "Average", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 50.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
ONCALL = "oncall@teapot.example"


CLIENTS = weakref.WeakKeyDictionary()


def client_of(lab):
    """The lab's CloudWatch client, made once: making one takes longer than most tests."""
    found = CLIENTS.get(lab)
    if found is None:
        found = CLIENTS[lab] = lab.client("cloudwatch")
    return found


def make(lab, name="a", **more):
    client_of(lab).put_metric_alarm(**GOOD | {"AlarmName": name} | more)


def put(lab, value, name="m", **more):
    datum = {"MetricName": name, "Value": value, **more}
    client_of(lab).put_metric_data(Namespace="Shop", MetricData=[datum])


def at(told, minute, value, **more):
    """A timeline's deed: a point of the metric m."""
    told.at(minute).do(lambda: put(told.lab, value, **more))


def changes(lab, name="a"):
    """[(minute of the lab, state)], oldest first; minutes are floats."""
    return [
        ((fact.at_us - lab.world.clock.start_us) / 60_000_000, fact.data["state"])
        for fact in lab.parts.post.changes
        if fact.data["alarm_name"] == name
    ]


def on_machine(lab, machine, name="a", **more):
    cpu = {
        "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Period": 300, "Threshold": 70.0,
        "Dimensions": [{"Name": "InstanceId", "Value": machine}],
    }  # fmt: skip
    make(lab, name, **cpu | more)


# -- missing data
@pytest.mark.parametrize(
    ("treatment", "wanted"),
    [
        # Three periods of a minute and two more to pass over: after minute 9's point the fifth
        # empty window comes at 09:15; from 09:14 on two of three have to be filled.
        ("missing", [(1, "OK"), (15, "INSUFFICIENT_DATA")]),
        ("ignore", [(1, "OK")]),
        ("breaching", [(1, "ALARM"), (2, "OK"), (14, "ALARM")]),
        ("notBreaching", [(1, "OK")]),
    ],
)
def test_publishing_stops(lab, treatment, wanted):
    make(lab, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData=treatment)
    told = Timeline(lab)
    for minute in range(10):
        at(told, minute, 10.0)
    told.play(until=60)
    assert changes(lab) == wanted


def test_a_breaching_metric_that_falls_silent(lab):
    """The last points decide while they are in range; then there is nothing."""
    make(lab, EvaluationPeriods=2)
    told = Timeline(lab)
    for minute in range(5):
        at(told, minute, 90.0)
    told.want(exactly("09:02"), state("a", "ALARM"))
    told.want(exactly("09:09"), state("a", "INSUFFICIENT_DATA"))
    told.never(between(2.1, 8.9), state("a", "INSUFFICIENT_DATA"))
    told.play(until=30)
    assert len(changes(lab)) == 2


# -- M of N, periods, instants
def test_three_of_five(lab, topic):
    make(lab, EvaluationPeriods=5, DatapointsToAlarm=3, AlarmActions=[topic], OKActions=[topic])
    told = Timeline(lab)
    for minute, value in enumerate([1, 1, 1, 1, 1, 90, 1, 90, 1, 90, 1, 1, 1]):
        at(told, minute, value)
    told.want(exactly("09:01"), state("a", "OK"))
    told.want(exactly("09:10"), state("a", "ALARM"))
    told.want(exactly("09:10"), mail(ONCALL, "ALARM"))
    told.want(exactly("09:11"), state("a", "OK"))
    told.never(between(0, 9.9), mail(ONCALL, "ALARM"))
    told.play(until=13)
    why = client_of(lab).describe_alarm_history(HistoryItemType="StateUpdate")
    told = json.loads(why["AlarmHistoryItems"][1]["HistoryData"])["newState"]["stateReason"]
    assert told.startswith(
        "Threshold Crossed: 3 out of the last 5 datapoints [90.0 (05/01/26 09:09:00), 90.0 "
        "(05/01/26 09:07:00), 90.0 (05/01/26 09:05:00)] were greater than the threshold (50.0) "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )


def test_ten_seconds_on_a_high_resolution_metric(lab):
    make(lab, Period=10, EvaluationPeriods=2)
    told = Timeline(lab)
    for second in range(0, 60, 10):
        hot = 20 <= second < 50
        at(told, second / 60, 90.0 if hot else 1.0, StorageResolution=1)
    told.want(exactly("09:00:10"), state("a", "OK"))
    told.want(exactly("09:00:40"), state("a", "ALARM"))
    told.want(exactly("09:01:00"), state("a", "OK"))
    told.play(until=1)


def test_ten_seconds_on_a_standard_metric_misses_most_points(lab):
    make(lab, Period=10)
    for _ in range(3):
        put(lab, 1.0)
        lab.advance(minutes=1)
    assert {value for _, value in changes(lab)} == {"OK", "INSUFFICIENT_DATA"}


def test_an_alarm_over_days_is_evaluated_on_the_hour(lab):
    make(lab, Period=3600, EvaluationPeriods=48, DatapointsToAlarm=2, Statistic="Maximum")
    lab.advance(minutes=30)
    put(lab, 90.0)
    lab.advance(minutes=20)
    assert changes(lab) == []
    told = Timeline(lab)
    at(told, 20, 90.0)  # 10:10
    told.want(exactly("11:00"), state("a", "ALARM"))
    # Fifty hours: the point of 10:10 is out of them from 13:00 on.
    told.want(exactly("13:00", "2026-01-07"), state("a", "INSUFFICIENT_DATA"))
    told.play(until=3 * 24 * 60)
    assert len(changes(lab)) == 2


def test_an_hourly_alarm_of_one_day_is_evaluated_each_minute(lab):
    make(lab, Period=3600, EvaluationPeriods=24, DatapointsToAlarm=1)
    lab.advance(minutes=30)
    put(lab, 90.0)
    lab.advance(minutes=5)
    assert changes(lab) == [(31, "ALARM")]


@pytest.mark.parametrize("second", [0.5, 17, 59.9])
def test_an_alarm_is_evaluated_at_the_next_full_minute(lab, second):
    put(lab, 90.0)
    lab.advance(minutes=1, seconds=second)
    put(lab, 90.0)
    make(lab)
    lab.advance(minutes=1)
    assert changes(lab) == [(2, "ALARM")]


def test_windows_slide_and_do_not_keep_to_the_clock(lab):
    """A five-minute alarm at minute 7 looks at minutes 2 to 6."""
    make(lab, Period=300, Statistic="Sum", Threshold=25.0)
    told = Timeline(lab)
    for minute in range(2, 7):
        at(told, minute, 6.0)
    told.want(exactly("09:03"), state("a", "OK"))
    told.want(exactly("09:07"), state("a", "ALARM"))
    told.want(exactly("09:08"), state("a", "OK"))
    told.play(until=8)


# -- late points
def test_a_late_point_changes_the_next_tick_only(lab):
    make(lab, EvaluationPeriods=3, DatapointsToAlarm=3)
    told = Timeline(lab)
    for minute, value in enumerate([90, 1, 90, 90, 90]):
        if minute != 2:
            at(told, minute, value)
    late = lab.start + timedelta(minutes=2)
    at(told, 5.5, 90.0, Timestamp=late)
    told.play(until=7)
    # At 09:05 the newest three are 1 (minute 1), 90, 90; from 09:06 on minute 2 counts too.
    assert changes(lab) == [(2, "OK"), (6, "ALARM")]


def test_what_was_told_is_not_told_again(lab):
    make(lab)
    lab.advance(minutes=3)
    put(lab, 1.0)
    lab.advance(minutes=1)
    before = client_of(lab).describe_alarm_history()["AlarmHistoryItems"]
    put(lab, 90.0, Timestamp=lab.start)
    lab.advance(minutes=1)
    assert client_of(lab).describe_alarm_history()["AlarmHistoryItems"] == before
    assert changes(lab) == [(4, "OK")]


# -- machines
def test_a_stopped_machine_is_unknown_after_the_further_look_back(lab, ec2, machine):
    on_machine(lab, machine)
    told = Timeline(lab)
    told.at(20.5).do(lambda: ec2.stop_instances(InstanceIds=[machine]))
    told.want(exactly("09:05"), state("a", "OK"))
    # The point of 09:20 never had a minute. The last is 09:15's; the three windows of five
    # minutes (one, and two more to pass over) hold nothing from 09:31 on.
    told.want(exactly("09:31"), state("a", "INSUFFICIENT_DATA"))
    told.play(until=120)
    assert len(changes(lab)) == 2


def test_detailed_monitoring_rings_sooner(lab, ec2):
    basic, detailed = launch(ec2), launch(ec2, Monitoring={"Enabled": True})
    on_machine(lab, basic, "basic")
    on_machine(lab, detailed, "detailed", Period=60)
    told = Timeline(lab)
    for machine in (basic, detailed):
        lab.fleet.load(machine, 98, start=lab.start + timedelta(minutes=11))
    told.want(exactly("09:01"), state("detailed", "OK"))
    told.want(exactly("09:12"), state("detailed", "ALARM"))
    told.want(exactly("09:15"), state("basic", "ALARM"))
    told.play(until=30)


def test_monitoring_can_be_made_detailed_later(lab, ec2, machine):
    on_machine(lab, machine, Period=60)
    told = Timeline(lab)
    told.at(9.5).do(lambda: ec2.monitor_instances(InstanceIds=[machine]))
    lab.fleet.load(machine, 98, start=lab.start + timedelta(minutes=16))
    told.want(exactly("09:17"), state("a", "ALARM"))
    told.play(until=30)


def test_one_five_minute_point_does_not_fire_two_of_two(lab, machine, topic):
    on_machine(lab, machine, EvaluationPeriods=2, DatapointsToAlarm=2, AlarmActions=[topic])
    told = Timeline(lab)
    told.at(10).load(machine, 98, minutes=5)
    told.at(30).load(machine, 98, minutes=10)
    told.never(between(0, 39.9), mail(ONCALL, "ALARM"))
    told.want(exactly("09:40"), mail(ONCALL, "ALARM"))
    told.play(until=60)


# -- actions
def test_actions_run_on_change_only(lab, topic):
    make(lab, AlarmActions=[topic], OKActions=[topic], InsufficientDataActions=[topic])
    told = Timeline(lab)
    for minute in range(30):
        at(told, minute, 90.0 if 10 <= minute < 20 else 1.0)
    told.play(until=60)
    assert [(value, m.at) for (_, value), m in zip(changes(lab), lab.mailbox[1:], strict=True)] == [
        (value, lab.start + timedelta(minutes=minute)) for minute, value in changes(lab)
    ]
    assert changes(lab) == [(1, "OK"), (11, "ALARM"), (21, "OK"), (33, "INSUFFICIENT_DATA")]


def test_deleted_between_change_and_action(lab, topic):
    """Somebody who hears of the change deletes the alarm at once: nothing is done any more."""
    from labkit.core.clock import Phase

    make(lab, "gone", AlarmActions=[topic])
    make(lab, "stays", AlarmActions=[topic])
    put(lab, 90.0)
    client = client_of(lab)
    lab.world.clock.register("test.delete", lambda _: client.delete_alarms(AlarmNames=["gone"]))
    minute = lab.world.clock.start_us + 60_000_000
    lab.world.clock.at(minute, Phase.COMPOSITES, "test.delete")
    lab.advance(minutes=5)
    assert changes(lab, "gone") == changes(lab, "stays")[:1] == [(1, "ALARM")]
    assert [m.subject for m in lab.mailbox if "ALARM" in m.subject] == [
        'ALARM: "stays" in US East (N. Virginia)'
    ]
    history = client.describe_alarm_history(AlarmName="gone")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in history] == [
        "ConfigurationUpdate", "StateUpdate", "ConfigurationUpdate",
    ]  # fmt: skip


def test_many_alarms_of_one_instant_change_in_the_order_of_their_making(lab, topic):
    names = [f"a{number * 7 % 25:02}" for number in range(25)]
    for name in names:
        make(lab, name, AlarmActions=[topic])
    make(lab, names[3], AlarmActions=[topic], Threshold=40.0)  # replaced, it keeps its place
    put(lab, 90.0)
    told = lab.advance(minutes=1)
    assert [fact.data["alarm_name"] for fact in told.changes] == names
    assert [m.subject.split('"')[1] for m in lab.mailbox[1:]] == names
    assert {m.at for m in lab.mailbox[1:]} == {lab.start + timedelta(minutes=1)}


# -- looking ahead equals ticking
METRICS = ("m", "n", "fast")


def world(lab, seed):
    """Alarms of every kind, and what will be done at which second."""
    dice = random.Random(seed)
    ec2 = lab.client("ec2")
    machines = [launch(ec2), launch(ec2, Monitoring={"Enabled": True})]
    topic = lab.client("sns").create_topic(Name="t")["TopicArn"]
    for number in range(24):
        n = dice.randint(1, 4)
        more = {
            "EvaluationPeriods": n,
            "TreatMissingData": dice.choice(["missing", "ignore", "breaching", "notBreaching"]),
            "ComparisonOperator": dice.choice(["GreaterThanThreshold", "LessThanThreshold"]),
            "Statistic": dice.choice(["Average", "Sum", "Maximum", "SampleCount"]),
            "AlarmActions": [topic],
        }
        if dice.random() < 0.6:
            more["DatapointsToAlarm"] = dice.randint(1, n)
        if number % 3 == 0:
            period = dice.choice([60, 300])
            on_machine(lab, dice.choice(machines), f"cpu{number}", Period=period, **more)
            continue
        period = dice.choice([10, 30, 60, 120, 300])
        metric = dice.choice(METRICS)
        make(lab, f"own{number}", MetricName=metric, Period=period, **more)
    deeds = []
    for _ in range(70):
        second = dice.randrange(1, 3 * 3600)
        kind = dice.random()
        if kind < 0.7:
            name = dice.choice(METRICS)
            more = {"StorageResolution": 1} if name == "fast" else {}
            if dice.random() < 0.3:
                more["Timestamp"] = lab.start + timedelta(seconds=second - dice.randrange(0, 900))
            deeds.append((second, put, (lab, dice.choice([1.0, 60.0, 90.0]), name), more))
        elif kind < 0.85:
            load = (dice.choice(machines), dice.choice([20.0, 95.0]))
            deeds.append((second, lab.fleet.load, load, {"minutes": dice.randint(1, 20)}))
        else:
            forced = {"AlarmName": "own1", "StateReason": "r", "StateValue": "ALARM"}
            deeds.append((second, client_of(lab).set_alarm_state, (), forced))
    deeds.sort(key=lambda deed: deed[0])
    return deeds


def play(seed, step):
    with labkit.Lab(seed=seed) as lab:
        deeds = world(lab, seed)
        end = lab.start + timedelta(hours=4)
        for second, deed, args, more in deeds:
            when = lab.start + timedelta(seconds=second)
            while step and lab.now + step < when:
                lab.advance(seconds=step.total_seconds())
            if when > lab.now:
                lab.run_until(when)
            deed(*args, **more)
        while step and lab.now + step < end:
            lab.advance(seconds=step.total_seconds())
        lab.run_until(end)
        return lab.digest(), [(f.at_us, f.data["alarm_name"]) for f in lab.parts.post.changes]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_minute_by_minute_equals_one_big_step(seed):
    whole = play(seed, None)
    assert len(whole[1]) > 50
    assert play(seed, timedelta(minutes=1)) == whole
    assert play(seed, timedelta(seconds=7)) == whole


@pytest.mark.parametrize("seed", [4, 5])
def test_each_tick_equals_the_scalar_evaluation(seed):
    """Step tick by tick; after each the state is what one evaluation of that tick makes of it."""
    with labkit.Lab(seed=seed) as lab:
        deeds = world(lab, seed)
        evaluator = lab.cloudwatch.evaluator
        store = lab.cloudwatch.store(lab.account, lab.region)
        tick = lab.start
        checked = 0
        while tick < lab.start + timedelta(hours=2):
            tick += timedelta(seconds=10)
            second = (tick - lab.start).total_seconds()
            while deeds and deeds[0][0] < second:
                _, deed, args, more = deeds.pop(0)
                deed(*args, **more)
            if lab.now >= tick:
                continue
            before = {name: alarm.state for name, alarm in store.alarms.items()}
            lab.run_until(tick - timedelta(microseconds=1))
            assert {name: alarm.state for name, alarm in store.alarms.items()} == before
            lab.run_until(tick)
            tick_us = lab.world.clock.now_us
            for name, alarm in store.alarms.items():
                if tick_us % tick_step_us(alarm.rule):
                    assert alarm.state == before[name], (tick, name)
                    continue
                alarm_now, alarm.state = alarm.state, before[name]
                wanted = evaluator.evaluate(store, alarm, tick_us)
                alarm.state = alarm_now
                assert alarm_now == wanted.state, (tick, name, wanted)
                checked += 1
        assert checked > 1_000


# -- how far ahead
def test_who_is_left_alone_is_decided_further_ahead(lab):
    make(lab, TreatMissingData="notBreaching")
    evaluator = lab.cloudwatch.evaluator
    lab.run_until(lab.start.replace(hour=0) + timedelta(days=14, hours=23))
    assert evaluator.columns == 4  # the rest of a day, then two, four and eight days
    put(lab, 1.0)
    before = evaluator.columns
    lab.advance(days=1)
    assert evaluator.columns == before + 2  # what was touched begins again with one
