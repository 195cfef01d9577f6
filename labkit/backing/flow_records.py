"""One flow log record: the fields of its flow log's format, filled in.

A format is text with ``${field}`` in it. Fields of versions 2 to 8 are known; what does not apply
(the packets of an interval without traffic, the reason of nothing) is a dash, as AWS writes it.

Source: VPC user guide, "Flow log records" (available fields).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from labkit.core.clock import SECOND

_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")

#: interface, source, destination, ports, protocol, action
Flow = tuple[str, str, str, int, int, int, str]

#: ``traffic-path`` of what leaves: to the same VPC, or through an internet gateway.
_SAME_VPC, _GATEWAY = 1, 8


@dataclass(slots=True)
class Sum:
    """What a flow has come to in an interval."""

    packets: int
    bytes: int
    flags: int
    start_us: int
    end_us: int


def fields(form: str) -> list[str]:
    """The names of a format's fields, in order: the head of a file."""
    return _FIELD.findall(form)


def record(form: str, account: str, region: str, ec2: Any, key: Flow, known: Sum) -> str:
    """A record of a flow in a flow log's format."""
    interface, source, destination, source_port, destination_port, protocol, action = key
    found = ec2.enis.get(interface)
    values = _place(account, region, interface, found)
    values |= {
        "srcaddr": source,
        "dstaddr": destination,
        "srcport": source_port,
        "dstport": destination_port,
        "protocol": protocol,
        "packets": known.packets,
        "bytes": known.bytes,
        "start": known.start_us // SECOND,
        "end": max(known.end_us // SECOND, known.start_us // SECOND + 1),
        "action": action,
        "log-status": "OK",
        "tcp-flags": known.flags,
        "type": f"IPv{ip_address(source).version}",
        "pkt-srcaddr": source,
        "pkt-dstaddr": destination,
    }
    if found is not None:
        inward = destination == found.private_ip_address
        values["flow-direction"] = "ingress" if inward else "egress"
        if not inward:
            inside = any(
                ip_address(destination) in ip_network(one)
                for one in _networks(ec2, found.subnet.vpc_id)
            )
            values["traffic-path"] = _SAME_VPC if inside else _GATEWAY
    return _filled(form, values)


def silent(
    form: str,
    account: str,
    region: str,
    ec2: Any,
    interface: str,
    status: str,
    start_us: int,
    end_us: int,
) -> str:
    """A record of an interval that has none: NODATA or SKIPDATA."""
    values = _place(account, region, interface, ec2.enis.get(interface))
    values |= {
        "start": start_us // SECOND,
        "end": end_us // SECOND,
        "log-status": status,
    }
    return _filled(form, values)


def _place(account: str, region: str, interface: str, found: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "version": 2,
        "account-id": account,
        "interface-id": interface,
        "region": region,
    }
    if found is not None:
        values |= {
            "vpc-id": found.subnet.vpc_id,
            "subnet-id": found.subnet.id,
            "az-id": getattr(found.subnet, "availability_zone_id", None),
            "instance-id": getattr(found.instance, "id", None),
        }
    return values


def _networks(ec2: Any, vpc_id: str) -> list[str]:
    vpc = ec2.vpcs.get(vpc_id)
    return [] if vpc is None else [vpc.cidr_block]


def _filled(form: str, values: dict[str, Any]) -> str:
    latest = _version(form)
    if latest > 2:
        values["version"] = latest

    def value(match: re.Match[str]) -> str:
        told = values.get(match.group(1))
        return "-" if told is None else str(told)

    return _FIELD.sub(value, form)


#: Fields that came with a version of the records; all others are version 2's.
_SINCE = {
    "vpc-id": 3, "subnet-id": 3, "instance-id": 3, "tcp-flags": 3, "type": 3, "pkt-srcaddr": 3,
    "pkt-dstaddr": 3, "region": 4, "az-id": 4, "sublocation-type": 4, "sublocation-id": 4,
    "pkt-src-aws-service": 5, "pkt-dst-aws-service": 5, "flow-direction": 5, "traffic-path": 5,
    "ecs-cluster-arn": 7, "ecs-cluster-name": 7, "ecs-container-instance-arn": 7,
    "ecs-container-instance-id": 7, "ecs-container-id": 7, "ecs-second-container-id": 7,
    "ecs-service-name": 7, "ecs-task-definition-arn": 7, "ecs-task-arn": 7, "ecs-task-id": 7,
    "reject-reason": 8,
}  # fmt: skip


def _version(form: str) -> int:
    """A record's version: the highest of its fields' ("if you specify a custom format")."""
    return max((_SINCE.get(name, 2) for name in fields(form)), default=2)
