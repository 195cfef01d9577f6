"""Exercise 14: a trail for the auditor, and the inquiry into Friday night."""

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer

POLICY = """import json
s3, cloudtrail = boto3.client("s3"), boto3.client("cloudtrail")
writer = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
arn = f"arn:aws:s3:::{ex.bucket}"
s3.put_bucket_policy(Bucket=ex.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {**writer, "Action": "s3:GetBucketAcl", "Resource": arn},
    {**writer, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/*"}]}))
"""
CREATE = """cloudtrail.create_trail(Name="audit", S3BucketName=ex.bucket, IsMultiRegionTrail=True,
                        EnableLogFileValidation=True)
"""
SELECTORS = """def field(name, **rule):
    return {"Field": name, **rule}
cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[
    {"FieldSelectors": [field("eventCategory", Equals=["Management"])]},
    {"FieldSelectors": [field("eventCategory", Equals=["Data"]),
                        field("resources.type", Equals=["AWS::S3::Object"]),
                        field("readOnly", Equals=["true"]),
                        field("resources.ARN", StartsWith=[ex.customer])]}])
"""
START = 'cloudtrail.start_logging(Name="audit")\n'
TRAIL = POLICY + CREATE + SELECTORS + START

#: The basic form: one selector for management, one for data.
BASIC = """cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[
    {"ReadWriteType": "All", "IncludeManagementEvents": True},
    {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": False, "DataResources": [
        {"Type": "AWS::S3::Object", "Values": [ex.customer]}]}])
"""
ONE_BASIC = """cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[
    {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True, "DataResources": [
        {"Type": "AWS::S3::Object", "Values": [ex.customer]}]}])
"""
NINETY = """s3.put_bucket_lifecycle_configuration(Bucket=ex.bucket, LifecycleConfiguration={
    "Rules": [{"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""},
               "Expiration": {"Days": 90}}]})
"""

FRIDAY = """
import json

@ex.deliver
def friday():
    cloudtrail = boto3.client("cloudtrail", region_name="us-east-1")

    def lookup(key, value):
        pages = cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
        found = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
        return [one for one in found if one["eventTime"].startswith(ex.friday)]

    deleted = next(one for one in lookup("EventName", "DeleteSubnet") if "errorCode" not in one)
    session = deleted["userIdentity"]["arn"]
    begun = next(one for one in lookup("EventName", "AssumeRole")
                 if one["responseElements"]["assumedRoleUser"]["arn"] == session)
    calls = lookup("AccessKeyId", deleted["userIdentity"]["accessKeyId"])
    touched = set()
    for one in calls:
        if not one["readOnly"] and "errorCode" not in one:
            asked = json.dumps(one["requestParameters"])
            touched |= {word for word in asked.split('"')
                        if word.startswith(("subnet-", "rtb-", "sg-", "i-"))}
    return {"person": begun["userIdentity"]["userName"], "address": deleted["sourceIPAddress"],
            "touched": sorted(touched), "failed": sum("errorCode" in one for one in calls)}
"""

ANSWERS = [
    # -- 1: the trail
    Answer("nothing at all", 1, UNTOUCHED, ("`november`, as it was", "get_trail_status")),
    Answer("a trail of one's own", 1, PASSED, ("none beside them", "$0.10 for"),
           TRAIL + FRIDAY),
    Answer(
        "basic selectors", 1, PASSED, ("none beside them",),
        POLICY + CREATE + BASIC + START,
    ),
    Answer(
        "not started", 1, NOT_YET, ("no trail of yours is logging", "ask it for its status"),
        POLICY + CREATE + SELECTORS,
    ),
    Answer(
        "one Region", 1, NOT_YET, ("a VPC is made in ap-southeast-2", "In how many Regions"),
        TRAIL.replace("IsMultiRegionTrail=True,", "IncludeGlobalServiceEvents=True,"),
    ),
    Answer(
        "no data events", 1, NOT_YET, ("an object of teapot-customer is read", "reads of objects"),
        POLICY + CREATE + START,
    ),
    Answer(
        "all buckets", 1, NOT_YET, ("nobody asked for it", "teapot-customer-old"),
        TRAIL.replace(
            ',\n                        field("resources.ARN", StartsWith=[ex.customer])', ""),
    ),
    Answer(
        "no slash", 1, NOT_YET, ("teapot-customer-old is read", "Where does the name"),
        TRAIL.replace("StartsWith=[ex.customer]", 'StartsWith=[ex.customer.rstrip("/")]'),
    ),
    Answer(
        "writes as well", 1, NOT_YET, ("an object is written to teapot-customer",),
        TRAIL.replace('field("readOnly", Equals=["true"]),', ""),
    ),
    Answer(
        "one selector for reads", 1, NOT_YET, ("Not in your files: a VPC is made",),
        POLICY + CREATE + ONE_BASIC + START,
    ),
    Answer(
        "without validation", 1, NOT_YET, ("no digest names that file", "a change shows later"),
        TRAIL.replace("EnableLogFileValidation=True", "EnableLogFileValidation=False"),
    ),
    Answer(
        "ninety days", 1, NOT_YET, ("deletes the files after 90 days", "day 399"),
        TRAIL + NINETY,
    ),
    # -- 2: Friday night
    Answer("nothing handed in", 2, UNTOUCHED, ("No answer has been handed in",)),
    Answer("by event history", 2, PASSED, ("4 things changed", "A role has no face"), FRIDAY),
    Answer(
        "constants that are right", 2, PASSED, ("4 things changed",),
        FRIDAY + "\nknown = friday()\n\n@ex.deliver\ndef friday():\n    return known\n",
    ),
    Answer(
        "the role", 2, NOT_YET, ("worn by four people", "who took the role on"),
        FRIDAY.replace('begun["userIdentity"]["userName"]', '"deploy"'),
    ),
    Answer(
        "the session's name", 2, NOT_YET, ("is the name of a session",),
        FRIDAY.replace('begun["userIdentity"]["userName"]', 'session.split("/")[-1]'),
    ),
    Answer(
        "who was refused", 2, NOT_YET, ("and was refused", "differ from one of a call"),
        FRIDAY.replace('if "errorCode" not in one)\n    session', 'if "errorCode" in one\n'
                       '        and one["sourceIPAddress"].startswith("198"))\n    session'),
    ),
    Answer(
        "the subnet alone", 2, NOT_YET, ("3 of 4 things are missing", "before and after"),
        FRIDAY.replace('("subnet-", "rtb-", "sg-", "i-")', '("subnet-",)'),
    ),
    Answer(
        "what was refused too", 2, NOT_YET, ("was not changed by this session",),
        FRIDAY.replace('if not one["readOnly"] and "errorCode" not in one',
                       'if not one["readOnly"]'),
    ),
    Answer(
        "the first page", 2, NOT_YET, ("0 refused calls",),
        FRIDAY.replace('sum("errorCode" in one for one in calls)', "0"),
    ),
    Answer(
        "no dict", 2, NOT_YET, ("has not the four keys",),
        "@ex.deliver\ndef friday():\n    return 'chiara'\n",
    ),
]  # fmt: skip
