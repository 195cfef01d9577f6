"""Conditions: the operators, each with what it compares, and one condition of a statement."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import Any

from labkit.gateway.policy.values import Context, PolicyError, texts
from labkit.gateway.policy.wildcards import expression, matches, tokens


def _same_arn(value: str, wanted: str, context: Context | None) -> bool:
    """Each of the six parts of an ARN is compared by itself; a star does not reach over a colon."""
    pieces = tokens(wanted, context)
    if pieces is None:
        return False
    # A value from the request may hold wildcards only as letters: they are hidden while splitting.
    literal = "".join(text if pattern else _hide(text) for pattern, text in pieces)
    ours, theirs = literal.split(":", 5), value.split(":", 5)
    if len(ours) != 6 or len(theirs) != 6:
        return False
    return all(
        expression([(True, one)]).match(_hide(other)) is not None
        for one, other in zip(ours, theirs, strict=True)
    )


def _hide(text: str) -> str:
    return text.replace("*", "\x00").replace("?", "\x01")


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    try:
        seconds = _number(text)
        if seconds is not None and "-" not in text:
            return datetime.fromtimestamp(float(seconds), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ip_address(value) in ip_network(wanted, strict=False)
    except ValueError:
        return False


def _same_bytes(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


Compare = Callable[[str, str], bool]


def _ordered(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Compare:
    def compare(value: str, wanted: str) -> bool:
        one, other = read(value), read(wanted)
        return one is not None and other is not None and holds(one, other)

    return compare


def _orders(kind: str, read: Callable[[str], Any]) -> dict[str, tuple[bool, Compare]]:
    return {
        f"{kind}equals": (False, _ordered(read, lambda a, b: a == b)),
        f"{kind}notequals": (True, _ordered(read, lambda a, b: a == b)),
        f"{kind}lessthan": (False, _ordered(read, lambda a, b: a < b)),
        f"{kind}lessthanequals": (False, _ordered(read, lambda a, b: a <= b)),
        f"{kind}greaterthan": (False, _ordered(read, lambda a, b: a > b)),
        f"{kind}greaterthanequals": (False, _ordered(read, lambda a, b: a >= b)),
    }


#: Operator, in lower case -> (says "not", comparison of the thing itself).
_COMPARE: Mapping[str, tuple[bool, Compare]] = {
    "stringequals": (False, lambda value, wanted: value == wanted),
    "stringnotequals": (True, lambda value, wanted: value == wanted),
    "stringequalsignorecase": (False, lambda value, wanted: value.lower() == wanted.lower()),
    "stringnotequalsignorecase": (True, lambda value, wanted: value.lower() == wanted.lower()),
    "bool": (False, lambda value, wanted: value.lower() == wanted.lower()),
    "binaryequals": (False, _same_bytes),
    "ipaddress": (False, _in_network),
    "notipaddress": (True, _in_network),
    **_orders("numeric", _number),
    **_orders("date", _moment),
}

#: Operators whose wanted value is a pattern -> (says "not", is about ARNs).
_PATTERNS: Mapping[str, tuple[bool, bool]] = {
    "stringlike": (False, False),
    "stringnotlike": (True, False),
    "arnequals": (False, True),
    "arnlike": (False, True),
    "arnnotequals": (True, True),
    "arnnotlike": (True, True),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key.

    Parameters
    ----------
    operator:
        As the policy writes it, for the explanation.
    key, wanted:
        The key and the values of the policy, one of which is enough.
    """

    operator: str
    key: str
    wanted: tuple[str, ...]
    quantifier: str
    name: str
    if_exists: bool

    def holds(self, context: Context, variables: bool) -> bool:
        """Whether the request meets it."""
        values = context.get(self.key)
        if self.name == "null":
            return any((values is None) == (wanted.lower() == "true") for wanted in self.wanted)
        if self.quantifier == "forallvalues":
            return all(self._one(value, context, variables) for value in values or ())
        if values is None:
            return self.if_exists or (self._negated and not self.quantifier)
        if self._negated and not self.quantifier:
            return all(self._one(value, context, variables) for value in values)
        return any(self._one(value, context, variables) for value in values)

    @property
    def _negated(self) -> bool:
        return (_COMPARE.get(self.name) or _PATTERNS[self.name])[0]

    def _one(self, value: str, context: Context, variables: bool) -> bool:
        """One value of the request against the policy's: any of them, or for "not" none."""
        within = context if variables else None
        pattern = _PATTERNS.get(self.name)
        if pattern is not None:
            negated, arn = pattern
            compare = _same_arn if arn else _like
            return any(compare(value, wanted, within) for wanted in self.wanted) != negated
        negated, plain = _COMPARE[self.name]
        for wanted in self.wanted:
            pieces = tokens(wanted, within)
            if pieces is not None and plain(value, "".join(text for _, text in pieces)):
                return not negated
        return negated


def _like(value: str, wanted: str, context: Context | None) -> bool:
    return matches(wanted, value, context)


def _condition(operator: str, key: str, wanted: tuple[str, ...]) -> Condition:
    quantifier, colon, name = operator.lower().rpartition(":")
    if colon and quantifier not in ("forallvalues", "foranyvalue"):
        raise PolicyError(f"Invalid Condition type : {operator}.")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    if name not in _COMPARE and name not in _PATTERNS and (name != "null" or if_exists):
        raise PolicyError(f"Invalid Condition type : {operator}.")
    return Condition(operator, key, wanted, quantifier, name, if_exists)


def conditions(said: Any) -> tuple[Condition, ...]:
    """The conditions of a ``Condition`` element; all must hold."""
    if not isinstance(said, Mapping):
        raise PolicyError("Syntax errors in policy.")
    found = []
    for operator, keys in said.items():
        if not isinstance(keys, Mapping):
            raise PolicyError("Syntax errors in policy.")
        found += [_condition(operator, key, texts(values)) for key, values in keys.items()]
    return tuple(found)
