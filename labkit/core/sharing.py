"""What one account shows another: the answer to the port ``linked_accounts``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Linked:
    """A source account, as a monitoring account sees it.

    Parameters
    ----------
    account:
        Twelve digits.
    label:
        What the monitoring account calls it.
    shares:
        Whether it shares what has this name: a metric's namespace, a log group's name.
    """

    account: str
    label: str
    shares: Callable[[str], bool]
