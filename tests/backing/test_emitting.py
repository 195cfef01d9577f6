"""The services whose resources emit: same seed, same bytes, and nothing left behind in moto."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from emitting_scenario import digest
from test_moto_state import HARMLESS

#: Routes of a service's operations; which answers show tags, which ECS says anew at every call.
ALSO_HARMLESS = ("get_service_router", "RESPONSE_KEY_PATH_TO_TRANSFORMER")


@pytest.fixture(scope="module")
def elsewhere():
    """A day in a process of another hash seed and time zone, at another real time."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "emitting_scenario.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "4711", "TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_seed_gives_the_same_bytes_in_another_process(elsewhere):
    assert digest() == elsewhere["digest"]


def test_another_seed_gives_another_day(elsewhere):
    assert digest(1) != elsewhere["digest"]


def test_moto_keeps_nothing_of_such_a_day(elsewhere):
    changed = elsewhere["changed"]
    known = (*HARMLESS, *ALSO_HARMLESS)
    assert [place for place in changed if not any(name in place for name in known)] == []
