"""Check 2: ten minutes at the shop's door, decided by the learner's sampling rules.

What is drawn is drawn evenly (each rate takes its share to the request), so that the figures are
those of the rules and luck has no part in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.clock import SECOND
from labkit.core.traces import Arrivals
from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.xray.engine.sampling import Asked, Rule, mismatch
from labkit.xray.engine.sampling.figures import MONTH_S, dollars_a_month
from labkit.xray.sampling import ordered

if TYPE_CHECKING:
    import numpy as np

#: Dollars a month, payments a second, traces a minute of other pages that Mara wants.
BUDGET, PAID, BROWSED = 30, 2, 5
_MINUTES = 10
_FRONT = ("front", "AWS::ElasticBeanstalk::Environment", "shop.teapot.example")
_BROWSE = (("GET", "/"), ("GET", "/teas"), ("GET", "/teas/assam"), ("POST", "/cart"))


def payments(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Methods and paths of payments."""
    path = facts["path"]
    return [("POST", path), ("POST", f"{path}/card"), ("GET", f"{path}/status")]


def at_the_door(facts: Mapping[str, Any], start_us: int) -> tuple[Arrivals, np.ndarray]:
    """Ten minutes of requests, and which of them are payments."""
    import numpy as np

    draws = np.random.default_rng(facts["seed"])
    kinds = [*_BROWSE, *payments(facts)]
    times, which, luck = [], [], []
    for many, low, high in ((facts["browse"], 0, 4), (PAID, 4, 7)):
        n = many * _MINUTES * 60
        times.append(start_us + np.arange(n) * SECOND // many)
        which.append(low + np.arange(n) % (high - low))
        luck.append(draws.permutation((np.arange(n) + 0.5) / n))
    at_us = np.concatenate(times)
    order = np.argsort(at_us, kind="stable")
    kind = np.concatenate(which)[order]
    made = Arrivals(
        *_FRONT, "", [method for method, _ in kinds], [path for _, path in kinds],
        kind, at_us[order], np.concatenate(luck)[order],
    )  # fmt: skip
    return made, kind >= len(_BROWSE)


def deciding(rules: Sequence[Rule], method: str, path: str) -> Rule:
    """The rule that decides about a request at the front."""
    service, kind, host = _FRONT
    asked = Asked(service, kind, host, method, path)
    return next(
        one for one in rules
        if one.resource_arn == "*" and not one.attributes and not mismatch(one, asked)
    )  # fmt: skip


def shown(one: Rule) -> str:
    """A rule in a few words."""
    return f"{one.name} ({one.priority}: {one.reservoir}/s, {one.rate:.4g})"


class Samples(Check):
    """See the head of this file."""

    title = "every payment, within the budget"
    points = 3
    hints = (
        "What do the payments alone cost? What is left for everybody else, in traces a second?",
        "A rule for the payments' path with a small `Priority` and `FixedRate` 1; and "
        "`update_sampling_rule` for `Default`, whose reservoir takes one a second before its rate "
        "is asked.",
        'create_sampling_rule(SamplingRule=dict(RuleName="pay", Priority=10, FixedRate=1.0, '
        'URLPath="____*", ...)); update_sampling_rule(SamplingRuleUpdate=dict('
        'RuleName="Default", ReservoirSize=____, FixedRate=0.001))',
    )
    alternatives = (
        "A rule that names the payment service is never asked: the front decides for the whole "
        "request, and its decision travels in the header.",
        "A reservoir of 2 takes two of each second; in a second in which five pay, three are left "
        "to the rate.",
    )
    cell = "sampling"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The rules, when they are not as they came."""
        now = rules_of(bench.copy)
        if now == rules_of(bench.fresh()):
            return None
        return Attempted(", ".join(shown(one) for one in now))

    def untouched(self, bench: Bench) -> NotAttempted:
        """Default alone, as it came."""
        return NotAttempted(
            "No sampling rule has been made or changed: there is Default, as it came.",
            start='`boto3.client("xray").get_sampling_rules()`, and '
            "`ex.lab.xray.sampled_figures(200)` for what it yields.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Let them come."""
        world, facts = bench.copy, bench.facts
        arrivals, paying = at_the_door(facts, world.world.clock.now_us)
        hits = world.parts.xray.sampled(world.account, world.region, arrivals)
        seconds = _MINUTES * 60
        paid, browsed = int(hits[paying].sum()), int(hits[~paying].sum())
        of = int(paying.sum())
        dollars = dollars_a_month((paid + browsed) / seconds)
        rules = rules_of(world)
        browse_rule = deciding(rules, *_BROWSE[1])
        figure = picture(rules, facts, (paid, of), (browsed, int((~paying).sum())), dollars)
        share = f"{paid:,} of {of:,} payments traced, ${dollars:,.0f} a month."
        played = f"ten minutes, {facts['browse']} + {PAID} requests a second."
        if paid < of:
            happened, question = _missed(rules, facts, paid, of)
            return NotYet(share, attempted.built, played, happened, question, figure)
        alone = dollars_a_month(browsed / seconds, free=0)
        if dollars >= BUDGET:
            return NotYet(
                share, attempted.built, played,
                f"The other pages alone: {browsed / seconds:.1f} traces a second by the rule "
                f"{browse_rule.name}, ${alone:,.0f} a month; the payments cost "
                f"${dollars_a_month(paid / seconds, free=0):,.0f}.",
                "How many of the other pages' traces can the rest of the budget pay, and which "
                "part of the rule takes more than that?", figure,
            )  # fmt: skip
        if browsed < BROWSED * _MINUTES:
            return NotYet(
                share, attempted.built, played,
                f"Of the other pages {browsed} traces came in ten minutes; Mara wants {BROWSED} a "
                "minute.",
                "What is the smallest share of the other pages that still shows her life?", figure,
            )  # fmt: skip
        return Passed(
            f"All {of:,} payments traced, {browsed / _MINUTES:.0f} traces a minute of other pages, "
            f"${dollars:,.2f} a month.",
            why="The lowest number among the rules that fit decides, once, at the front. A rate of "
            "1 takes all of them, whatever the reservoir; Default pays for the rest.",
            built=attempted.built,
            cost=f"${dollars:,.2f} a month: {(paid + browsed) / seconds * MONTH_S / 1e6:.2f} "
            "million traces, the first 100,000 free.",
            alternative="a rule of its own for the other pages with a number between; Default is "
            "then asked by nobody.",
            figure=figure,
        )


def _missed(rules: Sequence[Rule], facts: Mapping[str, Any], paid: int, of: int) -> tuple[str, str]:
    """Why payments are missing, and what to ask."""
    decided = {path: deciding(rules, method, path) for method, path in payments(facts)}
    path, rule = next(
        ((path, one) for path, one in decided.items() if one.rate < 1), next(iter(decided.items()))
    )
    method = dict((p, m) for m, p in payments(facts))[path]
    service, kind, host = _FRONT
    inside = [
        one for one in rules
        if one.rate == 1 and mismatch(one, Asked("", "", host, method, path)) == ""
        and mismatch(one, Asked(service, kind, host, method, path))
    ]  # fmt: skip
    happened = (
        f"`{method} {path}`: the rule {rule.name} (priority {rule.priority}) decided first; "
        f"{paid / of:.0%} of the payments are traced."
    )
    if inside:
        return (
            f"{happened} It was decided at the front end, before your rule {inside[0].name} was "
            "asked.",
            "Which service sees a request first, and what is it called?",
        )
    return happened, "Which rule is asked first about this request, and does it take all of them?"


def rules_of(world: Lab) -> list[Rule]:
    """The rules as they are asked."""
    return ordered(world.parts.xray.store(world.account, world.region))


def picture(
    rules: Sequence[Rule],
    facts: Mapping[str, Any],
    paid: tuple[int, int],
    browsed: tuple[int, int],
    dollars: float,
) -> Drawing:
    """Kind by kind of request: who decided, how many are traced."""
    columns = ["requests", "decided by", "came", "traced"]
    kinds = [("payments", payments(facts)[0], paid), ("other pages", _BROWSE[1], browsed)]
    rows = [
        [what, shown(deciding(rules, *one)), f"{of:,}", f"{hits:,}"]
        for what, one, (hits, of) in kinds
    ]
    title = f"{paid[0]:,} of {paid[1]:,} payments traced; ${dollars:,.2f} a month"
    body = html.card(title, html.table(columns, rows, right=(2, 3)), alt=title)
    data = {"paid": paid[0], "browsed": browsed[0], "dollars": dollars}
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", data, body=body)
