"""Route 53: zones and records are moto's; what asks them is a workload.

:meth:`Route53.query` resolves a name as a public zone of the lab answers it, counts it, and writes
the line of a query log where the zone has one::

    1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.168.1.1 -

version, time, zone, name, type, response code, protocol, edge location, resolver, EDNS subnet. The
log group is in us-east-1, the stream is ``<zone>/<edge>``. A resource policy of CloudWatch Logs
must let Route 53 write there: asked when logging is configured, and again with each line.

Sources: Route 53 developer guide, "Public DNS query logging", "Monitoring hosted zones using
Amazon CloudWatch".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.backing.site import Answers, Site
from labkit.core.call import Call
from labkit.core.clock import iso
from labkit.core.errors import AwsError

REGION = "us-east-1"
_REFUSED = (
    "The resource policy that you're using for Route 53 query logging doesn't grant Route 53 "
    "sufficient permission to create a log stream in the specified log group."
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a query was answered: response code, values, the zone (empty for none)."""

    code: str
    values: tuple[str, ...] = ()
    zone: str = ""


class Route53:
    """The hosted zones of a lab.

    Parameters
    ----------
    site:
        Where it stands.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def answers(self) -> Answers:
        """The operations that are looked at before moto sees them."""
        return {("route53", "CreateQueryLoggingConfig"): self._check_policy}

    def _check_policy(self, params: dict[str, Any], call: Call) -> None:
        """Whether Route 53 may write into the log group; AWS asks this before it looks for it."""
        zone = str(params["HostedZoneId"]).rpartition("/")[2]
        arn = str(params["CloudWatchLogsLogGroupArn"]).removesuffix(":*")
        with self._site.moto.held():
            known = zone in self._site.moto.backend("route53", call.account, REGION).zones
        if known and ":log-group:" in arn and not self._may_log(call.account, zone, arn):
            raise AwsError("InsufficientCloudWatchLogsResourcePolicy", _REFUSED)

    def _may_log(self, account: str, zone: str, group_arn: str) -> bool:
        source, stream = f"arn:aws:route53:::hostedzone/{zone}", f"{group_arn}:log-stream:any"
        return all(
            self._site.allowed("route53.amazonaws.com", action, stream, source, account)
            for action in ("logs:CreateLogStream", "logs:PutLogEvents")
        )

    def query(
        self,
        account: str,
        name: str,
        kind: str = "A",
        *,
        edge: str = "IAD12",
        resolver: str = "192.168.1.1",
        protocol: str = "UDP",
        subnet: str = "-",
    ) -> Resolved:
        """Ask a public hosted zone of an account for a record.

        Parameters
        ----------
        name, kind:
            ``www.example.com``, ``A``.
        edge, resolver, protocol, subnet:
            As the log line shows them.

        Returns
        -------
        NOERROR with values, NOERROR without for a name that has records of other types only,
        NXDOMAIN for an unknown name, REFUSED where no zone is responsible (nothing is logged then).
        """
        plain = name.rstrip(".").lower()
        with self._site.moto.held():
            backend = self._site.moto.backend("route53", account, REGION)
            zone = _zone_of(backend, plain)
            if zone is None:
                return Resolved("REFUSED")
            answer = _resolve(zone, plain, kind)
            configs = [
                config.log_group_arn
                for config in backend.query_logging_configs.values()
                if config.hosted_zone_id.rpartition("/")[2] == zone.resource_id
            ]
        self._site.emit.metric(
            account,
            REGION,
            "AWS/Route53",
            "DNSQueries",
            {"HostedZoneId": zone.resource_id},
            1.0,
            "Count",
        )
        now_us = self._site.clock.now_us
        stamp = iso(now_us, millis=True)
        line = (
            f"1.0 {stamp} {zone.resource_id} {plain} {kind} {answer.code} {protocol} {edge} "
            f"{resolver} {subnet}"
        )
        for arn in configs:
            if not self._may_log(account, zone.resource_id, arn.removesuffix(":*")):
                continue
            group = arn.split(":log-group:", 1)[1].removesuffix(":*")
            stream = f"{zone.resource_id}/{edge}"
            self._site.emit.log(account, REGION, "route53", group, stream, [(now_us, line)])
        return answer


def _zone_of(backend: Any, name: str) -> Any:
    """The public zone with the longest name that ``name`` ends with."""
    found = None
    for zone in backend.zones.values():
        own = zone.name.rstrip(".").lower()
        inside = name == own or name.endswith("." + own)
        if inside and not zone.private_zone and (found is None or len(zone.name) > len(found.name)):
            found = zone
    return found


def _resolve(zone: Any, name: str, kind: str) -> Resolved:
    """A zone's own answer; a wildcard answers for names that have no records."""
    labels = name.split(".")
    stars = (".".join(["*", *labels[place:]]) for place in range(1, len(labels)))
    for wanted in (name, *stars):
        records = [r for r in zone.rrsets if _plain(r.name) == wanted]
        if not records:
            continue
        for record in records:
            if record.type in (kind, "CNAME"):
                alias = (record.alias_target or {}).get("DNSName")
                given = [one["Value"] if isinstance(one, dict) else one for one in record.records]
                return Resolved("NOERROR", tuple(given) or (alias or "",), zone.resource_id)
        return Resolved("NOERROR", (), zone.resource_id)
    return Resolved("NXDOMAIN", (), zone.resource_id)


def _plain(name: str) -> str:
    return name.replace("\\052", "*").rstrip(".").lower()
