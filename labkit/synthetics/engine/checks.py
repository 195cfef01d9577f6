"""Multi checks: up to ten HTTP, DNS, TLS and TCP checks in one run, from a JSON configuration.

The configuration's rules and the assertions, as values: what is asserted of a response is decided
here, how one comes by a response in ``runner/checking.py``. Names and rules are those of the user
guide's page "Writing a JSON configuration for Node.js multi Checks blueprint".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.synthetics.engine import json_path


class BadChecks(Exception):
    """A configuration that can't be; the message names the place."""


class CheckFailed(Exception):
    """What was asserted does not hold; the message says what was found."""


#: Kind of check -> what it needs.
NEEDS = {
    "HTTP": ("url", "httpMethod"),
    "DNS": ("domain",),
    "SSL": ("hostname",),
    "TCP": ("hostname", "port"),
}
#: Kind of check -> what it may have besides.
MAY = {
    "HTTP": ("timeout", "waitTime", "headers", "body", "authentication", "Authentication"),
    "DNS": ("recordType", "nameserver", "timeout", "port", "protocol"),
    "SSL": ("port", "timeout", "sni", "verifyHostname", "allowSelfSigned"),
    "TCP": (
        "timeout", "connectionTimeout", "readTimeout", "sendData", "expectedResponse", "encoding",
    ),
}  # fmt: skip
_ALL = ("stepName", "checkerType", "extractors", "assertions")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
RECORDS = ("A", "CNAME", "MX", "TXT", "NS")
_NUMBERS = ("EQUALS", "NOT_EQUALS", "GREATER_THAN", "LESS_THAN", "IN_RANGE")
_TEXTS = (
    "EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "REGEX_MATCH", "STARTS_WITH", "ENDS_WITH",
)  # fmt: skip

#: Kind of check -> type of assertion -> its operators.
ASSERTIONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "HTTP": {
        "STATUS_CODE": _NUMBERS,
        "RESPONSE_TIME": ("LESS_THAN", "GREATER_THAN", "EQUALS"),
        "HEADER": (*_TEXTS[:5], "EXIST"),
        "BODY": (*_TEXTS[:4], "EXISTS"),
    },
    "DNS": {
        "RECORD_VALUE": _TEXTS[:5],
        "RECORD_COUNT": ("EQUALS", "GREATER_THAN", "LESS_THAN"),
        "AUTHORITATIVE": (),
        "TTL": ("EQUALS", "GREATER_THAN", "LESS_THAN"),
    },
    "SSL": {
        "CERTIFICATE_EXPIRY": ("GREATER_THAN", "LESS_THAN"),
        "CERTIFICATE_SUBJECT": ("CONTAINS", "EQUALS", "REGEX_MATCH"),
        "CERTIFICATE_ISSUER": ("CONTAINS", "EQUALS"),
    },
    "TCP": {
        "CONNECTION_SUCCESSFUL": (),
        "RESPONSE_DATA": ("CONTAINS", "EQUALS", "NOT_CONTAINS", *_TEXTS[4:]),
    },
}

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}")
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
_USED = re.compile(r"\$\{([^}]+)\}")


def validate(config: Any) -> list[dict[str, Any]]:
    """The steps of a configuration in their order.

    Raises
    ------
    BadChecks
        For one that breaks a rule.
    """
    _want(isinstance(config, Mapping), "the configuration is a JSON object")
    unknown = sorted(set(config) - {"globalSettings", "variables", "steps"})
    _want(not unknown, f"the configuration has no {', '.join(unknown)}")
    variables, globals_ = config.get("variables") or {}, config.get("globalSettings") or {}
    _want(isinstance(variables, Mapping), "variables is a JSON object")
    _want(isinstance(globals_, Mapping), "globalSettings is a JSON object")
    _want(len(variables) <= 10, "there are at most 10 variables")
    for name in variables:
        _want(_VARIABLE.fullmatch(name) is not None, f"{name!r} can't be a variable's name")
    timeout = globals_.get("stepTimeout", 30_000)
    _within(timeout, 1_000, 300_000, "globalSettings.stepTimeout")
    steps = config.get("steps")
    _want(isinstance(steps, Mapping) and bool(steps), "there is at least one step")
    _want(len(steps) <= 10, "there are at most 10 steps")
    for key in steps:
        _want(
            re.fullmatch(r"[1-9]|10", key) is not None, f"steps are numbered 1 to 10, not {key!r}"
        )
    ordered = [steps[key] for key in sorted(steps, key=int)]
    names: set[str] = set()
    for step in ordered:
        _step(step)
        _want(step["stepName"] not in names, f"there are two steps {step['stepName']!r}")
        names.add(step["stepName"])
    return [dict(step) for step in ordered]


def _step(step: Any) -> None:
    _want(isinstance(step, Mapping), "a step is a JSON object")
    name = step.get("stepName", "")
    _want(isinstance(name, str) and _NAME.fullmatch(name) is not None, f"no stepName: {name!r}")
    kind = step.get("checkerType")
    _want(
        isinstance(kind, str) and kind in NEEDS,
        f"{name}: checkerType is one of {', '.join(NEEDS)}, not {kind!r}",
    )
    for needed in NEEDS[kind]:
        _want(needed in step, f"{name}: a check of {kind} needs {needed}")
    for plain in ("url", "domain", "hostname", "httpMethod"):
        _want(isinstance(step.get(plain, ""), str), f"{name}: {plain} is a text")
    for several in ("assertions", "extractors"):
        listed = isinstance(step.get(several) or [], list)
        _want(listed, f"{name}: {several} is a list")
    unknown = sorted(set(step) - {*_ALL, *NEEDS[kind], *MAY[kind]})
    _want(not unknown, f"{name}: a check of {kind} has no {', '.join(unknown)}")
    if kind == "HTTP":
        _want(step["httpMethod"] in METHODS, f"{name}: no httpMethod: {step['httpMethod']!r}")
    if kind == "DNS":
        record = step.get("recordType", "A")
        _want(record in RECORDS, f"{name}: recordType is one of {', '.join(RECORDS)}")
    if "port" in step and not _USED.search(str(step["port"])):
        _within(step["port"], 1, 65_535, f"{name}: port")
    for number, one in enumerate(step.get("assertions") or [], 1):
        _assertion(one, kind, f"{name}, assertion {number}")
    for one in step.get("extractors") or []:
        good = isinstance(one, Mapping) and _VARIABLE.fullmatch(str(one.get("name", "")))
        _want(
            bool(good) and one.get("type") == "BODY", f"{name}: an extractor has a name, type BODY"
        )


def _assertion(one: Any, kind: str, where: str) -> None:
    _want(isinstance(one, Mapping), f"{where} is a JSON object")
    known = ASSERTIONS[kind]
    _want(
        isinstance(one.get("type"), str) and one["type"] in known,
        f"{where}: type is one of {', '.join(known)}",
    )
    operators = known[one["type"]]
    if operators:
        wanted = ", ".join(operators)
        _want(one.get("operator") in operators, f"{where}: operator is one of {wanted}")
    if one.get("operator") == "IN_RANGE":
        _want("rangeMin" in one and "rangeMax" in one, f"{where}: wants rangeMin and rangeMax")
    else:
        _want("value" in one or one.get("operator") == "EXIST", f"{where}: wants a value")


def _want(good: bool, otherwise: str) -> None:
    if not good:
        raise BadChecks(otherwise)


def _within(value: Any, least: int, most: int, what: str) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    _want(good, f"{what} is a whole number from {least} to {most}, not {value!r}")


def fill(
    value: Any, variables: Mapping[str, str], secret: Callable[[str], str] | None = None
) -> Any:
    """A value with each ``${name}`` in its texts replaced.

    Parameters
    ----------
    value:
        Of a configuration.
    variables:
        Name -> text, which may itself hold a ``${AWS_SECRET:name}``.
    secret:
        Reads a secret (``name`` or ``name:key``); None when there are none.

    Raises
    ------
    BadChecks
        For a variable that there is not.
    """
    if isinstance(value, str):
        return _USED.sub(lambda found: _known(found.group(1), variables, secret), value)
    if isinstance(value, Mapping):
        return {name: fill(one, variables, secret) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one, variables, secret) for one in value]
    return value


def _known(name: str, variables: Mapping[str, str], secret: Callable[[str], str] | None) -> str:
    kind, _, rest = name.partition(":")
    if kind.upper() == "AWS_SECRET":
        if secret is None:
            raise BadChecks(f"${{{name}}}: there are no secrets here")
        return secret(rest)
    if name not in variables:
        raise BadChecks(f"${{{name}}}: there is no such variable")
    return _USED.sub(
        lambda found: (
            _known(found.group(1), {}, secret)
            if found.group(1).upper().startswith("AWS_SECRET:")
            else found.group(0)
        ),
        str(variables[name]),
    )


def number(what: str, found: float, one: Mapping[str, Any]) -> None:
    """Hold a number against an assertion.

    Raises
    ------
    CheckFailed
        When it does not hold.
    """
    operator, wanted = one["operator"], one.get("value")
    if operator == "IN_RANGE":
        good = float(one["rangeMin"]) <= found <= float(one["rangeMax"])
        told = f"from {one['rangeMin']} to {one['rangeMax']}"
    else:
        than = float(wanted)  # type: ignore[arg-type]
        good = {
            "EQUALS": found == than, "NOT_EQUALS": found != than,
            "GREATER_THAN": found > than, "LESS_THAN": found < than,
        }[operator]  # fmt: skip
        told = f"{_said(operator)} {wanted}"
    if not good:
        raise CheckFailed(f"{what} is {found:g}, not {told}")


def text(what: str, found: str, one: Mapping[str, Any]) -> None:
    """Hold a text against an assertion.

    Raises
    ------
    CheckFailed
        When it does not hold.
    """
    operator, wanted = one["operator"], str(one.get("value", ""))
    tests: dict[str, Callable[[], bool]] = {
        "EQUALS": lambda: found == wanted,
        "NOT_EQUALS": lambda: found != wanted,
        "CONTAINS": lambda: wanted in found,
        "NOT_CONTAINS": lambda: wanted not in found,
        "REGEX_MATCH": lambda: re.search(wanted, found) is not None,
        "STARTS_WITH": lambda: found.startswith(wanted),
        "ENDS_WITH": lambda: found.endswith(wanted),
    }
    if not tests[operator]():
        raise CheckFailed(f"{what} is {found[:120]!r}, which fails {_said(operator)} {wanted!r}")


def truth(what: str, found: bool, one: Mapping[str, Any]) -> None:
    """Hold a yes or no against an assertion.

    Raises
    ------
    CheckFailed
        When it does not hold.
    """
    wanted = bool(one.get("value", True))
    if found is not wanted:
        raise CheckFailed(f"{what} is {str(found).lower()}, not {str(wanted).lower()}")


def body(answer: bytes, one: Mapping[str, Any]) -> None:
    """Hold a response's body against a BODY assertion.

    Raises
    ------
    CheckFailed
        When it does not hold, or is no JSON where JSON is asked for.
    """
    plain = answer.decode("utf-8", "replace")
    if one.get("target", "JSON") == "TEXT":
        if one["operator"] == "EXISTS":
            truth("whether there is a body", bool(plain), one)
        else:
            text("the body", plain, one)
        return
    path = str(one.get("path", "$"))
    there, found = at_path(plain, path)
    if one["operator"] == "EXISTS":
        truth(f"whether {path} is there", there, one)
        return
    if not there:
        raise CheckFailed(f"{path} is not in the body: {plain[:120]!r}")
    text(path, found if isinstance(found, str) else json.dumps(found), one)


def at_path(plain: str, path: str) -> tuple[bool, Any]:
    """Whether a JSON text has something at a JSONPath, and what: the first of several.

    Raises
    ------
    CheckFailed
        When the text is no JSON, or the path none.
    """
    try:
        value: Any = json.loads(plain)
    except ValueError:
        raise CheckFailed(f"the body is no JSON: {plain[:120]!r}") from None
    try:
        found = json_path.find(value, path)
    except json_path.BadPath as problem:
        raise CheckFailed(str(problem)) from None
    return bool(found), found[0] if found else None


def _said(operator: str) -> str:
    return operator.lower().replace("_", " ")
