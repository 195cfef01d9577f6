"""Filters that stand behind ``stats`` and ask for a field that it did not carry.

AWS's own samples are written so: ``stats avg(cluster_failed_node_count) as n | filter
Type = "Cluster"`` (Container Insights), ``stats count() by resolverArn | filter logType =
"Tracing"`` (AppSync). A query of one ``stats`` was a set of clauses before a second one could
follow, and such a filter chose events. Here it is put before the ``stats``, where it would have
been written; a filter that asks for an aggregate as well stays where it is, and is told what is
missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from labkit.logs.engine.ql import plan


def arranged(commands: Sequence[plan.Command]) -> tuple[plan.Command, ...]:
    """The commands in the order in which they are done."""
    first = next((i for i, one in enumerate(commands) if isinstance(one, plan.Stats)), None)
    if first is None:
        return tuple(commands)
    stats = commands[first]
    assert isinstance(stats, plan.Stats)
    early: list[plan.Command] = []
    late: list[plan.Command] = []
    for index, command in enumerate(commands[first + 1 :], first + 1):
        if isinstance(command, plan.Filter) and _of_events(command, stats):
            early.append(command)
        elif isinstance(command, plan.Filter | plan.Sort):
            late.append(command)
        else:
            late += commands[index:]
            break
    return (*commands[:first], *early, stats, *late)


def _of_events(command: plan.Filter, stats: plan.Stats) -> bool:
    """Whether a filter needs a field that is gone, and no column that only stats makes."""
    groups = {one.name for one in stats.by if isinstance(one.expr, plan.Name)
              and one.expr.name == one.name}  # fmt: skip
    columns = {one.name for one in (*stats.by, *stats.aggregates)}
    names = {one.name for one in plan.walk(command) if isinstance(one, plan.Name)}
    calls = {one.text for one in plan.walk(command) if isinstance(one, plan.Call)}
    return bool(names - columns) and not names & (columns - groups) and not calls & columns
