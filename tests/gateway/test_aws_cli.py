"""``%aws``: Amazon's own CLI in the kernel, answered by the active lab."""

import json
import os
import sys

import labkit
from labkit.gateway import aws_cli

PUT = (
    "aws cloudwatch put-metric-data --metric-name Buffers --namespace MyNameSpace --unit Bytes "
    "--value 23143433 --dimensions InstanctID=1,InstanceType=m1.small"
)
FORCE = (
    "aws cloudwatch set-alarm-state --alarm-name 'myalarm' --state-value ALARM "
    "--state-reason 'testing purposes'"
)


def test_the_notes_two_commands_letter_for_letter(lab, cloudwatch):
    assert aws_cli.run(PUT) == aws_cli.Ran(0, "")
    (metric,) = cloudwatch.list_metrics(Namespace="MyNameSpace")["Metrics"]
    assert {d["Name"]: d["Value"] for d in metric["Dimensions"]} == {
        "InstanctID": "1", "InstanceType": "m1.small",
    }  # fmt: skip
    cloudwatch.put_metric_alarm(
        AlarmName="myalarm", Namespace="MyNameSpace", MetricName="Buffers", Period=60,
        Statistic="Average", EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert aws_cli.run(FORCE) == aws_cli.Ran(0, "")
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "testing purposes")


def test_an_error_of_the_service_is_awss_own_text(lab):
    ran = aws_cli.run(FORCE)
    assert ran.status == 255
    assert "(ResourceNotFound) when calling the SetAlarmState operation" in ran.text


def test_s3(lab, tmp_path):
    file = tmp_path / "tea.txt"
    file.write_text("Darjeeling\n")
    assert aws_cli.run("s3 mb s3://teapot").text == "make_bucket: teapot"
    up = aws_cli.run(f"s3 cp {file} s3://teapot/tea.txt")
    assert (up.status, up.text.split(":")[0], "\r" in up.text) == (0, "upload", False)
    assert aws_cli.run("s3 ls").text.endswith(" teapot")
    assert aws_cli.run("s3 ls s3://teapot").text.split()[2:] == ["11", "tea.txt"]
    back = tmp_path / "back.txt"
    assert aws_cli.run(f"s3 cp s3://teapot/tea.txt {back}").status == 0
    assert back.read_text() == "Darjeeling\n"
    assert aws_cli.run("s3 cp s3://teapot/tea.txt -").text == "Darjeeling"


def test_answers_can_be_queried_and_times_are_as_on_the_wire(lab):
    started = aws_cli.run("ec2 run-instances --image-id ami-0c55b159cbfafe1f0").text
    machine = json.loads(started)["Instances"][0]
    assert machine["LaunchTime"] == "2026-01-05T09:00:00.000Z"
    found = aws_cli.run(
        "ec2 describe-instances --query 'Reservations[].Instances[].InstanceId' --output text"
    )
    assert found.text == machine["InstanceId"]
    assert aws_cli.run("cloudtrail lookup-events --output table").text.count("RunInstances") >= 1


def test_a_waiter_lets_the_labs_time_pass(lab, ec2):
    machine = json.loads(aws_cli.run("ec2 run-instances --image-id ami-0c55b159cbfafe1f0").text)
    machine_id = machine["Instances"][0]["InstanceId"]
    assert aws_cli.run(f"ec2 wait instance-running --instance-ids {machine_id}").status == 0
    assert (lab.now - lab.start).total_seconds() >= 15


def test_help_is_printed_without_a_pager(lab):
    ran = aws_cli.run("cloudwatch help")
    assert ran.status == 0
    assert "put-metric-alarm" in ran.text


def test_a_mistake_in_the_command(lab):
    ran = aws_cli.run("cloudwatch put-metric-dada")
    assert ran.status == 2
    assert "put-metric-data" in ran.text


def test_the_process_stays_as_it_was(lab):
    environment, out = dict(os.environ), sys.stdout
    aws_cli.run("s3 ls")
    assert dict(os.environ) == environment
    assert sys.stdout is out
    import botocore
    import s3transfer

    assert "awscli" not in botocore.__file__
    assert "awscli" not in s3transfer.__file__


CELL = """# two commands, one over two lines
s3 mb \\
  s3://kettle
s3api list-buckets --query 'Buckets[].Name' --output text
s3 rb s3://no-such
"""


def test_the_magics_in_ipython(monkeypatch, capsys):
    import IPython
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    with labkit.Lab():
        shell.run_line_magic("aws", "s3 mb s3://teapot")
        shell.run_cell_magic("aws", "", CELL)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["make_bucket: teapot", "make_bucket: kettle"]
    assert sorted(printed[2].split()) == ["kettle", "teapot"]
    assert printed[-1].startswith("(exit status ")
