"""Objects of S3 in bulk, for services that scan files: listed and read below the API.

A scan of ten thousand objects through the dispatch would take ten seconds. Who asks here has asked
the policies before, by one call in the caller's name.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.ports import StoredObject


def bucket_of(moto: MotoWorld, bucket: str) -> Any:
    """moto's bucket, whoever owns it; None when there is none."""
    if moto.untouched("s3"):
        return None
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(bucket)


class S3Reading:
    """Reads the buckets of a lab, whoever owns them.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def under(self, bucket: str, prefix: str) -> list[StoredObject] | None:
        """The port ``objects_under``: the present objects below a prefix, by key."""
        with self._moto.held():
            there = bucket_of(self._moto, bucket)
            if there is None:
                return None
            keys = there.keys
            names = sorted(str(name) for name in keys)
            found = []
            for name in names[bisect_left(names, prefix) :]:
                if not name.startswith(prefix):
                    break
                key = keys[name]
                if hasattr(key, "value"):  # a delete marker has none
                    etag = str(key.etag).strip('"')
                    found.append(StoredObject(bucket, name, int(key.size), etag))
            return found

    def get(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]] | None:
        """Content and metadata of an object: the port ``get_object``; None when it is not there."""
        with self._moto.held():
            found = bucket_of(self._moto, bucket)
            made = None if found is None else found.keys.get(key)
            if made is None or not hasattr(made, "value"):
                return None
            metadata = {
                name.lower().removeprefix("x-amz-meta-"): value
                for name, value in made.metadata.items()
                if name.lower().startswith("x-amz-meta-")
            }
            return bytes(made.value), metadata
