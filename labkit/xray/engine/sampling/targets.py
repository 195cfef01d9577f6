"""The service's side: what clients report, and the quotas they get.

A rule's reservoir is spread evenly over the clients that have reported requests of it lately, as
the developer guide says ("based on the number of instances that are running"); what does not go
even is given to the first by id, so that the quotas of all make up the reservoir. A client that
falls silent keeps its quota until that runs out, but is not counted any more after
:data:`SEEN_S` seconds (our figure).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.xray.engine.sampling.boost import Boosting, boosted
from labkit.xray.engine.sampling.rules import Rule

#: Seconds: how long a quota holds, how often clients report, how long a window of figures is.
QUOTA_S, INTERVAL_S, WINDOW_S = 300, 10, 10
#: Seconds: how long a client counts after its last report, how long figures are kept, how old
#: statistics may be.
SEEN_S, KEPT_S, OLDEST_S = 30, 600, 600
#: Codes of what can't be processed. AWS publishes none; its SDK for Go tells 4xx and 5xx apart.
NO_RULE, TOO_OLD, NO_BOOST = "404", "400", "400"


@dataclass(slots=True)
class Window:
    """What all clients have counted of a rule in ten seconds."""

    requests: int = 0
    sampled: int = 0
    borrowed: int = 0


@dataclass(slots=True)
class Ledger:
    """What clients have reported.

    Parameters
    ----------
    seen:
        Rule -> client -> second of its last report.
    windows:
        (second, rule) -> what was counted.
    boosts:
        Rule -> its last boost.
    """

    seen: dict[str, dict[str, int]] = field(default_factory=dict)
    windows: dict[tuple[int, str], Window] = field(default_factory=dict)
    boosts: dict[str, Boosting] = field(default_factory=dict)

    def report(
        self, rules: Mapping[str, Rule], statistics: Iterable[Mapping[str, Any]], now_s: int
    ) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
        """Take statistics, and answer with targets.

        Parameters
        ----------
        rules:
            By name.
        statistics:
            ``SamplingStatisticsDocuments``, ``Timestamp`` in epoch seconds.
        now_s:
            Seconds since the epoch.

        Returns
        -------
        targets, unprocessed:
            ``SamplingTargetDocuments`` with times in epoch seconds, ``UnprocessedStatistics``.
        """
        taken: list[Mapping[str, Any]] = []
        unprocessed: list[dict[str, str]] = []
        for one in statistics:
            why = _refused(rules, one, now_s)
            if why:
                code, message = why
                unprocessed.append(
                    {"RuleName": one["RuleName"], "ErrorCode": code, "Message": message}
                )
                continue
            self._count(one, now_s)
            taken.append(one)
        # All that came with this request is counted first: it may be several clients' (a proxy's).
        targets = [
            self._target(rules[one["RuleName"]], one["ClientID"], one["Timestamp"], now_s)
            for one in taken
        ]
        self._forget(now_s)
        return targets, unprocessed

    def report_anomalies(
        self, rules: Mapping[str, Rule], statistics: Iterable[Mapping[str, Any]], now_s: int
    ) -> list[dict[str, str]]:
        """Take ``SamplingBoostStatisticsDocuments``; what can't be processed is returned."""
        unprocessed = []
        counted: dict[str, tuple[int, int]] = {}
        for one in statistics:
            name = one["RuleName"]
            rule = rules.get(name)
            if rule is None or rule.boost is None:
                code = NO_RULE if rule is None else NO_BOOST
                message = "Sampling rule not found" if rule is None else "The rule has no boost"
                unprocessed.append({"RuleName": name, "ErrorCode": code, "Message": message})
                continue
            anomalies, caught = counted.get(name, (0, 0))
            # Each service on the way reports the same trouble: the hardest hit one counts.
            counted[name] = (
                max(anomalies, one["AnomalyCount"]), max(caught, one["SampledAnomalyCount"])
            )  # fmt: skip
        for name, (anomalies, caught) in counted.items():
            after = boosted(rules[name], anomalies, caught, self.boosts.get(name), now_s)
            if after is not None:
                self.boosts[name] = after
        return unprocessed

    def quota(self, rule: Rule, client: str, now_s: int) -> int:
        """Requests a second that a client may take of a rule's reservoir."""
        seen = self.seen.get(rule.name, {})
        active = sorted(one for one, at_s in seen.items() if at_s >= now_s - SEEN_S)
        if client not in active:
            return 0
        each, more = divmod(rule.reservoir, len(active))
        return each + (active.index(client) < more)

    def rate(self, rule: Rule, now_s: int) -> float:
        """The rate in force: the rule's, or its boost's."""
        boost = self.boosts.get(rule.name)
        return rule.rate if boost is None or boost.until_s < now_s else max(rule.rate, boost.rate)

    def summaries(self, now_s: int) -> list[dict[str, Any]]:
        """``SamplingStatisticSummaries``, oldest first, times in epoch seconds."""
        return told(self.windows, now_s)

    def drop(self, name: str) -> None:
        """Forget a rule that is deleted."""
        self.seen.pop(name, None)
        self.boosts.pop(name, None)

    def _count(self, one: Mapping[str, Any], now_s: int) -> None:
        self.seen.setdefault(one["RuleName"], {})[one["ClientID"]] = now_s
        key = (now_s // WINDOW_S * WINDOW_S, one["RuleName"])
        window = self.windows.setdefault(key, Window())
        window.requests += one["RequestCount"]
        window.sampled += one["SampledCount"]
        window.borrowed += one.get("BorrowCount") or 0

    def _target(self, rule: Rule, client: str, told_s: int, now_s: int) -> dict[str, Any]:
        ahead_s = ahead(told_s, now_s)
        target: dict[str, Any] = {
            "RuleName": rule.name,
            "FixedRate": rule.rate,
            "ReservoirQuota": self.quota(rule, client, now_s),
            "ReservoirQuotaTTL": now_s + ahead_s + QUOTA_S,
            "Interval": INTERVAL_S,
        }
        boost = self.boosts.get(rule.name)
        if boost is not None and boost.until_s >= now_s:
            target["SamplingBoost"] = {
                "BoostRate": boost.rate, "BoostRateTTL": boost.until_s + ahead_s,
            }  # fmt: skip
        return target

    def _forget(self, now_s: int) -> None:
        for key in [one for one in self.windows if one[0] < now_s - KEPT_S]:
            del self.windows[key]
        for seen in self.seen.values():
            for client in [one for one, at_s in seen.items() if at_s < now_s - QUOTA_S]:
                del seen[client]


def told(windows: Mapping[tuple[int, str], Window], now_s: int) -> list[dict[str, Any]]:
    """``SamplingStatisticSummaries`` of windows, oldest first, times in epoch seconds."""
    return [
        {
            "RuleName": name,
            "Timestamp": second,
            "RequestCount": one.requests,
            "BorrowCount": one.borrowed,
            "SampledCount": one.sampled,
        }
        for (second, name), one in sorted(windows.items())
        if second >= now_s - KEPT_S
    ]


def ahead(told_s: int, now_s: int) -> int:
    """Seconds by which a program's clock is ahead, when that is no mere inaccuracy.

    A program beside a lab may live by the machine's clock, months ahead of the lab's. It is
    answered on its own: by the lab's its quota would have run out before it began.
    """
    return told_s - now_s if told_s > now_s + OLDEST_S else 0


def _refused(
    rules: Mapping[str, Rule], one: Mapping[str, Any], now_s: int
) -> tuple[str, str] | None:
    """Code and message of statistics that can't be processed; None when they can."""
    if one["RuleName"] not in rules:
        return NO_RULE, "Sampling rule not found"
    if one["Timestamp"] < now_s - OLDEST_S:
        return TOO_OLD, "Sampling statistics are too old"
    if max(one["SampledCount"], one.get("BorrowCount") or 0) > one["RequestCount"]:
        return TOO_OLD, "More requests were sampled than were counted"
    return None
