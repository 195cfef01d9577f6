r"""SEARCH: which metrics a search text means.

``{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT i-0abc``: a schema, a term, or both.

Theory of operation
-------------------
1. **Schema.** ``{Namespace}`` takes the namespace with any dimensions; ``{Namespace, A, B}`` only
   metrics with exactly the dimensions A and B. Names with other characters are quoted.
2. **Term.** Words beside each other must all match (AND may be written), OR and NOT in capitals,
   parentheses. A word is looked for in the metric's name, its namespace, its dimensions' names and
   values; ``MetricName=``, ``Namespace=``, ``InstanceId=``, ``:aws.AccountId=`` say in which.
3. **Exact.** ``"..."`` is the whole text, in its own case; ``\`` escapes.
4. **Partial.** Names are cut into tokens: at camel case, before numbers, at other characters.
   ``CustomCount1`` is custom, count, 1, and as a whole customcount1. The word is cut too, but its
   whole is *not* added: ``couNT`` is cou and NT, and finds nothing.
5. A word of one token matches any one token, in any case. A word of several must find them next to
   each other. Within a run of letters and digits it must have the case of the name (``CustomCount``
   finds CustomCount1, ``customcount`` does not); where the word itself separates them by another
   character (``network-errors``) case does not count. Both are documented by their examples.

Source: CloudWatch user guide, "Search expression syntax"; aws-semantics 1.7, 10.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from labkit.cloudwatch.engine.math.tree import MathError

MOST_CHARACTERS = 1024

_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_RUN = re.compile(r"[A-Za-z0-9]+")
_WORD = re.compile(r'[^\s()"=,{}]+')


@dataclass(frozen=True, slots=True)
class Candidate:
    """A metric as a search sees it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    account: str = ""

    def texts(self) -> Iterator[str]:
        """Everything that a word without a designator is looked for in."""
        yield self.name
        yield self.namespace
        yield from self.dimensions
        yield from self.dimensions.values()


Test = Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search text.

    Parameters
    ----------
    namespace:
        Of the schema; None without one.
    dimensions:
        The schema's dimension names; empty for any.
    test:
        The term.
    """

    namespace: str | None
    dimensions: frozenset[str]
    test: Test

    def finds(self, one: Candidate) -> bool:
        """Whether the metric is meant."""
        if self.namespace is not None and one.namespace != self.namespace:
            return False
        if self.dimensions and one.dimensions.keys() != self.dimensions:
            return False
        return self.test(one)


def parse_search(text: str) -> Search:
    """The search that ``text`` is.

    Raises
    ------
    MathError
        With the position in the text.
    """
    if len(text) > MOST_CHARACTERS:
        raise MathError(f"a search has at most {MOST_CHARACTERS} characters, this one {len(text)}")
    return _Parser(text).search()


def tokens(text: str) -> frozenset[str]:
    """The tokens of a stored name: its pieces and its whole, in lower case."""
    whole = "".join(_RUN.findall(text)).lower()
    return frozenset(piece.lower() for piece in _PIECE.findall(text)) | {whole}


def matches(word: str, stored: str) -> bool:
    """Whether a word of a search partially matches a stored name."""
    runs = [_PIECE.findall(run) for run in _RUN.findall(word)]
    wanted = [(piece, len(run) > 1) for run in runs for piece in run]
    if not wanted:
        return word == stored
    if len(wanted) == 1:
        return wanted[0][0].lower() in tokens(stored)
    have = _PIECE.findall(stored)
    return any(
        all(
            got == piece if own_case else got.lower() == piece.lower()
            for got, (piece, own_case) in zip(have[start:], wanted, strict=False)
        )
        for start in range(len(have) - len(wanted) + 1)
    )


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def search(self) -> Search:
        namespace, dimensions = self._schema()
        test: Test | None = None
        if self._peek():
            test = self._or()
        if self._peek():
            raise self._wrong(f"unexpected {self._peek()!r}")
        if namespace is None and test is None:
            raise self._wrong("a search holds a schema, a term, or both")
        return Search(namespace, dimensions, test or (lambda _: True))

    def _wrong(self, told: str) -> MathError:
        return MathError(f"Invalid SEARCH text: {told}", self._at)

    def _peek(self) -> str:
        text = self._text
        while self._at < len(text) and text[self._at].isspace():
            self._at += 1
        return text[self._at] if self._at < len(text) else ""

    def _take(self, char: str) -> bool:
        if self._peek() == char:
            self._at += 1
            return True
        return False

    def _schema(self) -> tuple[str | None, frozenset[str]]:
        if not self._take("{"):
            return None, frozenset()
        names = [self._schema_name()]
        while self._take(","):
            names.append(self._schema_name())
        if not self._take("}"):
            raise self._wrong("the schema has no }")
        self._take(",")
        return names[0], frozenset(names[1:])

    def _schema_name(self) -> str:
        if self._peek() == '"':
            return self._quoted()
        found = _WORD.match(self._text, self._at)
        if found is None:
            raise self._wrong("a namespace or the name of a dimension is missing")
        self._at = found.end()
        return found.group()

    def _quoted(self) -> str:
        self._at += 1
        made = ""
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            self._at += 1
            if char == "\\" and self._at < len(text):
                made += text[self._at]
                self._at += 1
            elif char == '"':
                return made
            else:
                made += char
        raise self._wrong('a quotation has no end "')

    # -- the term
    def _keyword(self, word: str) -> bool:
        self._peek()
        end = self._at + len(word)
        rest = self._text[end : end + 1]
        if self._text[self._at : end] == word and (not rest or rest.isspace() or rest in "()"):
            self._at = end
            return True
        return False

    def _or(self) -> Test:
        parts = [self._and()]
        while self._keyword("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda one: any(test(one) for test in parts)

    def _and(self) -> Test:
        parts = [self._not()]
        while True:
            at = self._at
            if self._keyword("OR"):
                self._at = at
                break
            if not self._keyword("AND") and self._peek() in ("", ")"):
                break
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda one: all(test(one) for test in parts)

    def _not(self) -> Test:
        if self._keyword("NOT"):
            inner = self._not()
            return lambda one: not inner(one)
        if self._take("("):
            inside = self._or()
            if not self._take(")"):
                raise self._wrong("a parenthesis is not closed")
            return inside
        return self._word()

    def _word(self) -> Test:
        if self._peek() == '"':
            text = self._quoted()
            if self._peek() == "=":  # a designator with other characters
                return self._designated(text)
            return lambda one: text in one.texts()
        found = _WORD.match(self._text, self._at)
        if found is None:
            raise self._wrong(f"unexpected {self._peek() or 'end'!r}")
        self._at = found.end()
        word = found.group()
        if self._peek() == "=":
            return self._designated(word)
        return lambda one: any(matches(word, text) for text in one.texts())

    def _designated(self, name: str) -> Test:
        self._at += 1
        exact = self._peek() in ('"', "'")
        if self._peek() == "'":
            end = self._text.find("'", self._at + 1)
            if end < 0:
                raise self._wrong("a quotation has no end '")
            value = self._text[self._at + 1 : end]
            self._at = end + 1
        elif exact:
            value = self._quoted()
        else:
            found = _WORD.match(self._text, self._at)
            if found is None:
                raise self._wrong(f"{name}= has no value")
            self._at = found.end()
            value = found.group()
        property_ = _property(name)
        if name == ":aws.AccountId":
            return lambda one: value in (one.account, "LOCAL")
        return lambda one: (
            (text := property_(one)) is not None
            and (text == value if exact else matches(value, text))
        )


def _property(name: str) -> Callable[[Candidate], str | None]:
    if name == "MetricName":
        return lambda one: one.name
    if name == "Namespace":
        return lambda one: one.namespace
    return lambda one: one.dimensions.get(name)
