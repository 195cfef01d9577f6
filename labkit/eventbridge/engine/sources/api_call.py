"""CloudTrail: an API call that a trail recorded.

Event history alone does not bring these events: a trail must log. Calls that only read (their names
begin with List, Get or Describe) reach rules of the state
ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS only; the two exceptions are STS's. Such events name
no resources.

Source: EventBridge user guide, eb-service-event-cloudtrail (aws-semantics 5.11, 7.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.eventbridge.engine.envelope import Told

_READS = ("List", "Get", "Describe")
_ALL_THE_SAME = frozenset({"GetFederationToken", "GetSessionToken"})

#: A record's eventType -> the event's detail-type.
_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsConsoleAction": "AWS Console Action via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
    "AwsCloudTrailInsight": "AWS Insight via CloudTrail",
}


def told(record: Mapping[str, Any]) -> Told:
    """The event of a CloudTrail record."""
    name = record["eventName"]
    return Told(
        f"aws.{record['eventSource'].partition('.')[0]}",
        _TYPES.get(record.get("eventType", ""), _TYPES["AwsApiCall"]),
        record,
        reads=name.startswith(_READS) and name not in _ALL_THE_SAME,
    )
