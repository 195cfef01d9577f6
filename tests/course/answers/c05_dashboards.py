"""Exercise 05: what learners put on Lena's screen."""

from textwrap import dedent

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HELPERS = """
import json
cloudwatch = boto3.client("cloudwatch")
NAMES = ex.services

def metric(name, service, **more):
    return [ex.namespace, name, "service", service, more]

def rate(n, service, expression="100*e{n}/r{n}", errors="Errors"):
    return [[{"expression": expression.format(n=n), "id": f"s{n}", "label": service}],
            metric(errors, service, id=f"e{n}", stat="Sum", visible=False),
            metric("Requests", service, id=f"r{n}", stat="Sum", visible=False)]

def rates(*services, **more):
    return [one for n, service in enumerate(services) for one in rate(n, service, **more)]

def latency(stat, *services):
    return [metric("Latency", service, stat=stat, label=service) for service in services]

def tile(x, y, title, metrics, *marks, **more):
    return {"type": "metric", "x": x, "y": y, "width": 12, "height": 6, "properties": {
        "title": title, "region": ex.region, "metrics": metrics,
        "annotations": {"horizontal": [{"value": mark} for mark in marks]}, **more}}

def put(*widgets, name="on-call"):
    cloudwatch.put_dashboard(DashboardName=name,
                             DashboardBody=json.dumps({"widgets": list(widgets)}))
"""
PAID = 'tile(0, 0, "Can people buy?", rates("payment"), 8, period=300)'
PART = 'tile(12, 0, "Which part?", rates(*NAMES), 8, period=300)'
SLOW = 'tile(0, 6, "Is it slow?", latency("p99", *NAMES), 1500, period=60)'
MANY = 'tile(12, 6, "For how many?", latency("p50", *NAMES), 600, period=60)'


def screen(*tiles, before=""):
    """A cell that puts these tiles."""
    return f"{HELPERS}{dedent(before)}\nput({', '.join(tiles)})\n"


RIGHT = screen(PAID, PART, SLOW, MANY)
BY_ALARM = screen(
    '{"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 4, "properties": {"alarms": arns}}',
    'tile(0, 4, "For how many?", latency("p50", *NAMES), 600, period=60)',
    before="""
    for name in NAMES:
        for what, queries, mark in (
            ("failing", [("100*e/r", "rate")], 8), ("slow", [], 1500)):
            query = lambda id, metric, stat, shown: {"Id": id, "ReturnData": shown, "MetricStat": {
                "Stat": stat, "Period": 300, "Metric": {"Namespace": ex.namespace,
                "MetricName": metric, "Dimensions": [{"Name": "service", "Value": name}]}}}
            data = ([{"Id": "rate", "Expression": "100*e/r"}, query("e", "Errors", "Sum", False),
                     query("r", "Requests", "Sum", False)] if what == "failing"
                    else [query("l", "Latency", "p99", True)])
            cloudwatch.put_metric_alarm(
                AlarmName=f"{name}-{what}", EvaluationPeriods=1, Threshold=mark,
                ComparisonOperator="GreaterThanThreshold", Metrics=data)
    arns = [one["AlarmArn"] for one in cloudwatch.describe_alarms()["MetricAlarms"]]
    """,
)
COUNT_LOW = screen(
    'tile(0, 0, "Errors", [metric("Errors", n, stat="Sum", label=n) for n in NAMES], 30, '
    "period=300)",
    SLOW, MANY,
)  # fmt: skip
COUNT_HIGH = COUNT_LOW.replace(", 30, period", ", 60, period")
BY_THE_MINUTE = screen(
    PAID.replace(
        'rates("payment"), 8, period=300',
        'rates("payment", expression="IF(e{n} > 2, 100*e{n}/r{n})"), 8, period=60',
    ),
    PART, SLOW, MANY,
)  # fmt: skip
TWENTY = screen(
    *(
        f'dict(tile({n % 6 * 4}, {n // 6 * 3}, "tile {n}", latency("p99", NAMES[{n % 5}])), '
        "width=4, height=3)"
        for n in range(20)
    )
)

#: A tile of log lines, and the group that it asks.
LOGGED = screen(
    PAID,
    PART,
    SLOW.replace("tile(", "dict(tile(")[:-1] + "), width=12, height=4)",
    MANY.replace("tile(", "dict(tile(")[:-1] + "), width=12, height=4)",
    '{"type": "log", "x": 0, "y": 10, "width": 24, "height": 2, "properties": {'
    '"region": ex.region, "query": "SOURCE \'/shop/app\' | fields @message | limit 10"}}',
)
GROUP = 'boto3.client("logs", region_name=ex.region).create_log_group(logGroupName="/shop/app")\n'

ANSWERS = [
    # -- 1: one screen, nothing empty
    Answer("nothing at all", 1, UNTOUCHED, ("no dashboard but the wall",)),
    Answer(
        "under another name", 1, UNTOUCHED, ("There is no dashboard `on-call`; there is `lena`",),
        screen(PAID, 'name="lena"'),
    ),
    Answer("four tiles", 1, PASSED, ("4 of 8 tiles, 12 of 12 rows", "$3.00 a month"), RIGHT),
    Answer("with a log table", 1, PASSED, ("5 of 8 tiles",), GROUP + LOGGED),
    Answer(
        "a log table of a group that is not there", 1, NOT_YET,
        ("Tile 5 is empty", "'/shop/app' does not exist"), LOGGED,
    ),
    Answer("alarms in one tile", 1, PASSED, ("2 of 8 tiles",), BY_ALARM),
    Answer(
        "twenty tiles", 1, NOT_YET, ("20 tiles; Lena asked for 8", "Which one does she look at"),
        TWENTY,
    ),
    Answer(
        "on each other", 1, NOT_YET, ("Tiles 1 and 2 lie on each other", "moves one of them down"),
        screen(PAID, PART.replace("tile(12, 0", "tile(6, 2"), SLOW),
    ),
    Answer(
        "one below the other", 1, NOT_YET, ("18 rows; a screen shows 12", "row 17"),
        screen(PAID, SLOW, MANY.replace("tile(12, 6", "tile(0, 12")),
    ),
    Answer(
        "pay for payment", 1, NOT_YET,
        ("Tile 2 asks for a metric that is not there", "`service=pay`", "`service=payment`",
         "letter for letter"),
        screen(PAID, 'tile(12, 0, "Which part?", rates("pay"), 8)'),
    ),
    Answer(
        "the dimension in capitals", 1, NOT_YET, ("`Service=payment`", "No such metric"),
        screen('tile(0, 0, "Pay", [[ex.namespace, "Errors", "Service", "payment"]], 8)'),
    ),
    Answer(
        "another Region", 1, NOT_YET,
        ("in eu-west-1", "the shop reports in us-east-1", "its widgets are not"),
        screen(PAID.replace("period=300", 'period=300, region="eu-west-1"'), SLOW),
    ),
    Answer(
        "a search that finds nothing", 1, NOT_YET, ("Tile 1 is empty", "found no metric"),
        screen(
            'tile(0, 0, "All", [[{"expression": "SEARCH(\'{Nowhere,service} Errors\', '
            "'Sum', 300)\"}]], 8)"
        ),
    ),
    Answer(
        "words alone", 1, NOT_YET, ("no metric and no alarm",),
        screen('{"type": "text", "properties": {"markdown": "All is well."}}'),
    ),
    Answer(
        "refused by AWS", 1, BROKEN, ("PutDashboard was refused", "InvalidParameterInput"),
        screen(PAID.replace("tile(0, 0", "tile(20, 0")).replace(
            "\nput(", "\ntry:\n    put(") + "\nexcept Exception:\n    pass\n",
    ),
    # -- 2: five incidents
    Answer("nothing at all", 2, UNTOUCHED, ("no dashboard but the wall",)),
    Answer("four tiles", 2, PASSED, ("5 of 5 incidents seen, with the part and the time",), RIGHT),
    Answer("by the minute above two errors", 2, PASSED, ("5 of 5",), BY_THE_MINUTE),
    Answer("alarms in one tile", 2, PASSED, ("5 of 5 incidents seen",), BY_ALARM),
    Answer(
        "average latency", 2, NOT_YET,
        ("4 of 5 incidents seen", "one checkout in fifty waits", "inside its quiet band",
         "slowest customer in a hundred"),
        screen(PAID, PART, SLOW.replace('"p99"', '"Average"').replace("1500", "500")),
    ),
    Answer(
        "a count with a high mark", 2, NOT_YET,
        ("3 of 5 incidents seen", "at night, nobody can pay", "inside its quiet band, 1 to",
         "Of a hundred who try"), COUNT_HIGH,
    ),
    Answer(
        "no annotation", 2, NOT_YET,
        ("0 of 5 incidents seen", "there is no mark", "from what is it far"),
        screen(*(one.replace(", 8,", ",").replace(", 1500,", ",").replace(", 600,", ",")
                 for one in (PAID, PART, SLOW, MANY))),
    ),
    Answer(
        "the hour", 2, NOT_YET, ("and not since when", "it began at", "How long is one point"),
        screen(PAID.replace("8, period=300", "4.5, period=3600"),
               PART.replace("8, period=300", "4.5, period=3600"),
               SLOW, MANY),
    ),
    Answer(
        "one line for all", 2, NOT_YET, ("nobody knows which part", "Whom does Lena call"),
        screen(
            'tile(0, 0, "Errors", [[{"expression": "MAX([s0,s1,s2,s3,s4])", "label": "worst"}], '
            "*[[{**one[0], \"visible\": False}] if len(one) == 1 else one "
            "for one in rates(*NAMES)]], 8, period=300)", SLOW, MANY,
        ),
    ),
    Answer(
        "p99 alone", 2, NOT_YET, ("A few wait, all wait", "customer in the middle"),
        screen(PAID, PART, SLOW),
    ),
    # -- 3: quiet days
    Answer("nothing at all", 3, UNTOUCHED, ("no dashboard but the wall",)),
    Answer("four tiles", 3, PASSED, ("nothing turned red",), RIGHT),
    Answer("by the minute above two errors", 3, PASSED, ("nothing turned red",), BY_THE_MINUTE),
    Answer("alarms in one tile", 3, PASSED, ("nothing turned red",), BY_ALARM),
    Answer(
        "a count with a low mark", 3, NOT_YET,
        ("Quiet day 1 turned red", "beyond its mark at 30", "at noon and at night"), COUNT_LOW,
    ),
    Answer(
        "a share by the minute", 3, NOT_YET,
        ("Quiet day 1 turned red", "how many customers are there".capitalize()),
        screen(PAID.replace("300", "60"), SLOW, MANY),
    ),
    Answer(
        "the maximum", 3, NOT_YET, ("Quiet day 1 turned red", "stood at 9,000"),
        screen(PAID, SLOW.replace('"p99"', '"Maximum"')),
    ),
    Answer(
        "no annotation", 3, NOT_YET, ("Nothing on this screen can turn red", "so is the wall"),
        screen(PAID.replace(", 8,", ","), SLOW.replace(", 1500,", ",")),
    ),
]  # fmt: skip
