"""Which calls CloudTrail records, and as what: management events, data events, nothing.

The lists are data, ``labkit/cloudtrail/categories.toml``, with AWS's page for each service. They
are read when the first operation is asked for, and the answers are kept.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

MANAGEMENT, DATA, NONE = "management", "data", "none"


@dataclass(frozen=True, slots=True)
class Category:
    """How CloudTrail classes an operation.

    Parameters
    ----------
    kind:
        ``management`` (event history and trails), ``data`` (trails that ask for it) or ``none``.
    read_only:
        What the record's ``readOnly`` says.
    answered:
        Whether ``responseElements`` are recorded when the call returns something. That is so for
        calls that change something, and for ``sts:AssumeRole`` and its two sisters, which AWS
        counts as reads.
    """

    kind: str
    read_only: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A service as records name it.

    Parameters
    ----------
    name:
        botocore's name (``cloudwatch``).
    source:
        ``eventSource`` (``monitoring.amazonaws.com``).
    host:
        First part of its endpoint's name (``monitoring``).
    version:
        The API version of botocore's model; empty for a service that is in no list.
    region:
        Where a global service's records are written; empty for a regional service.
    fixed_endpoint:
        The endpoint's name where there is one for all Regions.
    doc:
        The page of AWS that says what is recorded.
    """

    name: str
    source: str
    host: str
    version: str = ""
    region: str = ""
    fixed_endpoint: str = ""
    doc: str = ""
    data: frozenset[str] = field(default=frozenset(), repr=False)
    none: frozenset[str] = field(default=frozenset(), repr=False)
    read: frozenset[str] = field(default=frozenset(), repr=False)
    write: frozenset[str] = field(default=frozenset(), repr=False)
    answered: frozenset[str] = field(default=frozenset(), repr=False)

    def endpoint(self, region: str) -> str:
        """The host that a client talks to (``monitoring.us-east-1.amazonaws.com``)."""
        return self.fixed_endpoint or f"{self.host}.{self.region or region}.amazonaws.com"


@cache
def _table() -> Mapping[str, Any]:
    place = files("labkit") / "cloudtrail" / "categories.toml"
    return tomllib.loads(place.read_text(encoding="utf-8"))


@cache
def _reads() -> tuple[str, ...]:
    return tuple(_table()["reads"].split())


def listed() -> tuple[str, ...]:
    """The services that ``categories.toml`` knows, by botocore's name."""
    return tuple(name for name, row in _table().items() if isinstance(row, dict))


@cache
def service_of(name: str) -> Service:
    """What is known of a service, by botocore's name; one of no list gets the usual names."""
    row = _table().get(name)
    if not isinstance(row, dict):
        return Service(name=name, source=f"{name}.amazonaws.com", host=name)

    def words(key: str) -> frozenset[str]:
        return frozenset(row.get(key, "").split())

    return Service(
        name=name,
        source=row["source"],
        host=row.get("host") or row["source"].split(".", 1)[0],
        version=row["version"],
        region=row.get("region", ""),
        fixed_endpoint=row.get("endpoint", ""),
        doc=row["doc"],
        data=words("data"),
        none=words("none"),
        read=words("read"),
        write=words("write"),
        answered=words("answered"),
    )


@cache
def category_of(service: str, operation: str) -> Category:
    """How CloudTrail classes an operation, by botocore's service name and the wire name.

    An operation of no list is a management event, a read when its name begins like one.
    """
    known = service_of(service)
    kind = DATA if operation in known.data else MANAGEMENT
    if operation in known.none:
        kind = NONE
    read_only = operation in known.read or (
        operation.startswith(_reads()) and operation not in known.write
    )
    answered = not read_only or operation in known.answered
    return Category(kind, read_only, answered)
