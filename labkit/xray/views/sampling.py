"""Sampling: which rule decides, what it decides, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.wording import count, number
from labkit.xray.engine.sampling import Asked, Decision, Rule, mismatch
from labkit.xray.engine.sampling.figures import Yielded
from labkit.xray.engine.sampling.rules import readable_by_sdk

_YES, _NO = "\u2713", "\u2717"
_RULES = ["priority", "rule", "for this request", "a second for sure", "of the others"]
_DECISIONS = ["request", "traced", "rule", "why"]


def decisions(
    rules: Sequence[Rule],
    asked: Asked,
    made: Sequence[Decision],
    *,
    reads_everything: bool = False,
) -> Drawing:
    """Which rule decides about requests of one second, and what it decides.

    Parameters
    ----------
    rules:
        In the order in which they are asked.
    asked:
        What is known of the request.
    made:
        The decisions about the first, second ... such request.
    reads_everything:
        Whether the program goes by resource and attributes too.
    """
    name = made[0].rule if made else ""
    hits = sum(map(bool, made))
    title = (
        f"{_request(asked)}: the rule {name} decides; "
        f"{hits} of {count(len(made), 'request')} in one second {'is' if hits == 1 else 'are'} "
        "traced"
    )
    rows = _asked_rules(rules, asked, name, reads_everything)
    told = [
        [str(n), "yes" if one else "no", one.rule, one.because[-1].text]
        for n, one in enumerate(made, 1)
    ]
    note = "Decided once, where the trace begins; services further in follow (Sampled=1 or 0)."
    text = "\n".join(
        [title, table(_RULES, rows, longest=72), "", table(_DECISIONS, told, longest=80), note]
    )
    fancy = [
        [p, html.mono(n), html.element("b", w) if n == name else html.muted(w), r, f]
        for p, n, w, r, f in rows
    ]
    marked = [[n, _mark(one.sampled), html.mono(one.rule), why]
              for (n, _, _, why), one in zip(told, made, strict=True)]  # fmt: skip
    body = html.card(
        title,
        html.table(_RULES, fancy, right=(0, 3, 4)),
        html.table(_DECISIONS, marked),
        html.note(note),
        alt=title,
    )
    data = {
        "rule": name,
        "rules": [dict(zip(("priority", "name", "why"), row, strict=False)) for row in rows],
        "decisions": [
            {"sampled": one.sampled, "rule": one.rule, "how": one.how, "drawn": one.drawn,
             "because": [str(reason) for reason in one.because]}
            for one in made
        ],
    }  # fmt: skip
    return Drawing(title, text, data, body=body)


def _asked_rules(
    rules: Sequence[Rule], asked: Asked, name: str, reads_everything: bool
) -> list[list[str]]:
    """A row for each rule: why it does not decide, or that it does."""
    rows, over = [], False
    for rule in rules:
        if over:
            why = "not asked any more"
        elif not reads_everything and not readable_by_sdk(rule):
            why = "passed over: the X-Ray SDKs read no resource and no attributes"
        else:
            why = mismatch(rule, asked) if rule.name != name else "fits: this rule decides"
        over = over or rule.name == name
        rows.append([str(rule.priority), rule.name, why, str(rule.reservoir), _share(rule.rate)])
    return rows


def figures(one: Yielded) -> Drawing:
    """What a rule yields: traces, dollars, and the chance to have caught a fault."""
    per_minute = number(one.per_minute, 3)
    title = (
        f"{number(one.requests_per_second)} requests a second, {number(one.reservoir)} for sure "
        f"and {number(one.rate * 100)} % of the others: {per_minute} traces a minute, "
        f"${one.dollars:,.2f} a month"
    )
    rows = [
        ["traces a second", number(one.per_second)],
        ["traces a minute", per_minute],
        ["share of the requests", f"{number(one.share * 100, 3)} %"],
        ["traces in 30 days", f"{one.per_month:,.0f}"],
        ["cost of 30 days", f"${one.dollars:,.2f}"],
        [f"a fault of 1 in {number(one.one_in)} caught within {number(one.minutes)} min",
         _percent(one.chance)],
    ]  # fmt: skip
    head = ["", "comes to"]
    sure = min(one.reservoir, one.requests_per_second)
    whole = one.requests_per_second or 1.0
    parts = (sure / whole, one.share - sure / whole)
    body = html.card(title, _bar(*parts), html.table([], rows, right=(1,)), alt=title)
    text = "\n".join([title, _bar_text(*parts), table(head, rows, longest=72)])
    return Drawing(title, text, asdict(one), body=body)


#: Parts of all requests: name, letter, colour.
_PARTS = (
    ("for sure", "#", theme.OK.edge),
    ("by chance", "+", theme.LATENCY),
    ("not traced", ".", theme.GRID),
)
_WIDE = 60


def _bar(sure: float, chance: float) -> html.Html:
    """All requests as one bar."""
    shares = (sure, chance, max(0.0, 1 - sure - chance))
    pieces, key = [], []
    for share, (name, _, fill) in zip(shares, _PARTS, strict=True):
        style = f"display:inline-block;height:18px;background:{fill};width:{share * 100:.3f}%"
        pieces.append(html.element("span", "", style))
        square = "display:inline-block;width:11px;height:11px;margin:0 5px 0 0;background:"
        told = f"{name} {number(share * 100, 4)} %"
        key.append(html.together([html.element("span", "", square + fill), html.whole(told)]))
    frame = f"border:1px solid {theme.LINE};line-height:0;white-space:nowrap;margin:4px 0"
    return html.together(
        [
            html.element("div", html.together(pieces), frame),
            html.note(html.together(key, " &ensp; ")),
        ]
    )


def _bar_text(sure: float, chance: float) -> str:
    """The same in characters; a part that is there shows at least once."""
    many = [max(1, round(part * _WIDE)) if part > 0 else 0 for part in (sure, chance)]
    letters = "".join(sign * n for (_, sign, _), n in zip(_PARTS, many, strict=False))
    key = ", ".join(f"{sign} {name}" for name, sign, _ in _PARTS)
    return f"{letters[:_WIDE].ljust(_WIDE, '.')}  {key}"


def use(rules: Sequence[Rule], summaries: Sequence[Mapping[str, Any]]) -> Drawing:
    """How each rule has been used, as programs have reported.

    Parameters
    ----------
    rules:
        In the order in which they are asked.
    summaries:
        ``SamplingStatisticSummaries``.
    """
    totals = {rule.name: [0, 0, 0] for rule in rules}
    for one in summaries:
        if one["RuleName"] in totals:
            row = totals[one["RuleName"]]
            for n, member in enumerate(("RequestCount", "SampledCount", "BorrowCount")):
                row[n] += one[member]
    asked = sum(row[0] for row in totals.values())
    taken = sum(row[1] for row in totals.values())
    title = f"{count(len(rules), 'sampling rule')}; " + (
        f"{taken:,} of {count(asked, 'request')} of the last ten minutes were traced"
        if asked
        else "no program has reported requests in the last ten minutes"
    )
    head = ["priority", "rule", "matched", "traced", "borrowed", "share", "reservoir", "rate"]
    rows = []
    for rule in rules:
        many, sampled, borrowed = totals[rule.name]
        share = f"{100 * sampled / many:.1f} %" if many else ""
        rows.append(
            [str(rule.priority), rule.name, f"{many:,}", f"{sampled:,}", f"{borrowed:,}", share,
             str(rule.reservoir), _share(rule.rate)]
        )  # fmt: skip
    body = html.card(title, html.table(head, rows, right=(0, 2, 3, 4, 5, 6, 7)), alt=title)
    data = {name: dict(zip(("requests", "sampled", "borrowed"), row, strict=True))
            for name, row in totals.items()}  # fmt: skip
    return Drawing(title, f"{title}\n{table(head, rows)}", data, body=body)


def _request(asked: Asked) -> str:
    what = " ".join(filter(None, [asked.method, asked.path])) or "a request"
    where = asked.service_name or asked.host
    return f"{what} of {where}" if where else what


def _share(rate: float) -> str:
    return f"{number(rate * 100)} %"


def _percent(chance: float) -> str:
    if chance > 0.9999:
        return "more than 99.99 %"
    return f"{number(chance * 100, 3)} %"


def _mark(good: bool) -> html.Html:
    face = theme.OK if good else theme.INSUFFICIENT_DATA
    return html.element(
        "span",
        f"{_YES} traced" if good else f"{_NO} not",
        f"display:inline-block;padding:0 6px;border-radius:3px;background:{face.fill};"
        f"color:{face.ink};border:1px solid {face.edge}",
    )
