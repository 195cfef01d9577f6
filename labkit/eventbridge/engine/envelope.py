"""Events as they lie on a bus: the envelope that every source puts around its detail.

Source: EventBridge user guide, "Events" (aws-semantics 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import SECOND, iso


@dataclass(frozen=True, slots=True)
class Told:
    """What a source has to say, before it has an envelope.

    Parameters
    ----------
    source, detail_type:
        ``aws.ec2`` and what kind of event it is.
    detail:
        The event's own part.
    resources:
        ARNs; none for what comes through CloudTrail.
    reads:
        Whether it tells of an API call that only reads, which most rules never see.
    """

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    resources: Sequence[str] = field(default=())
    reads: bool = False


def event(told: Told, *, event_id: str, account: str, region: str, at_us: int) -> dict[str, Any]:
    """The whole event, its members in AWS's order.

    Parameters
    ----------
    told:
        What it says.
    event_id:
        A UUID.
    account, region:
        Where it comes from.
    at_us:
        When it happened; events are told to the second.
    """
    return {
        "version": "0",
        "id": event_id,
        "detail-type": told.detail_type,
        "source": told.source,
        "account": account,
        "time": iso(at_us - at_us % SECOND),
        "region": region,
        "resources": list(told.resources),
        "detail": told.detail,
    }
