"""The learner's file: readable, atomic, shared, and never in the way."""

import json
import os
import subprocess
import sys
import threading

import pytest

from labkit.course.progress import Progress, default_path, progress_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "progress.json"


@pytest.fixture
def told():
    return []


@pytest.fixture
def progress(path, told):
    return Progress(path, learner="anna", say=told.append)


def test_an_attempt_a_hint_and_a_pass_are_kept_with_their_dates(progress, path):
    assert not progress.tried("01_metrics", 1, "not yet")
    progress.hinted("01_metrics", 1, 2)
    progress.hinted("01_metrics", 1, 1)
    assert progress.tried("01_metrics", 1, "passed")
    assert not progress.tried("01_metrics", 1, "passed"), "the first pass only"
    kept = Progress(path).check("01_metrics", 1)
    assert kept["attempts"] == 3 and kept["hints"] == 2
    assert kept["passed"].endswith("Z") and kept["last"]["outcome"] == "passed"
    assert Progress(path).learner == "anna"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["format"] == "labkit-progress-1"
    assert text.count("\n") > 10, "a person can read it"


def test_a_check_that_nobody_tried_has_no_attempts(progress):
    assert progress.check("17_incident_day", 3) == {"attempts": 0, "hints": 0, "passed": None}


def test_questions_are_a_plain_mapping(progress, path):
    progress.update_questions({"01-001": {"due": "2026-01-08T00:00:00Z"}, "01-002": {"seen": 1}})
    progress.update_questions({"01-002": None, "01-003": {"seen": 2}})
    assert Progress(path).questions == {
        "01-001": {"due": "2026-01-08T00:00:00Z"},
        "01-003": {"seen": 2},
    }


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"format": "labkit-progress-1"}', b"\xff\xfe\x00",
     '{"format": "labkit-progress-1", "learner": "a", "checks": {"x": 3}, "questions": {}}',
     '{"format": "other", "learner": "a", "checks": {}, "questions": {}}'],
)  # fmt: skip
def test_a_damaged_file_is_kept_aside_and_a_new_one_begins(progress, path, told, damage):
    path.parent.mkdir()
    raw = damage if isinstance(damage, bytes) else damage.encode()
    path.write_bytes(raw)
    assert progress.checks == {}
    progress.tried("01_metrics", 1, "passed")
    assert progress.check("01_metrics", 1)["attempts"] == 1
    assert path.with_name("progress.damaged-1.json").read_bytes() == raw
    [line] = told
    assert "damaged" in line and "progress.damaged-1.json" in line
    path.write_bytes(b"again")
    progress.tried("01_metrics", 1, "passed")
    assert path.with_name("progress.damaged-2.json").read_bytes() == b"again"


def test_two_kernels_that_write_at_once_lose_nothing(path):
    code = (
        "import sys; from labkit.course.progress import Progress\n"
        "p = Progress(sys.argv[1], learner='anna')\n"
        "for n in range(25): p.tried('01_metrics', 1, 'not yet'); "
        "p.update_questions({f'{sys.argv[2]}-{n}': {'seen': n}})"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b")
    ]
    assert [kernel.wait(60) for kernel in kernels] == [0, 0]
    assert Progress(path).check("01_metrics", 1)["attempts"] == 50
    assert len(Progress(path).questions) == 50
    assert sorted(p.name for p in path.parent.iterdir()) == ["progress.json", "progress.json.lock"]


def test_threads_lose_nothing_either(progress):
    def work():
        for _ in range(10):
            progress.tried("01_metrics", 2, "not yet")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.check("01_metrics", 2)["attempts"] == 40


def test_a_place_that_cannot_be_written_is_said_once_and_work_goes_on(tmp_path, told):
    (tmp_path / "file").write_text("no folder")
    progress = Progress(tmp_path / "file" / "progress.json", learner="anna", say=told.append)
    assert progress.tried("01_metrics", 1, "passed")
    progress.hinted("01_metrics", 1, 1)
    assert progress.check("01_metrics", 1)["hints"] == 1, "kept while this kernel lives"
    assert len([line for line in told if "can't be written" in line]) == 1


def test_a_crash_while_writing_leaves_the_old_file(progress, path, monkeypatch):
    progress.tried("01_metrics", 1, "passed")
    before = path.read_bytes()

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            progress.tried("01_metrics", 1, "passed")
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.part"))


def test_sections_of_a_later_version_are_kept(progress, path):
    progress.tried("01_metrics", 1, "passed")
    data = json.loads(path.read_text())
    data["stars"] = {"01": 3}
    path.write_text(json.dumps(data))
    progress.tried("01_metrics", 1, "passed")
    assert json.loads(path.read_text())["stars"] == {"01": 3}


def test_the_demo_leaves_no_trace(path):
    demo = Progress(path, learner="demo")
    demo.tried("01_metrics", 1, "passed")
    demo.update_questions({"01-001": {}})
    assert demo.check("01_metrics", 1)["attempts"] == 1
    assert not path.parent.exists()


def test_who_is_learning(monkeypatch, tmp_path):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("LABKIT_PROGRESS", str(path))
    assert default_path() == path
    progress_of("anna").tried("01_metrics", 1, "passed")
    assert progress_of().learner == "anna", "the file remembers"
    ben = progress_of("ben")
    ben.tried("01_metrics", 1, "not yet")
    assert ben.path.name == "progress-ben.json", "another one has a file of their own"
    assert progress_of().learner == "anna"
    monkeypatch.setenv("LABKIT_LEARNER", "ben")
    assert progress_of().check("01_metrics", 1)["attempts"] == 1
    assert progress_of("demo").check("01_metrics", 1)["attempts"] == 0


def test_the_platforms_own_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("LABKIT_PROGRESS")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "labkit" / "progress.json"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_path().parts[-4:] == (
        "Library", "Application Support", "labkit", "progress.json")  # fmt: skip
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_path() == tmp_path / "local" / "labkit" / "progress.json"
