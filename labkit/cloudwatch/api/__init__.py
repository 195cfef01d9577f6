"""CloudWatch's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.cloudwatch.api import (
    alarms,
    anomaly_detectors,
    composite_alarms,
    dashboards,
    datasets,
    describe_alarms,
    get_metric_data,
    get_metric_statistics,
    insight_rules,
    list_metrics,
    metric_streams,
    metric_widget_image,
    mute_rules,
    put_metric_data,
    query_definitions,
    tags,
)

#: CloudWatch's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationError"

OPERATIONS = {
    ("cloudwatch", "PutMetricData"): put_metric_data.put_metric_data,
    ("cloudwatch", "GetMetricData"): get_metric_data.get_metric_data,
    ("cloudwatch", "GetMetricStatistics"): get_metric_statistics.get_metric_statistics,
    ("cloudwatch", "ListMetrics"): list_metrics.list_metrics,
    ("cloudwatch", "PutAnomalyDetector"): anomaly_detectors.put_anomaly_detector,
    ("cloudwatch", "DescribeAnomalyDetectors"): anomaly_detectors.describe_anomaly_detectors,
    ("cloudwatch", "DeleteAnomalyDetector"): anomaly_detectors.delete_anomaly_detector,
    ("cloudwatch", "PutMetricAlarm"): alarms.put_metric_alarm,
    ("cloudwatch", "DescribeAlarms"): describe_alarms.describe_alarms,
    ("cloudwatch", "DescribeAlarmsForMetric"): describe_alarms.describe_alarms_for_metric,
    ("cloudwatch", "DescribeAlarmHistory"): describe_alarms.describe_alarm_history,
    ("cloudwatch", "DescribeAlarmContributors"): describe_alarms.describe_alarm_contributors,
    ("cloudwatch", "PutCompositeAlarm"): composite_alarms.put_composite_alarm,
    ("cloudwatch", "PutAlarmMuteRule"): mute_rules.put_alarm_mute_rule,
    ("cloudwatch", "GetAlarmMuteRule"): mute_rules.get_alarm_mute_rule,
    ("cloudwatch", "ListAlarmMuteRules"): mute_rules.list_alarm_mute_rules,
    ("cloudwatch", "DeleteAlarmMuteRule"): mute_rules.delete_alarm_mute_rule,
    ("cloudwatch", "TagResource"): tags.tag_resource,
    ("cloudwatch", "UntagResource"): tags.untag_resource,
    ("cloudwatch", "ListTagsForResource"): tags.list_tags_for_resource,
    ("cloudwatch", "SetAlarmState"): alarms.set_alarm_state,
    ("cloudwatch", "EnableAlarmActions"): alarms.enable_alarm_actions,
    ("cloudwatch", "DisableAlarmActions"): alarms.disable_alarm_actions,
    ("cloudwatch", "DeleteAlarms"): alarms.delete_alarms,
    ("cloudwatch", "GetMetricWidgetImage"): metric_widget_image.get_metric_widget_image,
    ("cloudwatch", "PutMetricStream"): metric_streams.put_metric_stream,
    ("cloudwatch", "GetMetricStream"): metric_streams.get_metric_stream,
    ("cloudwatch", "ListMetricStreams"): metric_streams.list_metric_streams,
    ("cloudwatch", "StartMetricStreams"): metric_streams.start_metric_streams,
    ("cloudwatch", "StopMetricStreams"): metric_streams.stop_metric_streams,
    ("cloudwatch", "DeleteMetricStream"): metric_streams.delete_metric_stream,
    ("cloudwatch", "PutInsightRule"): insight_rules.put_insight_rule,
    ("cloudwatch", "DescribeInsightRules"): insight_rules.describe_insight_rules,
    ("cloudwatch", "DeleteInsightRules"): insight_rules.delete_insight_rules,
    ("cloudwatch", "EnableInsightRules"): insight_rules.enable_insight_rules,
    ("cloudwatch", "DisableInsightRules"): insight_rules.disable_insight_rules,
    ("cloudwatch", "PutManagedInsightRules"): insight_rules.put_managed_insight_rules,
    ("cloudwatch", "ListManagedInsightRules"): insight_rules.list_managed_insight_rules,
    ("cloudwatch", "GetInsightRuleReport"): insight_rules.get_insight_rule_report,
    ("cloudwatch", "PutMetricDataQueryDefinition"): (
        query_definitions.put_metric_data_query_definition
    ),
    ("cloudwatch", "GetMetricDataQueryDefinition"): (
        query_definitions.get_metric_data_query_definition
    ),
    ("cloudwatch", "ListMetricDataQueryDefinitions"): (
        query_definitions.list_metric_data_query_definitions
    ),
    ("cloudwatch", "DeleteMetricDataQueryDefinition"): (
        query_definitions.delete_metric_data_query_definition
    ),
    ("cloudwatch", "GetDataset"): datasets.get_dataset,
    ("cloudwatch", "AssociateDatasetKmsKey"): datasets.associate_dataset_kms_key,
    ("cloudwatch", "DisassociateDatasetKmsKey"): datasets.disassociate_dataset_kms_key,
    ("cloudwatch", "PutDashboard"): dashboards.put_dashboard,
    ("cloudwatch", "GetDashboard"): dashboards.get_dashboard,
    ("cloudwatch", "ListDashboards"): dashboards.list_dashboards,
    ("cloudwatch", "DeleteDashboards"): dashboards.delete_dashboards,
}

#: Operations that only keep what they are given and show it again.
STORED = frozenset(
    {
        "PutMetricDataQueryDefinition",
        "GetMetricDataQueryDefinition",
        "ListMetricDataQueryDefinitions",
        "DeleteMetricDataQueryDefinition",
        "GetDataset",
        "AssociateDatasetKmsKey",
        "DisassociateDatasetKmsKey",
        "PutInsightRule",
        "DescribeInsightRules",
        "DeleteInsightRules",
        "EnableInsightRules",
        "DisableInsightRules",
        "PutManagedInsightRules",
        "ListManagedInsightRules",
    }
)
