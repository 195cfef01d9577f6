"""JSON text, fast where orjson is there and equal in meaning where it is not.

``dumps`` is for text that labkit itself reads again: it also takes datetimes, bytes and the
streams that boto3 accepts as bodies, and ``loads`` gives them back (a stream as its bytes).
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

try:
    import orjson
except ImportError:  # pragma: no cover - orjson has wheels for every platform the lock names
    orjson = None  # type: ignore[assignment]

_TIME = "$time"
_BYTES = "$bytes"
_FLOAT = "$float"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes | bytearray | memoryview):
        return {_BYTES: base64.b64encode(bytes(value)).decode()}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "read"):
        return {_BYTES: base64.b64encode(_contents(value)).decode()}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _contents(stream: Any) -> bytes:
    """A stream's bytes, its position left where it was."""
    if hasattr(stream, "seek") and hasattr(stream, "tell"):
        place = stream.tell()
        data = stream.read()
        stream.seek(place)
    else:
        data = b""
    return data.encode() if isinstance(data, str) else bytes(data)


def dumps(value: object) -> str:
    """``value`` as compact JSON text."""
    if orjson is not None:
        try:
            return orjson.dumps(
                value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME
            ).decode()
        except TypeError:  # integers beyond 64 bits, keys that are no strings
            pass
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


def dumps_call(value: object) -> str:
    """:func:`dumps_exact` for the parameters of a call that will only ever be made again.

    Times become plain text, which boto3 takes for a timestamp as readily as a datetime; that is
    four times as fast, and publishers send twenty at once.
    """
    if orjson is None:
        return dumps_exact(value)
    try:
        text = orjson.dumps(value, default=_plain).decode()
    except TypeError:
        return dumps_exact(value)
    return dumps_exact(value) if "null" in text else text


def dumps_exact(value: object) -> str:
    """``value`` as JSON text from which :func:`loads` gets the very same value back.

    JSON has no NaN and no infinities (orjson writes ``null``), and a call that was refused for one
    must be refused again when it is replayed. They are looked for only where the text has a null.

    Raises
    ------
    UnicodeEncodeError
        For text with a lone surrogate, which no wire can carry.
    """
    text = dumps(value)
    if "null" in text or "NaN" in text or "Infinity" in text:
        text = dumps(_marked_floats(value))
    if not text.isascii():
        text.encode("utf-8")
    return text


def mended(value: Any) -> Any:
    """``value`` with U+FFFD for each lone surrogate in its texts.

    JSON carries them as escapes (a program cut an emoji in two), UTF-8 can not.
    """
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in value)
    if isinstance(value, dict):
        return {mended(key): mended(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [mended(one) for one in value]
    return value


def _marked_floats(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if isinstance(value, dict):
        return {key: _marked_floats(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_marked_floats(one) for one in value]
    return value


def loads(text: str | bytes) -> Any:
    """The value of ``dumps``'s text, datetimes and bytes restored."""
    value = orjson.loads(text) if orjson is not None else json.loads(text)
    return _restore(value) if _marked(text) else value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def parse(text: str | bytes) -> Any:
    """The value of JSON text that others wrote: nothing in it stands for something else.

    Raises
    ------
    ValueError
        For text that is no JSON (NaN is none), or nested a thousand deep.
    """
    if orjson is not None:
        return orjson.loads(text)
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as problem:
        raise ValueError("nested too deep") from problem


def _marked(text: str | bytes) -> bool:
    return b'"$' in text if isinstance(text, bytes) else '"$' in text


def _restore(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            if _TIME in value:
                return datetime.fromisoformat(value[_TIME])
            if _BYTES in value:
                return base64.b64decode(value[_BYTES])
            if _FLOAT in value:
                return float(value[_FLOAT])
        return {key: _restore(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restore(item) for item in value]
    return value
