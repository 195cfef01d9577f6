"""Exercise 02: what learners put on machines, and what they watch."""

from textwrap import dedent

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer

BASE = """
lab, cloudwatch = ex.lab, boto3.client("cloudwatch")

def config(dimension, disk=DISK, mem="used_percent", **more):
    return {"metrics": {
        **({"append_dimensions": {dimension: "${aws:" + dimension + "}"}} if dimension else {}),
        "metrics_collected": {"mem": {"measurement": [mem]}, **({"disk": disk} if disk else {})},
        **more}}

def alarm(name, metric, limit=85, actions=True, stat="Average", periods=1, **dimensions):
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="CWAgent", MetricName=metric, Statistic=stat, Period=60,
        EvaluationPeriods=periods, Threshold=limit, ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
        AlarmActions=[ex.topic] if actions else [])

DISK = {"measurement": ["used_percent"], "resources": ["/", "/var"], "drop_device": True}

def watch(name, dimension, value, limit=85, paths=("/", "/var"), target=None, agent=True,
          disk=DISK, mem="mem_used_percent", **more):
    if agent:
        lab.fleet.agent(target or value, config(dimension, disk, mem))
    alarm(f"{name}-mem", mem, limit, **{dimension: value}, **more)
    for path in paths:
        where = {"path": path, "fstype": "xfs"}
        alarm(f"{name}-{path}", "disk_used_percent", limit, **{dimension: value}, **where, **more)

def machines(**more):
    for name, machine in ex.machines.items():
        watch(name, "InstanceId", machine, **more)

def group(**more):
    watch("group", "AutoScalingGroupName", ex.group, **more)
"""


def of(code):
    """A learner's cell with the helpers above it."""
    head, _, rest = BASE.partition("def config")
    disk = (
        'DISK = {"measurement": ["used_percent"], "resources": ["/", "/var"], "drop_device": True}'
    )
    return f"{head}{disk}\n\ndef config{rest}\n{dedent(code)}"


RIGHT = of("machines()\ngroup()")
INSIGHTS = of("""
    for machine in ex.machines.values():
        lab.fleet.agent(machine, config("InstanceId"))
    lab.fleet.agent(ex.group, config("InstanceId"))
    for what in ("mem", "disk"):
        cloudwatch.put_metric_alarm(
            AlarmName=what, EvaluationPeriods=1, Threshold=85, AlarmActions=[ex.topic],
            ComparisonOperator="GreaterThanThreshold", Metrics=[{
                "Id": "q", "Period": 60, "ReturnData": True,
                "Expression": f'SELECT MAX({what}_used_percent) FROM "CWAgent"'}])
    """)
ROLLED = of("""
    for dimension, value in [*(("InstanceId", one) for one in ex.machines.values()),
                             ("AutoScalingGroupName", ex.group)]:
        lab.fleet.agent(value, config(dimension, aggregation_dimensions=[[dimension]]))
        alarm(f"mem-{value}", "mem_used_percent", **{dimension: value})
        alarm(f"disk-{value}", "disk_used_percent", stat="Maximum", **{dimension: value})
    """)
NO_DIMENSION = of("""
    for name, machine in ex.machines.items():
        lab.fleet.agent(machine, config(None))
        alarm(f"mem-{name}", "mem_used_percent", InstanceId=machine)
    """)
BY_ID = of("""
    machines()
    scaling = boto3.client("autoscaling")
    there = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    watch("group", "InstanceId", there[0]["InstanceId"], target=ex.group)
    """)
BYTES = of("""
    for name, machine in ex.machines.items():
        lab.fleet.agent(machine, config("InstanceId", mem="free"))
        alarm(f"free-{name}", "mem_free", InstanceId=machine)
    lab.advance(minutes=5)
    """)
WHOLE_DISK = {"measurement": ["used_percent"]}
EVERY = of(f"""
    every = {WHOLE_DISK}
    machines(disk=every)
    group(disk=every)
    """)
NO_VAR = of("machines(paths=('/',))\ngroup(paths=('/',))")
ROOT_ONLY = of(
    "root = {**DISK, 'resources': ['/']}\n"
    "machines(disk=root, paths=('/',))\ngroup(disk=root, paths=('/',))"
)
DEVICE = of("machines(disk={**DISK, 'drop_device': False})\ngroup()")

ANSWERS = [
    # -- 1: memory
    Answer("nothing built", 1, UNTOUCHED, ("Nothing has been built yet", "four machines")),
    Answer("InstanceId and the group's name", 1, PASSED, ("4 of 4 heard within",), RIGHT),
    Answer("Metrics Insights", 1, PASSED, ("4 of 4 heard",), INSIGHTS),
    Answer("roll-ups", 1, PASSED, ("4 of 4 heard",), ROLLED),
    Answer(
        "no append_dimensions", 1, NOT_YET,
        ("0 of 4 heard", "never left INSUFFICIENT_DATA", "the nearest metric is", "host=ip-",
         "Which dimensions does the metric carry"),
        NO_DIMENSION,
    ),
    Answer(
        "the group's machine by its id", 1, NOT_YET,
        ("3 of 4 heard", "was replaced at", "no alarm looks at what it publishes",
         "its successor"),
        BY_ID,
    ),
    Answer(
        "bytes against percent", 1, NOT_YET,
        ("has been in ALARM since", "with 85", "In which unit"), BYTES,
    ),
    Answer(
        "nobody is told", 1, NOT_YET, ("and no letter came", "Whom does that alarm tell"),
        of("machines(actions=False)\ngroup()"),
    ),
    Answer(
        "half an hour of doubt", 1, NOT_YET, ("minutes after the limit was crossed",),
        of("machines(periods=30)\ngroup(periods=30)"),
    ),
    Answer(
        "no agent in the group", 1, NOT_YET, ("No agent runs on", "EC2 sees neither memory"),
        of("machines()"),
    ),
    Answer(
        "a typo in the configuration", 1, UNTOUCHED, ("Nothing has been built yet",),
        of("""
        try:
            lab.fleet.agent(ex.group, {"metrics": {"metrics_collected": {"memory": {}}}})
        except Exception as problem:
            assert "is no section" in str(problem)
        """),
    ),
    # -- 2: disks
    Answer("nothing built", 2, UNTOUCHED, ("Nothing has been built yet",)),
    Answer("every path by itself", 2, PASSED, ("4 of 4 heard",), RIGHT),
    Answer("roll-ups, Maximum", 2, PASSED, ("4 of 4 heard",), ROLLED),
    Answer(
        "the root alone", 2, NOT_YET,
        ("/var of", "No alarm of yours looks at /var", "`disk_used_percent` of other things"),
        ROOT_ONLY,
    ),
    Answer("published, and not watched", 2, NOT_YET, ("No alarm of yours looks at /var",), NO_VAR),
    Answer(
        "the device forgotten", 2, NOT_YET,
        ("never left INSUFFICIENT_DATA", "it has device=nvme"), DEVICE,
    ),
    Answer(
        "an average over volumes", 2, NOT_YET, ("of other things",),
        ROLLED.replace('stat="Maximum", ', ""),
    ),
    # -- 3: quiet and affordable
    Answer("nothing built", 3, UNTOUCHED, ("Nothing has been built yet",)),
    Answer(
        "what can fill up, no more", 3, PASSED,
        ("A quiet week, and $4.80 a month", "12 metrics at $0.30 and 12 alarms"), RIGHT,
    ),
    Answer("roll-ups", 3, PASSED, ("A quiet week",), ROLLED),
    Answer(
        "every file system", 3, NOT_YET,
        ("52 metrics", "the limit is $15", "disk_used_percent on tmpfs", "full or empty for ever"),
        EVERY,
    ),
    Answer(
        "from 70 % on", 3, NOT_YET, ("letters in a calm week", "with 70", "be woken"),
        of("machines(limit=70)\ngroup(limit=70)"),
    ),
    Answer(
        "alarms without agents", 3, NOT_YET, ("no agent runs",),
        of("machines(agent=False)\ngroup(agent=False)"),
    ),
]  # fmt: skip
