"""The old agent's INI file."""

import pytest

from labkit.agents import config, logs_agent
from labkit.agents.problems import ConfigError

OLD = """
[general]
state_file = /var/awslogs/state/agent-state

[/var/log/messages]
file = /var/log/messages
log_group_name = /var/log/messages
log_stream_name = {instance_id}
datetime_format = %b %d %H:%M:%S
time_zone = UTC
multi_line_start_pattern = {datetime_format}
initial_position = end_of_file
buffer_duration = 5000
"""


def test_what_it_could_do_is_read():
    read = logs_agent.read(OLD)
    (file,) = read.logs
    assert (file.pattern, file.group, file.stream) == (
        "/var/log/messages", "/var/log/messages", "{instance_id}",
    )  # fmt: skip
    assert file.utc
    assert file.from_end
    assert file.timestamp_starts
    assert "deprecated" in read.warnings[-1]
    assert read.sections == ()  # it never measured anything


def test_it_becomes_a_file_that_the_unified_agent_takes():
    (file,) = config.read(logs_agent.unified(OLD)).logs
    assert file.timestamp_format == "%b %d %H:%M:%S"
    assert file.timestamp_starts
    assert file.utc


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "awslogs.conf: File contains no section headers"),
        ("[general]\n", "names no file to collect"),
        ("[a]\nfile = /a\n", "[a] log_group_name: is required"),
        (OLD.replace("5000", "10"), "buffer_duration: is a whole number from 5000"),
        (OLD.replace("UTC", "CET"), "time_zone: is LOCAL or UTC"),
        (OLD.replace("end_of_file", "middle"), "initial_position: is start_of_file"),
        (OLD.replace("%b", "%Q"), "datetime_format: %Q is no code"),
    ],
)
def test_what_is_wrong(text, said):
    with pytest.raises(ConfigError) as caught:
        logs_agent.read(text)
    assert said in "\n".join(caught.value.problems)
