"""The files of this machine, as :mod:`labkit.agents.tail` wants to see them."""

from __future__ import annotations

import glob
import os
from types import TracebackType
from typing import BinaryIO

from labkit.agents.log_file import LogFile
from labkit.agents.tail import Identity, Seen


class Files:
    """Finds files and keeps them open, so that what a renamed one got last can still be read.

    Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self) -> None:
        self._open: dict[Identity, BinaryIO] = {}

    def find(self, file: LogFile) -> list[Seen]:
        """The files that an entry matches now, by name."""
        found = []
        for path in sorted(glob.glob(file.pattern, recursive=True)):
            if file.blacklist is not None and file.blacklist.search(os.path.basename(path)):
                continue
            try:
                status = os.stat(path)
                if not os.path.isfile(path):
                    continue
                identity = (status.st_dev, status.st_ino)
                if identity not in self._open:
                    self._open[identity] = open(path, "rb")  # noqa: SIM115 - kept, see close()
            except OSError:
                continue  # gone between the look and the touch, or not ours to read
            found.append(Seen(path, identity, status.st_size, status.st_mtime_ns // 1_000))
        return found

    def read(self, identity: Identity, offset: int) -> bytes:
        """The bytes of a file from ``offset`` on."""
        stream = self._open.get(identity)
        if stream is None:
            return b""
        stream.seek(offset)
        return stream.read()

    @staticmethod
    def remove(path: str, identity: Identity) -> bool:
        """Delete a file that has been read to its end, if it is still the same one."""
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) != identity:
                return False
            os.remove(path)
        except OSError:
            return False
        return True

    def forget(self, keep: set[Identity]) -> None:
        """Close the files that nobody follows any more."""
        for identity in [one for one in self._open if one not in keep]:
            self._open.pop(identity).close()

    def close(self) -> None:
        """Close all."""
        self.forget(set())

    def __enter__(self) -> Files:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
