"""Protocol Buffers, as much as a handful of messages needs: fields written one after another.

A field is a varint that holds number and kind, and then its value: 8 bytes, or a length and that
many bytes. Like proto3, a value that is the default (0, the empty text) is not written.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

import struct

_FIXED, _DELIMITED = 1, 2


def varint(value: int) -> bytes:
    """An unsigned number, seven bits a byte, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(number: int, inside: bytes) -> bytes:
    """A field that holds a message; an empty message is written too."""
    return varint(number << 3 | _DELIMITED) + varint(len(inside)) + inside


def text(number: int, value: str) -> bytes:
    """A field that holds a text."""
    return message(number, value.encode()) if value else b""


def fixed64(number: int, value: int) -> bytes:
    """A field of eight bytes that holds a whole number."""
    return varint(number << 3 | _FIXED) + struct.pack("<Q", value) if value else b""


def double(number: int, value: float) -> bytes:
    """A field of eight bytes that holds a floating-point number."""
    return varint(number << 3 | _FIXED) + struct.pack("<d", value) if value else b""


def delimited(inside: bytes) -> bytes:
    """A message with its length before it, as it stands in a stream of messages."""
    return varint(len(inside)) + inside
