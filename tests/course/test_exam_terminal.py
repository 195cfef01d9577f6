"""labkit exam in a terminal: lines in, lines out."""

import pytest

from labkit import cli
from labkit.course import exam_terminal, sitting
from labkit.course.question_bank import find
from labkit.course.repetition import Unkept


class Desk:
    """A learner who answers from a list of lines; an exception in it is raised."""

    def __init__(self, *lines):
        self.lines = list(lines)
        self.said = []

    def ask(self, prompt):
        if not self.lines:
            raise EOFError
        line = self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    @property
    def text(self):
        return "\n".join(self.said)


def letters(sat, question, right=True):
    """The line that answers a question, rightly or not."""
    keys = [option.key for option in sat.options(question)]
    targets = [target.key for target in sat.targets(question)]
    if question.kind == "matching":
        pairs = dict(question.pairs)
        if not right:
            first, second = list(pairs)[:2]
            pairs[first], pairs[second] = pairs[second], pairs[first]
        return " ".join(
            f"{'abcdef'[keys.index(k)]}{targets.index(t) + 1}" for k, t in pairs.items()
        )
    wanted = list(question.answers)
    if not right:
        wanted = (
            wanted[::-1]
            if question.kind == "ordering"
            else ([key for key in keys if key not in wanted][: len(wanted)])
        )
    return " ".join("abcdef"[keys.index(key)] for key in wanted)


def play(sat, desk):
    assert exam_terminal.play(sat, desk.said.append, desk.ask) == 0


def test_practice_tells_at_once_why():
    state = Unkept()
    sat = sitting.practice("01", seed=4, count=2, state=state)
    first, second = sat.questions
    desk = Desk(letters(sat, first), "", letters(sat, second, right=False), "show")
    play(sat, desk)
    assert "Right.\n" in desk.text and "Not right.\n" in desk.text
    for option in (*first.options, *second.options):
        assert option.why.split()[0] in desk.text
    assert second.option(second.proof.proves[0]).text in desk.text  # the proof was shown
    assert "1 of 2 right" in desk.text
    assert {k: v["last"] for k, v in state.questions.items()} == {
        first.id: "right", second.id: "wrong",
    }  # fmt: skip


def test_every_kind_can_be_answered():
    for name in ("m01-fading", "m01-new-identity", "m01-how-long-readable", "s00-which-service"):
        for right in (True, False):
            state = Unkept()
            sat = sitting.Sitting([find(name)], "9", state)
            desk = Desk(letters(sat, find(name), right), "")
            play(sat, desk)
            assert state.questions[name]["last"] == ("right" if right else "wrong")


@pytest.mark.parametrize(
    ("name", "line", "whole"),
    [
        ("m01-fading", "b", True), ("m01-fading", " B ", True), ("m01-fading", "e", False),
        ("m01-fading", "a b", False), ("m01-fading", "1", False), ("m01-fading", "?", False),
        ("m01-new-identity", "a,c", True), ("m01-new-identity", "AC", True),
        ("m01-new-identity", "a a", False), ("m01-new-identity", "a", False),
        ("m01-how-long-readable", "dcba", True), ("m01-how-long-readable", "abc", False),
        ("s00-which-service", "a1 b2 c3 d4", True), ("s00-which-service", "a1,b2,c3,d4", True),
        ("s00-which-service", "a1 b2", False), ("s00-which-service", "a1 b2 c3 d9", False),
        ("s00-which-service", "abcd", False),
    ],
)  # fmt: skip
def test_lines_that_are_answers(name, line, whole):
    question = find(name)
    given = exam_terminal.parse(question, question.options, question.targets, line)
    assert (given is not None) is whole


def test_a_line_that_is_no_answer_is_asked_again():
    sat = sitting.Sitting([find("m01-fading")], "1", Unkept())
    desk = Desk("maybe b", "show", letters(sat, find("m01-fading")), "")
    play(sat, desk)
    assert "That is not an answer to this question" in desk.text
    assert "Answer first" in desk.text
    assert "1 of 1 right" in desk.text


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), "quit", EOFError()])
def test_what_was_answered_is_kept_when_it_is_enough(stop):
    state = Unkept()
    sat = sitting.practice("01", seed=2, count=3, state=state)
    desk = Desk(letters(sat, sat.questions[0]), "", stop)
    play(sat, desk)
    assert "Stopped; what was answered is kept." in desk.text
    assert "1 of 1 right" in desk.text
    assert list(state.questions) == [sat.questions[0].id]


def test_a_mock_exam_says_nothing_before_its_end():
    state = Unkept()
    sat = sitting.mock("SOA-C03", count=5, seed=3, state=state)
    lines = [letters(sat, q, right=n != 1) for n, q in enumerate(sat.questions[:3])]
    desk = Desk(*lines, "", KeyboardInterrupt())
    play(sat, desk)
    before = desk.text.partition("Stopped;")[0]
    assert "10 minutes" in before and "left" in before
    assert "Right." not in before and "\u2713" not in before
    assert "2 of 5 right" in desk.text
    assert "2 without an answer: they count as wrong." in desk.text
    assert sat.questions[1].options[0].why.split()[0] in desk.text  # the review of what was wrong
    assert len(state.questions) == 3


def test_the_command_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))

    def enough(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", enough)
    assert cli.main(["exam", "practice", "--chapter", "01", "--seed", "1"]) == 0
    assert "Question 1 of 10" in capsys.readouterr().out
    assert cli.main(["exam", "mock", "--exam", "SOA-C03", "--questions", "3"]) == 0
    assert "Mock exam SOA-C03, 3 questions, 6 minutes" in capsys.readouterr().out
    assert cli.main(["exam", "practice", "--chapter", "01", "--mode", "mistakes"]) == 0
    assert "Nothing to ask" in capsys.readouterr().out
    assert cli.main(["exam", "mock", "--exam", "nonsense"]) == 2
    assert "there are: CLF-C02" in capsys.readouterr().out
    assert cli.main(["exam", "practice", "--questions", "0"]) == 2
    assert cli.main(["exam", "show", "m01-unit"]) == 0
    assert "without Unit: 2,048 Kilobytes" in capsys.readouterr().out
    assert cli.main(["exam", "lint"]) == 0
