"""The day of lesson 17, played under several watches, and the note that is written of it."""

from labkit.course import flash_sale, gameday


def share(lab, topic, percent):
    """An alarm on the catalogue's share of failed requests."""

    def figure(key, metric):
        return {"Id": key, "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60,
                "Metric": {"Namespace": "Shop", "MetricName": metric, "Dimensions": [
                    {"Name": "service", "Value": "catalogue"}]}}}  # fmt: skip

    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="catalogue", EvaluationPeriods=5, DatapointsToAlarm=3, Threshold=percent,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic], OKActions=[topic],
        Metrics=[{"Id": "share", "Expression": "100*e/r", "ReturnData": True},
                 figure("e", "Errors"), figure("r", "Requests")])  # fmt: skip


def test_a_watch_is_told_by_what_it_hears_and_by_what_it_writes_when_all_is_well():
    drawn = flash_sale.rehearse(
        {"calm": lambda lab, topic: share(lab, topic, 10),
         "nervous": lambda lab, topic: share(lab, topic, 1)})  # fmt: skip
    calm, nervous = drawn.data["calm"], drawn.data["nervous"]
    assert calm == {"a table": 3, "one in ten": None, "a stolen key": None,
                    "letters": 1, "calm": 0}  # fmt: skip
    assert nervous["calm"] > 0
    assert drawn.title.startswith("calm hears 1 of 3, with 1 letter; nervous writes")
    assert "after 3 min" in str(drawn) and "not heard" in str(drawn)


def test_a_note_has_the_title_the_moments_and_what_a_person_says():
    from labkit.core.clock import to_us
    from labkit.views.timeline import Moment, timeline

    ten = to_us(flash_sale.at("10:00"))
    day = timeline(
        [Moment(ten, "calls of jonas", "UpdateTable products", "call"),
         Moment(ten + 180_000_000, "alarm catalogue", "ALARM", "alarm", ten + 600_000_000),
         Moment(ten + 180_000_000, "e-mail to mara", "ALARM", "mail")],
        ten, ten + 3_600_000_000)  # fmt: skip
    assert flash_sale.note(day, cause="a limit", change="a review").splitlines() == [
        "2026-01-08: alarm catalogue spoke first, at 10:03; e-mail at 10:03; "
        "1 call changed something.",
        "10:00  calls of jonas: UpdateTable products",
        "10:03 until 10:10  alarm catalogue: ALARM",
        "cause: a limit",
        "change: a review",
    ]


def test_each_cause_begins_and_ends_what_it_is_about():
    from labkit.lab import Lab

    with Lab(start=gameday.DAY, active=False) as lab:
        causes = gameday.open_shop(lab, hours=0)["causes"]
        kinds = {"dynamodb": "throttled_table", "ssm": "bad_deploy", "ec2": "timeouts"}
        for cause in causes.values():
            gameday.rely(lab, cause, kinds[cause.call[0]], 30)
            cause.begin(lab, "tomas", lab.now)
            assert [one.end for one in lab.parts.shop.incidents][-1] is None, cause.name
            cause.end(lab, "chiara", lab.now)
            assert [one.end for one in lab.parts.shop.incidents][-1] is not None, cause.name
        assert len(lab.parts.shop.incidents) == len(causes) == 6
