"""Who reads the commands that keep their plan in their own file: those of the guide of 2026.

Where the guide is silent, what such a command does exactly is ours (docs/design/07).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands import (
    accum,
    addtotals,
    appendcols,
    autoregress,
    cidrlookup,
    count_frequent,
    estimate,
    expand,
    filldown,
    fillmissing,
    logcompare,
    outlier,
    relevantfields,
    sessionize,
)

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.reading_commands import Reader

#: Rule of the grammar -> its reader.
READERS: dict[str, Callable[[Reader, Tree[Any]], plan.Command]] = {
    "accum": accum.read,
    "addtotals": addtotals.read,
    "appendcols": appendcols.read,
    "autoregress": autoregress.read,
    "cidrlookup": cidrlookup.read,
    "count_frequent": count_frequent.read,
    "estimate": estimate.read,
    "expand": expand.read,
    "filldown": filldown.read,
    "fillmissing": fillmissing.read,
    "logcompare": logcompare.read,
    "outlier": outlier.read,
    "relevantfields": relevantfields.read,
    "sessionize": sessionize.read,
}
