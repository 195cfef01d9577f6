"""Every check against an untouched, right and wrong answers, each with the message it must get.

One file of tests a chapter (``test_answers_03.py``), so that a machine with two cores can judge two
chapters at once; what they ask stands here.
"""

import importlib
import linecache
from collections import Counter
from html import escape

import boto3
import pytest

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED
from labkit.course import worlds

LEARNERS = ("anna", "b.ohm@teapot.example")


def table(chapter):
    """The answers of a chapter, ``03_alarms``."""
    return importlib.import_module(f"course.answers.c{chapter}").ANSWERS


def parametrize(metafunc):
    """Each answer and each learner of a chapter as a test of its own.

    An answer is played through many nights. ``make test`` plays the first of each outcome of each
    check; the others are marked long.
    """
    chapter = metafunc.cls.chapter
    if "answer" in metafunc.fixturenames:
        seen = set()
        rows = []
        for answer in table(chapter):
            kind = (answer.check, answer.outcome)
            known = kind in seen or (metafunc.cls.costly and answer.outcome != PASSED)
            marks = [pytest.mark.long] if known else []
            rows.append(pytest.param(answer, id=str(answer), marks=marks))
            seen.add(kind)
        metafunc.parametrize("answer", rows)
    if "learner" in metafunc.fixturenames:
        plain = () if metafunc.cls.costly else LEARNERS[:1]
        metafunc.parametrize(
            "learner",
            [pytest.param(one, marks=() if one in plain else pytest.mark.long) for one in LEARNERS],
        )


def hand_in(exercise, code, name="<cell>"):
    """Run a learner's cell; its lines can be named, as a kernel's can."""
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    exec(compile(code, name, "exec"), {"ex": exercise, "boto3": boto3, "__name__": "__main__"})


class Answers:
    """The tests of a chapter's answers; a subclass names the chapter."""

    chapter = ""
    #: Whether its worlds take seconds to build: `make test` then plays right answers alone.
    costly = False

    def test_each_answer_gets_its_outcome_and_its_message(self, opened, answer):
        ex = opened(self.chapter, learner="demo")
        hand_in(ex, answer.code)
        before = ex.lab.digest()
        judged = ex.check(answer.check)
        assert ex.lab.digest() == before, "judging changed the learner's lab"
        text = " ".join(str(judged).split())
        assert type(judged.outcome).__name__ == answer.outcome, text
        for said in answer.says:
            assert said in text, f"{said!r} is not in: {text}"
        assert "Traceback" not in text
        page = judged._repr_html_()
        assert "<script" not in page
        assert escape(judged.outcome.finding).split("`")[0] in page
        if answer.outcome == NOT_YET:
            outcome = judged.outcome
            assert outcome.built and outcome.played and outcome.happened
            assert outcome.question.endswith("?") and outcome.question.count("?") == 1

    def test_each_check_has_an_untouched_a_right_and_three_wrong_answers(self):
        found = Counter((answer.check, answer.outcome) for answer in table(self.chapter))
        for number in range(1, len(worlds.task(self.chapter).checks) + 1):
            assert found[number, UNTOUCHED] >= 1
            assert found[number, PASSED] >= 2
            assert found[number, NOT_YET] + found[number, BROKEN] >= 3

    def test_the_right_answer_passes_in_every_variant(self, opened, learner):
        right = next(one for one in table(self.chapter) if one.outcome == PASSED)
        ex = opened(self.chapter, learner=learner)
        hand_in(ex, right.code)
        verdicts = ex.check()
        assert verdicts.passed, str(verdicts)
        other = worlds.facts(self.chapter, "demo")
        assert worlds.facts(self.chapter, learner) != other
