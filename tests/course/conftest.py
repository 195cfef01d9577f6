"""An exercise in the hands of a test: closed afterwards, and nobody's progress file is touched."""

import pytest


@pytest.fixture(autouse=True)
def _own_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("LABKIT_LEARNER", raising=False)


@pytest.fixture
def opened():
    """``opened("01_metrics", learner="demo")``: an exercise that is closed after the test."""
    from labkit.course import exercise
    from labkit.course.exercises import OPEN

    yield exercise
    while OPEN:
        OPEN.popitem()[1].lab.close()
