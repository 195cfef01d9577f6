"""Log files of this machine as the past of a log group."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from labkit.agents.timestamps import find, unknown_codes
from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.views.waiting import bar

#: Events that are handed over at once.
_AT_ONCE = 100_000


def digest_of(path: str) -> str:
    """What is in a file, as a hash.

    Raises
    ------
    LabError
        When it can't be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise LabError(f"{path}: {problem.strerror}") from None


def events(
    path: str, timestamp_format: str, now: datetime
) -> Iterator[tuple[list[int], list[str]]]:
    """The events of a file, in the order of its lines: milliseconds and texts, many at a time.

    Raises
    ------
    LabError
        For a format with unknown codes, or a file that is no gzip though its name says so.
    """
    unknown = unknown_codes(timestamp_format)
    if unknown:
        raise LabError(f"timestamp_format: {', '.join(unknown)} is not known")
    times: list[int] = []
    texts: list[str] = []
    with open(path, "rb") as raw, bar(f"reading {Path(path).name}", _size(path), "bytes") as tell:
        try:
            for line in _lines(path, raw):
                at = find(timestamp_format, line, now)
                if at is not None:
                    if len(times) >= _AT_ONCE:
                        yield times, texts
                        times, texts = [], []
                        tell(raw.tell())
                    times.append(to_us(at) // 1000)
                    texts.append(line)
                elif texts:
                    texts[-1] += "\n" + line
        except (gzip.BadGzipFile, EOFError) as problem:
            raise LabError(f"{path} is no whole gzip file: {problem}") from None
    if times:
        yield times, texts


def _size(path: str) -> int:
    return Path(path).stat().st_size


def _lines(path: str, raw: IO[bytes]) -> Iterator[str]:
    stream: Any = gzip.GzipFile(fileobj=raw) if path.endswith(".gz") else raw
    for line in stream:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            yield text
