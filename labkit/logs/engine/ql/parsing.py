"""From the text of a query to its plan."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError, place
from labkit.logs.engine.ql.plan import Span

if TYPE_CHECKING:
    from lark import Lark, Tree

#: What a command may be called, for the help after a typing error.
COMMANDS = [
    "fields",
    "display",
    "filter",
    "where",
    "filterIndex",
    "parse",
    "sort",
    "limit",
    "stats",
    "dedup",
    "pattern",
    "diff",
    "anomaly",
    "unmask",
    "unnest",
    "lookup",
    "join",
    "SOURCE",
]

#: Commands of the 2026 guide that labkit does not run; named so that the error can say so.
LATER_COMMANDS = [
    "addtotals",
    "accum",
    "appendcols",
    "autoregress",
    "cidrlookup",
    "countFrequent",
    "estimate",
    "expand",
    "filldown",
    "fillmissing",
    "logcompare",
    "outlier",
    "relevantfields",
    "sessionize",
]

#: Longest query (StartQuery, QueryString).
LONGEST = 10_000

#: How deep parentheses and calls may nest; Python's own stack would end far below the limit above.
DEEPEST = 60

UNITS = {
    "ms": "ms", "msec": "ms", "msecs": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "d": "d", "day": "d", "days": "d",
    "w": "w", "week": "w", "weeks": "w",
    "mo": "mo", "mon": "mo", "month": "mo", "months": "mo",
    "q": "q", "qtr": "q", "qtrs": "q", "quarter": "q", "quarters": "q",
    "y": "y", "yr": "y", "yrs": "y", "year": "y", "years": "y",
}  # fmt: skip


def parse(text: str) -> plan.Query:
    """The plan of a query.

    Parameters
    ----------
    text:
        Logs Insights QL, commands separated by ``|``.

    Raises
    ------
    QueryError
        With the place and, where it can be guessed, what was meant.
    """
    from lark.exceptions import (
        UnexpectedCharacters,
        UnexpectedEOF,
        UnexpectedInput,
        UnexpectedToken,
    )

    if len(text) > LONGEST:
        raise QueryError(f"The query is longer than {LONGEST} characters.", LONGEST, len(text))
    if not text.strip():
        raise QueryError("The query is empty.", 0, len(text))
    _not_too_deep(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        raise _unexpected(text, error.token.start_pos, str(error.token), error) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _unexpected(text, at, text[at], error) from None
    except UnexpectedEOF:
        raise QueryError("unexpected end of the query", len(text)) from None
    except UnexpectedInput as error:
        raise QueryError(f"unexpected symbol found {error}") from None
    try:
        query = _Builder(text).query(tree)
        _check(query)
    except RecursionError:
        # A long chain (not not ..., 1+1+...) is as deep as brackets are.
        raise too_deep(text) from None
    return query


def too_deep(text: str) -> QueryError:
    """The error of a query whose expressions nest deeper than can be walked."""
    return QueryError("expressions are nested too deep", 0, len(text))


def _not_too_deep(text: str) -> None:
    depth = 0
    for offset, letter in enumerate(text):
        if letter in "([":
            depth += 1
            if depth > DEEPEST:
                raise QueryError(f"nested more than {DEEPEST} deep", offset)
        elif letter in ")]":
            depth -= 1


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = resources.files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=True,
    )


def _unexpected(text: str, offset: int | None, found: str, error: Any) -> QueryError:
    """AWS's words, then ours: what was meant, or what the place has room for."""
    if (
        offset is None
        or found == ""
        or (getattr(error, "token", None) is not None and (error.token.type == "$END"))
    ):
        end = len(text.rstrip())
        return QueryError(
            f"unexpected end of the query at {place(text, end)}{_room(error)}", max(0, end - 1), end
        )
    word = _word_at(text, offset)
    said = f"unexpected symbol found {word} at {place(text, offset)}"
    help_ = _meant(text, offset, word) or _room(error)
    return QueryError(said + help_, offset, offset + max(1, len(word)))


def _word_at(text: str, offset: int) -> str:
    end = offset
    while end < len(text) and (text[end].isalnum() or text[end] in "_@"):
        end += 1
    return text[offset : max(end, offset + 1)]


def _meant(text: str, offset: int, word: str) -> str:
    before = text[:offset].rstrip()
    if before == "" or before.endswith("|"):
        for later in LATER_COMMANDS:
            if word.lower() == later.lower():
                return f": the command {later} is not in labkit"
        near = difflib.get_close_matches(word.lower(), [c.lower() for c in COMMANDS], 1, 0.6)
        if near:
            return f": did you mean {near[0]}?"
        return f": a command was expected, one of {', '.join(COMMANDS[:10])} ..."
    if word in ('"', "'"):
        return ": this text has no closing quote"
    if word == "&" or word == "!":
        return ": the operators are the words and, or, not"
    previous = _last_word(before)
    if previous.lower() in ("=", "==") and word == "/":
        return ": a regular expression stands after like or =~"
    return ""


def _last_word(before: str) -> str:
    parts = before.split()
    return parts[-1] if parts else ""


_SHOWN = {
    "VBAR": "|", "COMMA": ",", "RPAR": ")", "LPAR": "(", "RSQB": "]", "LSQB": "[",
    "NAME": "a field", "STRING": "a text in quotes", "NUMBER": "a number", "REGEX": "/a pattern/",
    "_KW_AS": "as", "_KW_BY": "by", "_KW_INTO": "into", "_KW_WHERE": "where",
    "_KW_OUTPUT": "OUTPUT", "COMPARE": "a comparison",
}  # fmt: skip


def _room(error: Any) -> str:
    allowed = (
        getattr(error, "accepts", None)
        or getattr(error, "allowed", None)
        or getattr(error, "expected", ())
    )
    shown = [_SHOWN[name] for name in sorted(allowed or ()) if name in _SHOWN]
    return f": expected {', '.join(shown[:5])}" if shown else ""


class _Builder:
    """Walks lark's tree. A method for each rule that is more than its parts."""

    def __init__(self, text: str) -> None:
        self.text = text

    def query(self, tree: Tree[Any]) -> plan.Query:
        source, commands = None, []
        for child in tree.children:
            if child is None:
                continue
            if child.data == "source":
                source = self.source(child)
            else:
                commands.append(self.command(child))
        return plan.Query(source, tuple(commands), self._slice(self._span(tree)))

    # ---- where things stand

    def _span(self, tree: Any) -> Span:
        from lark import Token

        if isinstance(tree, Token):
            return Span(tree.start_pos or 0, tree.end_pos or 0)
        meta = tree.meta
        return Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)

    def _slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _where(self, tree: Any) -> dict[str, Any]:
        span = self._span(tree)
        return {"text": self._slice(span).strip(), "span": span}

    # ---- the source

    def source(self, tree: Tree[Any]) -> plan.Source:
        groups: list[str] = []
        filters: list[tuple[str, tuple[str, ...]]] = []
        times = {"start": "", "end": ""}
        for child in tree.children:
            if child is None:
                continue
            data = getattr(child, "data", None)
            if getattr(child, "type", "") == "STRING":
                groups.append(_unquoted(child))
            elif data is None:
                if str(child).lower() != "loggroups":
                    raise QueryError.at(
                        f"SOURCE takes names in quotes or logGroups(...), not {child}",
                        self._span(child),
                    )
            elif data == "source_args":
                filters.extend(self.source_args(child))
            elif data == "source_more":
                for inner in child.children[1:]:
                    filters.extend(self.source_args(inner) if inner is not None else ())
            elif data == "source_list":
                filters.append(("dataSource", tuple(map(_unquoted, child.children))))
            elif data == "source_time":
                key = str(child.children[0]).lower()
                if key not in times:
                    raise QueryError.at("SOURCE has START and END, no other", self._span(child))
                times[key] = str(child.children[1])
        return plan.Source(tuple(groups), tuple(filters), **times)

    def source_args(self, tree: Tree[Any]) -> list[tuple[str, tuple[str, ...]]]:
        found = []
        for arg in tree.children:
            name, *values = arg.children
            known = ("namePrefix", "class", "accountIdentifiers")
            if str(name) not in known:
                raise QueryError.at(
                    f"logGroups has {', '.join(known)}, not {name}", self._span(name)
                )
            found.append((str(name), tuple(map(_unquoted, values))))
        return found

    # ---- commands

    def command(self, tree: Tree[Any]) -> plan.Command:
        built: plan.Command = getattr(self, f"do_{tree.data}")(tree)
        return built

    def do_fields(self, tree: Tree[Any]) -> plan.Command:
        return plan.Fields(self.aliases(tree.children), span=self._span(tree))

    def do_display(self, tree: Tree[Any]) -> plan.Command:
        return plan.Display(self.aliases(tree.children), span=self._span(tree))

    def do_filter(self, tree: Tree[Any]) -> plan.Command:
        return plan.Filter(self.expr(tree.children[0]), span=self._span(tree))

    def do_filter_index(self, tree: Tree[Any]) -> plan.Command:
        return plan.Filter(self.expr(tree.children[0]), True, span=self._span(tree))

    def do_parse_glob(self, tree: Tree[Any]) -> plan.Command:
        of, pattern, *names = [child for child in tree.children if child is not None]
        glob = _unquoted(pattern)
        told = tuple(self.name(name).name for name in names)
        stars = glob.count("*")
        if stars != len(told):
            raise QueryError.at(
                f"parse: the pattern has {stars} * and there are {len(told)} names; "
                "each * needs its own",
                self._span(tree),
            )
        return plan.Parse(self.expr(of), glob, told, True, span=self._span(tree))

    def do_parse_regex(self, tree: Tree[Any]) -> plan.Command:
        of, token, *names = [child for child in tree.children if child is not None]
        pattern = _regex(token)
        compiled = compiled_regex(pattern, self._span(token))
        told = tuple(self.name(name).name for name in names)
        by_index = {index: name for name, index in compiled.groupindex.items()}
        groups = tuple(by_index[index] for index in sorted(by_index))
        if told and groups:
            raise QueryError.at(
                "parse: names stand in the pattern or after as, not in both", self._span(tree)
            )
        if told and len(told) != compiled.groups:
            raise QueryError.at(
                f"parse: the pattern has {compiled.groups} groups and there are {len(told)} names",
                self._span(tree),
            )
        if not told and not groups:
            raise QueryError.at(
                "parse: the pattern names no field; write (?<name>...)", self._span(token)
            )
        return plan.Parse(self.expr(of), pattern, told or groups, False, span=self._span(tree))

    def do_sort(self, tree: Tree[Any]) -> plan.Command:
        keys = []
        for child in tree.children:
            expr, direction = child.children
            keys.append(plan.SortKey(self.expr(expr), str(direction or "asc").lower() == "desc"))
        return plan.Sort(tuple(keys), span=self._span(tree))

    def do_limit(self, tree: Tree[Any]) -> plan.Command:
        return plan.Limit(self._count(tree.children[0]), span=self._span(tree))

    def do_limit_any(self, tree: Tree[Any]) -> plan.Command:
        token = tree.children[0]
        count = self._count(token) if token is not None else 10_000
        return plan.Limit(count, any=True, span=self._span(tree))

    def do_tail(self, tree: Tree[Any]) -> plan.Command:
        return plan.Limit(self._count(tree.children[0]), tail=True, span=self._span(tree))

    def _count(self, token: Any) -> int:
        text = str(token)
        if not text.isdigit() or not 1 <= int(text) <= 100_000:
            raise QueryError.at(
                f"limit {text}: a whole number from 1 to 100000 is needed", self._span(token)
            )
        return int(text)

    def do_stats(self, tree: Tree[Any]) -> plan.Command:
        span = self._span(tree)
        children = [child for child in tree.children if child is not None]
        # `by` leaves no token behind: what is left of it in the text is an aggregate.
        split = len(children)
        for index, child in enumerate(children):
            start = self._span(child).start
            between = self.text[
                (self._span(children[index - 1]).end if index else span.start) : start
            ]
            if index and "," not in _no_comments(between):
                split = index
                break
        return plan.Stats(self.aliases(children[:split]), self.aliases(children[split:]), span=span)

    def do_dedup(self, tree: Tree[Any]) -> plan.Command:
        return plan.Dedup(tuple(map(self.name, tree.children)), span=self._span(tree))

    def do_pattern(self, tree: Tree[Any]) -> plan.Command:
        return plan.Pattern(self.expr(tree.children[0]), span=self._span(tree))

    def do_diff(self, tree: Tree[Any]) -> plan.Command:
        token = tree.children[0]
        against = str(token or "")
        known = {"previousday": "previousDay", "previousweek": "previousWeek",
                 "previousmonth": "previousMonth", "": ""}  # fmt: skip
        if against.lower() not in known:
            raise QueryError.at(
                f"diff {against}: previousDay, previousWeek and previousMonth are there",
                self._span(token),
            )
        return plan.Diff(known[against.lower()], span=self._span(tree))

    def do_anomaly(self, tree: Tree[Any]) -> plan.Command:
        return plan.Anomaly(span=self._span(tree))

    def do_unmask(self, tree: Tree[Any]) -> plan.Command:
        return plan.Unmask(tuple(map(self.name, tree.children)), span=self._span(tree))

    def do_unnest(self, tree: Tree[Any]) -> plan.Command:
        of, name = tree.children
        return plan.Unnest(self.expr(of), self.name(name).name, span=self._span(tree))

    def do_lookup(self, tree: Tree[Any]) -> plan.Command:
        table, *rest = tree.children
        keys, output = [], []
        for child in rest:
            if child.data == "lookup_key":
                column, field = child.children
                name = self.name(column)
                keys.append((name.name, self.name(field) if field is not None else name))
            else:
                output.append(self.name(child).name)
        return plan.Lookup(self.name(table).name, tuple(keys), tuple(output), span=self._span(tree))

    def do_join(self, tree: Tree[Any]) -> plan.Command:
        options = {"type": "inner", "left": "", "right": ""}
        *told, condition, inner = tree.children
        for option in told:
            word = self._slice(self._span(option)).split("=")[0].strip().lower()
            options[word] = str(option.children[0])
        if options["type"].lower() not in ("inner", "left"):
            raise QueryError.at("join: type is inner or left", self._span(tree))
        if not options["left"] or not options["right"]:
            raise QueryError.at(
                "join: name both sides, left=a right=b, and compare a.field = b.field",
                self._span(tree),
            )
        return plan.Join(
            options["type"].lower(), options["left"], options["right"],
            self.expr(condition), self.query(inner), span=self._span(tree),
        )  # fmt: skip

    def aliases(self, trees: Any) -> tuple[plan.Aliased, ...]:
        built = []
        for tree in trees:
            expr, alias = tree.children
            value = self.expr(expr)
            if alias is not None:
                name = self.name(alias).name
            else:
                name = value.name if isinstance(value, plan.Name) else value.text
            built.append(plan.Aliased(value, name))
        return tuple(built)

    # ---- expressions

    def name(self, tree: Tree[Any]) -> plan.Name:
        token = str(tree.children[0])
        quoted = token.startswith("`")
        return plan.Name(token.strip("`") if quoted else token, quoted, **self._where(tree))

    def expr(self, tree: Any) -> plan.Expr:
        built: plan.Expr = getattr(self, f"of_{tree.data}")(tree)
        return built

    def of_plain_name(self, tree: Tree[Any]) -> plan.Expr:
        return self.name(tree)

    of_quoted_name = of_plain_name

    def of_number(self, tree: Tree[Any]) -> plan.Expr:
        text = str(tree.children[0])
        whole = text.isdigit() and len(text) < 18
        return plan.Literal(int(text) if whole else float(text), **self._where(tree))

    def of_string(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Literal(_unquoted(tree.children[0]), **self._where(tree))

    def of_regex(self, tree: Tree[Any]) -> plan.Expr:
        pattern = _regex(tree.children[0])
        compiled_regex(pattern, self._span(tree))
        return plan.Regex(pattern, **self._where(tree))

    def of_duration(self, tree: Tree[Any]) -> plan.Expr:
        text = str(tree.children[0]).strip()
        digits = text[: next(i for i, c in enumerate(text) if not c.isdigit())]
        unit = text[len(digits) :].strip().lower()
        return plan.Period(int(digits[:15]), UNITS[unit], **self._where(tree))

    def of_star(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Star(**self._where(tree))

    def of_group(self, tree: Tree[Any]) -> plan.Expr:
        return self.expr(tree.children[0])

    def of_call(self, tree: Tree[Any]) -> plan.Expr:
        name, *args = tree.children
        values = tuple(self.expr(arg) for arg in args if arg is not None)
        return plan.Call(str(name), values, **self._where(tree))

    def of_index(self, tree: Tree[Any]) -> plan.Expr:
        of, key = tree.children
        return plan.Item(self.expr(of), self.expr(key), **self._where(tree))

    def of_attribute(self, tree: Tree[Any]) -> plan.Expr:
        of, key = tree.children
        return plan.Item(self.expr(of), str(key).strip("`"), **self._where(tree))

    def _op(self, op: str, tree: Tree[Any], *children: Any) -> plan.Expr:
        args = tuple(self.expr(child) for child in children or tree.children)
        return plan.Op(op, args, **self._where(tree))

    def of_or_expr(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("or", tree)

    def of_and_expr(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("and", tree)

    def of_negation(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("not", tree)

    def of_compare(self, tree: Tree[Any]) -> plan.Expr:
        left, sign, right = tree.children
        return self._op({"==": "="}.get(str(sign), str(sign)), tree, left, right)

    def of_arithmetic(self, tree: Tree[Any]) -> plan.Expr:
        left, sign, right = tree.children
        return self._op(str(sign), tree, left, right)

    def of_raised(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("^", tree)

    def of_signed(self, tree: Tree[Any]) -> plan.Expr:
        sign, value = tree.children
        inner = self.expr(value)
        if isinstance(inner, plan.Literal) and not isinstance(inner.value, str):
            number = -inner.value if str(sign) == "-" else inner.value
            return plan.Literal(number, **self._where(tree))
        zero = plan.Literal(0, text="0", span=inner.span)
        return plan.Op(str(sign), (zero, inner), **self._where(tree))

    def of_like(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("like", tree)

    def _not(self, op: str, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._op(op, tree),), **self._where(tree))

    def of_not_like(self, tree: Tree[Any]) -> plan.Expr:
        return self._not("like", tree)

    def _match(self, tree: Tree[Any]) -> plan.Expr:
        value, token = tree.children
        pattern = _regex(token)
        span = self._span(token)
        compiled_regex(pattern, span)
        right = plan.Regex(pattern, text=str(token), span=span)
        return plan.Op("like", (self.expr(value), right), **self._where(tree))

    def of_matches(self, tree: Tree[Any]) -> plan.Expr:
        return self._match(tree)

    def of_not_matches(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._match(tree),), **self._where(tree))

    def _within(self, tree: Tree[Any]) -> plan.Expr:
        value, listed = tree.children
        items = [self.expr(item) for item in listed.children if item is not None]
        return plan.Op("in", (self.expr(value), *items), **self._where(tree))

    def of_within(self, tree: Tree[Any]) -> plan.Expr:
        return self._within(tree)

    def of_not_within(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._within(tree),), **self._where(tree))

    def _within_query(self, tree: Tree[Any]) -> plan.Expr:
        value, inner = tree.children
        query = plan.Subquery(self.query(inner), **self._where(inner))
        return plan.Op("in", (self.expr(value), query), **self._where(tree))

    def of_within_query(self, tree: Tree[Any]) -> plan.Expr:
        return self._within_query(tree)

    def of_not_within_query(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._within_query(tree),), **self._where(tree))


def _no_comments(text: str) -> str:
    return "\n".join(line.split("#")[0] for line in text.split("\n"))


def _unquoted(token: Any) -> str:
    text = str(token)[1:-1]
    out, skip = [], False
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    for index, letter in enumerate(text):
        if skip:
            skip = False
            out.append(escapes.get(letter, letter if letter in "\"'\\/`" else "\\" + letter))
        elif letter == "\\" and index + 1 < len(text):
            skip = True
        else:
            out.append(letter)
    return "".join(out)


def _regex(token: Any) -> str:
    return str(token)[1:-1].replace("\\/", "/")


@cache
def _re2(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(named(pattern), options)


def named(pattern: str) -> str:
    """Groups as RE2 names them in every version: ``(?P<name>...)`` for ``(?<name>...)``."""
    return pattern.replace("(?<", "(?P<") if "(?<" in pattern else pattern


def compiled_regex(pattern: str, span: Span) -> Any:
    """The pattern, compiled by RE2, which cannot run away.

    Raises
    ------
    QueryError
        When RE2 does not take it; look-arounds and back-references it never takes.
    """
    import re2

    try:
        return _re2(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode() if isinstance(said, bytes) else said
        raise QueryError.at(
            f"the regular expression /{pattern}/ is not valid: {said}", span
        ) from None


def _check(query: plan.Query) -> None:
    """Rules about the order of commands."""
    seen_dedup = seen_stats = 0
    for command in query.commands:
        if seen_dedup and not isinstance(command, plan.Limit):
            raise QueryError.at("after dedup only limit may follow", command.span)
        if isinstance(command, plan.Dedup):
            seen_dedup += 1
        if isinstance(command, plan.Stats):
            seen_stats += 1
            if seen_stats > 10:
                raise QueryError.at("a query has at most 10 stats commands", command.span)
    last = max((i for i, c in enumerate(query.commands) if isinstance(c, plan.Stats)), default=-1)
    for command in query.commands[: max(0, last)]:
        if isinstance(command, plan.Sort | plan.Limit):
            raise QueryError.at(
                "sort and limit must stand after the last stats command", command.span
            )
