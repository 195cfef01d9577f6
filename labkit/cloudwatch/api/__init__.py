"""CloudWatch's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.cloudwatch.api import alarms, metrics

#: CloudWatch's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationError"

OPERATIONS = {
    ("cloudwatch", "PutMetricData"): metrics.put_metric_data,
    ("cloudwatch", "GetMetricData"): metrics.get_metric_data,
    ("cloudwatch", "GetMetricStatistics"): metrics.get_metric_statistics,
    ("cloudwatch", "ListMetrics"): metrics.list_metrics,
    ("cloudwatch", "PutMetricAlarm"): alarms.put_metric_alarm,
    ("cloudwatch", "DescribeAlarms"): alarms.describe_alarms,
    ("cloudwatch", "DescribeAlarmsForMetric"): alarms.describe_alarms_for_metric,
    ("cloudwatch", "DescribeAlarmHistory"): alarms.describe_alarm_history,
    ("cloudwatch", "SetAlarmState"): alarms.set_alarm_state,
    ("cloudwatch", "EnableAlarmActions"): alarms.enable_alarm_actions,
    ("cloudwatch", "DisableAlarmActions"): alarms.disable_alarm_actions,
    ("cloudwatch", "DeleteAlarms"): alarms.delete_alarms,
}
