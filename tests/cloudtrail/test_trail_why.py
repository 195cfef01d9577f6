"""Why a trail logs an event: the selector, the field, and always what the trail really does."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudtrail.engine import lake, selecting, selectors
from labkit.core.errors import LabError

PUT = selectors.Described(
    "Data", False, "PutObject", "s3.amazonaws.com", "AWS::S3::Object", "arn:aws:s3:::shop/a/b",
    "arn:aws:iam::123456789012:user/ada",
)  # fmt: skip
LIST = selectors.Described("Management", True, "ListKeys", "kms.amazonaws.com")


def advanced(category="Data", name="", **fields):
    listed = [{"Field": "eventCategory", "Equals": [category]}]
    listed += [{"Field": key.replace("_", "."), **value} for key, value in fields.items()]
    return {"FieldSelectors": listed, **({"Name": name} if name else {})}


@pytest.mark.parametrize(
    ("event", "basic", "expected"),
    [
        (LIST, {"ReadWriteType": "WriteOnly"},
         "selector 1: ReadWriteType is WriteOnly, and ListKeys only reads."),
        (LIST, {"IncludeManagementEvents": False},
         "selector 1: ListKeys is a management event, and IncludeManagementEvents is false."),
        (LIST, {"ExcludeManagementEventSources": ["kms.amazonaws.com"]},
         "selector 1: ExcludeManagementEventSources leaves kms.amazonaws.com out."),
        (LIST, {"ReadWriteType": "ReadOnly"},
         "selector 1: ListKeys is a management event that only reads; ReadWriteType is ReadOnly."),
        (PUT, {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::shop/b"]}]},
         "selector 1: PutObject is a data event of arn:aws:s3:::shop/a/b, which no DataResources "
         "name."),
        (PUT, {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]},
         "selector 1: PutObject is a data event of arn:aws:s3:::shop/a/b, which arn:aws:s3 names."),
    ],
)  # fmt: skip
def test_basic_selectors(event, basic, expected):
    told = selecting.why(event, [basic])
    assert [str(reason) for reason in told.because] == [expected]
    assert told.value is selectors.logs(event, [basic])


@pytest.mark.parametrize(
    ("selector", "field", "expected"),
    [
        (advanced(eventName={"Equals": ["GetObject", "DeleteObject"]}), "eventName",
         "eventName is PutObject; Equals asks for one of GetObject, DeleteObject."),
        (advanced(resources_ARN={"StartsWith": ["arn:aws:s3:::x/"]}), "resources.ARN",
         "resources.ARN is arn:aws:s3:::shop/a/b; StartsWith asks for arn:aws:s3:::x/."),
        (advanced(userIdentity_arn={"NotEndsWith": ["/bob", "/ada"]}), "userIdentity.arn",
         "userIdentity.arn ends with /ada, which NotEndsWith rules out."),
        (advanced("Management"), "eventCategory",
         "eventCategory is Data; Equals asks for Management."),
        (advanced(errorCode={"Equals": ["AccessDenied"]}), "errorCode",
         "errorCode is absent; Equals asks for AccessDenied."),
        (advanced(readOnly={"Equals": ["false"]}), "",
         "Every field matches: eventCategory is Data, readOnly is false."),
    ],
)  # fmt: skip
def test_advanced_selectors(selector, field, expected):
    told = selecting.why(PUT, [], [selector])
    (reason,) = told.because
    assert (reason.text, reason.inputs["field"]) == (expected, field)
    assert told.value is selectors.logs(PUT, [], [selector]) is (field == "")


def test_the_one_that_wants_it_is_named_and_the_others_are_not():
    told = selecting.why(PUT, [], [advanced("Management"), advanced(name="objects")])
    assert [reason.rule for reason in told.because] == ["objects"]
    assert told.because[0].inputs["selector"] == 1


_VALUES = ["PutObject", "GetObject", "true", "false", "arn:aws:s3:::shop/", "/b", "Data", "x"]
_FIELD = st.fixed_dictionaries(
    {"Field": st.sampled_from(selectors.FIELDS)},
    optional={o: st.lists(st.sampled_from(_VALUES), min_size=1) for o in selectors.OPERATORS},
)


@given(
    st.lists(st.fixed_dictionaries({"FieldSelectors": st.lists(_FIELD)}), min_size=1, max_size=3)
)
def test_the_reason_and_the_decision_are_one(chosen):
    assert selecting.why(PUT, [], chosen).value is selectors.logs(PUT, [], chosen)


BUCKET = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
     "Action": ["s3:PutObject", "s3:GetBucketAcl"],
     "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"]}]})  # fmt: skip


def test_why_of_a_lab(lab):
    lab.client("s3").create_bucket(Bucket="proof")
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=BUCKET)
    client = lab.client("cloudtrail")
    client.create_trail(Name="audit", S3BucketName="proof")
    client.put_event_selectors(TrailName="audit", EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    lab.client("sqs").create_queue(QueueName="q")
    lab.client("sqs", region_name="eu-west-1").create_queue(QueueName="q")
    asked = [{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}]
    (entry,) = client.lookup_events(LookupAttributes=asked)["Events"]
    told = lab.cloudtrail.why("audit", entry["EventId"])
    assert (told.value, told.because[0].rule) == (False, "logging")
    client.start_logging(Name="audit")
    told = lab.cloudtrail.why("audit", entry)
    assert str(told) == (
        "True\n  because selector 1: CreateQueue is a management event that changes something; "
        "ReadWriteType is WriteOnly."
    )
    other = lab.client("cloudtrail", region_name="eu-west-1")
    (there,) = other.lookup_events(LookupAttributes=asked)["Events"]
    told = lab.cloudtrail.why("audit", json.loads(there["CloudTrailEvent"]))
    assert told.because[0].text == "audit logs us-east-1 alone; this happened in eu-west-1."
    with pytest.raises(LabError, match="has no event 'nope'"):
        lab.cloudtrail.why("audit", "nope")


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ([{"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}], "says eventCategory"),
        ([advanced("Other")], "says eventCategory Equals one of"),
        ([advanced()], "data events says resources.type"),
        ([advanced("NetworkActivity")], "network activity events says eventSource"),
        ([advanced("Management", eventName={"Equals": []})], "operator without a value"),
        ([advanced("Management", readOnly={"Equals": ["yes"]})], "true or false"),
        ([advanced("Management", readOnly={"NotEquals": ["true"]})], "takes Equals alone"),
        ([advanced("Management", color={"Equals": ["x"]})], "no field 'color'"),
        ([advanced("Management", eventName={"Equals": ["x"] * 501})], "up to 500 values"),
    ],
)
def test_stores_are_as_strict_as_trails(selector, problem):
    with pytest.raises(selectors.InvalidSelector, match=problem):
        selectors.check_advanced(selector)
    assert problem in lake.problem(selector)


def test_a_data_event_out_of_a_file_and_what_it_costs(lab):
    """The record names the object, so that a prefix with its slash tells two buckets apart."""
    s3, client = lab.client("s3"), lab.client("cloudtrail")
    for bucket in ("proof", "shop", "shop-old"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket="proof", Policy=BUCKET)
    client.create_trail(Name="audit", S3BucketName="proof")
    chosen = advanced(name="shop", resources_type={"Equals": ["AWS::S3::Object"]},
                      resources_ARN={"StartsWith": ["arn:aws:s3:::shop/"]})  # fmt: skip
    client.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[chosen])
    client.start_logging(Name="audit")
    for bucket in ("shop", "shop-old"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"")
    lab.advance(minutes=5)
    (one,) = s3.list_objects_v2(Bucket="proof", Prefix="AWSLogs/123456789012/CloudTrail/")[
        "Contents"
    ]
    body = s3.get_object(Bucket="proof", Key=one["Key"])["Body"].read()
    (record,) = json.loads(gzip.decompress(body))["Records"]
    assert lab.cloudtrail.why("audit", record).value is True
    other = json.loads(json.dumps(record).replace("shop/a", "shop-old/a"))
    assert lab.cloudtrail.why("audit", other).value is False
    lines = {line.price.item: line.quantity for line in lab.bill().lines}
    assert lines["cloudtrail.data_event"] == 1
