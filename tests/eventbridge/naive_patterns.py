"""The pattern language again, by brute force: every choice of fields, regular expressions, sets.

Slow and short, written from the documentation without a look at the engine; the engine is compared
with it on random patterns and events.
"""

import ipaddress
import itertools
import re


def combinations(pattern, path=()):
    """Every plain AND that a pattern (parsed) stands for: [{path: alternatives}]."""
    made = [{}]
    for key, value in pattern.items():
        if key == "$or" and isinstance(value, list) and len(value) >= 2:
            below = [one for branch in value for one in combinations(branch, path)]
        elif isinstance(value, dict):
            below = combinations(value, (*path, key))
        else:
            below = [{".".join((*path, key)): value}]
        made = [{**one, **other} for one in made for other in below]
    return made


def fields(value, path=(), lists=(), place=()):
    """(path, value, {place of a list: element})."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from fields(one, (*path, key), lists, (*place, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            nested = isinstance(one, dict | list)
            inside = (*lists, (place, number)) if nested else lists
            yield from fields(one, path, inside, (*place, number))
    else:
        yield ".".join(path), value, dict(lists)


def agree(memberships):
    """Whether no list is counted to two elements."""
    seen = {}
    return all(
        seen.setdefault(where, number) == number
        for one in memberships
        for where, number in one.items()
    )


def matches(pattern, event):
    found = list(fields(event))
    return any(holds(sorted(one.items()), found) for one in combinations(pattern))


def holds(leaves, found):
    options = [
        [("field", one) for one in found if one[0] == path] + [("absent", None)]
        for path, _ in leaves
    ]
    return any(valid(leaves, choice, found) for choice in itertools.product(*options))


def valid(leaves, choice, found):
    so_far = []
    for (path, wanted), (what, field) in zip(leaves, choice, strict=True):
        if what == "absent":
            there = any(one[0] == path and agree([*so_far, one[2]]) for one in found)
            if there or {"exists": False} not in wanted:
                return False
            continue
        if not any(operator(one, field[1]) for one in wanted):
            return False
        so_far.append(field[2])
        if not agree(so_far):
            return False
    return True


def typed(value):
    return (type(value) in (int, float), isinstance(value, bool), value)


def operator(wanted, value):
    if not isinstance(wanted, dict):
        return typed(wanted) == typed(value)
    ((name, argument),) = wanted.items()
    return OPERATORS[name](argument, value)


def text(form, value, **flags):
    return isinstance(value, str) and re.fullmatch(form, value, re.DOTALL | flags.get("how", 0))


def affix(before, after):
    def test(argument, value):
        if isinstance(argument, dict):
            form = before + re.escape(argument["equals-ignore-case"]) + after
            return bool(text(form, value, how=re.IGNORECASE))
        return bool(text(before + re.escape(argument) + after, value))

    return test


def anything_but(argument, value):
    if isinstance(argument, dict):
        ((name, inside),) = argument.items()
        inside = inside if isinstance(inside, list) else [inside]
        return not any(OPERATORS[name](one, value) for one in inside)
    return not any(
        typed(one) == typed(value)
        for one in (argument if isinstance(argument, list) else [argument])
    )


def numeric(argument, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    signs = {"=": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(getattr(float(value), signs[sign])(float(bound)) for sign, bound in pairs)


def cidr(argument, value):
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
    except (ValueError, TypeError):
        return False


def wildcard(argument, value):
    form = "".join(
        ".*" if piece == "*" else re.escape(piece[-1]) for piece in re.findall(r"\\.|.", argument)
    )
    return bool(text(form, value))


OPERATORS = {
    "exists": lambda argument, value: argument,
    "prefix": affix("", ".*"),
    "suffix": affix(".*", ""),
    "equals-ignore-case": lambda a, v: bool(text(re.escape(a), v, how=re.IGNORECASE)),
    "wildcard": wildcard,
    "numeric": numeric,
    "cidr": lambda a, v: isinstance(v, str) and cidr(a, v),
    "anything-but": anything_but,
}
