"""Service events: what an AWS service did by itself, told as the fact ``service.event``.

KMS deletes a key when its waiting days are over, or gives it new material; nobody called. Event
history, trails and stores keep such an event as a finished call whose caller is AWS itself; the
record says ``AwsServiceEvent``, has no request and no answer, and its ``serviceEventDetails`` say
what was done.

Source: KMS developer guide, "DeleteKey" and "RotateKey" log entries; CloudTrail user guide,
non-api-aws-service-events (aws-semantics 7.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cloudtrail.engine.categories import service_of
from labkit.core.clock import iso
from labkit.core.jsontext import dumps

#: Who calls, from where and with what.
AWS = "AWS Internal"


def call(data: Mapping[str, Any], account: str, request_id: str) -> dict[str, Any]:
    """A ``service.event`` with the fields of a finished call, and ``service_event`` beside them."""
    caller = {
        "kind": "AWSService", "account": account, "arn": "", "principal_id": "",
        "access_key_id": "", "name": AWS, "issuer_arn": "", "issuer_id": "", "invoked_by": AWS,
    }  # fmt: skip
    return {
        "service": data["service"],
        "operation": data["name"],
        "category": "management",
        "read_only": False,
        "principal": caller,
        "request_id": request_id,
        "source_ip": AWS,
        "user_agent": AWS,
        # The request is how look-ups find what a call is about.
        "request": dumps({"KeyId": data["resource"]}),
        "response": "null",
        "error_code": "",
        "error_message": "",
        "service_event": {
            "type": data["type"], "resource": data["resource"], "details": data["details"],
        },
    }  # fmt: skip


def build(
    at_us: int, account: str, region: str, data: Mapping[str, Any], event_id: str, version: str
) -> dict[str, Any]:
    """The record of a service event that is kept as a finished call.

    Parameters
    ----------
    at_us, account, region:
        When and where.
    data:
        What :func:`call` made.
    event_id, version:
        The record's ``eventID`` and ``eventVersion``.
    """
    told = data["service_event"]
    resource = {"accountId": account, "type": told["type"], "ARN": told["resource"]}
    return {
        "eventVersion": version,
        "userIdentity": {"accountId": account, "invokedBy": AWS},
        "eventTime": iso(at_us),
        "eventSource": service_of(data["service"]).source,
        "eventName": data["operation"],
        "awsRegion": region,
        "sourceIPAddress": AWS,
        "userAgent": AWS,
        "requestParameters": None,
        "responseElements": None,
        "eventID": event_id,
        "readOnly": False,
        "resources": [resource],
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account,
        "serviceEventDetails": told["details"],
        "eventCategory": "Management",
    }
