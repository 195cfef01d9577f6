"""The linter: each rule has a question that breaks it and nothing else."""

import re
from copy import deepcopy

import pytest

from labkit.course.question_lint import lint_file

OPTIONS = [
    {"key": "read-again", "text": "Ask for longer periods", "why": "Longer ones live longer."},
    {"key": "wait-a-day", "text": "Ask again tomorrow, in a day", "why": "Nothing comes back so."},
    {"key": "other-call", "text": "Ask with another API call", "why": "All see the same points."},
    {"key": "give-up", "text": "Give up, the data are deleted", "why": "Only the grain is gone."},
]  # fmt: skip
GOOD = {
    "id": "t01-good", "exams": [{"exam": "SOA-C03", "domain": 1, "skill": "1.1.1"}],
    "kind": "single", "services": ["cloudwatch"], "difficulty": 1, "beat": 1, "source": "1.3",
    "stem": "A metric of twenty days ago answers with nothing in periods of a minute. What now?",
    "options": OPTIONS, "answers": ["read-again"],
    "proof": {"proves": ["read-again"], "refutes": ["give-up"],
              "code": "proves('read-again', True)\nrefutes('give-up', True)\n"},
}  # fmt: skip


def complaints(**changes):
    question = deepcopy(GOOD) | changes
    return lint_file("01_test.yaml", {"chapter": "01", "questions": [question]})


def test_a_good_question_passes():
    assert complaints() == []


def option(number, **changes):
    made = deepcopy(OPTIONS)
    made[number] |= changes
    return {"options": made}


def proof(code, proves=("read-again",), refutes=()):
    made = {"proves": list(proves), "code": code}
    return made | ({"refutes": list(refutes)} if refutes else {})


MATCHING = {
    "kind": "matching", "exams": [{"exam": "SCS-C03", "domain": 1}],
    "targets": [{"key": "one", "text": "One"}, {"key": "two", "text": "Two"}],
    "answers": {"read-again": "one", "wait-a-day": "two", "other-call": "one"}, "proof": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answers": ["nobody"]}, "answers that are no options"),
        ({"answers": ["read-again", "give-up"]}, "2 are right"),
        ({"options": OPTIONS[:3], "proof": proof("proves('read-again', True)")},
         "has 4 options, this has 3"),
        ({"kind": "multiple", "answers": ["read-again", "other-call"]}, r"\(Choose two.\)"),
        ({"kind": "ordering", "exams": [{"exam": "SCS-C03", "domain": 1}]}, "an ordering has all"),
        ({"kind": "ordering", "answers": [o["key"] for o in OPTIONS],
          "proof": proof("ordered('read-again', 'b')")}, "no ordering questions"),
        ({"exams": [{"exam": "XYZ-C01", "domain": 1}]}, "no exam XYZ-C01"),
        ({"exams": [{"exam": "SOA-C03", "domain": 7}]}, "no domain 7"),
        ({"exams": [{"exam": "SOA-C03", "domain": 1, "skill": "9.9.9"}]}, "no skill 9.9.9"),
        ({"stem": "word " * 71}, "71 words"),
        ({"stem": GOOD["stem"] + " (Choose two.)"}, "has another kind"),
        ({"source": "1.3 [K]"}, "does not document"),
        (option(3, text="All of the above are right"), "lumps options together"),
        (option(1, why="We simply have to wait for it."), "says 'We'"),
        (option(2, text="Ask with another call " * 5), "stand side by side"),
        (option(1, key="read-again"), "two options have one key"),
        (option(1, why=""), "too short|should be non-empty"),
        ({"difficulty": 5}, "5 is not one of"),
        ({"proof": proof("proves('read-again', True")}, "not compile"),
        ({"proof": proof("print('nothing to see here')")}, "asserts nothing"),
        ({"proof": proof("proves('give-up', True)", ["give-up"])}, "key calls wrong"),
        ({"proof": proof("proves('read-again', True)", refutes=["read-again"])}, "key calls right"),
        ({"proof": proof("proves('read-again', True)", refutes=["give-up"])}, "never does"),
        ({"proof": proof("refutes('nobody', True)", refutes=["nobody"])}, "which is no option"),
    ],
)  # fmt: skip
def test_each_rule(changes, said):
    found = complaints(**changes)
    assert any(re.search(said, line) for line in found), found


def test_a_matching_pairs_every_option():
    changes = {key: value for key, value in MATCHING.items() if value is not None}
    question = {key: value for key, value in GOOD.items() if key != "proof"} | changes
    found = lint_file("01_test.yaml", {"chapter": "01", "questions": [question]})
    assert any("each option is matched" in line for line in found)


def file_of(*orders, longest=False):
    rows = []
    for number, place in enumerate(orders):
        options = deepcopy(OPTIONS)
        options.insert(place, options.pop(0))
        if longest:
            options[place]["text"] += " of five minutes"
        rows.append(deepcopy(GOOD) | {"id": f"t01-q{number}", "options": options})
    return {"chapter": "01", "questions": rows}


def test_the_balance_of_a_file():
    assert lint_file("01_test.yaml", file_of(0, 1, 2, 3)) == []
    [line] = lint_file("01_test.yaml", file_of(1, 1, 1, 3))
    assert "the right answer is number 2 in 3 of 4 questions" in line
    [line] = lint_file("01_test.yaml", file_of(0, 1, 2, 3, longest=True))
    assert "the longest option in 4 of 4" in line
    data = file_of(0, 1, 2, 3)
    for row in data["questions"][:3]:
        del row["proof"]
    assert "1 of 4 questions have a proof" in lint_file("01_test.yaml", data)[0]


def test_ids_are_taken_once_over_all_files():
    seen = set()
    data = {"chapter": "01", "questions": [GOOD]}
    assert lint_file("01_a.yaml", data, seen) == []
    assert "the id is taken" in lint_file("01_b.yaml", data, seen)[0]
    assert "is of chapter 01" in lint_file("02_b.yaml", data)[0]
