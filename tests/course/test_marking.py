"""Marking, reports, the draw of a mock exam, and what comes back when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import LabError
from labkit.course import marking, repetition, sitting
from labkit.course.exam_facts import exam_of
from labkit.course.question_bank import Option, Place, Question, bank, chosen, find
from labkit.course.repetition import Unkept

ONE = find("m01-fading")
TWO = find("m01-new-identity")
ORDER = find("m01-how-long-readable")
MATCH = find("s00-which-service")
SOA = exam_of("SOA-C03")
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "given", "right"),
    [
        (ONE, ["period-300"], True),
        (ONE, ["gone"], False),
        (ONE, [], False),
        (ONE, None, False),
        (TWO, ["dimension", "namespace"], True),
        (TWO, ["dimension"], False),
        (TWO, ["dimension", "namespace", "unit"], False),
        (ORDER, ["second", "minute", "five", "hour"], True),
        (ORDER, ["minute", "second", "five", "hour"], False),
        (MATCH, dict(MATCH.pairs), True),
        (MATCH, {**MATCH.pairs, "who": "xray"}, False),
    ],
)
def test_an_answer_is_wholly_right_or_wrong(question, given, right):
    assert marking.is_right(question, given) is right


def made(number, domain):
    options = tuple(Option(key, key, "") for key in "abcd")
    return Question(f"q{number}", "01", (Place("SOA-C03", domain),), "single", "?", options, ("a",))


def test_a_report_counts_the_unanswered_as_wrong():
    questions = [made(n, 1 if n < 6 else 3) for n in range(10)]
    told = marking.report(questions, {f"q{n}": ["a"] for n in range(7)}, SOA)
    assert str(told.total) == "7 of 10"
    assert (told.unanswered, told.score, told.missed) == (3, 730, ("q7", "q8", "q9"))
    assert {n: str(t) for n, _, _, t in told.domains if t.asked} == {1: "6 of 6", 3: "1 of 4"}
    text = str(told)
    assert "about 730 on the scale to 1,000, at or above the pass mark of 720" in text
    assert "3 without an answer: they count as wrong." in text
    assert "estimate" in text
    assert "56 % of the exam" in text  # domains 2, 4 and 5 were not asked


STOCK = st.lists(st.integers(1, 5), min_size=1, max_size=60)


@given(STOCK, st.integers(1, 70))
def test_a_mock_exam_draws_by_weight_and_never_twice(domains, count):
    questions = [made(n, domain) for n, domain in enumerate(domains)]
    asked = marking.drawn(SOA, questions, count)
    assert len(asked) == len({q.id for q in asked}) == min(count, len(questions))


def test_domains_get_their_share():
    questions = [made(f"{d}-{n}", d) for d in range(1, 6) for n in range(50)]
    asked = marking.drawn(SOA, questions, 50)
    got = [sum(q.places[0].domain == d for q in asked) for d in range(1, 6)]
    assert got == [11, 11, 11, 8, 9]
    # Where a domain is short the others share what is left.
    asked = marking.drawn(SOA, questions[:53], 60)
    assert [sum(q.places[0].domain == d for q in asked) for d in (1, 2)] == [50, 3]


def test_options_are_shuffled_by_the_seed_and_keep_their_keys():
    orders = {tuple(o.key for o in ONE.shuffled(seed)) for seed in range(40)}
    assert len(orders) > 10
    assert all(set(order) == {o.key for o in ONE.options} for order in orders)
    assert ONE.shuffled(7) == ONE.shuffled(7)
    # The right answer stands in every place, whatever its place in the file.
    assert {order.index("period-300") for order in orders} == {0, 1, 2, 3}


def test_what_was_wrong_comes_back_sooner():
    state = Unkept()
    wrong = repetition.answered(state, ONE, False, MONDAY)
    right = repetition.answered(state, TWO, True, MONDAY)
    assert wrong < right
    assert state.questions[ONE.id]["last"] == "wrong"
    assert repetition.mistaken(state, bank()) == [ONE]
    assert repetition.due(state, bank(), MONDAY + timedelta(minutes=2)) == [ONE]
    due = [repetition.answered(state, TWO, True, MONDAY + timedelta(days=d)) for d in (1, 5, 20)]
    gaps = [b - a for a, b in pairwise(due)]
    assert due[2] - (MONDAY + timedelta(days=20)) > due[0] - (MONDAY + timedelta(days=1))
    assert all(gap > timedelta(0) for gap in gaps)
    assert state.questions[TWO.id]["right"] == 4


def test_a_damaged_entry_is_a_new_question():
    state = Unkept()
    state.questions = {ONE.id: {"card": {"state": "?"}}, TWO.id: {"card": None}}
    assert repetition.due(state, bank(), MONDAY) == []
    repetition.answered(state, ONE, True, MONDAY)
    assert state.questions[ONE.id]["right"] == 1


def test_practice_asks_what_is_due_first_then_what_is_new():
    state = Unkept()
    repetition.answered(state, ONE, True, MONDAY)
    later = MONDAY + timedelta(days=30)
    sat = sitting.practice("01", seed=1, state=state, at=later)
    assert sat.questions[0] == ONE
    assert len(sat.questions) == sitting.PRACTICE
    assert ONE not in sitting.practice("01", seed=1, mode="new", state=state, at=later).questions
    assert list(sitting.practice("01", seed=1, mode="due", state=state, at=later).questions) == [
        ONE
    ]
    assert sitting.practice("01", seed=1, mode="mistakes", state=state, at=later).questions == []
    by_domain = sitting.practice(exam="clf-c02", domain=4, seed=1, state=state)
    assert [q.id for q in by_domain.questions] == ["m01-free-tier"]
    with pytest.raises(LabError, match="mode is one of"):
        sitting.practice("01", mode="cram", state=state)
    with pytest.raises(LabError, match="no questions for chapter 77"):
        chosen(chapter="77")
    with pytest.raises(LabError, match="no exam is called"):
        sitting.mock("ABC-C01", state=state)


def test_a_mock_exam_ends_with_its_time(monkeypatch):
    passed = [0.0]
    monkeypatch.setattr(sitting, "machine_seconds", lambda: passed[0])
    state = Unkept()
    sat = sitting.mock("SOA-C03", count=4, minutes=2, seed=1, state=state)
    sat = replace(sat, _began=0.0)
    first, second = sat.questions[:2]
    sat.answer(first, list(first.answers))
    assert state.questions == {}  # nothing is noted before the end
    passed[0] = 121.0
    assert sat.time_is_up
    assert sat.answer(second, list(second.answers)) is False
    told = sat.finish(MONDAY)
    assert str(told.total) == "1 of 4"
    assert told.unanswered == 3
    assert list(state.questions) == [first.id]
