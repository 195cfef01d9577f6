"""ListPublicKeys: what the signatures of digest files are verified with.

Source: botocore cloudtrail 2013-11-01; CloudTrail user guide,
cloudtrail-log-file-custom-validation.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.call import Call
from labkit.core.clock import DAY, to_us
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail


def list_public_keys(
    call: Call,
    /,
    *,
    StartTime: datetime | None = None,
    EndTime: datetime | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The public keys of this Region that were in use between two instants; the last day's if none.

    A Region has one key, for five years from the year before the lab began.

    Raises
    ------
    AwsError
        InvalidTimeRangeException when the start is after the end.
    """
    service: CloudTrail = call.store.service
    end_us = call.now_us if EndTime is None else to_us(EndTime)
    start_us = end_us - DAY if StartTime is None else to_us(StartTime)
    if start_us > end_us:
        raise AwsError("InvalidTimeRangeException", "StartTime is after EndTime.")
    begin, end = service.digests.key_range()
    if end_us < to_us(begin) or start_us > to_us(end):
        return {"PublicKeyList": []}
    public = service.digests.key(call.account, call.region).public
    one = {
        "Value": public.der,
        "ValidityStartTime": begin,
        "ValidityEndTime": end,
        "Fingerprint": public.fingerprint,
    }
    return {"PublicKeyList": [one]}
