"""CloudTrail Lake's pure half: which records a store takes, and its columns.

Source: CloudTrail user guide, "Create a query" and "supported event schemas for event data stores";
advanced event selectors as in aws-semantics 7.5: values of a field OR, fields AND, of a negative
operator none may match; a record is taken when any selector matches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudtrail.engine.selectors import (
    CATEGORIES,
    InvalidSelector,
    check_advanced,
    matches,
)

#: What a store takes when nobody says.
DEFAULT = [
    {
        "Name": "Default management events",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    }
]
#: What a store can hold beside a trail's events.
_KINDS = (*CATEGORIES, "Insight", "ActivityAuditLog", "ConfigurationItem", "Evidence")

#: A store's columns as a table: ``name type|name type``.
COLUMNS = (
    "eventversion string|useridentity struct<type:string,principalid:string,arn:string,"
    "accountid:string,accesskeyid:string,username:string,sessioncontext:struct<attributes:"
    "struct<creationdate:string,mfaauthenticated:string>,sessionissuer:struct<type:string,"
    "principalid:string,arn:string,accountid:string,username:string>>,invokedby:string>|"
    "eventtime timestamp|eventsource string|eventname string|awsregion string|"
    "sourceipaddress string|useragent string|errorcode string|errormessage string|"
    "requestparameters map<string,string>|responseelements map<string,string>|"
    "additionaleventdata map<string,string>|requestid string|eventid string|readonly boolean|"
    "resources array<struct<accountid:string,type:string,arn:string>>|eventtype string|"
    "apiversion string|managementevent boolean|recipientaccountid string|sharedeventid string|"
    "vpcendpointid string|eventcategory string|sessioncredentialfromconsole string|"
    "tlsdetails struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"
)


def problem(selectors: Sequence[Mapping[str, Any]]) -> str:
    """Why advanced selectors can't be; empty when they can."""
    try:
        check_advanced(selectors, _KINDS)
    except InvalidSelector as found:
        return f"Invalid selectors: {found}."
    return ""


def takes(selectors: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether a store with these selectors takes a record."""
    return any(
        all(matches(_values(one["Field"], record), one) for one in selector["FieldSelectors"])
        for selector in selectors
    )


def _values(field: str, record: Mapping[str, Any]) -> list[str]:
    if field.startswith("resources."):
        name = field.partition(".")[2]
        return [str(one.get(name, "")) for one in record.get("resources") or ()]
    if field == "userIdentity.arn":
        return [str((record.get("userIdentity") or {}).get("arn", ""))]
    value = record.get(field)
    if isinstance(value, bool):
        return [str(value).lower()]
    return ["" if value is None else str(value)]


#: An event data store in FROM: its id, or its ARN in quotes.
STORE_ID = re.compile(
    r"(?:[\"']?arn:aws:cloudtrail:[\w-]+:\d+:eventdatastore/)?"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})[\"']?"
)


def as_name(store_id: str) -> str:
    """A store's id as a name that SQL takes without quotes, just as long."""
    return "e" + store_id[1:].replace("-", "_")


def with_parameters(text: str, parameters: Sequence[str]) -> str:
    """``?`` replaced by texts in quotes, as StartQuery's QueryParameters are."""
    left = iter(parameters)
    parts = re.split(r"('(?:[^']|'')*')", text)
    parts[::2] = [
        re.sub(r"\?", lambda _: "'" + next(left, "").replace("'", "''") + "'", one)
        for one in parts[::2]
    ]
    return "".join(parts)


#: Sample queries by name: description and SQL; what SearchSampleQueries looks through.
SAMPLES = (
    (
        "Console sign-ins without MFA",
        "Users who signed in to the console without multi-factor authentication",
        "SELECT eventTime, userIdentity.arn, sourceIPAddress FROM <event-data-store-id> WHERE "
        "eventName = 'ConsoleLogin' AND element_at(additionalEventData, 'MFAUsed') = 'No'",
    ),
    (
        "Root user activity",
        "Everything the root user did",
        "SELECT eventTime, eventName, sourceIPAddress FROM <event-data-store-id> WHERE "
        "userIdentity.type = 'Root' ORDER BY eventTime DESC",
    ),
    (
        "Top callers",
        "Identities by number of API calls",
        "SELECT userIdentity.arn, count(*) AS calls FROM <event-data-store-id> GROUP BY "
        "userIdentity.arn ORDER BY calls DESC LIMIT 10",
    ),
    (
        "Errors by event",
        "Failed and denied API calls, the most frequent first",
        "SELECT eventSource, eventName, errorCode, count(*) AS n FROM <event-data-store-id> WHERE "
        "errorCode IS NOT NULL GROUP BY eventSource, eventName, errorCode ORDER BY n DESC",
    ),
    (
        "Deleted resources",
        "API calls that delete something",
        "SELECT eventTime, userIdentity.arn, eventName FROM <event-data-store-id> WHERE eventName "
        "LIKE 'Delete%' ORDER BY eventTime DESC",
    ),
    (
        "Changes to security groups",
        "Who opened or closed ports of EC2 security groups",
        "SELECT eventTime, userIdentity.arn, eventName FROM <event-data-store-id> WHERE eventName "
        "LIKE '%SecurityGroup%' AND readOnly = false",
    ),
    (
        "Use of an access key",
        "What one access key was used for",
        "SELECT eventTime, eventSource, eventName, sourceIPAddress FROM <event-data-store-id> "
        "WHERE userIdentity.accessKeyId = 'AKIA...' ORDER BY eventTime",
    ),
)
