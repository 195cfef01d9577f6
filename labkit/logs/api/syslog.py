"""Which VPC endpoint feeds which log group with syslog messages."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import group_of, invalid, not_found, page
from labkit.logs.store import LogStore
from labkit.logs.syslog import KIND, Configuration

#: The service that the endpoint has to be one of.
SERVICE = "com.amazonaws.{region}.syslog-logs"


def _key(arn: str, endpoint: str) -> str:
    return f"{arn}|{endpoint}"


def put_syslog_configuration(
    call: Call, /, *, logGroupIdentifier: str, vpcEndpointId: str | None = None
) -> dict[str, Any]:
    """Let what comes by an endpoint go to a group."""
    group = group_of(call, None, logGroupIdentifier)
    if vpcEndpointId is None:
        raise invalid("vpcEndpointId is needed: the source of syslog is a VPC endpoint.")
    service = call.ports.vpc_endpoint_service(call.account, call.region, vpcEndpointId)
    if service is None:
        raise not_found(f"The VPC endpoint {vpcEndpointId} does not exist.")
    needed = SERVICE.format(region=call.region)
    if service != needed:
        raise invalid(f"The VPC endpoint {vpcEndpointId} is of {service}, not of {needed}.")
    store: LogStore = call.store
    key = _key(group.arn, vpcEndpointId)
    held: Configuration | None = store.of(KIND).get(key)
    created_us = held.created_us if held else call.now_us
    store.of(KIND)[key] = Configuration(group.arn, group.name, vpcEndpointId, created_us)
    return {}


def _named(call: Call, identifier: str | None) -> str | None:
    """ARN of the group that a request names, which need not be there any more."""
    if identifier is None or identifier.startswith("arn:"):
        return identifier.removesuffix(":*") if identifier else None
    store: LogStore = call.store
    return store.arn(f"log-group:{identifier}")


def list_syslog_configurations(
    call: Call,
    /,
    *,
    logGroupIdentifier: str | None = None,
    vpcEndpointId: str | None = None,
    nextToken: str | None = None,
    maxResults: int | None = None,
) -> dict[str, Any]:
    """The configurations, of one group or of one endpoint, by group."""
    store: LogStore = call.store
    arn = _named(call, logGroupIdentifier)
    found = [
        one
        for _, one in sorted(store.of(KIND).items())
        if arn in (None, one.group_arn) and vpcEndpointId in (None, one.endpoint)
    ]
    rows, more = page(found, maxResults, nextToken)
    told = [
        {
            "logGroupArn": one.group_arn,
            "sourceType": "VPCE",
            "vpcEndpointId": one.endpoint,
            "createdAt": one.created_us // 1000,
        }
        for one in rows
    ]
    return {"syslogConfigurations": told, **more}


def delete_syslog_configuration(
    call: Call, /, *, logGroupIdentifier: str, vpcEndpointId: str | None = None
) -> dict[str, Any]:
    """Let nothing more come from an endpoint, or from any, into a group."""
    store: LogStore = call.store
    arn = _named(call, logGroupIdentifier)
    gone = [
        key
        for key, one in store.of(KIND).items()
        if one.group_arn == arn and vpcEndpointId in (None, one.endpoint)
    ]
    if not gone:
        raise not_found("The specified syslog configuration does not exist.")
    for key in gone:
        del store.of(KIND)[key]
    return {}


OPERATIONS = {
    "PutSyslogConfiguration": put_syslog_configuration,
    "ListSyslogConfigurations": list_syslog_configurations,
    "DeleteSyslogConfiguration": delete_syslog_configuration,
}
