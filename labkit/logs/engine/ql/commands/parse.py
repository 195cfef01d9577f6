"""``parse``: new fields out of a text, by a glob (``*``) or the groups of a regex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.regexes import compiled_regex, named
from labkit.logs.engine.ql.values import Value, quoted

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def parse(compiler: Compiler, command: plan.Parse) -> None:
    """New fields, which the answer shows beside those of ``fields``, or alone."""
    extract(compiler, command)
    compiler.shown += [name for name in command.names if name not in compiler.shown]


def extract(compiler: Compiler, command: plan.Parse) -> None:
    """New fields by a glob or by a regular expression."""
    of = compiler.value(command.of).text
    if not command.names:
        return
    source = compiler.fresh()
    compiler.link(f"SELECT *, {of} AS {source} FROM {compiler.at}")
    if command.glob:
        _glob(compiler, source, command)
        return
    groups = compiler.fresh()
    listed = ", ".join(quoted(f"g{i}") for i in range(_groups(command.pattern)))
    wanted = _group_places(command)
    pattern = quoted(named(command.pattern))
    compiler.link(
        f"SELECT *, CASE WHEN regexp_matches({source}, {pattern}) "
        f"THEN regexp_extract({source}, {pattern}, [{listed}]) END AS {groups} FROM {compiler.at}"
    )
    compiler.add(
        [
            (name, Value(f"{groups}.g{place}", "text"))
            for name, place in zip(command.names, wanted, strict=True)
        ]
    )


def _glob(compiler: Compiler, source: str, command: plan.Parse) -> None:
    """Find the texts between the stars from left to right; the last star takes the rest."""
    pieces = command.pattern.split("*")
    rest = source
    if pieces[0]:
        cut = compiler.fresh()
        head = quoted(pieces[0])
        compiler.link(
            f"SELECT *, CASE WHEN contains({source}, {head}) THEN substr({source}, "
            f"strpos({source}, {head}) + {len(pieces[0])}) END AS {cut} FROM {compiler.at}"
        )
        rest = cut
    found: list[str] = []
    for index, piece in enumerate(pieces[1:]):
        last = index == len(pieces) - 2
        if last and piece == "":
            found.append(rest)
            break
        if piece == "":
            # Two stars side by side: the first takes nothing.
            found.append(f"CASE WHEN {rest} IS NOT NULL THEN '' END")
            continue
        value, cut, mark = compiler.fresh(), compiler.fresh(), quoted(piece)
        compiler.link(
            f"SELECT *, CASE WHEN contains({rest}, {mark}) THEN left({rest}, "
            f"strpos({rest}, {mark}) - 1) END AS {value}, CASE WHEN contains({rest}, {mark}) "
            f"THEN substr({rest}, strpos({rest}, {mark}) + {len(piece)}) END AS {cut} "
            f"FROM {compiler.at}"
        )
        found.append(value)
        rest = cut
    # All or nothing: a line that has only some of the texts gives no field.
    whole = f"{rest} IS NOT NULL"
    compiler.add(
        [
            (name, Value(f"CASE WHEN {whole} THEN {sql} END", "text"))
            for name, sql in zip(command.names, found, strict=True)
        ]
    )


def _groups(pattern: str) -> int:
    return int(compiled_regex(pattern, plan.Span()).groups)


def _group_places(command: plan.Parse) -> list[int]:
    index = compiled_regex(command.pattern, plan.Span()).groupindex
    if index:
        return [index[name] - 1 for name in command.names]
    return list(range(len(command.names)))
