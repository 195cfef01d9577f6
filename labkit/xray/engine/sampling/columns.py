"""Decisions about many requests at once, for the lab's own workloads.

One fleet that shares a rule's whole reservoir, the first requests of each second, then the rate:
what the clients of a real fleet come to once they have their quotas. A pure function of the rules
and of each request's own luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.xray.engine.sampling.rules import Asked, Rule, in_order, matching

if TYPE_CHECKING:
    import numpy as np

_SECOND = 1_000_000


def decided(
    rules: Sequence[Rule],
    kinds: Sequence[Asked],
    kind: np.ndarray,
    at_us: np.ndarray,
    luck: np.ndarray,
) -> np.ndarray:
    """Which requests are traced.

    Parameters
    ----------
    rules:
        In force for all of them.
    kinds:
        The different kinds of request.
    kind:
        int64[n]: of which kind each is.
    at_us:
        int64[n]: when each came, ascending.
    luck:
        float64[n] in [0, 1), what a rate is compared with.

    Returns
    -------
    bool[n]
    """
    import numpy as np

    ordered = in_order(rules)
    place = {rule.name: index for index, rule in enumerate(ordered)}
    chosen = [matching(ordered, one) for one in kinds]
    of_kind = np.array([-1 if rule is None else place[rule.name] for rule in chosen], np.int64)
    rule_of = of_kind[kind] if len(kinds) else np.zeros(0, np.int64)
    traced = np.zeros(len(at_us), dtype=bool)
    for index, rule in enumerate(ordered):
        mine = np.flatnonzero(rule_of == index)
        if not len(mine):
            continue
        second = at_us[mine] // _SECOND
        turn = np.arange(len(mine)) - np.searchsorted(second, second)
        traced[mine] = (turn < rule.reservoir) | (luck[mine] < rule.rate)
    return traced
