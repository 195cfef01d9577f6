"""The machine that labkit runs on, measured with psutil: real figures.

What the agent reads from ``/proc`` on Linux, psutil reads too; on other systems a figure that the
system does not have is left out. Nothing here is of any lab.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from labkit.agents.figure import Figure
from labkit.agents.naming import About

Labels = tuple[tuple[str, str], ...]

#: psutil's name of a connection's state -> the agent's field.
_STATES = {
    "CLOSE": "tcp_close", "CLOSE_WAIT": "tcp_close_wait", "CLOSING": "tcp_closing",
    "ESTABLISHED": "tcp_established", "FIN_WAIT1": "tcp_fin_wait1", "FIN_WAIT2": "tcp_fin_wait2",
    "LAST_ACK": "tcp_last_ack", "LISTEN": "tcp_listen", "NONE": "tcp_none",
    "SYN_SENT": "tcp_syn_sent", "SYN_RECV": "tcp_syn_recv", "TIME_WAIT": "tcp_time_wait",
}  # fmt: skip
_PROCESS_STATES = {
    "running": "running", "sleeping": "sleeping", "idle": "sleeping", "disk-sleep": "blocked",
    "stopped": "stopped", "tracing-stop": "stopped", "zombie": "zombies", "dead": "dead",
    "parked": "sleeping", "waking": "sleeping",
}  # fmt: skip
_CPU = {"user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal"}
_GUESTS = ("guest", "guest_nice")


class ThisMachine:
    """Real figures. Keeps the processor times of its last look, for what was used since."""

    def __init__(self) -> None:
        self._cpu_before: dict[str, dict[str, float]] = self._times()

    def about(self, instance_id: str = "") -> About:
        """What this machine is called; EC2 says nothing of it."""
        name = socket.gethostname()
        return About(name, instance_id=instance_id, ip_address=_address())

    def figures(self, section: str) -> list[Figure]:
        """All figures of a section, now."""
        measure: Callable[[], Iterator[Figure]] = getattr(self, f"_{section}")
        return list(measure())

    # -- cpu
    def _times(self) -> dict[str, dict[str, float]]:
        found = {"cpu-total": psutil.cpu_times()._asdict()}
        for number, one in enumerate(psutil.cpu_times(percpu=True)):
            found[f"cpu{number}"] = one._asdict()
        return found

    def _cpu(self) -> Iterator[Figure]:
        now = self._times()
        for name, times in now.items():
            labels: Labels = (("cpu", name),)
            before = self._cpu_before.get(name, {})
            # Linux counts a guest's time as user time too: it is no part of the whole.
            passed = {key: value - before.get(key, 0.0) for key, value in times.items()}
            whole = sum(value for key, value in passed.items() if key in _CPU)
            for key in (*sorted(_CPU), *_GUESTS):
                if key not in times:
                    continue
                yield Figure("cpu", f"time_{key}", labels, times[key])
                if before and whole > 0:
                    used = passed[key]
                    if key in ("user", "nice"):
                        used -= passed.get("guest" if key == "user" else "guest_nice", 0.0)
                    yield Figure("cpu", f"usage_{key}", labels, _percent(used, whole))
            active = sum(value for key, value in times.items() if key in _CPU and key != "idle")
            yield Figure("cpu", "time_active", labels, active)
            if before and whole > 0:
                busy = whole - passed["idle"]
                yield Figure("cpu", "usage_active", labels, _percent(busy, whole))
        self._cpu_before = now

    # -- memory
    def _mem(self) -> Iterator[Figure]:
        seen = psutil.virtual_memory()
        buffered, cached = getattr(seen, "buffers", 0), getattr(seen, "cached", 0)
        used = seen.total - seen.free - buffered - cached
        values = {
            "total": seen.total, "available": seen.available, "free": seen.free, "used": used,
            "available_percent": 100 * seen.available / seen.total,
            "used_percent": 100 * used / seen.total,
            "buffered": buffered, "cached": cached,
            "active": getattr(seen, "active", 0), "inactive": getattr(seen, "inactive", 0),
        }  # fmt: skip
        for name, value in values.items():
            yield Figure("mem", name, (), float(value))

    def _swap(self) -> Iterator[Figure]:
        seen = psutil.swap_memory()
        yield Figure("swap", "free", (), float(seen.free))
        yield Figure("swap", "used", (), float(seen.used))
        percent = 100 * seen.used / seen.total if seen.total else 0.0
        yield Figure("swap", "used_percent", (), percent)

    # -- disks
    def _disk(self) -> Iterator[Figure]:
        done = set()
        for part in psutil.disk_partitions(all=True):
            if part.mountpoint in done:
                continue
            done.add(part.mountpoint)
            try:
                usage = psutil.disk_usage(part.mountpoint)
            except OSError:
                continue
            if not usage.total:
                continue  # a file system without blocks: proc, sysfs ...
            labels: Labels = (
                ("path", part.mountpoint),
                ("device", part.device.removeprefix("/dev/")),
                ("fstype", part.fstype),
            )
            space = usage.used + usage.free
            percent = 100 * usage.used / space if space else 0.0
            values: dict[str, float] = {
                "total": usage.total, "free": usage.free, "used": usage.used,
                "used_percent": percent, **_inodes(part.mountpoint),
            }  # fmt: skip
            for name, value in values.items():
                yield Figure("disk", name, labels, float(value))

    def _diskio(self) -> Iterator[Figure]:
        waiting = _in_progress()
        for name, seen in (psutil.disk_io_counters(perdisk=True) or {}).items():
            values = {
                "reads": seen.read_count, "writes": seen.write_count,
                "read_bytes": seen.read_bytes, "write_bytes": seen.write_bytes,
                "read_time": seen.read_time, "write_time": seen.write_time,
                "io_time": getattr(seen, "busy_time", None),
                "iops_in_progress": waiting.get(name),
            }  # fmt: skip
            for field, value in values.items():
                if value is not None:
                    yield Figure("diskio", field, (("name", name),), float(value))

    # -- network
    def _net(self) -> Iterator[Figure]:
        states = psutil.net_if_stats()
        for name, seen in psutil.net_io_counters(pernic=True).items():
            state = states.get(name)
            if state is None or not state.isup or "loopback" in getattr(state, "flags", ""):
                continue
            values = {
                "bytes_recv": seen.bytes_recv, "bytes_sent": seen.bytes_sent,
                "drop_in": seen.dropin, "drop_out": seen.dropout,
                "err_in": seen.errin, "err_out": seen.errout,
                "packets_recv": seen.packets_recv, "packets_sent": seen.packets_sent,
            }  # fmt: skip
            for field, value in values.items():
                yield Figure("net", field, (("interface", name),), float(value))

    def _netstat(self) -> Iterator[Figure]:
        try:
            tcp = psutil.net_connections("tcp")
            udp = psutil.net_connections("udp")
        except (psutil.AccessDenied, OSError):
            return  # macOS tells root alone
        counts = Counter(one.status for one in tcp)
        for status, name in _STATES.items():
            yield Figure("netstat", name, (), float(counts.get(status, 0)))
        yield Figure("netstat", "udp_socket", (), float(len(udp)))

    # -- processes
    def _processes(self) -> Iterator[Figure]:
        counts = dict.fromkeys(sorted({*_PROCESS_STATES.values(), "paging"}), 0)
        total = threads = 0
        for process in psutil.process_iter(["status", "num_threads"]):
            total += 1
            threads += process.info["num_threads"] or 0
            counts[_PROCESS_STATES.get(process.info["status"], "sleeping")] += 1
        for name, value in {**counts, "total": total, "total_threads": threads}.items():
            yield Figure("processes", name, (), float(value))


def _percent(part: float, whole: float) -> float:
    return min(max(100 * part / whole, 0.0), 100.0)


def _inodes(path: str) -> dict[str, float]:
    import os

    if not hasattr(os, "statvfs"):
        return {}
    try:
        seen = os.statvfs(path)
    except OSError:
        return {}
    return {
        "inodes_total": seen.f_files,
        "inodes_free": seen.f_ffree,
        "inodes_used": seen.f_files - seen.f_ffree,
    }


def _in_progress() -> dict[str, int]:
    """Disk -> requests under way, where Linux tells."""
    try:
        with open("/proc/diskstats", encoding="ascii") as table:
            rows = [line.split() for line in table]
    except OSError:
        return {}
    return {row[2]: int(row[11]) for row in rows if len(row) > 11}


def _address() -> str:
    """This machine's own address, without asking anybody."""
    found: list[Any] = []
    for addresses in psutil.net_if_addrs().values():
        found += [one.address for one in addresses if one.family == socket.AF_INET]
    outward = [one for one in found if not one.startswith("127.")]
    return str((outward or found or [""])[0])
