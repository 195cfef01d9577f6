"""What a machine looks like from inside: pure functions of what is kept."""

import numpy as np
import pytest

from labkit.core.clock import MINUTE
from labkit.workloads import inside
from labkit.workloads.fills import Fill, fill_key, level, within_runs
from labkit.workloads.inside import GIB, Look, mount_of, things, values
from labkit.workloads.intervals import FOREVER, Span
from labkit.workloads.machine import Machine


def minutes(first, last):
    return np.arange(first + 1, last + 1, dtype=np.int64) * MINUTE


def machine(*fills, key="memory"):
    made = Machine("i-1", 0, "123456789012", "us-east-1")
    made.runs.append(Span(0, FOREVER, "t3.micro"))
    made.fills[key] = list(fills)
    return made


def look(of, first=0, last=60):
    return Look(of, minutes(first, last), MINUTE, "t3.micro")


@pytest.mark.parametrize(
    ("fills", "at", "percent"),
    [
        ([], 5, 40),
        ([Fill(0, 10 * MINUTE, FOREVER, 90)], 5, 65),
        ([Fill(0, 10 * MINUTE, FOREVER, 90)], 20, 90),
        ([Fill(0, 0, FOREVER, 90)], 0, 90),
        ([Fill(0, 0, 5 * MINUTE, 90)], 5, 40),
        # The later one holds, whatever was said first; an incident holds over both.
        ([Fill(2, 2, FOREVER, 70), Fill(1, 1, FOREVER, 90)], 5, 70),
        ([Fill(2, 2, FOREVER, 70), Fill(1, 1, FOREVER, 90, incident=True)], 5, 90),
    ],
)
def test_a_fill_climbs_stays_and_ends(fills, at, percent):
    assert level(fills, np.array([at * MINUTE]), 40.0)[0] == pytest.approx(percent)


def test_a_leak_dies_with_its_run():
    (kept,) = within_runs([Fill(10, 20, FOREVER, 90)], [Span(0, 100), Span(200, FOREVER)])
    assert kept.end_us == 100


@pytest.mark.parametrize("path", ["/", "/var", "/boot/efi", "/dev/shm", "/run/user/1000"])
def test_a_path_lies_on_a_mount(path):
    assert mount_of(path) == path
    assert mount_of(f"{path.rstrip('/')}/deeper/still") == path


def test_a_path_that_only_begins_alike_lies_elsewhere():
    assert mount_of("/variety") == "/"
    assert fill_key("disk", "/var/log") == "disk /var"


@pytest.mark.parametrize(
    ("kind", "gib", "cores"),
    [("t3.nano", 0.5, 2), ("m5.xlarge", 16, 4), ("c5.large", 4, 2), ("r5.4xlarge", 128, 16),
     ("x9.moon", 4, 2), ("m5.metal", 4, 2), ("t2.micro", 1, 1)],
)  # fmt: skip
def test_sizes(kind, gib, cores):
    assert inside.memory(kind) == gib * GIB
    assert inside.cores(kind) == cores


def test_figures_add_up():
    seen = look(machine(Fill(0, 30 * MINUTE, FOREVER, 98)))
    mem = {f: values(seen, "mem", f, ()) for f in ("total", "used", "free", "cached", "buffered")}
    assert (mem["used"] + mem["free"] + mem["cached"] + mem["buffered"] == mem["total"]).all()
    cpu = (("cpu", "cpu-total"),)
    active, idle = (values(seen, "cpu", f"usage_{f}", cpu) for f in ("active", "idle"))
    assert np.allclose(active + idle, 100)
    assert (idle >= 0).all()
    states = [values(seen, "processes", f, ()) for f in ("running", "blocked", "sleeping")]
    assert (sum(states) == values(seen, "processes", "total", ())).all()


@pytest.mark.parametrize("section", ["cpu", "disk", "diskio", "mem", "net", "netstat", "swap"])
def test_a_slice_says_what_the_whole_says(section):
    from labkit.agents.catalogue import KINDS

    kept = machine(Fill(0, 30 * MINUTE, FOREVER, 98))
    for labels in things(section, "t3.micro"):
        for field in KINDS[section].units:
            whole = values(look(kept), section, field, labels)
            part = values(look(kept, 20, 40), section, field, labels)
            assert (whole[20:40] == part).all(), (field, labels)
            assert (whole >= 0).all()
