"""Rules that fire by the clock, to the instant."""

from buskit import ACCOUNT


def scheduled(events, queue, expression, name="tick"):
    events.put_rule(Name=name, ScheduleExpression=expression)
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn}])


def times(queue):
    return [event["time"] for event in queue.events()]


def test_a_rate_counts_from_its_creation(lab, events, queue):
    lab.advance(seconds=20)
    scheduled(events, queue, "rate(5 minutes)")
    lab.advance(minutes=11)
    assert times(queue) == ["2026-01-05T09:05:20Z", "2026-01-05T09:10:20Z"]


def test_the_event_of_a_schedule(lab, events, queue):
    scheduled(events, queue, "rate(1 hour)")
    lab.advance(hours=1)
    (event,) = queue.events()
    assert event["detail-type"] == "Scheduled Event" and event["source"] == "aws.events"
    assert event["resources"] == [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/tick"]
    assert event["detail"] == {}


def test_a_disabled_schedule_stands_still_and_counts_anew(lab, events, queue):
    scheduled(events, queue, "rate(5 minutes)")
    lab.advance(minutes=6)
    events.disable_rule(Name="tick")
    lab.advance(minutes=6)
    events.enable_rule(Name="tick")
    lab.advance(minutes=6)
    assert times(queue) == ["2026-01-05T09:05:00Z", "2026-01-05T09:17:00Z"]


def test_another_expression_takes_the_place_of_the_first(lab, events, queue):
    scheduled(events, queue, "rate(5 minutes)")
    events.put_rule(Name="tick", ScheduleExpression="rate(1 hour)")
    lab.advance(minutes=61)
    assert times(queue) == ["2026-01-05T10:00:00Z"]
    assert sum(name == "events.fire" for _, _, name, _ in lab.world.clock.pending()) == 1


def test_a_deleted_rule_fires_no_more(lab, events, queue):
    scheduled(events, queue, "rate(1 minute)")
    events.remove_targets(Rule="tick", Ids=["1"])
    events.delete_rule(Name="tick")
    lab.advance(minutes=5)
    assert times(queue) == []
    assert not [1 for _, _, name, _ in lab.world.clock.pending() if name == "events.fire"]


def test_a_week_is_seven_days(events, queue, lab):
    """One advance over a week and seven of a day do the same."""
    import labkit

    def after(*days):
        with labkit.Lab() as one:
            client = one.client("events")
            client.put_rule(Name="tick", ScheduleExpression="rate(90 minutes)")
            arn = "arn:aws:sqs:us-east-1:123456789012:nowhere"
            client.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": arn}])
            for count in days:
                one.advance(days=count)
            return one.digest()

    assert after(7) == after(1, 1, 1, 1, 1, 1, 1)


def test_a_schedules_events_pass_no_other_rule(lab, events, queue):
    scheduled(events, queue, "rate(1 minute)")
    events.put_rule(Name="all", EventPattern='{"source":["aws.events"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": queue.arn}])
    lab.advance(minutes=1)
    assert len(times(queue)) == 1


def test_a_calendar(lab, events, queue):
    scheduled(events, queue, "cron(0/30 10-11 ? * MON-TUE *)")
    lab.advance(days=1)
    assert times(queue) == [
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:30:00Z",
        "2026-01-05T11:00:00Z",
        "2026-01-05T11:30:00Z",
    ]


def test_a_calendar_of_a_past_year_is_taken_and_never_fires(lab, events, queue):
    scheduled(events, queue, "cron(15 10 ? * 6L 2002-2005)")
    lab.advance(days=400)
    assert times(queue) == []
