"""CloudWatch's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.cloudwatch.api import (
    alarms,
    anomaly_detectors,
    dashboards,
    get_metric_data,
    get_metric_statistics,
    list_metrics,
    metric_widget_image,
    put_metric_data,
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
    ("cloudwatch", "DescribeAlarms"): alarms.describe_alarms,
    ("cloudwatch", "DescribeAlarmsForMetric"): alarms.describe_alarms_for_metric,
    ("cloudwatch", "DescribeAlarmHistory"): alarms.describe_alarm_history,
    ("cloudwatch", "SetAlarmState"): alarms.set_alarm_state,
    ("cloudwatch", "EnableAlarmActions"): alarms.enable_alarm_actions,
    ("cloudwatch", "DisableAlarmActions"): alarms.disable_alarm_actions,
    ("cloudwatch", "DeleteAlarms"): alarms.delete_alarms,
    ("cloudwatch", "GetMetricWidgetImage"): metric_widget_image.get_metric_widget_image,
    ("cloudwatch", "PutDashboard"): dashboards.put_dashboard,
    ("cloudwatch", "GetDashboard"): dashboards.get_dashboard,
    ("cloudwatch", "ListDashboards"): dashboards.list_dashboards,
    ("cloudwatch", "DeleteDashboards"): dashboards.delete_dashboards,
}
