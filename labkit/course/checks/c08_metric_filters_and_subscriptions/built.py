"""What a learner built for exercise 08, asked of a replay: read to explain, never to judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    GROUPS,
    KINDS,
    OTHER,
    PAID,
    REAL,
    Written,
)
from labkit.lab import Lab
from labkit.logs.engine.pattern import Pattern, parse
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count, cut

_NAMES = {"web": "web shop", "till": "tills"}


@dataclass(frozen=True)
class Picked:
    """A filter of one of the two groups: a metric filter, or a subscription filter.

    Parameters
    ----------
    where:
        ``web`` or ``till``.
    name, pattern:
        Its own.
    to:
        (namespace, metric) of a metric filter, (ARN,) of a subscription filter.
    """

    where: str
    name: str
    pattern: str
    to: tuple[str, ...]

    @cached_property
    def parsed(self) -> Pattern:
        """The pattern, read."""
        return parse(self.pattern)

    def matches(self, line: Written) -> bool:
        """Whether it picks a line."""
        return line.where == self.where and self.parsed.matches(line.text)


def metric_filters(world: Lab, facts: Mapping[str, Any]) -> list[Picked]:
    """The metric filters of the two groups."""
    logs = world.client("logs")
    out = []
    for where in GROUPS:
        told = logs.describe_metric_filters(logGroupName=facts[where])["metricFilters"]
        for row in told:
            made = row["metricTransformations"][0]
            to = (made["metricNamespace"], made["metricName"])
            out.append(Picked(where, row["filterName"], row["filterPattern"], to))
    return out


def subscriptions(world: Lab, facts: Mapping[str, Any]) -> list[Picked]:
    """The subscription filters of the two groups that lead to a logical destination."""
    logs = world.client("logs")
    out = []
    for where in GROUPS:
        told = logs.describe_subscription_filters(logGroupName=facts[where])["subscriptionFilters"]
        out += [
            Picked(where, row["filterName"], row["filterPattern"], (row["destinationArn"],))
            for row in told
            if ":destination:" in row["destinationArn"]
        ]
    return out


def all_subscriptions(world: Lab, facts: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(group, name) of every subscription filter."""
    logs = world.client("logs")
    return {
        (where, row["filterName"])
        for where in GROUPS
        for row in logs.describe_subscription_filters(logGroupName=facts[where])[
            "subscriptionFilters"
        ]
    }


def named(where: str) -> str:
    """How a person calls a group."""
    return _NAMES[where]


def told(filters: Sequence[Picked]) -> str:
    """The filters in a few words."""
    if not filters:
        return "no filter"
    return "; ".join(f"{named(one.where)}: {_shown(one.pattern)}" for one in filters)


def _shown(pattern: str) -> str:
    return f"`{cut(pattern, 90)}`" if pattern.strip() else "every line"


def ignored(filters: Sequence[Picked]) -> str:
    """What is said of terms with ``?`` that do nothing; empty when there are none."""
    for one in filters:
        terms = getattr(one.parsed.body, "ignored", ())
        if terms:
            words = " ".join(str(term) for term in terms)
            return f" `{words}` does nothing: beside other terms, those with `?` are ignored."
    return ""


def _line(shown: str) -> html.Html:
    """A log line, which has few blanks at which it could be broken."""
    return html.element("span", html.mono(shown), "overflow-wrap:anywhere")


# -- by kind
@dataclass(frozen=True)
class Kindly:
    """Lines of one kind in one group: how many there were, and how many were picked."""

    where: str
    kind: str
    written: int
    picked: int
    missed: Written | None
    caught: Written | None

    @property
    def good(self) -> bool:
        """Whether each was picked once where it should be, and never else."""
        return self.picked == (self.written if self.kind == REAL else 0)


def by_kind(filters: Sequence[Picked], lines: Sequence[Written]) -> list[Kindly]:
    """What filters make of lines, for each group and kind that occurs."""
    written = Counter((one.where, one.kind) for one in lines)
    picked: Counter[tuple[str, str]] = Counter()
    missed: dict[tuple[str, str], Written] = {}
    caught: dict[tuple[str, str], Written] = {}
    for line in lines:
        times = sum(one.matches(line) for one in filters)
        key = line.where, line.kind
        picked[key] += times
        (caught if times else missed).setdefault(key, line)
    return [
        Kindly(*key, written[key], picked[key], missed.get(key), caught.get(key))
        for key in sorted(written, key=lambda key: (GROUPS.index(key[0]), KINDS.index(key[1])))
    ]


def first_wrong(rows: Sequence[Kindly]) -> Kindly | None:
    """What to speak of first: a kind that was picked and should not be, else what was missed."""
    wrong = [row for row in rows if not row.good]
    loud = [row for row in wrong if row.kind != REAL]
    # What is commonest says least: a pattern that takes everything takes the tea as well.
    loud.sort(key=lambda row: row.kind in (PAID, OTHER))
    return next(iter(loud or wrong), None)


def table(rows: Sequence[Kindly], title: str, verb: str) -> Drawing:
    """Kinds of lines as a table: written, picked, and a line of each."""
    columns = ["group", "kind of line", "written", verb, "", "one of them"]
    plain = []
    fancy = []
    for row in rows:
        line = (row.missed if row.kind == REAL else row.caught) or row.caught or row.missed
        shown = line.text if line else ""
        sign = "\u2713" if row.good else "\u2717"
        face = theme.OK if row.good else theme.ALARM
        style = f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
        plain.append([named(row.where), row.kind, str(row.written), str(row.picked), sign, shown])
        fancy.append(
            [
                html.whole(named(row.where)), html.whole(row.kind), str(row.written),
                str(row.picked), html.element("span", sign, style), _line(shown),
            ]
        )  # fmt: skip
    body = html.card(title, html.table(columns, fancy, right=(2, 3)), alt=title)
    data = {f"{row.where}/{row.kind}": [row.written, row.picked] for row in rows}
    return Drawing(title, f"{title}\n{text.table(columns, plain, longest=84)}", data, body=body)


def sandbox(counted: Sequence[Picked], sent: Sequence[Picked], lines: Sequence[Written]) -> Drawing:
    """Each line of a sample, and which of a learner's filters pick it; it says nothing of right."""
    columns = ["group", "line", "counted by", "sent by"]
    plain = []
    for line in lines:
        row = [
            ", ".join(one.name for one in filters if one.matches(line)) or "-"
            for filters in (counted, sent)
        ]
        plain.append([named(line.where), line.text, *row])
    counts = [sum(row[place] != "-" for row in plain) for place in (2, 3)]
    title = f"Of {count(len(lines), 'line')} {counts[0]} are counted, {counts[1]} are sent on"
    fancy = [[html.whole(a), _line(b), c, d] for a, b, c, d in plain]
    body = html.card(title, html.table(columns, fancy), alt=title)
    return Drawing(
        title, f"{title}\n{text.table(columns, plain, longest=76)}",
        {"counted": counts[0], "sent": counts[1]}, body=body,
    )  # fmt: skip
