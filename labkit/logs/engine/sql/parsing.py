"""From the text of a SELECT to its tree, and what CloudWatch Logs does not take of SQL.

Source: CloudWatch Logs user guide, CWL_AnalyzeLogData_SQL (restrictions), and the OpenSearch
Service developer guide, "Supported OpenSearch SQL commands and functions" (the column of CloudWatch
Logs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.ql.errors import QueryError, place
from labkit.logs.engine.ql.nesting import not_too_deep, too_deep
from labkit.logs.engine.ql.plan import Filter, Literal, Name, Op, Source, Span
from labkit.logs.engine.ql.values import numeric
from labkit.logs.engine.sql.dialect import dialect
from labkit.logs.engine.sql.named_windows import name_windows, windows_named
from labkit.logs.engine.sql.sources import source_of

if TYPE_CHECKING:
    #: A node of sqlglot's tree; its own classes promise too little to be checked against.
    Node: TypeAlias = Any

#: Longest query (StartQuery, QueryString).
LONGEST = 10_000
#: The key under which a table of the tree keeps its source.
SOURCE = "labkit.source"


@dataclass(frozen=True, slots=True)
class Query:
    """A query. ``source`` is that of its outermost FROM, ``sources`` are all of them.

    ``commands``: what its WHERE asks of the events of that FROM, as filters of the query language
    of Logs Insights: an index or a look at the text may spare events that cannot pass.
    """

    text: str
    sources: tuple[Source, ...]
    commands: tuple[Filter, ...] = ()
    tree: Node = field(repr=False, compare=False, default=None)

    @property
    def source(self) -> Source:
        """The source of the outermost FROM."""
        return self.sources[0]

    @property
    def bins(self) -> str:
        """Name of the column with the start of each stretch of time, "" when there is none."""
        from labkit.logs.engine.sql.timing import bins

        return bins(self.tree)

    def __str__(self) -> str:
        return str(self.tree.sql("spark", pretty=True))


def parse(text: str) -> Query:
    """The query that a text is.

    Parameters
    ----------
    text:
        One SELECT, log groups in backticks.

    Raises
    ------
    QueryError
        With the place.
    """
    if len(text) > LONGEST:
        raise QueryError(f"The query is longer than {LONGEST} characters.", LONGEST, len(text))
    if not text.strip().rstrip(";").strip():
        raise QueryError("The query is empty.", 0, len(text))
    try:
        not_too_deep(text)
        tree = _tree(text)
        _check(tree, text)
        sources = tuple(_sources(tree))
        return Query(text, sources, tuple(_filters(tree)), tree)
    except RecursionError:
        raise too_deep(text) from None


def _tree(text: str) -> Node:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import ErrorLevel, ParseError, SqlglotError

    try:
        reads = Dialect.get_or_raise(dialect())
        tokens = windows_named(reads.tokenize(text))
        trees = reads.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
    except ParseError as error:
        raise _unexpected(text, error) from None
    except SqlglotError:
        end = len(text)
        quote = max(text.rfind(mark) for mark in "'\"`")
        raise QueryError("a quote or backtick is not closed", max(quote, 0), end) from None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise QueryError(f"the query cannot be read: {error}", 0, len(text)) from None
    there = [tree for tree in trees if tree is not None]
    if len(there) > 1:
        at = span_of(there[1]).start or text.find(";")
        raise QueryError("one statement is taken; several with ; between are not", at, len(text))
    for tree in there:
        name_windows(tree)
    if not there or not isinstance(there[0], exp.Query):
        word = (text.split() or [""])[0]
        begin = text.find(word)
        raise QueryError(
            f"unexpected {word} at {place(text, begin)}: only SELECT is taken; log groups can be "
            "read, not changed",
            begin,
            begin + len(word),
        )
    return there[0]


def _unexpected(text: str, error: Any) -> QueryError:
    told = (error.errors or [{}])[0]
    lines = text.split("\n")
    line, word = told.get("line") or 1, told.get("highlight") or ""
    end = sum(len(one) + 1 for one in lines[: line - 1]) + (told.get("col") or 0)
    start = max(0, min(end, len(text)) - len(word))
    said = (told.get("description") or "").split(" for <")[0].removesuffix(".")
    whole = len(text.rstrip().rstrip(";").rstrip())
    if not word or "missing" in said or ("Expecting" in said and end >= whole):
        start, end = max(0, len(text.rstrip()) - 1), len(text.rstrip())
        return QueryError(f"unexpected end of the query at {place(text, end)}", start, end)
    more = "" if "Unexpected" in said else f" ({said})"
    return QueryError(
        f"unexpected {word} at {place(text, start)}{more}", start, max(start + 1, end)
    )


def span_of(node: Node) -> Span:
    """Where a node stands: from its first name or number to its last."""
    starts, ends = [], []
    for one in node.walk():
        if "start" in one.meta:
            starts.append(one.meta["start"])
            ends.append(one.meta["end"] + 1)
    return Span(min(starts), max(ends)) if starts else Span(0, 1)


# ---- what is not taken

#: Parts of a SELECT that there are; and what to say of some that there are not.
_PARTS = {
    "kind", "hint", "distinct", "expressions", "limit", "operation_modifiers", "from_", "joins",
    "where", "group", "having", "order", "sort", "offset", "windows",
}  # fmt: skip
_SAID = {
    "with_": "WITH",
    "laterals": "LATERAL VIEW",
    "pivots": "PIVOT and UNPIVOT",
    "qualify": "QUALIFY",
    "distribute": "DISTRIBUTE BY",
    "cluster": "CLUSTER BY",
}


def _check(tree: Node, text: str) -> None:
    from sqlglot import exp

    for node in tree.walk():
        if isinstance(node, exp.Lateral | exp.Pivot | exp.Values | exp.Unnest | exp.TableSample):
            raise QueryError.at(
                f"{type(node).__name__.upper()} is not taken by CloudWatch Logs", span_of(node)
            )
        if isinstance(node, exp.Select):
            _check_select(node)
        elif isinstance(node, exp.SetOperation | exp.Subquery):
            _check_parts(node, _PARTS | {"this", "expression", "alias", "by_name", "side", "on"})
    _check_case(tree)
    deepest = max((_depth(one) for one in tree.find_all(exp.Select)), default=0)
    if deepest > 1:
        raise QueryError("one level of nested subqueries is taken, not more", 0, len(text))


def _check_parts(node: Node, parts: set[str]) -> None:
    for name, value in node.args.items():
        if value and name not in parts:
            said = _SAID.get(name, name.rstrip("_").upper())
            span = span_of(value[0] if isinstance(value, list) else value) if value else Span()
            raise QueryError.at(f"{said} is not taken by CloudWatch Logs", span)


def _check_select(select: Node) -> None:
    _check_parts(select, _PARTS)
    if select.args.get("hint"):
        raise QueryError.at("hints are not taken by CloudWatch Logs", span_of(select))
    if not select.expressions:
        raise QueryError.at("SELECT names what it shows: columns, or *", span_of(select))
    if not select.args.get("from_"):
        raise QueryError.at("SELECT needs FROM with a log group in backticks", span_of(select))
    if select.args.get("offset") and not select.args.get("limit"):
        raise QueryError.at("OFFSET stands beside LIMIT only", span_of(select.args["offset"]))
    # A join stands with the select, or with the table that it follows.
    joins = [
        *(select.args.get("joins") or []),
        *(select.args["from_"].this.args.get("joins") or []),
    ]
    if len(joins) > 1:
        raise QueryError.at("a SELECT has one JOIN at most", span_of(joins[1]))
    for join in joins:
        side, kind = str(join.side or "").upper(), str(join.kind or "").upper()
        if (
            not side
            and kind in ("", "CROSS")
            and not join.args.get("on")
            and not join.args.get("using")
        ):
            raise QueryError.at(
                "one table stands after FROM: for several log groups write "
                "`logGroups(logGroupIdentifier: ['a', 'b'])`",
                span_of(join),
            )
        if join.method or (side, kind) not in (
            ("", "INNER"), ("LEFT", ""), ("LEFT", "OUTER"),
        ):  # fmt: skip
            raise QueryError.at(
                "a JOIN is written INNER JOIN or LEFT OUTER JOIN, with ON", span_of(join)
            )


def _check_case(tree: Node) -> None:
    """Names that differ in case only are refused, as documented."""
    from sqlglot import exp

    seen: dict[tuple[str, str], str] = {}
    for column in tree.find_all(exp.Column):
        name = column.name
        if isinstance(column.this, exp.Star):
            continue
        first = seen.setdefault((column.table.lower(), name.lower()), name)
        if first != name:
            raise QueryError.at(
                f"{first} and {name} differ in case only; such names are not taken together",
                span_of(column),
            )


def _depth(select: Node) -> int:
    """How many SELECTs stand around one; both sides of UNION are as deep as it."""
    from sqlglot import exp

    depth, node = 0, select
    while node.parent is not None:
        node = node.parent
        depth += isinstance(node, exp.Select)
    return depth


# ---- sources, and what an index may answer


def _sources(tree: Node) -> Iterator[Source]:
    from sqlglot import exp

    # bfs: the outermost FROM comes first.
    for table in tree.find_all(exp.Table, bfs=True):
        if not isinstance(table.this, exp.Identifier):
            raise QueryError.at(
                "a log group stands in backticks, logGroups(...) too", span_of(table)
            )
        name = ".".join(part.name for part in table.parts)
        source = source_of(name, span_of(table))
        table.meta[SOURCE] = source
        yield source


def _filters(tree: Node) -> Iterator[Filter]:
    from sqlglot import exp

    if not isinstance(tree, exp.Select) or tree.args.get("joins"):
        return
    table = tree.args["from_"].this
    where = tree.args.get("where")
    if not isinstance(table, exp.Table) or table.args.get("joins") or where is None:
        return
    for test in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        condition = _condition(test.unnest(), table.alias)
        if condition is not None:
            yield Filter(condition)


def _condition(test: Node, alias: str) -> Op | None:
    """``field = value``, ``field IN (values)`` and ``@message LIKE '%text%'`` as a condition."""
    from sqlglot import exp

    op, values = "=", [test.args.get("expression")]
    if isinstance(test, exp.In):
        op, values = "in", test.expressions
    elif isinstance(test, exp.Like) and not test.args.get("negate"):
        op = "like"
    elif not isinstance(test, exp.EQ):
        return None
    column = test.this
    if not isinstance(column, exp.Column) or not values:
        return None
    parts = [part.name for part in column.parts]
    name = ".".join(parts[1:] if len(parts) > 1 and parts[0].lower() == alias.lower() else parts)
    told: list[Literal] = []
    for one in values:
        if not isinstance(one, exp.Literal):
            return None
        number = None if one.is_string else numeric(one.name)
        told.append(Literal(one.name if number is None else number))
    if op == "like":
        text = str(told[0].value).strip("%")
        if not text or any(mark in text for mark in "%_\\"):
            return None
        told = [Literal(text)]
    return Op(op, (Name(name), *told))
