"""Exercise 04: what learners build for Mara."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

CLIENTS = (
    "cloudwatch, autoscaling, ec2, sns = "
    '(boto3.client(n) for n in ("cloudwatch", "autoscaling", "ec2", "sns"))\n'
)
LARGE = '[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}]'


def scaling(
    detailed=True,
    most=8,
    high=70,
    low=30,
    period=60,
    out_of=2,
    in_of=5,
    steps=LARGE,
    shrink=True,
    alarms=True,
):
    """What scales the group: the worked solution with something changed."""
    lines = [CLIENTS]
    if detailed:
        lines.append(
            'ec2.create_launch_template_version(LaunchTemplateName="web", SourceVersion="1", '
            'LaunchTemplateData={"Monitoring": {"Enabled": True}})\n'
            "group = autoscaling.describe_auto_scaling_groups("
            'AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]\n'
            'ec2.monitor_instances(InstanceIds=[m["InstanceId"] for m in group["Instances"]])'
        )
    if most:
        lines.append(
            f'autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize={most})'
        )
    wanted = [("grow", "GreaterThanThreshold", high, out_of, steps)]
    if shrink:
        down = '[{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]'
        wanted.append(("shrink", "LessThanThreshold", low, in_of, down))
    for name, comparison, threshold, of, by in wanted:
        lines.append(
            f'policy = autoscaling.put_scaling_policy(AutoScalingGroupName="web", '
            f'PolicyName="{name}", PolicyType="StepScaling", AdjustmentType="ChangeInCapacity", '
            f'EstimatedInstanceWarmup=60, StepAdjustments={by})["PolicyARN"]'
        )
        if alarms:
            lines.append(
                f'cloudwatch.put_metric_alarm(AlarmName="web-{name}", Namespace="AWS/EC2", '
                'MetricName="CPUUtilization", Statistic="Average", '
                'Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}], '
                f"Period={period}, EvaluationPeriods={of}, Threshold={threshold}, "
                f'ComparisonOperator="{comparison}", AlarmActions=[policy])'
            )
    return "\n".join(lines)


def tracking(target=50):
    """Target tracking, which makes its alarms itself."""
    head, _, _ = scaling().partition("policy = ")
    return head + (
        'autoscaling.put_scaling_policy(AutoScalingGroupName="web", PolicyName="at", '
        'PolicyType="TargetTrackingScaling", EstimatedInstanceWarmup=60, '
        'TargetTrackingConfiguration={"PredefinedMetricSpecification": '
        f'{{"PredefinedMetricType": "ASGAverageCPUUtilization"}}, "TargetValue": {target}.0}})'
    )


DATABASE = 'ALARM("db-primary") OR ALARM("db-replica")'
ANYTHING = " OR ".join(
    f'ALARM("{n}")'
    for n in ("db-primary", "db-replica", "cart", "checkout", "catalogue", "payment", "search")
)
QUIET = (
    'cloudwatch.disable_alarm_actions(AlarmNames=[n for n in ex.machines if n != "release-runner"])'
)


def composite(rule=DATABASE, suppressor="deploying", wait=120, extension=300, quiet=QUIET, **more):
    """The one alarm that tells: the worked solution with something changed."""
    given = {"AlarmName": "database", "AlarmRule": rule}
    if suppressor:
        given |= {
            "ActionsSuppressor": suppressor,
            "ActionsSuppressorWaitPeriod": wait,
            "ActionsSuppressorExtensionPeriod": extension,
        }
    actions = more.pop("actions", "[ex.topic]")
    put = f"cloudwatch.put_composite_alarm(AlarmActions={actions}, **{given | more})"
    return f"{CLIENTS}{quiet}\n{put}"


#: Alarms on the two database machines that want three bad minutes.
PATIENT = f"""{QUIET}
for name in ("db-primary", "db-replica"):
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{{"Name": "InstanceId", "Value": ex.machines[name]}}], Period=60,
        EvaluationPeriods=3, Threshold=80, ComparisonOperator="GreaterThanThreshold")"""

ANSWERS = [
    # -- 1: the sale
    Answer("nothing at all", 1, UNTOUCHED, ("the group `web` has no scaling policy",)),
    Answer(
        "looked around only", 1, UNTOUCHED, ("has no scaling policy",),
        'boto3.client("autoscaling").describe_auto_scaling_groups()\nex.lab.advance(minutes=30)',
    ),
    Answer(
        "three at a time on minutes", 1, PASSED,
        ("Three sales, no wait longer than", "two again within the hour", "$2.10 a month"),
        scaling() + "\n" + composite(),
    ),
    Answer("target tracking", 1, PASSED, ("Three sales", "you choose the steps"), tracking()),
    Answer("one of one, two at a time", 1, PASSED, (), scaling(
        out_of=1, steps='[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}]')),
    Answer(
        "basic monitoring kept", 1, NOT_YET,
        ("First new machine at 18:10", "basic monitoring", "first full hot point"),
        scaling(detailed=False, period=300, out_of=1, in_of=1),
    ),
    Answer(
        "a shorter period over basic monitoring", 1, NOT_YET,
        ("Nobody came to help", "saw a point every fifth minute", "Does a shorter period"),
        scaling(detailed=False),
    ),
    Answer(
        "no scale-in", 1, NOT_YET,
        ("20:04", "machines for a load of 0.", "Who sends machines home"), scaling(shrink=False),
    ),
    Answer(
        "the low alarm never reaches two", 1, NOT_YET,
        ("3 machines for a load of", "until two are left"), scaling(low=22),
    ),
    Answer(
        "high and low meet", 1, NOT_YET, ("the group breathes", "above 60 %", "below 55 %"),
        scaling(high=60, low=55),
    ),
    Answer(
        "no upper limit", 1, NOT_YET, ("machines in a climb", "8 is the limit", "The ninth joined"),
        scaling(most=None),
    ),
    Answer(
        "ten minutes of proof", 1, NOT_YET, ("minutes of waiting", "How many points does your"),
        scaling(out_of=10),
    ),
    Answer(
        "policies and no alarm", 1, NOT_YET, ("No alarm runs a scaling policy",),
        scaling(alarms=False),
    ),
    Answer(
        "the policy was refused", 1, BROKEN, ("PutScalingPolicy was refused", "ValidationError"),
        CLIENTS + "try:\n    autoscaling.put_scaling_policy(AutoScalingGroupName='shop', "
        "PolicyName='p', AdjustmentType='ChangeInCapacity', ScalingAdjustment=2)\n"
        "except Exception:\n    pass",
    ),
    # -- 2: one e-mail
    Answer("nothing at all", 2, UNTOUCHED, ("no composite alarm, and 9 alarms write to",)),
    Answer("the sale alone", 2, UNTOUCHED, ("no composite alarm",), scaling()),
    Answer(
        "a composite with a suppressor", 2, PASSED,
        ("four e-mails for the four", "paged at 16:5", "$0.50 a month"), composite(),
    ),
    Answer(
        "patient children, no wait", 2, PASSED, ("four e-mails",),
        composite(wait=0, quiet=PATIENT),
    ),
    Answer(
        "an all-clear as well", 2, PASSED, ("all-clears arrive",),
        composite().replace("AlarmActions=", "OKActions=[ex.topic], AlarmActions="),
    ),
    Answer(
        "children still write", 2, NOT_YET, ("10 e-mails, 9 of them from below",),
        composite(quiet=""),
    ),
    Answer(
        "anything is the database", 2, NOT_YET,
        ("The cart alone was reported as the database",), composite(ANYTHING),
    ),
    Answer(
        "both have to be down", 2, NOT_YET,
        ("Nobody was told: one of the two", "was not true for a minute", "Must both machines"),
        composite('ALARM("db-primary") AND ALARM("db-replica")'),
    ),
    Answer(
        "no patience", 2, NOT_YET, ("3 e-mails for one failure", "red, green and red again"),
        composite(wait=0),
    ),
    Answer(
        "no suppressor", 2, NOT_YET, ("16:07: a page during the deploy", "listen to it"),
        composite(suppressor=None, quiet=PATIENT),
    ),
    Answer(
        "not while deploying, in the rule", 2, NOT_YET,
        ("a page for a database that was warming up", "16:32"),
        composite(f'({DATABASE}) AND NOT ALARM("deploying")', None, quiet=PATIENT),
    ),
    Answer(
        "no extension", 2, NOT_YET, ("16:31: a page for a database that was warming up",),
        composite(extension=0),
    ),
    Answer(
        "muted by the clock", 2, NOT_YET,
        ("16:35: a page in the middle of a deploy", "look at the clock, or at the deploy"),
        composite(suppressor=None, quiet=PATIENT) + """
cloudwatch.put_alarm_mute_rule(Name="deploys", MuteTargets={"AlarmNames": ["database"]},
    Rule={"Schedule": {"Expression": "cron(0 16 * * *)", "Duration": "PT35M"}})""",
    ),
    Answer(
        "too much patience", 2, NOT_YET, ("minutes late", "shortest that would do"),
        composite(extension=1200),
    ),
    Answer(
        "no action", 2, NOT_YET, ("was red and wrote to nobody",), composite(actions="[]"),
    ),
    Answer(
        "everything silenced", 2, NOT_YET, ("no composite alarm, and those below tell nobody",),
        CLIENTS + QUIET,
    ),
    Answer(
        "a child that is not there", 2, BROKEN,
        ("PutCompositeAlarm was refused", "ValidationError", "a child that is not there"),
        CLIENTS + "try:\n    cloudwatch.put_composite_alarm(AlarmName='database', "
        "AlarmRule='ALARM(\"database-slow\")')\nexcept Exception:\n    pass",
    ),
]  # fmt: skip
