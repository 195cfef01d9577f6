"""Sampling rules, and which of them a request falls under.

Patterns have ``*`` (anything) and ``?`` (one character) and are the same in upper and lower case,
as in AWS's SDKs. What a program does not know of a request (a host without HTTP) fits every
pattern. Rules of one priority are asked by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: The rule that every Region has: asked last, never deleted.
DEFAULT = "Default"
DEFAULT_PRIORITY, DEFAULT_RESERVOIR, DEFAULT_RATE = 10_000, 1, 0.05


@dataclass(frozen=True, slots=True)
class Boost:
    """How far anomalies may raise a rule's rate.

    Parameters
    ----------
    max_rate:
        The highest rate, 0 to 1.
    cooldown_minutes:
        From the beginning of one boost to that of the next.
    """

    max_rate: float
    cooldown_minutes: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A sampling rule.

    Parameters
    ----------
    name:
        Unique in a Region.
    priority:
        1 to 9999, lowest first; 10000 for Default.
    rate:
        Share of the requests beyond the reservoir, 0 to 1.
    reservoir:
        Requests a second, of all clients together.
    service_name, service_type, host, method, path, resource_arn:
        Patterns.
    attributes:
        Key -> pattern, of the request.
    boost:
        None when anomalies change nothing.
    """

    name: str
    priority: int
    rate: float
    reservoir: int
    service_name: str = "*"
    service_type: str = "*"
    host: str = "*"
    method: str = "*"
    path: str = "*"
    resource_arn: str = "*"
    attributes: Mapping[str, str] = field(default_factory=dict)
    boost: Boost | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request, or of the service that got it; empty when it is not.

    Parameters
    ----------
    service_name, service_type:
        Of the service that begins the trace.
    host, method, path:
        Of the request.
    resource_arn:
        Of the resource that the service runs on.
    attributes:
        What else rules may go by (API Gateway: the headers).
    """

    service_name: str = ""
    service_type: str = ""
    host: str = ""
    method: str = ""
    path: str = ""
    resource_arn: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


#: A rule's pattern and what it is compared with, by the API's name.
_FIELDS = (
    ("ServiceName", "service_name"),
    ("ServiceType", "service_type"),
    ("Host", "host"),
    ("HTTPMethod", "method"),
    ("URLPath", "path"),
    ("ResourceARN", "resource_arn"),
)


def default_rule(rate: float = DEFAULT_RATE, reservoir: int = DEFAULT_RESERVOIR) -> Rule:
    """The rule Default, as it comes with a Region."""
    return Rule(DEFAULT, DEFAULT_PRIORITY, rate, reservoir)


def fits(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern with ``*`` and ``?``, whatever their case.

    The last star remembers where it stood; nothing earlier has to be tried again, so that a pattern
    full of stars costs no more than its length times the text's.

    >>> fits("/api/*/item?", "/API/v2/items")
    True
    """
    if pattern == "*":
        return True
    pattern, text = pattern.casefold(), text.casefold()
    at = here = 0
    star = mark = -1
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at += 1
            here += 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(letter == "*" for letter in pattern[at:])


def mismatch(rule: Rule, asked: Asked) -> str:
    """Why a rule does not fit a request, one sentence; empty when it does."""
    for told, member in _FIELDS:
        pattern, value = getattr(rule, member), getattr(asked, member)
        if value and not fits(pattern, value):
            return f"{told} {pattern} does not fit {value}"
    for key, pattern in rule.attributes.items():
        found = asked.attributes.get(key)
        if found is None:
            return f"the request has no attribute {key}"
        if not fits(pattern, found):
            return f"attribute {key}: {pattern} does not fit {found}"
    return ""


def readable_by_sdk(rule: Rule) -> bool:
    """Whether the X-Ray SDKs use a rule: they pass over those with attributes or a resource."""
    return rule.resource_arn == "*" and not rule.attributes


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """The rules as they are asked."""
    return sorted(rules, key=lambda one: (one.priority, one.name))


def matching(rules: Iterable[Rule], asked: Asked) -> Rule | None:
    """The first rule that fits; rules in order."""
    for rule in rules:
        if rule.name == DEFAULT or not mismatch(rule, asked):
            return rule
    return None
