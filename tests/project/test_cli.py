"""The command line."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from labkit import cli

ROOT = Path(__file__).parents[2]


def test_wiring_and_operations_are_printed(capsys):
    assert cli.main(["wiring"]) == 0
    assert "alarm.changed" in capsys.readouterr().out
    assert cli.main(["operations"]) == 0
    assert "cloudwatch" in capsys.readouterr().out
    assert cli.main(["version"]) == 0
    assert re.search(r"labkit \d.*moto \d.*botocore \d", capsys.readouterr().out)


def test_an_unknown_command_says_what_there_is(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["alarm"])
    assert left.value.code == 2
    assert "lab" in capsys.readouterr().err


def test_the_course_is_found_from_anywhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.course_folder() == ROOT


def test_jupyterlab_opens_on_the_first_lesson_and_prints_its_address():
    """`make lab ARGS="--no-browser --port 0"`, until the address is there."""
    command = [sys.executable, "-m", "labkit.cli", "lab", "--no-browser", "--ServerApp.port=0"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as server:  # fmt: skip
        # Should the address never come, the server ends and the test fails instead of hanging.
        watchdog = threading.Timer(120, server.kill)
        watchdog.start()
        try:
            printed = ""
            for line in server.stdout:
                printed += line
                if "http://127.0.0.1:" in line:
                    break
            assert "lab/tree/notebooks/00_start_here.ipynb" in printed, printed
            assert "0.0.0.0" not in printed
        finally:
            watchdog.cancel()
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)
