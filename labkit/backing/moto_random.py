"""Seams of chance: every id that moto draws is a function of (world seed, key).

moto draws nearly everything from one ``mock_random``, a ``random.Random``. Seeding it with a hash
of (seed, key) whenever a call or a clock event begins makes ids independent of how many draws came
before; a shared stream would not be: one unjournaled read more, and a replay's ``StopInstances``
stops the wrong machine.

What is drawn elsewhere, found by ``tests/backing/test_moto_sources.py`` reading moto's source:

=============================  =======================================  ==========================
module                         what                                     what labkit does
=============================  =======================================  ==========================
``moto.s3.models``             ``os.urandom``: multipart upload ids     drawn from ``mock_random``
``moto.sts.utils``             ``os.urandom``: session tokens           drawn from ``mock_random``
``moto.iam.models``            ``os.urandom``: QR codes of MFA devices  drawn from ``mock_random``
``moto.kms``                   ``os.urandom``: key material, data keys  drawn from ``mock_random``
``moto.kms.utils``             RSA keys and keys on curves              see ``moto_kms``
``moto.dynamodbstreams``       ``os.urandom``: shard iterators          drawn from ``mock_random``
``moto.ec2.models.reserved_…``  the global ``random``: prices           ``mock_random`` itself
``moto.ec2.utils``             RSA and Ed25519 keys of key pairs        made from ``mock_random``
``moto.cloudwatch.models``     ``uuid4``                                ``mock_random.uuid4``
``moto.ssm.models``            ``uuid4``                                ``mock_random.uuid4``
``moto.dynamodb.models``       ``uuid4``: names of exports              ``mock_random.uuid4``
``moto.sns.models``            a new RSA key per signed message         see ``labkit.backing.sns``
=============================  =======================================  ==========================

The real ``os``, ``random``, ``uuid`` and ``secrets`` stay as they are for everybody else.
"""

from __future__ import annotations

import base64
import os
import random as _random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import Shim, mounted, seam


def mock_random() -> Any:
    """moto's own source of chance."""
    from moto.moto_api._internal import mock_random as source

    return source


def digest(*names: object) -> bytes:
    """32 bytes that depend on the names alone."""
    return blake2b("\x1f".join(map(str, names)).encode(), digest_size=32).digest()


def seed_moto(*names: object) -> None:
    """From here on moto's draws are a function of these names."""
    mock_random().seed(int.from_bytes(digest(*names), "big"))


@contextmanager
def drawing_apart(*names: object) -> Iterator[None]:
    """Draw from a stream of these names for a while, and go on with the former one afterwards."""
    source = mock_random()
    before = source.getstate()
    seed_moto(*names)
    try:
        yield
    finally:
        source.setstate(before)


def _bytes(count: int) -> bytes:
    """``os.urandom`` as moto's modules see it."""
    if mounted() is None:
        return os.urandom(count)
    drawn: bytes = mock_random().randbytes(count)
    return drawn


@seam("moto.s3.models")
@seam("moto.sts.utils")
@seam("moto.iam.models")
@seam("moto.kms.models")
@seam("moto.kms.responses")
@seam("moto.kms.utils")
@seam("moto.dynamodbstreams.models")
def _replace_urandom(module: ModuleType) -> None:
    module.os = Shim(os, urandom=_bytes)  # type: ignore[attr-defined]


@seam("moto.ec2.models.reserved_instances")
def _replace_random(module: ModuleType) -> None:
    def randint(low: int, high: int) -> int:
        source = _random if mounted() is None else mock_random()
        drawn: int = source.randint(low, high)
        return drawn

    module.random = Shim(_random, randint=randint)  # type: ignore[attr-defined]


@seam("moto.cloudwatch.models")
@seam("moto.ssm.models")
@seam("moto.dynamodb.models.table_export")
@seam("moto.dynamodb.models.table_import")
def _replace_uuid4(module: ModuleType) -> None:
    real = module.uuid4

    def uuid4() -> Any:
        return real() if mounted() is None else mock_random().uuid4()

    module.uuid4 = uuid4  # type: ignore[attr-defined]


@seam("moto.kms.utils")
def _replace_rsa(module: ModuleType) -> None:
    rsa = module.rsa

    def generate_private_key(public_exponent: int, key_size: int, backend: Any = None) -> Any:
        if mounted() is None:
            return rsa.generate_private_key(public_exponent, key_size, backend)
        return _rsa_key(public_exponent, key_size)

    module.rsa = Shim(rsa, generate_private_key=generate_private_key)  # type: ignore[attr-defined]


@seam("moto.ec2.utils")
def _replace_key_pairs(module: ModuleType) -> None:
    rsa, ed25519 = module.rsa, module.Ed25519PrivateKey

    def generate_private_key(public_exponent: int, key_size: int, backend: Any = None) -> Any:
        if mounted() is None:
            return rsa.generate_private_key(public_exponent, key_size, backend)
        return _rsa_key(public_exponent, key_size)

    class Ed25519PrivateKey(ed25519):  # type: ignore[misc,valid-type]
        @classmethod
        def generate(cls) -> Any:
            if mounted() is None:
                return ed25519.generate()
            return ed25519.from_private_bytes(mock_random().randbytes(32))

    module.rsa = Shim(rsa, generate_private_key=generate_private_key)  # type: ignore[attr-defined]
    module.Ed25519PrivateKey = Ed25519PrivateKey  # type: ignore[attr-defined]

    random_ed25519_key_pair = module.random_ed25519_key_pair

    def key_pair() -> Any:
        details = random_ed25519_key_pair()
        if mounted() is not None:
            details["material"] = _same_check(details["material"])
        return details

    module.random_ed25519_key_pair = key_pair  # type: ignore[attr-defined]


#: Where OpenSSH's private format of an unencrypted Ed25519 key keeps its "check": four random
#: bytes, twice. ``cryptography`` draws them itself (in Rust, out of reach), so that the same key
#: would be written differently in two worlds.
_CHECK = slice(98, 106)


def _same_check(pem: bytes) -> bytes:
    lines = pem.splitlines()
    data = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    drawn = _bytes(4)
    data[_CHECK] = drawn + drawn
    text = base64.b64encode(bytes(data))
    body = [text[at : at + 70] for at in range(0, len(text), 70)]
    return b"\n".join([lines[0], *body, lines[-1], b""])


def _rsa_key(exponent: int, bits: int) -> Any:
    """An RSA key from two primes drawn from moto's source: believable, and worth nothing."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    p = _prime(bits // 2, exponent)
    q = _prime(bits // 2, exponent)
    while q == p:
        q = _prime(bits // 2, exponent)
    if p < q:
        p, q = q, p
    d = pow(exponent, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(e=exponent, n=p * q),
    ).private_key()


_SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def _prime(bits: int, exponent: int) -> int:
    source = mock_random()
    candidate: int = source.getrandbits(bits) | (3 << (bits - 2)) | 1
    while not (
        all(candidate % small for small in _SMALL_PRIMES)
        and (candidate - 1) % exponent
        and _probably_prime(candidate)
    ):
        candidate += 2
    return candidate


def _probably_prime(n: int) -> bool:
    """Miller and Rabin's test with fixed bases: nobody chooses the candidates to fool it."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
