"""The answers to exercise 09: over HTTP, where a slow shop is a little slow; and in a browser."""

import pytest

from course.answers.c09_canaries import WITH_A_BROWSER
from course.judging import Answers, hand_in
from labkit import canary_ahead
from labkit.course.checks.c09_canaries import playing, situations
from labkit.synthetics.runner import browsers
from labkit.synthetics.running import Memory

#: What has been run over HTTP in this process: many answers differ in their alarms alone.
SEEN = Memory()


class TestAnswers(Answers):
    chapter = "09_canaries"

    @pytest.fixture(autouse=True)
    def _no_browser_and_no_long_waiting(self, monkeypatch):
        monkeypatch.setattr(browsers, "find", lambda: None)
        monkeypatch.setattr(situations, "SLOW_SECONDS", 1.5)
        monkeypatch.setattr(canary_ahead, "SILENCE_SECONDS", 1.0)
        monkeypatch.setattr(playing, "memory_of", lambda bench: SEEN)


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "only"), [pytest.param(*row, id=str(row[0])) for row in WITH_A_BROWSER]
)
def test_in_a_browser_each_answer_gets_its_outcome_and_its_message(
    opened, monkeypatch, answer, only
):
    if browsers.find() is None:
        pytest.skip("this machine has no browser")
    faults, harmless = (
        [one for one in every() if only in one.name]
        for every in (situations.faults, situations.harmless)
    )
    monkeypatch.setattr(situations, "faults", lambda: faults)
    monkeypatch.setattr(situations, "harmless", lambda: harmless)
    ex = opened("09_canaries", learner="demo")
    hand_in(ex, answer.code)
    judged = ex.check(1)
    text = " ".join(str(judged).split())
    assert type(judged.outcome).__name__ == answer.outcome, text
    for said in answer.says:
        assert said in text, f"{said!r} is not in: {text}"
    if not only:
        mailbox = ex.check(2)  # the same runs, replayed
        assert mailbox.passed, str(mailbox)
