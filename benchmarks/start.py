"""From nothing to the first answered call, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measure import once

PUT = "put_metric_data(Namespace='N', MetricData=[{'MetricName': 'm', 'Value': 1}])"

CODES = {
    "interpreter": "pass",
    "import labkit": "import labkit",
    "bare boto3": "import boto3; boto3.client('cloudwatch', region_name='us-east-1')",
    "labkit": f"import boto3, labkit; lab = labkit.Lab(); boto3.client('cloudwatch').{PUT}",
    "moto": (
        "import os; os.environ.update(AWS_ACCESS_KEY_ID='a', AWS_SECRET_ACCESS_KEY='b'); "
        "import boto3; from moto import mock_aws; mock_aws().start(); "
        f"boto3.client('cloudwatch', region_name='us-east-1').{PUT}"
    ),
}


def seconds(name: str, rounds: int = 5) -> float:
    """Best real time of a fresh interpreter running ``CODES[name]``."""
    command = [sys.executable, "-W", "ignore", "-c", CODES[name]]
    return min(once(lambda: subprocess.run(command, check=True)) for _ in range(rounds))
