"""Exercise 17: the game day."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

ALARMS = '''
cloudwatch = boto3.client("cloudwatch")

def figure(key, metric, service):
    """A metric of a service, for metric math."""
    return {"Id": key, "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": "Shop", "MetricName": metric,
        "Dimensions": [{"Name": "service", "Value": service}]}}}

def watch(service, name="", needed=3, threshold=10):
    """An alarm on a service's share of failed requests."""
    cloudwatch.put_metric_alarm(
        AlarmName=name or f"{service}-failing", EvaluationPeriods=5, DatapointsToAlarm=needed,
        Threshold=threshold, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", AlarmActions=[ex.topic],
        Metrics=[{"Id": "share", "Expression": "100*errors/requests", "ReturnData": True},
                 figure("errors", "Errors", service), figure("requests", "Requests", service)])

for service in ("catalogue", "cart", "checkout"):
    watch(service)
'''
RULE = """
import json
events = boto3.client("events")
events.put_rule(Name="new-key", EventPattern=json.dumps({
    "source": ["aws.iam"], "detail": {
        "eventName": ["CreateAccessKey"], "errorCode": [{"exists": False}]}}))
events.put_targets(Rule="new-key", Targets=[{"Id": "mail", "Arn": ex.topic}])
"""
CANARY = '''
from labkit.synthetics import blueprints
synthetics = boto3.client("synthetics")
TEA = next(one for one in ("Sencha", "Assam", "Oolong", "Rooibos") if one in str(ex.ticket))
script = f"""
from aws_synthetics.selenium import synthetics_webdriver as webdriver

def found(response):
    if "{TEA}" not in response.text:
        raise Exception("the search does not find {TEA}")

def handler(event, context):
    webdriver.execute_http_step(
        "search", "https://shop.teapot.example/search?q={TEA.lower()}", found)
"""
synthetics.create_canary(
    Name="search", Code={"ZipFile": blueprints.package(script), "Handler": blueprints.HANDLER},
    ArtifactS3Location=ex.artifacts, ExecutionRoleArn=ex.role,
    Schedule={"Expression": "rate(5 minutes)"}, RuntimeVersion="syn-python-selenium-12.0")
ex.lab.advance(seconds=20)
synthetics.start_canary(Name="search")
boto3.client("cloudwatch").put_metric_alarm(
    AlarmName="search", Namespace="CloudWatchSynthetics", MetricName="SuccessPercent",
    Dimensions=[{"Name": "CanaryName", "Value": "search"}], Statistic="Average", Period=300,
    EvaluationPeriods=2, Threshold=100, ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching", AlarmActions=[ex.topic])
'''
WATCH = ALARMS + RULE + CANARY

EXPLAIN = '''
import json
from collections import Counter
xray, cloudtrail = boto3.client("xray"), boto3.client("cloudtrail")

def faults(start, end):
    """(node, what it says) and the instant of each fault between two instants."""
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=start, EndTime=end, FilterExpression="service() { fault }")
    found = []
    for page in pages:
        for trace in page["TraceSummaries"]:
            deepest = trace["FaultRootCauses"][0]["Services"][-1]
            said = [e["Name"] for p in deepest["EntityPath"] for e in p["Exceptions"]][-1:]
            found.append(((deepest["Name"], *said), trace["StartTime"]))
    return found

def changes(start, end):
    """Records of what changed something, oldest first."""
    pages = cloudtrail.get_paginator("lookup_events").paginate(StartTime=start, EndTime=end,
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}])
    told = [json.loads(one["CloudTrailEvent"]) for page in pages for one in page["Events"]]
    return [one for one in told[::-1] if "errorCode" not in one]

@ex.deliver
def explain(quiet, start, end):
    """Which node, since which event, by whom."""
    bad = faults(start, end)
    grown = Counter(what for what, _ in bad) - Counter(what for what, _ in faults(quiet, start))
    guilty = grown.most_common(1)[0][0]
    first = f"{min(at for what, at in bad if what == guilty):%Y-%m-%dT%H:%M:%SZ}"
    change = [one for one in changes(quiet, end)
              if ex.stands_on[guilty[0]] in json.dumps(one["requestParameters"])
              and one["eventTime"][:16] <= first[:16]][-1]
    return {"node": guilty[0], "event": change["eventID"],
            "who": change["userIdentity"]["arn"].rpartition("/")[2]}
'''

MEND = '''
from datetime import datetime
dynamodb, ssm, ec2 = (boto3.client(name) for name in ("dynamodb", "ssm", "ec2"))

@ex.deliver
def mend(record):
    """Put back what a record has changed."""
    asked, at = record["requestParameters"], datetime.fromisoformat(record["eventTime"])
    if record["eventName"] == "UpdateTable":
        had = dynamodb.describe_table(TableName=asked["tableName"])["Table"]
        dynamodb.update_table(TableName=asked["tableName"], ProvisionedThroughput={
            "ReadCapacityUnits": 200,
            "WriteCapacityUnits": had["ProvisionedThroughput"]["WriteCapacityUnits"]})
    elif record["eventName"] == "PutParameter":
        versions = ssm.get_parameter_history(Name=asked["name"])["Parameters"]
        good = [one for one in versions if one["LastModifiedDate"] < at][-1]
        ssm.put_parameter(Name=asked["name"], Value=good["Value"], Overwrite=True)
    else:
        rules = [{"IpProtocol": one["ipProtocol"], "FromPort": one["fromPort"],
                  "ToPort": one["toPort"],
                  "IpRanges": [{"CidrIp": r["cidrIp"]} for r in one["ipRanges"]["items"]]}
                 for one in asked["ipPermissions"]["items"]]
        ec2.authorize_security_group_ingress(GroupId=asked["groupId"], IpPermissions=rules)
'''

NUMBERS = (
    ALARMS[: ALARMS.index("for service in (")]
    + """
for service in ("catalogue", "cart", "checkout"):
    cloudwatch.put_metric_alarm(
        AlarmName=service, Namespace="Shop", MetricName="Errors", Statistic="Sum", Period=60,
        Dimensions=[{"Name": "service", "Value": service}], EvaluationPeriods=3, Threshold=100,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[ex.topic])
"""
)
MANY = """
for service in ("catalogue", "cart", "checkout"):
    for threshold in range(5, 27, 4):
        watch(service, f"{service}-{threshold}", threshold=threshold)
"""
STATUS = CANARY.replace('    if "{TEA}" not in', '    if "" not in')

#: The same from two minutes of traces: a wrong answer need not take its time.
QUICK = (
    EXPLAIN.replace("bad = faults(start, end)", "bad = faults(end - MINUTES, end)")
    .replace("faults(quiet, start))", "faults(quiet, quiet + MINUTES))")
    .replace(
        "import json\n",
        "import json\nfrom datetime import timedelta\nMINUTES = timedelta(minutes=2)\n",
    )
)
#: The change by its place among all, whatever it was about.
PLACE = (
    QUICK[: QUICK.index("    first = ")]
    + """
    change = WHICH
    return {"node": guilty[0], "event": change["eventID"],
            "who": change["userIdentity"]["arn"].rpartition("/")[2]}
"""
)
MINE = 'if ex.stands_on[guilty[0]] in json.dumps(one["requestParameters"])'
TRIED = PLACE.replace(' if "errorCode" not in one]', "]").replace(
    "WHICH", f'[one for one in changes(quiet, end) {MINE} and "errorCode" in one][-1]'
)

ON_DEMAND = MEND.replace("ProvisionedThroughput={", 'BillingMode="PAY_PER_REQUEST") or str({')
REWRITES = """
    for service in ("catalogue", "cart", "checkout"):
        name = f"/shop/{service}/currencies"
        ssm.put_parameter(Name=name, Value=ssm.get_parameter(Name=name)["Parameter"]["Value"],
                          Overwrite=True)
"""
ANEW = MEND.replace(
    "        dynamodb.update_table(",
    """
        dynamodb.delete_table(TableName=asked["tableName"])
        dynamodb.create_table(
            KeySchema=had["KeySchema"], AttributeDefinitions=had["AttributeDefinitions"],""",
)

ANSWERS = [
    # -- 1: who hears of what
    Answer("nothing at all", 1, UNTOUCHED, ("no alarm, no rule, no canary",)),
    Answer("shares, a rule, a canary", 1, PASSED, ("9 of 9", "its own witness"),
           WATCH + EXPLAIN + MEND),
    Answer("numbers of errors", 1, PASSED, ("9 of 9",), NUMBERS + RULE + CANARY),
    Answer("alarms and a rule", 1, NOT_YET, ("8 of 9", "reads what a customer reads?"),
           ALARMS + RULE),
    Answer("a status is all", 1, NOT_YET, ("8 of 9", "white page", "reads what a customer reads?"),
           ALARMS + RULE + STATUS),
    Answer("no rule", 1, NOT_YET, ("8 of 9", "knows of a key on the minute?"), ALARMS + CANARY),
    Answer("refused ones too", 1, NOT_YET, ("8 of 9", "a call that was refused?"),
           WATCH.replace(', "errorCode": [{"exists": False}]', "")),
    Answer("one minute is enough", 1, NOT_YET, ("How many minutes are bad?",),
           WATCH.replace("needed=3", "needed=1")),
    Answer("many alarms", 1, NOT_YET, ("are what she reads", "had it not come?"), WATCH + MANY),
    # -- 2: what it was
    Answer("nothing for the second", 2, UNTOUCHED, ("No `explain` has been handed in",)),
    Answer("causes, then the trail", 2, PASSED, ("3 of 3", "deepest service"), EXPLAIN),
    Answer("the person from the session", 2, PASSED, ("3 of 3",), QUICK.replace(
        'first = f"{min(at for what, at in bad if what == guilty)',
        'first = f"{min(at for what, at in faults(start, start + 2 * MINUTES) if what == guilty)')),
    Answer("the root", 2, NOT_YET, ("You say front", "say of its own cause?"),
           PLACE.replace("WHICH", "changes(quiet, end)[-1]").replace(
               '"node": guilty[0]', '"node": "front"')),
    Answer("the last change", 2, NOT_YET, ("tried to help", "first bad minute?"),
           PLACE.replace("WHICH", "changes(quiet, end)[-1]")),
    Answer("the one before it began", 2, NOT_YET, ("about something else",), PLACE.replace(
        "WHICH", '[one for one in changes(quiet, end) if "sessions" in str(one)][-1]')),
    Answer("the first about it", 2, NOT_YET, ("did no harm",),
           PLACE.replace("WHICH", f"[one for one in changes(quiet, end) {MINE}][0]")),
    Answer("who was refused", 2, NOT_YET, ("was refused", "call that went well?"), TRIED),
    Answer("a name for an id", 2, NOT_YET, ("no such change", "is its name?"), PLACE.replace(
        "WHICH", "changes(quiet, end)[-1]").replace('change["eventID"]', 'change["eventName"]')),
    Answer("the user alone", 2, NOT_YET, ("You say nobody", "end of the ARN?"), PLACE.replace(
        "WHICH", f"[one for one in changes(quiet, end) {MINE}][-3]").replace(
        'change["userIdentity"]["arn"].rpartition("/")[2]',
        'change["userIdentity"].get("userName")')),
    Answer("nothing comes back", 2, NOT_YET, ("returned NoneType",),
           "@ex.deliver\ndef explain(quiet, start, end):\n    pass"),
    Answer("the name of whoever has one", 2, BROKEN, ("KeyError",), PLACE.replace(
        "WHICH", 'changes(quiet, end)[-1]["nobody"]')),
    # -- 3: put back
    Answer("nothing for the third", 3, UNTOUCHED, ("No `mend` has been handed in",)),
    Answer("as it was", 3, PASSED, ("3 of 3", "what one record had changed"), MEND),
    Answer("on demand", 3, PASSED, ("3 of 3",), ON_DEMAND),
    Answer("nothing done", 3, NOT_YET, ("nothing that was accepted", "who still knows?"),
           "@ex.deliver\ndef mend(record):\n    pass"),
    Answer("half of it", 3, NOT_YET, ("requests went well", "How was it before"),
           MEND.replace("200,", "120,")),
    Answer("what the record shows", 3, NOT_YET, ("in its place",),
           MEND.replace('Value=good["Value"]', 'Value=asked["value"]')),
    Answer("from memory", 3, NOT_YET, ("before the change it was", "last good one?"),
           MEND.replace('Value=good["Value"]', 'Value="eur,usd,gbp"')),
    Answer("open to all", 3, NOT_YET, ("open to 0.0.0.0/0", "let in before?"),
           MEND.replace('r["cidrIp"]', '"0.0.0.0/0"')),
    Answer("made anew", 3, NOT_YET, ("DeleteTable", "nobody can put back?"), ANEW),
    Answer("all parameters", 3, NOT_YET, ("changed 4 things",), MEND + REWRITES),
    Answer("a field that is not there", 3, BROKEN, ("KeyError",),
           MEND.replace('asked["tableName"]', 'asked["TableName"]')),
]  # fmt: skip
