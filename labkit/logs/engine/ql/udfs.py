"""Functions that SQL has not: addresses and dates. Each runs once for each different value."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import datepatterns

if TYPE_CHECKING:
    import duckdb

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Private for isPrivateIP (RFC 1918 and unique local addresses).
_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)


@cache
def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@cache
def _network(text: str) -> Any:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is(version: int = 0) -> Callable[[str], bool]:
    def judge(text: str) -> bool:
        found = _address(text)
        return found is not None and version in (0, found.version)

    return judge


def _private(text: str) -> bool:
    found = _address(text)
    return found is not None and any(
        found.version == net.version and found in net for net in _PRIVATE
    )


def _reserved(text: str) -> bool:
    found = _address(text)
    return found is not None and not _private(text) and not found.is_global


def _public(text: str) -> bool:
    found = _address(text)
    return found is not None and found.is_global and not found.is_multicast


def _inside(version: int = 0) -> Callable[[str, str], bool]:
    def judge(text: str, subnet: str) -> bool:
        found, net = _address(text), _network(subnet)
        if found is None or net is None or found.version != net.version:
            return False
        return version in (0, found.version) and found in net

    return judge


def _ipv4_number(text: str) -> float | None:
    found = _address(text)
    return float(int(found)) if isinstance(found, ipaddress.IPv4Address) else None


#: Name in SQL -> (function, SQL types of what it takes, SQL type of its answer).
UDFS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "lq_is_ip": (_is(), ("VARCHAR",), "BOOLEAN"),
    "lq_is_ipv4": (_is(4), ("VARCHAR",), "BOOLEAN"),
    "lq_is_ipv6": (_is(6), ("VARCHAR",), "BOOLEAN"),
    "lq_is_private": (_private, ("VARCHAR",), "BOOLEAN"),
    "lq_is_public": (_public, ("VARCHAR",), "BOOLEAN"),
    "lq_is_reserved": (_reserved, ("VARCHAR",), "BOOLEAN"),
    "lq_in_subnet": (_inside(), ("VARCHAR", "VARCHAR"), "BOOLEAN"),
    "lq_in_subnet4": (_inside(4), ("VARCHAR", "VARCHAR"), "BOOLEAN"),
    "lq_in_subnet6": (_inside(6), ("VARCHAR", "VARCHAR"), "BOOLEAN"),
    "lq_ipv4_number": (_ipv4_number, ("VARCHAR",), "DOUBLE"),
    "lq_parse_date": (datepatterns.parse_date, ("VARCHAR", "VARCHAR", "VARCHAR"), "BIGINT"),
    "lq_format_date": (datepatterns.format_date, ("DOUBLE", "VARCHAR", "VARCHAR"), "VARCHAR"),
    "lq_strftime": (datepatterns.by_strftime, ("DOUBLE", "VARCHAR", "VARCHAR"), "VARCHAR"),
}


def _vectored(function: Callable[..., Any], count: int, answer: str) -> Callable[..., Any]:
    """The function over arrow arrays; a missing value gives a missing answer."""
    import pyarrow as pa

    kinds = {"BOOLEAN": pa.bool_(), "DOUBLE": pa.float64(), "BIGINT": pa.int64(),
             "VARCHAR": pa.string()}  # fmt: skip

    def run(*columns: Any) -> Any:
        known: dict[tuple[Any, ...], Any] = {}
        out = []
        for row in zip(*(column.to_pylist() for column in columns), strict=True):
            if row not in known:
                known[row] = None if None in row else function(*row)
            out.append(known[row])
        return pa.array(out, kinds[answer])

    # duckdb looks at how many parameters a function has.
    arities: dict[int, Callable[..., Any]] = {
        1: lambda a: run(a),
        2: lambda a, b: run(a, b),
        3: lambda a, b, c: run(a, b, c),
    }
    return arities[count]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection."""
    from duckdb.func import ARROW, SPECIAL

    from labkit.logs.engine.opensearch.macros import UDFS as MORE

    for name, (function, takes, answer) in (UDFS | MORE).items():
        connection.create_function(
            name,
            _vectored(function, len(takes), answer),
            list(takes),
            answer,
            type=ARROW,
            null_handling=SPECIAL,
        )
