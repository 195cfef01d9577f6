"""The adaptive boost of a rule's rate.

Clients count anomalies (HTTP 5xx, unless they are told otherwise) and how many of them were traced.
When too few are, the rate is raised for a minute, to what would trace enough of them and at most
to the rule's maximum; then the rule's cooldown has to pass.

AWS publishes what a boost is (the smallest that captures error traces, none when the base rate
captures enough, up to a minute long, one in each cooldown) but no formula. Here enough is
:data:`ENOUGH` traced anomalies in ten seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.xray.engine.sampling.rules import Rule

#: Traced anomalies in one report of ten seconds that are enough.
ENOUGH = 5
#: How long a boost lasts, seconds.
LASTS_S = 60


@dataclass(frozen=True, slots=True)
class Boosting:
    """A boost that is on, or was.

    Parameters
    ----------
    rate:
        The raised rate.
    began_s, until_s:
        Seconds since the epoch.
    """

    rate: float
    began_s: int
    until_s: int


def boosted(
    rule: Rule, anomalies: int, caught: int, before: Boosting | None, now_s: int
) -> Boosting | None:
    """The boost of a rule after a report; the one before when nothing changes.

    Parameters
    ----------
    rule:
        The rule; one without a boost never has any.
    anomalies, caught:
        Anomalies of the last interval, and how many of them were traced.
    before:
        The last boost.
    now_s:
        Seconds since the epoch.
    """
    if rule.boost is None or anomalies <= 0 or caught >= ENOUGH:
        return before
    pause_s = max(rule.boost.cooldown_minutes * 60, LASTS_S)
    if before is not None and now_s < before.began_s + pause_s:
        return before
    rate = min(rule.boost.max_rate, ENOUGH / anomalies)
    if rate <= rule.rate:
        return before
    return Boosting(rate, now_s, now_s + LASTS_S)
