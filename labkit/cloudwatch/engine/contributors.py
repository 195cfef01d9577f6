"""Contributor Insights: rules over log events, and who contributes most.

Theory of operation
-------------------
1. A **rule** names log groups, how their events are written (JSON, or fields parted by blanks as in
   the Common Log Format), up to four **keys**, up to four **filters**, and what is added up: the
   events (``Count``), or a number in them (``Sum`` of ``ValueOf``).
2. An event counts when every filter lets it through and every key has a value (and, for a sum, the
   number is there). Its **contributor** is the tuple of its keys' values.
3. A **report** adds up over periods: per contributor, and over all of them.

AWS's figures are approximate beyond some hundred contributors; these are exact.

Source: user guide, "Contributor Insights rule syntax"; API reference, GetInsightRuleReport.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.jsontext import parse

MOST_KEYS, MOST_FILTERS, MOST_WORDS = 4, 4, 10
LOG_SCHEMA = {"Name": "CloudWatchLogRule", "Version": 1}

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_CLF = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)')

Fields = Callable[[str], Any]


class RuleError(ValueError):
    """A definition that is no rule; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read.

    Parameters
    ----------
    groups:
        Names of log groups, which may end in ``*``.
    keys:
        As written (``$.ip``, or an alias or number of a field).
    value:
        What is added up; empty when events are counted.
    filters:
        (field, test) each.
    """

    groups: tuple[str, ...]
    keys: tuple[str, ...]
    value: str
    filters: tuple[tuple[str, Callable[[Any], bool]], ...]
    json: bool
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def statistic(self) -> str:
        """What a report's values are: Count or Sum."""
        return "Sum" if self.value else "Count"

    def contribution(self, text: str) -> tuple[tuple[str, ...], float] | None:
        """Contributor and amount of an event; None for one that does not count."""
        look = self._fields(text)
        if look is None or not all(test(look(name)) for name, test in self.filters):
            return None
        keys = [look(name) for name in self.keys]
        if any(key is None or isinstance(key, dict | list) for key in keys):
            return None
        amount = 1.0
        if self.value:
            found = _number(look(self.value))
            if found is None:
                return None
            amount = found
        return tuple(_text(key) for key in keys), amount

    def _fields(self, text: str) -> Fields | None:
        if self.json:
            try:
                document = parse(text)
            except ValueError:
                return None
            return lambda path: _at(document, path)
        words = [next(part for part in found if part) if any(found) else ""
                 for found in _CLF.findall(text)]  # fmt: skip

        def look(name: str) -> Any:
            place = self.aliases.get(name, name.removeprefix("$."))
            number = int(place) if place.isdigit() else 0
            return words[number - 1] if 0 < number <= len(words) else None

        return look


def _at(document: Any, path: str) -> Any:
    """The value of ``$.a.b[0].c``; None where there is none."""
    for name, number in _STEP.findall(path.removeprefix("$")):
        if name:
            document = document.get(name) if isinstance(document, dict) else None
        else:
            place = int(number)
            there = isinstance(document, list) and place < len(document)
            document = document[place] if there else None
    return document


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


# -- reading a definition
def read(text: str) -> Rule:
    """The rule of a definition.

    Raises
    ------
    RuleError
        For what is no rule.
    """
    try:
        given = parse(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise RuleError("the definition must be a JSON object")
    if given.get("Schema") != LOG_SCHEMA:
        raise RuleError('Schema must be {"Name": "CloudWatchLogRule", "Version": 1}')
    contribution = given.get("Contribution")
    if not isinstance(contribution, dict):
        raise RuleError("Contribution is required")
    form = given.get("LogFormat", "JSON")
    if form not in ("JSON", "CLF"):
        raise RuleError("LogFormat must be JSON or CLF")
    keys = _texts(contribution.get("Keys"), "Contribution.Keys", MOST_KEYS)
    value = _value(given.get("AggregateOn"), contribution.get("ValueOf"))
    aliases = given.get("Fields") or {}
    if not isinstance(aliases, dict):
        raise RuleError("Fields must be an object of numbers and names")
    filters = contribution.get("Filters") or []
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        raise RuleError(f"Contribution.Filters has at most {MOST_FILTERS} filters")
    if form == "JSON":
        wrong = [key for key in (*keys, *([value] if value else [])) if not key.startswith("$")]
        if wrong:
            raise RuleError(f"a field of a JSON event begins with $, not {wrong[0]!r}")
    return Rule(
        _groups(given), keys, value, tuple(_filter(one) for one in filters), form == "JSON",
        {str(name): str(place) for place, name in aliases.items()},
    )  # fmt: skip


def _groups(given: Mapping[str, Any]) -> tuple[str, ...]:
    names, arns = given.get("LogGroupNames"), given.get("LogGroupARNs")
    if (names is None) == (arns is None):
        raise RuleError("exactly one of LogGroupNames and LogGroupARNs is required")
    if names is not None:
        return _texts(names, "LogGroupNames", 100)
    return tuple(
        arn.rpartition("log-group")[2].lstrip(":/") for arn in _texts(arns, "LogGroupARNs", 100)
    )


def _texts(given: Any, name: str, most: int) -> tuple[str, ...]:
    good = isinstance(given, list) and all(isinstance(one, str) and one for one in given)
    if not good or not 1 <= len(given) <= most:
        raise RuleError(f"{name} must have 1 to {most} strings")
    return tuple(given)


def _value(aggregate: Any, value: Any) -> str:
    if aggregate not in ("Count", "Sum"):
        raise RuleError("AggregateOn must be Count or Sum")
    if aggregate == "Count":
        return ""
    if not isinstance(value, str) or not value:
        raise RuleError("AggregateOn Sum requires Contribution.ValueOf")
    return value


def _filter(given: Any) -> tuple[str, Callable[[Any], bool]]:
    if not isinstance(given, dict) or not isinstance(given.get("Match"), str):
        raise RuleError("a filter has a Match")
    operators = [name for name in given if name != "Match"]
    if len(operators) != 1 or operators[0] not in _OPERATORS:
        raise RuleError(f"a filter has one operator of {', '.join(_OPERATORS)}")
    return given["Match"], _OPERATORS[operators[0]](given[operators[0]])


def _words(given: Any) -> tuple[str, ...]:
    return _texts(given, "a filter's list", MOST_WORDS)


def _in(given: Any) -> Callable[[Any], bool]:
    words = set(_words(given))
    return lambda value: value is not None and _text(value) in words


def _not_in(given: Any) -> Callable[[Any], bool]:
    words = set(_words(given))
    return lambda value: value is not None and _text(value) not in words


def _starts_with(given: Any) -> Callable[[Any], bool]:
    words = _words(given)
    return lambda value: value is not None and _text(value).startswith(words)


def _is_present(given: Any) -> Callable[[Any], bool]:
    if not isinstance(given, bool):
        raise RuleError("IsPresent is true or false")
    return lambda value: (value is not None) is given


def _compared(test: Callable[[float, float], bool]) -> Callable[[Any], Callable[[Any], bool]]:
    def make(given: Any) -> Callable[[Any], bool]:
        limit = _number(given)
        if limit is None:
            raise RuleError("a comparison is with a number")
        wanted: float = limit

        def check(value: Any) -> bool:
            found = _number(value)
            return found is not None and test(found, wanted)

        return check

    return make


_OPERATORS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "In": _in,
    "NotIn": _not_in,
    "StartsWith": _starts_with,
    "IsPresent": _is_present,
    "GreaterThan": _compared(lambda value, limit: value > limit),
    "LessThan": _compared(lambda value, limit: value < limit),
    "EqualTo": _compared(lambda value, limit: value == limit),
    "NotEqualTo": _compared(lambda value, limit: value != limit),
}


# -- a report
@dataclass(frozen=True, slots=True)
class Contributor:
    """One contributor: its keys, its total, and (period's start, value) where it is present."""

    keys: tuple[str, ...]
    total: float
    points: tuple[tuple[int, float], ...]

    @property
    def largest(self) -> float:
        """The largest value of a period."""
        return max(value for _, value in self.points)


@dataclass(frozen=True, slots=True)
class Report:
    """Who contributed what over a range."""

    contributors: tuple[Contributor, ...]
    periods: Mapping[int, tuple[float, ...]]

    @property
    def total(self) -> float:
        """The sum over all contributors."""
        return sum(one.total for one in self.contributors)

    def metric(self, name: str) -> Iterator[tuple[int, float]]:
        """A metric of the rule, for each period that has events.

        ``values`` of a period are what each event gave; contributors are counted apart.
        """
        by_period: dict[int, list[float]] = {}
        for one in self.contributors:
            for at, value in one.points:
                by_period.setdefault(at, []).append(value)
        for at in sorted(self.periods):
            yield at, _METRICS[name](self.periods[at], by_period[at])


_METRICS: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "UniqueContributors": lambda events, contributors: float(len(contributors)),
    "MaxContributorValue": lambda events, contributors: max(contributors),
    "SampleCount": lambda events, contributors: float(len(events)),
    "Sum": lambda events, contributors: sum(events),
    "Minimum": lambda events, contributors: min(events),
    "Maximum": lambda events, contributors: max(events),
    "Average": lambda events, contributors: sum(events) / len(events),
}
METRICS = tuple(_METRICS)


def report(
    rule: Rule,
    events: Iterable[tuple[int, str]],
    start_us: int,
    period_us: int,
    order: str = "Sum",
) -> Report:
    """What a rule finds in events.

    Parameters
    ----------
    events:
        (microseconds, text) each.
    start_us, period_us:
        Where the first period begins, and how long one is.
    order:
        Sum (by total) or Maximum (by the largest value of a period).
    """
    found: dict[tuple[str, ...], dict[int, float]] = {}
    periods: dict[int, list[float]] = {}
    for at_us, text in events:
        counted = rule.contribution(text)
        if counted is None:
            continue
        keys, amount = counted
        at = start_us + (at_us - start_us) // period_us * period_us
        points = found.setdefault(keys, {})
        points[at] = points.get(at, 0.0) + amount
        periods.setdefault(at, []).append(amount)
    contributors = [
        Contributor(keys, sum(points.values()), tuple(sorted(points.items())))
        for keys, points in found.items()
    ]
    contributors.sort(
        key=lambda one: (-(one.largest if order == "Maximum" else one.total), one.keys)
    )
    return Report(tuple(contributors), {at: tuple(values) for at, values in periods.items()})
