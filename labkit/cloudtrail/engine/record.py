"""The CloudTrail record of a finished call: event version 1.11.

A record is made when somebody reads it, from what the gateway told when the call came back
(``call.finished`` in :mod:`labkit.core.facts`): the same fact gives the same record, to the byte.

What a reader may not expect, and AWS documents:

- ``responseElements`` is null for reads, for calls that answer nothing and for calls that failed;
  ``sts:AssumeRole`` counts as a read and is answered all the same.
- ``errorCode`` and ``errorMessage`` are there only when the call failed. EC2's codes begin with
  ``Client.`` or ``Server.``, IAM's end in ``Exception``: they are not boto3's codes.
- ``eventName`` is not always the name of the operation (``CreateFunction20150331``).
- ``requestParameters`` or ``responseElements`` above 100 KB are not cut but left out.

Sources: CloudTrail user guide, cloudtrail-event-reference-record-contents,
cloudtrail-event-reference-user-identity and cloudtrail-log-file-examples; aws-semantics 7.1, 11.7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from labkit.cloudtrail.engine import ec2, s3, service_events, sign_in
from labkit.cloudtrail.engine.categories import DATA, category_of, service_of
from labkit.cloudtrail.engine.resources import arns, key_arn
from labkit.cloudtrail.engine.shaping import Style, plain, style_of, without_secrets
from labkit.core.clock import iso
from labkit.core.ids import shape_uuid
from labkit.core.jsontext import loads

EVENT_VERSION = "1.11"

#: Above this, parameters and answers are left out (record contents: 100 KB).
LARGEST_BYTES = 100 * 1024
#: Texts are cut here (record contents: 1 KB).
LARGEST_TEXT = 1024

_TLS = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"}

#: KMS operations that answer nothing and whose records name the key all the same (KMS developer
#: guide, logging-using-cloudtrail: since December 2022).
_NAMES_KEY = frozenset(
    {
        "CreateAlias", "CreateGrant", "DeleteAlias", "DisableKey", "EnableKey",
        "EnableKeyRotation", "ImportKeyMaterial", "TagResource", "UntagResource", "UpdateAlias",
        "UpdatePrimaryRegion",
    }
)  # fmt: skip


def event_name(service: str, operation: str) -> str:
    """``eventName``: the operation, for some of Lambda's and S3's with another name."""
    return style_of(service).names.get(operation, operation)


def event_digest(account: str, request_id: str) -> bytes:
    """16 bytes that depend on the request and on the account that gets the record."""
    return blake2b(f"event/{account}/{request_id}".encode(), digest_size=16).digest()


def event_id(account: str, request_id: str) -> str:
    """``eventID``: the same for the same request, different in each account that gets a record."""
    return shape_uuid(event_digest(account, request_id).hex())


def user_name(principal: Mapping[str, str]) -> str:
    """``Username`` of a look-up: the user, the session's name, ``root``; '' for a service."""
    kind = principal["kind"]
    if kind == "Root":
        return "root"
    return "" if kind == "AWSService" else principal["name"]


def user_identity(
    principal: Mapping[str, str], session_since_us: int | None = None
) -> dict[str, Any]:
    """``userIdentity``: who called.

    Parameters
    ----------
    principal:
        As the fact carries it (``Principal.to_dict()``).
    session_since_us:
        When a role's session began; without it the session's attributes do not say.
    """
    kind = principal["kind"]
    if kind == "AWSService":
        return {"type": kind, "invokedBy": service_principal(principal)}
    identity: dict[str, Any] = {
        "type": kind,
        "principalId": principal["principal_id"],
        "arn": principal["arn"],
        "accountId": principal["account"],
        "accessKeyId": principal["access_key_id"],
    }
    if principal.get("invoked_by"):
        identity["invokedBy"] = principal["invoked_by"]
    if kind == "IAMUser":
        identity["userName"] = principal["name"]
    if kind == "AssumedRole":
        issuer = principal["issuer_arn"]
        attributes = {"mfaAuthenticated": "false"}
        if session_since_us is not None:
            attributes = {"creationDate": iso(session_since_us), **attributes}
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal["issuer_id"],
                "arn": issuer,
                "accountId": issuer.split(":")[4] if issuer.count(":") >= 5 else "",
                "userName": issuer.rsplit("/", 1)[-1],
            },
            "attributes": attributes,
        }
    return identity


def service_principal(principal: Mapping[str, str]) -> str:
    """The DNS name of a service that called (``events.amazonaws.com``), itself or with a role."""
    return (
        principal.get("invoked_by")
        or principal["name"]
        or principal["arn"]
        or principal["principal_id"]
    )


def error_code(service: str, code: str) -> str:
    """boto3's error code as the service's records write it."""
    if code == "AccessDeniedException":
        return "AccessDenied"
    style = style_of(service)
    if code in style.errors:
        return f"{code}Exception"
    if style.style == "ec2":
        return f"Server.{code}" if code in style.server else f"Client.{code}"
    return style.codes.get(code, code)


def build(
    at_us: int,
    account: str,
    region: str,
    data: Mapping[str, Any],
    *,
    session_since_us: int | None = None,
) -> dict[str, Any]:
    """The record of one finished call.

    Parameters
    ----------
    at_us:
        When the call came back, microseconds.
    account, region:
        The account that gets the record, and where the call was made.
    data:
        The fields of a ``call.finished`` fact.
    session_since_us:
        When the caller's session began, for a role's session.
    """
    service, operation = data["service"], data["operation"]
    if service == sign_in.SERVICE:
        number = event_id(account, data["request_id"])
        return sign_in.build(at_us, account, region, data, number, EVENT_VERSION)
    if "service_event" in data:
        number = event_id(account, data["request_id"])
        return service_events.build(at_us, account, region, data, number, EVENT_VERSION)
    known, style = service_of(service), style_of(service)
    category = category_of(service, operation)
    principal: Mapping[str, str] = data["principal"]
    by_service = principal["kind"] == "AWSService" or bool(principal.get("invoked_by"))
    asked = without_secrets(_object(data["request"]), style)
    told = without_secrets(_object(data["response"]), style)
    failed = bool(data["error_code"])
    where = known.region or region

    record: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": user_identity(principal, session_since_us),
        "eventTime": iso(at_us),
        "eventSource": known.source,
        "eventName": event_name(service, operation),
        "awsRegion": where,
        "sourceIPAddress": service_principal(principal) if by_service else data["source_ip"],
        "userAgent": _agent(service, principal, by_service, data["user_agent"]),
    }
    if failed:
        record["errorCode"] = error_code(service, data["error_code"])[:LARGEST_TEXT]
        record["errorMessage"] = data["error_message"][:LARGEST_TEXT]
    denied = failed and record["errorCode"] == "AccessDenied" and style.denied == "empty"
    parameters = None if denied else _asked(asked, operation, style, where)
    record["requestParameters"] = _fitting("requestParameters", parameters, data["request"])
    answered = not failed and (not data["read_only"] or category.answered)
    elements = None
    if answered:
        elements = _told(service, operation, asked, told, style, data["request_id"], account, where)
    record["responseElements"] = _fitting("responseElements", elements, data["response"])
    additional = _additional(service, where)
    if additional:
        record["additionalEventData"] = additional
    record["requestID"] = data["request_id"]
    record["eventID"] = event_id(account, data["request_id"])
    record["readOnly"] = data["read_only"]
    resources = arns(service, operation, asked, told, account, where)
    if resources:
        record["resources"] = resources
    record["eventType"] = "AwsApiCall"
    if style.shown:
        record["apiVersion"] = style.shown
    record["managementEvent"] = data["category"] != DATA
    record["recipientAccountId"] = account
    record["eventCategory"] = "Data" if data["category"] == DATA else "Management"
    if not by_service:
        bucket = asked.get("Bucket", "") if service == "s3" else ""
        host = s3.host(bucket, where) if service == "s3" else known.endpoint(where)
        record["tlsDetails"] = {**_TLS, "clientProvidedHostHeader": host}
    return record


def _object(text: str) -> dict[str, Any]:
    value = loads(text)
    return value if isinstance(value, dict) else {}


def _agent(service: str, principal: Mapping[str, str], by_service: bool, agent: str) -> str:
    if by_service:
        return service_principal(principal)
    agent = agent[:LARGEST_TEXT]
    return f"[{agent}]" if service == "s3" else agent


def _asked(
    asked: dict[str, Any], operation: str, style: Style, region: str
) -> dict[str, Any] | None:
    if style.style == "ec2":
        return ec2.request(asked, operation, style)
    if style.style == "s3":
        return s3.request(asked, operation, style, region)
    shaped: dict[str, Any] = plain(asked, style, operation)
    return shaped or None


def _told(
    service: str,
    operation: str,
    asked: dict[str, Any],
    told: dict[str, Any],
    style: Style,
    request_id: str,
    account: str,
    region: str,
) -> dict[str, Any] | None:
    if style.style == "s3":
        return None
    if style.style == "ec2":
        return ec2.answer(told, operation, style, request_id)
    shaped: dict[str, Any] = plain(told, style, operation)
    if service == "kms" and operation in _NAMES_KEY and "keyId" not in shaped:
        arn = key_arn(asked, told, account, region)
        if arn:
            shaped["keyId"] = arn
    return shaped or None


def _fitting(what: str, value: dict[str, Any] | None, source: str) -> dict[str, Any] | None:
    # No shape makes four of one: what came as a short text need not be written to be measured.
    if value is None or len(source) * 4 < LARGEST_BYTES:
        return value
    size = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    if size <= LARGEST_BYTES:
        return value
    # The wording is that of records published by others [E].
    return {"reason": f"{what} too large", "omitted": True, "originalSize": size}


def _additional(service: str, region: str) -> dict[str, Any]:
    if service == "s3":
        return dict(s3.ADDITIONAL)
    if service == "sts":
        details = {"awsServingRegion": region, "endpointType": "regional"}
        return {"RequestDetails": details}
    if service == "application-autoscaling":
        return {"service": service}
    return {}
