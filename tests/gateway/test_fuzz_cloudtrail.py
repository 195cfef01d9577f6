"""CloudTrail with whatever botocore lets through."""

import gzip
import json

import pytest
from fuzzing import Fuzzed, attempt, check

ACCOUNT = "123456789012"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"
TRAIL, NAMED, TRAILNAME = {"Name": "audit"}, {"TrailName": "audit"}, {"Name": "trail-NEW"}
TAGS = [{"Key": "a", "Value": "b"}]
STORE, CHANNEL, BOARD = (
    {"EventDataStore": "$store"}, {"Channel": "$channel"}, {"DashboardId": "board"},
)  # fmt: skip
OUTSIDE = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]
READS = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
ERRORS = [{"InsightType": "ApiErrorRateInsight"}]
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
BUCKET = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
     "Action": ["s3:PutObject", "s3:GetBucketAcl"],
     "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"]}]})  # fmt: skip
FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/01/05/"
SOURCE = {"S3": {"S3LocationUri": f"s3://proof/AWSLogs/{ACCOUNT}/CloudTrail/",
                 "S3BucketRegion": "us-east-1",
                 "S3BucketAccessRoleArn": f"arn:aws:iam::{ACCOUNT}:role/import"}}  # fmt: skip
SHOWN = {"Type": "bar"}


def store(trail, name, **more):
    """The ARN of the store of a name, made if it is not there."""
    made = attempt(
        trail.create_event_data_store, Name=name, TerminationProtectionEnabled=False, **more
    )
    if made:
        return made["EventDataStoreArn"]
    stores = trail.list_event_data_stores()["EventDataStores"]
    return next(one["EventDataStoreArn"] for one in stores if one["Name"] == name)


def prepare(lab):
    s3, trail = lab.client("s3"), lab.client("cloudtrail")
    if not attempt(s3.head_bucket, Bucket="proof"):
        s3.create_bucket(Bucket="proof")
        s3.put_bucket_policy(Bucket="proof", Policy=BUCKET)
        s3.put_object(Bucket="proof", Key=f"{FOLDER}a.json.gz",
                      Body=gzip.compress(b'{"Records":[]}', mtime=0))  # fmt: skip
    attempt(trail.create_trail, **TRAIL, S3BucketName="proof")
    attempt(trail.put_insight_selectors, **NAMED, InsightSelectors=ERRORS)
    attempt(trail.create_trail, Name="spare", S3BucketName="proof")
    kept, outside = store(trail, "kept"), store(trail, "out", AdvancedEventSelectors=OUTSIDE)
    sql = f"SELECT eventName FROM {kept.rpartition('/')[2]}"
    attempt(trail.create_channel, Name="kept", Source="Custom",
            Destinations=[{"Type": "EVENT_DATA_STORE", "Location": outside}])  # fmt: skip
    widget = {"QueryStatement": sql, "ViewProperties": SHOWN}
    attempt(trail.create_dashboard, Name="board", Widgets=[widget])
    channel = trail.list_channels()["Channels"][0]["ChannelArn"]
    attempt(trail.put_resource_policy, ResourceArn=channel, ResourcePolicy=POLICY)
    return {"$store": kept, "$outside": outside, "$channel": channel, "$sql": sql}


def query(lab, things):
    things["$query"] = lab.client("cloudtrail").start_query(QueryStatement=things["$sql"])[
        "QueryId"
    ]


def importing(lab, things):
    lab.advance(minutes=5)
    made = lab.client("cloudtrail").start_import(
        Destinations=[things["$store"]], ImportSource=SOURCE
    )
    things["$import"] = made["ImportId"]


def gone(lab, things):
    lab.advance(minutes=5)
    attempt(lab.client("cloudtrail").delete_event_data_store, EventDataStore=things["$store"])


def back(lab, things):
    trail = lab.client("cloudtrail")
    attempt(trail.restore_event_data_store, EventDataStore=things["$store"])
    attempt(trail.disable_federation, EventDataStore=things["$store"])


def stopped(lab, things):
    back(lab, things)
    attempt(lab.client("cloudtrail").stop_event_data_store_ingestion,
            EventDataStore=things["$store"])  # fmt: skip


def started(lab, things):
    back(lab, things)
    attempt(lab.client("cloudtrail").start_event_data_store_ingestion,
            EventDataStore=things["$store"])  # fmt: skip


def room(lab, things):
    """Five trails are a Region's most, and ten event data stores."""
    trail = lab.client("cloudtrail")
    for one in trail.list_trails()["Trails"]:
        if one["Name"] not in ("audit", "spare"):
            trail.delete_trail(Name=one["TrailARN"])
    for one in trail.list_event_data_stores()["EventDataStores"]:
        arn = one["EventDataStoreArn"]
        if arn not in (things["$store"], things["$outside"]):
            attempt(trail.update_event_data_store, EventDataStore=arn,
                    TerminationProtectionEnabled=False)  # fmt: skip
            attempt(trail.delete_event_data_store, EventDataStore=arn)


def closed(lab, things):
    for one in lab.client("cloudtrail").list_channels()["Channels"]:
        lab.client("cloudtrail").delete_channel(Channel=one["ChannelArn"])


CLOUDTRAIL = Fuzzed(
    "cloudtrail",
    {
        "CreateTrail": TRAILNAME | {"S3BucketName": "proof"}, "UpdateTrail": TRAIL,
        "DeleteTrail": {"Name": "spare"}, "GetTrail": TRAIL, "GetTrailStatus": TRAIL,
        "StartLogging": TRAIL, "StopLogging": TRAIL, "GetEventSelectors": NAMED,
        "PutEventSelectors": NAMED | {"EventSelectors": READS},
        "GetInsightSelectors": NAMED, "PutInsightSelectors": NAMED | {"InsightSelectors": ERRORS},
        "ListInsightsData": {"InsightSource": ARN, "DataType": "InsightsEvents"},
        "ListInsightsMetricData": {"EventSource": "ec2.amazonaws.com", "EventName": "RunInstances",
                                   "InsightType": "ApiCallRateInsight"},
        "AddTags": {"ResourceId": ARN, "TagsList": TAGS},
        "RemoveTags": {"ResourceId": ARN, "TagsList": TAGS},
        "ListTags": {"ResourceIdList": [ARN]},
        "CreateEventDataStore": {"Name": "store-NEW", "TerminationProtectionEnabled": False},
        "GetEventDataStore": STORE, "UpdateEventDataStore": STORE, "DeleteEventDataStore": STORE,
        "RestoreEventDataStore": STORE, "StartEventDataStoreIngestion": STORE,
        "StopEventDataStoreIngestion": STORE, "ListQueries": STORE,
        "GetEventConfiguration": STORE,
        "PutEventConfiguration": STORE | {"MaxEventSize": "Large", "ContextKeySelectors": [
            {"Type": "TagContext", "Equals": ["team"]}]},
        "EnableFederation": STORE | {
            "FederationRoleArn": f"arn:aws:iam::{ACCOUNT}:role/federation"},
        "DisableFederation": STORE,
        "StartQuery": {"QueryStatement": "$sql"}, "DescribeQuery": {"QueryId": "$query"},
        "GetQueryResults": {"QueryId": "$query"}, "CancelQuery": {"QueryId": "$query"},
        "SearchSampleQueries": {"SearchPhrase": "root user activity"},
        "StartImport": {"Destinations": ["$store"], "ImportSource": SOURCE},
        "GetImport": {"ImportId": "$import"}, "StopImport": {"ImportId": "$import"},
        "ListImportFailures": {"ImportId": "$import"},
        "CreateChannel": {"Name": "chan-NEW", "Source": "Custom", "Destinations": [
            {"Type": "EVENT_DATA_STORE", "Location": "$outside"}]},
        "GetChannel": CHANNEL, "UpdateChannel": CHANNEL, "DeleteChannel": CHANNEL,
        "GetResourcePolicy": {"ResourceArn": "$channel"},
        "PutResourcePolicy": {"ResourceArn": "$channel", "ResourcePolicy": POLICY},
        "DeleteResourcePolicy": {"ResourceArn": "$channel"},
        "CreateDashboard": {"Name": "dash-NEW", "Widgets": [
            {"QueryStatement": "$sql", "ViewProperties": SHOWN}]},
        "GetDashboard": BOARD, "UpdateDashboard": BOARD, "DeleteDashboard": BOARD,
        "ListDashboards": {}, "StartDashboardRefresh": BOARD,
    },
    prepare,
    # Not modelled for some of the lists.
    {
        "ValidationException", "InvalidParameterException", "InvalidNextTokenException",
        "ImportNotFoundException",
    },
    {
        "CreateTrail": room, "CreateEventDataStore": room, "CreateChannel": closed,
        "DescribeQuery": query, "GetQueryResults": query, "CancelQuery": query,
        "GetImport": importing, "StopImport": importing, "ListImportFailures": importing,
        "StartImport": lambda lab, things: lab.advance(minutes=5),
        "RestoreEventDataStore": gone, "DeleteEventDataStore": back, "EnableFederation": back,
        "StartEventDataStoreIngestion": stopped, "StopEventDataStoreIngestion": started,
    },
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", CLOUDTRAIL.operations())
def test_every_call_of_cloudtrail_is_answered(name):
    check(CLOUDTRAIL, name)
