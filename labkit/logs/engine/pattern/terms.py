"""Terms: ``ERROR``, ``"SERVER ERROR"``, ``-ARGUMENTS``, ``?ERROR ?WARN``, ``%AUTH[A-Z]+%``.

All terms must be there. Terms with ``?`` are alternatives; but beside a term without ``?`` they are
ignored, every one of them: ``?ERROR ?ARGUMENTS REQUEST`` means ``REQUEST``. A word matches a whole
word of the message, letter case and all; labkit's reading of the guide, which does not say
(``ERROR`` does not match ``ERRORS``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labkit.logs.engine.pattern import regexes
from labkit.logs.engine.pattern.outcome import Match, PatternError
from labkit.logs.engine.pattern.scanner import Scanner


@dataclass(frozen=True, slots=True)
class Term:
    """One term. ``sign``: ``""``, ``-`` (must not be there) or ``?`` (one of them must be)."""

    text: str
    sign: str = ""
    regex: bool = False

    def found(self, message: str) -> bool:
        """Whether it is in the message."""
        if self.regex:
            return regexes.found(self.text, message)
        place = message.find(self.text)
        while place >= 0:
            end = place + len(self.text)
            if _edge(message, place - 1, self.text[0]) and _edge(message, end, self.text[-1]):
                return True
            place = message.find(self.text, place + 1)
        return False

    def __str__(self) -> str:
        shown = f"%{self.text}%" if self.regex else self.text
        plain = self.regex or all(letter.isalnum() or letter == "_" for letter in self.text)
        return self.sign + (shown if plain else f'"{shown}"')


def _edge(message: str, place: int, letter: str) -> bool:
    """Whether a word ends here: nothing of a word stands on one of the two sides."""
    if not 0 <= place < len(message):
        return True
    return not (_inside(message[place]) and _inside(letter))


def _inside(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


@dataclass(frozen=True, slots=True)
class Terms:
    """A pattern of terms."""

    terms: tuple[Term, ...]

    kind = "terms"

    @property
    def selectors(self) -> tuple[str, ...]:
        """Terms select nothing that a metric could take."""
        return ()

    @property
    def ignored(self) -> tuple[Term, ...]:
        """Terms with ``?`` that stand beside others and so do nothing."""
        optional = tuple(term for term in self.terms if term.sign == "?")
        return optional if len(optional) < len(self.terms) else ()

    def matches(self, message: str) -> bool:
        """Whether a message matches."""
        optional = False
        for term in self.terms:
            if term.sign == "?":
                optional = True
            elif term.found(message) == (term.sign == "-"):
                return False
        if optional and all(term.sign == "?" for term in self.terms):
            return any(term.found(message) for term in self.terms)
        return True

    def mask(self, messages: Sequence[str]) -> NDArray[np.bool_]:
        """Which of many messages match; regular expressions look at all of them at once."""
        counted = [term for term in self.terms if term not in self.ignored]
        if not any(term.regex for term in counted):
            return np.fromiter(map(self.matches, messages), np.bool_, len(messages))
        optional = counted[0].sign == "?"  # then all of them are
        hits = np.full(len(messages), not optional)
        # Expressions first: the other terms then look only at what is still open.
        for term in sorted(counted, key=lambda term: not term.regex):
            if term.regex:
                there = regexes.mask(term.text, messages)
                hits = hits | there if optional else hits & (there != (term.sign == "-"))
                continue
            for place in np.flatnonzero(hits != optional).tolist():
                hits[place] = term.found(messages[place]) != (term.sign == "-")
        return hits

    def match(self, message: str) -> Match:
        """Whether a message matches, and which term decided."""
        if all(term.sign == "?" for term in self.terms):
            found = next((term for term in self.terms if term.found(message)), None)
            if found is not None:
                return Match(True, f"{found.text} is there; one of the terms with ? is enough")
            return Match(False, f"none of {', '.join(map(str, self.terms))} is there")
        for term in self.terms:
            if term.sign == "?":
                continue
            if term.found(message) == (term.sign == "-"):
                said = "is there" if term.sign == "-" else f"is not there{_near(term, message)}"
                return Match(False, f"{Term(term.text, regex=term.regex)} {said}")
        said = "every term is there" if len(self.terms) > 1 else "the term is there"
        if all(term.sign == "-" for term in self.terms):
            said = "none of the excluded terms is there"
        if self.ignored:
            said += f"; {', '.join(map(str, self.ignored))} ignored: other terms stand beside ?"
        return Match(True, said)


def _near(term: Term, message: str) -> str:
    """What came near: the same word in another case, or inside a longer word."""
    if term.regex:
        return ""
    if term.text in message:
        return ", only inside a longer word"
    if term.text.lower() in message.lower():
        return ", only in another case: patterns look at upper and lower case"
    return ""


def read(text: str) -> Terms:
    """The pattern of terms in a text.

    Raises
    ------
    PatternError
        With the place.
    """
    scan = Scanner(text)
    terms: list[Term] = []
    while scan.blanks().here:
        begin = scan.at
        sign = scan.take("-", "?")
        if scan.here == '"':
            inside = scan.quoted()
            if not inside:
                raise PatternError("there is nothing between the quotes", begin)
            terms.append(Term(inside, sign))
        elif scan.here == "%":
            inside, at = scan.percented()
            regexes.check(inside, at)
            regexes.compiled(inside)
            terms.append(Term(inside, sign, regex=True))
        else:
            terms.append(Term(_word(scan), sign))
        if scan.here and not scan.here.isspace():
            raise PatternError("a blank is missing between two terms", scan.at)
    return Terms(tuple(terms))


def _word(scan: Scanner) -> str:
    begin = scan.at
    while scan.here and not scan.here.isspace():
        scan.at += 1
    word = scan.text[begin : scan.at]
    if not word:
        raise PatternError("a term is missing after its sign", begin)
    odd = next((i for i, c in enumerate(word) if not _inside(c)), None)
    if odd is not None:
        raise PatternError(
            f"Invalid character(s) in term '{word}': put double quotes around it", begin + odd
        )
    return word
