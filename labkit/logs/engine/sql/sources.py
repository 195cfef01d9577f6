"""What stands in backticks after FROM: a log group, or ``logGroups(...) filterIndex(...)``.

``filterIndex`` and ``dataSource`` may stand beside ``logGroups`` in any order, or alone: the groups
are then those that have an index on the fields. Source: CloudWatch Logs user guide,
CWL_AnalyzeLogData_SQL, query scope.
"""

from __future__ import annotations

import re as _marks
from dataclasses import dataclass

from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Source, Span

#: Groups and data sources of one FROM.
MOST_GROUPS, MOST_DATA_SOURCES = 50, 10

_BEGIN = _marks.compile(r"\s*(logGroups|filterIndex|dataSource)\s*\(", _marks.IGNORECASE)
_TOKEN = _marks.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z]\w*)|(?P<sign>[()\[\],:=]))"
)


def source_of(text: str, span: Span) -> Source:
    """The source that a name in backticks means.

    Parameters
    ----------
    text:
        Without its backticks.
    span:
        Where it stands in the query.

    Raises
    ------
    QueryError
        With what cannot be read.
    """
    if not _BEGIN.match(text):
        if not text.strip():
            raise QueryError.at("FROM needs the name of a log group in backticks", span)
        return Source(groups=(text,))
    return _Reader(text, span).source()


@dataclass(slots=True)
class _Token:
    kind: str
    text: str


class _Reader:
    def __init__(self, text: str, span: Span) -> None:
        self.span = span
        self.tokens: list[_Token] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.wrong(text[at:].strip()[:20])
            kind = found.lastgroup or ""
            self.tokens.append(_Token(kind, found.group(kind)))
            at = found.end()
        self.at = 0

    def wrong(self, found: str) -> QueryError:
        return QueryError.at(
            f"unexpected {found or 'end'} in FROM: it takes a log group, or "
            "logGroups(logGroupIdentifier: ['name', ...]), filterIndex('field' = 'value') and "
            "dataSource(['name.type']) in one pair of backticks",
            self.span,
        )

    def peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def take(self, *texts: str) -> str:
        found = self.peek()
        if found.lower() not in [text.lower() for text in texts]:
            raise self.wrong(found)
        self.at += 1
        return found

    def value(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind not in ("text", "number"):
            raise self.wrong(self.peek())
        token = self.tokens[self.at]
        self.at += 1
        return token.text[1:-1] if token.kind == "text" else token.text

    def values(self, opening: str = "[", closing: str = "]") -> tuple[str, ...]:
        self.take(opening)
        found = [self.value()]
        while self.peek() == ",":
            self.at += 1
            found.append(self.value())
        self.take(closing)
        return tuple(found)

    def source(self) -> Source:
        groups: tuple[str, ...] = ()
        data_sources: tuple[str, ...] = ()
        indexed: list[tuple[str, tuple[str, ...]]] = []
        while self.at < len(self.tokens):
            word = self.take("logGroups", "filterIndex", "dataSource").lower()
            self.take("(")
            if word == "loggroups":
                self.take("logGroupIdentifier")
                self.take(":")
                groups += self.values()
            elif word == "datasource":
                data_sources += self.values()
            else:
                indexed.append(self.condition())
                while self.peek() == ",":
                    self.at += 1
                    indexed.append(self.condition())
            self.take(")")
        return limited(Source(groups=groups, indexed=tuple(indexed), data_sources=data_sources),
                       self.span)  # fmt: skip

    def condition(self) -> tuple[str, tuple[str, ...]]:
        name = self.value()
        if self.take("=", "in") == "=":
            return name, (self.value(),)
        return name, self.values() if self.peek() == "[" else self.values("(", ")")


def limited(source: Source, span: Span) -> Source:
    """The source, unless it names too much.

    Raises
    ------
    QueryError
        For more than 50 groups or 10 data sources.
    """
    for told, most, what in (
        (source.groups, MOST_GROUPS, "log groups"),
        (source.data_sources, MOST_DATA_SOURCES, "data sources"),
    ):
        if len(told) > most:
            raise QueryError.at(f"a query takes at most {most} {what}; {len(told)} are named", span)
    return source
