"""Programs in JavaScript against a served lab, where this machine has Node.js."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "javascript"


def why_not():
    """Why programs in JavaScript can't be run here; '' when they can."""
    node = shutil.which("node")
    if node is None:
        return "Node.js is not installed (labkit doctor says how to get it)"
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if not told.startswith("v") or int(told[1:].split(".")[0]) < 20:
        return f"AWS's JavaScript clients want Node.js 20 or newer, here is {told.strip() or '?'}"
    if not (FOLDER / "node_modules" / "@aws-sdk").is_dir():
        return "AWS's JavaScript clients are not installed: make javascript"
    return ""


def environment_of(service):
    """The environment of a program that talks to a served lab, and to nothing else."""
    key = service.lab.identities.learner().access_key_id
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "NODE_"))}
    return kept | {
        "AWS_ENDPOINT_URL": service.url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": service.lab.identities.secret_for(key),
        "AWS_REGION": service.lab.region,
        "AWS_DEFAULT_REGION": service.lab.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(service, program, environment=()):
    """What a program prints, as JSON; its packages are those of the folder."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    done = subprocess.run(
        ["node", FOLDER / program],
        env=environment_of(service) | dict(environment), cwd=FOLDER,
        capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
