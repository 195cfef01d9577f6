"""Exercise 15: an insight explained, and one mailed."""

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer

TRACE = """
import json
from datetime import datetime, timedelta

def calls(region, key, value, start, end):
    pages = boto3.client("cloudtrail", region_name=region).get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}],
        StartTime=start, EndTime=end)
    return [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]][::-1]

def names(call):
    made, asked = call["responseElements"] or {}, call["requestParameters"] or {}
    if "instancesSet" in made:
        return [one["instanceId"] for one in made["instancesSet"]["items"]]
    if "accessKey" in made:
        return [made["accessKey"]["accessKeyId"]]
    return [asked.get("keyName") or asked.get("groupId")]

@ex.deliver
def trace(insight):
    details = insight["insightDetails"]
    who = details["insightContext"]["attributions"][0]["insight"][0]["value"]
    loud = datetime.fromisoformat(insight["eventTime"])
    first = next(c for c in calls(insight["awsRegion"], "EventName", details["eventName"],
                                  loud, loud + timedelta(minutes=5))
                 if c["userIdentity"]["arn"] == who)
    key, ip = first["userIdentity"]["accessKeyId"], first["sourceIPAddress"]
    regions = sorted({"us-east-1", insight["awsRegion"]})
    mine = sorted(
        (c for region in regions
         for c in calls(region, "AccessKeyId", key, loud - timedelta(days=2),
                        loud + timedelta(hours=2))
         if c["sourceIPAddress"] == ip), key=lambda c: c["eventTime"])
    since = datetime.fromisoformat(mine[0]["eventTime"])
    return {"attack": loud - since < timedelta(days=1), "who": who, "address": ip, "since": since,
            "touched": [n for c in mine if not c["readOnly"] and "errorCode" not in c
                        for n in names(c)]}
"""

RULE = """
import json
events = boto3.client("events", region_name="us-east-1")
events.put_rule(Name="unusual", EventPattern=json.dumps({
    "source": ["aws.cloudtrail"], "detail-type": ["AWS Insight via CloudTrail"],
    "detail": {"insightDetails": {"state": ["Start"]}}}))
events.put_targets(Rule="unusual", Targets=[{"Id": "priya", "Arn": ex.topic, "InputTransformer": {
    "InputPathsMap": {
        "call": "$.detail.insightDetails.eventName", "t": "$.detail.eventTime",
        "who": "$.detail.insightDetails.insightContext.attributions[0].insight[0].value"},
    "InputTemplate": '"<t>: unusually many <call> by <who>"'}}])
"""

ANSWERS = [
    # -- 1: three insights
    Answer("nothing handed in", 1, UNTOUCHED, ("No function has been handed in",)),
    Answer("by key and address", 1, PASSED, ("3 of 3", "one attack"), TRACE + RULE),
    Answer("since as text", 1, PASSED, ("3 of 3",),
           TRACE.replace('"since": since,', '"since": since.isoformat(),')),
    Answer("everything is an attack", 1, NOT_YET, ("You say: an attack", "the same key"),
           TRACE.replace("loud - since < timedelta(days=1)", "True")),
    Answer("nothing is an attack", 1, NOT_YET, ("You say: harmless", "never used before"),
           TRACE.replace("loud - since < timedelta(days=1)", "False")),
    Answer("since the insight", 1, NOT_YET, ("26 minutes earlier", "before it was loud"),
           TRACE.replace('"since": since,', '"since": loud,')),
    Answer("only the machines", 1, NOT_YET, ("3 of them are doors",),
           TRACE.replace('and "errorCode" not in c', 'and c["eventName"] == "RunInstances"')),
    Answer("only the insight's Region", 1, NOT_YET, ("earlier",),
           TRACE.replace('sorted({"us-east-1", insight["awsRegion"]})', '[insight["awsRegion"]]')),
    Answer("failed calls as well", 1, NOT_YET, ("the thief did not change",),
           TRACE.replace('and "errorCode" not in c', "").replace(
               'return [asked.get("keyName") or asked.get("groupId")]',
               'return [asked.get("keyName") or asked.get("groupId") or "refused-user"]')),
    Answer("the user's name", 1, NOT_YET, ("You name",),
           TRACE.replace('"who": who,', '"who": who.split("/")[-1],')),
    Answer("no dictionary", 1, NOT_YET, ("returned NoneType",),
           "@ex.deliver\ndef trace(insight):\n    pass"),
    # -- 2: the e-mails
    Answer("nothing at all", 2, UNTOUCHED, ("there is no rule in us-east-1",)),
    Answer("each beginning", 2, PASSED, ("e-mails came for",), RULE),
    Answer("by detail-type and state alone", 2, PASSED, ("e-mails came for",),
           RULE.replace('"source": ["aws.cloudtrail"], ', "")),
    Answer("beginning and end", 2, NOT_YET, ("2 e-mails for one case",),
           RULE.replace('"detail": {"insightDetails": {"state": ["Start"]}}', "")),
    Answer("EC2 as source", 2, NOT_YET, ("no e-mail names it", "Which source"),
           RULE.replace("aws.cloudtrail", "aws.ec2")),
    Answer("call rates only", 2, NOT_YET, ("ApiErrorRateInsight",),
           RULE.replace('{"state": ["Start"]}',
                        '{"state": ["Start"], "insightType": ["ApiCallRateInsight"]}')),
    Answer("without who", 2, NOT_YET, ("does not say who",), RULE.replace(" by <who>", "")),
]  # fmt: skip
