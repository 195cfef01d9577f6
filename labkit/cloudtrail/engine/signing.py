"""RSA keys of log file validation: one for each world, account and Region, the same at each start.

Theory of operation
-------------------
CloudTrail signs a digest file with the private key of its Region, and ListPublicKeys gives the
public half. Two runs of a world must give the same bytes, and a lab must not spend half a second in
search of primes, so ``primes.toml`` holds 24 of them, and a hash of (seed, account, Region) chooses
two: 276 keys. **They are test keys and no secret**: whoever has this package has them, and two keys
that share a prime can be factored. A signature of the lab proves, inside the lab, what AWS's would
prove outside: that nobody changed the file who can't run CloudTrail.

A signature is RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017), which has no random part. The public key
is a DER RSAPublicKey of PKCS #1, as ListPublicKeys answers; its fingerprint is the MD5 of these
bytes in hexadecimal, 32 digits as in AWS's samples (the guide does not say how AWS makes it: [K]).

Source: CloudTrail user guide, cloudtrail-log-file-custom-validation (aws-semantics 7.4).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, md5
from importlib.resources import files
from typing import Any

EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half that everybody may have.

    Parameters
    ----------
    der:
        RSAPublicKey of PKCS #1.
    """

    der: bytes

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits."""
        return md5(self.der, usedforsecurity=False).hexdigest()

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256

        key = rsa.RSAPublicNumbers(EXPONENT, _modulus(self.der)).public_key()
        try:
            key.verify(signature, text, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """The half that signs.

    Parameters
    ----------
    p, q:
        Two different primes.
    """

    def __init__(self, p: int, q: int) -> None:
        self._p, self._q = p, q
        self._loaded: Any = None
        self.public = PublicKey(_der(p * q))

    def sign(self, text: bytes) -> bytes:
        """The signature, 256 bytes."""
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.hashes import SHA256

        if self._loaded is None:
            self._loaded = self._load()
        signed: bytes = self._loaded.sign(text, padding.PKCS1v15(), SHA256())
        return signed

    def _load(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        p, q = self._p, self._q
        d = pow(EXPONENT, -1, (p - 1) * (q - 1))
        numbers = rsa.RSAPrivateNumbers(
            p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
            rsa.RSAPublicNumbers(EXPONENT, p * q),
        )  # fmt: skip
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@lru_cache(maxsize=64)
def key_of(seed: str, account: str, region: str) -> SigningKey:
    """The key of a Region, always the same for the same names."""
    primes = _primes()
    raw = blake2b(f"{seed}/{account}/{region}".encode(), digest_size=8).digest()
    number = int.from_bytes(raw, "big")
    first = number % len(primes)
    second = (first + 1 + number // len(primes) % (len(primes) - 1)) % len(primes)
    return SigningKey(primes[first], primes[second])


@lru_cache(maxsize=1)
def _primes() -> tuple[int, ...]:
    place = files("labkit") / "cloudtrail" / "primes.toml"
    return tuple(int(text, 16) for text in tomllib.loads(place.read_text())["primes"])


def _integer(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + _length(len(raw)) + raw


def _length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([128 | len(raw)]) + raw


def _der(modulus: int) -> bytes:
    inside = _integer(modulus) + _integer(EXPONENT)
    return b"\x30" + _length(len(inside)) + inside


def _modulus(der: bytes) -> int:
    """The modulus of what :func:`_der` wrote."""
    place = 1

    def header(place: int) -> tuple[int, int]:
        size = der[place]
        if size < 128:
            return place + 1, size
        many = size & 127
        return place + 1 + many, int.from_bytes(der[place + 1 : place + 1 + many], "big")

    place, _ = header(1)
    place, size = header(place + 1)
    return int.from_bytes(der[place : place + size], "big")
