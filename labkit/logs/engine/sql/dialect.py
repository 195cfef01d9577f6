"""How sqlglot reads OpenSearch SQL: Spark's grammar, functions left as they are written.

Spark's own reader makes a node of its own of each function, with the values in places that suit
translation. Here every function stays a name with its values, so that one table decides which
there are.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

#: What Spark writes in a way of its own.
_KEPT = ("CAST", "TRY_CAST", "EXTRACT", "TRIM")


def _part_of_text(parser: Any) -> Any:
    """``substr(s, 2, 3)``, and as the standard writes it: ``substr(s FROM 2 FOR 3)``."""
    from sqlglot import exp
    from sqlglot.tokens import TokenType

    args = parser._parse_csv(parser._parse_disjunction)
    for word in (TokenType.FROM, TokenType.FOR):
        if parser._match(word):
            args.append(parser._parse_disjunction())
    return exp.Anonymous(this="substr", expressions=args)


@cache
def dialect() -> Any:
    """The dialect, made when it is first needed: sqlglot takes a while to import."""
    from sqlglot.dialects.spark import Spark

    sparks: Any = Spark.Parser

    class Parser(sparks):  # type: ignore[misc]
        """Spark's, without functions of its own."""

        FUNCTIONS: ClassVar[Any] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {
            name: parser for name, parser in sparks.FUNCTION_PARSERS.items() if name in _KEPT
        } | {name: _part_of_text for name in ("SUBSTR", "SUBSTRING")}

    class LogsSql(Spark):
        """OpenSearch SQL as CloudWatch Logs has it."""

        class Tokenizer(Spark.Tokenizer):
            """Spark's, with ``window`` as a function's name wherever it stands."""

            KEYWORDS: ClassVar[Any] = {
                word: kind for word, kind in Spark.Tokenizer.KEYWORDS.items() if word != "WINDOW"
            }

    # sqlglot looks for the reader under either name, by its version.
    LogsSql.parser_class = Parser
    LogsSql.Parser = Parser
    return LogsSql
