"""How Firehose names and packs the objects it writes: pure, time is an argument.

Name = evaluated prefix + suffix (Firehose developer guide, "Configure Amazon S3 object name format"
and "Understand custom prefixes for Amazon S3 objects")::

    logs/2026/01/05/09/orders-1-2026-01-05-09-05-00-<uuid>.gz
    ^prefix ^default time ^stream ^version  ^time    ^id  ^extension

- A prefix without an expression is followed by ``yyyy/MM/dd/HH/``; nothing is put between, so that
  ``logs`` gives ``logs2026/...``, which surprises people there too.
- ``!{timestamp:...}`` takes Java's pattern letters, ``!{firehose:random-string}`` eleven letters,
  and ``!{firehose:error-output-type}`` stands in error prefixes.
- All times are those of the oldest record in the object.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_EXPRESSION = re.compile(r"!\{([A-Za-z]+):([^}]*)\}")
_LETTERS = re.compile(r"'([^']*)'|y+|Y+|M+|d+|D+|H+|m+|s+|S+|E+")

_EXTENSIONS = {"GZIP": ".gz", "ZIP": ".zip"}

#: The namespaces of expressions, and the values of ``firehose``.
NAMESPACES = ("firehose", "timestamp", "partitionKeyFromQuery", "partitionKeyFromLambda")
FIREHOSE_VALUES = ("random-string", "error-output-type")


def wrong_prefix(prefix: str, *, error: bool) -> str:
    """Why a prefix (or with ``error`` an error prefix) is not good; empty when it is."""
    for namespace, value in _EXPRESSION.findall(prefix):
        if namespace not in NAMESPACES:
            return f"unknown namespace {namespace!r} in the expression !{{{namespace}:{value}}}"
        if namespace == "firehose" and value not in FIREHOSE_VALUES:
            return f"unknown value {value!r} of the namespace firehose"
        if (namespace, value) == ("firehose", "error-output-type") and not error:
            return "!{firehose:error-output-type} belongs into ErrorOutputPrefix"
        if namespace.startswith("partitionKey") and error:
            return "partition keys are not allowed in ErrorOutputPrefix"
    if not error:
        return ""
    has = [value for namespace, value in _EXPRESSION.findall(prefix) if namespace == "firehose"]
    if "!{" in prefix and "error-output-type" not in has:
        return "ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}"
    return ""


def in_java(pattern: str, moment: datetime) -> str:
    """A moment in Java's DateTimeFormatter letters: ``yyyy/MM/dd``."""

    def one(match: re.Match[str]) -> str:
        letters = match.group(0)
        if letters[0] == "'":
            return match.group(1)
        width = len(letters)
        if letters[0] in "yY":
            return f"{moment.year % 100:02d}" if width == 2 else f"{moment.year:0{width}d}"
        if letters[0] == "M" and width > 2:
            return moment.strftime("%b" if width == 3 else "%B")
        if letters[0] == "E":
            return moment.strftime("%a" if width < 4 else "%A")
        if letters[0] == "S":
            return f"{moment.microsecond:06d}"[:width]
        value = {
            "M": moment.month,
            "d": moment.day,
            "D": moment.timetuple().tm_yday,
            "H": moment.hour,
            "m": moment.minute,
            "s": moment.second,
        }[letters[0]]
        return f"{value:0{width}d}"

    return _LETTERS.sub(one, pattern)


def object_key(
    prefix: str,
    stream: str,
    version: str,
    oldest: datetime,
    unique: str,
    *,
    extension: str = "",
    zone: str = "UTC",
    error_type: str = "",
    random_string: Callable[[], str] = lambda: "",
) -> str:
    """The key of an object.

    Parameters
    ----------
    prefix:
        As configured; for what failed the error prefix.
    stream, version:
        Of the delivery stream.
    oldest:
        Arrival of the oldest record, aware.
    unique:
        The object's UUID.
    extension:
        ``.gz``.
    zone:
        ``CustomTimeZone``.
    error_type:
        ``processing-failed``, ``format-conversion-failed``; empty for what went well.
    random_string:
        Draws eleven letters, once per expression.
    """
    moment = oldest.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))

    def value(match: re.Match[str]) -> str:
        namespace, what = match.groups()
        if namespace == "timestamp":
            return in_java(what, moment)
        if namespace == "firehose":
            return error_type if what == "error-output-type" else random_string()
        return ""

    evaluated = _EXPRESSION.sub(value, prefix)
    if not _EXPRESSION.search(prefix):
        # For an error prefix without expressions the type comes first, then the time.
        evaluated += f"{error_type}/" if error_type else ""
        evaluated += moment.strftime("%Y/%m/%d/%H/")
    when = moment.strftime("%Y-%m-%d-%H-%M-%S")
    return f"{evaluated}{stream}-{version}-{when}-{unique}{extension}"


def pack(data: bytes, compression: str) -> bytes:
    """The bytes of an object: ``UNCOMPRESSED``, ``GZIP`` or ``ZIP``, the same ones every time."""
    if compression == "GZIP":
        return gzip.compress(data, mtime=0)
    if compression == "ZIP":
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("data", (1980, 1, 1, 0, 0, 0)), data)
        return held.getvalue()
    return data


def extension_of(compression: str, wanted: str = "") -> str:
    """The extension of an object: the one asked for, else the compression's."""
    return wanted or _EXTENSIONS.get(compression, "")
