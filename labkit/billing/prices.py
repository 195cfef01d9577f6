"""The price table: what an item costs, how much of it is free, and which calls count as it.

The data are in ``prices.toml``, each row with its date and its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

#: Machines are priced in one line each; the rest of their rows is the same.
_INSTANCE = "ec2.instance."


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of the ladder of prices.

    Parameters
    ----------
    price:
        Dollars for ``per`` counted units.
    upto:
        Where the step ends, in the units of :attr:`Price.free`; None for the last one.
    """

    price: Decimal
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A row of the table; see the head of ``prices.toml`` for its fields."""

    item: str
    service: str
    name: str
    unit: str
    per: int | None
    priced: str
    free: int
    pool: str
    tiers: tuple[Tier, ...]
    operations: tuple[str, ...]
    as_of: str
    source: str

    @property
    def by_month(self) -> bool:
        """Whether hours are prorated over the hours of the month."""
        return self.per is None

    @property
    def converted(self) -> bool:
        """Whether people count it in priced units rather than in counted ones."""
        return self.by_month or self.priced in ("hours", "GB", "TB", "GB-seconds")

    def counted(self, amount: int | Fraction, hours: int) -> Fraction:
        """An allowance or a bound of a tier in counted units, in a month of so many hours."""
        return Fraction(amount) * (hours if self.by_month else 1)

    def cost(self, tier: Tier, quantity: Fraction, hours: int) -> Fraction:
        """Dollars for ``quantity`` counted units in a tier."""
        return Fraction(tier.price) * quantity / (self.per or hours)


@dataclass(frozen=True, eq=False)
class PriceTable:
    """All rows, by item, in the order in which a bill lists them."""

    rows: Mapping[str, Price]
    as_of: str
    region: str
    free_services: frozenset[str]
    free_calls: frozenset[str]

    def item_of(self, metered: str) -> str | None:
        """The item under which something metered is charged; None where it costs nothing.

        Parameters
        ----------
        metered:
            A key of the table, or ``service:Operation`` for a call. A call of a service that the
            table does not know is an item of its own, which has no price.
        """
        service, colon, operation = metered.partition(":")
        if not colon:
            return metered
        exact = _operations(self).get(metered)
        if exact is not None:
            return exact
        for prefix, item in _prefixes(self).get(service, ()):
            if operation.startswith(prefix):
                return item
        if service in self.free_services or service in self.free_calls:
            return None
        return f"{service}:"

    def row(self, item: str) -> Price:
        """The row of an item; one without tiers where the table has none."""
        found = self.rows.get(item)
        if found is not None:
            return found
        if item.startswith(_INSTANCE):
            kind = item.removeprefix(_INSTANCE)
            return Price(
                item, "EC2", f"{kind} instances", "seconds", 3600, "hours", 0, "", (), (), "", ""
            )
        if item.endswith(":"):
            name = item[:-1]
            return Price(
                item, name, "API requests", "requests", 1, "requests", 0, "", (), (), "", ""
            )
        service = item.partition(".")[0]
        return Price(item, service, item, "units", 1, "units", 0, "", (), (), "", "")


@cache
def _operations(table: PriceTable) -> Mapping[str, str]:
    return {
        operation: item
        for item, row in table.rows.items()
        for operation in row.operations
        if not operation.endswith("*")
    }


@cache
def _prefixes(table: PriceTable) -> Mapping[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for item, row in table.rows.items():
        for pattern in row.operations:
            if pattern.endswith("*"):
                service, _, prefix = pattern[:-1].partition(":")
                found.setdefault(service, []).append((prefix, item))
    return {service: tuple(rows) for service, rows in found.items()}


def read(text: str) -> PriceTable:
    """A table from its TOML text."""
    data = tomllib.loads(text, parse_float=Decimal)
    head = data.pop("table")
    return PriceTable(
        rows={item: _row(item, row) for item, row in data.items()},
        as_of=head["as_of"],
        region=head["region"],
        free_services=frozenset(head["free_services"].split()),
        free_calls=frozenset(head["free_calls"].split()),
    )


def _row(item: str, row: Mapping[str, Any]) -> Price:
    if item.startswith(_INSTANCE):
        kind = item.removeprefix(_INSTANCE)
        row = {
            "service": "EC2",
            "name": f"{kind} instances",
            "unit": "seconds",
            "per": 3600,
            "priced": "hours",
            "tiers": [{"price": row["price"]}],
            "as_of": "2025",
            "source": "T: on demand, Linux",
        }
    return Price(
        item=item,
        service=row["service"],
        name=row["name"],
        unit=row["unit"],
        per=None if row["per"] == "month" else row["per"],
        priced=row["priced"],
        free=row.get("free", 0),
        pool=row.get("pool", item),
        tiers=tuple(Tier(Decimal(t["price"]), t.get("upto")) for t in row.get("tiers", ())),
        operations=tuple(row.get("operations", "").split()),
        as_of=row["as_of"],
        source=row["source"],
    )


@cache
def table() -> PriceTable:
    """The table that comes with labkit."""
    return read((files("labkit") / "billing" / "prices.toml").read_text(encoding="utf-8"))
