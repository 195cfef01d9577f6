"""The query languages of Logs Insights by the names that the API gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine import ql
from labkit.logs.engine.ql.running import Run

if TYPE_CHECKING:
    import pyarrow as pa

    from labkit.logs.engine import sql
    from labkit.logs.engine.ql.running import Tables

    #: What reading a query gives: it has ``text``, ``source`` and ``commands`` in every language.
    #: A PPL query is one of the query language of Logs Insights with further commands.
    Plan: TypeAlias = ql.Query | sql.Query

CWLI, SQL, PPL = "CWLI", "SQL", "PPL"
LANGUAGES = (CWLI, SQL, PPL)


def read(text: str, language: str = CWLI) -> Plan:
    """The plan of a query.

    Raises
    ------
    QueryError
        With the place.
    """
    if language == SQL:
        # sqlglot takes a while to import: not before somebody asks in SQL.
        from labkit.logs.engine import sql

        return sql.parse(text)
    if language == PPL:
        from labkit.logs.engine import ppl

        return ppl.parse(text)
    return ql.parse(text)


def _runs(plan: Any) -> type[Run]:
    """What runs a plan of a language: sqlglot is not imported before somebody asks in SQL."""
    if type(plan) is ql.Query:
        return Run
    from labkit.logs.engine import ppl, sql

    return ppl.PplRun if isinstance(plan, ppl.Query) else sql.SqlRun


def run(
    plan: Any,
    tables: Tables,
    moment: ql.Moment,
    *,
    limit: int = ql.DEFAULT_LIMIT,
    lookups: Mapping[str, pa.Table] | None = None,
) -> ql.Result:
    """Run a plan in the language that it was read in.

    Raises
    ------
    QueryError
        When a name, a function or the order of commands is wrong.
    """
    return ql.run(plan, tables, moment, limit=limit, lookups=lookups, runs=_runs(plan))


def check(plan: Any, none: pa.Table, *, lookups: Mapping[str, pa.Table] | None = None) -> None:
    """Compile a plan over no events: what is wrong with it is said now.

    Raises
    ------
    QueryError
        When a name, a function or the order of commands is wrong.
    """
    ql.check(plan, none, lookups=lookups, runs=_runs(plan))


def bins(plan: Plan) -> str:
    """Name of the column that holds the start of each stretch of time; "" when there is none."""
    if not isinstance(plan, ql.Query):
        return plan.bins
    for command in reversed(plan.commands):
        if isinstance(command, ql.plan.Stats):
            for told in command.by:
                of = told.expr
                if not isinstance(of, ql.plan.Call):
                    continue
                name = of.function.lower()
                # A span of numbers is no stretch of time.
                timed = name == "span" and any(isinstance(a, ql.plan.Period) for a in of.args)
                if timed or name in ("bin", "datefloor", "dateceil"):
                    return told.name
            return ""
    return ""
