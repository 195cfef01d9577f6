"""What the requests of CloudWatch Logs share: errors, pages, groups by name or ARN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.logs.records import LogGroup, LogStream
from labkit.logs.service import Logs
from labkit.logs.store import LogStore, no_group, no_stream

T = TypeVar("T")

#: What deleting a protected group answers (user guide, protecting-log-groups-from-deletion).
PROTECTED = (
    "Cannot delete log {} with deletion protection enabled. Disable deletion protection first."
)
#: What a source account shares by a link so that its log groups are seen (OAM).
LINKED_KIND = "AWS::Logs::LogGroup"


def invalid(message: str) -> AwsError:
    """InvalidParameterException."""
    return AwsError("InvalidParameterException", message)


def invalid_state(message: str) -> AwsError:
    """InvalidOperationException."""
    return AwsError("InvalidOperationException", message)


def validation(message: str) -> AwsError:
    """ValidationException, which the newer operations answer."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """ResourceNotFoundException."""
    return AwsError("ResourceNotFoundException", message)


def exists(message: str) -> AwsError:
    """ResourceAlreadyExistsException."""
    return AwsError("ResourceAlreadyExistsException", message)


def too_many() -> AwsError:
    """LimitExceededException, with AWS's text."""
    return AwsError("LimitExceededException", "Resource limit exceeded.")


def missing_name(what: str) -> AwsError:
    """Nothing says which group is meant."""
    return invalid(f"Either {what} is needed.")


def service_of(call: Call) -> Logs:
    """The Logs service of the call's lab."""
    store: LogStore = call.store
    return store.service


def name_of(call: Call, identifier: str) -> tuple[str, str]:
    """Account and name of a group out of its name or ARN (with or without ``:*`` at the end)."""
    if not identifier.startswith("arn:"):
        return call.account, identifier
    parts = identifier.removesuffix(":*").split(":", 6)
    if len(parts) < 7 or parts[2] != "logs" or parts[5] != "log-group":
        raise invalid(f"The ARN {identifier} is not that of a log group.")
    if parts[3] != call.region:
        raise invalid(f"The ARN {identifier} is of another Region than {call.region}.")
    return parts[4], parts[6]


def demand(call: Call, action: str, arn: str) -> None:
    """Ask for a permission beside that of the operation itself.

    Raises
    ------
    AwsError
        AccessDeniedException, when the caller has not got it.
    """
    if not call.ports.allowed(call.principal, action, arn):
        raise AwsError(
            "AccessDeniedException",
            f"User: {call.principal.arn} is not authorized to perform: {action} on resource: "
            f"{arn} because no identity-based policy allows the {action} action",
        )


def group_of(call: Call, name: str | None = None, identifier: str | None = None) -> LogGroup:
    """The group that a request names, by ``logGroupName`` or ``logGroupIdentifier``.

    Raises
    ------
    AwsError
        When both are given, neither is, or there is no such group.
    """
    if name and identifier:
        raise validation("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    given = name or identifier
    if not given:
        raise missing_name("logGroupName or logGroupIdentifier")
    account, group = name_of(call, given)
    if len(group) > 512:
        raise invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
        )
    store: LogStore = call.store
    if account != call.account:
        # Another account's group is seen by a monitoring account, through a link of OAM's.
        linked = call.ports.linked_accounts(call.account, call.region, LINKED_KIND)
        if not any(one.account == account and one.shares(group) for one in linked):
            raise no_group(group)
        store = store.service.store(account, call.region)
    found = store.find(group)
    if found is None:
        raise no_group(group)
    return found


def stream_of(group: LogGroup, name: str) -> LogStream:
    """A stream of a group by its name."""
    found = group.streams.get(name)
    if found is None:
        raise no_stream()
    return found


def page(
    items: Sequence[T], size: int | None, token: str | None, most: int = 50, usual: int = 0
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"nextToken": ...}`` when there are more.

    ``most``: how long a page can be; ``usual``: how long it is when nobody says, if not ``most``.
    """
    return page_of(
        items,
        min(size or usual or most, most),
        token,
        invalid("The specified nextToken is invalid."),
        "nextToken",
    )


def shown(members: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is not there."""
    return {name: value for name, value in members.items() if value is not None}
