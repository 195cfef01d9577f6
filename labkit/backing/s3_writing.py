"""Objects that AWS's own services write: CloudTrail's log files and digests.

A service that delivers into a bucket does not sign a request: it has been asked whether the
bucket's policy lets it (port ``bucket_allows``), and the object then belongs to the account for
which it acts. S3 tells of it like of any other new object.
"""

from __future__ import annotations

from collections.abc import Mapping

from labkit.backing.mount import MotoWorld
from labkit.backing.s3_reading import bucket_of


class S3Writing:
    """Writes objects for services.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> str:
        """Put an object: the port ``put_object``; S3's error code, '' when it is there."""
        with self._moto.working():
            found = bucket_of(self._moto, bucket)
            if found is None:
                return "NoSuchBucket"
            from moto.s3.models import s3_backends

            partition, account = s3_backends.bucket_accounts[bucket]
            made = s3_backends[account][partition].put_object(
                bucket, key, body,
                encryption=headers.get("x-amz-server-side-encryption"),
                kms_key_id=headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
            )  # fmt: skip
            made.set_metadata({f"x-amz-meta-{name}": value for name, value in metadata.items()})
            made.set_metadata(dict(headers))
        return ""
