"""``pattern``: the shapes of log lines, and what differs from the range before.

A line is cut at blanks and punctuation. A word that holds a digit, or is an address, a time or an
id, is *dynamic*: its place in the shape is a token, ``<Type-N>``, with N counting the dynamic
tokens of the line. Lines with the same shape are one pattern. Then places are looked at where
shapes differ in one word only: a place that takes many words is dynamic too (``<Token-N>``), so
that ``user ann logged in`` and ``user bob logged in`` meet. AWS clusters with a model of its own;
the columns and the form of the tokens are AWS's (CWL_QuerySyntax-Pattern), the clusters are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

#: A place that takes at least so many different words is dynamic.
VARIED = 4

#: Letters of a line that are looked at.
LONGEST = 4096

#: Different words of a token that are counted; more are not told apart.
MOST_WORDS = 100

#: How a dynamic word is called: name -> the words that are of it (whole word). First wins.
TYPES = (
    ("RequestId", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("TraceId", r"1-[0-9a-f]{8}-[0-9a-f]{24}"),
    ("Timestamp", r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"),
    ("IPAddress", r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?"),
    ("ResourceId", r"(?:eni|i|vpc|subnet|sg|vol|ami)-[0-9a-f]{8,17}"),
    ("Clock", r"\d\d:\d\d:\d\d(?:[.,]\d+)?"),
    ("Number", r"[+-]?\d+(?:[.,]\d+)*%?"),
)

SEVERITIES = (
    ("Error", r"(?i)\b(error|err|fatal|critical|exception|failed|failure|timed out)\b"),
    ("Warning", r"(?i)\b(warn|warning)\b"),
    ("Debug", r"(?i)\b(debug|trace)\b"),
)


# These expressions are ours and linear, so Python's own engine may run them: a call into RE2 costs
# a microsecond for each word, and a line has thirty.
_BETWEEN = re.compile(r"([\s\[\]{}()<>\"',;=|]+)")
_DIGIT = re.compile(r"\d")
_TYPED = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in TYPES))
_SEVERE = tuple((name, re.compile(pattern)) for name, pattern in SEVERITIES)


@dataclass(slots=True)
class Shape:
    """One pattern: how many lines have it, one of them, and the words of each token."""

    parts: tuple[str, ...]
    count: int = 0
    example: str = ""
    tokens: list[dict[str, int]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The pattern as ``@pattern`` shows it."""
        out, number = [], 0
        for part in self.parts:
            if part.startswith("\0"):
                number += 1
                out.append(f"<{part[1:]}-{number}>")
            else:
                out.append(part)
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the answer of ``pattern``."""

    pattern: str
    ratio: float
    count: int
    severity: str
    example: str


def _parts(line: str) -> tuple[tuple[str, ...], list[str]]:
    """The parts of a line, tokens for what is dynamic, and the dynamic words."""
    parts: list[str] = []
    dynamic: list[str] = []
    for word in _BETWEEN.split(line[:LONGEST].rstrip()):
        if not _DIGIT.search(word):
            if word:
                parts.append(word)
            continue
        bare = word.strip(".:")
        found = _TYPED.fullmatch(bare)
        kind = found.lastgroup if found is not None else "Token"
        head = word.index(bare)
        if head:
            parts.append(word[:head])
        parts.append(f"\0{kind}")
        dynamic.append(bare)
        if head + len(bare) < len(word):
            parts.append(word[head + len(bare) :])
    return tuple(parts), dynamic


def shapes(lines: Iterable[tuple[str, int]]) -> list[Shape]:
    """The patterns of lines.

    Parameters
    ----------
    lines:
        Pairs (text, how many lines are exactly so).

    Returns
    -------
    list of Shape
        Those with the most lines first; ties by their text.
    """
    found: dict[tuple[str, ...], Shape] = {}
    for line, count in lines:
        parts, dynamic = _parts(line)
        shape = found.get(parts)
        if shape is None:
            shape = found[parts] = Shape(parts, 0, line, [{} for _ in dynamic])
        shape.count += count
        for words, word in zip(shape.tokens, dynamic, strict=True):
            if word in words or len(words) < MOST_WORDS:
                words[word] = words.get(word, 0) + count
    merged = _merged(list(found.values()))
    return sorted(merged, key=lambda shape: (-shape.count, shape.text))


def _merged(found: list[Shape]) -> list[Shape]:
    """Shapes that differ in one word at one place become one, if enough words stand there."""
    changed = True
    rounds = 0
    while changed and rounds < 4:
        changed, rounds = False, rounds + 1
        places: dict[tuple[int, int, tuple[str, ...]], list[Shape]] = {}
        for shape in found:
            if len(shape.parts) > 200:
                continue
            for index, part in enumerate(shape.parts):
                if part.startswith("\0") or not part.strip() or not part[0].isalpha():
                    continue
                key = (len(shape.parts), index, shape.parts[:index] + shape.parts[index + 1 :])
                places.setdefault(key, []).append(shape)
        gone: set[int] = set()
        made: list[Shape] = []
        for (_, index, rest), several in sorted(places.items(), key=lambda item: -len(item[1])):
            alive = [shape for shape in several if id(shape) not in gone]
            if len(alive) < VARIED:
                continue
            made.append(_joined(alive, index, rest))
            gone.update(id(shape) for shape in alive)
            changed = True
        found = [shape for shape in found if id(shape) not in gone] + made
    return found


def _joined(several: Sequence[Shape], index: int, rest: tuple[str, ...]) -> Shape:
    parts = (*rest[:index], "\0Token", *rest[index:])
    before = sum(part.startswith("\0") for part in rest[:index])
    best = max(several, key=lambda shape: (shape.count, shape.example))
    tokens: list[dict[str, int]] = [{} for _ in range(len(best.tokens) + 1)]
    for shape in several:
        kept = list(shape.tokens)
        kept.insert(before, {shape.parts[index]: shape.count})
        for into, words in zip(tokens, kept, strict=True):
            for word, count in words.items():
                into[word] = into.get(word, 0) + count
    return Shape(parts, sum(shape.count for shape in several), best.example, tokens)


def severity(line: str) -> str:
    """Error, Warning, Debug or Info, by the words of a line."""
    for name, pattern in _SEVERE:
        if pattern.search(line):
            return name
    return "Info"


def rows(found: Sequence[Shape]) -> list[Row]:
    """The rows of ``pattern``: share, count, severity and one line of each shape."""
    total = sum(shape.count for shape in found) or 1
    return [
        Row(shape.text, shape.count / total, shape.count, severity(shape.example), shape.example)
        for shape in found
    ]
