"""The proof runner: what it lets through and what it stops."""

from dataclasses import replace

import boto3
import pytest

from labkit.core.errors import LabError
from labkit.course import proofs
from labkit.course.question_bank import Proof, find

QUESTION = find("m01-fading")


def run(code, proves=("period-300",), refutes=()):
    return proofs.run(replace(QUESTION, proof=Proof(code, proves, refutes)))


def test_what_it_showed_and_printed():
    proven = run("print('hello'); proves('period-300', lab.now == lab.start, 'time stands')")
    assert proven.printed == "hello\n"
    assert str(proven).startswith("hello\n\u2713 Ask again with a Period of 300 seconds\n    time")


@pytest.mark.parametrize(
    ("code", "more", "said"),
    [
        ("proves('period-300', False, 'nothing')", {}, "does not hold: nothing"),
        ("pass", {}, "promised to prove"),
        ("proves('gone', True)", {}, "which the key calls wrong"),
        ("refutes('period-300', True)", {}, "which the key calls right"),
        ("proves('period-300', 1)", {"refutes": ("gone",)}, "promised to refute"),
        ("proves('period-300', 1); refutes('gone', 1)", {}, "promised to refute"),
        ("ordered('period-300', 'gone')", {}, "the order is"),
        ("matched('period-300', 'x', True)", {}, "goes with 'x', not by the key"),
    ],
)
def test_what_a_proof_may_not_do(code, more, said):
    with pytest.raises(proofs.ProofFailed, match=said):
        run(code, **more)


def test_an_error_of_the_proof_is_an_error():
    with pytest.raises(ZeroDivisionError):
        run("1 / 0")
    with pytest.raises(LabError, match="has no proof"):
        proofs.run(find("s00-which-service"))


def test_the_learners_lab_does_not_notice(lab):
    boto3.client("sns").create_topic(Name="mine")
    before = lab.digest()
    proofs.run(find("s00-no-mail"))
    assert lab.digest() == before
    assert len(boto3.client("sns").list_topics()["Topics"]) == 1
