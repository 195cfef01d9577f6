"""Transaction Search: where segments go, and which share of them is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import MINUTE, to_datetime
from labkit.xray.api.requests import invalid, not_found, service_of
from labkit.xray.records import LOGS
from labkit.xray.service import SPANS_GROUP

#: How long another destination is PENDING; the page says "a few minutes" (an approximation).
PENDING_US = 10 * MINUTE
_DEFAULT_RULE = "Default"


def _destination(call: Call) -> dict[str, Any]:
    settings = service_of(call).settings(call.store)
    pending = call.now_us < settings.destination_active_us
    return {"Destination": settings.destination, "Status": "PENDING" if pending else "ACTIVE"}


def get_trace_segment_destination(call: Call, /) -> dict[str, Any]:
    """Where segments go, and whether that is in force."""
    return _destination(call)


def update_trace_segment_destination(
    call: Call,
    /,
    *,
    Destination: str = "XRay",
    CloudWatchLogsConfiguration: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Send segments to X-Ray, or as spans to the log group ``aws/spans``.

    Raises
    ------
    AwsError
        InvalidRequestException when X-Ray may not write to that group: a resource policy of Logs
        must let ``xray.amazonaws.com`` call ``logs:PutLogEvents``.
    """
    settings = service_of(call).settings(call.store)
    if Destination == settings.destination:
        raise invalid(f"The trace segment destination is {Destination} already")
    if Destination == LOGS:
        arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{SPANS_GROUP}:*"
        source = f"arn:aws:xray:{call.region}:{call.account}:*"
        may = call.ports.allowed(
            "xray.amazonaws.com", "logs:PutLogEvents", arn, source, call.account
        )
        if not may:
            raise invalid(
                "XRay does not have permission to call PutLogEvents on the aws/spans Log Group"
            )
        call.ports.ensure_log_group(call.account, call.region, SPANS_GROUP)
    settings.destination = Destination
    settings.destination_active_us = call.now_us + PENDING_US
    settings.spans_key = (CloudWatchLogsConfiguration or {}).get("SpansLogGroupKmsKeyId", "")
    return _destination(call)


def _rule(call: Call) -> dict[str, Any]:
    settings = service_of(call).settings(call.store)
    percent = settings.indexed_percent
    return {
        "Name": _DEFAULT_RULE,
        "ModifiedAt": to_datetime(settings.indexing_changed_us),
        "Rule": {
            "Probabilistic": {
                "DesiredSamplingPercentage": percent,
                "ActualSamplingPercentage": percent,
            }
        },
    }


def get_indexing_rules(call: Call, /, *, NextToken: str | None = None) -> dict[str, Any]:
    """The one indexing rule, ``Default``: 1 % unless somebody has changed it."""
    return {"IndexingRules": [_rule(call)]}


def update_indexing_rule(call: Call, /, *, Name: str, Rule: Mapping[str, Any]) -> dict[str, Any]:
    """Index another share of the traces from now on.

    Raises
    ------
    AwsError
        ResourceNotFoundException, InvalidRequestException.
    """
    if Name != _DEFAULT_RULE:
        raise not_found(f"Indexing rule {Name} not found")
    percent = float(Rule["Probabilistic"]["DesiredSamplingPercentage"])
    if not 0 <= percent <= 100:
        raise invalid("DesiredSamplingPercentage is between 0 and 100")
    settings = service_of(call).settings(call.store)
    settings.indexed_percent, settings.indexing_changed_us = percent, call.now_us
    return {"IndexingRule": _rule(call)}


OPERATIONS = {
    "GetTraceSegmentDestination": get_trace_segment_destination,
    "UpdateTraceSegmentDestination": update_trace_segment_destination,
    "GetIndexingRules": get_indexing_rules,
    "UpdateIndexingRule": update_indexing_rule,
}
