"""An exercise in the hands of a test: closed afterwards, and nobody's progress file is touched."""

import pytest

from course import judging


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


def pytest_generate_tests(metafunc):
    if metafunc.cls is not None and issubclass(metafunc.cls, judging.Answers):
        judging.parametrize(metafunc)
