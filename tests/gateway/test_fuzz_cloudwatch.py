"""CloudWatch and CloudTrail with whatever botocore lets through (see ``fuzzing``)."""

import json

import pytest
from fuzzing import DEPTHS, LATER, NOW, Fuzzed, attempt, check

QUERY = {
    "Id": "a",
    "MetricStat": {"Metric": {"Namespace": "Kept", "MetricName": "kept"}, "Period": 60,
                   "Stat": "Sum"},
}  # fmt: skip
BAND = {"SingleMetricAnomalyDetector":
        {"Namespace": "Kept", "MetricName": "kept", "Stat": "Sum"}}  # fmt: skip
HERE = "arn:aws:cloudwatch:us-east-1:123456789012:"
ALARM = {"ResourceARN": HERE + "alarm:kept"}
SERVICE = "arn:aws:ec2:us-east-1:123456789012:vpc-endpoint-service/vpce-svc-1"
MANAGED = {"TemplateName": "VpcEndpointService-BytesByEndpointId-v1", "ResourceARN": SERVICE}
CONTRIBUTORS = json.dumps(
    {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["api*"],
        "LogFormat": "JSON", "Contribution": {"Keys": ["$.ip"], "Filters": []},
        "AggregateOn": "Count",
    }
)  # fmt: skip
WIDGET = json.dumps({"metrics": [["Kept", "kept"]], "width": 200, "height": 100})
BODY = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "m"}}]})
STREAM = {
    "Name": "kept", "OutputFormat": "json", "RoleArn": "arn:aws:iam::123456789012:role/r",
    "FirehoseArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/d",
}  # fmt: skip
MUTE = {"Name": "kept", "Rule": {"Schedule": {"Expression": "cron(0 10 * * *)",
                                              "Duration": "PT1H"}}}  # fmt: skip
DEFINITION = {"Path": "kept/NEW", "Expression": "SELECT 1", "Type": "SQL"}
DATASET = {"DatasetIdentifier": "default"}


def prepare(lab):
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_composite_alarm(AlarmName="spare", AlarmRule='ALARM("kept")')
    cloudwatch.put_dashboard(DashboardName="kept", DashboardBody=BODY)
    attempt(cloudwatch.put_anomaly_detector, **BAND)
    attempt(cloudwatch.put_insight_rule, RuleName="kept", RuleDefinition=CONTRIBUTORS)
    attempt(cloudwatch.put_metric_stream, **STREAM)
    attempt(cloudwatch.put_alarm_mute_rule, **MUTE)
    attempt(cloudwatch.put_metric_data_query_definition, **DEFINITION | {"Path": "kept"})
    listed = cloudwatch.list_metric_data_query_definitions()["Items"]
    key = cloudwatch.get_dataset(**DATASET).get("KmsKeyArn")
    if key is None:
        key = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
        cloudwatch.associate_dataset_kms_key(**DATASET, KmsKeyArn=key)
    return {"$definition": listed[0]["Id"], "$key": key}


CLOUDWATCH = Fuzzed(
    "cloudwatch",
    {
        "PutMetricData": {"Namespace": "Shop", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
        "GetMetricData": {"MetricDataQueries": [QUERY], "StartTime": NOW, "EndTime": LATER},
        "GetMetricStatistics": {
            "Namespace": "Kept", "MetricName": "kept", "StartTime": NOW, "EndTime": LATER,
            "Period": 60, "Statistics": ["Sum"],
        },
        "PutMetricAlarm": {
            "AlarmName": "a", "Namespace": "Kept", "MetricName": "kept", "Statistic": "Sum",
            "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
        },
        "DeleteAlarms": {"AlarmNames": ["spare"]},
        "EnableAlarmActions": {"AlarmNames": ["kept"]},
        "DisableAlarmActions": {"AlarmNames": ["kept"]},
        "PutCompositeAlarm": {"AlarmName": "c", "AlarmRule": 'ALARM("kept")'},
        "DescribeAlarmsForMetric": {"Namespace": "Kept", "MetricName": "kept"},
        "DescribeAlarmContributors": {"AlarmName": "kept"},
        "SetAlarmState": {"AlarmName": "kept", "StateValue": "OK", "StateReason": "r"},
        "PutAnomalyDetector": BAND, "DeleteAnomalyDetector": BAND,
        "PutDashboard": {"DashboardName": "d", "DashboardBody": BODY},
        "GetDashboard": {"DashboardName": "kept"},
        "DeleteDashboards": {"DashboardNames": ["kept"]},
        "GetMetricWidgetImage": {"MetricWidget": WIDGET},
        "PutInsightRule": {"RuleName": "r", "RuleDefinition": CONTRIBUTORS},
        "DeleteInsightRules": {"RuleNames": ["kept"]},
        "EnableInsightRules": {"RuleNames": ["kept"]},
        "DisableInsightRules": {"RuleNames": ["kept"]},
        "GetInsightRuleReport": {"RuleName": "kept", "StartTime": NOW, "EndTime": LATER,
                                 "Period": 60},
        "ListManagedInsightRules": {"ResourceARN": SERVICE},
        "PutManagedInsightRules": {"ManagedRules": [MANAGED]},
        "PutMetricStream": STREAM | {"Name": "s"},
        "GetMetricStream": {"Name": "kept"}, "DeleteMetricStream": {"Name": "kept"},
        "StartMetricStreams": {"Names": ["kept"]}, "StopMetricStreams": {"Names": ["kept"]},
        "PutAlarmMuteRule": MUTE | {"Name": "m"},
        "GetAlarmMuteRule": {"AlarmMuteRuleName": "kept"},
        "DeleteAlarmMuteRule": {"AlarmMuteRuleName": "kept"},
        "PutMetricDataQueryDefinition": DEFINITION,
        "GetMetricDataQueryDefinition": {"Id": "$definition"},
        "DeleteMetricDataQueryDefinition": {"Id": "$definition"},
        "GetDataset": DATASET, "DisassociateDatasetKmsKey": DATASET,
        "AssociateDatasetKmsKey": DATASET | {"KmsKeyArn": "$key"},
        "ListTagsForResource": ALARM,
        "TagResource": ALARM | {"Tags": [{"Key": "a", "Value": "b"}]},
        "UntagResource": ALARM | {"TagKeys": ["a"]},
    },
    prepare,
    {
        "ValidationError", "InvalidParameterValue", "InvalidParameterCombination",
        "MissingParameter", "InvalidNextToken",
    },
)  # fmt: skip


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", CLOUDWATCH.operations())
def test_every_call_is_answered(name, examples):
    check(CLOUDWATCH, name, examples)
