"""Letting a browser trust the lab's certificate authority, in one home directory only.

Chromium on Linux takes further authorities from the NSS database of the user's home. ``certutil``
writes one, and few machines have it; the library that Chromium itself needs does the same through
four calls. Switching certificate errors off instead would let an expired certificate pass.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import ssl
import threading

_VALID_AUTHORITY, _TRUSTED_AUTHORITY = 1 << 3, 1 << 4


#: NSS has one database open per process.
_ONE_AT_A_TIME = threading.Lock()


class _Item(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_uint), ("data", ctypes.c_char_p), ("length", ctypes.c_uint))


class _Trust(ctypes.Structure):
    _fields_ = (("tls", ctypes.c_uint), ("mail", ctypes.c_uint), ("code", ctypes.c_uint))


def trust(home: str, authority: str) -> bool:
    """Write the database of a home directory; whether that was possible.

    Parameters
    ----------
    home:
        The directory that the browser takes for the user's.
    authority:
        A certificate, PEM.
    """
    place = os.path.join(home, ".pki", "nssdb")
    os.makedirs(place, exist_ok=True)
    # A process of its own would be cleaner, and costs a third of a second; NSS keeps one database
    # open per process, and nothing else here uses NSS.
    try:
        with _ONE_AT_A_TIME:
            nss = ctypes.CDLL(_library())
            return _write(nss, place, ssl.PEM_cert_to_DER_cert(authority))
    except (OSError, AttributeError):
        return False


def _library() -> str:
    """Where NSS is; by its usual name first, since looking it up starts other programs."""
    try:
        ctypes.CDLL("libnss3.so")
    except OSError:
        return ctypes.util.find_library("nss3") or "libnss3.so"
    return "libnss3.so"


def _write(nss: ctypes.CDLL, place: str, certificate: bytes) -> bool:
    pointer = ctypes.c_void_p
    nss.NSS_InitReadWrite.argtypes = [ctypes.c_char_p]
    nss.PK11_GetInternalKeySlot.restype = pointer
    nss.PK11_InitPin.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p]
    nss.CERT_GetDefaultCertDB.restype = pointer
    nss.CERT_NewTempCertificate.restype = pointer
    nss.CERT_NewTempCertificate.argtypes = [
        pointer, pointer, ctypes.c_char_p, ctypes.c_int, ctypes.c_int,
    ]  # fmt: skip
    nss.PK11_ImportCert.argtypes = [
        pointer, pointer, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int,
    ]  # fmt: skip
    nss.CERT_ChangeCertTrust.argtypes = [pointer, pointer, pointer]
    nss.CERT_DestroyCertificate.argtypes = [pointer]
    nss.PK11_FreeSlot.argtypes = [pointer]
    if nss.NSS_InitReadWrite(f"sql:{place}".encode()) != 0:
        return False
    slot = nss.PK11_GetInternalKeySlot()
    try:
        nss.PK11_InitPin(slot, None, b"")
        item = _Item(0, certificate, len(certificate))
        base = nss.CERT_GetDefaultCertDB()
        known = nss.CERT_NewTempCertificate(base, ctypes.byref(item), None, 0, 1)
        if not known:
            return False
        done = nss.PK11_ImportCert(slot, known, 0, b"labkit", 0)
        sure = _Trust(_VALID_AUTHORITY | _TRUSTED_AUTHORITY, 0, 0)
        done |= nss.CERT_ChangeCertTrust(base, known, ctypes.byref(sure))
        nss.CERT_DestroyCertificate(known)
        return bool(done == 0)
    finally:
        nss.PK11_FreeSlot(slot)
        nss.NSS_Shutdown()
