"""Uploaded code on disk: unpacked once per lab and content, for all workers that run it."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence

#: Unpacked code may have this much (Lambda quotas, "Deployment package size").
MOST_BYTES = 262_144_000


class BadZip(Exception):
    """What was uploaded can't be unpacked; the text says why, in AWS's words where known."""


def check(content: bytes) -> None:
    """Whether Lambda would take this for code.

    Raises
    ------
    BadZip
        For what is no zip, and for one that is too large unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(item.file_size for item in packed.infolist())
            items = len(packed.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        raise BadZip(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from None
    if not items:
        raise BadZip("Uploaded file must be a non-empty zip")
    if size > MOST_BYTES:
        raise BadZip(f"Unzipped size must be smaller than {MOST_BYTES} bytes")


class Unpacked:
    """The unpacked code of one lab.

    Parameters
    ----------
    base:
        Where it may lie; whoever made the directory removes it.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._known: dict[tuple[str, ...], str] = {}

    def place(self, zips: Sequence[tuple[str, bytes]]) -> str:
        """The directory with the contents of these zips, the later over the earlier.

        Parameters
        ----------
        zips:
            ``(digest, content)``: a function's code, or its layers.
        """
        key = tuple(digest for digest, _ in zips)
        found = self._known.get(key)
        if found is None:
            found = os.path.join(self._base, str(len(self._known)))
            os.makedirs(found)
            for _, content in zips:
                _unpack(content, found)
            self._known[key] = found
        return found


def _unpack(content: bytes, place: str) -> None:
    """zipfile itself keeps members inside: it drops drives, roots and ``..`` of their names."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            packed.extractall(place)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        return  # checked when it was uploaded; what is damaged within is missing on import
