"""The questions that come with labkit: each keeps to the rules, each proof holds."""

from dataclasses import replace
from functools import cache

import pytest

from labkit.course import proofs
from labkit.course.exam_facts import exams
from labkit.course.question_bank import bank
from labkit.course.question_lint import lint, overview

PROVED = [question for question in bank() if question.proof is not None]
REFUTED = [
    (question, wrong) for question in PROVED for wrong in question.proof.refutes
]  # every wrong option that a proof says it refutes


def test_nothing_to_complain_about():
    assert lint() == []


def test_the_shelves_are_filled():
    chapters = [question.chapter for question in bank()]
    assert chapters.count("00") >= 5
    assert chapters.count("01") >= 10
    assert chapters.count("03") >= 12
    assert sum(question.chapter == "01" for question in PROVED) >= 6
    assert sum(question.chapter == "03" for question in PROVED) >= 10
    assert "01_metrics.yaml" in overview()


@cache
def proven_of(question_id):
    """A proof runs once; what it showed is held against other keys too."""
    return proofs.run(next(one for one in PROVED if one.id == question_id))


@pytest.mark.parametrize("question", PROVED, ids=lambda question: question.id)
def test_the_proof_holds(question):
    proven = proven_of(question.id)
    assert {one.option for one in proven.shown if one.right} == set(question.proof.proves)
    assert all(one.seen for one in proven.shown)


@pytest.mark.parametrize(("question", "wrong"), REFUTED, ids=lambda one: getattr(one, "id", one))
def test_another_key_makes_the_proof_fail(question, wrong):
    right = question.answers[0]
    answers = tuple(wrong if key == right else key for key in question.answers)
    with pytest.raises(proofs.ProofFailed, match=r"the key calls (right|wrong)"):
        proofs.recheck(proven_of(question.id), replace(question, answers=answers))


@pytest.mark.parametrize("exam", exams().values(), ids=lambda exam: exam.code)
def test_the_facts_of_an_exam_are_whole(exam):
    assert sum(domain.weight for domain in exam.domains.values()) == 100
    assert exam.scored <= exam.questions
    assert 100 < exam.pass_mark < 1000
    assert exam.estimate(0) == 100 and exam.estimate(1) == 1000


def test_the_exams_that_the_course_serves():
    assert set(exams()) == {"SOA-C03", "DVA-C02", "SAA-C03", "SCS-C03", "DOP-C02", "CLF-C02"}
    assert exams()["DVA-C02"].last_day == "2026-12-01"
