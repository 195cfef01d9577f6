"""``anomaly``: which patterns are out of the ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.diff import back_of, count_of, previous
from labkit.logs.engine.ql.commands.pattern import patterns_of
from labkit.logs.engine.ql.patterns import Row

if TYPE_CHECKING:
    from labkit.logs.engine.ql.running import Run


def anomaly(
    run: Run,
    before: Sequence[plan.Command],
    of: plan.Expr,
    found: list[Row],
    told: dict[str, list[Any]],
) -> dict[str, list[Any]]:
    """What is out of the ordinary against the range before. The statistics are labkit's own."""
    earlier, _ = patterns_of(run, before, of, previous(run.moment, back_of(run.moment, "")))
    then = {row.pattern: row for row in earlier}
    keep, kinds, scores, said = [], [], [], []
    for index, name in enumerate(told["@pattern"]):
        row = next((row for row in found if row.pattern == name), None)
        if row is None:
            continue
        was = count_of(then, name)
        if was == 0 and earlier:
            kind, score = "NewPattern", 1.0
            text = f"{row.count} lines of a pattern that the range before had not"
        elif was and (row.count > 3 * was or was > 3 * row.count) and max(row.count, was) >= 10:
            kind, score = (
                "PatternFrequency",
                min(1.0, abs(row.count - was) / max(row.count, was)),
            )
            text = f"{row.count} lines; {was} in the range before"
        else:
            continue
        keep.append(index)
        kinds.append(kind)
        scores.append(score)
        said.append(text)
    out = {name: [values[index] for index in keep] for name, values in told.items()}
    return {**out, "@anomalyType": kinds, "@anomalyScore": scores, "@description": said}
