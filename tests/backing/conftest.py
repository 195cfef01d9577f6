"""Labs as far as the backing needs them; see backing_bench.py."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from backing_bench import START, Bench


@pytest.fixture()
def bench() -> Iterator[Bench]:
    """A fresh lab; closed afterwards, so that no test sees another's."""
    made = Bench()
    yield made
    made.world.close()


@pytest.fixture()
def make_bench() -> Iterator:
    """Makes any number of labs and closes them all."""
    made: list[Bench] = []

    def make(seed: str = "0", start_us: int = START) -> Bench:
        made.append(Bench(seed, start_us))
        return made[-1]

    yield make
    for one in made:
        one.world.close()


@pytest.fixture(scope="session")
def elsewhere() -> dict:
    """What backing_leaks.py saw in a process of another hash seed, time zone and real time."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "backing_leaks.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Kolkata"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def nursery() -> Iterator[None]:
    """One process that starts functions, for all tests; it is gone afterwards."""
    from labkit.backing.function_workers import NURSERY

    NURSERY.lease()
    yield
    NURSERY.release()
    NURSERY.close()
    assert NURSERY.pid == 0


@pytest.fixture(scope="module")
def stage(nursery: None) -> Iterator:
    """A lab with functions that the tests of a file share; no process is left of it."""
    from functionkit import Stage, processes

    import labkit

    lab = labkit.Lab(active=False)
    yield Stage(lab)
    lab.close()
    assert processes() == []
