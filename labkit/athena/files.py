"""The catalog of one account as a query sees it, and how files come from S3 to duckdb.

An object is written once into the lab's temporary folder, compressed as it is, under its bucket,
key and ETag; as long as the ETag stays the file does. The folder goes with the lab.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from labkit.athena.engine import partitions
from labkit.athena.engine.problems import Failed
from labkit.athena.records import Execution, Table
from labkit.athena.sql.folder import Folder
from labkit.athena.sql.reading import File
from labkit.athena.store import Store
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError
from labkit.core.ports import Ports, StoredObject

SERVICE = "athena.amazonaws.com"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


class Catalog:
    """Tables and files for one execution; a :class:`labkit.athena.sql.query.Catalog`."""

    def __init__(
        self, store: Store, execution: Execution, ports: Ports, folder: Folder, now_us: int
    ) -> None:
        self._store = store
        self._execution = execution
        self._ports = ports
        self._folder = folder
        self._now_us = now_us
        self._asked: set[str] = set()

    @property
    def folder(self) -> Path:
        """Where duckdb may read."""
        return self._folder.path

    def table(self, database: str, name: str) -> Table | None:
        """A table or view."""
        return self._store.tables.get((database, name))

    def has_database(self, name: str) -> bool:
        """Whether there is such a database."""
        return name in self._store.databases

    def partitions(
        self, table: Table, injected: Mapping[str, Sequence[str]]
    ) -> list[tuple[tuple[str, ...], str]]:
        """Values and location of each partition: projected, or those that were added."""
        if not table.projected:
            return list(table.values.items())
        return list(partitions.projected(table, to_datetime(self._now_us), injected))

    def files(self, table: Table, places: Sequence[tuple[tuple[str, ...], str]]) -> list[File]:
        """The files below these locations; names that begin with ``.`` or ``_`` are not data."""
        found: list[File] = []
        roots: dict[str, tuple[list[str], list[StoredObject]]] = {}
        base = table.location
        for values, where in places:
            root = base if where.startswith(base) else where
            if root not in roots:
                objects = self.listed(root)
                roots[root] = [one.key for one in objects], objects
            keys, objects = roots[root]
            prefix = split_uri(where)[1]
            for one in objects[bisect_left(keys, prefix) :]:
                if not one.key.startswith(prefix):
                    break
                if one.size and one.key.rpartition("/")[2][:1] not in (".", "_"):
                    path = self._folder.keep(one, self._ports)
                    found.append(File(path, one.size, values))
        return found

    def listed(self, uri: str) -> list[StoredObject]:
        """The objects below a location, once the caller has been found to be allowed to read."""
        bucket, prefix = split_uri(uri)
        who = replace(self._execution.principal, invoked_by=SERVICE)
        if uri not in self._asked:
            self._asked.add(uri)
            try:
                told = self._ports.call_as(
                    who,
                    "s3",
                    "ListObjectsV2",
                    {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1},
                    self._store.region,
                )
                for one in told.get("Contents", ()):
                    asked = {"Bucket": bucket, "Key": one["Key"]}
                    self._ports.call_as(who, "s3", "HeadObject", asked, self._store.region)
            except AwsError as refused:
                raise _refused(refused, uri, bucket) from None
        return list(self._ports.objects_under(bucket, prefix) or ())


def _refused(refused: AwsError, uri: str, bucket: str) -> Failed:
    if refused.code == "NoSuchBucket":
        return Failed(
            "",
            f"HIVE_METASTORE_ERROR: The specified bucket does not exist: {bucket} "
            f"(Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Path: {uri})",
        )
    return Failed(
        "",
        f"Permission denied on S3 path: {uri} (Service: Amazon S3; Status Code: 403; "
        f"Error Code: {refused.code})",
    )
