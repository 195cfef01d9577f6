"""Logs Insights QL: parse a query, look at its plan, run it over tables of events."""

from __future__ import annotations

from labkit.logs.engine.ql.compiling import DEFAULT_LIMIT, Moment
from labkit.logs.engine.ql.errors import QueryError, place
from labkit.logs.engine.ql.parsing import parse
from labkit.logs.engine.ql.plan import Query
from labkit.logs.engine.ql.running import (
    Looked,
    Result,
    Statistics,
    check,
    run,
)
from labkit.logs.engine.ql.sieve import sieve_of
from labkit.logs.engine.ql.statements import Interrupted, interrupt, progress

__all__ = [
    "DEFAULT_LIMIT",
    "Interrupted",
    "Looked",
    "Moment",
    "Query",
    "QueryError",
    "Result",
    "Statistics",
    "check",
    "interrupt",
    "parse",
    "place",
    "progress",
    "run",
    "sieve_of",
]
