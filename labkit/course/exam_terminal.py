"""``labkit exam``: practice and mock exams in a terminal, by plain lines of input.

It needs no terminal of its own: lines are read and written, so a pipe or a test can answer. An
answer is letters (``b``, ``a d``), for an ordering all letters in order (``c a b d``), for a
matching a letter and a number each (``a2 b1``). ``Enter`` skips, ``show`` runs a question's proof,
``quit`` and Ctrl-C end and keep what was answered.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence

from labkit.core.errors import LabError
from labkit.course import proofs, sitting
from labkit.course.marking import Given, is_right
from labkit.course.question_bank import MATCHING, MULTIPLE, ORDERING, SINGLE, Option, Question
from labkit.course.sitting import Sitting
from labkit.views.text import folded

Say = Callable[[str], object]
Ask = Callable[[str], str]

LETTERS = "abcdef"
_HOW = {
    SINGLE: "your answer (a letter)",
    MULTIPLE: "your answers (letters)",
    ORDERING: "the order (all letters)",
    MATCHING: "the pairs (a2 b1 ...)",
}


class Stopped(Exception):
    """The learner has had enough."""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``labkit exam``."""
    exam = commands.add_parser("exam", help="exam practice and mock exams")
    kinds = exam.add_subparsers(dest="exam_command", required=True)
    practice = kinds.add_parser("practice", help="questions with feedback after each")
    practice.add_argument("--chapter", help="01")
    practice.add_argument("--exam", help="SOA-C03")
    practice.add_argument("--domain", type=int)
    practice.add_argument("--mode", choices=sitting.MODES, default="practice")
    mock = kinds.add_parser("mock", help="a timed exam, its domains weighted")
    mock.add_argument("--exam", required=True, help="SOA-C03, DVA-C02, SAA-C03 ...")
    mock.add_argument("--minutes", type=float, help="the exam's time in proportion when left out")
    for parser, count in ((practice, sitting.PRACTICE), (mock, None)):
        parser.add_argument("--questions", type=int, default=count)
        parser.add_argument("--learner")
        parser.add_argument("--seed", help="the same order again")
    show = kinds.add_parser("show", help="run the proof of a question")
    show.add_argument("question")
    kinds.add_parser("lint", help="check the question files, and count the questions")


def main(arguments: argparse.Namespace, say: Say, ask: Ask | None = None) -> int:
    """Run ``labkit exam ...``; the exit status."""
    try:
        if arguments.exam_command == "lint":
            return lint(say)
        if arguments.exam_command == "show":
            from labkit.course.question_bank import find

            say(str(proofs.run(find(arguments.question))))
            return 0
        if arguments.questions is not None and arguments.questions < 1:
            raise LabError("--questions is at least 1")
        common = {
            "count": arguments.questions,
            "seed": arguments.seed,
            "learner": arguments.learner,
        }
        if arguments.exam_command == "mock":
            sat = sitting.mock(arguments.exam, minutes=arguments.minutes, **common)
        else:
            sat = sitting.practice(
                arguments.chapter, exam=arguments.exam, domain=arguments.domain,
                mode=arguments.mode, **common,
            )  # fmt: skip
    except LabError as problem:
        say(f"labkit exam: {problem}")
        return 2
    return play(sat, say, ask or input)


def lint(say: Say) -> int:
    """Check the question files."""
    from labkit.course.question_lint import lint as complaints
    from labkit.course.question_lint import overview

    found = complaints()
    for line in found:
        say(line)
    say(overview())
    return 1 if found else 0


def play(sat: Sitting, say: Say, ask: Ask) -> int:
    """Ask the questions of a sitting, then report; Ctrl-C and the end of input keep everything."""
    if not sat.questions:
        say("Nothing to ask: no question is due, new or mistaken here.")
        return 0
    if sat.exam is not None:
        say(
            f"Mock exam {sat.exam.code}, {len(sat.questions)} questions, "
            f"{round((sat.seconds or 0) / 60)} minutes. No feedback before the end; Enter skips."
        )
    try:
        for number, question in enumerate(sat.questions, 1):
            if sat.time_is_up:
                say("Time is up.")
                break
            _one(sat, question, number, say, ask)
    except (Stopped, KeyboardInterrupt, EOFError):
        say("\nStopped; what was answered is kept.")
    say("")
    say(str(sat.finish()))
    if sat.is_mock and sat.given:
        _review(sat, say)
    return 0


def _one(sat: Sitting, question: Question, number: int, say: Say, ask: Ask) -> None:
    options, targets = sat.options(question), sat.targets(question)
    left = sat.seconds_left
    clock = "" if left is None else f"   {int(left) // 60}:{int(left) % 60:02} left"
    say(f"\nQuestion {number} of {len(sat.questions)}{clock}")
    say(folded(question.stem))
    for letter, option in zip(LETTERS, options, strict=False):
        say(_item(f"{letter})", option.text))
    for place, target in enumerate(targets, 1):
        say(_item(f"  {place}.", target.text))
    while True:
        line = ask(f"{_HOW[question.kind]}: ").strip()
        if line in ("q", "quit"):
            raise Stopped
        if line == "show" and not sat.is_mock:
            say("Answer first; then `show` runs the proof.")
            continue
        if not line:
            return
        given = parse(question, options, targets, line)
        if given is not None:
            break
        say(f"That is not an answer to this question: {_HOW[question.kind]}, Enter skips.")
    right = sat.answer(question, given)
    if sat.time_is_up and sat.is_mock:
        say("Time is up; this answer came too late.")
    elif not sat.is_mock:
        _feedback(question, options, right, say)
        more = question.proof and ask("Enter goes on, `show` runs the proof: ").strip()
        if more in ("q", "quit"):
            raise Stopped
        if more == "show":
            say(str(proofs.run(question)))


def parse(
    question: Question, options: Sequence[Option], targets: Sequence[Option], line: str
) -> Given:
    """A line as an answer; None when it is none.

    ``b``, ``a d``, ``a,d`` and ``AD`` are letters; ``a2 b1`` are pairs.
    """
    line = line.lower()
    keys = dict(zip(LETTERS, (option.key for option in options), strict=False))
    if question.kind == MATCHING:
        places = {str(n): target.key for n, target in enumerate(targets, 1)}
        pairs = re.findall(r"([a-f])\s*[-=:]?\s*([1-9])", line)
        rest = re.sub(r"[a-f]\s*[-=:]?\s*[1-9]|[\s,;]", "", line)
        if rest or any(a not in keys or b not in places for a, b in pairs):
            return None
        found = {keys[a]: places[b] for a, b in pairs}
        return found if len(found) == len(keys) else None
    letters = re.sub(r"[\s,;)]", "", line)
    if not letters or any(one not in keys for one in letters) or len(set(letters)) < len(letters):
        return None
    wanted = len(question.options) if question.kind == ORDERING else len(question.answers)
    return [keys[one] for one in letters] if len(letters) == wanted else None


def _feedback(question: Question, options: Sequence[Option], right: bool, say: Say) -> None:
    say("Right." if right else "Not right.")
    for letter, option in zip(LETTERS, options, strict=False):
        say(_item(f"{letter}) {mark(question, option)}", option.why))


def mark(question: Question, option: Option) -> str:
    """What the key says of an option: a sign, a place, or its target."""
    if question.kind == ORDERING:
        return f"number {question.answers.index(option.key) + 1}:"
    if question.kind == MATCHING:
        return f"{question.option(question.pairs[option.key]).text}:"
    return "\u2713" if option.key in question.answers else "\u2717"


def _item(head: str, text: str) -> str:
    """A list's item, its further lines indented."""
    lines = folded(text, 88).split("\n")
    return f"  {head} " + ("\n" + " " * (len(head) + 3)).join(lines)


def _review(sat: Sitting, say: Say) -> None:
    """After a mock exam: the questions that were answered and not right, with reasons."""
    for question in sat.questions:
        given = sat.given.get(question.id)
        if given and not is_right(question, given):
            say(f"\n{folded(question.stem)}")
            for option in sat.options(question):
                say(_item(f"- {option.text}  {mark(question, option)}", ""))
                say(_item(" ", option.why))
