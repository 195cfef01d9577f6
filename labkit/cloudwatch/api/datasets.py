"""The dataset of an account and Region, and the KMS key it is encrypted with.

There is one dataset, ``default``, without anybody making it.

Source: botocore cloudwatch 2010-08-01.
"""

from __future__ import annotations

from typing import Any

from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.errors import AwsError

#: KMS's reasons -> CloudWatch's errors.
_ERRORS = {
    "NotFoundException": "KmsKeyNotFoundException",
    "DisabledException": "KmsKeyDisabledException",
    "KMSInvalidStateException": "KmsKeyDisabledException",
}


def get_dataset(call: Call, /, *, DatasetIdentifier: str) -> dict[str, Any]:
    """The dataset, with its key if it has one of the customer's.

    Raises
    ------
    AwsError
        ResourceNotFoundException for another account's.
    """
    store = _store(call, DatasetIdentifier)
    key = {"KmsKeyArn": store.dataset_key} if store.dataset_key else {}
    return {"DatasetId": "default", "Arn": _arn(call), **key}


def associate_dataset_kms_key(
    call: Call, /, *, DatasetIdentifier: str, KmsKeyArn: str
) -> dict[str, Any]:
    """Encrypt what is published from now on with a customer's key.

    Raises
    ------
    AwsError
        KmsKeyNotFoundException, KmsKeyDisabledException, ResourceNotFoundException.
    """
    store = _store(call, DatasetIdentifier)
    usable = call.ports.key_usable(KmsKeyArn, call.account, call.region)
    if not usable.value:
        reason = usable.because[0]
        raise AwsError(_ERRORS.get(reason.rule, "KmsAccessDeniedException"), reason.text)
    store.dataset_key = KmsKeyArn
    return {}


def disassociate_dataset_kms_key(call: Call, /, *, DatasetIdentifier: str) -> dict[str, Any]:
    """Encrypt with AWS's own key again.

    Raises
    ------
    AwsError
        ConflictException when there is no customer's key, ResourceNotFoundException.
    """
    store = _store(call, DatasetIdentifier)
    if not store.dataset_key:
        raise AwsError("ConflictException", "The dataset has no customer managed key.", status=409)
    store.dataset_key = ""
    return {}


def _arn(call: Call) -> str:
    return f"arn:aws:cloudwatch:{call.region}:{call.account}:dataset/default"


def _store(call: Call, identifier: str) -> Store:
    if identifier not in ("default", _arn(call)):
        told = f"The dataset {identifier} does not exist in this account and Region."
        raise AwsError("ResourceNotFoundException", told, status=404)
    store: Store = call.store
    return store
