"""Exercise 00: what learners build for Mara."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer


def built(
    machine="night-report", confirm=True, to="ex.oncall", actions="[topic]", subscribe=True, **alarm
):
    """A topic, a subscription, an alarm: the worked solution with something changed."""
    wanted = {
        "Statistic": "Average",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 80,
        "ComparisonOperator": "GreaterThanThreshold",
        **alarm,
    }
    whose = f'[{{"Name": "InstanceId", "Value": ex.instances["{machine}"]}}]' if machine else "[]"
    lines = [
        'sns, cloudwatch = boto3.client("sns"), boto3.client("cloudwatch")',
        'topic = sns.create_topic(Name="on-call")["TopicArn"]',
    ]
    if subscribe:
        lines.append(f'sns.subscribe(TopicArn=topic, Protocol="email", Endpoint={to})')
        if confirm:
            lines.append("ex.lab.mailbox[-1].confirm()")
    lines.append(
        'cloudwatch.put_metric_alarm(AlarmName="hot", Namespace="AWS/EC2", '
        f'MetricName="CPUUtilization", Dimensions={whose}, AlarmActions={actions}, **{wanted})'
    )
    return "\n".join(lines)


ANSWERS = [
    Answer("nothing at all", 1, UNTOUCHED, ("the account has no alarm",)),
    Answer(
        "looked around only", 1, UNTOUCHED, ("the account has no alarm",),
        'boto3.client("ec2").describe_instances()\nex.lab.advance(minutes=30)',
    ),
    Answer("as in the lesson", 1, PASSED, ("minutes into the fire, none", "$0.10"), built()),
    Answer("the maximum, above 75", 1, PASSED, (), built(Statistic="Maximum", Threshold=75)),
    Answer(
        "both machines have an alarm, one tells", 1, PASSED, ("There are 2 alarms",),
        built("order-report", actions="[]") + "\n" + built().replace('"hot"', '"night-report"'),
    ),
    Answer(
        "the twin", 1, NOT_YET,
        ("watches the other machine", "the hot machine was night-report", "Which dimension picks"),
        built("order-report"),
    ),
    Answer(
        "nobody answered the letter", 1, NOT_YET,
        ("It turned red at", "not been answered", "Subscription Confirmation"),
        built(confirm=False),
    ),
    Answer("no action", 1, NOT_YET, ("nobody was told", "has no action"), built(actions="[]")),
    Answer(
        "another mailbox", 1, NOT_YET, ("A letter went to me@teapot.example",),
        built(to='"me@teapot.example"'),
    ),
    Answer("no subscription", 1, NOT_YET, ("has no subscription",), built(subscribe=False)),
    Answer(
        "fifty percent", 1, NOT_YET, ("on calm days", "where is your threshold"),
        built(Threshold=50),
    ),
    Answer(
        "less than", 1, NOT_YET, ("Read the comparison aloud", "green in the fire"),
        built(ComparisonOperator="LessThanThreshold"),
    ),
    Answer(
        "half an hour", 1, NOT_YET, ("minutes after the fire began", "Mara asked for 10"),
        built(EvaluationPeriods=6),
    ),
    Answer("no dimension", 1, NOT_YET, ("watches no machine", "whole name"), built("")),
    Answer("never that hot", 1, NOT_YET, ("slept through the fire",), built(Threshold=99.5)),
    Answer(
        "refused by AWS", 1, BROKEN, ("There is no alarm: PutMetricAlarm was refused",),
        built(Period=7, actions="[]", subscribe=False).replace(
            "cloudwatch.put", "try:\n    cloudwatch.put") + "\nexcept Exception:\n    pass",
    ),
]  # fmt: skip
