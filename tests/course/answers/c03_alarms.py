"""Exercise 03: what learners set their alarms to."""

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer


def alarm(
    stat='ExtendedStatistic="p99"',
    often="EvaluationPeriods=5, DatapointsToAlarm=3",
    missing='TreatMissingData="breaching"',
    period=60,
    threshold="ex._facts['limit']",
    address="ex.mara",
    confirm="ex.lab.mailbox[-1].confirm()",
    actions="AlarmActions=[topic]",
    more="",
):
    """A topic, Mara on it, and the worked solution's alarm with something changed."""
    return (
        'sns, cloudwatch = boto3.client("sns"), boto3.client("cloudwatch")\n'
        'topic = sns.create_topic(Name="pages")["TopicArn"]\n'
        f'sns.subscribe(TopicArn=topic, Protocol="email", Endpoint={address})\n'
        f"{confirm}\n"
        'cloudwatch.put_metric_alarm(AlarmName="checkout-slow", Namespace=ex.namespace,\n'
        f"    MetricName=ex.metric, {stat}, Period={period}, {often}, Threshold={threshold},\n"
        f'    ComparisonOperator="GreaterThanThreshold", {missing}, {actions}{more})\n'
    )


ONE, THREE = "EvaluationPeriods=1", "EvaluationPeriods=3"

ANSWERS = [
    Answer("nothing built", 1, UNTOUCHED, ("the account has no alarm",)),
    Answer(
        "three of five", 1, PASSED,
        ("10 of 10 within 7 minutes, no false page", "3 of 5 works because", "$0.10 a month"),
        alarm(),
    ),
    Answer(
        "four of five", 1, PASSED, ("10 of 10 within 7 minutes", "4 of 5 works because"),
        alarm(often="EvaluationPeriods=5, DatapointsToAlarm=4"),
    ),
    Answer(
        "an e-mail on insufficient data", 1, PASSED, ("10 of 10", "a tired reader"),
        alarm(missing='TreatMissingData="missing", InsufficientDataActions=[topic]'),
    ),
    Answer(
        "the average", 1, NOT_YET,
        ("incident 2 of 10", "3 in 100 waited 4 s for 20 minutes; your Average never passed"),
        alarm(stat='Statistic="Average"'),
    ),
    Answer(
        "the maximum", 1, NOT_YET, ("false pages in ten quiet weeks",),
        alarm(stat='Statistic="Maximum"'),
    ),
    Answer(
        "one of one", 1, NOT_YET, ("false pages in ten quiet weeks", "is the restart of 03:00"),
        alarm(often=ONE),
    ),
    Answer(
        "three of three", 1, NOT_YET,
        ("incident 3 of 10", "two bad minutes, one good", "No three in a row",
         "What is the longest harmless bad spell"),
        alarm(often=THREE),
    ),
    Answer(
        "five of five", 1, NOT_YET, ("incident 3 of 10", "No five in a row"),
        alarm(often="EvaluationPeriods=5"),
    ),
    Answer(
        "two of three", 1, NOT_YET, ("false pages in ten quiet weeks", "two slow minutes"),
        alarm(often="EvaluationPeriods=3, DatapointsToAlarm=2"),
    ),
    Answer(
        "missing by default", 1, NOT_YET,
        ("incident 5 of 10", "last datapoint", "Lena calls", "INSUFFICIENT_DATA from"),
        alarm(missing='TreatMissingData="missing"'),
    ),
    Answer(
        "silence is good", 1, NOT_YET, ("incident 5 of 10", "Your alarm: OK all the while"),
        alarm(missing='TreatMissingData="notBreaching"'),
    ),
    Answer(
        "silence is ignored", 1, NOT_YET, ("incident 5 of 10", "Your alarm: OK all the while"),
        alarm(missing='TreatMissingData="ignore"'),
    ),
    Answer(
        "five-minute windows", 1, NOT_YET, ("minutes late at worst",),
        alarm(often=THREE, period=300),
    ),
    Answer(
        "few samples are ignored", 1, NOT_YET,
        ("incident 6 of 10", "requests a minute", "held its state: OK"),
        alarm(more=', EvaluateLowSampleCountPercentile="ignore"'),
    ),
    Answer(
        "no action", 1, NOT_YET, ("Mara's mailbox is empty", "has no action"),
        alarm(actions="OKActions=[topic]"),
    ),
    Answer(
        "not confirmed", 1, NOT_YET, ("Mara's mailbox is empty", "asks for a confirmation"),
        alarm(confirm=""),
    ),
    Answer(
        "another mailbox", 1, NOT_YET, ("it went to tomas@teapot.example",),
        alarm(address='"tomas@teapot.example"'),
    ),
    Answer(
        "the threshold in seconds", 1, NOT_YET, ("had been in ALARM since",),
        alarm(threshold="ex._facts['limit'] / 1000"),
    ),
    Answer(
        "another metric", 1, NOT_YET, ("Which metric does the ticket name?",),
        alarm().replace("ex.metric", '"latency"'),
    ),
]  # fmt: skip
