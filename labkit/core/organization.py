"""An organization of accounts, as services that act for all of its accounts see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization.

    Parameters
    ----------
    id:
        ``o-exampleorgid``.
    management:
        The account that made it.
    members:
        Every account of it, the management account too, in order of number.
    trusted:
        Services that may act in its accounts (``cloudtrail.amazonaws.com``).
    all_features:
        Whether more than the bill is shared.
    """

    id: str
    management: str
    members: tuple[str, ...]
    trusted: frozenset[str]
    all_features: bool = True
