"""Principals: how closely a statement of a resource's policy names the caller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.call import Principal
from labkit.gateway.policy.values import PolicyError, texts

#: How closely a statement's principal names the caller, loosest first.
NOBODY, ACCOUNT, ANYBODY, ROLE, SELF = range(5)

_ACCOUNT_ID = re.compile(r"\d{12}\Z")


@dataclass(frozen=True, slots=True)
class Who:
    """The principals that a statement names."""

    aws: tuple[str, ...]
    service: tuple[str, ...]
    federated: tuple[str, ...]

    def closeness(self, principal: Principal) -> int:
        """How closely they name this caller."""
        if principal.kind == "AWSService":
            if principal.name in self.service:
                return SELF
            return ANYBODY if "*" in self.aws else NOBODY
        closest = NOBODY
        for name in self.aws:
            if name == "*":
                closest = max(closest, ANYBODY)
            elif name == principal.account or name == f"arn:aws:iam::{principal.account}:root":
                closest = max(closest, SELF if principal.kind == "Root" else ACCOUNT)
            elif name == principal.arn or name == principal.principal_id:
                closest = SELF
            elif principal.issuer_arn and name in (principal.issuer_arn, principal.issuer_id):
                closest = max(closest, ROLE)
        return closest


def who(said: Any) -> Who:
    """The principals of a ``Principal`` or ``NotPrincipal`` element."""
    if said == "*":
        return Who(("*",), (), ())
    if not isinstance(said, Mapping) or said.keys() - {
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
    }:
        raise PolicyError("Invalid principal in policy.")
    names = {kind: texts(values) for kind, values in said.items()}
    for name in names.get("AWS", ()):
        whole = name == "*" or "*" not in name
        if not whole or not (name == "*" or name.startswith(("arn:", "A")) or _account(name)):
            raise PolicyError(f'Invalid principal in policy: "AWS":"{name}"')
    return Who(names.get("AWS", ()), names.get("Service", ()), names.get("Federated", ()))


def _account(name: str) -> bool:
    return _ACCOUNT_ID.match(name) is not None
