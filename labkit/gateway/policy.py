"""May they? AWS's policy evaluation as a pure function: a request and policies in, a verdict out.

Theory of operation
-------------------
A **policy** is a list of statements. A statement *applies* to a request when its action, its
resource, its principal (resource policies only) and every one of its conditions match. Then, in
AWS's order ("Policy evaluation logic" of the IAM user guide):

1. A ``Deny`` that applies, in whichever policy, ends the matter.
2. In one account an ``Allow`` of either side is enough: the resource's policy when it names the
   caller (or everybody), else the identity's policies. A resource policy that names only the
   *account* hands the decision to that account's identity policies.
3. Between accounts both sides must allow.
4. A permissions boundary and a session policy give nothing; they only limit what the identity side
   gives. What a resource policy gives to a user or to a role's session by its own name is not
   limited by them; what it gives to a role is.
5. A role's trust policy (``trust=True``) must allow in any case.
6. Nothing applies: denied, implicitly.

The account's root user needs no identity policy. Services (``AWSService``) have none: for them the
resource's policy decides alone.

Matching follows the reference of policy elements: actions without regard to case, ARNs with regard
to it, ``*`` and ``?`` as wildcards, ``${aws:username}`` replaced by a literal (only in policies of
Version 2012-10-17), an unknown variable without a default making the statement not apply. A
condition on a key that the request does not have is false, except for the operators that say
"not", ``...IfExists`` and ``ForAllValues``.

Everything here is parsed once and can be kept; what a set of action names says about one action is
remembered, since ReadOnlyAccess lists three thousand of them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from labkit.core.call import Principal
from labkit.core.jsontext import parse as parse_json
from labkit.core.verdict import Reason, Verdict

#: The kinds of policy, as AWS's refusals name them.
IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"

#: Names of the rules in a verdict's reasons.
EXPLICIT, IMPLICIT, ALLOW, ROOT, MISS = (
    "explicit deny",
    "implicit deny",
    "allow",
    "root user",
    "no match",
)

Value = str | tuple[str, ...]


class PolicyError(ValueError):
    """A document that is no policy; AWS answers MalformedPolicyDocument to it."""


class Context:
    """The condition keys of a request, whatever their case.

    Parameters
    ----------
    values:
        Key -> value, or several values.
    ask:
        Asked, in lower case, for a key that is not among ``values``; what costs something to find
        out (the tags of a resource) is found out only when a policy looks at it.
    """

    __slots__ = ("_ask", "_values")

    def __init__(
        self, values: Mapping[str, Value] = {}, ask: Callable[[str], Value | None] | None = None
    ) -> None:
        self._values = {key.lower(): value for key, value in values.items()}
        self._ask = ask

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key; None when the request does not have it."""
        key = key.lower()
        value = self._values.get(key)
        if value is None and self._ask is not None:
            value = self._ask(key)
        if value is None:
            return None
        return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    action:
        ``s3:GetObject``.
    resource:
        An ARN; ``*`` when the action knows no resources.
    principal:
        Who asks. For an ``AWSService`` the name is the service's (``sns.amazonaws.com``).
    context:
        The condition keys.
    resource_account:
        Whose the resource is; the caller's own when empty.
    """

    action: str
    resource: str
    principal: Principal
    context: Context = field(default_factory=Context)
    resource_account: str = ""


# -- wildcards and variables ----------------------------------------------------------------------
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _tokens(text: str, context: Context | None) -> list[tuple[bool, str]] | None:
    """(is a pattern, text) pieces; None when a variable has no value. No context: no variables."""
    if context is None or "${" not in text:
        return [(True, text)]
    pieces: list[tuple[bool, str]] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        pieces.append((True, text[at : found.start()]))
        at = found.end()
        name, _, rest = found[1].partition(",")
        name = name.strip()
        if name in ("*", "?", "$"):
            pieces.append((False, name))
            continue
        values = context.get(name)
        if values is not None and len(values) == 1:
            pieces.append((False, values[0]))
        elif rest:
            pieces.append((False, rest.strip().strip("'")))
        else:
            return None
    pieces.append((True, text[at:]))
    return pieces


def _expression(pieces: Sequence[tuple[bool, str]]) -> re.Pattern[str]:
    """The regular expression of a wildcard pattern.

    Each piece between two stars is found at its first place and never given up again (atomic
    groups), so that a pattern of many stars takes no exponential time.
    """
    parts = [""]
    for pattern, text in pieces:
        if not pattern:
            parts[-1] += re.escape(text)
            continue
        for char in text:
            if char == "*":
                parts.append("")
            else:
                parts[-1] += "." if char == "?" else re.escape(char)
    if len(parts) == 1:
        return re.compile(parts[0] + r"\Z", re.DOTALL)
    first, *middle, last = parts
    found = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{found}.*{last}\\Z", re.DOTALL)


@lru_cache(maxsize=8192)
def _plain_expression(text: str) -> re.Pattern[str]:
    return _expression([(True, text)])


def matches(pattern: str, text: str, context: Context | None = None) -> bool:
    """Whether ``text`` is what ``pattern`` says: ``*``, ``?``, and variables with a context."""
    if pattern == "*":
        return True
    if context is None or "${" not in pattern:
        return _plain_expression(pattern).match(text) is not None
    pieces = _tokens(pattern, context)
    return pieces is not None and _expression(pieces).match(text) is not None


class _Names:
    """A list of action patterns, indexed by service, that remembers its answers."""

    __slots__ = ("_answers", "_everywhere", "_exact", "_patterns")

    def __init__(self, names: Sequence[str]) -> None:
        self._exact: set[str] = set()
        self._patterns: dict[str, list[str]] = {}
        self._everywhere: list[str] = []
        self._answers: dict[str, bool] = {}
        for name in names:
            name = name.lower()
            service, colon, rest = name.partition(":")
            if name != "*" and not (colon and service and rest):
                raise PolicyError(f"Actions/Conditions must be prefaced by a vendor: {name!r}")
            if "*" not in name and "?" not in name:
                self._exact.add(name)
            elif "*" in service or "?" in service:
                self._everywhere.append(name)
            else:
                self._patterns.setdefault(service, []).append(name)

    def __contains__(self, action: str) -> bool:
        known = self._answers.get(action)
        if known is None:
            known = self._answers[action] = self._look(action.lower())
        return known

    def _look(self, action: str) -> bool:
        if action in self._exact:
            return True
        patterns = self._patterns.get(action.partition(":")[0], ())
        return any(matches(p, action) for p in (*patterns, *self._everywhere))


# -- conditions -----------------------------------------------------------------------------------
def _same_arn(value: str, wanted: str, context: Context | None) -> bool:
    """Each of the six parts of an ARN is compared by itself; a star does not reach over a colon."""
    pieces = _tokens(wanted, context)
    if pieces is None:
        return False
    # A value from the request may hold wildcards only as letters: they are hidden while splitting.
    literal = "".join(text if pattern else _hide(text) for pattern, text in pieces)
    ours, theirs = literal.split(":", 5), value.split(":", 5)
    if len(ours) != 6 or len(theirs) != 6:
        return False
    return all(
        _expression([(True, one)]).match(_hide(other)) is not None
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
            pieces = _tokens(wanted, within)
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


# -- statements and policies ----------------------------------------------------------------------
#: How closely a statement's principal names the caller, loosest first.
_NOBODY, _ACCOUNT, _ANYBODY, _ROLE, _SELF = range(5)

_ACCOUNT_ID = re.compile(r"\d{12}\Z")


@dataclass(frozen=True, slots=True)
class _Who:
    """The principals that a statement names."""

    aws: tuple[str, ...]
    service: tuple[str, ...]
    federated: tuple[str, ...]

    def closeness(self, principal: Principal) -> int:
        """How closely they name this caller."""
        if principal.kind == "AWSService":
            if principal.name in self.service:
                return _SELF
            return _ANYBODY if "*" in self.aws else _NOBODY
        closest = _NOBODY
        for name in self.aws:
            if name == "*":
                closest = max(closest, _ANYBODY)
            elif name == principal.account or name == f"arn:aws:iam::{principal.account}:root":
                closest = max(closest, _SELF if principal.kind == "Root" else _ACCOUNT)
            elif name == principal.arn or name == principal.principal_id:
                closest = _SELF
            elif principal.issuer_arn and name in (principal.issuer_arn, principal.issuer_id):
                closest = max(closest, _ROLE)
        return closest


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``Statement.misses`` says why it does not apply."""

    sid: str
    allows: bool
    actions: _Names
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    who: _Who | None
    not_who: bool
    conditions: tuple[Condition, ...]
    variables: bool

    def about(self, action: str) -> bool:
        """Whether the statement is about this action."""
        return (action in self.actions) != self.not_actions

    def closeness(self, principal: Principal) -> int:
        """How closely its principal names the caller."""
        if self.who is None:
            return _NOBODY
        found = self.who.closeness(principal)
        if self.not_who:
            return _ANYBODY if found == _NOBODY else _NOBODY
        return found

    def misses(self, request: Request) -> str:
        """Why it does not apply to the request; empty when it does. The principal is left out."""
        if not self.about(request.action):
            return f"it is not about {request.action}"
        context = request.context if self.variables else None
        hit = any(matches(resource, request.resource, context) for resource in self.resources)
        if hit == self.not_resources:
            return f"it is not about {request.resource}"
        for condition in self.conditions:
            if not condition.holds(request.context, self.variables):
                values = request.context.get(condition.key)
                told = "missing" if values is None else ", ".join(values)
                return (
                    f"{condition.operator} {condition.key} {' or '.join(condition.wanted)} does "
                    f"not hold: it is {told}"
                )
        return ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy.

    Parameters
    ----------
    name:
        What a verdict calls it.
    statements:
        In the order of the document.
    """

    name: str
    statements: tuple[Statement, ...]

    @property
    def denies(self) -> bool:
        """Whether it holds any Deny."""
        return any(not statement.allows for statement in self.statements)

    @classmethod
    def parse(cls, name: str, document: str | bytes | Mapping[str, Any]) -> Policy:
        """The policy of a JSON text, or of what such a text says.

        Raises
        ------
        PolicyError
            For what AWS would refuse as malformed.
        """
        if isinstance(document, str | bytes):
            try:
                document = parse_json(document)
            except ValueError as problem:
                raise PolicyError(f"This policy contains invalid Json: {problem}") from None
        if not isinstance(document, Mapping):
            raise PolicyError("Syntax errors in policy.")
        version = document.get("Version", "2008-10-17")
        if version not in ("2008-10-17", "2012-10-17"):
            raise PolicyError(f"Policy version {version!r} is not known.")
        listed = document.get("Statement", [])
        listed = [listed] if isinstance(listed, Mapping) else listed
        if not isinstance(listed, list):
            raise PolicyError("Syntax errors in policy.")
        variables = version == "2012-10-17"
        return cls(name, tuple(_statement(each, variables) for each in listed))


_MEMBERS = frozenset(
    {
        "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal",
        "NotPrincipal", "Condition",
    }
)  # fmt: skip


def _statement(document: Any, variables: bool) -> Statement:
    if not isinstance(document, Mapping) or document.keys() - _MEMBERS:
        raise PolicyError("Syntax errors in policy.")
    effect = document.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Effect must be Allow or Deny, not {effect!r}.")
    actions, not_actions = _either(document, "Action")
    resources, not_resources = _either(document, "Resource", ("*",))
    if "Principal" in document and "NotPrincipal" in document:
        raise PolicyError("A statement has a Principal or a NotPrincipal, not both.")
    said = document.get("Principal", document.get("NotPrincipal"))
    return Statement(
        sid=str(document.get("Sid", "")),
        allows=effect == "Allow",
        actions=_Names(actions),
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        who=None if said is None else _who(said),
        not_who="NotPrincipal" in document,
        conditions=_conditions(document.get("Condition", {})),
        variables=variables,
    )


def _either(
    document: Mapping[str, Any], name: str, default: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], bool]:
    """``Action`` or ``NotAction``: the texts, and whether it is the latter."""
    opposite = f"Not{name}"
    if name in document and opposite in document:
        raise PolicyError(f"A statement has {name} or {opposite}, not both.")
    if name not in document and opposite not in document:
        # A trust policy names no resource: it is the role's own. Actions are always named.
        if not default:
            raise PolicyError(f"A statement needs {name} or {opposite}.")
        return default, False
    return _texts(document.get(name, document.get(opposite))), opposite in document


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_text(each) for each in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicyError("Syntax errors in policy.")


def _who(said: Any) -> _Who:
    if said == "*":
        return _Who(("*",), (), ())
    if not isinstance(said, Mapping) or said.keys() - {
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
    }:
        raise PolicyError("Invalid principal in policy.")
    names = {kind: _texts(values) for kind, values in said.items()}
    for name in names.get("AWS", ()):
        whole = name == "*" or "*" not in name
        if not whole or not (name == "*" or name.startswith(("arn:", "A")) or _account(name)):
            raise PolicyError(f'Invalid principal in policy: "AWS":"{name}"')
    return _Who(names.get("AWS", ()), names.get("Service", ()), names.get("Federated", ()))


def _account(name: str) -> bool:
    return _ACCOUNT_ID.match(name) is not None


def _conditions(said: Any) -> tuple[Condition, ...]:
    if not isinstance(said, Mapping):
        raise PolicyError("Syntax errors in policy.")
    found = []
    for operator, keys in said.items():
        if not isinstance(keys, Mapping):
            raise PolicyError("Syntax errors in policy.")
        found += [_condition(operator, key, _texts(values)) for key, values in keys.items()]
    return tuple(found)


# -- the decision ---------------------------------------------------------------------------------
def _reason(rule: str, kind: str, policy: Policy, place: int, request: Request) -> Reason:
    statement = policy.statements[place]
    told = f"statement {statement.sid or place + 1} of {policy.name}"
    does = "allows" if rule == ALLOW else "denies"
    return Reason(
        rule,
        f"{told} ({kind}) {does} {request.action} on {request.resource}",
        {"type": kind, "policy": policy.name, "sid": statement.sid},
    )


def _applying(
    kind: str, policies: Sequence[Policy], request: Request, allows: bool
) -> Iterator[tuple[int, Policy, int]]:
    """(closeness, policy, place) of the statements that apply.

    Only a resource's policy names its principals; there, a statement without any is for nobody.
    """
    for policy in policies:
        for place, statement in enumerate(policy.statements):
            if statement.allows != allows or not statement.about(request.action):
                continue
            close = statement.closeness(request.principal) if kind == RESOURCE else _SELF
            if close != _NOBODY and not statement.misses(request):
                yield close, policy, place


def decide(
    request: Request,
    identity_policies: Sequence[Policy],
    resource_policy: Policy | None = None,
    boundary: Policy | None = None,
    *,
    session: Policy | None = None,
    trust: bool = False,
) -> Verdict[bool]:
    """Whether a request is allowed, and which statements say so.

    Parameters
    ----------
    request:
        Who wants to do what to which resource, and the condition keys.
    identity_policies:
        Of the user (the groups' among them) or of the role.
    resource_policy:
        Of the resource, if it has one.
    boundary:
        The permissions boundary of the user or role.
    session:
        The policy with which a session was begun.
    trust:
        Whether the resource policy must allow even in one account: a role's trust policy.

    Returns
    -------
    Verdict
        Reasons name policy and Sid; the first one decided. An implicit deny names the kind of
        policy that should have allowed (``inputs["type"]``), and then the statements about this
        action that came near, with what they missed.
    """
    layers: tuple[tuple[str, Sequence[Policy]], ...] = (
        (IDENTITY, identity_policies),
        (RESOURCE, () if resource_policy is None else (resource_policy,)),
        (BOUNDARY, () if boundary is None else (boundary,)),
        (SESSION, () if session is None else (session,)),
    )
    for kind, policies in layers:
        for _, policy, place in _applying(kind, policies, request, allows=False):
            return Verdict(False, (_reason(EXPLICIT, kind, policy, place, request),))

    who = request.principal
    same_account = request.resource_account in ("", who.account)
    close, given = _NOBODY, None
    for found, policy, place in _applying(*layers[1], request, allows=True):
        if found > close:
            close, given = found, _reason(ALLOW, RESOURCE, policy, place, request)

    if who.kind == "AWSService":
        # A service has no policies of its own; what it may do is said by whom it does it to.
        return _denied(RESOURCE, request, layers) if given is None else Verdict(True, (given,))
    if trust and given is None:
        return _denied(RESOURCE, request, layers)

    limits = layers[2:]
    if same_account and given is not None and close != _ACCOUNT:
        # By the user's or session's own name it is not limited by boundary or session policy.
        by_itself = close == _SELF or who.kind == "IAMUser"
        short = None if by_itself else _limited(request, limits)
        return Verdict(True, (given,)) if short is None else _denied(short, request, layers)

    reasons: list[Reason] = []
    if who.kind == "Root":
        reasons.append(Reason(ROOT, f"{who.arn} may do everything in its account"))
    else:
        first = next(_applying(*layers[0], request, allows=True), None)
        if first is None:
            return _denied(IDENTITY, request, layers)
        reasons.append(_reason(ALLOW, IDENTITY, first[1], first[2], request))
        short = _limited(request, limits)
        if short is not None:
            return _denied(short, request, layers)
    if given is not None:
        reasons.append(given)
    elif not same_account:
        return _denied(RESOURCE, request, layers)
    return Verdict(True, tuple(reasons))


def _limited(request: Request, limits: Sequence[tuple[str, Sequence[Policy]]]) -> str | None:
    """The kind of policy among boundary and session that is there and does not allow."""
    for kind, policies in limits:
        if policies and next(_applying(kind, policies, request, allows=True), None) is None:
            return kind
    return None


def _denied(
    kind: str, request: Request, layers: Sequence[tuple[str, Sequence[Policy]]]
) -> Verdict[bool]:
    reasons = [Reason(IMPLICIT, f"no {kind} allows {request.action}", {"type": kind})]
    for layer, policies in layers:
        if layer != kind:
            continue
        for policy in policies:
            for place, statement in enumerate(policy.statements):
                if not statement.allows or not statement.about(request.action):
                    continue
                missed = statement.misses(request)
                if kind == RESOURCE and statement.closeness(request.principal) == _NOBODY:
                    missed = f"it does not name {request.principal.arn or request.principal.name}"
                if missed:
                    told = f"statement {statement.sid or place + 1} of {policy.name}: {missed}"
                    reasons.append(
                        Reason(
                            MISS,
                            told,
                            {"type": layer, "policy": policy.name, "sid": statement.sid},
                        )
                    )
    return Verdict(False, tuple(reasons))


#: What the learner has: everything.
ADMINISTRATOR = Policy.parse(
    "AdministratorAccess",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
)
