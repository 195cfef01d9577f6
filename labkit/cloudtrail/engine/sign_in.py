"""Records of the console's sign-in: ConsoleLogin and, where a second factor was asked, CheckMfa.

A sign-in is no API call, but it lies in event history among them. It is kept with the fields of a
finished call (service ``signin``), so that look-ups, selectors and readers treat it like one:
``request`` holds what the record says beside (``{"mfa": true}``), ``response`` what came of it.

What a reader may not expect, and AWS documents:

- the root user's sign-ins, good and failed, are recorded in us-east-1;
- somebody who typed a user name that does not exist may have typed a password there:
  ``userName`` then says HIDDEN_DUE_TO_SECURITY_REASONS;
- a failed sign-in of an IAM user has no ``arn`` and has an ``errorMessage`` without ``errorCode``.

Source: CloudTrail user guide, cloudtrail-event-reference-aws-console-sign-in-events
(aws-semantics 7.1, 11.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.clock import iso
from labkit.core.jsontext import dumps, loads

SERVICE = "signin"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
FAILED = "Failed authentication"
#: AWS's message for a user name that the account does not have.
NO_USER = "No username found in supplied account"
#: Where the root user's sign-ins are recorded.
ROOT_REGION = "us-east-1"


def calls(
    data: Mapping[str, Any], account: str, request_ids: tuple[str, str]
) -> list[dict[str, Any]]:
    """The fields of finished calls that a sign-in amounts to: CheckMfa, if asked, and ConsoleLogin.

    Parameters
    ----------
    data:
        The fields of a ``sign_in`` fact.
    account:
        Where somebody signed in.
    request_ids:
        One for ConsoleLogin, one for CheckMfa.
    """
    root = not data["user"]
    unknown = data["reason"] == NO_USER
    principal = {
        "kind": "Root" if root else "IAMUser",
        "account": account,
        "arn": data["arn"],
        "principal_id": account if root else data["principal_id"],
        "access_key_id": "",
        "name": "root" if root else HIDDEN if unknown else data["user"],
        "issuer_arn": "",
        "issuer_id": "",
    }
    common = {
        "service": SERVICE,
        "category": "management",
        "read_only": False,
        "principal": principal,
        "source_ip": data["source_ip"],
        "user_agent": data["user_agent"],
        "request": dumps({"mfa": data["mfa"]}),
        "error_code": "",
    }
    login = {
        **common,
        "operation": "ConsoleLogin",
        "request_id": request_ids[0],
        "response": dumps({"ConsoleLogin": "Success" if data["ok"] else "Failure"}),
        "error_message": "" if data["ok"] else data["reason"] or FAILED,
    }
    if not data["mfa"]:
        return [login]
    check = {
        **common,
        "operation": "CheckMfa",
        "request_id": request_ids[1],
        "response": dumps({"CheckMfa": "Success"}),
        "error_message": "",
    }
    return [check, login]


def _identity(principal: Mapping[str, str], account: str, *, failed: bool) -> dict[str, Any]:
    if principal["kind"] == "Root":
        return {
            "type": "Root",
            "principalId": account,
            "arn": principal["arn"],
            "accountId": account,
            "accessKeyId": "",
        }
    identity: dict[str, Any] = {"type": "IAMUser"}
    if principal["name"] != HIDDEN:
        identity["principalId"] = principal["principal_id"]
    if failed:
        return {
            **identity, "accountId": account, "accessKeyId": "", "userName": principal["name"],
        }  # fmt: skip
    return {
        **identity, "arn": principal["arn"], "accountId": account, "userName": principal["name"],
    }  # fmt: skip


def build(
    at_us: int, account: str, region: str, data: Mapping[str, Any], event_id: str, version: str
) -> dict[str, Any]:
    """The record of a sign-in that is kept as a finished call.

    Parameters
    ----------
    at_us, account, region:
        When and where.
    data:
        One of :func:`calls`.
    event_id, version:
        The record's ``eventID`` and ``eventVersion``.
    """
    principal: Mapping[str, str] = data["principal"]
    mfa = loads(data["request"])["mfa"]
    failed = bool(data["error_message"])
    root = principal["kind"] == "Root"
    record: dict[str, Any] = {
        "eventVersion": version,
        "userIdentity": _identity(principal, account, failed=failed),
        "eventTime": iso(at_us),
        "eventSource": "signin.amazonaws.com",
        "eventName": data["operation"],
        "awsRegion": ROOT_REGION if root else region,
        "sourceIPAddress": data["source_ip"],
        "userAgent": data["user_agent"],
    }
    if failed:
        record["errorMessage"] = data["error_message"]
    record["requestParameters"] = None
    record["responseElements"] = loads(data["response"])
    record["additionalEventData"] = (
        {"MfaType": "Virtual MFA"}
        if data["operation"] == "CheckMfa"
        else _additional(principal, account, mfa=mfa)
    )
    return record | {
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "signin.aws.amazon.com",
        },
    }


def _additional(principal: Mapping[str, str], account: str, *, mfa: bool) -> dict[str, str]:
    told = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No"}
    if mfa:
        whose = "root-account-mfa-device" if principal["kind"] == "Root" else principal["name"]
        told["MFAIdentifier"] = f"arn:aws:iam::{account}:mfa/{whose}"
    return {**told, "MFAUsed": "Yes" if mfa else "No"}
