"""A Firehose delivery stream: one record (PutRecord)."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand
from labkit.core.call import Principal


def hand(errand: Errand) -> None:
    """Put a record, with a role that may ``firehose:PutRecord``.

    With ``Vended`` among the parameters a service delivers that has a role of its own in the
    account (log delivery), which nobody has to make.
    """
    account = errand.parcel.account
    if (errand.parcel.parameters or {}).get("Vended"):
        root = f"arn:aws:iam::{account}:root"
        errand.acting_as(Principal("Root", account, root, account, invoked_by=errand.parcel.acting))
    else:
        errand.role_needed()
    errand.call(
        "firehose",
        "PutRecord",
        DeliveryStreamName=errand.arn.name,
        Record={"Data": errand.parcel.data},
    )
