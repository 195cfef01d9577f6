"""Contributor Insights through boto3: rules kept, reports once somebody has log events."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

SERVICE = "arn:aws:ec2:us-east-1:123456789012:vpc-endpoint-service/vpce-svc-1"
DEFINITION = json.dumps(
    {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
        "LogGroupNames": ["api*"],
        "LogFormat": "JSON",
        "Contribution": {"Keys": ["$.ip"], "Filters": []},
        "AggregateOn": "Count",
    }
)


def refused(call, **parameters):
    with pytest.raises(ClientError) as problem:
        call(**parameters)
    return problem.value.response["Error"]["Code"]


def states(client):
    return {one["Name"]: one["State"] for one in client.describe_insight_rules()["InsightRules"]}


def test_a_rule_from_its_making_to_its_end(cloudwatch):
    cloudwatch.put_insight_rule(RuleName="ips", RuleDefinition=DEFINITION)
    [one] = cloudwatch.describe_insight_rules()["InsightRules"]
    assert one["Definition"] == DEFINITION
    assert one["ManagedRule"] is False
    assert json.loads(one["Schema"])["Name"] == "CloudWatchLogRule"
    cloudwatch.disable_insight_rules(RuleNames=["ips"])
    assert states(cloudwatch) == {"ips": "DISABLED"}
    cloudwatch.enable_insight_rules(RuleNames=["ips"])
    assert states(cloudwatch) == {"ips": "ENABLED"}
    assert cloudwatch.delete_insight_rules(RuleNames=["ips"])["Failures"] == []
    assert states(cloudwatch) == {}


def test_rules_that_are_not_there_are_failures(cloudwatch):
    cloudwatch.put_insight_rule(RuleName="ips", RuleDefinition=DEFINITION, RuleState="DISABLED")
    answer = cloudwatch.enable_insight_rules(RuleNames=["ips", "gone"])
    assert [one["FailureResource"] for one in answer["Failures"]] == ["gone"]
    assert states(cloudwatch) == {"ips": "ENABLED"}


@pytest.mark.parametrize(
    "change", [{"RuleDefinition": "{}"}, {"RuleState": "ON"}, {"RuleDefinition": "no JSON"}]
)
def test_rules_refused(cloudwatch, change):
    given = {"RuleName": "ips", "RuleDefinition": DEFINITION, **change}
    assert refused(cloudwatch.put_insight_rule, **given) == "InvalidParameterValue"
    assert states(cloudwatch) == {}


def test_a_hundred_rules(cloudwatch):
    for number in range(100):
        cloudwatch.put_insight_rule(RuleName=f"r{number}", RuleDefinition=DEFINITION)
    code = refused(cloudwatch.put_insight_rule, RuleName="more", RuleDefinition=DEFINITION)
    assert code == "LimitExceededException"
    first = cloudwatch.describe_insight_rules(MaxResults=60)
    rest = cloudwatch.describe_insight_rules(MaxResults=60, NextToken=first["NextToken"])
    assert len(first["InsightRules"]) + len(rest["InsightRules"]) == 100


def test_managed_rules(cloudwatch):
    template = "VpcEndpointService-BytesByEndpointId-v1"
    listed = cloudwatch.list_managed_insight_rules(ResourceARN=SERVICE)["ManagedRules"]
    assert template in [one["TemplateName"] for one in listed]
    answer = cloudwatch.put_managed_insight_rules(
        ManagedRules=[
            {"TemplateName": template, "ResourceARN": SERVICE},
            {"TemplateName": "Nothing-v1", "ResourceARN": SERVICE},
        ]
    )
    assert [one["FailureResource"] for one in answer["Failures"]] == [SERVICE]
    [rule] = cloudwatch.describe_insight_rules()["InsightRules"]
    assert (rule["ManagedRule"], rule["State"]) == (True, "ENABLED")
    listed = cloudwatch.list_managed_insight_rules(ResourceARN=SERVICE)["ManagedRules"]
    used = {one["TemplateName"]: one.get("RuleState") for one in listed}
    assert used[template] == {"RuleName": rule["Name"], "State": "ENABLED"}
    given = {"RuleName": rule["Name"], "RuleDefinition": DEFINITION}
    assert refused(cloudwatch.put_insight_rule, **given) == "InvalidParameterValue"


def test_tags_of_rules_and_streams(cloudwatch):
    cloudwatch.put_insight_rule(
        RuleName="ips", RuleDefinition=DEFINITION, Tags=[{"Key": "a", "Value": "1"}]
    )
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:insight-rule/ips"
    stream = cloudwatch.put_metric_stream(
        Name="s", OutputFormat="json", RoleArn="arn:aws:iam::123456789012:role/r",
        FirehoseArn="arn:aws:firehose:us-east-1:123456789012:deliverystream/d",
    )["Arn"]  # fmt: skip
    for one in (arn, stream):
        cloudwatch.tag_resource(ResourceARN=one, Tags=[{"Key": "b", "Value": "2"}])
    tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=stream)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]


class Reported:
    """A lab whose port for log events is answered by a list."""

    def __init__(self, lab, cloudwatch):
        self.lab, self.client, self.events, self.asked = lab, cloudwatch, [], []
        ports = lab.world.ports
        ports._answers.pop("log_events", None)
        ports.answer("log_events", self.answer)
        cloudwatch.put_insight_rule(RuleName="ips", RuleDefinition=DEFINITION)

    def answer(self, account, region, groups, start_us, end_us, transformed):
        self.asked.append((account, region, tuple(groups)))
        return [(at, text) for at, text in self.events if start_us <= at < end_us]

    def log(self, ip):
        self.events.append((self.lab.world.clock.now_us, json.dumps({"ip": ip})))

    def report(self, **more):
        now = self.lab.now
        return self.client.get_insight_rule_report(
            RuleName="ips", StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(seconds=60), Period=60, **more,
        )  # fmt: skip


@pytest.fixture
def reported(lab, cloudwatch):
    return Reported(lab, cloudwatch)


def test_a_report(reported):
    for ip in "aab":
        reported.log(ip)
    reported.lab.advance(minutes=1)
    reported.log("b")
    reported.log("b")
    answer = reported.report(Metrics=["UniqueContributors", "Sum"])
    assert reported.asked == [("123456789012", "us-east-1", ("api*",))]
    assert answer["KeyLabels"] == ["$.ip"]
    assert answer["AggregationStatistic"] == "Count"
    assert (answer["AggregateValue"], answer["ApproximateUniqueCount"]) == (5.0, 2)
    assert [(one["Keys"], one["ApproximateAggregateValue"]) for one in answer["Contributors"]] == [
        (["b"], 3.0), (["a"], 2.0),
    ]  # fmt: skip
    points = answer["MetricDatapoints"]
    assert [(one["UniqueContributors"], one["Sum"]) for one in points] == [(2.0, 3.0), (1.0, 2.0)]
    assert len(reported.report(MaxContributorCount=1)["Contributors"]) == 1


def test_a_disabled_rule_counts_nothing(reported):
    reported.log("a")
    reported.client.disable_insight_rules(RuleNames=["ips"])
    reported.log("b")
    reported.client.enable_insight_rules(RuleNames=["ips"])
    reported.log("c")
    found = [one["Keys"] for one in reported.report()["Contributors"]]
    assert found == [["a"], ["c"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RuleName": "gone"}, "ResourceNotFoundException"),
        ({"Period": 61}, "InvalidParameterValue"),
        ({"MaxContributorCount": 101}, "InvalidParameterValue"),
        ({"OrderBy": "Name"}, "InvalidParameterValue"),
        ({"Metrics": ["p99"]}, "InvalidParameterValue"),
    ],
)
def test_reports_refused(lab, reported, change, code):
    given = {
        "RuleName": "ips", "StartTime": lab.now - timedelta(hours=1), "EndTime": lab.now,
        "Period": 60, **change,
    }  # fmt: skip
    assert refused(reported.client.get_insight_rule_report, **given) == code


# -- definitions and datasets
def test_query_definitions(lab, cloudwatch):
    put = cloudwatch.put_metric_data_query_definition
    made = put(Path="shop/errors", Expression="m1/m2", Type="METRIC_MATH")
    assert put(Id=made["Id"], Path="shop/rate", Expression="m1", Type="METRIC_MATH")[
        "CreatedAt"
    ] == made["CreatedAt"]  # fmt: skip
    got = cloudwatch.get_metric_data_query_definition(Id=made["Id"])
    assert (got["Path"], got["Expression"], got["Arn"]) == ("shop/rate", "m1", made["Arn"])
    put(Path="a", Expression="SELECT", Type="SQL")
    first = cloudwatch.list_metric_data_query_definitions(MaxResults=1)
    rest = cloudwatch.list_metric_data_query_definitions(MaxResults=1, NextToken=first["NextToken"])
    assert [one["Path"] for one in first["Items"] + rest["Items"]] == ["a", "shop/rate"]
    assert refused(put, Path="a", Expression="x", Type="SQL") == "ConflictException"
    assert refused(put, Id="x", Path="b", Expression="x", Type="SQL") == "ResourceNotFoundException"
    cloudwatch.delete_metric_data_query_definition(Id=made["Id"])
    cloudwatch.delete_metric_data_query_definition(Id=made["Id"])
    assert refused(
        cloudwatch.get_metric_data_query_definition, Id=made["Id"]
    ) == "ResourceNotFoundException"  # fmt: skip


def test_the_datasets_key(lab, cloudwatch):
    made = lab.client("kms").create_key()["KeyMetadata"]
    key = made["Arn"]
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:dataset/default"
    assert "KmsKeyArn" not in cloudwatch.get_dataset(DatasetIdentifier="default")
    cloudwatch.associate_dataset_kms_key(DatasetIdentifier=arn, KmsKeyArn=key)
    assert cloudwatch.get_dataset(DatasetIdentifier=arn)["KmsKeyArn"] == key
    cloudwatch.disassociate_dataset_kms_key(DatasetIdentifier="default")
    assert refused(
        cloudwatch.disassociate_dataset_kms_key, DatasetIdentifier="default"
    ) == "ConflictException"  # fmt: skip
    lab.client("kms").disable_key(KeyId=made["KeyId"])
    given = {"DatasetIdentifier": "default", "KmsKeyArn": key}
    assert refused(cloudwatch.associate_dataset_kms_key, **given) == "KmsKeyDisabledException"
    given["KmsKeyArn"] = key[:-4] + "0000"
    assert refused(cloudwatch.associate_dataset_kms_key, **given) == "KmsKeyNotFoundException"


def test_a_rule_over_time_in_metric_math(lab, cloudwatch):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="api-1")
    logs.create_log_stream(logGroupName="api-1", logStreamName="s")
    cloudwatch.put_insight_rule(RuleName="ips", RuleDefinition=DEFINITION)
    start = lab.now
    for ips in (["a", "b", "a"], [], ["c"]):
        at = lab.world.clock.now_us // 1000
        events = [{"timestamp": at, "message": json.dumps({"ip": ip})} for ip in ips]
        if events:
            logs.put_log_events(logGroupName="api-1", logStreamName="s", logEvents=events)
        lab.advance(minutes=5)

    def values(expression):
        query = {"Id": "e", "Expression": expression, "Period": 300}
        told = cloudwatch.get_metric_data(
            MetricDataQueries=[query], StartTime=start, EndTime=lab.now, ScanBy="TimestampAscending"
        )
        return told["MetricDataResults"][0]["Values"]

    assert values("INSIGHT_RULE_METRIC('ips', 'UniqueContributors')") == [2, 1]
    assert values("INSIGHT_RULE_METRIC('ips', 'MaxContributorValue')") == [2, 1]
    assert values("FILL(INSIGHT_RULE_METRIC('ips', 'Sum'), 0)")[:3] == [3, 0, 1]
    report = cloudwatch.get_insight_rule_report(
        RuleName="ips", StartTime=start, EndTime=lab.now, Period=300
    )
    assert [one["Keys"] for one in report["Contributors"]] == [["a"], ["b"], ["c"]]
    with pytest.raises(ClientError, match="no Contributor Insights rule gone"):
        values("INSIGHT_RULE_METRIC('gone', 'Sum')")
    with pytest.raises(ClientError, match="NotImplemented"):
        cloudwatch.put_metric_alarm(
            AlarmName="a", EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Metrics=[{"Id": "e", "Expression": "INSIGHT_RULE_METRIC('ips', 'Sum')", "Period": 300}],
        )  # fmt: skip
