"""The agent as a program: real figures of this machine, real files, a real client."""

import json
import os
from datetime import UTC, datetime, timedelta

import boto3
import pytest

import labkit
from labkit import cli
from labkit.agents import logs_agent
from labkit.agents.catalogue import ELSEWHERE, KINDS
from labkit.agents.cloudwatch_agent import Agent, batches
from labkit.agents.config import read
from labkit.agents.files import Files
from labkit.agents.log_file import LogFile
from labkit.agents.naming import About
from labkit.agents.tail import LogEvent, Tail
from labkit.agents.this_machine import ThisMachine
from labkit.serve import Service

EVERYTHING = {
    "metrics": {
        "metrics_collected": {
            name: {
                "measurement": list(kind.units),
                **({"resources": ["*"]} if kind.labels else {}),
            }
            for name, kind in KINDS.items()
        }
    }
}


@pytest.mark.parametrize("section", KINDS)
def test_this_machine_has_the_agents_figures(section):
    found = ThisMachine().figures(section)
    kind = KINDS[section]
    for figure in found:
        assert figure.field in kind.units
        assert tuple(name for name, _ in figure.labels) == kind.labels
        assert figure.value >= 0
    if found and section not in ("diskio", "netstat", "net"):  # a container may have none
        usage = section == "cpu"
        missing = {f for f in kind.units if (section, f) not in ELSEWHERE} - {
            figure.field for figure in found
        }
        assert not missing or (usage and all(name.startswith("usage_") for name in missing))


def test_percentages_are_percentages_and_shares_of_a_whole():
    machine = ThisMachine()
    mem = {one.field: one.value for one in machine.figures("mem")}
    assert 0 < mem["used_percent"] < 100
    assert mem["used"] + mem["free"] + mem["buffered"] + mem["cached"] == mem["total"]


def test_a_collection_reaches_cloudwatch(lab):
    agent = Agent(read(EVERYTHING), cloudwatch=lab.client("cloudwatch"))
    assert agent.collect() > 40
    assert agent.log == []
    names = {one["MetricName"] for one in _listed(lab)}
    assert {"mem_used_percent", "disk_used_percent", "processes_total"} <= names
    (mem,) = [one for one in _listed(lab) if one["MetricName"] == "mem_used_percent"]
    assert [one["Name"] for one in mem["Dimensions"]] == ["host"]


def _listed(lab):
    pages = lab.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="CWAgent")
    return [one for page in pages for one in page["Metrics"]]


class Fixed:
    """A machine with one figure."""

    def __init__(self):
        self.value = 10.0

    def figures(self, section):
        from labkit.agents.figure import Figure

        return [Figure(section, "used_percent", (), self.value)]


MEM = {"metrics": {"metrics_collected": {"mem": {"measurement": ["used_percent"]}}}}


def test_several_collections_wait_for_the_flush(lab):
    machine = Fixed()
    document = json.loads(json.dumps(MEM))
    document["agent"] = {"metrics_collection_interval": 20}
    client = lab.client("cloudwatch")
    agent = Agent(
        read(document), machine=machine, about=About("box"), cloudwatch=client, now=lambda: lab.now
    )
    waited = []

    def wait(seconds):
        waited.append(seconds)
        lab.advance(seconds=seconds)
        machine.value += 1

    agent.run(120, wait)
    assert waited == [20.0] * 6
    points = client.get_metric_statistics(
        Namespace="CWAgent",
        MetricName="mem_used_percent",
        Dimensions=[{"Name": "host", "Value": "box"}],
        StartTime=lab.start,
        EndTime=lab.now,
        Period=20,
        Statistics=["Average"],
    )["Datapoints"]
    assert sorted(point["Average"] for point in points) == [11, 12, 13, 14, 15, 16][: len(points)]
    assert len(points) >= 5


def test_what_aws_refuses_stands_in_the_agents_log(lab):
    client = lab.user("nobody").client("cloudwatch")
    agent = Agent(read(MEM), machine=Fixed(), about=About("box"), cloudwatch=client)
    agent.collect()
    assert "E! cloudwatch: code: AccessDenied" in agent.log[0]


# -- the command
@pytest.fixture
def service():
    lab = labkit.Lab(active=False)
    with Service(lab) as running:
        yield running
    lab.close()


def test_the_command_against_a_served_lab(service, tmp_path, monkeypatch, capsys):
    file = tmp_path / "agent.json"
    file.write_text(json.dumps(MEM))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    assert cli.main(["agent", "--config", str(file), "--endpoint", service.url, "--once"]) == 0
    assert "1 figures and 0 log events sent" in capsys.readouterr().out
    client = boto3.client("cloudwatch", endpoint_url=service.url, region_name="us-east-1")
    assert client.list_metrics(Namespace="CWAgent")["Metrics"]


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    file = tmp_path / "agent.json"
    file.write_text('{"metrics": {"metrics_collected": {"mem": {}}}}')
    assert cli.main(["agent", "--config", str(file), "--check"]) == 2
    assert "metrics_collected.mem.measurement: is required" in capsys.readouterr().out
    assert cli.main(["agent", "--config", str(tmp_path / "none.json"), "--check"]) == 2
    file.write_text(json.dumps(MEM))
    assert cli.main(["agent", "--config", str(file), "--check"]) == 0
    assert "CWAgent each 60 s: mem_used_percent" in capsys.readouterr().out


# -- logs
def test_real_files_are_followed_through_a_rotation(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    tail = Tail(LogFile(str(tmp_path / "*.log"), "g"))
    found = []
    with Files() as files:
        for step in range(4):
            if step == 1:
                with path.open("a") as stream:
                    stream.write("three\nno end")
                path.rename(tmp_path / "app.old")
                path.write_text("four\n")
            seen = files.find(tail.file)
            found += [event.text for event in tail.look(seen, files.read, now)]
    assert found == ["one", "two", "three", "no end", "four"]


class Taken:
    """A stand-in for the Logs client: what it was given."""

    def __init__(self):
        self.messages = []

    def create_log_group(self, **given): ...

    def create_log_stream(self, **given): ...

    def put_log_events(self, **given):
        self.messages += [event["message"] for event in given["logEvents"]]


def test_a_file_that_was_replaced_is_removed_once_its_lines_are_sent(tmp_path):
    old, new, left_out = (tmp_path / f"app.{n}.log" for n in ("1", "2", "gz"))
    old.write_text("one\n")
    left_out.write_text("never\n")
    entry = {
        "file_path": str(tmp_path / "*.log"), "auto_removal": True, "blacklist": r"gz\.log$",
        "log_group_name": "app",
    }  # fmt: skip
    document = {"logs": {"logs_collected": {"files": {"collect_list": [entry]}}}}
    logs = Taken()
    with Agent(read(document), machine=Fixed(), about=About("box"), logs=logs) as agent:
        agent.follow()
        new.write_text("two\n")
        later = old.stat().st_mtime_ns + 1_000_000_000
        os.utime(new, ns=(later, later))
        agent.follow()
        agent.follow()
    assert logs.messages == ["one", "two"]
    assert not old.exists() and new.exists() and left_out.exists()


def test_portions_of_put_log_events():
    day = datetime(2026, 1, 5, tzinfo=UTC)
    events = [LogEvent(day.replace(hour=n % 24), "x") for n in range(10_050)]
    assert [len(one) for one in batches(events)] == [10_000, 50]
    stamps = [one["timestamp"] for batch in batches(events) for one in batch]
    assert stamps == sorted(stamps)
    two_days = [LogEvent(day, "a"), LogEvent(day.replace(day=6), "b")]
    assert [len(one) for one in batches(two_days)] == [1, 1]
    big = [LogEvent(day, "x" * 600_000)] * 3
    assert [len(one) for one in batches(big)] == [1, 1, 1]


def test_the_lines_of_a_file_arrive_in_cloudwatch_logs(lab, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    entry = {"file_path": str(path), "log_group_name": "app", "retention_in_days": 7}
    document = {"logs": {"logs_collected": {"files": {"collect_list": [entry]}}}}
    logs = lab.client("logs")
    with Agent(
        read(document), machine=Fixed(), about=About("box"), logs=logs, now=lambda: lab.now
    ) as agent:
        agent.follow()
        agent.follow()
    events = logs.get_log_events(logGroupName="app", logStreamName="box")["events"]
    assert [one["message"] for one in events] == ["one", "two"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7


def test_an_agent_of_another_time_says_that_its_lines_were_passed_over(lab, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\n")
    entry = {"file_path": str(path), "log_group_name": "app"}
    document = {"logs": {"logs_collected": {"files": {"collect_list": [entry]}}}}
    with Agent(
        read(document), machine=Fixed(), about=About("box"), logs=lab.client("logs"),
        now=lambda: lab.now + timedelta(days=300),
    ) as agent:  # fmt: skip
        agent.follow()
        agent.follow()
    assert "too new" in agent.log[-1]


AWSLOGS = """
[general]
state_file = {folder}/state/agent-state
[app]
file = {folder}/app.log
log_group_name = app
log_stream_name = {{hostname}}
datetime_format = %Y-%m-%d %H:%M:%S
multi_line_start_pattern = {{datetime_format}}
time_zone = UTC
"""


def old_agent(lab, folder, logs=None):
    config = logs_agent.read(AWSLOGS.format(folder=folder))
    return Agent(
        config, machine=Fixed(), about=About("box"), logs=logs or lab.client("logs"),
        now=lambda: lab.now,
    )  # fmt: skip


def arrived(lab):
    events = lab.client("logs").get_log_events(
        logGroupName="app", logStreamName="box", startFromHead=True
    )["events"]
    return [(datetime.fromtimestamp(e["timestamp"] / 1000, UTC), e["message"]) for e in events]


def test_the_old_agent_goes_on_where_it_was_after_a_restart_and_a_rotation(lab, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("2026-01-05 08:58:00 one\n  and more\n2026-01-05 08:59:00 two\n")
    with old_agent(lab, tmp_path) as agent:
        assert agent.follow() == 1  # the last one may go on
    with path.open("a") as stream:
        stream.write("  and more\n2026-01-05 08:59:30 three\n")
    with old_agent(lab, tmp_path) as agent:
        agent.follow()
        path.rename(tmp_path / "app.log.1")
        path.write_text("2026-01-05 08:59:40 four\n")
        agent.follow()
        agent.follow()
    with old_agent(lab, tmp_path) as agent:
        assert agent.follow() == 0
    minute = datetime(2026, 1, 5, 8, 58, tzinfo=UTC)
    assert arrived(lab) == [
        (minute, "2026-01-05 08:58:00 one\n  and more"),
        (minute + timedelta(minutes=1), "2026-01-05 08:59:00 two\n  and more"),
        (minute + timedelta(seconds=90), "2026-01-05 08:59:30 three"),
        (minute + timedelta(seconds=100), "2026-01-05 08:59:40 four"),
    ]


def test_events_wait_for_a_service_that_refuses_them(lab, tmp_path):
    (tmp_path / "app.log").write_text("2026-01-05 08:58:00 one\n")
    nobody = lab.user("nobody").client("logs")
    with old_agent(lab, tmp_path, nobody) as agent:
        agent.follow()
        agent.follow()
        assert "AccessDenied" in agent.log[-1]
        agent._clients["logs"] = lab.client("logs")  # the role gets its policy
        agent.follow()
        assert [text for _, text in arrived(lab)] == ["2026-01-05 08:58:00 one"]
        lab.client("logs").delete_log_group(logGroupName="app")
        with (tmp_path / "app.log").open("a") as stream:
            stream.write("2026-01-05 08:59:00 two\n")
        agent.follow()
        agent.follow()
        assert [text for _, text in arrived(lab)] == ["2026-01-05 08:59:00 two"]


def test_what_was_not_sent_is_not_noted_as_read(lab, tmp_path):
    (tmp_path / "app.log").write_text("2026-01-05 08:58:00 one\n")
    with old_agent(lab, tmp_path, lab.user("nobody").client("logs")) as agent:
        agent.follow()
        agent.follow()
    with old_agent(lab, tmp_path) as agent:
        agent.follow()
        agent.follow()
    assert [text for _, text in arrived(lab)] == ["2026-01-05 08:58:00 one"]


def test_a_state_file_that_can_not_be_read_is_passed_over(lab, tmp_path):
    (tmp_path / "app.log").write_text("2026-01-05 08:58:00 one\n")
    (tmp_path / "state").mkdir()
    for text in ("nonsense", '{"files": {"0 %s/app.log": [{}]}}' % tmp_path, "[]"):  # noqa: UP031
        (tmp_path / "state" / "agent-state").write_text(text)
        with old_agent(lab, tmp_path) as agent:
            assert "is passed over" in agent.log[-1]
    (tmp_path / "state" / "agent-state").unlink()
    (tmp_path / "state").rmdir()
    (tmp_path / "state").write_text("a file where the folder should be")
    with old_agent(lab, tmp_path) as agent:
        agent.follow()
        agent.follow()
        assert sum("state file" in line for line in agent.log) <= 2
    assert len(arrived(lab)) == 1
