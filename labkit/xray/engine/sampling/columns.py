"""Decisions about many requests at once, for the lab's own workloads.

One fleet that has a rule's whole reservoir, the first requests of each second, then the rate:
what the clients of a real fleet come to once they have their quotas. A pure function of the rules
and of each request's own luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.xray.engine.sampling.rules import Asked, Rule, matching

if TYPE_CHECKING:
    import numpy as np

_SECOND = 1_000_000


def decided(
    rules: Sequence[Rule],
    kinds: Sequence[Asked],
    kind: np.ndarray,
    at_us: np.ndarray,
    luck: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Which requests are traced, and by which rule.

    Parameters
    ----------
    rules:
        In force for all of them, in order.
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
    traced:
        bool[n]
    rule:
        int64[n]: the place of the rule that decided; -1 where none fits.
    """
    import numpy as np

    place = {rule.name: index for index, rule in enumerate(rules)}
    chosen = [matching(rules, one) for one in kinds]
    of_kind = np.array([-1 if rule is None else place[rule.name] for rule in chosen], np.int64)
    rule_of = of_kind[kind] if len(kinds) else np.full(len(at_us), -1)
    traced = np.zeros(len(at_us), dtype=bool)
    for index, rule in enumerate(rules):
        mine = np.flatnonzero(rule_of == index)
        if not len(mine):
            continue
        second = at_us[mine] // _SECOND
        turn = np.arange(len(mine)) - np.searchsorted(second, second)
        traced[mine] = (turn < rule.reservoir) | (luck[mine] < rule.rate)
    return traced, rule_of
