"""Objects of S3 in bulk, for services that scan files: listed and read below the API.

A scan of ten thousand objects through the dispatch would take ten seconds. Who asks here has asked
the policies before, by one call in the caller's name.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.ports import StoredObject


class S3Reading:
    """Reads the buckets of a lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto

    def under(self, account: str, bucket: str, prefix: str) -> list[StoredObject]:
        """The port ``objects_under``: the present objects below a prefix, by key."""
        with self._moto.working():
            keys = self._keys(account, bucket)
            names = sorted(str(name) for name in keys)
            found = []
            for name in names[bisect_left(names, prefix) :]:
                if not name.startswith(prefix):
                    break
                key = keys[name]
                if hasattr(key, "value"):  # a delete marker has none
                    found.append(
                        StoredObject(bucket, name, int(key.size), str(key.etag).strip('"'))
                    )
            return found

    def content(self, account: str, bucket: str, key: str) -> bytes:
        """The port ``object_bytes``: what is in an object."""
        with self._moto.working():
            value: bytes = self._keys(account, bucket)[key].value
            return value

    def _keys(self, account: str, bucket: str) -> Any:
        return self._moto.backend("s3", account, "us-east-1").get_bucket(bucket).keys
