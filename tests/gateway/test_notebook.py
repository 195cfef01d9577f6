"""How a refusal looks in a notebook: what it says, and the learner's own line."""

import re
import sys

import pytest
from botocore.exceptions import ClientError
from IPython.core.interactiveshell import InteractiveShell

from labkit.gateway import notebook

CELL = "def publish():\n    return refuse()\n\npublish()"


@pytest.fixture
def shell(monkeypatch):
    one = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: one)
    notebook.register()
    yield one
    one.reset()
    for name in ("last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)


def refuse():
    answer = {"Error": {"Code": "InvalidParameterValue", "Message": "The value is invalid."}}
    raise ClientError(answer, "PutMetricData")


def shown(capsys) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    return plain.replace("\n", " ")


def test_a_refusal_is_its_sentence_and_the_learners_lines(shell, capsys):
    shell.user_ns["refuse"] = refuse
    ran = shell.run_cell(CELL)
    assert isinstance(ran.error_in_exec, ClientError)
    said = shown(capsys)
    assert "when calling the PutMetricData operation: The value is invalid." in said
    assert "line 4 of this cell: publish()" in said
    assert "line 2 of the cell that made publish: return refuse()" in said
    assert __file__ not in said
    assert "botocore" not in said


def test_where_it_was_can_be_read_on_any_page(shell, capsys):
    shell.user_ns["refuse"] = refuse
    shell.run_cell(CELL)
    out = capsys.readouterr().out
    assert "\x1b[1mline 4 of this cell:" in out
    assert "31m" not in out, "red has a contrast of 2.7 on pink, and less on a dark page"


def test_other_errors_look_as_ever(shell, capsys):
    shell.run_cell("1 / 0")
    said = shown(capsys)
    assert "ZeroDivisionError" in said
    assert "Traceback" in said


def test_the_whole_traceback_can_be_asked_for(shell, capsys):
    shell.user_ns["refuse"] = refuse
    shell.run_cell(CELL)
    shown(capsys)
    assert isinstance(sys.last_value, ClientError)


def test_without_a_notebook_nothing_happens(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    notebook.register()
