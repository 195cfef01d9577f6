"""Amazon's CLI in a shell, against a served lab: the endpoint and the keys in the environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nodejs import environment_of
from served import client_of

BIN = Path(sys.executable).parent

PUT = (
    "aws cloudwatch put-metric-data --metric-name Buffers --namespace MyNameSpace --unit Bytes "
    "--value 23143433 --dimensions InstanctID=1,InstanceType=m1.small"
)
FORCE = (
    "aws cloudwatch set-alarm-state --alarm-name 'myalarm' --state-value ALARM "
    "--state-reason 'testing purposes'"
)
SCRIPT = f"""
{PUT}
{FORCE}
echo leaves > tea.txt
aws s3 cp tea.txt s3://teapot/tea.txt --no-progress
aws s3 ls
aws s3 ls s3://teapot
"""


@pytest.fixture
def shell(service, tmp_path):
    """Run a script; what it prints."""
    if shutil.which("sh") is None:
        pytest.skip("this machine has no shell")

    def run(script):
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=200,
            env=environment_of(service) | {"PATH": path, "AWS_PAGER": "", "PAGER": "cat"},
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_notes_two_lines_letter_for_letter_and_s3(service, shell):
    cloudwatch, s3 = client_of(service, "cloudwatch"), client_of(service, "s3")
    cloudwatch.put_metric_alarm(
        AlarmName="myalarm", Namespace="MyNameSpace", MetricName="Buffers", Period=60,
        Statistic="Average", EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    s3.create_bucket(Bucket="teapot")
    printed = shell(SCRIPT).splitlines()
    assert printed[0] == "upload: ./tea.txt to s3://teapot/tea.txt"
    assert printed[1].endswith(" teapot") and printed[2].split()[2:] == ["7", "tea.txt"]
    (metric,) = cloudwatch.list_metrics()["Metrics"]
    assert {d["Name"]: d["Value"] for d in metric["Dimensions"]} == {
        "InstanctID": "1",
        "InstanceType": "m1.small",
    }
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "testing purposes")
    assert s3.get_object(Bucket="teapot", Key="tea.txt")["Body"].read() == b"leaves\n"
    cloudwatch.close()
    s3.close()


@pytest.mark.skipif(shutil.which("groff") is None, reason="the CLI writes its help with groff")
def test_help(shell):
    assert "put-metric-alarm" in shell("aws cloudwatch help")
