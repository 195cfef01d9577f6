"""CloudTrail's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.cloudtrail.api import events, insights, keys, lake, trail_tags, trails

#: CloudTrail's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationException"

OPERATIONS = {
    **lake.OPERATIONS,
    ("cloudtrail", "LookupEvents"): events.lookup_events,
    ("cloudtrail", "PutInsightSelectors"): insights.put_insight_selectors,
    ("cloudtrail", "GetInsightSelectors"): insights.get_insight_selectors,
    ("cloudtrail", "ListInsightsMetricData"): insights.list_insights_metric_data,
    ("cloudtrail", "ListInsightsData"): insights.list_insights_data,
    ("cloudtrail", "ListPublicKeys"): keys.list_public_keys,
    ("cloudtrail", "CreateTrail"): trails.create_trail,
    ("cloudtrail", "UpdateTrail"): trails.update_trail,
    ("cloudtrail", "DeleteTrail"): trails.delete_trail,
    ("cloudtrail", "StartLogging"): trails.start_logging,
    ("cloudtrail", "StopLogging"): trails.stop_logging,
    ("cloudtrail", "GetTrail"): trails.get_trail,
    ("cloudtrail", "DescribeTrails"): trails.describe_trails,
    ("cloudtrail", "ListTrails"): trails.list_trails,
    ("cloudtrail", "GetTrailStatus"): trails.get_trail_status,
    ("cloudtrail", "PutEventSelectors"): trails.put_event_selectors,
    ("cloudtrail", "GetEventSelectors"): trails.get_event_selectors,
    ("cloudtrail", "AddTags"): trail_tags.add_tags,
    ("cloudtrail", "RemoveTags"): trail_tags.remove_tags,
    ("cloudtrail", "ListTags"): trail_tags.list_tags,
}
