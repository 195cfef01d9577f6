"""A fresh world after the first: from ``Lab()`` to the first answer of a service that moto backs.

What a checked exercise pays for each replay. ``python -m benchmarks.fresh_world labkit`` (or
``moto``, whose ``mock_aws`` begins anew) prints seconds as JSON; the client's own making, which is
botocore's, counts on both sides.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from benchmarks.measure import best


def ours() -> None:
    """A lab, one call that needs EC2's whole default network, the lab closed."""
    import labkit

    with labkit.Lab(active=False) as lab:
        lab.client("ec2").describe_instances()


def motos() -> None:
    """The same with ``mock_aws``."""
    import boto3
    from moto import mock_aws

    with mock_aws():
        client: Any = boto3.client("ec2", region_name="us-east-1")
        client.describe_instances()


def main(name: str) -> dict[str, float]:
    """Seconds of the best of several worlds, the first not counted."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    return {"fresh": best(ours if name == "labkit" else motos, rounds=10)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
