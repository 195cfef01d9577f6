"""The sampling rules of an account and Region: kept, told to whoever asks, and applied.

Every change of the rules is kept with its instant, since workloads of the lab are asked about
requests of the past: these were sampled by the rules of their time. There a rule is in force at
once; a real client learns of it when it asks again, within ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import SECOND, to_datetime
from labkit.xray.engine.sampling import DEFAULT, Ledger, Rule, default_rule, in_order
from labkit.xray.engine.sampling.rules import Asked
from labkit.xray.engine.sampling.targets import KEPT_S, WINDOW_S, Window, told

if TYPE_CHECKING:
    import numpy as np

    from labkit.core.traces import Arrivals
    from labkit.xray.store import XRayStore

#: Kinds of :meth:`labkit.xray.store.XRayStore.of`.
RULES, SAMPLING = "rules", "sampling"


@dataclass(slots=True)
class KeptRule:
    """A rule with what the API tells of it.

    Parameters
    ----------
    rule:
        What it says.
    arn:
        Of the rule.
    created_us, modified_us:
        When; 0 for Default as long as nobody has changed it.
    tags:
        Key -> value.
    """

    rule: Rule
    arn: str
    created_us: int = 0
    modified_us: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """``SamplingRuleRecord``."""
        one = self.rule
        told: dict[str, Any] = {
            "RuleName": one.name,
            "RuleARN": self.arn,
            "ResourceARN": one.resource_arn,
            "Priority": one.priority,
            "FixedRate": one.rate,
            "ReservoirSize": one.reservoir,
            "ServiceName": one.service_name,
            "ServiceType": one.service_type,
            "Host": one.host,
            "HTTPMethod": one.method,
            "URLPath": one.path,
            "Version": 1,
            "Attributes": dict(one.attributes),
        }
        if one.boost is not None:
            told["SamplingRateBoost"] = {
                "MaxRate": one.boost.max_rate,
                "CooldownWindowMinutes": one.boost.cooldown_minutes,
            }
        return {
            "SamplingRule": told,
            "CreatedAt": to_datetime(self.created_us),
            "ModifiedAt": to_datetime(self.modified_us),
        }


@dataclass(slots=True)
class SamplingState:
    """What belongs to the rules of an account and Region.

    Parameters
    ----------
    modified_us:
        When somebody changed a rule last; 0 when nobody has.
    ledger:
        What clients have reported.
    past:
        (instant, rules in order) since when they were in force, oldest first.
    """

    modified_us: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    past: list[tuple[int, tuple[Rule, ...]]] = field(default_factory=list)


def rules(store: XRayStore) -> dict[str, KeptRule]:
    """The rules by name; Default is always among them."""
    held: dict[str, KeptRule] = store.of(RULES)
    if DEFAULT not in held:
        held[DEFAULT] = KeptRule(default_rule(), store.arn(f"sampling-rule/{DEFAULT}"))
    return held


def ordered(store: XRayStore) -> list[Rule]:
    """The rules as they are asked."""
    return in_order(one.rule for one in rules(store).values())


def by_name(store: XRayStore) -> Mapping[str, Rule]:
    """The rules alone."""
    return {name: one.rule for name, one in rules(store).items()}


def state(store: XRayStore) -> SamplingState:
    """What belongs to the rules."""
    held = store.of(SAMPLING)
    if "" not in held:
        held[""] = SamplingState()
    found: SamplingState = held[""]
    return found


def changed(store: XRayStore, before: tuple[Rule, ...], now_us: int) -> None:
    """The rules have just been changed.

    Parameters
    ----------
    store:
        Whose rules.
    before:
        The rules until now, in order.
    now_us:
        The instant.
    """
    one = state(store)
    if not one.past:
        one.past.append((0, before))
    one.past.append((now_us, tuple(ordered(store))))
    one.modified_us = now_us


def decided(store: XRayStore, arrivals: Arrivals) -> np.ndarray:
    """Which requests of a workload are traced, by the rules of their time.

    Parameters
    ----------
    store:
        Whose rules.
    arrivals:
        The requests, in order of time.

    Returns
    -------
    bool[n]
    """
    import numpy as np

    traced = np.zeros(len(arrivals.at_us), dtype=bool)
    for _, part, hits, _ in _decisions(store, arrivals):
        traced[part] = hits
    return traced


def _decisions(
    store: XRayStore, arrivals: Arrivals
) -> Iterator[tuple[tuple[Rule, ...], slice, np.ndarray, np.ndarray]]:
    """(rules, requests, traced or not, place of the rule) for each time between two changes."""
    import numpy as np

    from labkit.xray.engine.sampling.columns import decided as decide

    kinds = [
        Asked(arrivals.service, arrivals.service_type, arrivals.host, method, path,
              arrivals.resource_arn)
        for method, path in zip(arrivals.methods, arrivals.paths, strict=True)
    ]  # fmt: skip
    at_us = arrivals.at_us
    past = state(store).past or [(0, tuple(ordered(store)))]
    edges = [0, *np.searchsorted(at_us, [since for since, _ in past[1:]]).tolist(), len(at_us)]
    for (_, rules_then), low, high in zip(past, edges[:-1], edges[1:], strict=True):
        if low < high:
            part = slice(low, high)
            kind, luck = arrivals.kind[part], arrivals.luck[part]
            yield rules_then, part, *decide(rules_then, kinds, kind, at_us[part], luck)


def summaries(store: XRayStore) -> list[dict[str, Any]]:
    """``SamplingStatisticSummaries`` of the last ten minutes, oldest first, in epoch seconds.

    What programs have reported, and what the lab's own workloads would have: these have their
    quotas and never borrow.
    """
    one = state(store)
    now_s = seconds(store.service.world.clock.now_us)
    windows = {key: copy(window) for key, window in one.ledger.windows.items()}
    first_s, last_s = now_s - KEPT_S, now_s // WINDOW_S * WINDOW_S
    for source in store.service.sources(store.account, store.region):
        came = source.arrivals(store.account, store.region, first_s * SECOND, last_s * SECOND)
        for arrivals in came:
            _count(windows, store, arrivals)
    return told(windows, now_s)


def _count(windows: dict[tuple[int, str], Window], store: XRayStore, arrivals: Arrivals) -> None:
    import numpy as np

    for rules_then, part, traced, rule_of in _decisions(store, arrivals):
        window_s = arrivals.at_us[part] // (WINDOW_S * SECOND) * WINDOW_S
        for index, rule in enumerate(rules_then):
            mine = rule_of == index
            begun, many = np.unique(window_s[mine], return_counts=True)
            _, hits = np.unique(
                np.concatenate([begun, window_s[mine & traced]]), return_counts=True
            )
            for second, count, sampled in zip(begun.tolist(), many, hits - 1, strict=True):
                window = windows.setdefault((second, rule.name), Window())
                window.requests += int(count)
                window.sampled += int(sampled)


def seconds(us: int) -> int:
    """Whole seconds of an instant."""
    return us // SECOND
