"""What definitions do to the catalog: tables, partitions, databases, and what SHOW tells."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from labkit.athena.engine import ddl
from labkit.athena.engine.partitions import location, projected
from labkit.athena.engine.problems import Failed
from labkit.athena.files import Catalog, split_uri
from labkit.athena.records import Answer, Table
from labkit.athena.store import Store
from labkit.core.clock import to_datetime


def apply(store: Store, text: str, database: str, now_us: int, catalog: Catalog) -> Answer:
    """Run a definition.

    Raises
    ------
    Failed
        With Hive's words.
    """
    told = ddl.read(text)
    where = told.database or database
    done = _databases(store, told) if "database" in told.what else None
    if done is not None:
        return done
    if told.what == "create table":
        return _create(store, told, where, now_us)
    if told.what == "show tables":
        if where not in store.databases:
            raise Failed("", f"FAILED: SemanticException Database does not exist: {where}")
        pattern = told.text.replace(".*", "*") or "*"
        names = [one.name for one in store.tables_of(where) if fnmatchcase(one.name, pattern)]
        return _lines("tab_name", names)
    table = store.tables.get((where, told.name))
    if table is None:
        if told.what.startswith("drop ") and told.what != "drop partition" and told.quiet:
            return Answer(free=True)
        raise Failed("", f"FAILED: SemanticException Table not found {where}.{told.name}")
    if told.what in ("drop table", "drop view"):
        if bool(table.view) != (told.what == "drop view"):
            kind = "view" if table.view else "table"
            raise Failed("", f"FAILED: SemanticException {where}.{told.name} is a {kind}")
        del store.tables[where, told.name]
        return Answer(free=True)
    if told.what.startswith(("show", "describe")):
        return _shown(table, told.what, now_us)
    return _altered(table, told, catalog)


def _lines(name: str, rows: list[str]) -> Answer:
    return Answer([(name, "string")], [[row] for row in rows], plain=True, free=True)


def _databases(store: Store, told: ddl.Statement) -> Answer | None:
    name = told.name
    if told.what == "show databases":
        return _lines("database_name", sorted(store.databases))
    if told.what == "create database":
        if name in store.databases and not told.quiet:
            raise Failed("", f"FAILED: Execution Error, Database {name} already exists")
        store.databases.setdefault(name, "")
    else:
        if name not in store.databases:
            if told.quiet:
                return Answer(free=True)
            raise Failed("", f"FAILED: SemanticException Database does not exist: {name}")
        tables = store.tables_of(name)
        if tables and not told.cascade:
            raise Failed(
                "",
                f"FAILED: Execution Error, InvalidOperationException(message:Database {name} is "
                "not empty. One or more tables exist.)",
            )
        for table in tables:
            del store.tables[name, table.name]
        del store.databases[name]
    return Answer(free=True)


def _create(store: Store, told: ddl.Statement, where: str, now_us: int) -> Answer:
    if where not in store.databases:
        raise Failed("", f"FAILED: SemanticException Database does not exist: {where}")
    if (where, told.name) in store.tables:
        if told.quiet:
            return Answer(free=True)
        raise Failed(
            "",
            "FAILED: Execution Error, return code 1 from DDLTask. "
            f"AlreadyExistsException(message:Table {told.name} already exists.)",
        )
    assert told.table is not None
    told.table.database, told.table.created_us = where, now_us
    if not told.table.location.endswith("/"):
        told.table.location += "/"
    store.tables[where, told.name] = told.table
    return Answer(free=True)


def _shown(table: Table, what: str, now_us: int) -> Answer:
    if what == "show create table":
        if table.view:
            raise Failed("", f"FAILED: SemanticException {table.name} is a view: SHOW CREATE VIEW")
        return _lines("createtab_stmt", ddl.written(table))
    if what == "show create view":
        text = f"CREATE VIEW {table.database}.{table.name} AS\n{table.view.strip()}"
        return _lines("Create View", text.splitlines())
    if what == "show columns":
        return _lines("field", [one.name for one in (*table.columns, *table.partitions)])
    if what == "show properties":
        pairs = sorted(table.properties.items())
        return _lines("prpt_name", [f"{name}\t{value}" for name, value in pairs])
    if what == "show partitions":
        if not table.partitions:
            raise Failed(
                "",
                f"FAILED: Execution Error, Table {table.database}.{table.name} "
                "is not a partitioned table",
            )
        names = [one.name for one in table.partitions]
        known = list(table.values)
        if table.projected:
            known = [values for values, _ in projected(table, to_datetime(now_us), {})]
        return _lines(
            "partition",
            ["/".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in known],
        )
    rows = [f"{c.name:<20}\t{c.type:<20}\t{c.comment:<20}" for c in table.columns]
    if table.partitions:
        part = [f"{c.name:<20}\t{c.type:<20}\t{c.comment:<20}" for c in table.partitions]
        head = f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}"
        rows += [*part, "\t \t ", "# Partition Information\t \t ", head, "\t \t ", *part]
    return _lines("col_name", rows)


def _altered(table: Table, told: ddl.Statement, catalog: Catalog) -> Answer:
    names = [one.name for one in table.partitions]
    if told.what in ("add partition", "drop partition"):
        for given, where in told.partitions:
            if sorted(given) != sorted(names):
                raise Failed(
                    "",
                    "FAILED: SemanticException partition spec "
                    f"{given} doesn't contain all ({len(names)}) partition columns",
                )
            values = tuple(given[name] for name in names)
            if told.what == "drop partition":
                if table.values.pop(values, None) is None and not told.quiet:
                    raise Failed("", f"FAILED: SemanticException Partition not found {given}")
            elif values not in table.values:
                where = where or location(table, given)
                table.values[values] = where if where.endswith("/") else where + "/"
            elif not told.quiet:
                raise Failed(
                    "",
                    "FAILED: Execution Error, return code 1 from DDLTask. "
                    "AlreadyExistsException(message:Partition already exists.)",
                )
    elif told.what == "repair":
        return _repaired(table, names, catalog)
    elif told.what == "set properties":
        table.properties |= told.properties
    elif told.what == "set location":
        table.location = told.properties["location"].rstrip("/") + "/"
    elif told.what == "add columns":
        table.columns += told.columns
    elif told.what == "replace columns":
        table.columns = told.columns
    return Answer(free=True)


def _repaired(table: Table, names: list[str], catalog: Catalog) -> Answer:
    """Find folders that are named as Hive names partitions; CloudTrail's are not."""
    bucket, prefix = split_uri(table.location)
    missing: list[str] = []
    pattern = "/".join(f"{re.escape(name)}=([^/]+)" for name in names)
    for one in catalog.listed(table.location):
        found = re.match(pattern + "/", one.key[len(prefix) :])
        if found and found.groups() not in table.values:
            where = f"s3://{bucket}/{prefix}{found.group(0)}"
            table.values[found.groups()] = where
            missing.append(f"Repair: Added partition to metastore {table.name}:{found.group(0)}")
    return _lines("result", missing)
