"""KMS keys on the lab's clock, and the question whether one may be used.

A key whose deletion is scheduled is ``PendingDeletion`` for 7 to 30 days, refuses all use, and is
gone on the day; CancelKeyDeletion brings it back, disabled.
"""

from __future__ import annotations

from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.clock import Clock, Phase, to_us
from labkit.core.verdict import Reason, Verdict


class Kms:
    """The keys of a lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    clock:
        Deletes keys when their day has come; the handler ``kms.delete`` is registered here.
    """

    def __init__(self, moto: MotoWorld, clock: Clock) -> None:
        self._moto = moto
        self._clock = clock
        moto.listen("kms", self)
        clock.register("kms.delete", self._delete)

    # -- told by moto's models (moto_kms.KmsListener)
    def deletion_scheduled(self, key: Any) -> None:
        """A key will be deleted at its ``deletion_date``."""
        at_us = to_us(key.deletion_date)
        self._clock.at(
            at_us,
            Phase.STATE,
            "kms.delete",
            {"account": key.account_id, "region": key.region, "key": key.id, "at_us": at_us},
        )

    def _delete(self, payload: dict[str, Any]) -> None:
        """Clock handler: a key's day has come, unless somebody thought better of it."""
        with self._moto.working():
            backend = self._moto.backend("kms", payload["account"], payload["region"])
            key = backend.keys.get(payload["key"])
            if key is None or key.deletion_date is None:
                return
            if key.key_state == "PendingDeletion" and to_us(key.deletion_date) == payload["at_us"]:
                backend.delete_key(key.id)

    # -- the port key_usable
    def usable(self, key: str, account: str, region: str) -> Verdict[bool]:
        """Whether a key is there and enabled (port ``key_usable``).

        Parameters
        ----------
        key:
            A key's id or ARN, or an alias (``alias/name`` or its ARN).
        account, region:
            Where an id or a bare alias is looked up; an ARN says it itself.
        """
        parts = key.split(":", 5)
        if len(parts) == 6:
            region, account = parts[3], parts[4]
        with self._moto.held():
            backend = self._moto.backend("kms", account, region)
            name = backend.get_alias_name(key)
            if name.startswith("alias/"):
                # Looked up by hand: moto would make the key of an alias of AWS's own.
                known = (one for one in backend.keys.values() if name in one.aliases)
                found = next(known, None)
                if found is None and name.startswith("alias/aws/"):
                    return Verdict(True, (Reason("AWS managed key", f"{name} is always there"),))
            else:
                found = backend.keys.get(backend.get_key_id(key))
        if found is None:
            return Verdict(False, (Reason("NotFoundException", f"there is no key {key}"),))
        if found.key_state == "Enabled":
            return Verdict(True, (Reason("Enabled", f"{found.arn} is enabled"),))
        rule = "DisabledException" if found.key_state == "Disabled" else "KMSInvalidStateException"
        return Verdict(False, (Reason(rule, f"{found.arn} is {found.key_state}"),))
