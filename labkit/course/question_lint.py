"""What a question file must keep to, checked before anybody is asked anything.

Rules of one question: its schema; options explained, of like length; a right answer that exists;
"(Choose two.)" said where two are right; no "all of the above"; an exam, a domain and a skill that
exist, and a kind that the exam has; a stem under seventy words; nothing that AWS does not document
(marked [K] in the facts); the voice of the lessons; a proof that compiles and calls what it
promises. Rules of a file: ids once, right answers not mostly the longest option, their places in
the file spread, half of the questions proved.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from labkit.course.exam_facts import exams
from labkit.course.question_bank import (
    MATCHING,
    MULTIPLE,
    ORDERING,
    SINGLE,
    Question,
    question_of,
    read_files,
)

_STEM_WORDS = 70
#: The longest option may be so many times as long as the shortest, or so many characters longer.
_RATIO, _SLACK = 2.0, 30
#: Of the questions of a file the right answer may be the longest option in at most this share.
_LONGEST = 0.5
#: ... and stand at one place of the file in at most this share.
_SAME_PLACE = 0.5
_NUMBERS = {2: "two", 3: "three"}
_LUMPED = re.compile(
    r"\b(all|none|both|any|neither) of (the )?(above|these)\b|\b[A-F] and [A-F]\b", re.I
)
_VOICE = re.compile(
    r"\b(we|let's|simply|just|easily|powerful|seamless(ly)?|as you can see|obviously)\b|!", re.I
)
_SHOWS = ("proves", "refutes", "ordered", "matched")


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    schema = (files("labkit.course") / "questions" / "schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(schema))


def lint() -> list[str]:
    """Every complaint about the question files that come with labkit; empty when there is none."""
    seen: set[str] = set()
    return [line for name, data in read_files().items() for line in lint_file(name, data, seen)]


def lint_file(name: str, data: Any, seen: set[str] | None = None) -> list[str]:
    """Every complaint about one file.

    Parameters
    ----------
    name:
        The file's name, ``01_metrics.yaml``.
    data:
        Its plain values.
    seen:
        Ids of the files before; the file's own are added.
    """
    wrong = [
        f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in sorted(_validator().iter_errors(data), key=lambda e: list(map(str, e.path)))
    ]
    if wrong:
        return wrong
    seen = set() if seen is None else seen
    found = []
    if not name.startswith(data["chapter"]):
        found.append(f"{name}: is of chapter {data['chapter']}, by its own word")
    questions = [question_of(row, data["chapter"]) for row in data["questions"]]
    for question in questions:
        if question.id in seen:
            found.append(f"{name}: {question.id}: the id is taken")
        seen.add(question.id)
        found += [f"{name}: {question.id}: {line}" for line in _question(question)]
    found += [f"{name}: {line}" for line in _balance(questions)]
    return found


def _question(question: Question) -> Iterator[str]:
    yield from _keys(question)
    yield from _exams(question)
    yield from _words(question)
    yield from _lengths(question)
    if question.proof is not None:
        yield from _proof(question)


def _keys(question: Question) -> Iterator[str]:
    keys = [option.key for option in question.options]
    if len(set(keys)) < len(keys):
        yield "two options have one key"
    unknown = set(question.answers) - set(keys)
    if unknown:
        yield f"answers that are no options: {sorted(unknown)}"
    count = len(question.answers)
    if question.kind == SINGLE:
        if count != 1:
            yield f"a single answer, and {count} are right"
        if len(keys) != 4:
            yield f"a single answer has 4 options, this has {len(keys)}"
    elif question.kind == MULTIPLE:
        word = _NUMBERS.get(count)
        if word is None:
            yield f"two or three are right, not {count}"
        elif not question.stem.endswith(f"(Choose {word}.)"):
            yield f"the stem does not end with (Choose {word}.)"
        if len(keys) < count + 3:
            yield "needs at least three wrong options"
    elif question.kind == ORDERING and sorted(question.answers) != sorted(keys):
        yield "an ordering has all options in its answers"
    elif question.kind == MATCHING:
        targets = {target.key for target in question.targets}
        if set(question.pairs) != set(keys) or not set(question.pairs.values()) <= targets:
            yield "each option is matched to one of the targets"
    if question.kind != MULTIPLE and "(Choose" in question.stem:
        yield "says (Choose ...) and has another kind"


def _exams(question: Question) -> Iterator[str]:
    for place in question.places:
        exam = exams().get(place.exam)
        if exam is None:
            yield f"no exam {place.exam}"
            continue
        domain = exam.domains.get(place.domain)
        if domain is None:
            yield f"{place.exam} has no domain {place.domain}"
        elif place.skill and place.skill not in domain.skills:
            yield f"{place.exam}, domain {place.domain}, has no skill {place.skill} in its file"
        if question.kind not in exam.kinds:
            yield f"{place.exam} has no {question.kind} questions"


def _words(question: Question) -> Iterator[str]:
    words = len(question.stem.split())
    if words > _STEM_WORDS:
        yield f"the stem has {words} words, {_STEM_WORDS} are enough"
    texts = [question.stem, *(t for o in question.options for t in (o.text, o.why))]
    for text in texts:
        if "[K]" in text or "[K]" in question.source:
            yield f"stands on something that AWS does not document: {text[:40]!r}"
        if _LUMPED.search(text):
            yield f"lumps options together: {text[:60]!r}"
        said = _VOICE.search(text)
        if said:
            yield f"says {said.group()!r}: {text[:60]!r}"


def _lengths(question: Question) -> Iterator[str]:
    lengths = [len(option.text) for option in question.options]
    longest, shortest = max(lengths), min(lengths)
    if longest > max(_RATIO * shortest, shortest + _SLACK):
        yield f"options of {shortest} and of {longest} characters stand side by side"


def _proof(question: Question) -> Iterator[str]:
    proof = question.proof
    assert proof is not None
    try:
        tree = ast.parse(proof.code)
    except SyntaxError as problem:
        yield f"the proof does not compile, line {problem.lineno}: {problem.msg}"
        return
    keys = {option.key for option in question.options}
    for word, promised in (("proves", proof.proves), ("refutes", proof.refutes)):
        if set(promised) - keys:
            yield f"{word} {sorted(set(promised) - keys)}, which is no option"
    if not set(proof.proves) <= set(question.answers):
        yield "promises to prove what the key calls wrong"
    if set(proof.refutes) & set(question.answers):
        yield "promises to refute what the key calls right"
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if not called & set(_SHOWS):
        yield "the proof asserts nothing: it calls none of proves, refutes, ordered, matched"
    if proof.refutes and "refutes" not in called:
        yield "the proof promises to refute and never does"


def _balance(questions: list[Question]) -> Iterator[str]:
    singles = [q for q in questions if q.kind == SINGLE and _known(q)]
    longest = sum(_longest_is_right(question) for question in singles)
    if len(singles) >= 4 and longest > _LONGEST * len(singles):
        yield f"the right answer is the longest option in {longest} of {len(singles)} questions"
    places = Counter(_place(question) for question in singles)
    for place, count in places.items():
        if len(singles) >= 4 and count > _SAME_PLACE * len(singles):
            yield f"the right answer is number {place} in {count} of {len(singles)} questions"
    proved = sum(question.proof is not None for question in questions)
    if proved * 2 < len(questions):
        yield f"{proved} of {len(questions)} questions have a proof, half should"


def _known(question: Question) -> bool:
    return set(question.answers) <= {option.key for option in question.options}


def _longest_is_right(question: Question) -> bool:
    lengths = {option.key: len(option.text) for option in question.options}
    [right] = question.answers[:1]
    return all(lengths[right] > length for key, length in lengths.items() if key != right)


def _place(question: Question) -> int:
    return 1 + [option.key for option in question.options].index(question.answers[0])


def overview(found: Mapping[str, Any] | None = None) -> str:
    """How many questions there are, by file, exam and domain."""
    data = read_files() if found is None else found
    lines = []
    counts: Counter[tuple[str, int]] = Counter()
    for name, file in data.items():
        rows = file["questions"]
        proofs = sum("proof" in row for row in rows)
        lines.append(f"{name:24} {len(rows):3} questions, {proofs} with a proof")
        for row in rows:
            counts.update((place["exam"], place["domain"]) for place in row["exams"])
    for (exam, domain), count in sorted(counts.items()):
        known = exams()[exam].domains[domain]
        lines.append(f"{exam} {domain} {known.name} ({known.weight} %): {count}")
    return "\n".join(lines)
