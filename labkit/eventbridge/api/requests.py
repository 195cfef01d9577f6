"""What EventBridge's requests share: buses by name or ARN, rules, pages, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.eventbridge.records import DEFAULT_BUS, Bus, Rule
from labkit.eventbridge.store import Store

if TYPE_CHECKING:
    from labkit.eventbridge.service import EventBridge

T = TypeVar("T")


def parts(call: Call) -> tuple[Store, EventBridge]:
    """The store that a call is about, and the service around it."""
    store: Store = call.store
    return store, store.service


def invalid(message: str) -> AwsError:
    """A parameter is refused."""
    return AwsError("ValidationException", message)


def missing(message: str) -> AwsError:
    """What the call is about is not there."""
    return AwsError("ResourceNotFoundException", message)


def taken(message: str) -> AwsError:
    """The name is another's already."""
    return AwsError("ResourceAlreadyExistsException", message)


def too_many() -> AwsError:
    """A limit is reached."""
    return AwsError(
        "LimitExceededException", "The requested resource exceeds the maximum number allowed."
    )


def moment(us: int) -> datetime:
    """An instant as answers tell it, to the second."""
    return to_datetime(us - us % SECOND)


def shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is empty."""
    return {name: value for name, value in found.items() if value not in ("", None, {})}


def bus_of(call: Call, name: str | None) -> tuple[Store, Bus]:
    """A bus by its name or ARN (another account's, too) and the store that holds it.

    Raises
    ------
    AwsError
        ResourceNotFoundException when there is none.
    """
    store, service = parts(call)
    name = name or DEFAULT_BUS
    if name.startswith("arn:"):
        _, _, _, region, account, resource = name.split(":", 5)
        store, name = service.store(account, region), resource.removeprefix("event-bus/")
    bus = store.buses.get(name)
    if bus is None:
        raise missing(f"Event bus {name} does not exist.")
    return store, bus


def rule_of(call: Call, name: str, bus_name: str | None) -> tuple[Store, Rule]:
    """A rule by its name and its bus's.

    Raises
    ------
    AwsError
        ResourceNotFoundException when there is none.
    """
    store, bus = bus_of(call, bus_name)
    rule = bus.rules.get(name)
    if rule is None:
        raise missing(f"Rule {name} does not exist on EventBus {bus.name}.")
    return store, rule


def not_managed(rule: Rule, force: bool = False) -> None:
    """Refuse to change a rule that a service made for itself.

    Raises
    ------
    AwsError
        ManagedRuleException.
    """
    if rule.managed_by and not force:
        raise AwsError(
            "ManagedRuleException",
            f"Rule {rule.name} is managed by {rule.managed_by}: it can't be changed.",
        )


def tags_of(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def page(
    items: Sequence[T], limit: int | None, token: str | None, default: int = 100
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more.

    Raises
    ------
    AwsError
        ValidationException for a token that is none.
    """
    return page_of(
        items,
        limit or default,
        token,
        invalid("Invalid next token: give back the one of the answer before."),
    )
