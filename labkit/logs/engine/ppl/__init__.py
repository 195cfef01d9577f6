"""OpenSearch PPL for log groups: parse a query, look at its plan, run it over tables of events."""

from __future__ import annotations

from labkit.logs.engine.ppl.parsing import Query, parse
from labkit.logs.engine.ppl.running import PplRun

__all__ = ["PplRun", "Query", "parse"]
