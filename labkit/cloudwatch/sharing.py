"""What other accounts share with this one: their stores, under the labels that links give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.core.ports import Ports


@dataclass(frozen=True, slots=True)
class Shared:
    """A source account's metrics, as the monitoring account may see them.

    Parameters
    ----------
    store:
        Its metrics.
    label:
        What the monitoring account calls it.
    shares:
        Whether the metrics of a namespace are shared.
    """

    store: Store
    label: str
    shares: Callable[[str], bool]


def shared_with(service: CloudWatch, ports: Ports, account: str, region: str) -> list[Shared]:
    """Everything that is shared with an account in a Region, in order of the source accounts."""
    if not ports.answered("linked_accounts"):
        return []
    return [
        Shared(service.store(one.account, region), one.label, one.shares)
        for one in ports.linked_accounts(account, region)
    ]
