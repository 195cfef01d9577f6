"""lab.bill(): what a world has used, hour by hour, and what that costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from machines import launch

import labkit
from labkit.core.errors import LabError

ALARM = {
    "Namespace": "Shop", "MetricName": "Latency", "Statistic": "Average", "EvaluationPeriods": 1,
    "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


def put(lab, name, **more):
    lab.client("cloudwatch").put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": name, "Value": 1.0, **more}]
    )


def quantity(bill, item):
    return next((line.quantity for line in bill.lines if line.price.item == item), 0)


def test_a_fresh_lab_costs_nothing(lab):
    assert lab.bill().total == 0
    assert str(lab.bill()).startswith("So far $0.00: nothing was used")
    assert str(lab.bill(month=True)).startswith("A month like this costs $0.00")


def test_a_metric_counts_in_each_hour_in_which_it_is_sent(lab):
    for name in ("A", "A", "B"):
        put(lab, name)
    assert quantity(lab.bill(), "cloudwatch.custom_metric") == 2
    lab.advance(minutes=59, seconds=50)
    put(lab, "A")  # 09:59:50, the same hour
    assert quantity(lab.bill(), "cloudwatch.custom_metric") == 2
    lab.advance(minutes=1)
    # A late point: it counts when it was sent, not where it lies.
    put(lab, "A", Timestamp=lab.start - timedelta(days=10))
    lab.advance(hours=5)
    assert quantity(lab.bill(), "cloudwatch.custom_metric") == 3


def test_dimensions_make_metrics(lab):
    for customer in range(40):
        put(lab, "Logins", Dimensions=[{"Name": "customer_id", "Value": str(customer)}])
    bill = lab.bill(month=True)
    assert bill["cloudwatch.custom_metric"].amount == Decimal(9)
    assert str(bill).startswith("A month like this costs $9.00, all of it custom metrics")
    lab.advance(hours=2)  # nobody sends any more
    assert quantity(lab.bill(month=True), "cloudwatch.custom_metric") == 0


def test_detailed_monitoring_is_seven_metrics_while_the_machine_runs(lab, ec2):
    machine = launch(ec2, Monitoring={"Enabled": True})
    lab.run_until("11:00")
    assert quantity(lab.bill(), "ec2.detailed_metric") == 14
    ec2.stop_instances(InstanceIds=[machine])
    lab.run_until("15:00")
    assert quantity(lab.bill(), "ec2.detailed_metric") == 21
    assert quantity(lab.bill(month=True), "ec2.detailed_metric") == 0


def test_instances_cost_while_they_run_a_minute_at_least(lab, ec2):
    machine = launch(ec2)
    lab.advance(seconds=20)  # it runs since 09:00:15
    assert quantity(lab.bill(), "ec2.instance.t3.micro") == 60
    lab.run_until("10:00")
    seconds = quantity(lab.bill(), "ec2.instance.t3.micro")
    assert seconds == 3600 - 15
    assert lab.bill()["ec2.instance.t3.micro"].exact == Fraction("0.0104") * seconds / 3600
    ec2.terminate_instances(InstanceIds=[machine])
    lab.advance(days=3)
    assert quantity(lab.bill(), "ec2.instance.t3.micro") == seconds
    assert lab.bill(month=True).total == 0


def test_alarms_cost_by_the_hour_by_their_kind(lab, cloudwatch):
    cloudwatch.put_metric_alarm(AlarmName="calm", Period=60, **ALARM)
    cloudwatch.put_metric_alarm(AlarmName="fast", Period=10, **ALARM)
    lab.run_until("11:00")
    bill = lab.bill()
    assert quantity(bill, "cloudwatch.alarm") == 2
    assert quantity(bill, "cloudwatch.alarm_high_resolution") == 2
    lab.advance(minutes=10)
    cloudwatch.put_metric_alarm(AlarmName="fast", Period=60, **ALARM)
    cloudwatch.put_metric_alarm(AlarmName="calm", Period=60, **ALARM)  # no change of kind
    cloudwatch.delete_alarms(AlarmNames=["calm"])
    lab.run_until("13:00")
    bill = lab.bill()
    assert quantity(bill, "cloudwatch.alarm_high_resolution") == 3
    assert quantity(bill, "cloudwatch.alarm") == 3 + 2
    assert quantity(lab.bill(month=True), "cloudwatch.alarm") == 730


def test_twelve_alarms_for_all_of_january():
    with labkit.Lab(start=datetime(2026, 1, 1, tzinfo=UTC)) as lab:
        for number in range(12):
            lab.client("cloudwatch").put_metric_alarm(AlarmName=f"a{number}", Period=60, **ALARM)
        lab.run_until(datetime(2026, 2, 1, tzinfo=UTC))
        assert lab.bill().total == Decimal("0.2")
        assert lab.bill()["cloudwatch.alarm"].size == 12


def test_requests_are_counted_and_refused_ones_too(lab, cloudwatch):
    put(lab, "A")
    with pytest.raises(cloudwatch.exceptions.ClientError):
        cloudwatch.put_metric_data(
            Namespace="AWS/EC2", MetricData=[{"MetricName": "x", "Value": 1}]
        )
    cloudwatch.list_metrics()
    cloudwatch.describe_alarms()  # costs nothing
    assert quantity(lab.bill(), "cloudwatch.requests") == 3


def test_get_metric_data_costs_by_the_metric(lab, cloudwatch):
    def query(name, stat, n):
        metric = {"Namespace": "Shop", "MetricName": name}
        return {"Id": f"m{n}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}

    stats = ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "p99"]
    queries = [query("A", stat, n) for n, stat in enumerate(stats)] + [query("B", "Sum", 9)]
    cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=lab.start, EndTime=lab.start + timedelta(hours=1)
    )
    cloudwatch.get_metric_data(
        MetricDataQueries=queries[:1], StartTime=lab.start, EndTime=lab.start + timedelta(hours=1)
    )
    # Six statistics of A are two metrics, B is one; then one more.
    assert quantity(lab.bill(), "cloudwatch.metrics_requested") == 4
    assert lab.bill().total == Decimal("0.00004")


def test_emails_but_not_the_one_that_asks(lab, cloudwatch, topic):
    assert quantity(lab.bill(), "sns.email") == 0
    cloudwatch.put_metric_alarm(AlarmName="hot", Period=60, AlarmActions=[topic], **ALARM)
    cloudwatch.set_alarm_state(AlarmName="hot", StateValue="ALARM", StateReason="test")
    assert quantity(lab.bill(), "sns.email") == 1


def test_a_long_poll_is_one_request_in_a_replay_too(lab):
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert quantity(lab.bill(), "sqs.requests") == 2
    with lab.replay() as again:
        assert quantity(again.bill(), "sqs.requests") == 2


def test_what_nobody_priced_is_listed(lab, ec2):
    ec2.run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="m1.small", MinCount=1, MaxCount=1
    )
    lab.advance(hours=1)
    bill = lab.bill()
    assert bill["ec2.instance.m1.small"].amount is None
    assert "m1.small instances" in str(bill)
    assert "not priced" in str(bill)


def test_the_bill_survives_saving_and_replaying(lab, ec2, cloudwatch, tmp_path):
    launch(ec2, Monitoring={"Enabled": True})
    put(lab, "A")
    cloudwatch.list_metrics()  # a read: no journal holds it
    cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "A"},
                                       "Period": 60, "Stat": "Sum"}},
            {"Id": "n", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "B"},
                                       "Period": 60, "Stat": "Sum"}},
        ],
        StartTime=lab.start, EndTime=lab.start + timedelta(hours=1),
    )  # fmt: skip
    lab.advance(hours=3)
    told = str(lab.bill())
    path = lab.save(tmp_path / "world.jsonl")
    with lab.replay() as again:
        assert str(again.bill()) == told
    lab.close()
    with labkit.Lab.open(path) as opened:
        assert str(opened.bill()) == told
        assert quantity(opened.bill(), "cloudwatch.metrics_requested") == 2


def test_stretches_add_up_over_the_end_of_a_month():
    with labkit.Lab(start=datetime(2026, 1, 31, 20, tzinfo=UTC)) as lab:
        launch(lab.client("ec2"), Monitoring={"Enabled": True})
        cuts = []
        for step in (1, 2, 3, 7):
            for name in range(30 * step):
                put(lab, f"M{name}")
            lab.advance(hours=step)
            cuts.append((lab.now, lab.bill()))
        whole = cuts[-1][1]
        for when, bill in cuts[:-1]:
            assert bill.exact + lab.bill(since=when).exact == whole.exact


def test_since_is_checked(lab):
    for wrong in (
        {"since": datetime(2026, 1, 5)},  # noqa: DTZ001 - the mistake that is refused
        {"since": lab.now + timedelta(hours=1)},
        {"since": lab.start, "month": True},
    ):
        with pytest.raises(LabError, match="since"):
            lab.bill(**wrong)


def test_each_account_has_its_own_bill(lab):
    put(lab, "A")
    other = lab.client("cloudwatch", account_id="210987654321")
    other.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "B", "Value": 1}] * 2)
    other.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "B", "Value": 1}])
    assert quantity(lab.bill(), "cloudwatch.requests") == 1
    assert quantity(lab.bill(account="210987654321"), "cloudwatch.requests") == 2


def test_the_picture_shows_paid_full_and_free_hatched(lab):
    for number in range(40):
        put(lab, f"M{number}")
    bill = lab.bill(month=True)
    drawing = bill.drawing
    assert drawing.title == "A month like this costs $9.00, all of it custom metrics"
    assert drawing.data["total"] == "9.0000000000"
    assert "#8a5a2b" in drawing.svg and "<pattern" in drawing.svg
    assert "paid" in drawing.svg
    assert bill.drawing.svg == lab.bill(month=True).drawing.svg
    assert bill._repr_mimebundle_()["text/plain"] == str(bill)
    with pytest.raises(KeyError, match="not on this bill"):
        bill["sqs.requests"]
