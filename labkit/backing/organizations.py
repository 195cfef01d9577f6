"""AWS Organizations on moto's records: which organization an account is in."""

from __future__ import annotations

from labkit.backing.mount import MotoWorld
from labkit.core.organization import Organization

#: Organizations is global: moto keeps it under the partition.
PARTITION = "aws"


class Organizations:
    """Organizations of a lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def of(self, account: str) -> Organization | None:
        """The port ``organization``: that of an account, None when it is in none."""
        with self._moto.held():
            if self._moto.untouched("organizations"):
                return None
            from moto.organizations.models import organizations_backends

            owner = organizations_backends.master_accounts.get(account, (account, PARTITION))[0]
            if owner not in organizations_backends:
                return None
            backend = organizations_backends[owner].get(PARTITION)
            if backend is None or backend.org is None:
                return None
            members = sorted(
                {owner, *(one.id for one in backend.accounts if one.status == "ACTIVE")}
            )
            if account not in members:
                return None
            return Organization(
                backend.org.id,
                owner,
                tuple(members),
                frozenset(one["ServicePrincipal"] for one in backend.services),
                backend.org.feature_set == "ALL",
            )
