"""What the CloudWatch agent can measure on Linux: sections, fields, units, labels.

A metric is called ``<section>_<field>`` (``mem_used_percent``), unless a configuration renames it,
and carries its section's labels as dimensions: a disk's ``path``, ``device`` and ``fstype``, a
processor's ``cpu``, a network card's ``interface``.

Source: CloudWatch user guide, "Metrics collected by the CloudWatch agent" (Linux); the agent's own
table of registered metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

#: CloudWatch's units. One that a configuration gives replaces the name alone: nothing is converted.
UNITS = frozenset(
    ["None", "Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second"]
    + [f"{size}{what}{rate}" for size in ("", "Kilo", "Mega", "Giga", "Tera")
       for what in ("bytes", "bits") for rate in ("", "/Second") if size]
    + ["Bytes", "Bits", "Bytes/Second", "Bits/Second"]
)  # fmt: skip

#: Dimensions that EC2 gives, and the only key that each may have in ``append_dimensions``.
EC2_DIMENSIONS = {
    "ImageId": "${aws:ImageId}",
    "InstanceId": "${aws:InstanceId}",
    "InstanceType": "${aws:InstanceType}",
    "AutoScalingGroupName": "${aws:AutoScalingGroupName}",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A section of ``metrics_collected``.

    Parameters
    ----------
    name:
        As the configuration writes it.
    units:
        Field -> unit, in the order in which they are listed.
    labels:
        The dimensions that tell its things apart.
    counters:
        Fields that the system only ever counts up; the agent publishes what came since it last
        looked, and nothing when it looks for the first time.
    """

    name: str
    units: dict[str, str]
    labels: tuple[str, ...] = ()
    counters: frozenset[str] = frozenset()


_CPU = [
    "active",
    "idle",
    "iowait",
    "user",
    "system",
    "steal",
    "nice",
    "irq",
    "softirq",
    "guest",
    "guest_nice",
]
_TCP = [
    "tcp_close",
    "tcp_close_wait",
    "tcp_closing",
    "tcp_established",
    "tcp_fin_wait1",
    "tcp_fin_wait2",
    "tcp_last_ack",
    "tcp_listen",
    "tcp_none",
    "tcp_syn_sent",
    "tcp_syn_recv",
    "tcp_time_wait",
    "udp_socket",
]
_PROCESSES = [
    "blocked",
    "dead",
    "idle",
    "paging",
    "running",
    "sleeping",
    "stopped",
    "total",
    "total_threads",
    "wait",
    "zombies",
]
_NET = [
    "bytes_recv",
    "bytes_sent",
    "drop_in",
    "drop_out",
    "err_in",
    "err_out",
    "packets_recv",
    "packets_sent",
]


def _table(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


#: Section -> what it can measure.
KINDS: dict[str, Kind] = _table(
    Kind(
        "cpu",
        {f"usage_{name}": "Percent" for name in _CPU} | {f"time_{name}": "None" for name in _CPU},
        ("cpu",),
    ),
    Kind(
        "disk",
        {
            "free": "Bytes", "total": "Bytes", "used": "Bytes", "used_percent": "Percent",
            "inodes_free": "Count", "inodes_total": "Count", "inodes_used": "Count",
        },
        ("path", "device", "fstype"),
    ),
    Kind(
        "diskio",
        {
            "reads": "Count", "writes": "Count", "read_bytes": "Bytes", "write_bytes": "Bytes",
            "read_time": "Milliseconds", "write_time": "Milliseconds", "io_time": "Milliseconds",
            "iops_in_progress": "Count",
        },
        ("name",),
        frozenset(
            {"reads", "writes", "read_bytes", "write_bytes", "read_time", "write_time", "io_time"}
        ),
    ),
    Kind(
        "mem",
        {
            "active": "Bytes", "available": "Bytes", "available_percent": "Percent",
            "buffered": "Bytes", "cached": "Bytes", "free": "Bytes", "inactive": "Bytes",
            "total": "Bytes", "used": "Bytes", "used_percent": "Percent",
        },
    ),
    Kind(
        "net",
        {name: "Bytes" if name.startswith("bytes") else "Count" for name in _NET},
        ("interface",),
        frozenset(_NET),
    ),
    Kind("netstat", dict.fromkeys(_TCP, "Count")),
    Kind("processes", dict.fromkeys(_PROCESSES, "Count")),
    Kind("swap", {"free": "Bytes", "used": "Bytes", "used_percent": "Percent"}),
)  # fmt: skip

#: Sections that the agent has and labkit's does not collect, and why.
NOT_COLLECTED = {
    "procstat": "figures of single processes",
    "statsd": "a StatsD server",
    "collectd": "a collectd server",
    "ethtool": "needs the driver's counters",
    "nvidia_smi": "needs a GPU",
    "jmx": "needs a Java machine",
    "otlp": "OpenTelemetry comes with its own part",
    "prometheus": "a Prometheus scraper",
    "efa": "needs an Elastic Fabric Adapter",
}

#: Fields that FreeBSD alone has: the agent takes them and publishes nothing on Linux.
ELSEWHERE = frozenset({("processes", "idle"), ("processes", "wait")})


def field_of(section: str, given: str) -> str | None:
    """The field that a measurement names, with or without the section: ``mem_used_percent``.

    >>> field_of("mem", "used_percent"), field_of("mem", "mem_used_percent")
    ('used_percent', 'used_percent')
    >>> field_of("mem", "memory_used") is None
    True
    """
    units = KINDS[section].units
    if given in units:
        return given
    short = given.removeprefix(f"{section}_")
    return short if short in units else None
