"""VPC flow logs: traffic that a workload makes becomes records, while a flow log exists.

:meth:`Vpc.flow` tells of packets at a network interface. Every flow log of the interface, of its
subnet and of its VPC gathers them, adds up what belongs to one flow, and at the end of its
aggregation interval (10 minutes, or 1) writes one record per flow, in its own format
(:mod:`labkit.backing.flow_records`)::

    2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010
    1418530070 ACCEPT OK

An interface that had no traffic in the interval has one record that says so (NODATA); one whose
traffic a flow log of another traffic type passes over has none there. More flows than an interval
holds are skipped, and that is a record too (SKIPDATA).

A flow log to CloudWatch Logs writes with its role, into the stream ``<interface>-all``, each event
at its record's start; the log group is made when the role may make it. One to S3 puts a gzipped
file. Whether the traffic is accepted is asked of the security groups unless the workload knows.

Source: VPC user guide, "Flow log records", "Publish flow logs to CloudWatch Logs", "... to S3".
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from labkit.backing.flow_records import Flow, Sum, fields, record, silent
from labkit.backing.site import Site
from labkit.core.clock import SECOND, Phase, to_datetime
from labkit.core.errors import LabError

_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
_PRINCIPAL = "vpc-flow-logs.amazonaws.com"
#: Flows of one interval that are kept; AWS names no figure.
MOST_FLOWS = 50_000


@dataclass(slots=True)
class _Interval:
    """What a flow log has gathered since its interval began."""

    start_us: int
    flows: dict[Flow, Sum] = field(default_factory=dict)
    #: Interfaces that had traffic, of whatever type; those of which some was skipped.
    busy: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)


class Vpc:
    """The flow logs of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handler ``vpc.flush`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open: dict[tuple[str, str, str], _Interval] = {}
        site.moto.listen("vpc", self)
        site.register("vpc.flush", self._flush)

    def endpoint_service(self, account: str, region: str, endpoint_id: str) -> str | None:
        """Of which service a VPC endpoint is, None when there is none (its port)."""
        with self._site.moto.held():
            found = self._site.moto.backend("ec2", account, region).vpc_end_points.get(endpoint_id)
            return None if found is None or found.state == "deleted" else str(found.service_name)

    def created(self, log: Any) -> None:
        """Told by moto's models: a flow log was made."""
        log.deliver_logs_status, log.deliver_logs_error_message = "SUCCESS", None
        ec2 = log.ec2_backend
        self._begin((ec2.account_id, ec2.region_name, log.id), log)

    def _begin(self, place: tuple[str, str, str], log: Any) -> None:
        """Begin an interval; it ends at a whole minute or ten of the day."""
        now_us, length_us = self._site.clock.now_us, int(log.max_aggregation_interval) * SECOND
        self._open[place] = _Interval(now_us)
        payload = {"account": place[0], "region": place[1], "flow_log": place[2]}
        wait_us = length_us - now_us % length_us
        self._site.after(wait_us, "vpc.flush", payload, Phase.DATA, cause=())

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
        tcp_flags: int | None = None,
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
        tcp_flags:
            The flags seen, as one number (FIN 1, SYN 2, RST 4, SYN-ACK 18); of TCP and left out,
            SYN of what is rejected, SYN and FIN of what passed.

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
            logs = [log for log in ec2.flow_logs.values() if log.resource_id in watched]
        if tcp_flags is None:
            tcp_flags = 0 if protocol != 6 else 3 if action == "ACCEPT" else 2
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
            interval = self._open[account, region, log.id]
            interval.busy.add(interface)
            if log.traffic_type in ("ALL", action):
                self._gather(interval, key, packets, size, tcp_flags)
        return action

    def _gather(self, interval: _Interval, key: Flow, packets: int, size: int, flags: int) -> None:
        now_us = self._site.clock.now_us
        known = interval.flows.get(key)
        if known is not None:
            known.packets += packets
            known.bytes += size
            known.flags |= flags
            known.end_us = now_us
        elif len(interval.flows) < MOST_FLOWS:
            interval.flows[key] = Sum(packets, size, flags, now_us, now_us)
        else:
            interval.skipped.add(key[0])

    def _flush(self, payload: dict[str, Any]) -> None:
        """Clock handler: the interval of a flow log is over, and the next begins."""
        account, region = payload["account"], payload["region"]
        place = (account, region, payload["flow_log"])
        interval = self._open.pop(place)
        now_us = self._site.clock.now_us
        with self._site.moto.working():
            ec2 = self._site.moto.backend("ec2", account, region)
            log = ec2.flow_logs.get(payload["flow_log"])
            if log is None:
                return  # deleted meanwhile
            self._begin(place, log)
            records = [
                (known.start_us, key[0], record(log.log_format, account, region, ec2, key, known))
                for key, known in interval.flows.items()
            ]
            start_us = interval.start_us
            for one in ec2.enis.values():
                watched = log.resource_id in (one.id, one.subnet.id, one.subnet.vpc_id)
                for status, told in (
                    ("NODATA", watched and one.id not in interval.busy),
                    ("SKIPDATA", one.id in interval.skipped),
                ):
                    if told:
                        line = silent(
                            log.log_format, account, region, ec2, one.id, status, start_us, now_us
                        )
                        records.append((start_us, one.id, line))
            if not records:
                return
            if log.log_destination_type == "s3":
                self._to_bucket(account, region, log, [line for _, _, line in records])
            else:
                self._to_logs(account, region, log, records)

    def _to_logs(
        self, account: str, region: str, log: Any, records: list[tuple[int, str, str]]
    ) -> None:
        group = log.log_group_name or str(log.log_destination).split(":log-group:", 1)[-1]
        group = group.removesuffix(":*")
        role, may = log.deliver_logs_permission_arn, self._site.allowed
        arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        known = self._site.emit.log_group_exists(account, region, group)
        ok = (
            may(_PRINCIPAL, "sts:AssumeRole", role)
            and may(role, "logs:PutLogEvents", arn)
            and (known or may(role, "logs:CreateLogGroup", arn))
        )
        if not ok:
            log.deliver_logs_status, log.deliver_logs_error_message = "FAILED", "Access error"
            return
        log.deliver_logs_status, log.deliver_logs_error_message = "SUCCESS", None
        streams: dict[str, list[tuple[int, str]]] = {}
        for start_us, interface, line in records:
            streams.setdefault(interface, []).append((start_us, line))
        for interface, events in streams.items():
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
        head = " ".join(fields(log.log_format))
        content = gzip.compress("\n".join([head, *lines, ""]).encode(), mtime=0)
        try:
            self._site.moto.backend("s3", account, region).put_object(bucket, key, content)
        except ServiceException:
            log.deliver_logs_status, log.deliver_logs_error_message = "FAILED", "Unknown error"


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
