"""KMS keys on the lab's clock, and the question whether one may be used.

A key whose deletion is scheduled is ``PendingDeletion`` for 7 to 30 days, refuses all use, and is
gone on the day; CancelKeyDeletion brings it back, disabled.

With rotation a key has new material each year, or after as many days as EnableKeyRotation said.
Nobody calls when a key is deleted or rotated: both are told as ``service.event``.
"""

from __future__ import annotations

from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.clock import DAY, Clock, Phase, to_datetime, to_us
from labkit.core.facts import Facts
from labkit.core.verdict import Reason, Verdict


class Kms:
    """The keys of a lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    clock:
        Deletes and rotates keys when their day has come: the handlers ``kms.delete`` and
        ``kms.rotate`` are registered here.
    facts:
        Where ``service.event`` is told.
    """

    def __init__(self, moto: MotoWorld, clock: Clock, facts: Facts) -> None:
        self._moto = moto
        self._clock = clock
        self._facts = facts
        moto.listen("kms", self)
        clock.register("kms.delete", self._delete)
        clock.register("kms.rotate", self._rotate)

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
            if key.key_state != "PendingDeletion" or to_us(key.deletion_date) != payload["at_us"]:
                return
            arn = key.arn
            backend.delete_key(key.id)
        self._told(payload, "DeleteKey", arn, {"keyId": payload["key"]})

    def rotation_enabled(self, key: Any, days: int) -> None:
        """A key shall be rotated every so many days from now on."""
        key.rotation_days = days
        self._plan_rotation(key)

    def _plan_rotation(self, key: Any) -> None:
        at_us = self._clock.now_us + key.rotation_days * DAY
        key.next_rotation = to_datetime(at_us)
        payload = {"account": key.account_id, "region": key.region, "key": key.id, "at_us": at_us}
        self._clock.at(at_us, Phase.STATE, "kms.rotate", payload)

    def _rotate(self, payload: dict[str, Any]) -> None:
        """Clock handler: a key gets new material, unless it is no longer to."""
        with self._moto.working():
            backend = self._moto.backend("kms", payload["account"], payload["region"])
            key = backend.keys.get(payload["key"])
            if key is None or not key.key_rotation_status:
                return
            if to_us(key.next_rotation) != payload["at_us"]:
                return
            self._plan_rotation(key)
            if key.key_state != "Enabled":
                return  # AWS rotates no key that is disabled or about to go
            arn = key.arn
            seconds = payload["at_us"] / 1e6
            key.rotations.append(
                {"KeyId": key.id, "RotationDate": seconds, "RotationType": "AUTOMATIC"}
            )
        details = {"keyId": payload["key"], "rotationType": "AUTOMATIC"}
        self._told(payload, "RotateKey", arn, details)

    def _told(self, payload: dict[str, Any], name: str, arn: str, details: dict[str, str]) -> None:
        told = {
            "service": "kms", "name": name, "type": "AWS::KMS::Key", "resource": arn,
            "details": details,
        }  # fmt: skip
        self._facts.publish("service.event", payload["account"], payload["region"], told)

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
