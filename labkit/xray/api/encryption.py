"""Encryption of traces with a KMS key."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.clock import MINUTE
from labkit.xray.api.requests import invalid, service_of

#: How long a changed encryption is UPDATING; X-Ray says "some time" (an approximation).
UPDATING_US = 5 * MINUTE


def _told(call: Call) -> dict[str, Any]:
    settings = service_of(call).settings(call.store)
    told = {
        "Status": "UPDATING" if call.now_us < settings.key_active_us else "ACTIVE",
        "Type": "KMS" if settings.key_id else "NONE",
    }
    return {"EncryptionConfig": {"KeyId": settings.key_id, **told} if settings.key_id else told}


def get_encryption_config(call: Call, /) -> dict[str, Any]:
    """How traces are encrypted, and whether a change is in force everywhere."""
    return _told(call)


def put_encryption_config(call: Call, /, *, Type: str, KeyId: str = "") -> dict[str, Any]:
    """Encrypt traces with a key from now on; those that are there stay as they are.

    Raises
    ------
    AwsError
        InvalidRequestException without a key, for one too many, or one that can't be used.
    """
    settings = service_of(call).settings(call.store)
    if (Type == "KMS") != bool(KeyId):
        raise invalid("KeyId is needed for encryption type KMS, and for no other")
    if KeyId:
        usable = call.ports.key_usable(KeyId, call.account, call.region)
        if not usable.value:
            why = usable.because[0].text if usable.because else "it cannot be used"
            raise invalid(f"KMS key {KeyId}: {why}")
    settings.key_id = KeyId
    settings.key_active_us = call.now_us + UPDATING_US
    return _told(call)


OPERATIONS = {
    "GetEncryptionConfig": get_encryption_config,
    "PutEncryptionConfig": put_encryption_config,
}
