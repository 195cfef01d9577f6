"""``parseToOCSF``: CloudTrail, VPC flow logs and Route 53 Resolver as events of OCSF 1.1.

The Open Cybersecurity Schema Framework has a class for each kind of event, with numbers beside
names (``activity_id`` and ``activity_name``, ``type_uid = class_uid * 100 + activity_id``). Which
field of AWS's logs goes where is what AWS and others published in the OCSF project's examples
(mappings/markdown/AWS/v1.1.0); what no mapping names is kept under ``unmapped``, and what an
analyst looks for stands once more under ``observables``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from labkit.logs.engine.ql.discovered import FLOW
from labkit.logs.engine.transform.paths import TransformError, get, put

VERSION, SCHEMA = "V1.1", "1.1.0"
#: Sources that are not mapped, and why.
LATER = {
    "EKSAudit": "a lab has no Amazon EKS that would write audit logs",
    "AWSWAF": "a lab has no AWS WAF that would write logs",
}

_INFORMATIONAL = {"severity": "Informational", "severity_id": 1}
_OTHER = (99, "Other")

#: Source -> target, of CloudTrail's records of every class.
_TRAIL = (
    ("userIdentity.accountId", "actor.user.account.uid"),
    ("userIdentity.accessKeyId", "actor.user.credential_uid"),
    ("userIdentity.userName", "actor.user.name"),
    ("userIdentity.type", "actor.user.type"),
    ("userIdentity.principalId", "actor.user.uid_alt"),
    ("userIdentity.arn", "actor.user.uid"),
    ("userIdentity.sessionContext.attributes.creationDate", "actor.session.created_time_dt"),
    ("userIdentity.sessionContext.sessionIssuer.arn", "actor.session.issuer"),
    ("userIdentity.invokedBy", "actor.invoked_by"),
    ("userIdentity.webIdFederationData.federatedProvider", "actor.idp.name"),
    ("userIdentity.identityProvider", "actor.idp.name"),
    ("vpcEndpointId", "src_endpoint.uid"),
    ("requestID", "api.request.uid"),
    ("requestParameters", "api.request.data"),
    ("responseElements", "api.response.data"),
    ("errorCode", "api.response.error"),
    ("errorMessage", "api.response.message"),
    ("eventSource", "api.service.name"),
    ("apiVersion", "api.version"),
    ("eventName", "api.operation"),
    ("awsRegion", "cloud.region"),
    ("userAgent", "http_request.user_agent"),
    ("eventVersion", "metadata.product.version"),
    ("eventCategory", "metadata.product.feature.name"),
    ("eventID", "metadata.uid"),
    ("eventType", "metadata.event_code"),
)
#: What of a record is mapped by rules of its own.
_TRAIL_READ = {"userIdentity", "eventTime", "sourceIPAddress", "resources", "additionalEventData"}

#: Events that are an authentication, and changes of an account, with their activity.
_AUTHENTICATION = {
    "ConsoleLogin": (1, "Logon"),
    "AssumeRole": (3, "Authentication Ticket"),
    "AssumeRoleWithSAML": (3, "Authentication Ticket"),
    "AssumeRoleWithWebIdentity": (3, "Authentication Ticket"),
    "CheckMfa": _OTHER,
}
_ACCOUNT_CHANGE = {
    "CreateUser": (1, "Create"),
    "CreateRole": (1, "Create"),
    "CreateServiceLinkedRole": (1, "Create"),
    "ChangePassword": (3, "Password Change"),
    "UpdateLoginProfile": (4, "Password Reset"),
    "DeleteUser": (6, "Delete"),
    "DeleteRole": (6, "Delete"),
    "AttachUserPolicy": (7, "Attach Policy"),
    "AttachRolePolicy": (7, "Attach Policy"),
    "DetachUserPolicy": (8, "Detach Policy"),
    "DetachRolePolicy": (8, "Detach Policy"),
    "EnableMFADevice": (10, "MFA Factor Enable"),
    "DeactivateMFADevice": (11, "MFA Factor Disable"),
    "AddRoleToInstanceProfile": _OTHER,
}
#: How the name of any other call begins -> its activity.
_CALLS = (
    (("Create", "Run", "Put", "Allocate", "Add"), (1, "Create")),
    (("Get", "Describe", "List", "Lookup", "Search", "Head", "Query", "Scan"), (2, "Read")),
    (("Update", "Modify", "Set", "Change", "Replace"), (3, "Update")),
    (("Delete", "Terminate", "Remove", "Release"), (4, "Delete")),
)

_RESOLVER = (
    ("version", "metadata.product.version"),
    ("account_id", "cloud.account.uid"),
    ("region", "cloud.region"),
    ("vpc_id", "src_endpoint.vpc_uid"),
    ("query_name", "query.hostname"),
    ("query_type", "query.type"),
    ("query_class", "query.class"),
    ("srcaddr", "src_endpoint.ip"),
    ("transport", "connection_info.protocol_name"),
    ("srcids.instance", "src_endpoint.instance_uid"),
    ("srcids.resolver_endpoint", "dst_endpoint.instance_uid"),
    ("srcids.resolver_network_interface", "dst_endpoint.interface_uid"),
    ("firewall_rule_group_id", "firewall_rule.uid"),
)
_RESOLVER_READ = {
    "query_timestamp", "rcode", "answers", "srcport", "srcids", "firewall_rule_action"
}  # fmt: skip
_RCODES = {
    "NOERROR": (0, "NoError"), "FORMERR": (1, "FormError"), "SERVFAIL": (2, "ServError"),
    "NXDOMAIN": (3, "NXDomain"), "NOTIMP": (4, "NotImp"), "REFUSED": (5, "Refused"),
    "YXDOMAIN": (6, "YXDomain"), "YXRRSET": (7, "YXRRSet"), "NXRRSET": (8, "NXRRSet"),
    "NOTAUTH": (9, "NotAuth"), "NOTZONE": (10, "NotZone"),
}  # fmt: skip

#: Where what is observable stands -> its type in OCSF.
_OBSERVED = (
    ("src_endpoint.ip", "IP Address", 2),
    ("dst_endpoint.ip", "IP Address", 2),
    ("src_endpoint.domain", "Hostname", 1),
    ("query.hostname", "Hostname", 1),
    ("actor.user.name", "User Name", 4),
    ("src_endpoint.instance_uid", "Resource UID", 10),
)


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Raises
    ------
    TransformError
        With what is wrong.
    """
    source, version = settings["eventSource"], settings["ocsfVersion"]
    if source not in _SOURCES:
        raise TransformError(f"parseToOCSF of {source} is not in labkit: {LATER.get(source)}.")
    if version != VERSION:
        raise TransformError(f"parseToOCSF to {version} is not in labkit; {VERSION} is.")
    if settings.get("mappingVersion"):
        raise TransformError(f"parseToOCSF: mappingVersion is not supported with {VERSION}.")


def convert(text: str, source: str) -> dict[str, Any] | None:
    """The OCSF event of a log line; None when it is no line of that source."""
    return _SOURCES[source](text)


def _flow(text: str) -> dict[str, Any] | None:
    """A flow log record of version 2, in the default format."""
    cells = text.split()
    if len(cells) != len(FLOW) or not cells[0].isdigit():
        return None
    raw = {name: cell for name, cell in zip(FLOW, cells, strict=True) if cell != "-"}
    accepted = raw.get("action") == "ACCEPT"
    event = _event(4001, "Network Activity", 4, "Network Activity", (6, "Traffic"))
    event["metadata"] = _metadata("Amazon VPC", "Flowlogs", ["cloud", "security_control"])
    _copy(raw, event, (
        ("version", "metadata.product.version"), ("accountId", "cloud.account.uid"),
        ("srcAddr", "src_endpoint.ip"), ("dstAddr", "dst_endpoint.ip"),
        ("logStatus", "status_code"),
    ))  # fmt: skip
    for name, target in (
        ("srcPort", "src_endpoint.port"), ("dstPort", "dst_endpoint.port"),
        ("protocol", "connection_info.protocol_num"), ("packets", "traffic.packets"),
        ("bytes", "traffic.bytes"),
    ):  # fmt: skip
        if name in raw:
            put(event, target, _number(raw[name]))
    event |= _when(_number(raw.get("startTime", "")), 1000)
    event["start_time"] = event.get("time")
    if "endTime" in raw:
        event["end_time"] = _number(raw["endTime"]) * 1000
    if "action" in raw:
        event["action"], event["action_id"] = ("Allowed", 1) if accepted else ("Denied", 2)
        disposition = ("Allowed", 1) if accepted else ("Blocked", 2)
        event["disposition"], event["disposition_id"] = disposition
    family = _family(raw.get("srcAddr", ""))
    if family:
        put(event, "connection_info.protocol_ver_id", family)
        put(event, "connection_info.protocol_ver", f"Internet Protocol version {family}")
    # The default format does not say in which direction the traffic passed the interface.
    put(event, "connection_info.direction_id", 0)
    put(event, "connection_info.direction", "Unknown")
    if "interfaceId" in raw:
        event["unmapped"] = {"interface_id": raw["interfaceId"]}
    return _observed(event)


def _resolver(text: str) -> dict[str, Any] | None:
    """A record of Route 53 Resolver's query logs."""
    raw = _object(text)
    if raw is None or "query_name" not in raw:
        return None
    event = _event(4003, "DNS Activity", 4, "Network Activity", (6, "Traffic"))
    profiles = ["cloud", "security_control", "datetime"]
    event["metadata"] = _metadata("Route 53", "Resolver Query Logs", profiles)
    _copy(raw, event, _RESOLVER)
    event |= _when(raw.get("query_timestamp"))
    if "srcport" in raw:
        put(event, "src_endpoint.port", _number(raw["srcport"]))
    number, name = _RCODES.get(str(raw.get("rcode", "")).upper(), _OTHER)
    event["rcode_id"], event["rcode"] = number, name
    answers = [one for one in raw.get("answers") or () if isinstance(one, dict)]
    event["answers"] = [
        {name.lower(): one[name] for name in ("Type", "Rdata", "Class") if name in one}
        for one in answers
    ]
    blocked = raw.get("firewall_rule_action") == "BLOCK"
    if raw.get("firewall_rule_action"):
        event["action_id"], event["action"] = (2, "Denied") if blocked else (1, "Allowed")
        event["disposition"] = "Blocked" if blocked else "Allowed"
    return _observed(_rest(raw, event, _RESOLVER, _RESOLVER_READ))


def _trail(text: str) -> dict[str, Any] | None:
    """A record of CloudTrail."""
    raw = _object(text)
    if raw is None or "eventName" not in raw or "eventSource" not in raw:
        return None
    event = _class_of(raw)
    event["metadata"] = _metadata("CloudTrail", "", ["cloud", "datetime"])
    _copy(raw, event, _TRAIL)
    event |= _when(raw.get("eventTime"))
    address = raw.get("sourceIPAddress")
    if isinstance(address, str):
        put(event, "src_endpoint.ip" if _family(address) else "src_endpoint.domain", address)
    mfa = get(raw, "userIdentity.sessionContext.attributes.mfaAuthenticated")
    if mfa is not None:
        put(event, "actor.session.is_mfa", str(mfa).lower() == "true")
    told = get(raw, "responseElements.ConsoleLogin")
    failed = told == "Failure" if told else bool(raw.get("errorCode"))
    event["status"], event["status_id"] = ("Failure", 2) if failed else ("Success", 1)
    more = raw.get("additionalEventData")
    if event["class_uid"] == 3002 and isinstance(more, dict):
        if "MFAUsed" in more:
            event["is_mfa"] = more["MFAUsed"] == "Yes"
        if "LoginTo" in more:
            put(event, "dst_endpoint.svc_name", more["LoginTo"])
    resources = [one for one in raw.get("resources") or () if isinstance(one, dict)]
    if resources:
        event["resources"] = [_resource(one) for one in resources]
    return _observed(_rest(raw, event, _TRAIL, _TRAIL_READ))


def _class_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The head of a CloudTrail record's event: which class it is of, and the user it is about."""
    name, identity = str(raw["eventName"]), "Identity & Access Management"
    if name in _AUTHENTICATION:
        event = _event(3002, "Authentication", 3, identity, _AUTHENTICATION[name])
        named = get(raw, "requestParameters.roleArn") or get(raw, "userIdentity.arn")
        session = get(raw, "requestParameters.roleSessionName") or get(raw, "userIdentity.userName")
        event["user"] = {k: v for k, v in (("uid", named), ("name", session)) if v}
        return event
    if name in _ACCOUNT_CHANGE and raw["eventSource"] == "iam.amazonaws.com":
        event = _event(3001, "Account Change", 3, identity, _ACCOUNT_CHANGE[name])
        held = ("responseElements.user.userId", "responseElements.role.roleId")
        called = ("requestParameters.userName", "requestParameters.roleName")
        told = {
            "uid": next((v for v in (get(raw, p) for p in held) if v), None),
            "name": next((v for v in (get(raw, p) for p in called) if v), None),
        }
        event["user"] = {k: v for k, v in told.items() if v}
        return event
    activity = next((a for heads, a in _CALLS if name.startswith(heads)), _OTHER)
    if raw.get("readOnly") in (True, "true"):
        activity = (2, "Read")
    return _event(6003, "API Activity", 6, "Application Activity", activity)


def _event(
    class_uid: int, class_name: str, category_uid: int, category: str, activity: tuple[int, str]
) -> dict[str, Any]:
    number, name = activity
    return {
        "activity_id": number, "activity_name": name,
        "category_uid": category_uid, "category_name": category,
        "class_uid": class_uid, "class_name": class_name,
        "type_uid": class_uid * 100 + number, "type_name": f"{class_name}: {name}",
        **_INFORMATIONAL, "cloud": {"provider": "AWS"},
    }  # fmt: skip


def _metadata(product: str, feature: str, profiles: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": product, "vendor_name": "AWS"}
    if feature:
        told["feature"] = {"name": feature}
    return {"product": told, "profiles": list(profiles), "version": SCHEMA}


def _copy(
    raw: Mapping[str, Any], event: dict[str, Any], mapping: Sequence[tuple[str, str]]
) -> None:
    for source, target in mapping:
        value = get(raw, source)
        if value is not None:
            put(event, target, value)


def _rest(
    raw: Mapping[str, Any],
    event: dict[str, Any],
    mapping: Sequence[tuple[str, str]],
    read: set[str],
) -> dict[str, Any]:
    """An event with what no mapping names."""
    known = read | {source.split(".")[0] for source, _ in mapping}
    rest = {name: value for name, value in raw.items() if name not in known and value is not None}
    if rest:
        event["unmapped"] = rest
    return event


def _observed(event: dict[str, Any]) -> dict[str, Any]:
    found = [
        {"name": path, "type": kind, "type_id": number, "value": value}
        for path, kind, number in _OBSERVED
        for value in [get(event, path)]
        if value
    ]
    if found:
        event["observables"] = found
    return event


def _resource(one: Mapping[str, Any]) -> dict[str, Any]:
    told = {"uid": one.get("ARN"), "type": one.get("type")}
    if one.get("accountId"):
        told["account"] = {"uid": one["accountId"]}
    return {name: value for name, value in told.items() if value}


def _when(given: Any, unit_ms: int = 0) -> dict[str, Any]:
    """``time`` in milliseconds and ``time_dt``, of a number of ``unit_ms`` or of a text."""
    try:
        if unit_ms:
            ms = int(given) * unit_ms
        else:
            ms = round(datetime.fromisoformat(str(given)).timestamp() * 1000)
        at = datetime.fromtimestamp(ms / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return {}
    return {"time": ms, "time_dt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(given: Any) -> int:
    text = str(given)
    return int(text) if text.isdigit() and len(text) < 19 else 0


def _family(address: str) -> int:
    try:
        return ip_address(address).version
    except ValueError:
        return 0


_SOURCES = {"CloudTrail": _trail, "VPCFlow": _flow, "Route53Resolver": _resolver}
