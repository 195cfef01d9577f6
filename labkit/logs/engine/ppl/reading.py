"""Walks the tree of a PPL query: sources and expressions; commands read themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.logs.engine.ppl.commands import READ
from labkit.logs.engine.ppl.correlated import exists, without
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Span
from labkit.logs.engine.sql.sources import limited

Node = Any

#: Unit of a length of time -> that of the query language of Logs Insights.
_UNITS = {"M": "mo"}


class Reader:
    """Makes plans of the parts of one query.

    Parameters
    ----------
    text:
        The query.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        #: The alias of the source of the query that is read, "" without one.
        self.alias = ""

    def query(self, tree: Node) -> tuple[plan.Source | None, tuple[plan.Command, ...]]:
        """The source and the commands of a query, or of one in brackets."""
        source: plan.Source | None = None
        commands: list[plan.Command] = []
        around, self.alias = self.alias, ""
        for child in tree.children:
            if child is None:
                continue
            if child.data == "source":
                source, conditions = self.source(child)
                commands += conditions
            else:
                commands.append(READ[child.data](self, child))
        told = without(self.alias, tuple(commands)) if self.alias else tuple(commands)
        self.alias = around
        return source, told

    # ---- where things stand

    def span(self, tree: Node) -> Span:
        """Where a part stands."""
        from lark import Token

        if isinstance(tree, Token):
            return Span(tree.start_pos or 0, tree.end_pos or 0)
        return Span(0, 0) if tree.meta.empty else Span(tree.meta.start_pos, tree.meta.end_pos)

    def where(self, tree: Node) -> dict[str, Any]:
        """The text and the place that an expression keeps."""
        span = self.span(tree)
        return {"text": self.text[span.start : span.end].strip().replace("`", ""), "span": span}

    # ---- sources

    def source(self, tree: Node) -> tuple[plan.Source, list[plan.Command]]:
        """``source = ...``, and the conditions that it sets for the events."""
        origin, alias, search = tree.children[-3:]
        self.alias = self.name(alias).name if alias is not None else ""
        groups: list[str] = []
        data_sources: list[str] = []
        fields: list[str] = []
        asked: list[tuple[plan.Name, list[plan.Literal], Span]] = []
        if origin.data == "group_source":
            groups.append(self.name(origin.children[0]).name)
        for item in origin.children if origin.data == "listed_source" else ():
            if item.data == "prefixed":
                prefix = str(item.children[0]).lower()
                if prefix not in ("lg", "ds"):
                    raise QueryError.at(
                        f"a source is lg:`log group` or ds:`name.type`, not {prefix}:",
                        self.span(item),
                    )
                told = groups if prefix == "lg" else data_sources
                told.append(self.name(item.children[1]).name)
                continue
            name, values = self._indexed(item)
            if name.name == "aws:fieldIndex":
                fields += [str(value.value) for value in values]
            else:
                asked.append((name, values, self.span(item)))
        indexed = tuple(
            (name.name, tuple(_written(value.value) for value in values))
            for name, values, _ in asked
            if name.name in fields
        )
        source = plan.Source(
            groups=tuple(groups), indexed=indexed, data_sources=tuple(data_sources)
        )
        commands: list[plan.Command] = []
        for name, values, span in asked:
            op = "in" if len(values) > 1 else "="
            condition = plan.Op(op, (name, *values), span=span, text=name.name)
            commands.append(plan.Filter(condition, name.name in fields, span=span))
        if search is not None:
            commands.append(plan.Filter(self.expr(search), span=self.span(search)))
        return limited(source, self.span(origin)), commands

    def _indexed(self, item: Node) -> tuple[plan.Name, list[plan.Literal]]:
        values = []
        for child in item.children[1:]:
            if getattr(child, "type", "") == "EQUAL":
                continue
            value = self.expr(child)
            if not isinstance(value, plan.Literal):
                raise QueryError.at("a text or a number is needed here", self.span(child))
            values.append(value)
        return self.name(item.children[0]), values

    # ---- parts of commands

    def name(self, tree: Node) -> plan.Name:
        """A field."""
        token = str(tree.children[0])
        # Dots inside backticks are dots too: `user.id` and user.id are one field.
        return plan.Name(
            token.replace("`", ""), quoted="`" in token, **self.where(tree)
        )  # fmt: skip

    def names(self, trees: Sequence[Node]) -> tuple[plan.Name, ...]:
        """Fields."""
        return tuple(self.name(tree) for tree in trees if tree is not None)

    def aliased(self, tree: Node) -> plan.Aliased:
        """An expression and the name of its column."""
        expr, name = tree.children
        value = self.expr(expr)
        return plan.Aliased(value, value.text if name is None else self.name(name).name)

    def by(self, tree: Node) -> tuple[plan.Aliased, ...]:
        """What stands after ``by``; () without it."""
        return () if tree is None else tuple(map(self.aliased, tree.children))

    def assignment(self, tree: Node) -> plan.Aliased:
        """``name = expression``."""
        name, _, expr = tree.children
        return plan.Aliased(self.expr(expr), self.name(name).name)

    def count(self, token: Node, default: int, most: int = 100_000) -> int:
        """A whole number."""
        if token is None:
            return default
        text = str(token)
        if not text.isdigit() or int(text) > most:
            raise QueryError.at(f"a whole number up to {most} is needed, not {text}",
                                self.span(token))  # fmt: skip
        return int(text)

    def options(self, trees: Sequence[Node], *known: str) -> dict[str, bool]:
        """``keepempty=true`` and its like."""
        found = {}
        for tree in trees:
            name, _, value = tree.children
            if str(name).lower() not in known or str(value).lower() not in ("true", "false"):
                raise QueryError.at(
                    f"there is no option {name}={value}; there are {', '.join(known)}",
                    self.span(tree),
                )
            found[str(name).lower()] = str(value).lower() == "true"
        return found

    def unquoted(self, token: Node) -> str:
        """A text without its quotes."""
        inner = str(token)[1:-1]
        out, at = [], 0
        while at < len(inner):
            letter = inner[at]
            if letter == "\\" and at + 1 < len(inner) and inner[at + 1] in "\\'\"":
                at += 1
                letter = inner[at]
            out.append(letter)
            at += 1
        return "".join(out)

    # ---- expressions

    def expr(self, tree: Node) -> plan.Expr:
        """An expression."""
        made: plan.Expr = getattr(self, f"_{tree.data}")(tree)
        return made

    def _several(self, tree: Node, op: str) -> plan.Expr:
        return plan.Op(op, tuple(map(self.expr, tree.children)), **self.where(tree))

    def _or_expr(self, tree: Node) -> plan.Expr:
        return self._several(tree, "or")

    def _xor_expr(self, tree: Node) -> plan.Expr:
        return self._several(tree, "xor")

    def _and_expr(self, tree: Node) -> plan.Expr:
        return self._several(tree, "and")

    def _negation(self, tree: Node) -> plan.Expr:
        return self._several(tree, "not")

    def _not(self, tree: Node, inner: plan.Expr) -> plan.Expr:
        return plan.Op("not", (inner,), **self.where(tree))

    def _compare(self, tree: Node) -> plan.Expr:
        left, sign, right = tree.children
        op = {"==": "=", "<>": "!="}.get(str(sign), str(sign))
        return plan.Op(op, (self.expr(left), self.expr(right)), **self.where(tree))

    def _like(self, tree: Node) -> plan.Expr:
        of, pattern = map(self.expr, tree.children)
        if isinstance(pattern, plan.Literal) and isinstance(pattern.value, str):
            text = pattern.value
            inner = text[1:-1]
            if text[:1] == text[-1:] == "%" and inner and not any(m in inner for m in "%_\\"):
                # What the text contains: such filters may spare a query most of its events.
                return plan.Op("like", (of, plan.Literal(inner)), **self.where(tree))
        return plan.Op("matches", (of, pattern), **self.where(tree))

    def _not_like(self, tree: Node) -> plan.Expr:
        return self._not(tree, self._like(tree))

    def _regexp(self, tree: Node) -> plan.Expr:
        return plan.Call("regexp", tuple(map(self.expr, tree.children)), **self.where(tree))

    def _between(self, tree: Node) -> plan.Expr:
        of, low, high = map(self.expr, tree.children)
        told = self.where(tree)
        return plan.Op(
            "and", (plan.Op(">=", (of, low), **told), plan.Op("<=", (of, high), **told)), **told
        )

    def _not_between(self, tree: Node) -> plan.Expr:
        return self._not(tree, self._between(tree))

    def _within(self, tree: Node) -> plan.Expr:
        return self._several(tree, "in")

    def _not_within(self, tree: Node) -> plan.Expr:
        return self._not(tree, self._within(tree))

    def _exists(self, tree: Node) -> plan.Expr:
        call = plan.Call("exists", tuple(map(self.expr, tree.children)), **self.where(tree))
        return exists(call, self.alias)

    def _arithmetic(self, tree: Node) -> plan.Expr:
        left, sign, right = tree.children
        return plan.Op(str(sign), (self.expr(left), self.expr(right)), **self.where(tree))

    def _signed(self, tree: Node) -> plan.Expr:
        sign, inner = tree.children
        value = self.expr(inner)
        if str(sign) == "+":
            return value
        if isinstance(value, plan.Literal) and not isinstance(value.value, str):
            return plan.Literal(-value.value, **self.where(tree))
        return plan.Op("-", (plan.Literal(0), value), **self.where(tree))

    def _signed_number(self, tree: Node) -> plan.Expr:
        sign, number = tree.children
        return plan.Literal(float(f"{sign}{number}"), **self.where(tree))

    def _grouped(self, tree: Node) -> plan.Expr:
        return self.expr(tree.children[0])

    def _number(self, tree: Node) -> plan.Expr:
        return plan.Literal(float(tree.children[0]), **self.where(tree))

    def _string(self, tree: Node) -> plan.Expr:
        return plan.Literal(self.unquoted(tree.children[0]), **self.where(tree))

    def _true(self, tree: Node) -> plan.Expr:
        return plan.Call("true", (), **self.where(tree))

    def _false(self, tree: Node) -> plan.Expr:
        return plan.Call("false", (), **self.where(tree))

    def _null(self, tree: Node) -> plan.Expr:
        return plan.Call("null", (), **self.where(tree))

    def _duration(self, tree: Node) -> plan.Expr:
        text = str(tree.children[0]).replace(" ", "")
        digits = text.rstrip("smhdwMqy")
        unit = text[len(digits) :]
        return plan.Period(int(digits), _UNITS.get(unit, unit), **self.where(tree))

    def _interval(self, tree: Node) -> plan.Expr:
        count, unit = tree.children
        return plan.Call(
            "interval", (self.expr(count), plan.Literal(str(unit))), **self.where(tree)
        )

    def _cast(self, tree: Node) -> plan.Expr:
        inner, kind = tree.children
        return plan.Call("cast", (self.expr(inner), plan.Literal(str(kind))), **self.where(tree))

    def _case(self, tree: Node) -> plan.Expr:
        told = tuple(self.expr(child) for child in tree.children if child is not None)
        return plan.Call("case", told, **self.where(tree))

    def _call(self, tree: Node) -> plan.Expr:
        function, *args = tree.children
        told = tuple(self.expr(arg) for arg in args if arg is not None)
        return plan.Call(str(function), told, **self.where(tree))

    def _star(self, tree: Node) -> plan.Expr:
        return plan.Star(**self.where(tree))

    def _plain_name(self, tree: Node) -> plan.Expr:
        return self.name(tree)

    _quoted_name = _plain_name

    def _subquery(self, tree: Node) -> plan.Expr:
        return plan.Subquery(self.inner(tree.children[0]), **self.where(tree))

    def inner(self, tree: Node) -> plan.Query:
        """A query in brackets."""
        source, commands = self.query(tree)
        span = self.span(tree)
        return plan.Query(source, commands, self.text[span.start : span.end])


def _written(value: float | int | str) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
