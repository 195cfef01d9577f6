"""Objects that AWS's own services write and read: CloudTrail's log files and digests.

A service that delivers into a bucket does not sign a request: it has been asked whether the
bucket's policy lets it (port ``bucket_allows``), and the object then belongs to the account for
which it acts. S3 tells of it like of any other new object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.backing.mount import MotoWorld


class S3Writing:
    """Writes, reads and lists objects for services.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def _bucket(self, bucket: str) -> Any:
        """moto's bucket, whoever owns it; None when there is none."""
        if self._moto.untouched("s3"):
            return None
        from moto.s3.models import s3_backends

        owner = s3_backends.bucket_accounts.get(bucket)
        if owner is None:
            return None
        partition, account = owner
        return s3_backends[account][partition].buckets.get(bucket)

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
            found = self._bucket(bucket)
            if found is None:
                return "NoSuchBucket"
            from moto.s3.models import s3_backends

            partition, account = s3_backends.bucket_accounts[bucket]
            made = s3_backends[account][partition].put_object(bucket, key, body)
            made.set_metadata({f"x-amz-meta-{name}": value for name, value in metadata.items()})
            made.set_metadata(dict(headers))
        return ""

    def get(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]] | None:
        """Content and metadata of an object: the port ``get_object``; None when it is not there."""
        with self._moto.held():
            found = self._bucket(bucket)
            made = None if found is None else found.keys.get(key)
            if made is None or not hasattr(made, "value"):
                return None
            metadata = {
                name.lower().removeprefix("x-amz-meta-"): value
                for name, value in made.metadata.items()
                if name.lower().startswith("x-amz-meta-")
            }
            return bytes(made.value), metadata

    def keys(self, bucket: str, prefix: str) -> list[str] | None:
        """Keys below a prefix, sorted: the port ``object_keys``; None without such a bucket."""
        with self._moto.held():
            found = self._bucket(bucket)
            if found is None:
                return None
            return sorted(key for key in found.keys if key.startswith(prefix))
