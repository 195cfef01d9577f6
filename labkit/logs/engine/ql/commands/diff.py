"""``diff``: the patterns of two ranges side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.chain import Moment
from labkit.logs.engine.ql.commands.pattern import patterns_of
from labkit.logs.engine.ql.patterns import Row

if TYPE_CHECKING:
    from labkit.logs.engine.ql.running import Run


def diff(
    run: Run, before: Sequence[plan.Command], of: plan.Expr, found: list[Row], back_ms: int
) -> dict[str, list[Any]]:
    """Two ranges side by side, the earlier by ``back_ms``; what changed most comes first."""
    earlier, _ = patterns_of(run, before, of, previous(run.moment, back_ms))
    then = {row.pattern: row for row in earlier}
    now = {row.pattern: row for row in found}
    names = sorted(
        {*then, *now},
        key=lambda name: (
            -abs(count_of(now, name) - count_of(then, name)), -count_of(now, name), name
        ),
    )  # fmt: skip
    return {
        "@pattern": names,
        "@sampleCount": [float(count_of(now, name)) for name in names],
        "@previousSampleCount": [float(count_of(then, name)) for name in names],
        "@difference": [float(count_of(now, name) - count_of(then, name)) for name in names],
        "@differenceDescription": [_change(now, then, name) for name in names],
        "@severityLabel": [(now.get(name) or then[name]).severity for name in names],
    }


def back_of(moment: Moment, against: str) -> int:
    """How far back the other range lies: just before this one when nothing is named."""
    day = 86_400_000
    known = {"previousDay": day, "previousWeek": 7 * day, "previousMonth": 30 * day}
    return known.get(against, moment.end_ms - moment.start_ms + 1)


def previous(moment: Moment, back_ms: int) -> Moment:
    """The range that a range is compared with."""
    return Moment(moment.start_ms - back_ms, moment.end_ms - back_ms, moment.now_ms)


def count_of(of: Mapping[str, Row], name: str) -> int:
    """Lines of a pattern."""
    row = of.get(name)
    return row.count if row else 0


def _change(now: Mapping[str, Row], then: Mapping[str, Row], name: str) -> str:
    if name not in then:
        return "NEW"
    if name not in now:
        return "GONE"
    was, is_ = then[name].count, now[name].count
    return f"{(is_ - was) / was:+.0%}" if is_ != was else "="
