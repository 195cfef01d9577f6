"""Certificates of the shop's site: an authority of the lab's own, and what it signs.

Browsers and TLS libraries judge a certificate by the machine's clock. So one that expires in nine
days of the lab is made, for each visit, to expire nine days from the machine's now, and one that
has expired in the lab has expired for them too.
"""

from __future__ import annotations

import base64
import ssl
import tempfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.clock import machine_now_us, to_datetime

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

_VALID_DAYS = 90


class Authority:
    """An authority that signs certificates for a host; its key never leaves the process.

    Parameters
    ----------
    host:
        Whose certificates.
    """

    def __init__(self, host: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._host = host
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._signed("Teapot test authority", self._key, 3650.0, None)
        #: The authority's certificate, PEM.
        self.pem = self._pem(self._own).decode()
        # Two keys: a browser that can't be told of an authority is told of the good one, and takes
        # an expired certificate, which has the other, for none of anybody that it knows.
        self._good, self._expired = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    @property
    def key_hash(self) -> str:
        """SHA-256 of the public key of valid certificates, base64."""
        from cryptography.hazmat.primitives import serialization

        public = self._good.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(sha256(public).digest()).decode()

    def context(self, days: float) -> ssl.SSLContext:
        """A server's TLS context with a certificate that is valid for some days yet.

        Parameters
        ----------
        days:
            Negative when it has expired.
        """
        from cryptography.hazmat.primitives import serialization

        key = self._good if days > 0 else self._expired
        certificate = self._signed(self._host, key, days, self._own)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="labkit-certificate-") as folder:
            place = Path(folder, "site.pem")
            place.touch(mode=0o600)
            place.write_bytes(self._pem(certificate) + secret)
            context.load_cert_chain(place)
        return context

    def _signed(
        self, name: str, key: EllipticCurvePrivateKey, days: float, issuer: Certificate | None
    ) -> Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        now = to_datetime(machine_now_us())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        end = now + timedelta(days=days)
        begin = min(now, end) - timedelta(days=_VALID_DAYS)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
        if issuer is None:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            made = made.add_extension(x509.BasicConstraints(True, None), critical=True)
            made = made.add_extension(usage, critical=True)
        else:
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            made = made.add_extension(names, critical=False).add_extension(use, critical=False)
        return made.sign(self._key, hashes.SHA256())

    @staticmethod
    def _pem(certificate: Certificate) -> bytes:
        from cryptography.hazmat.primitives import serialization

        return certificate.public_bytes(serialization.Encoding.PEM)
