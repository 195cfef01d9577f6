"""duckdb's and sqlglot's errors in Athena's words, with the place in the learner's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.athena.engine.problems import Failed, place

if TYPE_CHECKING:
    #: A node of sqlglot's tree; its own classes promise too little to be checked against.
    Expression: TypeAlias = Any

_UNRESOLVED = (
    "Column '{}' cannot be resolved or requester is not authorized to access requested resources"
)
#: What duckdb says -> Athena's code and sentence.
_SAID = (
    (r'Referenced column "([^"]+)"', "COLUMN_NOT_FOUND", _UNRESOLVED),
    (r'does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND", _UNRESOLVED),
    (r'Could not find key "([^"]+)"', "COLUMN_NOT_FOUND", _UNRESOLVED),
    (r'Referenced table "([^"]+)"', "COLUMN_NOT_FOUND", _UNRESOLVED),
    (
        r"Function with name \"?(\w+)\"? (?:does not exist|is not)",
        "FUNCTION_NOT_FOUND",
        "Function '{}' not registered",
    ),
    (
        r'column "([^"]+)" must appear in the GROUP BY',
        "EXPRESSION_NOT_AGGREGATE",
        "'{}' must be an aggregate expression or appear in GROUP BY clause",
    ),
)


def syntax(problem: Any, text: str) -> Failed:
    """A statement that the grammar refuses."""
    told = getattr(problem, "errors", None) or [{}]
    near = told[0].get("highlight") or ""
    context = (told[0].get("start_context") or "") + near
    start = text.find(context) + len(context) - len(near) if context in text else 0
    line, column = place(text, start)
    if not near or "missing" in (told[0].get("description") or ""):
        end = len(text.rstrip().rstrip(";").rstrip())
        line, column = place(text, end)
        near = "<EOF>"
    return Failed("", f"mismatched input '{near}'. Expecting: <expression>", line, column)


def in_athenas_words(problem: Exception, text: str, tree: Expression) -> Failed:
    """What duckdb found, told as Athena tells it."""
    said = str(problem)
    for pattern, code, sentence in _SAID:
        found = re.search(pattern, said)
        if found:
            name, line, column = _found(found.group(1), text, tree)
            return Failed(code, sentence.format(name), line, column)
    found = re.search(r"given name and argument types '(\w+)\(([^)]*)\)'", said)
    if found:
        name, line, column = _found(found.group(1), text, tree)
        given = found.group(2).lower()
        return Failed(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({given}) for function {found.group(1).lower()}",
            line,
            column,
        )
    kind = type(problem).__name__
    first = said.partition("\n")[0].partition(": ")[2] or said
    first = re.sub(r'"?/[^\s"]+/([^/\s"]+)"?', r"\1", first)
    if kind == "InterruptException":
        return Failed("EXCEEDED_TIME_LIMIT", "Query timeout: the lab gave this query up")
    if kind == "OutOfMemoryException":
        return Failed("EXCEEDED_MEMORY_LIMIT", "Query exhausted resources at this scale factor")
    if kind == "ConversionException":
        return Failed("INVALID_CAST_ARGUMENT", first)
    if "JSON" in first or "gzip" in first.lower() or "CSV" in first:
        return Failed("HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - {first}")
    return Failed("GENERIC_USER_ERROR", first)


def _found(name: str, text: str, tree: Expression) -> tuple[str, int, int]:
    """The name as written, with what stands before it, and its place."""
    from sqlglot import exp

    for one in tree.find_all(exp.Identifier):
        if one.name.lower() == name.lower() and "start" in one.meta:
            start = one.meta["start"]
            column = one.find_ancestor(exp.Column, exp.Dot)
            whole = column.sql("athena").replace('"', "") if column is not None else one.name
            begin = text.lower().rfind(whole.lower(), 0, start + len(one.name))
            if begin < 0:
                whole, begin = one.name, start
            return (whole.lower(), *place(text, begin))
    at = text.lower().find(name.lower())
    return (name.lower(), *(place(text, at) if at >= 0 else (1, 1)))
