"""The lab's folder on this machine: what duckdb may read, and nothing beside it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from hashlib import blake2b
from pathlib import Path

from labkit.core.ports import Ports, StoredObject


class Folder:
    """The lab's files on this machine; made when first needed, gone with its owner."""

    def __init__(self) -> None:
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        """Where."""
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(prefix="labkit-athena-"))
            weakref.finalize(self, shutil.rmtree, self._made, ignore_errors=True)
        return self._made

    def keep(self, stored: StoredObject, ports: Ports) -> str:
        """The path of an object's content, fetched unless it is there already."""
        mark = blake2b(f"{stored.bucket}/{stored.key}@{stored.etag}".encode(), digest_size=16)
        ending = ".gz" if stored.key.endswith(".gz") else ""
        path = self.path / (mark.hexdigest() + ending)
        if not path.exists():
            found = ports.get_object(stored.bucket, stored.key)
            path.write_bytes(b"" if found is None else found[0])
        return str(path)
