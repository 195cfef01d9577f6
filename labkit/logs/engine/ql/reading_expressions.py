"""From lark's tree to a plan: names and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.plan import Span
from labkit.logs.engine.ql.regexes import compiled_regex

if TYPE_CHECKING:
    from lark import Tree

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


class ExpressionReader:
    """Walks the tree of an expression. A method for each rule that is more than its parts."""

    def __init__(self, text: str) -> None:
        self.text = text

    def query(self, tree: Tree[Any]) -> plan.Query:
        """A query inside; who reads commands knows how."""
        raise NotImplementedError

    # ---- where things stand

    def span(self, tree: Any) -> Span:
        """Where a tree or a token stands in the text."""
        from lark import Token

        if isinstance(tree, Token):
            return Span(tree.start_pos or 0, tree.end_pos or 0)
        meta = tree.meta
        return Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)

    def _slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _where(self, tree: Any) -> dict[str, Any]:
        span = self.span(tree)
        return {"text": self._slice(span).strip(), "span": span}

    # ---- expressions

    def name(self, tree: Tree[Any]) -> plan.Name:
        """A field's name."""
        token = str(tree.children[0])
        quoted = token.startswith("`")
        return plan.Name(token.strip("`") if quoted else token, quoted, **self._where(tree))

    def expr(self, tree: Any) -> plan.Expr:
        """An expression."""
        built: plan.Expr = getattr(self, f"_of_{tree.data}")(tree)
        return built

    def _of_plain_name(self, tree: Tree[Any]) -> plan.Expr:
        return self.name(tree)

    _of_quoted_name = _of_plain_name

    def _of_number(self, tree: Tree[Any]) -> plan.Expr:
        text = str(tree.children[0])
        whole = text.isdigit() and len(text) < 18
        return plan.Literal(int(text) if whole else float(text), **self._where(tree))

    def _of_string(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Literal(unquoted(tree.children[0]), **self._where(tree))

    def _of_regex(self, tree: Tree[Any]) -> plan.Expr:
        pattern = between_slashes(tree.children[0])
        compiled_regex(pattern, self.span(tree))
        return plan.Regex(pattern, **self._where(tree))

    def _of_duration(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Period(*self.duration(str(tree.children[0])), **self._where(tree))

    def duration(self, text: str) -> tuple[int, str]:
        """``5 min`` as a number and a unit."""
        text = text.strip()
        digits = text[: next(i for i, c in enumerate(text) if not c.isdigit())]
        return int(digits[:15]), UNITS[text[len(digits) :].strip().lower()]

    def _of_star(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Star(**self._where(tree))

    def _of_group(self, tree: Tree[Any]) -> plan.Expr:
        return self.expr(tree.children[0])

    def _of_call(self, tree: Tree[Any]) -> plan.Expr:
        name, *args = tree.children
        values = tuple(self.expr(arg) for arg in args if arg is not None)
        return plan.Call(str(name), values, **self._where(tree))

    def _of_index(self, tree: Tree[Any]) -> plan.Expr:
        of, key = tree.children
        return plan.Item(self.expr(of), self.expr(key), **self._where(tree))

    def _of_attribute(self, tree: Tree[Any]) -> plan.Expr:
        of, key = tree.children
        value = self.expr(of)
        # A field whose key has dots or blanks: attributes.`aws.request_id`.
        if isinstance(value, plan.Name):
            return plan.Name(f"{value.name}.{key}", **self._where(tree))
        return plan.Item(value, str(key).strip("`"), **self._where(tree))

    def _op(self, op: str, tree: Tree[Any], *children: Any) -> plan.Expr:
        args = tuple(self.expr(child) for child in children or tree.children)
        return plan.Op(op, args, **self._where(tree))

    def _of_or_expr(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("or", tree)

    def _of_and_expr(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("and", tree)

    def _of_negation(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("not", tree)

    def _of_compare(self, tree: Tree[Any]) -> plan.Expr:
        left, sign, right = tree.children
        return self._op({"==": "="}.get(str(sign), str(sign)), tree, left, right)

    def _of_arithmetic(self, tree: Tree[Any]) -> plan.Expr:
        left, sign, right = tree.children
        return self._op(str(sign), tree, left, right)

    def _of_raised(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("^", tree)

    def _of_signed(self, tree: Tree[Any]) -> plan.Expr:
        sign, value = tree.children
        inner = self.expr(value)
        if isinstance(inner, plan.Literal) and not isinstance(inner.value, str):
            number = -inner.value if str(sign) == "-" else inner.value
            return plan.Literal(number, **self._where(tree))
        zero = plan.Literal(0, text="0", span=inner.span)
        return plan.Op(str(sign), (zero, inner), **self._where(tree))

    def _of_like(self, tree: Tree[Any]) -> plan.Expr:
        return self._op("like", tree)

    def _not(self, op: str, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._op(op, tree),), **self._where(tree))

    def _of_not_like(self, tree: Tree[Any]) -> plan.Expr:
        return self._not("like", tree)

    def _match(self, tree: Tree[Any]) -> plan.Expr:
        value, token = tree.children
        pattern = between_slashes(token)
        span = self.span(token)
        compiled_regex(pattern, span)
        right = plan.Regex(pattern, text=str(token), span=span)
        return plan.Op("like", (self.expr(value), right), **self._where(tree))

    def _of_matches(self, tree: Tree[Any]) -> plan.Expr:
        return self._match(tree)

    def _of_not_matches(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._match(tree),), **self._where(tree))

    def _within(self, tree: Tree[Any]) -> plan.Expr:
        value, listed = tree.children
        items = [self.expr(item) for item in listed.children if item is not None]
        return plan.Op("in", (self.expr(value), *items), **self._where(tree))

    def _of_within(self, tree: Tree[Any]) -> plan.Expr:
        return self._within(tree)

    def _of_not_within(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._within(tree),), **self._where(tree))

    def _within_query(self, tree: Tree[Any]) -> plan.Expr:
        value, inner = tree.children
        query = plan.Subquery(self.query(inner), **self._where(inner))
        return plan.Op("in", (self.expr(value), query), **self._where(tree))

    def _of_within_query(self, tree: Tree[Any]) -> plan.Expr:
        return self._within_query(tree)

    def _of_not_within_query(self, tree: Tree[Any]) -> plan.Expr:
        return plan.Op("not", (self._within_query(tree),), **self._where(tree))


def unquoted(token: Any) -> str:
    """The text in quotes."""
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


def between_slashes(token: Any) -> str:
    """The regular expression between slashes."""
    return str(token)[1:-1].replace("\\/", "/")
