"""labkit check, progress, course: a saved notebook in a fresh kernel, and what it says."""

import json
import os
from pathlib import Path

import boto3
import nbformat
import pytest

from course.answers import c01_metrics
from labkit import cli
from labkit.course import checking
from labkit.course.progress import Progress

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _kernels_find_this_labkit(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def saved(folder, *cells, name="01_metrics.ipynb"):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    path = folder / name
    nbformat.write(notebook, path)
    return path


OPEN = 'import boto3\nfrom labkit.course import exercise\nex = exercise("01_metrics")'


def test_a_right_notebook_passes_for_its_learner(tmp_path, capsys):
    path = saved(tmp_path, OPEN, c01_metrics.RIGHT, "ex.check(1)", "ex.grade(1)")
    assert cli.main(["check", str(path), "--learner", "anna"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\u2713 PASSED") == 3
    assert "01_metrics: 3 of 3 checks passed, 6 of 6 points." in printed
    assert "as saved 2" in printed and "just now" in printed
    assert Progress().learner == "anna" and Progress().check("01_metrics", 2)["passed"]
    assert "LABKIT_LEARNER" not in os.environ
    assert cli.main(["progress"]) == 0
    assert "3 of 3" in capsys.readouterr().out


@pytest.mark.long
def test_an_error_is_told_with_its_cell_and_an_old_file_with_its_age(tmp_path, capsys):
    path = saved(tmp_path, OPEN, "import nothing_of_the_kind", c01_metrics.NO_TOTAL)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert cli.main(["check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "cell 2 ended in an error: ModuleNotFoundError" in printed
    assert "save the notebook first" in printed
    assert "NOT YET: The total of all shops is empty." in printed
    assert "2 of 3 checks passed" in printed


def test_a_cell_that_waits_for_ever_is_stopped(tmp_path, capsys):
    path = saved(tmp_path, "x = 1", 'while True: pass  # before exercise("01_metrics")')
    assert cli.main(["check", str(path), "--timeout", "3"]) == 2
    assert "cell 2 did not end within 3 seconds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), ("{", "can't be read as a notebook"),
     (json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
      "opens no exercise")],
)  # fmt: skip
def test_what_is_no_exercise_is_said(tmp_path, capsys, content, said):
    path = tmp_path / "mine.ipynb"
    if content is not None:
        path.write_text(content)
    assert cli.main(["check", str(path)]) == 2
    assert said in capsys.readouterr().out
    assert cli.main(["check", "99_nothing"]) == 2
    assert "there is no exercise" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "judges"),
    [("ex.check(1)", True), ("# now\nex.check(2)  # two", True), ("ex.check()", True),
     ("v = ex.check(1)", False), ("ex.check(1)\nf()", False), ("", False)],
)  # fmt: skip
def test_cells_that_only_judge_are_left_to_the_end(source, judges):
    assert checking._only_judges(nbformat.v4.new_code_cell(source)) is judges


def test_map_and_report_are_printed(capsys):
    assert cli.main(["course", "map"]) == 0
    assert "18 chapters" in capsys.readouterr().out
    assert cli.main(["course", "report", str(ROOT / "notebooks/00_start_here.ipynb")]) == 0
    printed = capsys.readouterr().out
    assert "notebooks/00_start_here" in printed and "first result by cell 8" in printed


def test_an_endpoint_that_is_not_there_or_not_here(capsys, monkeypatch):
    monkeypatch.setattr("labkit.course.checks.c01_metrics.Metrics.needs_notebook", "")
    assert cli.main(["check", "01_metrics", "--endpoint", "http://127.0.0.1:9"]) == 2
    assert "does not answer" in capsys.readouterr().out
    assert cli.main(["check", "01_metrics", "--endpoint", "http://example.org"]) == 2
    assert "not on this machine" in capsys.readouterr().out


def test_a_function_can_not_be_judged_over_an_endpoint(capsys):
    assert cli.main(["check", "01", "--endpoint", "http://127.0.0.1:9"]) == 2
    assert "use labkit check exercises/01_metrics.ipynb" in capsys.readouterr().out


@pytest.fixture
def served():
    """The exercise's world behind a port, with its clock stepped."""
    from labkit.course import worlds
    from labkit.serve import Service

    lab = worlds.open_lab("00_start_here", "anna", active=False)
    with Service(lab, speed=0) as service:
        yield service
    lab.close()


def over_the_wire(service):
    """boto3 as another program has it: no active lab, an endpoint and the printed keys."""
    key = service.lab.identities.learner().access_key_id
    secret = service.lab.identities.secret_for(key)
    return lambda name: boto3.client(
        name, endpoint_url=service.url, region_name="us-east-1",
        aws_access_key_id=key, aws_secret_access_key=secret,
    )  # fmt: skip


def test_a_served_world_is_judged_by_its_journal(served, capsys):
    check = ["check", "00_start_here", "--endpoint", served.url]
    assert cli.main(check) == 1
    assert "NOT ATTEMPTED" in capsys.readouterr().out
    client = over_the_wire(served)
    topic = client("sns").create_topic(Name="on-call")["TopicArn"]
    to = served.lab.handles["oncall"]
    client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=to)
    client("cloudwatch").put_metric_alarm(
        AlarmName="hot", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{"Name": "InstanceId",
                     "Value": served.lab.handles["instances"]["night-report"]}],
        Period=300, EvaluationPeriods=1, Threshold=80,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    )  # fmt: skip
    before = served.lab.digest()
    assert cli.main(check) == 1
    assert "has not been answered" in " ".join(capsys.readouterr().out.split())
    assert served.lab.digest() == before
    served.lab.mailbox[-1].confirm()
    assert cli.main(check) == 0
    printed = capsys.readouterr().out
    assert "00_start_here of anna" in printed and "1 of 1 checks passed, 3 of 3 points" in printed
    assert cli.main([*check, "--learner", "ben"]) == 2
    assert "the world of anna, not ben's" in capsys.readouterr().out


def test_a_lab_without_an_exercise_says_how_to_serve_one(capsys):
    import labkit
    from labkit.serve import Service

    lab = labkit.Lab(active=False)
    with Service(lab, speed=0) as service:
        assert cli.main(["check", "00", "--endpoint", service.url]) == 2
    lab.close()
    assert "labkit serve --exercise 00_start_here" in capsys.readouterr().out
