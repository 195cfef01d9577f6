"""What a decision looks at: a request, its condition keys, and the error of a bad document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.call import Principal

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


def texts(value: Any) -> tuple[str, ...]:
    """One text or several, as a policy may write either; numbers and booleans become texts."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_text(each) for each in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicyError("Syntax errors in policy.")
