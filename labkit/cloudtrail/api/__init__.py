"""CloudTrail's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.cloudtrail.api import events

#: CloudTrail's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "ValidationException"

OPERATIONS = {
    ("cloudtrail", "LookupEvents"): events.lookup_events,
}
