"""Digest files: what proves that no log file was changed, removed or put in; and the proof itself.

Theory of operation
-------------------
Every hour, for each Region of a trail, a digest file names the log files that were delivered since
the digest before, each with the SHA-256 of its **uncompressed** content. It also names the digest
before it, with that one's hash and signature, so the digests of a Region are a chain. The signature
of a digest is not in the file, which it could not sign then, but in the metadata of its S3 object.
What is signed is a text of four lines::

    digestEndTime
    bucket/key of this digest
    hex SHA-256 of this digest, uncompressed
    signature of the digest before (hex), or the word null

A proof walks from the newest digest back. A changed log file has another hash than the digest says;
a changed digest has another signature; one who makes a new signature needs the private key; one who
removes a digest leaves the name of it in the next. Where a chain begins (logging was started, or
validation switched on) the names of a digest before are null: that is a gap, not a fault, and what
was delivered in it is not proven.

The walk is that of ``aws cloudtrail validate-logs``, to the wording of its verdicts, which tests
compare.

Source: CloudTrail user guide, cloudtrail-log-file-validation-digest-file-structure and
cloudtrail-log-file-custom-validation (aws-semantics 7.4, 11.6).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from labkit.cloudtrail.engine.signing import PublicKey, SigningKey
from labkit.core.clock import iso, to_datetime

ALGORITHM = "SHA256withRSA"


class LogFile(NamedTuple):
    """A delivered log file, as a digest names it.

    Parameters
    ----------
    bucket, key:
        Where.
    sha256:
        Hexadecimal, of the uncompressed content.
    newest_us, oldest_us:
        The times of its newest and oldest event.
    """

    bucket: str
    key: str
    sha256: str
    newest_us: int
    oldest_us: int


class Link(NamedTuple):
    """A digest as the next one names it: where it lies, its hash, its signature (hexadecimal)."""

    bucket: str
    key: str
    sha256: str
    signature: str


class Digest(NamedTuple):
    """A finished digest file.

    Parameters
    ----------
    link:
        What the next digest says of it.
    body:
        The gzip content of the object.
    metadata:
        Of the object (``x-amz-meta-...`` on the wire).
    """

    link: Link
    body: bytes
    metadata: dict[str, str]


def key_of(
    prefix: str,
    account: str,
    region: str,
    trail: str,
    home_region: str,
    end_us: int,
    under: str = "AWSLogs/",
) -> str:
    """The key of a digest that ends at ``end_us``."""
    end = to_datetime(end_us)
    start = f"{prefix}/" if prefix else ""
    return (
        f"{start}{under}{account}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/"
        f"{account}_CloudTrail-Digest_{region}_{trail}_{home_region}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    )


def string_to_sign(end: str, bucket: str, key: str, digest: str, before: str | None) -> bytes:
    """What a signature is over.

    Parameters
    ----------
    end:
        ``digestEndTime`` as it stands in the file.
    bucket, key:
        Where the digest lies.
    digest:
        Hexadecimal SHA-256 of the uncompressed digest.
    before:
        Hexadecimal signature of the digest before, None where a chain begins.
    """
    return f"{end}\n{bucket}/{key}\n{digest}\n{before or 'null'}".encode()


def make(
    account: str,
    bucket: str,
    key: str,
    start_us: int,
    end_us: int,
    log_files: Sequence[LogFile],
    before: Link | None,
    signer: SigningKey,
) -> Digest:
    """Write and sign a digest.

    Parameters
    ----------
    account, bucket, key:
        Whose, and where it will lie.
    start_us, end_us:
        The stretch that it is about, microseconds.
    log_files:
        What was delivered meanwhile; may be none.
    before:
        The digest before; None where a chain begins.
    signer:
        The Region's key.
    """
    end = iso(end_us)
    document = {
        "awsAccountId": account,
        "digestStartTime": iso(start_us),
        "digestEndTime": end,
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": signer.public.fingerprint,
        "digestSignatureAlgorithm": ALGORITHM,
        "newestEventTime": iso(max(f.newest_us for f in log_files)) if log_files else None,
        "oldestEventTime": iso(min(f.oldest_us for f in log_files)) if log_files else None,
        "previousDigestS3Bucket": before.bucket if before else None,
        "previousDigestS3Object": before.key if before else None,
        "previousDigestHashValue": before.sha256 if before else None,
        "previousDigestHashAlgorithm": "SHA-256" if before else None,
        "previousDigestSignature": before.signature if before else None,
        "logFiles": [
            {
                "s3Bucket": one.bucket,
                "s3Object": one.key,
                "hashValue": one.sha256,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": iso(one.newest_us),
                "oldestEventTime": iso(one.oldest_us),
            }
            for one in log_files
        ],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    hashed = sha256(text).hexdigest()
    signed = signer.sign(
        string_to_sign(end, bucket, key, hashed, before.signature if before else None)
    ).hex()
    metadata = {"signature": signed, "signature-algorithm": ALGORITHM}
    return Digest(Link(bucket, key, hashed, signed), gzip.compress(text, 6, mtime=0), metadata)


# -- the proof
VALID = "valid"
#: Verdicts, in the words of ``aws cloudtrail validate-logs``.
NOT_FOUND = "INVALID: not found"
HASH = "INVALID: hash value doesn't match"
FORMAT = "INVALID: invalid format"
SIGNATURE = "INVALID: signature verification failed"
MOVED = "INVALID: has been moved from its original location"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a proof says of one file.

    Parameters
    ----------
    kind:
        ``digest`` or ``log``.
    bucket, key:
        The file.
    verdict:
        ``valid``, or ``INVALID: `` and why.
    because:
        What was compared with what; empty when valid.
    named_by:
        Of a log file, the key of the digest that names it.
    """

    kind: str
    bucket: str
    key: str
    verdict: str
    because: str = ""
    named_by: str = ""

    @property
    def valid(self) -> bool:
        """Whether the file is as CloudTrail delivered it."""
        return self.verdict == VALID


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch between two chains, of which nothing is proven; ISO times."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a walk through the digests of a Region found.

    Parameters
    ----------
    files:
        Every digest, newest first, each followed by its log files.
    gaps:
        Where one chain ended and the next began.
    """

    files: tuple[Judged, ...]
    gaps: tuple[Gap, ...]

    @property
    def valid(self) -> bool:
        """Whether every file is as it was delivered."""
        return all(one.valid for one in self.files)

    def of(self, kind: str) -> tuple[Judged, ...]:
        """The digests, or the log files."""
        return tuple(one for one in self.files if one.kind == kind)


class Stored(NamedTuple):
    """An object as a bucket holds it."""

    body: bytes
    metadata: Mapping[str, str]


#: Answers what lies in a bucket under a key, None when nothing does.
Fetch = Callable[[str, str], Stored | None]


class _Bad(Exception):
    def __init__(self, verdict: str, because: str) -> None:
        super().__init__(verdict)
        self.verdict, self.because = verdict, because


def validate(
    keys: Sequence[str],
    bucket: str,
    fetch: Fetch,
    public: Mapping[str, PublicKey],
    *,
    start: str = "",
) -> Proof:
    """Walk through a Region's digests from the newest back, and through their log files.

    Parameters
    ----------
    keys:
        Keys of the digests that are in the bucket, in order of time.
    bucket:
        Where they lie.
    fetch:
        Reads objects.
    public:
        The Region's public keys by fingerprint.
    start:
        ISO time: digests that begin before it end the walk.
    """
    left = list(keys)
    found: list[Judged] = []
    gaps: list[Gap] = []
    key = left.pop() if left else None
    while key is not None:
        try:
            document = _digest(bucket, key, fetch, public)
        except _Bad as bad:
            found.append(Judged("digest", bucket, key, bad.verdict, bad.because))
            key = _older(left, key)
            continue
        found.append(Judged("digest", bucket, key, VALID))
        found += [_log(entry, key, fetch) for entry in document["logFiles"]]
        began = document["digestStartTime"]
        if start and began < start:
            break
        before = document.get("previousDigestS3Object")
        if before is None:
            older = _older(left, key)
            if older is not None:
                gaps.append(Gap(_end_of(older), began))
            key = older
        else:
            bucket, key = document.get("previousDigestS3Bucket") or bucket, before
    return Proof(tuple(found), tuple(gaps))


def _time_of(key: str) -> str:
    return key[-24:-8]


def _end_of(key: str) -> str:
    """``digestEndTime`` as the key says it: 20260105T100000Z."""
    text = _time_of(key)
    return f"{text[:4]}-{text[4:6]}-{text[6:11]}:{text[11:13]}:{text[13:15]}Z"


def _older(left: list[str], than: str) -> str | None:
    while left:
        key = left.pop()
        if _time_of(key) < _time_of(than):
            return key
    return None


def _unzipped(stored: Stored) -> bytes:
    try:
        return gzip.decompress(stored.body)
    except (OSError, EOFError, zlib.error) as problem:
        raise _Bad(FORMAT, f"not a gzip file: {problem}") from None


def _digest(
    bucket: str, key: str, fetch: Fetch, public: Mapping[str, PublicKey]
) -> Mapping[str, Any]:
    stored = fetch(bucket, key)
    if stored is None:
        raise _Bad(NOT_FOUND, "a newer digest names it, and it is not in the bucket")
    text = _unzipped(stored)
    try:
        document = json.loads(text)
        place = document["digestS3Bucket"], document["digestS3Object"]
        end, before = document["digestEndTime"], document["previousDigestSignature"]
        fingerprint, _ = document["digestPublicKeyFingerprint"], document["digestStartTime"]
        document["logFiles"]
    except (ValueError, KeyError, TypeError):
        raise _Bad(FORMAT, "not the JSON of a digest") from None
    if place != (bucket, key):
        raise _Bad(MOVED, f"it says that it lies at s3://{place[0]}/{place[1]}")
    signer = public.get(fingerprint)
    if signer is None:
        raise _Bad(
            f"INVALID: public key not found for fingerprint {fingerprint}",
            "ListPublicKeys has no key with this fingerprint",
        )
    try:
        signature = bytes.fromhex(stored.metadata.get("signature", ""))
    except ValueError:
        signature = b""
    said = string_to_sign(end, bucket, key, sha256(text).hexdigest(), before)
    if not signature or not signer.verifies(said, signature):
        raise _Bad(SIGNATURE, "the signature of the object is not the key's over this content")
    checked: Mapping[str, Any] = document
    return checked


def _log(entry: Mapping[str, Any], digest: str, fetch: Fetch) -> Judged:
    bucket, key = entry["s3Bucket"], entry["s3Object"]
    stored = fetch(bucket, key)
    if stored is None:
        return Judged("log", bucket, key, NOT_FOUND, "the digest names it", digest)
    try:
        hashed = sha256(_unzipped(stored)).hexdigest()
    except _Bad as bad:
        return Judged("log", bucket, key, bad.verdict, bad.because, digest)
    if hashed != entry["hashValue"]:
        because = f"SHA-256 is {hashed[:12]}..., the digest says {entry['hashValue'][:12]}..."
        return Judged("log", bucket, key, HASH, because, digest)
    return Judged("log", bucket, key, VALID, "", digest)
