"""Exercise 09: a canary that reads what it gets, and an alarm that hears it."""

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """from labkit.synthetics import blueprints
facts, lab = ex._facts, ex.lab
synthetics = boto3.client("synthetics")
def canary(name, script, rate="rate(5 minutes)", start=True):
    synthetics.create_canary(
        Name=name, Code={"ZipFile": blueprints.package(script), "Handler": blueprints.HANDLER},
        ArtifactS3Location=ex.artifacts, ExecutionRoleArn=ex.role,
        Schedule={"Expression": rate}, RuntimeVersion="syn-python-selenium-12.0")
    lab.advance(seconds=20)
    if start:
        synthetics.start_canary(Name=name)
order = blueprints.script("api", PRODUCT=facts["tea"], QUANTITY=facts["quantity"])
SEARCH = '''
    def found(response):
        if TEA not in response.text:
            raise Exception("the tea is not on the page")
    webdriver.execute_http_step("search", BASE + "/search?q=" + TEA.lower(), found)
'''.replace("TEA.lower()", repr(facts["tea"])).replace("TEA", repr(facts["tea"].capitalize()))
search = '''
from aws_synthetics.selenium import synthetics_webdriver as webdriver
BASE = "https://shop.teapot.example"
def handler(event, context):
''' + SEARCH
both = order.replace("    known = {}\\n", "    known = {}\\n" + SEARCH)
status = '''
from aws_synthetics.selenium import synthetics_webdriver as webdriver
BASE = "https://shop.teapot.example"
def handler(event, context):
    webdriver.execute_http_step("search", BASE + "/search?q=tea")
    webdriver.execute_http_step("write", {"url": BASE + "/api/orders", "method": "POST",
                                "body": {"product": "sencha", "quantity": 2}})
'''
"""
CANARY = HEAD + 'canary("shop", both)\n'
ALARM = """
boto3.client("cloudwatch").put_metric_alarm(
    AlarmName="shop", Namespace="CloudWatchSynthetics", MetricName="SuccessPercent",
    Dimensions=[{"Name": "CanaryName", "Value": "shop"}], Statistic="Average", Period=300,
    EvaluationPeriods=2, Threshold=100, ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching", AlarmActions=[ex.topic])
"""

ANSWERS = [
    # -- 1: what is visited
    Answer("no canary", 1, UNTOUCHED, ("the account has no canary", "ex.lab.shop.visit")),
    Answer("search, write, read, delete", 1, PASSED, ("Both faults seen", "$10.37 a month"),
           CANARY + ALARM),
    Answer("two canaries every ten minutes", 1, PASSED, ("Both faults seen",),
           HEAD + 'canary("search", search, "rate(10 minutes)")\n'
           'canary("order", order, "rate(10 minutes)")\n'),
    Answer("statuses", 1, NOT_YET, ("white page", "all PASSED", "What does a customer look for"),
           HEAD + 'canary("shop", status)\n'),
    Answer("orders alone", 1, NOT_YET, ("white page", "it was content"),
           HEAD + 'canary("shop", order)\n'),
    Answer("search alone", 1, NOT_YET, ("orders are taken with 201", "there is no order"),
           HEAD + 'canary("shop", search)\n'),
    Answer("every minute", 1, NOT_YET, ("$51.84 a month", "how many runs does that take"),
           HEAD + 'canary("shop", both, "rate(1 minute)")\n'),
    Answer("the price too", 1, NOT_YET, ("new prices", "may change on a good day"),
           HEAD + "price = {'sencha': '14.90', 'assam': '9.90', 'oolong': '18.90', "
           "'rooibos': '7.90'}[facts['tea']]\n"
           "both = both.replace('not in response.text', "
           "'not in response.text or ' + repr(price) + ' not in response.text')\n"
           'canary("shop", both)\n'),
    Answer("created, never started", 1, NOT_YET, ("No run began", "READY"),
           HEAD + 'canary("shop", both, start=False)\n'),
    # -- 2: who is told
    Answer("no alarm", 2, UNTOUCHED, ("there is no alarm",)),
    Answer("two of two, breaching", 2, PASSED, ("10 restarts in silence", "a dead canary"),
           CANARY + ALARM),
    Answer("two of three", 2, PASSED, ("10 restarts in silence",),
           CANARY + ALARM.replace("Periods=2", "Periods=3, DatapointsToAlarm=2")),
    Answer("one of one", 2, NOT_YET, ("ten restarts", "can a restart of two minutes spoil"),
           CANARY + ALARM.replace("Periods=2", "Periods=1")),
    Answer("missing is missing", 2, NOT_YET, ("somebody stops the canary", "says nothing"),
           CANARY + ALARM.replace('"breaching"', '"missing"')),
    Answer("no action", 2, NOT_YET, ("orders are lost", "No alarm of yours has an action"),
           CANARY + ALARM.replace(", AlarmActions=[ex.topic]", "")),
    Answer("a period of a minute", 2, NOT_YET,
           ("all is well", "How often is there a point to look at"),
           CANARY + ALARM.replace("Period=300", "Period=60")),
]  # fmt: skip
