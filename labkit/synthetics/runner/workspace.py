"""The folder of a run: the unpacked script, its ``/tmp``, and nothing that outlives the run."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator

from labkit.synthetics.engine import package

#: How much of what a script leaves is kept: the largest file, and all together, bytes.
LARGEST_FILE, LARGEST_ALL = 16_000_000, 64_000_000


class Workspace:
    """A temporary folder: ``task`` (the archive), ``tmp`` (the script's ``/tmp``).

    Parameters
    ----------
    code:
        The archive; empty for none.
    authority:
        A certificate authority for the script's own requests, PEM; '' for none.
    """

    def __init__(self, code: bytes, authority: str) -> None:
        self.names = package.check(code) if code else []
        self._code = code
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="labkit-canary-"))
        self.task, self.tmp = os.path.join(self.root, "task"), os.path.join(self.root, "tmp")
        self.authority = ""
        try:
            os.mkdir(self.task)
            os.mkdir(self.tmp)
            if code:
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(self.task)
            if authority:
                self.authority = os.path.join(self.root, "authority.pem")
                with open(self.authority, "w", encoding="ascii") as file:
                    file.write(authority)
        except BaseException:
            self.remove()
            raise

    def uses_browser(self) -> bool:
        """Whether one of the scripts seems to start a browser, so that it can start meanwhile."""
        return package.uses_browser(self._code)

    def left(self) -> Iterator[tuple[str, bytes]]:
        """What the script left in ``/tmp``: (name, bytes), by name; too large files are cut off
        with a note that says so.
        """
        total = 0
        for folder, _, files in sorted(os.walk(self.tmp)):
            for name in sorted(files):
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                size = os.path.getsize(path)
                shown = os.path.relpath(path, self.tmp)
                total += size
                if size > LARGEST_FILE or total > LARGEST_ALL:
                    yield f"{shown}.left-out.txt", f"{shown} has {size} bytes".encode()
                    continue
                with open(path, "rb") as file:
                    yield shown, file.read()

    def remove(self) -> None:
        """Remove it, even while somebody who was killed writes a last file."""
        for _ in range(10):
            shutil.rmtree(self.root, ignore_errors=True)
            if not os.path.exists(self.root):
                return
            threading.Event().wait(0.02)
