"""KMS keys of log groups: from which event on which key encrypts.

A key counts for what comes after it was associated. What came before stays under the key of its own
time, or under AWS's; so a disabled key hides exactly the events that it encrypted, and they are
there again when it is enabled.

The key's own policy has to let the service in: ``logs.<region>.amazonaws.com``, for a context whose
``aws:logs:arn`` is the group's. The policy that KMS gives a new key does not, and that is refused
with a code of its own.

Source: user guide, encrypt-log-data-kms.
"""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, missing_name
from labkit.logs.records import LogGroup
from labkit.logs.store import LogStore

#: Where the key of the results of queries is kept, which is the account's.
RESULTS = "query_results_key"


#: What Logs does with a key.
ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
CONTEXT = "kms:EncryptionContext:aws:logs:arn"


def usable_key(call: Call, key: str, arn: str) -> str:
    """A KMS key's ARN, when Logs may use it.

    Parameters
    ----------
    call, key:
        Who asks, and for which key.
    arn:
        Of the log group or the results that it is to encrypt.

    Raises
    ------
    AwsError
        InvalidParameterException for what is no ARN, and for a key that is missing or disabled;
        AccessDeniedException when the key's policy does not let Logs in.
    """
    parts = key.split(":", 5)
    if len(parts) != 6 or parts[2] != "kms" or not parts[5].startswith(("key/", "alias/")):
        raise invalid(f"The KMS key {key} must be given by its ARN.")
    if parts[3] != call.region or not call.ports.key_usable(key, parts[4], parts[3]).value:
        raise invalid(
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        )
    if not _let_in(call, key, arn, call.region):
        raise AwsError(
            "AccessDeniedException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'",
        )
    return key


def _let_in(call: Call, key: str, arn: str, region: str) -> bool:
    """Whether the key's policy lets the service use it for this group."""
    service = f"logs.{region}.amazonaws.com"
    return all(
        call.ports.allowed(service, action, key, context={CONTEXT: arn}) for action in ACTIONS
    )


def encrypt(group: LogGroup, key: str) -> None:
    """Encrypt what comes from now on with a key; AWS's own when it is empty."""
    group.kms_key = key
    group.key_spans.append((group.events.next_seq, key))


def check_readable(call: Call, group: LogGroup) -> None:
    """Refuse to read a group some of whose events are under a key that can't be used now.

    Raises
    ------
    AwsError
        InvalidParameterException.
    """
    if not group.key_spans:
        return
    ends = [*(first for first, _ in group.key_spans[1:]), group.events.next_seq]
    for (first, key), end in zip(group.key_spans, ends, strict=True):
        if not key or first == end:
            continue
        verdict = call.ports.key_usable(key, group.account, group.region)
        if not verdict.value:
            raise invalid(
                f"The log events of {group.name} are encrypted with a KMS key that can't be used: "
                f"{verdict.because[0].text}."
            )
        if not _let_in(call, key, group.arn, group.region):
            raise invalid(
                f"The log events of {group.name} are encrypted with a KMS key that can't be used: "
                f"the policy of {key} does not let logs.{group.region}.amazonaws.com decrypt."
            )


def _target(
    call: Call, name: str | None, identifier: str | None
) -> tuple[LogGroup | None, dict[str, Any]]:
    """The group that is meant, or None for the results of queries; and the account's table."""
    store: LogStore = call.store
    if not name and not identifier:
        raise missing_name("logGroupName or resourceIdentifier")
    if identifier and identifier.endswith(":query-result:*"):
        if name:
            raise invalid("logGroupName and resourceIdentifier are mutually exclusive parameters.")
        return None, store.of(RESULTS)
    return group_of(call, name, identifier), {}


def associate_kms_key(
    call: Call,
    /,
    *,
    kmsKeyId: str,
    logGroupName: str | None = None,
    resourceIdentifier: str | None = None,
) -> dict[str, Any]:
    """Encrypt what comes into a group from now on, or the account's results of queries."""
    group, table = _target(call, logGroupName, resourceIdentifier)
    results = f"arn:aws:logs:{call.region}:{call.account}:query-result:*"
    key = usable_key(call, kmsKeyId, group.arn if group else results)
    if group is None:
        table["key"] = key
    else:
        encrypt(group, key)
    return {}


def disassociate_kms_key(
    call: Call, /, *, logGroupName: str | None = None, resourceIdentifier: str | None = None
) -> dict[str, Any]:
    """Encrypt what comes from now on as AWS does by itself; what is there stays under its key."""
    group, table = _target(call, logGroupName, resourceIdentifier)
    if group is None:
        table.pop("key", None)
    elif group.kms_key:
        encrypt(group, "")
    return {}


OPERATIONS = {
    "AssociateKmsKey": associate_kms_key,
    "DisassociateKmsKey": disassociate_kms_key,
}
