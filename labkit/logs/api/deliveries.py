"""Deliveries of vended logs: sources, destinations and their policies, deliveries, templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.logs.api.requests import not_found, page, service_of, shown, validation
from labkit.logs.deliveries import DELIVERIES, DESTINATIONS, SOURCES, Delivery, Source, Target
from labkit.logs.deliveries import bucket_of as _bucket_of
from labkit.logs.engine import vended
from labkit.logs.store import LogStore

_KINDS = {"logs": vended.GROUP, "s3": vended.S3, "firehose": vended.FIREHOSE}


def conflict(message: str) -> AwsError:
    """ConflictException."""
    return AwsError("ConflictException", message)


def _held(call: Call, kind: str) -> dict[str, Any]:
    store: LogStore = call.store
    return store.of(kind)


# -- sources
def _source(one: Source) -> dict[str, Any]:
    return shown(
        {
            "name": one.name,
            "arn": one.arn,
            "resourceArns": [one.resource_arn],
            "service": one.service,
            "logType": one.log_type,
            "tags": one.tags or None,
            "deliverySourceConfiguration": one.settings or None,
            "status": "ACTIVE",
        }
    )


def put_delivery_source(
    call: Call,
    /,
    *,
    name: str,
    resourceArn: str,
    logType: str,
    tags: Mapping[str, str] | None = None,
    deliverySourceConfiguration: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Name a resource and one kind of its logs."""
    parts = resourceArn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise validation(f"The resource ARN {resourceArn} is not valid.")
    template = vended.TEMPLATES.get((parts[2], parts[5].partition("/")[0]))
    if template is None:
        if parts[2] in vended.ELSEWHERE:
            raise NotImplementedYet(
                "logs", call.operation,
                f"Logs of {parts[2]} are not vended in a lab; an EventBridge bus's are.",
            )  # fmt: skip
        raise validation(f"The resource {resourceArn} does not vend logs.")
    if logType not in template.log_types:
        raise validation(
            f"{logType} is not a log type of {template.service}: {', '.join(template.log_types)}."
        )
    if parts[4] != call.account or parts[3] != call.region:
        raise validation("The resource must be of this account and Region.")
    held = _held(call, SOURCES)
    for other in held.values():
        if other.name != name and (other.resource_arn, other.log_type) == (resourceArn, logType):
            raise conflict(f"The resource has the delivery source {other.name} for {logType}.")
    known: Source | None = held.get(name)
    if known is not None and (known.resource_arn, known.log_type) != (resourceArn, logType):
        raise conflict("The resource and the log type of a delivery source can't be changed.")
    store: LogStore = call.store
    one = held[name] = Source(
        name, store.arn(f"delivery-source:{name}"), resourceArn, template.service, logType,
        dict(tags if tags is not None else known.tags if known else {}),
        dict(deliverySourceConfiguration or {}),
    )  # fmt: skip
    return {"deliverySource": _source(one)}


def _find(call: Call, kind: str, name: str, what: str) -> Any:
    found = _held(call, kind).get(name)
    if found is None:
        raise not_found(f"Requested {what} does not exist in this account.")
    return found


def get_delivery_source(call: Call, /, *, name: str) -> dict[str, Any]:
    """A source."""
    return {"deliverySource": _source(_find(call, SOURCES, name, "Delivery Source"))}


def describe_delivery_sources(
    call: Call,
    /,
    *,
    nextToken: str | None = None,
    limit: int | None = None,
    resourceArns: Sequence[str] = (),
) -> dict[str, Any]:
    """The account's sources."""
    found = [
        _source(one)
        for _, one in sorted(_held(call, SOURCES).items())
        if not resourceArns or one.resource_arn in resourceArns
    ]
    rows, more = _page(found, limit, nextToken)
    return {"deliverySources": list(rows), **more}


def _page(found: Sequence[Any], limit: int | None, token: str | None) -> Any:
    try:
        return page(found, limit, token)
    except AwsError as problem:
        raise validation(problem.message) from None


def delete_delivery_source(call: Call, /, *, name: str) -> dict[str, Any]:
    """Forget a source that no delivery has."""
    one = _find(call, SOURCES, name, "Delivery Source")
    if any(d.source == one.name for d in _held(call, DELIVERIES).values()):
        raise conflict("The delivery source has deliveries; delete them first.")
    del _held(call, SOURCES)[name]
    return {}


# -- destinations
def _target(one: Target) -> dict[str, Any]:
    return shown(
        {
            "name": one.name,
            "arn": one.arn,
            "deliveryDestinationType": one.kind,
            "outputFormat": one.form,
            "deliveryDestinationConfiguration": {"destinationResourceArn": one.resource_arn},
            "roleArn": one.role_arn or None,
            "tags": one.tags or None,
        }
    )


def put_delivery_destination(
    call: Call,
    /,
    *,
    name: str,
    outputFormat: str | None = None,
    deliveryDestinationConfiguration: Mapping[str, str] | None = None,
    deliveryDestinationType: str | None = None,
    roleArn: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make or change a destination: a log group, a bucket or a Firehose stream."""
    if deliveryDestinationType == vended.XRAY:
        raise NotImplementedYet("logs", call.operation, "Deliveries to X-Ray come with X-Ray.")
    arn = (deliveryDestinationConfiguration or {}).get("destinationResourceArn", "")
    parts = arn.split(":", 5)
    kind = _KINDS.get(parts[2]) if len(parts) == 6 and parts[0] == "arn" else None
    if kind is None or (kind == vended.GROUP and not parts[5].startswith("log-group:")):
        raise validation("destinationResourceArn must be a log group, a bucket or a stream.")
    if deliveryDestinationType not in (None, kind):
        raise validation(f"{arn} is not a destination of the type {deliveryDestinationType}.")
    form = outputFormat or vended.JSON
    if form not in vended.FORMATS[kind]:
        raise validation(f"The output format {form} is not there for {kind}.")
    held = _held(call, DESTINATIONS)
    known: Target | None = held.get(name)
    if known is not None and (known.kind, known.form) != (kind, form):
        raise conflict("The type and the output format of a destination can't be changed.")
    store: LogStore = call.store
    kept = tags if tags is not None else known.tags if known else {}
    one = held[name] = Target(
        name, store.arn(f"delivery-destination:{name}"), kind, arn, form, roleArn or "",
        known.policy if known else "", dict(kept),
    )  # fmt: skip
    return {"deliveryDestination": _target(one)}


def get_delivery_destination(call: Call, /, *, name: str) -> dict[str, Any]:
    """A destination."""
    return {"deliveryDestination": _target(_find(call, DESTINATIONS, name, "Delivery Destination"))}


def describe_delivery_destinations(
    call: Call,
    /,
    *,
    nextToken: str | None = None,
    limit: int | None = None,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """The account's destinations."""
    found = [
        _target(one)
        for name, one in sorted(_held(call, DESTINATIONS).items())
        if not names or name in names
    ]
    rows, more = _page(found, limit, nextToken)
    return {"deliveryDestinations": list(rows), **more}


def delete_delivery_destination(call: Call, /, *, name: str) -> dict[str, Any]:
    """Forget a destination that no delivery of any account has."""
    one = _find(call, DESTINATIONS, name, "Delivery Destination")
    for store in service_of(call).world.stores("logs").values():
        if any(d.target_arn == one.arn for d in store.of(DELIVERIES).values()):
            raise conflict("The delivery destination has deliveries; delete them first.")
    del _held(call, DESTINATIONS)[name]
    return {}


def put_delivery_destination_policy(
    call: Call, /, *, deliveryDestinationName: str, deliveryDestinationPolicy: str
) -> dict[str, Any]:
    """Which other accounts may deliver here."""
    one = _find(call, DESTINATIONS, deliveryDestinationName, "Delivery Destination")
    verdict = call.ports.policy_allows(
        deliveryDestinationPolicy, call.principal, "logs:CreateDelivery", one.arn, {}, call.account
    )
    for reason in verdict.because:
        if reason.rule == "malformed":
            raise validation(f"The policy is not valid: {reason.text}")
    one.policy = deliveryDestinationPolicy
    return {"policy": {"deliveryDestinationPolicy": one.policy}}


def get_delivery_destination_policy(
    call: Call, /, *, deliveryDestinationName: str
) -> dict[str, Any]:
    """The policy of a destination."""
    one = _find(call, DESTINATIONS, deliveryDestinationName, "Delivery Destination")
    return {"policy": {"deliveryDestinationPolicy": one.policy} if one.policy else {}}


def delete_delivery_destination_policy(
    call: Call, /, *, deliveryDestinationName: str
) -> dict[str, Any]:
    """No other account may make deliveries here any more."""
    one = _find(call, DESTINATIONS, deliveryDestinationName, "Delivery Destination")
    if not one.policy:
        raise not_found("The delivery destination has no policy.")
    one.policy = ""
    return {}


# -- deliveries
def _delivery(call: Call, one: Delivery) -> dict[str, Any]:
    target = service_of(call).deliveries.target(one.target_arn)
    row: dict[str, Any] = {
        "id": one.id,
        "arn": one.arn,
        "deliverySourceName": one.source,
        "deliveryDestinationArn": one.target_arn,
        "deliveryDestinationType": target.kind if target else None,
        "recordFields": list(one.fields),
        "fieldDelimiter": one.delimiter or None,
        "tags": one.tags or None,
    }
    if target is not None and target.kind == vended.S3:
        row["s3DeliveryConfiguration"] = {
            "suffixPath": one.suffix or vended.EVENT_BUS.suffix,
            "enableHiveCompatiblePath": one.hive,
        }
    return shown(row)


def create_delivery(
    call: Call,
    /,
    *,
    deliverySourceName: str,
    deliveryDestinationArn: str,
    recordFields: Sequence[str] = (),
    fieldDelimiter: str = "",
    s3DeliveryConfiguration: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Let a source go to a destination, of which it may have one of each type."""
    _find(call, SOURCES, deliverySourceName, "Delivery Source")
    deliveries = service_of(call).deliveries
    target = deliveries.target(deliveryDestinationArn)
    if target is None:
        raise not_found("Requested Delivery Destination does not exist in this account.")
    _may_deliver(call, target)
    held = _held(call, DELIVERIES)
    for other in held.values():
        there = deliveries.target(other.target_arn)
        if other.source == deliverySourceName and there is not None and there.kind == target.kind:
            raise conflict(f"The delivery source has a delivery of the type {target.kind}.")
    store: LogStore = call.store
    number = call.ids.hex(16)
    one = Delivery(
        number, store.arn(f"delivery:{number}"), deliverySourceName, deliveryDestinationArn,
        vended.BUS_FIELDS, tags=dict(tags or {}),
    )  # fmt: skip
    _settle(one, target, recordFields, fieldDelimiter, s3DeliveryConfiguration)
    held[number] = one
    return {"delivery": _delivery(call, one)}


def _may_deliver(call: Call, target: Target) -> None:
    """Refuse what the destination's account, or its resource, does not allow."""
    owner = target.arn.split(":")[4]
    refused = AwsError(
        "AccessDeniedException",
        f"User: {call.principal.arn} is not authorized to perform: logs:CreateDelivery on "
        f"resource: {target.arn}",
    )
    if owner != call.account:
        given = target.policy and call.ports.policy_allows(
            target.policy, call.principal, "logs:CreateDelivery", target.arn, {}, owner
        )
        if not given or not given.value:
            raise refused
    parts = target.resource_arn.removesuffix(":*").split(":", 6)
    if target.kind == vended.GROUP:
        if not call.ports.log_group_exists(parts[4], parts[3], parts[6]):
            raise not_found("The log group of the destination does not exist.")
    elif target.kind == vended.S3:
        bucket, folder = _bucket_of(target.resource_arn)
        if call.ports.object_keys(bucket, folder) is None:
            raise not_found("The bucket of the destination does not exist.")
        may = call.ports.bucket_allows(
            bucket, f"{folder}AWSLogs/{call.account}/test", "delivery.logs.amazonaws.com",
            source_arn=f"arn:aws:logs:{call.region}:{call.account}:delivery-source:test",
            account=call.account,
        )  # fmt: skip
        if not may.value:
            raise AwsError(
                "AccessDeniedException",
                f"The policy of the bucket {bucket} does not let delivery.logs.amazonaws.com put "
                f"objects under {folder}AWSLogs/{call.account}/.",
            )


def _settle(
    one: Delivery, target: Target, fields: Sequence[str], delimiter: str,
    s3: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Check and keep what a delivery's files look like."""
    if fields:
        odd = sorted(set(fields) - set(vended.BUS_FIELDS))
        lacking = [name for name in vended.MANDATORY if name not in fields]
        if odd or lacking:
            raise validation(
                f"recordFields can't have {', '.join(odd)}."
                if odd
                else f"recordFields must have {', '.join(lacking)}."
            )
        one.fields = tuple(dict.fromkeys(fields))
    if delimiter and target.form not in (vended.PLAIN, vended.W3C):
        raise validation("fieldDelimiter goes with the formats plain and w3c.")
    if target.form in (vended.PLAIN, vended.W3C):
        one.delimiter = delimiter or one.delimiter or "\t"
    if s3:
        if target.kind != vended.S3:
            raise validation("s3DeliveryConfiguration goes with destinations of the type S3.")
        one.suffix = str(s3.get("suffixPath", one.suffix))
        one.hive = bool(s3.get("enableHiveCompatiblePath", one.hive))


def update_delivery_configuration(
    call: Call,
    /,
    *,
    id: str,
    recordFields: Sequence[str] = (),
    fieldDelimiter: str = "",
    s3DeliveryConfiguration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Change what a delivery's records look like from now on."""
    one = _find(call, DELIVERIES, id, "Delivery")
    target = service_of(call).deliveries.target(one.target_arn)
    if target is None:
        raise not_found("Requested Delivery Destination does not exist in this account.")
    _settle(one, target, recordFields, fieldDelimiter, s3DeliveryConfiguration)
    return {}


def get_delivery(call: Call, /, *, id: str) -> dict[str, Any]:
    """A delivery."""
    return {"delivery": _delivery(call, _find(call, DELIVERIES, id, "Delivery"))}


def describe_deliveries(
    call: Call,
    /,
    *,
    nextToken: str | None = None,
    limit: int | None = None,
    deliverySourceNames: Sequence[str] = (),
) -> dict[str, Any]:
    """The account's deliveries."""
    found = [
        _delivery(call, one)
        for _, one in sorted(_held(call, DELIVERIES).items())
        if not deliverySourceNames or one.source in deliverySourceNames
    ]
    rows, more = _page(found, limit, nextToken)
    return {"deliveries": list(rows), **more}


def delete_delivery(call: Call, /, *, id: str) -> dict[str, Any]:
    """Stop a delivery; what waits for its next file is not written."""
    _find(call, DELIVERIES, id, "Delivery")
    del _held(call, DELIVERIES)[id]
    return {}


def describe_configuration_templates(
    call: Call,
    /,
    *,
    service: str | None = None,
    logTypes: Sequence[str] = (),
    resourceTypes: Sequence[str] = (),
    deliveryDestinationTypes: Sequence[str] = (),
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """What can be vended here, where to and how."""
    found = []
    for template in vended.TEMPLATES.values():
        for log_type in template.log_types:
            for kind in template.destinations:
                if (
                    service in (None, template.service)
                    and (not logTypes or log_type in logTypes)
                    and (not resourceTypes or template.resource_type in resourceTypes)
                    and (not deliveryDestinationTypes or kind in deliveryDestinationTypes)
                ):
                    found.append(_template(template, log_type, kind))
    rows, more = _page(found, limit, nextToken)
    return {"configurationTemplates": list(rows), **more}


def _template(template: vended.Template, log_type: str, kind: str) -> dict[str, Any]:
    usual: dict[str, Any] = {"recordFields": list(template.fields)}
    row: dict[str, Any] = {
        "service": template.service,
        "logType": log_type,
        "resourceType": template.resource_type,
        "deliveryDestinationType": kind,
        "defaultDeliveryConfigValues": usual,
        "allowedFields": [
            {"name": name, "mandatory": name in template.mandatory} for name in template.fields
        ],
        "allowedOutputFormats": list(vended.FORMATS[kind]),
        "allowedActionForAllowVendedLogsDeliveryForResource": (
            "events:AllowVendedLogDeliveryForResource"
        ),
        "allowedFieldDelimiters": ["\t", ",", " ", "|"],
    }
    if kind == vended.S3:
        usual["s3DeliveryConfiguration"] = {
            "suffixPath": template.suffix, "enableHiveCompatiblePath": False,
        }  # fmt: skip
        row["allowedSuffixPathFields"] = [
            "account-id", "service", "region", "yyyy", "MM", "dd", "HH",
        ]  # fmt: skip
    return row


OPERATIONS = {
    "PutDeliverySource": put_delivery_source,
    "GetDeliverySource": get_delivery_source,
    "DescribeDeliverySources": describe_delivery_sources,
    "DeleteDeliverySource": delete_delivery_source,
    "PutDeliveryDestination": put_delivery_destination,
    "GetDeliveryDestination": get_delivery_destination,
    "DescribeDeliveryDestinations": describe_delivery_destinations,
    "DeleteDeliveryDestination": delete_delivery_destination,
    "PutDeliveryDestinationPolicy": put_delivery_destination_policy,
    "GetDeliveryDestinationPolicy": get_delivery_destination_policy,
    "DeleteDeliveryDestinationPolicy": delete_delivery_destination_policy,
    "CreateDelivery": create_delivery,
    "UpdateDeliveryConfiguration": update_delivery_configuration,
    "GetDelivery": get_delivery,
    "DescribeDeliveries": describe_deliveries,
    "DeleteDelivery": delete_delivery,
    "DescribeConfigurationTemplates": describe_configuration_templates,
}
