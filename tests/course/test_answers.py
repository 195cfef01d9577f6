"""Every check against an untouched, right and wrong answers, each with the message it must get."""

import importlib
import linecache
from collections import Counter
from html import escape

import boto3
import pytest

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED
from labkit.course import worlds

CHAPTERS = worlds.chapters_with_tasks()
TABLES = {name: importlib.import_module(f"course.answers.c{name}").ANSWERS for name in CHAPTERS}
ALL = [
    pytest.param(name, answer, id=f"{name[:2]}-{answer}")
    for name, table in TABLES.items()
    for answer in table
]


def hand_in(exercise, code, name="<cell>"):
    """Run a learner's cell; its lines can be named, as a kernel's can."""
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    exec(compile(code, name, "exec"), {"ex": exercise, "boto3": boto3, "__name__": "__main__"})


@pytest.mark.parametrize(("chapter", "answer"), ALL)
def test_each_answer_gets_its_outcome_and_its_message(opened, chapter, answer):
    ex = opened(chapter, learner="demo")
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


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_check_has_an_untouched_a_right_and_three_wrong_answers(chapter):
    found = Counter((answer.check, answer.outcome) for answer in TABLES[chapter])
    for number in range(1, len(worlds.task(chapter).checks) + 1):
        assert found[number, UNTOUCHED] >= 1
        assert found[number, PASSED] >= 2
        assert found[number, NOT_YET] + found[number, BROKEN] >= 3


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("learner", ["anna", "b.ohm@teapot.example"])
def test_the_right_answer_passes_in_every_variant(opened, chapter, learner):
    right = next(one for one in TABLES[chapter] if one.outcome == PASSED)
    ex = opened(chapter, learner=learner)
    hand_in(ex, right.code)
    verdicts = ex.check()
    assert verdicts.passed, str(verdicts)
    other = worlds.facts(chapter, "demo")
    assert worlds.facts(chapter, learner) != other
