"""OpenSearch SQL for log groups: parse a SELECT, run it over tables of events."""

from __future__ import annotations

from labkit.logs.engine.sql.parsing import Query, parse
from labkit.logs.engine.sql.running import SqlRun

__all__ = ["Query", "SqlRun", "parse"]
