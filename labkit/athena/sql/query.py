"""A query: Trino's SQL read by sqlglot, its tables replaced by their files, run by duckdb.

Theory of operation
-------------------
1. sqlglot parses the statement as Athena's dialect; every identifier keeps its place, which is how
   an error can say ``line 1:8`` of the learner's own text.
2. Each table that the query names is asked of the catalog. The conditions of its WHERE that speak
   of partition columns alone decide which partitions are read: duckdb evaluates them over the list
   of partitions. Only those partitions' files are fetched, and only they are paid for.
3. The table becomes a view over its files with just the columns that the query names.
4. Clocks (``now()``, ``current_date``) become the lab's time before duckdb sees them.
5. duckdb has no way to the machine: it may read the one folder in which the lab keeps the files of
   S3, names of files are no tables, table functions are refused, and a query that takes too long
   is interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from labkit.athena.engine.problems import Failed, place
from labkit.athena.engine.results import athena_type, text_of
from labkit.athena.engine.types import literal, quoted
from labkit.athena.records import CATALOG, Answer, Table
from labkit.athena.sql.problems import in_athenas_words, syntax
from labkit.athena.sql.reading import File, relation
from labkit.core.clock import iso

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    #: A node of sqlglot's tree; its own classes promise too little to be checked against.
    Expression: TypeAlias = Any

#: Seconds of the machine's time after which a query is given up: nothing may hang.
PATIENCE = 60.0
#: Compressed bytes from which on a query may use a second thread. Below, one thread keeps the order
#: of rows, and the last digit of sums, the same on every run.
_WORTH_A_THREAD = 16 << 20
_DEEPEST_VIEW = 16

#: Functions of Trino's that neither duckdb has nor sqlglot translates.
_MACROS = """
CREATE MACRO json_parse(x) AS CAST(x AS JSON);
CREATE MACRO json_format(x) AS CAST(x AS VARCHAR);
CREATE MACRO to_iso8601(x) AS strftime(x, '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE MACRO from_iso8601_date(x) AS CAST(x AS DATE);
CREATE MACRO json_size(x, p) AS json_array_length(x, p);
CREATE MACRO url_extract_host(x) AS regexp_extract(x, '^[a-z]+://([^/:]+)', 1);
"""


#: Functions of duckdb's, unknown to Trino, that would tell of this machine or its clock.
_NOT_TRINOS = frozenset(
    [
        "today",
        "get_current_timestamp",
        "get_current_time",
        "transaction_timestamp",
        "current_localtimestamp",
        "current_localtime",
        "current_setting",
        "getenv",
        "getvariable",
        "version",
        "pg_postmaster_start_time",
        "query",
        "query_table",
        "in_search_path",
        "current_database",
        "sniff_csv",
        "glob",
        "read_text",
        "read_blob",
    ]
)


class Catalog(Protocol):
    """Where tables and their files come from."""

    @property
    def folder(self) -> Path:
        """Where duckdb may read."""

    def table(self, database: str, name: str) -> Table | None:
        """A table or view."""

    def has_database(self, name: str) -> bool:
        """Whether there is such a database."""

    def partitions(
        self, table: Table, injected: Mapping[str, Sequence[str]]
    ) -> list[tuple[tuple[str, ...], str]]:
        """Values and location of each partition."""

    def files(self, table: Table, places: Sequence[tuple[tuple[str, ...], str]]) -> list[File]:
        """The files below these locations, fetched."""


class Query:
    """One run of one query.

    Parameters
    ----------
    text:
        The statement; what stands before the query itself is blank, so that places are right.
    database:
        For tables that are named without one.
    catalog:
        Where tables come from.
    now_us:
        The lab's time.
    """

    def __init__(self, text: str, database: str, catalog: Catalog, now_us: int) -> None:
        self.text = text
        self.database = database.lower()
        self.catalog = catalog
        self.now_us = now_us
        self.scanned = 0
        self._views: list[tuple[str, str]] = []
        self._depth = 0

    # -- running
    def run(self, most_rows: int | None = None) -> Answer:
        """The rows, as texts.

        Raises
        ------
        Failed
            In Athena's words.
        """
        with self._ready() as (con, tree):
            names = _output_names(tree)
            found = self._execute(con, tree.sql("duckdb"))
            types = [athena_type(str(one[1])) for one in found.description]
            labels = names or [str(one[0]).lower() for one in found.description]
            rows = found.fetchall() if most_rows is None else found.fetchmany(most_rows)
        texts = [[text_of(value) for value in row] for row in rows]
        return Answer(list(zip(labels, types, strict=True)), texts, self.scanned)

    def write(self, path: Path, form: str, given: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Write the rows into a file; the columns as (name, duckdb's type).

        Parameters
        ----------
        path, form:
            The file, and COPY's options (``FORMAT parquet``).
        given:
            The names of the columns, in order; the query's own when left out.
        """
        with self._ready() as (con, tree):
            names = _output_names(tree)
            sql = tree.sql("duckdb")
            head = self._execute(con, f"SELECT * FROM ({sql}) LIMIT 0").description
            labels = names or [str(one[0]).lower() for one in head]
            if given:
                if len(given) != len(head):
                    raise Failed(
                        "TYPE_MISMATCH",
                        f"Insert query has {len(head)} columns, table has {len(given)}",
                    )
                labels = list(given)
            alias = ", ".join(quoted(name) for name in labels)
            self._execute(
                con,
                f"COPY (SELECT * FROM ({sql}) AS rows({alias})) TO {literal(str(path))} ({form})",
            )
        return [(name, str(one[1])) for name, one in zip(labels, head, strict=True)]

    def explain(self) -> str:
        """duckdb's plan, as text."""
        with self._ready() as (con, tree):
            rows = self._execute(con, "EXPLAIN " + tree.sql("duckdb")).fetchall()
        return str(rows[0][1])

    @contextmanager
    def _ready(self) -> Iterator[tuple[DuckDBPyConnection, Expression]]:
        tree = parsed(self.text)
        tree = self._prepared(tree)
        with connection(
            self.catalog.folder, threads=2 if self.scanned > _WORTH_A_THREAD else 1
        ) as con:
            for name, sql in self._views:
                self._execute(con, f"CREATE TEMP VIEW {name} AS {sql}")
            yield con, tree

    def _execute(self, con: DuckDBPyConnection, sql: str) -> DuckDBPyConnection:
        import duckdb

        alarm = threading.Timer(PATIENCE, con.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            return con.execute(sql)
        except duckdb.Error as problem:
            raise in_athenas_words(problem, self.text, self._original) from None
        finally:
            alarm.cancel()

    # -- reading the statement
    def _prepared(self, tree: Expression) -> Expression:
        from sqlglot import exp

        self._original = tree.copy()
        for function in list(tree.find_all(exp.Table)):
            if not isinstance(function.this, exp.Identifier):
                raise Failed(
                    "FUNCTION_NOT_FOUND", f"Table function {function.this.sql()!r} not registered"
                )
        _check_types(tree, self)
        tree = self._with_clock(tree)
        tree = _with_unnested_rows(tree)
        return self._with_files(tree)

    def _with_clock(self, tree: Expression) -> Expression:
        from sqlglot import exp

        day = iso(self.now_us)[:10]
        moment = iso(self.now_us, millis=True).replace("T", " ").rstrip("Z")

        def replaced(node: Expression) -> Expression:
            name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
            if isinstance(node, exp.CurrentDate):
                return exp.cast(exp.Literal.string(day), "DATE")
            if isinstance(node, exp.CurrentTimestamp) or name == "now":
                return exp.cast(exp.Literal.string(moment + "+00"), "TIMESTAMPTZ")
            if isinstance(node, exp.Localtimestamp) or name == "localtimestamp":
                return exp.cast(exp.Literal.string(moment), "TIMESTAMP")
            if isinstance(node, (exp.CurrentTime, exp.Localtime)):
                return exp.cast(exp.Literal.string(moment[11:]), "TIME")
            if name in _NOT_TRINOS:
                line, column = place(self.text, self.text.lower().find(name))
                raise Failed(
                    "FUNCTION_NOT_FOUND", f"Function '{name}' not registered", line, column
                )
            return node

        return tree.transform(replaced)

    def _with_files(self, tree: Expression) -> Expression:
        from sqlglot import exp

        made = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        wanted = _identifiers(tree)
        for node in list(tree.find_all(exp.Table)):
            name = node.name.lower()
            if name in made and not node.db:
                continue
            database = node.db.lower() or self.database
            table = self._table(node, database, name)
            alias = node.alias or node.name
            if table.view:
                replacement: Expression = self._expanded(table).subquery(alias, copy=False)
            else:
                chosen = self._chosen(table, node, alias.lower())
                files = self.catalog.files(table, chosen)
                self.scanned += sum(file.size for file in files)
                view = f"t{len(self._views)}__"
                self._views.append((view, relation(table, files, wanted)))
                replacement = exp.alias_(exp.to_table(view), alias, table=True)
            if node is tree:
                return replacement
            for join in node.args.get("joins") or []:
                replacement.append("joins", join)
            node.replace(replacement)
        return tree

    def _table(self, node: Expression, database: str, name: str) -> Table:
        table = self.catalog.table(database, name)
        if table is not None:
            return table
        offset = node.this.meta.get("start", 0)
        line, column = place(self.text, offset)
        if not self.catalog.has_database(database):
            raise Failed("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", line, column)
        raise Failed(
            "TABLE_NOT_FOUND",
            f"Table '{CATALOG.lower()}.{database}.{name}' does not exist",
            line,
            column,
        )

    def _expanded(self, table: Table) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST_VIEW:
            raise Failed("VIEW_IS_RECURSIVE", f"View is recursive: {table.database}.{table.name}")
        before, self.database = self.database, table.database
        try:
            tree = _with_unnested_rows(self._with_clock(parsed(table.view)))
            return self._with_files(tree)
        finally:
            self._depth -= 1
            self.database = before

    # -- partitions
    def _chosen(self, table: Table, node: Expression, alias: str) -> list[Any]:
        if not table.partitions:
            return [((), table.location)]
        keys = [column.name for column in table.partitions]
        tests = _tests_of(node, set(keys), alias)
        found = self.catalog.partitions(table, _equal(tests))
        if not tests or not found:
            return found
        rows = ", ".join(
            "(" + ", ".join([str(n), *(literal(v) for v in values)]) + ")"
            for n, (values, _) in enumerate(found)
        )
        names = ", ".join(["n__", *(quoted(key) for key in keys)])
        casts = ", ".join(
            f"CAST({quoted(c.name)} AS {_scalar(c.type)}) AS {quoted(c.name)}"
            for c in table.partitions
        )
        where = " AND ".join(f"({test.sql('duckdb')})" for test in tests)
        with connection(self.catalog.folder) as con:
            told = self._execute(
                con,
                f"SELECT n__ FROM (SELECT n__, {casts} FROM (VALUES {rows}) AS v({names})) "
                f"AS {quoted(alias)} WHERE {where} ORDER BY n__",
            ).fetchall()
        return [found[row[0]] for row in told]


def parsed(text: str) -> Expression:
    """The tree of a single query.

    Raises
    ------
    Failed
        For what the grammar refuses, and for what is no query.
    """
    import sqlglot
    from sqlglot import exp

    try:
        trees = [tree for tree in sqlglot.parse(text, read="athena") if tree is not None]
    except sqlglot.errors.SqlglotError as problem:
        raise syntax(problem, text) from None
    if len(trees) != 1:
        raise Failed("", "Only one sql statement is allowed. Got: " + text.strip())
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        word = (text.split() or [""])[0]
        line, column = place(text, text.find(word))
        raise Failed(
            "",
            f"mismatched input '{word}'. Expecting: 'ALTER', 'CREATE', 'DESCRIBE', 'DROP', "
            "'EXPLAIN', 'INSERT', 'SHOW', 'WITH', <query>",
            line,
            column,
        )
    return tree


@contextmanager
def connection(folder: Path, *, threads: int = 1) -> Iterator[DuckDBPyConnection]:
    """A duckdb of its own that sees one folder of the machine and nothing else."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(":memory:")
    try:
        con.execute(f"SET allowed_directories = [{literal(str(folder))}]")
        con.execute("SET enable_external_access = false")
        con.execute("SET autoinstall_known_extensions = false")
        con.execute(f"SET threads = {threads}")
        con.execute("SET memory_limit = '1GB'")
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")
        con.execute("SELECT setseed(0.5)")  # random() is the same on every run
        con.execute(_MACROS)
        yield con
    finally:
        con.close()


def _scalar(type_: str) -> str:
    from labkit.athena.engine.types import duckdb, parse

    return duckdb(parse(type_))


def _identifiers(tree: Expression) -> set[str] | None:
    """Every name in the query in lower case; None when a star wants all columns."""
    from sqlglot import exp

    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            return None
    return {one.name.lower() for one in tree.find_all(exp.Identifier)}


def _tests_of(node: Expression, keys: set[str], alias: str) -> list[Expression]:
    """The conditions of a table's SELECT that speak of its partition columns alone."""
    from sqlglot import exp

    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    if where is None:
        return []
    found = []
    for test in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = list(test.find_all(exp.Column))
        own = all(one.name.lower() in keys and one.table.lower() in ("", alias) for one in columns)
        if columns and own and not test.find(exp.Subquery, exp.Select):
            found.append(test)
    return found


def _equal(tests: Sequence[Expression]) -> dict[str, list[str]]:
    """Values that the conditions name outright: ``k = 'a'``, ``k IN ('a', 'b')``."""
    from sqlglot import exp

    found: dict[str, list[str]] = {}
    for test in tests:
        if isinstance(test, exp.EQ) and isinstance(test.expression, exp.Literal):
            found[test.this.name.lower()] = [test.expression.name]
        elif isinstance(test, exp.In) and test.expressions:
            found[test.this.name.lower()] = [one.name for one in test.expressions]
    return found


def _output_names(tree: Expression) -> list[str]:
    """The names of the columns; those without one are ``_col0``, ``_col1`` as in Athena."""
    from sqlglot import exp

    select = tree.find(exp.Select) if not isinstance(tree, exp.Select) else tree
    if select is None or any(one.is_star for one in select.expressions):
        return []
    named = (exp.Column, exp.Dot, exp.Alias)
    return [
        (one.alias_or_name if isinstance(one, named) else "").lower() or f"_col{number}"
        for number, one in enumerate(select.expressions)
    ]


def _with_unnested_rows(tree: Expression) -> Expression:
    """``UNNEST(resources) AS t(arn, accountid, type)``: an array of rows gives a column a field."""
    import sqlglot
    from sqlglot import exp

    for node in list(tree.find_all(exp.Unnest)):
        alias = node.args.get("alias")
        columns = alias.columns if alias is not None else []
        if len(columns) > 1 and len(node.expressions) == 1 and not node.args.get("offset"):
            inside = node.expressions[0].sql("duckdb")
            named = ", ".join(quoted(one.name) for one in columns)
            lateral = sqlglot.parse_one(
                f"SELECT 1 CROSS JOIN LATERAL (SELECT UNNEST({inside}, max_depth := 2)) "
                f"AS {quoted(alias.name or 'u__')}({named})",
                read="duckdb",
            )
            node.replace(lateral.args["joins"][0].this)
    return tree


def _check_types(tree: Expression, query: Query) -> None:
    """Trino compares no text with a number: ``year = 2026`` fails where year is a string."""
    from sqlglot import exp

    signs = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.LT: "<", exp.GTE: ">=", exp.LTE: "<="}
    kinds: dict[str, str] = {}
    for node in tree.find_all(exp.Table):
        table = query.catalog.table((node.db or query.database).lower(), node.name.lower())
        for column in (*table.columns, *table.partitions) if table else ():
            kinds.setdefault(column.name, column.type.lower())
    for test in tree.find_all(*signs):
        left, right = test.this, test.expression
        if not isinstance(left, exp.Column):
            left, right = right, left
        if not isinstance(left, exp.Column) or left.table in kinds:
            continue
        if kinds.get(left.name.lower()) != "string":
            continue
        other = ""
        if isinstance(right, exp.Boolean):
            other = "boolean"
        elif isinstance(right, exp.Literal) and not right.is_string:
            other = "integer" if right.name.isdigit() else "double"
        if other:
            line, at = place(query.text, left.this.meta.get("start", 0))
            raise Failed(
                "TYPE_MISMATCH",
                f"Cannot apply operator: varchar {signs[type(test)]} {other}",
                line,
                at,
            )
