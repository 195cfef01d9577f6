"""VPC flow logs: traffic that a workload makes becomes records, while a flow log exists.

:meth:`Vpc.flow` tells of packets at a network interface. Every flow log of the interface, of its
subnet and of its VPC gathers them, adds up what belongs to one flow, and at the end of its
aggregation interval (10 minutes, or 1) writes one record per flow, in its own format::

    2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010
    1418530070 ACCEPT OK

A flow log to CloudWatch Logs writes with its role, into the stream ``<interface>-all``; one to S3
puts a gzipped file. Whether the traffic is accepted is asked of the security groups unless the
workload knows. Records of intervals without traffic (NODATA) are not written.

Source: VPC user guide, "Flow log records", "Publish flow logs to CloudWatch Logs", "... to S3".
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from labkit.backing.site import Site
from labkit.core.clock import SECOND, Phase, to_datetime
from labkit.core.errors import LabError

_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
_PRINCIPAL = "vpc-flow-logs.amazonaws.com"

#: interface, source, destination, ports, protocol, action
Flow = tuple[str, str, str, int, int, int, str]


@dataclass(slots=True)
class _Sum:
    """What a flow has come to in an interval."""

    packets: int
    bytes: int
    start_us: int
    end_us: int


class Vpc:
    """The flow logs of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handler ``vpc.flush`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open: dict[tuple[str, str, str], dict[Flow, _Sum]] = {}
        site.register("vpc.flush", self._flush)

    def flow(
        self,
        account: str,
        region: str,
        interface: str,
        source: str,
        destination: str,
        source_port: int,
        destination_port: int,
        *,
        protocol: int = 6,
        packets: int = 10,
        size: int = 840,
        action: str | None = None,
    ) -> str:
        """Let packets pass, or not, at a network interface, now.

        Parameters
        ----------
        interface:
            ``eni-...``.
        source, destination, source_port, destination_port, protocol:
            The flow: addresses, ports, IANA number (6 TCP, 17 UDP).
        packets, size:
            How many packets, and how many bytes in all.
        action:
            ``ACCEPT`` or ``REJECT``; None lets the interface's security groups decide.

        Returns
        -------
        The action.

        Raises
        ------
        LabError
            When there is no such interface.
        """
        with self._site.moto.held():
            ec2 = self._site.moto.backend("ec2", account, region)
            found = ec2.enis.get(interface)
            if found is None:
                raise LabError(f"there is no network interface {interface!r} in {region}")
            if action is None:
                inbound = destination == found.private_ip_address
                ok = not inbound or _allowed(found, source, destination_port, protocol)
                action = "ACCEPT" if ok else "REJECT"
            watched = (found.id, found.subnet.id, found.subnet.vpc_id)
            logs = [
                log
                for log in ec2.flow_logs.values()
                if log.resource_id in watched and log.traffic_type in ("ALL", action)
            ]
        key: Flow = (
            interface,
            source,
            destination,
            source_port,
            destination_port,
            protocol,
            action,
        )
        for log in logs:
            self._gather(
                (account, region, log.id), log.max_aggregation_interval, key, packets, size
            )
        return action

    def _gather(
        self, place: tuple[str, str, str], interval: Any, key: Flow, packets: int, size: int
    ) -> None:
        now_us = self._site.clock.now_us
        flows = self._open.get(place)
        if flows is None:
            flows = self._open[place] = {}
            wait_us = int(interval) * SECOND - now_us % (int(interval) * SECOND)
            payload = {"account": place[0], "region": place[1], "flow_log": place[2]}
            self._site.after(wait_us, "vpc.flush", payload, Phase.DATA, cause=())
        known = flows.get(key)
        if known is None:
            flows[key] = _Sum(packets, size, now_us, now_us)
        else:
            known.packets += packets
            known.bytes += size
            known.end_us = now_us

    def _flush(self, payload: dict[str, Any]) -> None:
        """Clock handler: the interval of a flow log is over."""
        account, region = payload["account"], payload["region"]
        flows = self._open.pop((account, region, payload["flow_log"]), {})
        with self._site.moto.working():
            ec2 = self._site.moto.backend("ec2", account, region)
            log = ec2.flow_logs.get(payload["flow_log"])
            if log is None:
                return  # deleted meanwhile
            records = [
                (key[0], _record(log.log_format, account, region, ec2, key, known))
                for key, known in flows.items()
            ]
            if log.log_destination_type == "s3":
                self._to_bucket(account, region, log, [line for _, line in records])
            else:
                self._to_logs(account, region, log, records)

    def _to_logs(self, account: str, region: str, log: Any, records: list[tuple[str, str]]) -> None:
        group = log.log_group_name or str(log.log_destination).split(":log-group:", 1)[-1]
        group = group.removesuffix(":*")
        role, may = log.deliver_logs_permission_arn, self._site.allowed
        arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        if not (may(_PRINCIPAL, "sts:AssumeRole", role) and may(role, "logs:PutLogEvents", arn)):
            log.deliver_logs_status, log.deliver_logs_error_message = "FAILED", "Access error"
            return
        log.deliver_logs_status, log.deliver_logs_error_message = "SUCCESS", None
        now_us = self._site.clock.now_us
        for interface in dict.fromkeys(name for name, _ in records):
            events = [(now_us, line) for name, line in records if name == interface]
            self._site.emit.log(account, region, "vpc-flow-logs", group, f"{interface}-all", events)

    def _to_bucket(self, account: str, region: str, log: Any, lines: list[str]) -> None:
        from moto.core.exceptions import ServiceException

        bucket, _, prefix = log.log_destination.split(":", 5)[5].partition("/")
        now = to_datetime(self._site.clock.now_us)
        unique = self._site.ids.hex(8)
        key = (
            f"{prefix.rstrip('/')}/" if prefix else ""
        ) + f"AWSLogs/{account}/vpcflowlogs/{region}/{now:%Y/%m/%d}/"
        key += f"{account}_vpcflowlogs_{region}_{log.id}_{now:%Y%m%dT%H%MZ}_{unique}.log.gz"
        head = " ".join(_FIELD.findall(log.log_format))
        content = gzip.compress("\n".join([head, *lines, ""]).encode(), mtime=0)
        try:
            self._site.moto.backend("s3", account, region).put_object(bucket, key, content)
        except ServiceException:
            log.deliver_logs_status, log.deliver_logs_error_message = "FAILED", "Unknown error"


def _record(form: str, account: str, region: str, ec2: Any, key: Flow, known: _Sum) -> str:
    """A record in a flow log's format; a field that is not known is a dash."""
    interface, source, destination, source_port, destination_port, protocol, action = key
    found = ec2.enis.get(interface)
    values: dict[str, Any] = {
        "version": 2,
        "account-id": account,
        "interface-id": interface,
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
        "region": region,
    }
    if found is not None:
        values |= {
            "vpc-id": found.subnet.vpc_id,
            "subnet-id": found.subnet.id,
            "instance-id": getattr(found.instance, "id", None),
            "pkt-srcaddr": source,
            "pkt-dstaddr": destination,
        }
        values["flow-direction"] = (
            "ingress" if destination == found.private_ip_address else "egress"
        )

    def value(match: re.Match[str]) -> str:
        told = values.get(match.group(1))
        return "-" if told is None else str(told)

    return _FIELD.sub(value, form)


def _allowed(interface: Any, source: str, port: int, protocol: int) -> bool:
    """Whether the security groups of an interface let somebody in."""
    address = ip_address(source)
    for group in interface.group_set:
        for rule in group.ingress_rules:
            named = str(rule.ip_protocol)
            if named != "-1" and _PROTOCOLS.get(named, named) not in (protocol, str(protocol)):
                continue
            ports = (
                named == "-1"
                or rule.from_port in (None, -1)
                or (int(rule.from_port) <= port <= int(rule.to_port))
            )
            cidr = rule.ip_range.get("CidrIp")
            if ports and cidr and address in ip_network(cidr):
                return True
    return False
