"""How the names in CloudTrail's records are spelled; a table's columns are all in lower case.

Hive's readers do not look at capitals, duckdb's does. The tree has every field of the documented
table (CloudTrail user guide, record contents; aws-semantics 7.1 and 7.7).
"""

from __future__ import annotations

from functools import cache
from typing import Any

_FIELDS = """
eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode
errorMessage requestParameters responseElements additionalEventData requestID eventID eventType
apiVersion managementEvent readOnly recipientAccountId serviceEventDetails sharedEventID
vpcEndpointId vpcEndpointAccountId eventCategory sessionCredentialFromConsole edgeDeviceDetails
insightDetails eventContext
resources(ARN accountId type)
addendum(reason updatedFields originalRequestID originalEventID)
tlsDetails(tlsVersion cipherSuite clientProvidedHostHeader)
userIdentity(type principalId arn accountId invokedBy accessKeyId userName identityProvider
 onBehalfOf(userId identityStoreArn)
 sessionContext(
  attributes(mfaAuthenticated creationDate)
  sessionIssuer(type principalId arn accountId userName)
  ec2RoleDelivery sourceIdentity
  webIdFederationData(federatedProvider attributes)))
"""


@cache
def names() -> dict[str, Any]:
    """Lower-case name -> (the record's name, the same for what is below it)."""
    tokens = _FIELDS.replace("(", " ( ").replace(")", " ) ").split()
    return _read(iter(tokens))


def _read(tokens: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    last = ""
    for token in tokens:
        if token == ")":
            break
        if token == "(":
            found[last.lower()] = (last, _read(tokens))
            continue
        last = token
        found[last.lower()] = (last, {})
    return found


def in_lower_case(record: Any) -> dict[str, Any]:
    """The names of a JSON object of any table: lower case -> (as written, what is below)."""
    if isinstance(record, list):
        merged: dict[str, Any] = {}
        for one in record:
            merged |= in_lower_case(one)
        return merged
    if not isinstance(record, dict):
        return {}
    return {str(key).lower(): (key, in_lower_case(value)) for key, value in record.items()}
