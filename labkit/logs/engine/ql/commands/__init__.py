"""What each command adds to the chain: one command, one file.

``join``, ``lookup``, ``appendcols`` and ``cidrlookup`` ask for further tables, ``pattern``,
``diff``, ``anomaly``, ``logcompare`` and ``relevantfields`` for rows that are made in Python, and
``estimate`` for none: :mod:`labkit.logs.engine.ql.running` calls those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands import (
    accum,
    addtotals,
    autoregress,
    count_frequent,
    expand,
    filldown,
    fillmissing,
    outlier,
    sessionize,
)
from labkit.logs.engine.ql.commands.dedup import dedup
from labkit.logs.engine.ql.commands.fields import columns
from labkit.logs.engine.ql.commands.filter import keep
from labkit.logs.engine.ql.commands.limit import limit
from labkit.logs.engine.ql.commands.parse import parse
from labkit.logs.engine.ql.commands.sort import sort
from labkit.logs.engine.ql.commands.stats import stats
from labkit.logs.engine.ql.commands.unmask import unmask
from labkit.logs.engine.ql.commands.unnest import unnest

#: Kind of command -> what compiles it: ``(compiler, command)``.
COMMANDS: dict[type[plan.Command], Callable[[Any, Any], None]] = {
    plan.Fields: columns,
    plan.Display: columns,
    plan.Filter: keep,
    plan.Parse: parse,
    plan.Sort: sort,
    plan.Limit: limit,
    plan.Stats: stats,
    plan.Dedup: dedup,
    plan.Unmask: unmask,
    plan.Unnest: unnest,
    accum.Accum: accum.add,
    addtotals.AddTotals: addtotals.add,
    autoregress.Autoregress: autoregress.add,
    count_frequent.CountFrequent: count_frequent.add,
    expand.Expand: expand.add,
    filldown.FillDown: filldown.add,
    fillmissing.FillMissing: fillmissing.add,
    outlier.Outlier: outlier.add,
    sessionize.Sessionize: sessionize.add,
}
