"""The commands of PPL: one command, one file, with how it is read and what it adds to the chain.

``where``, ``parse``, ``sort``, ``head`` and ``join`` make the values of the query language of Logs
Insights where they mean the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.logs.engine.ppl.commands import (
    dedup,
    eval_,
    eventstats,
    expand,
    fields,
    fieldsummary,
    fillnull,
    flatten,
    grok,
    head,
    join,
    parse,
    rename,
    sort,
    stats,
    top,
    trendline,
    where,
)
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.filter import keep

#: Rule of the grammar -> what reads it: ``(reader, tree)``.
READ: dict[str, Callable[[Any, Any], plan.Command]] = {
    "dedup": dedup.read,
    "eval": eval_.read,
    "eventstats": eventstats.read,
    "expand": expand.read,
    "fields": fields.read,
    "fieldsummary": fieldsummary.read,
    "fillnull_using": fillnull.read_using,
    "fillnull_with": fillnull.read_with,
    "flatten": flatten.read,
    "grok": grok.read,
    "head": head.read,
    "join": join.read,
    "parse": parse.read,
    "rare": top.read,
    "rename": rename.read,
    "sort": sort.read,
    "stats": stats.read,
    "top": top.read,
    "trendline": trendline.read,
    "where": where.read,
}

#: Kind of command -> what compiles it: ``(compiler, command)``.
ADD: dict[type[plan.Command], Callable[[Any, Any], None]] = {
    dedup.Dedup: dedup.add,
    eval_.Eval: eval_.add,
    eventstats.EventStats: eventstats.add,
    expand.Expand: expand.add,
    fields.Fields: fields.add,
    fieldsummary.FieldSummary: fieldsummary.add,
    fillnull.FillNull: fillnull.add,
    flatten.Flatten: flatten.add,
    grok.Grok: grok.add,
    head.Head: head.add,
    plan.Filter: keep,
    plan.Parse: parse.add,
    plan.Stats: stats.add,
    rename.Rename: rename.add,
    sort.Sort: sort.add,
    top.Top: top.add,
    trendline.Trendline: trendline.add,
}
