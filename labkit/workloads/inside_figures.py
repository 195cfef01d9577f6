"""The figures of a machine's inside, section by section; see :mod:`labkit.workloads.inside`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.workloads.inside import MOUNTS, SWAP, memory

if TYPE_CHECKING:
    from labkit.workloads.inside import Labels, Look

_BY_PATH = {mount.path: mount for mount in MOUNTS}
#: Of the time in which a processor works: the share that programs and the kernel have.
_USER = 0.72
_INODE = 16_384


def _constant(look: Look, value: float) -> np.ndarray:
    return np.full(len(look.times), float(value))


def cpu(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Percent of the time; ``time_`` fields are seconds since the machine began to run."""
    kind, _, name = field.partition("_")
    busy = look.cpu
    if labels[0][1] != "cpu-total":
        busy = np.clip(busy + look.noise(labels[0][1]) * 0.8, 0.0, 100.0)
    waiting = np.minimum(look.waiting, 100.0 - busy)
    parts = {
        "active": busy + waiting,
        "idle": 100.0 - busy - waiting,
        "iowait": waiting,
        "user": busy * _USER,
        "system": busy * (1 - _USER),
    }
    share = parts.get(name)
    if share is None:
        share = _constant(look, 0.0)
    if kind == "usage":
        return np.round(share, 4)
    begun = look.machine.runs[0].start_us if look.machine.runs else 0
    return np.round((look.times - begun) / 1e6 * share / 100.0, 2)


def mem(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Bytes and percent of memory."""
    total = float(memory(look.instance_type))
    percent = look.memory
    used = np.rint(total * percent / 100.0)
    rest = total - used
    cached = np.rint(rest * 0.62)
    buffered = np.rint(rest * 0.05)
    found = {
        "total": _constant(look, total),
        "used": used,
        "used_percent": percent,
        "available": rest,
        "available_percent": np.round(100.0 - percent, 4),
        "cached": cached,
        "buffered": buffered,
        "free": rest - cached - buffered,
        "active": np.rint(used * 0.8),
        "inactive": cached,
    }
    return found[field]


def swap(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Bytes and percent of the swap space."""
    used = np.rint(SWAP * look.swap / 100.0)
    return {"used": used, "free": SWAP - used, "used_percent": look.swap}[field]


def disk(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Bytes, percent and inodes of a file system."""
    mount = _BY_PATH[dict(labels)["path"]]
    percent = look.disk(mount)
    used = np.rint(mount.size * percent / 100.0)
    inodes = float(mount.size // _INODE)
    files = np.rint(inodes * percent / 400.0)
    return {
        "total": _constant(look, mount.size),
        "used": used,
        "free": mount.size - used,
        "used_percent": percent,
        "inodes_total": _constant(look, inodes),
        "inodes_used": files,
        "inodes_free": inodes - files,
    }[field]


def diskio(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Reads and writes within each stretch; pages that come and go are among them."""
    name = labels[0][1]
    share = 1.0 if name == "nvme0n1" else 0.4
    pages = look.blocked * 900.0 * (look.step_us / 60_000_000) if name == "nvme0n1" else 0.0
    reads = np.rint(look.amount(f"{name} reads", 4, 3) * share + pages)
    writes = np.rint(look.amount(f"{name} writes", 9, 5) * share + pages)
    if field == "iops_in_progress":
        return look.blocked if name == "nvme0n1" else _constant(look, 0.0)
    times = {"read_time": reads, "write_time": writes * 2, "io_time": reads + writes}
    found = {
        "reads": reads,
        "writes": writes,
        "read_bytes": reads * 4096,
        "write_bytes": writes * 4096,
        **{key: np.minimum(value, look.step_us / 1e3) for key, value in times.items()},
    }
    return found[field]


def net(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Bytes and packets within each stretch."""
    if field == "bytes_recv":
        return look.amount("in", 60_000, 24_000)
    if field == "bytes_sent":
        return look.amount("out", 40_000, 61_000)
    if field == "packets_recv":
        return look.amount("in", 90, 31)
    if field == "packets_sent":
        return look.amount("out", 80, 47)
    return _constant(look, 0.0)


def netstat(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Connections by their state."""
    open_ = np.rint(14 + look.cpu * 1.6 + look.noise("tcp") * 3)
    if field == "tcp_established":
        return np.maximum(open_ - look.blocked, 2.0)
    if field == "tcp_close_wait":
        return look.blocked * 11.0
    if field == "tcp_time_wait":
        return np.rint(open_ * 1.8)
    return _constant(look, {"tcp_listen": 12, "udp_socket": 6}.get(field, 0))


def processes(look: Look, field: str, labels: Labels) -> np.ndarray:
    """Processes by their state."""
    total = np.rint(look.steady("processes", 112, 131) + look.cpu * 0.2 + look.noise("processes"))
    running = np.rint(1 + look.cpu / 40.0)
    if field == "total":
        return total
    if field == "total_threads":
        return np.rint(total * 2.3)
    if field == "blocked":
        return look.blocked
    if field == "running":
        return running
    if field == "sleeping":
        return np.maximum(total - running - look.blocked, 0.0)
    return _constant(look, 0.0)
