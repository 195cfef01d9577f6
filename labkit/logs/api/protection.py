"""Switches of a log group and of the account: deletion protection, bearer tokens, storage tier."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import group_of, shown
from labkit.logs.store import LogStore

TIER = "storage_tier"


def put_log_group_deletion_protection(
    call: Call, /, *, logGroupIdentifier: str, deletionProtectionEnabled: bool
) -> dict[str, Any]:
    """Let a group be deleted, or no longer."""
    group_of(call, None, logGroupIdentifier).deletion_protection = deletionProtectionEnabled
    return {}


def put_bearer_token_authentication(
    call: Call, /, *, logGroupIdentifier: str, bearerTokenAuthenticationEnabled: bool
) -> dict[str, Any]:
    """Let lines come into a group over HTTP with a bearer token instead of a signature.

    DescribeLogGroups shows it; the door itself (an ingestion endpoint beside the API) is none of a
    lab's.
    """
    group = group_of(call, None, logGroupIdentifier)
    group.bearer_token = bearerTokenAuthenticationEnabled
    return {}


def put_storage_tier_policy(call: Call, /, *, storageTier: str) -> dict[str, Any]:
    """Choose how the account's logs are stored; it changes what the bill counts storage as."""
    store: LogStore = call.store
    store.of(TIER)["tier"] = [storageTier, call.now_us]
    return get_storage_tier_policy(call)


def get_storage_tier_policy(call: Call, /) -> dict[str, Any]:
    """The account's storage tier; STANDARD until somebody chooses another."""
    store: LogStore = call.store
    tier, at_us = store.of(TIER).get("tier", ["STANDARD", None])
    return shown({"storageTier": tier, "lastUpdatedTime": None if at_us is None else at_us // 1000})


OPERATIONS = {
    "PutLogGroupDeletionProtection": put_log_group_deletion_protection,
    "PutBearerTokenAuthentication": put_bearer_token_authentication,
    "PutStorageTierPolicy": put_storage_tier_policy,
    "GetStorageTierPolicy": get_storage_tier_policy,
}
