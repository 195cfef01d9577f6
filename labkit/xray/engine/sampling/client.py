"""What a program does with sampling rules: the algorithm of AWS's SDKs, as values.

A client of this kind decides exactly as ``aws_xray_sdk.core.sampling`` does when its random numbers
are the same (a test draws them for both). Two things are told apart here that the SDK for Python
puts together: each decision carries its reason, and a borrowed request counts as sampled in the
statistics, as in the developer guide's example (110 requests, 10 borrowed, 20 sampled); the SDK
for Python reports the 10 others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from labkit.core.verdict import Reason
from labkit.xray.engine.sampling.rules import (
    DEFAULT_RATE,
    DEFAULT_RESERVOIR,
    Asked,
    Rule,
    in_order,
    matching,
    mismatch,
    readable_by_sdk,
)

#: Seconds: rules older than this are not used any more; quotas are asked for this often.
RULES_LAST_S, INTERVAL_S = 3600, 10
#: How a request was decided.
RESERVOIR, BORROWED, RATE = "reservoir", "borrowed", "rate"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is traced, and why.

    Parameters
    ----------
    sampled:
        Whether it is.
    rule:
        The rule's name; empty when the client has no rules and uses its own.
    how:
        ``reservoir``, ``borrowed`` or ``rate``.
    drawn:
        The random number that the rate was compared with; None when it was not asked.
    because:
        The steps.
    """

    sampled: bool
    rule: str
    how: str
    drawn: float | None = None
    because: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return self.sampled

    def __str__(self) -> str:
        head = f"{'traced' if self.sampled else 'not traced'} (rule {self.rule or 'of the SDK'})"
        return "\n".join([head, *(f"  because {one}" for one in self.because)])


@dataclass(slots=True)
class Reservoir:
    """A client's part of a rule's reservoir.

    Parameters
    ----------
    quota:
        Requests a second; None before the service has given one.
    until_s:
        The last second in which the quota holds.
    """

    quota: int | None = None
    until_s: int | None = None
    _second: int = 0
    _taken: int = 0
    _borrowed: int = 0

    def take(self, now_s: int, may_borrow: bool) -> str:
        """``reservoir``, ``borrowed``, or empty when neither is left in this second."""
        if now_s != self._second:
            self._second, self._taken, self._borrowed = now_s, 0, 0
        if self.fresh(now_s):
            if self._taken >= (self.quota or 0):
                return ""
            self._taken += 1
            return RESERVOIR
        if not may_borrow or self._borrowed >= 1:
            return ""
        self._borrowed += 1
        return BORROWED

    def fresh(self, now_s: int) -> bool:
        """Whether there is a quota that still holds."""
        return self.quota is not None and self.until_s is not None and self.until_s >= now_s


@dataclass(slots=True)
class _State:
    """A rule as a client uses it."""

    rule: Rule
    rate: float
    reservoir: Reservoir = field(default_factory=Reservoir)
    boost_rate: float = 0.0
    boost_until_s: int = -1
    interval_s: int = INTERVAL_S
    reported_s: int = 0
    requests: int = 0
    sampled: int = 0
    borrowed: int = 0

    def rate_at(self, now_s: int) -> float:
        """The fixed rate, or the boost's while one lasts."""
        return max(self.rate, self.boost_rate) if self.boost_until_s >= now_s else self.rate


class Client:
    """A program that samples.

    Parameters
    ----------
    client_id:
        24 hexadecimal digits.
    seed:
        Of its random numbers.
    draw:
        Where these come from instead, numbers from 0 to 1.
    reads_everything:
        Whether it also goes by resource and attributes, as API Gateway does and the SDKs do not.
    """

    def __init__(
        self,
        client_id: str = "0" * 24,
        seed: int = 0,
        draw: Callable[[], float] | None = None,
        reads_everything: bool = False,
    ) -> None:
        self.client_id = client_id
        self._draw = draw or Random(seed).random
        self._reads_everything = reads_everything
        self._states: list[_State] = []
        self._loaded_s: int | None = None
        self._own = _State(Rule("", 0, DEFAULT_RATE, DEFAULT_RESERVOIR), DEFAULT_RATE)
        self._own.reservoir = Reservoir(DEFAULT_RESERVOIR, 2**62)

    # -- what the service says
    def load_rules(self, rules: Iterable[Rule], now_s: int) -> None:
        """Take the account's rules; what is known of rules that were there stays."""
        before = {one.rule.name: one for one in self._states}
        self._loaded_s = now_s
        self._states = []
        for rule in in_order(rules):
            if not self._reads_everything and not readable_by_sdk(rule):
                continue
            state = before.get(rule.name) or _State(rule, rule.rate, reported_s=now_s)
            state.rule, state.rate = rule, rule.rate
            self._states.append(state)

    def load_targets(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take quotas: ``SamplingTargetDocuments``, times as epoch seconds or datetimes."""
        by_name = {one.rule.name: one for one in self._states}
        for told in documents:
            state = by_name.get(told["RuleName"])
            if state is None:
                continue
            state.rate = told["FixedRate"]
            if told.get("ReservoirQuota") is not None:
                state.reservoir.quota = told["ReservoirQuota"]
            if told.get("ReservoirQuotaTTL") is not None:
                state.reservoir.until_s = _seconds(told["ReservoirQuotaTTL"])
            if told.get("Interval") is not None:
                state.interval_s = told["Interval"]
            boost = told.get("SamplingBoost")
            if boost:
                state.boost_rate = boost["BoostRate"]
                state.boost_until_s = _seconds(boost["BoostRateTTL"])

    # -- what it does
    def decide(self, asked: Asked, now_s: float) -> Decision:
        """Decide about a request that begins a trace.

        Parameters
        ----------
        asked:
            What is known of it.
        now_s:
            Seconds since the epoch; what counts is the whole second.
        """
        second = int(now_s)
        if self._loaded_s is None or second > self._loaded_s + RULES_LAST_S:
            why = "it has no rules" if self._loaded_s is None else "its rules are an hour old"
            first = Reason("rules", f"{why}: the SDK's own apply, 1 a second and 5 % of the others")
            return self._decide(self._own, second, [first])
        because: list[Reason] = []
        found = matching([one.rule for one in self._states], asked)
        for state in self._states:
            if state.rule is found:
                return self._decide(state, second, because)
            because.append(Reason(f"rule {state.rule.name}", mismatch(state.rule, asked)))
        return self._decide(self._own, second, because)

    def _decide(self, state: _State, now_s: int, because: list[Reason]) -> Decision:
        rule, state.requests = state.rule, state.requests + 1
        name = rule.name or "of the SDK"
        because.append(
            Reason(f"rule {name}", "is the first that fits", {"priority": rule.priority})
        )
        how = state.reservoir.take(now_s, rule.reservoir > 0)
        because.append(_about_reservoir(state, now_s, how))
        if how:
            state.sampled += 1
            state.borrowed += how == BORROWED
            return Decision(True, rule.name, how, None, tuple(because))
        drawn, rate = self._draw(), state.rate_at(now_s)
        sampled = drawn <= rate
        state.sampled += sampled
        said = f"drawn {drawn:.4f}, {'within' if sampled else 'above'} the rate {rate:g}"
        if rate > state.rate:
            said += " (boosted)"
        because.append(Reason("fixed rate", said, {"drawn": drawn, "rate": rate}))
        return Decision(sampled, rule.name, RATE, drawn, tuple(because))

    def statistics(self, now_s: int, *, every: bool = False) -> list[dict[str, Any]]:
        """``SamplingStatisticsDocuments`` of the rules that are due, and counting begins anew.

        Parameters
        ----------
        now_s:
            Seconds since the epoch.
        every:
            Also of rules whose interval is not over.
        """
        told = []
        for state in self._states:
            if state.requests and (every or now_s - state.reported_s >= state.interval_s):
                told.append(
                    {
                        "RuleName": state.rule.name,
                        "ClientID": self.client_id,
                        "Timestamp": now_s,
                        "RequestCount": state.requests,
                        "SampledCount": state.sampled,
                        "BorrowCount": state.borrowed,
                    }
                )
                state.reported_s = now_s
                state.requests = state.sampled = state.borrowed = 0
        return told


def _about_reservoir(state: _State, now_s: int, how: str) -> Reason:
    reservoir, size = state.reservoir, state.rule.reservoir
    inputs = {"reservoir": size, "quota": reservoir.quota}
    if how == RESERVOIR:
        text = f"one of the {reservoir.quota} a second of this client's quota"
    elif how == BORROWED:
        text = "the first of this second, borrowed: this client has no quota yet"
    elif size == 0:
        text = "the rule has none"
    elif reservoir.fresh(now_s):
        text = f"this client's quota of {reservoir.quota} a second is used up"
    else:
        text = "the one of this second has been borrowed already"
    return Reason("reservoir", text, inputs)


def _seconds(value: Any) -> int:
    """Epoch seconds out of a number or a datetime."""
    return int(value.timestamp() if hasattr(value, "timestamp") else value)
