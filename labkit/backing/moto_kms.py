"""Seams of KMS: keys that are the same in every world, and refuse what AWS refuses in their state.

moto makes an RSA key for each key, symmetric ones too, and takes 0.1 s for it; here the key pair is
made when somebody signs, verifies or asks for the public key. It is drawn from a name that was
itself drawn when the key was created, so that signing early or late gives one key.

A signature by RSASSA-PSS carries a salt that the library draws itself: two worlds sign differently
with it, and both signatures verify. All other algorithms sign the same.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_random import drawing_apart, mock_random
from labkit.backing.moto_seams import Shim, listener, mounted, seam


class KmsListener(Protocol):
    """What the hooks tell, and whom."""

    def deletion_scheduled(self, key: Any) -> None:
        """A key will be deleted at its ``deletion_date``."""

    def rotation_enabled(self, key: Any, days: int) -> None:
        """A key shall be rotated every so many days."""


class LateKeyPair:
    """A key pair that is made when it is needed."""

    def __init__(self, make: Any, spec: str) -> None:
        self._make = make
        self._spec = spec
        self._name = mock_random().randbytes(16).hex()
        self._made: Any = None

    def _pair(self) -> Any:
        if self._made is None:
            with drawing_apart("kms key pair", self._name):
                self._made = self._make(self._spec)
        return self._made

    def sign(self, *args: Any, **kwargs: Any) -> Any:
        """Sign a message."""
        return self._pair().sign(*args, **kwargs)

    def verify(self, *args: Any, **kwargs: Any) -> Any:
        """Whether a signature fits a message."""
        return self._pair().verify(*args, **kwargs)

    def public_key(self) -> Any:
        """The public key, DER."""
        return self._pair().public_key()


@seam("moto.kms.models")
def _make_key_pairs_late(module: ModuleType) -> None:
    make = module.generate_private_key

    def generate_private_key(key_spec: str) -> Any:
        return make(key_spec) if mounted() is None else LateKeyPair(make, key_spec)

    module.generate_private_key = generate_private_key  # type: ignore[attr-defined]


@seam("moto.kms.utils")
def _draw_curves(module: ModuleType) -> None:
    ec = module.ec

    def generate_private_key(curve: Any, backend: Any = None) -> Any:
        if mounted() is None:
            return ec.generate_private_key(curve, backend)
        # One bit less than the curve's order has, so that every number drawn is a key.
        number = mock_random().getrandbits(curve.key_size - 1) | 1
        return ec.derive_private_key(number, curve)

    def ecdsa(algorithm: Any) -> Any:
        return ec.ECDSA(algorithm, deterministic_signing=mounted() is not None)

    module.ec = Shim(  # type: ignore[attr-defined]
        ec, generate_private_key=generate_private_key, ECDSA=ecdsa
    )


def check_usable(key: Any) -> None:
    """Refuse a key that is disabled or on its way out, in KMS's words."""
    from moto.core.exceptions import JsonRESTError

    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    check_state(key)


def check_state(key: Any) -> None:
    """Refuse a key on its way out."""
    from moto.core.exceptions import JsonRESTError

    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


@seam("moto.kms.models")
def _mind_the_state(module: ModuleType) -> None:
    backend = module.KmsBackend

    def found(self: Any, key_id: str) -> Any:
        # A key that is not there is the operation's own error to tell.
        return self.keys.get(self.any_id_to_key_id(key_id))

    def before(name: str, check: Any) -> None:
        stock = getattr(backend, name)

        def method(self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
            key = found(self, key_id) if listener("kms") is not None else None
            if key is not None:
                check(key)
            return stock(self, key_id, *args, **kwargs)

        setattr(backend, name, method)

    for name in ("encrypt", "sign", "verify"):
        before(name, check_usable)
    for name in ("enable_key", "disable_key"):
        before(name, check_state)

    def by_id(name: str) -> None:
        # moto knows these by the key's id alone; AWS takes its ARN as well.
        stock = getattr(backend, name)

        def method(self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
            return stock(self, self.get_key_id(key_id), *args, **kwargs)

        setattr(backend, name, method)

    decrypt, mac, schedule = backend.decrypt, backend.generate_mac, backend.schedule_key_deletion

    def decrypted(self: Any, *args: Any, **kwargs: Any) -> Any:
        plaintext, arn = decrypt(self, *args, **kwargs)
        if listener("kms") is not None:
            check_usable(found(self, arn))
        return plaintext, arn

    def generate_mac(self: Any, message: bytes, key_id: str, *args: Any, **kwargs: Any) -> Any:
        key = found(self, key_id) if listener("kms") is not None else None
        if key is not None:
            check_usable(key)
        return mac(self, message, key_id, *args, **kwargs)

    def schedule_key_deletion(self: Any, key_id: str, pending_window_in_days: int) -> Any:
        kms = listener("kms")
        if kms is None:
            return schedule(self, key_id, pending_window_in_days)
        check_state(self.keys[key_id])
        when = schedule(self, key_id, pending_window_in_days)
        kms.deletion_scheduled(self.keys[key_id])
        return when

    backend.decrypt = decrypted
    backend.generate_mac = generate_mac
    backend.schedule_key_deletion = schedule_key_deletion
    for name in ("enable_key", "disable_key", "schedule_key_deletion", "cancel_key_deletion",
                 "replicate_key"):  # fmt: skip
        by_id(name)


@seam("moto.kms.responses")
def _rotate_on_the_clock(module: ModuleType) -> None:
    """EnableKeyRotation's RotationPeriodInDays, which moto passes over, and what it shows."""
    import json

    responses = module.KmsResponse
    enable, status = responses.enable_key_rotation, responses.get_key_rotation_status

    def key_of(self: Any) -> Any:
        backend = self.kms_backend
        return backend.keys[backend.any_id_to_key_id(self._get_param("KeyId"))]

    def enable_key_rotation(self: Any) -> str:
        kms = listener("kms")
        if kms is None:
            return str(enable(self))
        days = self._get_param("RotationPeriodInDays") or 365
        if not 90 <= days <= 2560:
            raise module.ValidationException("RotationPeriodInDays is 90 to 2560 days.")
        answer = enable(self)
        check_usable(key_of(self))
        kms.rotation_enabled(key_of(self), days)
        return str(answer)

    def get_key_rotation_status(self: Any) -> str:
        answer = json.loads(status(self))
        if answer["KeyRotationEnabled"] and listener("kms") is not None:
            key = key_of(self)
            if hasattr(key, "rotation_days"):
                answer["RotationPeriodInDays"] = key.rotation_days
                answer["NextRotationDate"] = key.next_rotation.timestamp()
                answer["KeyId"] = key.id
        return json.dumps(answer)

    responses.enable_key_rotation = enable_key_rotation
    responses.get_key_rotation_status = get_key_rotation_status
