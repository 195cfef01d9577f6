"""Seams are put in place when moto's modules load, whoever loads them."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.backing import moto_seams, mount

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", moto_seams.names())
def test_every_module_with_a_seam_is_still_there(name):
    assert mount.MOTO_LOCK
    moto_seams.install()
    assert importlib.import_module(name).__name__ == name


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_moto_loaded_before_labkit_gets_its_seams_too():
    code = """
import moto.sqs.models, moto.core.utils
from labkit.backing.mount import MotoWorld
world = MotoWorld("0", lambda: 1_767_603_600_000_000)
world.mount()
assert str(moto.core.utils.utcnow()) == "2026-01-05 09:00:00"
assert world.backend("sqs", "123456789012", "us-east-1").queues == {}
world.unmount()
assert moto.core.utils.utcnow().year >= 2026 and str(moto.core.utils.utcnow()) > "2026-01-06"
print("fine")
"""
    assert run(code) == "fine"


def test_importing_the_backing_loads_neither_moto_nor_boto3():
    code = """
import sys, labkit.backing.mount, labkit.backing.ec2, labkit.backing.sns, labkit.backing.deliver
import labkit.backing.wire, labkit.backing.sqs, labkit.backing.identity
print([m for m in ("moto", "boto3", "botocore", "werkzeug", "cryptography") if m in sys.modules])
"""
    assert run(code) == "[]"


def test_a_service_that_nobody_asks_for_is_not_loaded():
    code = """
import sys
from labkit.backing.mount import MotoWorld
world = MotoWorld("0", lambda: 1_767_603_600_000_000)
world.backend("sqs", "123456789012", "us-east-1")
print([m for m in ("moto.ec2", "moto.s3", "moto.sns") if m in sys.modules])
"""
    assert run(code) == "[]"


def test_a_shim_changes_its_names_and_passes_on_the_others():
    shim = moto_seams.Shim(os, urandom=lambda count: b"x" * count)
    assert shim.urandom(3) == b"xxx"
    assert shim.path is os.path
    assert os.urandom is not shim.urandom
