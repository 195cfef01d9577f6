"""From lark's tree to a plan: the source and the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.reading import READERS
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.periods import length_ms
from labkit.logs.engine.ql.reading_expressions import (
    ExpressionReader,
    between_slashes,
    unquoted,
)
from labkit.logs.engine.ql.regexes import compiled_regex

if TYPE_CHECKING:
    from lark import Tree


class Reader(ExpressionReader):
    """Walks lark's tree of a query. A method for each command."""

    def query(self, tree: Tree[Any]) -> plan.Query:
        """A whole query: its source and its commands."""
        source, commands = None, []
        for child in tree.children:
            if child is None:
                continue
            if child.data == "source":
                source = _together(source, self._source(child))
            else:
                commands.append(self._command(child))
        return plan.Query(source, tuple(commands), self._slice(self.span(tree)))

    # ---- the source

    def _source(self, tree: Tree[Any]) -> plan.Source:
        groups: list[str] = []
        filters: list[tuple[str, tuple[str, ...]]] = []
        times = {"start": "", "end": ""}
        for child in tree.children:
            if child is None:
                continue
            data = getattr(child, "data", None)
            if getattr(child, "type", "") == "STRING":
                groups.append(unquoted(child))
            elif getattr(child, "type", "") in ("NAME", "QUOTED"):
                groups.append(str(child).strip("`"))
            elif data is None:
                if str(child).lower() != "loggroups":
                    raise QueryError.at(
                        f"SOURCE takes names in quotes or logGroups(...), not {child}",
                        self.span(child),
                    )
            elif data == "source_args":
                filters.extend(self._source_args(child))
            elif data == "source_more":
                for inner in child.children[1:]:
                    filters.extend(self._source_args(inner) if inner is not None else ())
            elif data == "source_list":
                filters.append(("dataSource", tuple(map(unquoted, child.children))))
            elif data == "source_time":
                key = str(child.children[0]).lower()
                if key not in times:
                    raise QueryError.at("SOURCE has START and END, no other", self.span(child))
                times[key] = str(child.children[1])
        return plan.Source(tuple(groups), tuple(filters), start=times["start"], end=times["end"])

    def _source_args(self, tree: Tree[Any]) -> list[tuple[str, tuple[str, ...]]]:
        found = []
        for arg in tree.children:
            name, *values = arg.children
            known = ("namePrefix", "class", "accountIdentifiers")
            if str(name) not in known:
                raise QueryError.at(
                    f"logGroups has {', '.join(known)}, not {name}", self.span(name)
                )
            # Without a prefix all groups are meant, as the console writes it: namePrefix: [].
            told = tuple(unquoted(value) for value in values if value is not None)
            found.append((str(name), told))
        return found

    # ---- commands

    def _command(self, tree: Tree[Any]) -> plan.Command:
        reader = READERS.get(str(tree.data))
        if reader is not None:
            return reader(self, tree)
        built: plan.Command = getattr(self, f"_do_{tree.data}")(tree)
        return built

    def _do_fields(self, tree: Tree[Any]) -> plan.Command:
        return plan.Fields(self._aliases(tree.children), span=self.span(tree))

    def _do_display(self, tree: Tree[Any]) -> plan.Command:
        return plan.Display(self._aliases(tree.children), span=self.span(tree))

    def _do_filter(self, tree: Tree[Any]) -> plan.Command:
        return plan.Filter(self.expr(tree.children[0]), span=self.span(tree))

    def _do_filter_index(self, tree: Tree[Any]) -> plan.Command:
        return plan.Filter(self.expr(tree.children[0]), True, span=self.span(tree))

    def _parsed(self, tree: Tree[Any]) -> list[Any]:
        """What a ``parse`` looks into, @message when it says nothing, and the rest of it."""
        told = [child for child in tree.children if child is not None]
        if getattr(told[0], "type", "") in ("STRING", "REGEX"):
            return [plan.Name("@message", text="@message", span=self.span(told[0])), *told]
        return [self.expr(told[0]), *told[1:]]

    def _do_parse_glob(self, tree: Tree[Any]) -> plan.Command:
        of, pattern, *names = self._parsed(tree)
        glob = unquoted(pattern)
        told = tuple(self.name(name).name for name in names)
        stars = glob.count("*")
        if stars != len(told):
            raise QueryError.at(
                f"parse: the pattern has {stars} * and there are {len(told)} names; "
                "each * needs its own",
                self.span(tree),
            )
        return plan.Parse(of, glob, told, True, span=self.span(tree))

    def _do_parse_regex(self, tree: Tree[Any]) -> plan.Command:
        of, token, *names = self._parsed(tree)
        pattern = between_slashes(token)
        compiled = compiled_regex(pattern, self.span(token))
        told = tuple(self.name(name).name for name in names)
        by_index = {index: name for name, index in compiled.groupindex.items()}
        groups = tuple(by_index[index] for index in sorted(by_index))
        if told and groups:
            raise QueryError.at(
                "parse: names stand in the pattern or after as, not in both", self.span(tree)
            )
        if told and len(told) != compiled.groups:
            raise QueryError.at(
                f"parse: the pattern has {compiled.groups} groups and there are {len(told)} names",
                self.span(tree),
            )
        if not told and not groups:
            raise QueryError.at(
                "parse: the pattern names no field; write (?<name>...)", self.span(token)
            )
        return plan.Parse(of, pattern, told or groups, False, span=self.span(tree))

    def _do_sort(self, tree: Tree[Any]) -> plan.Command:
        keys = []
        for child in tree.children:
            expr, direction = child.children
            keys.append(plan.SortKey(self.expr(expr), str(direction or "asc").lower() == "desc"))
        return plan.Sort(tuple(keys), span=self.span(tree))

    def _do_limit(self, tree: Tree[Any]) -> plan.Command:
        return plan.Limit(self._count(tree.children[0]), span=self.span(tree))

    def _do_limit_any(self, tree: Tree[Any]) -> plan.Command:
        token = tree.children[0]
        count = self._count(token) if token is not None else 10_000
        return plan.Limit(count, any=True, span=self.span(tree))

    def _do_tail(self, tree: Tree[Any]) -> plan.Command:
        return plan.Limit(self._count(tree.children[0]), tail=True, span=self.span(tree))

    def _count(self, token: Any) -> int:
        text = str(token)
        if not text.isdigit() or not 1 <= int(text) <= 100_000:
            raise QueryError.at(
                f"limit {text}: a whole number from 1 to 100000 is needed", self.span(token)
            )
        return int(text)

    def _do_stats(self, tree: Tree[Any]) -> plan.Command:
        span = self.span(tree)
        children = [child for child in tree.children if child is not None]
        offset = ""
        if children[-1].data == "stats_offset":
            offset = str(children.pop().children[0])
        # `by` leaves no token behind: what is left of it in the text is an aggregate.
        split = len(children)
        for index, child in enumerate(children):
            start = self.span(child).start
            between = self.text[
                (self.span(children[index - 1]).end if index else span.start) : start
            ]
            if index and "," not in _no_comments(between):
                split = index
                break
        return plan.Stats(
            self._aliases(children[:split]), self._aliases(children[split:]), offset,
            length_ms(*self.duration(offset)) if offset else 0, span=span,
        )  # fmt: skip

    def _do_dedup(self, tree: Tree[Any]) -> plan.Command:
        return plan.Dedup(tuple(map(self.name, tree.children)), span=self.span(tree))

    def _do_pattern(self, tree: Tree[Any]) -> plan.Command:
        return plan.Pattern(self.expr(tree.children[0]), span=self.span(tree))

    def _do_diff(self, tree: Tree[Any]) -> plan.Command:
        token = tree.children[0]
        against = str(token or "")
        known = {"previousday": "previousDay", "previousweek": "previousWeek",
                 "previousmonth": "previousMonth", "": ""}  # fmt: skip
        if against.lower() not in known:
            raise QueryError.at(
                f"diff {against}: previousDay, previousWeek and previousMonth are there",
                self.span(token),
            )
        return plan.Diff(known[against.lower()], span=self.span(tree))

    def _do_anomaly(self, tree: Tree[Any]) -> plan.Command:
        return plan.Anomaly(span=self.span(tree))

    def _do_unmask(self, tree: Tree[Any]) -> plan.Command:
        return plan.Unmask(tuple(map(self.name, tree.children)), span=self.span(tree))

    def _do_unnest(self, tree: Tree[Any]) -> plan.Command:
        of, name = tree.children
        return plan.Unnest(self.expr(of), self.name(name).name, span=self.span(tree))

    def _do_lookup(self, tree: Tree[Any]) -> plan.Command:
        table, *rest = tree.children
        keys, output = [], []
        for child in rest:
            if child.data == "lookup_key":
                column, field = child.children
                name = self.name(column)
                keys.append((name.name, self.name(field) if field is not None else name))
            else:
                output.append(self.name(child).name)
        return plan.Lookup(self.name(table).name, tuple(keys), tuple(output), span=self.span(tree))

    def _do_join(self, tree: Tree[Any]) -> plan.Command:
        options = {"type": "inner", "left": "", "right": ""}
        *told, condition, inner = tree.children
        for option in told:
            word = self._slice(self.span(option)).split("=")[0].strip().lower()
            options[word] = str(option.children[0])
        if options["type"].lower() not in ("inner", "left"):
            raise QueryError.at("join: type is inner or left", self.span(tree))
        if not options["left"] or not options["right"]:
            raise QueryError.at(
                "join: name both sides, left=a right=b, and compare a.field = b.field",
                self.span(tree),
            )
        return plan.Join(
            options["type"].lower(), options["left"], options["right"],
            self.expr(condition), self.query(inner), span=self.span(tree),
        )  # fmt: skip

    def _aliases(self, trees: Any) -> tuple[plan.Aliased, ...]:
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


def _together(first: plan.Source | None, more: plan.Source) -> plan.Source:
    """The groups of several SOURCE commands; the last time that is said counts."""
    if first is None:
        return more
    return plan.Source(
        first.groups + more.groups, first.filters + more.filters,
        start=more.start or first.start, end=more.end or first.end,
    )  # fmt: skip


def _no_comments(text: str) -> str:
    return "\n".join(line.split("#")[0] for line in text.split("\n"))
