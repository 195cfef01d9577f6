"""What a Contributor Insights rule measures over time: INSIGHT_RULE_METRIC in requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.tree import MathError, MathUnavailable

if TYPE_CHECKING:
    from labkit.cloudwatch.store import Store


def rule_metric(
    store: Store, name: str, metric: str, start_us: int, end_us: int, step_us: int
) -> dict[int, float]:
    """A metric of a rule: the start of each period that has events -> its value.

    Parameters
    ----------
    store:
        Whose rule; its service asks for log events.
    name, metric:
        Of the rule; ``UniqueContributors`` and so on.
    start_us, end_us, step_us:
        The range, and how long a period is.

    Raises
    ------
    MathError
        When there is no such rule.
    """
    from labkit.cloudwatch.engine.contributors import read, report

    rule = store.insight_rules.get(name)
    if rule is None:
        raise MathError(f"There is no Contributor Insights rule {name}")
    if rule.template:
        raise MathUnavailable("A lab has no traffic at endpoint services.")
    parsed = read(rule.definition)
    events = store.service.log_events(store, parsed.groups, start_us, end_us, rule.transformed)
    counted = [(at, text) for at, text in events if rule.counted(at)]
    return dict(report(parsed, counted, start_us, step_us).metric(metric))
