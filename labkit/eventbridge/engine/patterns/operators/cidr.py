"""``{"cidr": "10.0.0.0/24"}``: IP addresses of a network, version 4 or 6.

Only strings that are addresses match; an address with bits beyond the mask stands for its network.
A mask of all bits (``/32``) is refused by AWS: the address as a plain string does that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from labkit.eventbridge.engine.patterns.errors import InvalidEventPattern
from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value

_LOOKS_LIKE_ONE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


def address(text: str) -> tuple[int, int] | None:
    """(version, number) of an IP address; None for other text."""
    parts = text.split(".")
    if len(parts) == 4:
        number = 0
        for part in parts:
            # No leading zeroes: some read 010 as eight.
            if not part.isdecimal() or len(part) > 3 or (part[0] == "0" and part != "0"):
                return None
            byte = int(part)
            if byte > 255:
                return None
            number = number << 8 | byte
        return (4, number) if text.isascii() else None
    if ":" not in text or not _LOOKS_LIKE_ONE.fullmatch(text):
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.version, int(found)


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address in a network.

    Parameters
    ----------
    text:
        As it was written.
    version:
        4 or 6.
    shift:
        How many bits of an address are the host's.
    network:
        The bits before them.
    """

    text: str
    version: int
    shift: int
    network: int

    def matches(self, value: Value) -> bool:
        """Whether the value is an address of the network."""
        found = address(value) if isinstance(value, str) else None
        return (
            found is not None
            and found[0] == self.version
            and found[1] >> self.shift == self.network
        )

    def __str__(self) -> str:
        return f'{{"cidr": "{self.text}"}}'


def read(tokens: Tokens) -> Cidr:
    """The operator from its tokens; AWS names no place for a malformed network."""
    if tokens.next().kind is not Kind.STRING:
        raise tokens.fail("prefix match pattern must be a string")
    operator = _parse(tokens.text())
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return operator


def _parse(text: str) -> Cidr:
    parts = text.split("/")
    if len(parts) != 2:
        raise InvalidEventPattern("Malformed CIDR, one '/' required")
    if not re.fullmatch("[+-]?[0-9]{1,9}", parts[1]):
        raise InvalidEventPattern("Malformed CIDR, mask bits must be an integer")
    bits = int(parts[1])
    if bits < 0:
        raise InvalidEventPattern("Malformed CIDR, mask bits must not be negative")
    found = address(parts[0])
    if found is None:
        kind = "Invalid" if _LOOKS_LIKE_ONE.fullmatch(parts[0]) else "Nonstandard"
        raise InvalidEventPattern(f"{kind} IP address: {parts[0]}")
    version, number = found
    size = 32 if version == 4 else 128
    if bits >= size:
        raise InvalidEventPattern(f"IPv{version} mask bits must be < {size}")
    return Cidr(text, version, size - bits, number >> (size - bits))
