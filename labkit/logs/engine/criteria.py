"""Selection criteria: which log groups, or which events, a policy or a filter is for.

::

    LogGroupName NOT IN ["a", "b"]
    LogGroupNamePrefix IN ["/aws/lambda"]
    @aws.region = "eu-west-1" AND @aws.account NOT IN ["111111111111"]

Terms are joined by AND and OR; AND binds closer. Source: API reference, PutAccountPolicy
(selectionCriteria) and PutSubscriptionFilter (fieldSelectionCriteria).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TERM = re.compile(
    r"""\s*(?P<field>[@A-Za-z][\w.@]*)\s*
    (?:(?P<op>=|!=|\bLIKE\b)\s*(?P<one>"[^"]*"|'[^']*'|[\w./@-]+)
      |(?P<in>(?:NOT\s+)?IN)\s*\[(?P<many>[^\]]*)\])\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_ITEM = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"'\s]+))\s*(?:,|$)""")
_JOIN = re.compile(r"(AND|OR)\b", re.IGNORECASE)


class CriteriaError(ValueError):
    """A text that is no selection criteria; the message says where."""


@dataclass(frozen=True, slots=True)
class Term:
    """``field`` is (or, ``negated``, is not) one of ``values``."""

    field: str
    values: tuple[str, ...]
    negated: bool

    def holds(self, about: Mapping[str, str]) -> bool:
        """Whether it holds; a field whose name ends in Prefix is compared with beginnings."""
        name = self.field.removesuffix("Prefix")
        value = about.get(name, "")
        if name != self.field:
            found = any(value.startswith(begin) for begin in self.values)
        else:
            found = value in self.values
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Criteria:
    """Any of several groups of terms that must all hold; without a group everything is selected."""

    any_of: tuple[tuple[Term, ...], ...] = ()

    def selects(self, about: Mapping[str, str]) -> bool:
        """Whether something is selected, by its fields (``LogGroupName``, ``@aws.region``)."""
        if not self.any_of:
            return True
        return any(all(term.holds(about) for term in terms) for terms in self.any_of)


def parse(text: str, fields: tuple[str, ...]) -> Criteria:
    """Read criteria.

    Parameters
    ----------
    text:
        Empty for everything.
    fields:
        The names that may stand in it.

    Raises
    ------
    CriteriaError
    """
    groups: list[list[Term]] = [[]]
    place = 0
    while text.strip():
        match = _TERM.match(text, place)
        if match is None:
            raise CriteriaError(f"no condition at position {place}: {text[place : place + 20]!r}")
        if match["field"] not in fields:
            raise CriteriaError(f"{match['field']} can't be selected by; {', '.join(fields)} can")
        groups[-1].append(_term(match))
        place = match.end()
        if place >= len(text):
            break
        join = _JOIN.match(text, place)
        if join is None:
            raise CriteriaError(f"AND or OR is missing at position {place}")
        place = join.end()
        if join[1].upper() == "OR":
            groups.append([])
    return Criteria(tuple(tuple(terms) for terms in groups if terms))


def _term(match: re.Match[str]) -> Term:
    if match["in"]:
        values = tuple(a or b or c for a, b, c in _ITEM.findall(match["many"]))
        return Term(match["field"], values, match["in"].upper().startswith("NOT"))
    one = match["one"]
    plain = one[1:-1] if one[0] in "\"'" else one
    return Term(match["field"], (plain,), match["op"] == "!=")


# ---- whether two policies select the same group


def overlap(one: Criteria, other: Criteria) -> bool:
    """Whether two criteria select a log group, or a data source, in common.

    Prefixes overlap when one begins with the other. What is selected by NOT IN is apart from what
    is selected by IN exactly when all of the latter is among what NOT IN leaves out; two NOT IN
    always overlap. (API reference, PutAccountPolicy)
    """
    return any(_meet(a, b) for a in one.any_of for b in other.any_of)


def _meet(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Whether two groups of terms do: they are apart as soon as they are so in one field."""
    by_kind = [{_kind(term.field): term for term in terms} for terms in (one, other)]
    both = by_kind[0].keys() & by_kind[1].keys()
    return bool(both) and all(_common(by_kind[0][kind], by_kind[1][kind]) for kind in both)


def _kind(field: str) -> str:
    return field.removesuffix("Prefix")


def _common(one: Term, other: Term) -> bool:
    if one.negated and other.negated:
        return True
    if one.negated or other.negated:
        inside, outside = (other, one) if one.negated else (one, other)
        return not all(
            any(_covers(outside.field, out, inside.field, value) for out in outside.values)
            for value in inside.values
        )
    return any(
        _covers(one.field, a, other.field, b) or _covers(other.field, b, one.field, a)
        for a in one.values
        for b in other.values
    )


def _covers(field: str, value: str, inner_field: str, inner: str) -> bool:
    """Whether whatever the inner value selects is selected by the other one too."""
    if field.endswith("Prefix"):
        return inner.startswith(value)
    return not inner_field.endswith("Prefix") and inner == value
