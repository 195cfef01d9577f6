"""Statements and policies: parsed once from the document, then asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.call import Principal
from labkit.core.jsontext import parse as parse_json
from labkit.gateway.policy.conditions import Condition, conditions
from labkit.gateway.policy.principals import ANYBODY, NOBODY, Who, who
from labkit.gateway.policy.values import PolicyError, Request, texts
from labkit.gateway.policy.wildcards import Names, matches


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``Statement.misses`` says why it does not apply."""

    sid: str
    allows: bool
    actions: Names
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    who: Who | None
    not_who: bool
    conditions: tuple[Condition, ...]
    variables: bool

    def about(self, action: str) -> bool:
        """Whether the statement is about this action."""
        return (action in self.actions) != self.not_actions

    def closeness(self, principal: Principal) -> int:
        """How closely its principal names the caller."""
        if self.who is None:
            return NOBODY
        found = self.who.closeness(principal)
        if self.not_who:
            return ANYBODY if found == NOBODY else NOBODY
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
        actions=Names(actions),
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        who=None if said is None else who(said),
        not_who="NotPrincipal" in document,
        conditions=conditions(document.get("Condition", {})),
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
    return texts(document.get(name, document.get(opposite))), opposite in document


#: What the learner has: everything.
ADMINISTRATOR = Policy.parse(
    "AdministratorAccess",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
)
