"""The shop as a site, browsers that are kept, and a count of what runs leave behind."""

import os
import shutil
import tempfile
import threading

import pytest
from playerkit import MAY, TRUST, Player

from labkit.core.clock import machine_seconds
from labkit.synthetics.runner import processes, running
from labkit.synthetics.runner.browsers import Browsers, find
from labkit.workloads.shop_faults import SiteSnapshot
from labkit.workloads.shop_web import ShopWeb


@pytest.fixture(scope="module")
def web():
    """The shop's server, healthy unless a run holds something else."""
    running = ShopWeb(SiteSnapshot)
    yield running
    running.close()


@pytest.fixture(scope="module")
def kept():
    """Browsers kept from run to run."""
    if find() is None:
        pytest.skip("no Chromium, chromedriver and selenium here")
    browsers = Browsers()
    yield browsers
    browsers.close()


@pytest.fixture
def cold():
    """For tests whose runs each start a browser."""
    if find() is None:
        pytest.skip("no Chromium, chromedriver and selenium here")


@pytest.fixture
def nothing_left(monkeypatch):
    """After the test: no folder, no process, no thread that a run has made."""
    place = tempfile.mkdtemp(prefix="left-")
    monkeypatch.setattr(tempfile, "tempdir", place)
    threads = set(threading.enumerate())
    # Of this process's runs alone: another worker of the tests has runs under way, too.
    names, name_of = set(), processes.name_of

    def noted(mark):
        names.add(name_of(mark).encode())
        return name_of(mark)

    monkeypatch.setattr(processes, "name_of", noted)
    yield
    left = os.listdir(place)
    shutil.rmtree(place)
    assert not left, f"folders left behind: {left}"
    ours = f"{processes.MARK}={os.getpid()}-".encode()
    marked = [
        pid
        for pid in processes._all()
        if pid != os.getpid()
        and processes._lives(pid)
        and (
            any(
                one.startswith(ours) or place.encode() in one for one in processes._environment(pid)
            )
            or processes._name(pid).strip() in names
        )
    ]
    assert not marked, f"processes left behind: {marked}"
    for one in set(threading.enumerate()) - threads:
        one.join(5)
        assert not one.is_alive() or "process_request" in one.name, (
            f"thread left behind: {one.name}"
        )


@pytest.fixture
def time_is_up_when(monkeypatch):
    """Let no time pass for a run until something is so of it, and then more than any limit: what it
    has done by then does not hang on how fast the machine is.
    """

    def until(holds):
        began, runs, watch = machine_seconds(), [], running.Running._watch

        def watched(run, *places):
            runs[:] = [run]
            return watch(run, *places)

        def seconds():
            return began + (1_000_000 if any(map(holds, runs)) else 0)

        monkeypatch.setattr(running.Running, "_watch", watched)
        monkeypatch.setattr(running, "machine_seconds", seconds)

    return until


@pytest.fixture
def player(monkeypatch):
    import labkit.synthetics.runner

    player = Player()
    monkeypatch.setattr(labkit.synthetics.runner, "run", player.run)
    return player


@pytest.fixture
def synthetics(lab, player):
    lab.client("s3").create_bucket(Bucket="results")
    iam = lab.client("iam")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="canary", PolicyName="may", PolicyDocument=MAY)
    return lab.client("synthetics")
