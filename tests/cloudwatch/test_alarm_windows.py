"""Windows aligned to the clock, warm-up, and tags in messages."""

import json
from datetime import timedelta

import numpy as np
import pytest
from botocore.exceptions import ClientError

from labkit.cloudwatch.engine.watched_later import aligned, zone_of
from labkit.core.clock import SECOND, iso, to_us


def alarm(client, **more):
    client.put_metric_alarm(
        **{
            "AlarmName": "a", "Namespace": "Shop", "MetricName": "m", "Statistic": "Sum",
            "Period": 3600, "EvaluationPeriods": 1, "Threshold": 10,
            "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        }
        | more
    )  # fmt: skip


def put(client, value=1.0):
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "m", "Value": value}])


def changes(client):
    got = client.describe_alarm_history(
        AlarmName="a", HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    return [(i["Timestamp"].strftime("%H:%M"), i["HistorySummary"].rpartition(" ")[2]) for i in got]


# -- aligned to the clock
def test_a_wall_clock_window_ends_at_the_hour(lab, cloudwatch):
    """Six points around 10:00 are eleven in a sliding hour, and six in none of the clock's."""
    alarm(cloudwatch, EvaluationWindow={"WallClockWindow": {}})
    alarm(cloudwatch, AlarmName="sliding")
    lab.run_until("09:50")
    put(cloudwatch, 6.0)
    lab.run_until("10:05")
    put(cloudwatch, 6.0)
    lab.run_until("12:30")
    assert [state for _, state in changes(cloudwatch)] == ["OK"]
    sliding = cloudwatch.describe_alarm_history(AlarmName="sliding", HistoryItemType="StateUpdate")
    assert any("to ALARM" in i["HistorySummary"] for i in sliding["AlarmHistoryItems"])


def test_it_changes_at_the_hour_and_says_why(lab, cloudwatch):
    alarm(cloudwatch, EvaluationWindow={"WallClockWindow": {"Timezone": "UTC"}})
    lab.run_until("10:10")
    put(cloudwatch, 50.0)
    lab.run_until("13:00")
    assert changes(cloudwatch)[1:] == [("11:00", "ALARM"), ("12:00", "OK")]
    got = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    told = json.loads(got[1]["HistoryData"])["newState"]["stateReason"]
    assert told.startswith("Threshold Crossed: 1 datapoint [50.0 (05/01/26 10:00:00)] was greater")
    shown = cloudwatch.describe_alarms()["MetricAlarms"][0]
    assert shown["EvaluationWindow"] == {"WallClockWindow": {"Timezone": "UTC"}}


def test_a_day_of_another_time_zone(lab, cloudwatch):
    window = {"WallClockWindow": {"Timezone": "Asia/Tokyo"}}  # its midnight is 15:00 here
    alarm(cloudwatch, Period=86_400, EvaluationWindow=window)
    lab.run_until("14:00")
    put(cloudwatch, 50.0)
    lab.run_until("14:59:30")
    assert changes(cloudwatch)[-1][1] == "OK"
    lab.run_until("16:00")
    assert changes(cloudwatch)[-1] == ("15:00", "ALARM")


@pytest.mark.parametrize(
    ("moment", "period", "zone", "wanted"),
    [
        ("2026-01-05T09:07:30", 300, "UTC", "2026-01-05T09:05:00Z"),
        ("2026-01-05T09:59:59", 3600, "+05:30", "2026-01-05T09:30:00Z"),
        ("2026-01-07T09:00:00", 604_800, "UTC", "2026-01-05T00:00:00Z"),
        ("2026-03-29T12:00:00", 86_400, "Europe/Rome", "2026-03-28T23:00:00Z"),  # clocks changed
        ("2026-03-30T12:00:00", 86_400, "Europe/Rome", "2026-03-29T22:00:00Z"),
        ("2026-01-05T03:00:00", 86_400, "UTC-05:00", "2026-01-04T05:00:00Z"),
    ],
)
def test_where_a_clocks_period_ends(moment, period, zone, wanted):
    from datetime import UTC, datetime

    at_us = to_us(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    found = aligned(np.array([at_us], dtype=np.int64), period * SECOND, zone_of(zone))
    assert iso(int(found[0])) == wanted


@pytest.mark.parametrize("zone", ["Mars/Olympus", "+05:33", "UTC+15:00", "5"])
def test_no_time_zones(cloudwatch, zone):
    with pytest.raises(ClientError, match="Timezone is invalid"):
        alarm(cloudwatch, EvaluationWindow={"WallClockWindow": {"Timezone": zone}})


def test_no_period_of_a_clock(cloudwatch):
    with pytest.raises(ClientError, match="one of 60, 300, 3600, 86400, 604800, not 120"):
        alarm(cloudwatch, Period=120, EvaluationWindow={"WallClockWindow": {}})
    alarm(cloudwatch, Period=120, EvaluationWindow={"SlidingWindow": {}})


# -- warm-up
def warm(minutes, to_the_end):
    return {
        "WarmUpPeriodDurationInMinutes": minutes,
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": to_the_end,
    }


def feed(lab, client, minutes):
    for _ in range(minutes):
        put(client, 50.0)
        lab.advance(minutes=1)


@pytest.mark.parametrize(("to_the_end", "first"), [(False, "09:03"), (True, "09:11")])
def test_it_is_evaluated_when_its_data_are_there_or_at_the_end(
    lab, cloudwatch, topic, to_the_end, first
):
    alarm(
        cloudwatch, Period=60, EvaluationPeriods=3, DatapointsToAlarm=1, AlarmActions=[topic],
        WarmUpConfiguration=warm(10, to_the_end),
    )  # fmt: skip
    feed(lab, cloudwatch, 12)
    assert changes(cloudwatch) == [(first, "ALARM")]
    assert lab.mailbox[-1].at.strftime("%H:%M") == first


def test_without_data_it_waits_to_the_end(lab, cloudwatch):
    alarm(cloudwatch, Period=60, WarmUpConfiguration=warm(30, False))
    lab.run_until("10:00")
    assert changes(cloudwatch) == [("09:31", "OK")]


def test_a_change_counts_while_it_lasts_and_not_afterwards(lab, cloudwatch):
    alarm(cloudwatch, Period=60, WarmUpConfiguration=warm(30, True))
    lab.run_until("09:10")
    alarm(cloudwatch, Period=60, WarmUpConfiguration=warm(20, True))
    lab.run_until("09:40")
    assert changes(cloudwatch) == [("09:21", "OK")]
    alarm(cloudwatch, Period=60, WarmUpConfiguration=warm(600, True))
    feed(lab, cloudwatch, 2)
    assert changes(cloudwatch)[-1][1] == "ALARM"


# -- tags in messages
@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, {"team": "shop", "tier": "1"}),
        ({"IncludedTagKeys": ["team"]}, {"team": "shop"}),
        ({"ExcludedTagKeys": ["team"]}, {"tier": "1"}),
    ],
)
def test_tags_go_along_if_they_shall(lab, cloudwatch, topic, more, wanted):
    heard = []
    lab.world.facts.hear("event.emitted", lambda fact: heard.append(dict(fact.data)))
    alarm(
        cloudwatch, AlarmActions=[topic], Tags=[{"Key": "team", "Value": "shop"},
        {"Key": "tier", "Value": "1"}],
        ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True, **more}},
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="r")
    got = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    message = json.loads(json.loads(got[0]["HistoryData"])["publishedMessage"])["default"]
    assert json.loads(message)["AlarmTags"] == wanted
    assert heard[-1]["detail"]["alarmTags"] == wanted


def test_tags_are_included_or_excluded(cloudwatch):
    both = {"Enabled": True, "IncludedTagKeys": ["a"], "ExcludedTagKeys": ["b"]}
    with pytest.raises(ClientError, match="mutually exclusive"):
        alarm(cloudwatch, ActionConfiguration={"AlarmTagsPropagation": both})


def test_steps_and_replays_agree():
    import labkit

    def run(world, steps):
        client = world.client("cloudwatch")
        alarm(client, EvaluationWindow={"WallClockWindow": {"Timezone": "Europe/Rome"}})
        alarm(client, AlarmName="b", Period=60, WarmUpConfiguration=warm(90, False))
        for hour in range(5):
            client.put_metric_data(
                Namespace="Shop",
                MetricData=[
                    {
                        "MetricName": "m", "Value": 7.0 * hour,
                        "Timestamp": world.start + timedelta(minutes=20 * hour),
                    }
                ],
            )  # fmt: skip
        for _ in range(steps):
            world.advance(hours=24 / steps)
        return world.digest()

    with labkit.Lab(active=False) as one, labkit.Lab(active=False) as many:
        assert run(one, 1) == run(many, 48)
        assert one.replay().digest() == one.digest()
