"""How sqlglot reads OpenSearch SQL: Spark's grammar, functions left as they are written.

Spark's own reader makes a node of its own of each function, with the values in places that suit
translation. Here every function stays a name with its values, so that one table decides which
there are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

#: What Spark writes in a way of its own.
_KEPT = ("CAST", "TRY_CAST", "EXTRACT", "TRIM")


@cache
def dialect() -> Any:
    """The dialect, made when it is first needed: sqlglot takes a while to import."""
    from sqlglot.dialects.spark import Spark

    class Parser(Spark.Parser):  # type: ignore[misc, name-defined, unused-ignore]
        """Spark's, without functions of its own."""

        FUNCTIONS: Any = {}
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parser for name, parser in Spark.Parser.FUNCTION_PARSERS.items() if name in _KEPT
        }

    class LogsSql(Spark):
        """OpenSearch SQL as CloudWatch Logs has it."""

    # sqlglot looks for the reader under either name, by its version.
    LogsSql.parser_class = Parser
    LogsSql.Parser = Parser  # type: ignore[misc, assignment, unused-ignore]
    return LogsSql
