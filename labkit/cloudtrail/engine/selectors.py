"""Event selectors: which events a trail logs, and by which selector.

Basic selectors choose management events by reading and writing, and data events by the beginning of
a resource's ARN. Advanced selectors are lists of conditions on fields. Selectors are alternatives:
an event is logged when any of them matches; within an advanced selector every field must match, and
of the values of a field one is enough; of a negative operator none may match.

Source: botocore cloudtrail EventSelector, AdvancedEventSelector, AdvancedFieldSelector and
DataResource (aws-semantics 7.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

#: What a trail logs of which nothing was said: all management events.
DEFAULT = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    },
)
READ_WRITE = ("All", "ReadOnly", "WriteOnly")
DATA_TYPES = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
#: Values of all resources of a kind. Of S3 both spellings are in use.
_ALL = {
    "AWS::S3::Object": ("arn:aws:s3", "arn:aws:s3:::"),
    "AWS::Lambda::Function": ("arn:aws:lambda",),
    "AWS::DynamoDB::Table": ("arn:aws:dynamodb",),
}
MOST_SELECTORS, MOST_RESOURCES, MOST_VALUES = 5, 250, 500

FIELDS = (
    "eventCategory", "resources.type", "readOnly", "eventName", "eventSource", "resources.ARN",
    "userIdentity.arn", "sessionCredentialFromConsole", "errorCode", "vpcEndpointId", "eventType",
)  # fmt: skip
#: Of a trail's events.
CATEGORIES = ("Management", "Data", "NetworkActivity")
OPERATORS = ("Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith")
_EQUALS_ONLY = ("eventCategory", "readOnly", "resources.type")


class InvalidSelector(ValueError):
    """Selectors that CloudTrail would refuse; the message says which part and why."""


class Described(NamedTuple):
    """An event, as selectors look at it.

    Parameters
    ----------
    category:
        ``Management``, ``Data`` or ``NetworkActivity``.
    read_only:
        What its record says.
    name, source:
        ``eventName`` and ``eventSource``.
    resource_type, resource_arn:
        Of a data event; empty for a management event.
    caller_arn, error_code:
        ``userIdentity.arn`` and ``errorCode``; empty when there is none.
    event_type, endpoint, from_console:
        ``eventType``, ``vpcEndpointId`` and ``sessionCredentialFromConsole``.
    """

    category: str
    read_only: bool
    name: str
    source: str
    resource_type: str = ""
    resource_arn: str = ""
    caller_arn: str = ""
    error_code: str = ""
    event_type: str = "AwsApiCall"
    endpoint: str = ""
    from_console: str = ""


#: A field of advanced selectors -> what it is in :class:`Described`.
_PARTS = {
    "eventCategory": "category",
    "eventName": "name",
    "eventSource": "source",
    "resources.type": "resource_type",
    "resources.ARN": "resource_arn",
    "userIdentity.arn": "caller_arn",
    "errorCode": "error_code",
    "eventType": "event_type",
    "vpcEndpointId": "endpoint",
    "sessionCredentialFromConsole": "from_console",
}


def value_of(event: Described, field: str) -> str:
    """What an event has of a field of advanced selectors."""
    if field == "readOnly":
        return "true" if event.read_only else "false"
    value: str = getattr(event, _PARTS[field])
    return value


def check_basic(selectors: Sequence[Mapping[str, Any]]) -> None:
    """Raise when basic selectors can't be.

    Raises
    ------
    InvalidSelector
        For too many, or a value that there is not.
    """
    if not 1 <= len(selectors) <= MOST_SELECTORS:
        raise InvalidSelector(f"a trail has 1 to {MOST_SELECTORS} event selectors")
    resources = 0
    for selector in selectors:
        kind = selector.get("ReadWriteType", "All")
        if kind not in READ_WRITE:
            raise InvalidSelector(f"ReadWriteType is one of {', '.join(READ_WRITE)}, not {kind!r}")
        for source in selector.get("ExcludeManagementEventSources", ()):
            if source not in EXCLUDABLE:
                raise InvalidSelector(
                    f"management events of {source!r} can't be left out: {', '.join(EXCLUDABLE)}"
                )
        for resource in selector.get("DataResources", ()):
            if resource.get("Type") not in DATA_TYPES:
                raise InvalidSelector(
                    f"basic selectors know data events of {', '.join(DATA_TYPES)}; others are for "
                    f"advanced selectors: {resource.get('Type')!r}"
                )
            for value in resource.get("Values", ()):
                resources += 1
                if value not in _ALL[resource["Type"]] and value.count(":") < 5:
                    raise InvalidSelector(f"{value!r} is not the ARN of a resource")
    if resources > MOST_RESOURCES:
        raise InvalidSelector(f"a trail's selectors name up to {MOST_RESOURCES} data resources")


def check_advanced(
    selectors: Sequence[Mapping[str, Any]], known: Sequence[str] = CATEGORIES
) -> None:
    """Raise when advanced selectors of a trail or an event data store can't be.

    Parameters
    ----------
    selectors:
        As given.
    known:
        Categories that there are.

    Raises
    ------
    InvalidSelector
        For a field or operator that there is not, or selectors without ``eventCategory``.
    """
    values = 0
    for selector in selectors:
        fields = selector.get("FieldSelectors", ())
        categories: list[str] = []
        for field in fields:
            name = field.get("Field", "")
            used = [operator for operator in OPERATORS if operator in field]
            if name not in FIELDS:
                raise InvalidSelector(f"there is no field {name!r}; there are {', '.join(FIELDS)}")
            if not used:
                raise InvalidSelector(f"{name} has no operator: {', '.join(OPERATORS)}")
            if any(not field[operator] for operator in used):
                raise InvalidSelector(f"{name} has an operator without a value")
            if name in _EQUALS_ONLY and used != ["Equals"]:
                raise InvalidSelector(f"{name} takes Equals alone")
            values += sum(len(field[operator]) for operator in used)
            if name == "eventCategory":
                categories += field["Equals"]
            if name == "readOnly" and set(field["Equals"]) - {"true", "false"}:
                raise InvalidSelector("readOnly is true or false")
        if not categories or set(categories) - set(known):
            raise InvalidSelector(
                f"each advanced selector says eventCategory Equals one of {', '.join(known)}"
            )
        if "Data" in categories and not any(f.get("Field") == "resources.type" for f in fields):
            raise InvalidSelector("a selector of data events says resources.type")
        if "NetworkActivity" in categories and not any(
            f.get("Field") == "eventSource" for f in fields
        ):
            raise InvalidSelector("a selector of network activity events says eventSource")
    if values > MOST_VALUES:
        raise InvalidSelector(f"a trail's advanced selectors have up to {MOST_VALUES} values")


def logs(
    event: Described,
    basic: Sequence[Mapping[str, Any]],
    advanced: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Whether a trail with these selectors logs an event; advanced ones replace basic ones."""
    if advanced:
        return any(_advanced(event, selector) for selector in advanced)
    return any(_basic(event, selector) for selector in basic)


def asks_data(basic: Sequence[Mapping[str, Any]], advanced: Sequence[Mapping[str, Any]]) -> bool:
    """Whether selectors ask for data events of anything."""
    return any(one.get("DataResources") for one in basic) or any(
        "Data" in field.get("Equals", ())
        for one in advanced
        for field in one["FieldSelectors"]
        if field["Field"] == "eventCategory"
    )


def _basic(event: Described, selector: Mapping[str, Any]) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") != event.read_only:
        return False
    if event.category == "Management":
        left_out = selector.get("ExcludeManagementEventSources", ())
        return selector.get("IncludeManagementEvents", True) and event.source not in left_out
    return any(
        names(event, resource["Type"], value)
        for resource in selector.get("DataResources", ())
        for value in resource.get("Values", ())
    )


def names(event: Described, kind: str, value: str) -> bool:
    """Whether a value of a basic selector's DataResources names what a data event is about."""
    if kind != event.resource_type:
        return False
    if value in _ALL[kind]:
        return True
    if kind != "AWS::S3::Object":
        return event.resource_arn == value
    return event.resource_arn.startswith(value) and (
        value[-1:] == "/" or value.rpartition(":")[2].count("/") > 0
    )


def _advanced(event: Described, selector: Mapping[str, Any]) -> bool:
    return all(
        matches([value_of(event, field["Field"])], field) for field in selector["FieldSelectors"]
    )


def matches(values: Sequence[str], field: Mapping[str, Any]) -> bool:
    """Whether the values that an event has of a field satisfy a field selector.

    Trails and event data stores share it. An event can have several values of a field (a record's
    resources): a positive operator needs one that matches, a negative one forbids any.
    """
    tests: dict[str, Callable[[str, str], bool]] = {
        "Equals": str.__eq__,
        "StartsWith": str.startswith,
        "EndsWith": str.endswith,
    }
    for operator, test in tests.items():
        wanted, unwanted = field.get(operator), field.get(f"Not{operator}")
        if wanted and not any(test(value, one) for value in values for one in wanted):
            return False
        if unwanted and any(test(value, one) for value in values for one in unwanted):
            return False
    return True
