"""What a machine looks like from inside: memory, swap, disks, processes, connections.

EC2 sees a machine from outside, and none of this. An agent on the machine sees it; what it would
see is computed here, as a pure function of what is kept of the machine (:mod:`.machine`), at any
instants, over whole columns.

The machine's inside is ours, the same on each: a root volume, a second one for ``/var``, and the
file systems that a Linux has without anybody asking (``tmpfs``, ``squashfs``, ``overlay`` ...).
One thing leads to another:

- memory above 85 % pushes pages out: **swap** climbs;
- above 90 % programs wait for their pages: processes are **blocked**, the processor waits for the
  disk (``iowait``) and the disk is read and written for nothing but pages;
- blocked programs do not close their connections: ``close_wait`` climbs.

Sizes: instance types as EC2 publishes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.workloads.fills import level, within_runs

if TYPE_CHECKING:
    import numpy as np

    from labkit.workloads.machine import Machine

GIB = 1 << 30
Labels = tuple[tuple[str, str], ...]
#: (section, field, labels) -> values at the instants asked for.
Values = Callable[["Look"], "np.ndarray"]


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system: where, on what, of what kind, how big, how full at rest."""

    path: str
    device: str
    fstype: str
    size: int
    base: float

    @property
    def labels(self) -> Labels:
        """As the agent's dimensions."""
        return (("path", self.path), ("device", self.device), ("fstype", self.fstype))


#: The file systems of every machine, in the order of /proc/mounts.
MOUNTS = (
    Mount("/", "nvme0n1p1", "xfs", 8 * GIB, 31.0),
    Mount("/dev", "devtmpfs", "devtmpfs", GIB // 2, 0.0),
    Mount("/dev/shm", "tmpfs", "tmpfs", GIB // 2, 0.0),
    Mount("/run", "tmpfs", "tmpfs", GIB // 5, 0.5),
    Mount("/tmp", "tmpfs", "tmpfs", GIB // 2, 0.1),
    Mount("/boot/efi", "nvme0n1p128", "vfat", 10 << 20, 13.0),
    Mount("/var", "nvme1n1", "xfs", 20 * GIB, 44.0),
    Mount("/snap/core20/2318", "loop0", "squashfs", 64 << 20, 100.0),
    Mount("/snap/lxd/28373", "loop1", "squashfs", 87 << 20, 100.0),
    Mount("/snap/snapd/21759", "loop2", "squashfs", 39 << 20, 100.0),
    Mount("/var/lib/docker/overlay2/9f2c/merged", "overlay", "overlay", 20 * GIB, 44.0),
    Mount("/run/user/1000", "tmpfs", "tmpfs", GIB // 10, 0.0),
)
DISKS = ("nvme0n1", "nvme1n1")
INTERFACES = ("eth0",)
SWAP = 2 * GIB

_SIZES = {"nano": 0.5, "micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
_FAMILIES = {"c": 0.5, "m": 1.0, "r": 2.0}


def memory(instance_type: str) -> int:
    """Bytes of memory of an instance type; 4 GiB of one that is not known.

    >>> memory("t3.micro") // GIB, memory("m5.large") // GIB, memory("r5.2xlarge") // GIB
    (1, 8, 64)
    """
    family, _, size = instance_type.partition(".")
    times = int(size.removesuffix("xlarge") or 1) if size.endswith("xlarge") else 1
    if not size.removesuffix("xlarge").isdigit() and size not in _SIZES:
        return 4 * GIB
    gib = _SIZES["xlarge"] * times if size.endswith("xlarge") else _SIZES[size]
    share = 1.0 if family.startswith("t") else _FAMILIES.get(family[:1], 1.0)
    return int(gib * share * GIB)


def cores(instance_type: str) -> int:
    """vCPUs of an instance type: 2, and 4 for each ``xlarge``.

    >>> cores("t3.micro"), cores("m5.2xlarge")
    (2, 8)
    """
    size = instance_type.partition(".")[2]
    if instance_type.startswith(("t2.nano", "t2.micro", "t2.small")):
        return 1
    if not size.endswith("xlarge"):
        return 2
    times = size.removesuffix("xlarge")
    return 4 * (int(times) if times.isdigit() else 1)


def mount_of(path: str) -> str | None:
    """The mount point that a path is on; None when it is no absolute path.

    >>> mount_of("/var/log/messages"), mount_of("/home/ada")
    ('/var', '/')
    """
    if not path.startswith("/"):
        return None
    inside = [
        one.path for one in MOUNTS if f"{path.rstrip('/')}/".startswith(f"{one.path.rstrip('/')}/")
    ]
    return max(inside, key=len)


class Look:
    """A machine from inside at some instants: each figure is computed when asked for, once.

    Parameters
    ----------
    machine:
        Which.
    times:
        int64[n], microseconds: the ends of the stretches that are looked at.
    step_us:
        How long these are.
    instance_type:
        What it runs as.
    """

    def __init__(
        self, machine: Machine, times: np.ndarray, step_us: int, instance_type: str
    ) -> None:
        self.machine = machine
        self.times = times
        self.step_us = step_us
        self.instance_type = instance_type
        self._kept: dict[str, np.ndarray] = {}

    def of(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """``make()``, once."""
        found = self._kept.get(name)
        if found is None:
            found = self._kept[name] = make()
        return found

    def noise(self, channel: str) -> np.ndarray:
        """float64 in [-1, 1), one for each stretch."""
        from labkit.workloads.noise import uniform

        if not len(self.times):
            return self.times.astype(float)
        numbers = (self.times // self.step_us).astype(int)
        first, last = int(numbers[0]), int(numbers[-1]) + 1
        return uniform(self.machine.key(f"inside {self.step_us} {channel}"), first, last)[
            numbers - first
        ]

    def steady(self, channel: str, least: float, most: float) -> float:
        """A number of this machine's own, between two."""
        from labkit.workloads.noise import uniform

        share = (float(uniform(self.machine.key(f"inside {channel}"), 0, 1)[0]) + 1) / 2
        return least + (most - least) * share

    # -- percentages that all else follows
    @property
    def memory(self) -> np.ndarray:
        """Percent of memory in use."""
        import numpy as np

        def make() -> np.ndarray:
            fills = within_runs(self.machine.fills.get("memory", ()), self.machine.runs)
            base = self.steady("memory", 36.0, 44.0)
            found = level(fills, self.times, base)
            found += self.noise("memory") * np.where(found > 95, 0.2, 0.6)
            return np.clip(np.round(found, 4), 1.0, 99.8)

        return self.of("memory", make)

    @property
    def swap(self) -> np.ndarray:
        """Percent of the swap space in use."""
        import numpy as np

        return self.of(
            "swap",
            lambda: np.round(1.0 + np.clip((self.memory - 85.0) / 14.0, 0.0, 1.0) * 96.0, 4),
        )

    @property
    def blocked(self) -> np.ndarray:
        """Processes that wait for their pages."""
        import numpy as np

        return self.of(
            "blocked", lambda: np.rint(np.clip((self.memory - 90.0) / 9.0, 0.0, 1.0) * 14.0)
        )

    @property
    def cpu(self) -> np.ndarray:
        """Percent of the processor that EC2 sees too, as the mean over each stretch."""
        import numpy as np

        def make() -> np.ndarray:
            times, figures = self.machine.level_columns
            places = np.searchsorted(times, self.times - 1, side="right") - 1
            found = figures[places] + self.noise("cpu") * 0.5
            return np.clip(np.round(found, 4), 0.1, 100.0)

        return self.of("cpu", make)

    @property
    def waiting(self) -> np.ndarray:
        """Percent of the processor's time in which it waits for the disk."""
        import numpy as np

        return self.of("waiting", lambda: np.minimum(self.blocked * 6.0 + 0.2, 99.0 - self.cpu))

    def disk(self, mount: Mount) -> np.ndarray:
        """Percent of a file system in use."""
        import numpy as np

        def make() -> np.ndarray:
            # What docker has lies on /var and fills with it.
            source = "/var" if mount.fstype == "overlay" else mount.path
            fills = self.machine.fills.get(f"disk {source}", ())
            found = level(fills, self.times, mount.base)
            if mount.fstype in ("xfs", "overlay"):
                found += np.where(found < 99.5, (self.noise(f"disk {source}") + 1) * 0.02, 0.0)
            return np.clip(np.round(found, 4), 0.0, 100.0)

        return self.of(f"disk {mount.path}", make)

    def amount(self, channel: str, at_rest: float, per_percent: float) -> np.ndarray:
        """Bytes or counts of a stretch that follow the processor."""
        import numpy as np

        share = self.step_us / 60_000_000
        found = (at_rest + per_percent * self.cpu) * share
        return np.rint(found * (1 + 0.05 * self.noise(channel)))


def things(section: str, instance_type: str) -> list[Labels]:
    """What a section has figures of on a machine: its disks, cards, processors."""
    if section == "disk":
        return [mount.labels for mount in MOUNTS]
    if section == "diskio":
        return [(("name", name),) for name in DISKS]
    if section == "net":
        return [(("interface", name),) for name in INTERFACES]
    if section == "cpu":
        names = ["cpu-total", *(f"cpu{number}" for number in range(cores(instance_type)))]
        return [(("cpu", name),) for name in names]
    return [()]


def values(look: Look, section: str, field: str, labels: Labels) -> np.ndarray:
    """One figure at the instants of a look: float64[n].

    Counters (disk and network) are what came within each stretch.
    """
    from labkit.workloads import inside_figures

    make: Callable[..., np.ndarray] = getattr(inside_figures, section)
    return make(look, field, labels)


__all__ = ["MOUNTS", "Look", "Mapping", "Mount", "cores", "memory", "mount_of", "things", "values"]
