"""Pricing: quantities in, priced lines out. Pure: no clock, no lab, no store.

Theory of operation
-------------------
1. **A month is the unit of a bill.** Free allowances and ladders of prices begin anew with each
   calendar month (UTC) and count for the whole account, all Regions together.
2. **Charges are cumulative.** What a stretch of a month costs is what the month costs up to the
   stretch's end, less what it costs up to its start. So the free allowance goes to whoever came
   first, and the bills of two stretches that meet add up to the bill of both, to the last digit.
3. **Items of one pool share one allowance and one ladder** (custom metrics and those of detailed
   monitoring; the gigabytes of logs), in the order of the table.
4. **By the hour**: an item that is priced by the month is counted in hours, and an hour is one
   744th of it in January. Ten free metric-months in January are 7,440 metric-hours: a hundred
   metrics sent for one hour are free, and cost $27 if they go on for the month.
5. The steps of a ladder are counted without the free units.
6. Amounts are exact (fractions); they are rounded once, where somebody reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from labkit.billing.prices import Price, PriceTable
from labkit.core.verdict import Reason

ZERO = Fraction(0)
#: What AWS's bills carry: ten decimals of a dollar.
_DIGITS = 10

Quantities = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Step:
    """So much at one price.

    Parameters
    ----------
    price:
        Dollars for ``per`` units (a month's worth where the item is priced by the month).
    quantity:
        Counted units.
    amount:
        Dollars, exact.
    """

    price: Decimal
    quantity: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Line:
    """What one item costs.

    Parameters
    ----------
    price:
        The row of the table; without tiers the item is not priced.
    quantity, free:
        Counted units, and how many of them were free.
    size, free_size:
        The same as they are priced: metric-months instead of metric-hours.
    steps:
        The paid ones, price by price.
    saved:
        What the free ones would have cost, at the first price.
    because:
        How it came to this.
    """

    price: Price
    quantity: Fraction
    free: Fraction
    size: Fraction
    free_size: Fraction
    steps: tuple[Step, ...]
    saved: Fraction
    because: Reason

    @property
    def service(self) -> str:
        """The service, as the bill names it."""
        return self.price.service

    @property
    def name(self) -> str:
        """The item, as the bill names it."""
        return self.price.name

    @property
    def exact(self) -> Fraction | None:
        """Dollars, unrounded; None for an item without a price."""
        return sum((s.amount for s in self.steps), ZERO) if self.price.tiers else None

    @property
    def amount(self) -> Decimal | None:
        """Dollars to ten decimals; None for an item without a price."""
        return None if self.exact is None else decimal(self.exact)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of one month.

    Parameters
    ----------
    hours:
        How many hours the month has.
    before, until:
        Item -> counted units, from the month's first instant to the stretch's start and end.
    """

    hours: int
    before: Quantities
    until: Quantities


def decimal(amount: Fraction) -> Decimal:
    """An exact amount to ten decimals, halves to even."""
    scaled = round(amount * 10**_DIGITS)
    return Decimal(scaled).scaleb(-_DIGITS)


def lines(table: PriceTable, periods: Sequence[Period]) -> list[Line]:
    """The priced lines of stretches of one or several months, in the order of the table."""
    found: dict[str, Line] = {}
    for period in periods:
        before = _month(table, period.before, period.hours)
        for item, line in _month(table, period.until, period.hours).items():
            earlier = before.get(item)
            grown = line if earlier is None else _less(line, earlier)
            known = found.get(item)
            found[item] = grown if known is None else _more(known, grown)
    order = {item: place for place, item in enumerate(table.rows)}
    kept = [line for line in found.values() if line.quantity or line.exact]
    kept.sort(key=lambda line: (order.get(line.price.item, len(order)), line.price.item))
    hours = periods[0].hours if len(periods) == 1 else None
    return [_told(line, hours) for line in kept]


def total(made: Iterable[Line]) -> Fraction:
    """What lines come to, unrounded; items without a price count nothing."""
    return sum((line.exact or ZERO for line in made), ZERO)


def _month(table: PriceTable, used: Quantities, hours: int) -> dict[str, Line]:
    """What a month costs up to some instant."""
    order = {item: place for place, item in enumerate(table.rows)}
    left: dict[str, Fraction] = {}
    climbed: dict[str, Fraction] = {}
    found = {}
    for item in sorted(used, key=lambda name: (order.get(name, len(order)), name)):
        row = table.row(item)
        quantity = used[item]
        if row.pool not in left:
            left[row.pool] = row.counted(row.free, hours)
        free = min(quantity, left[row.pool])
        left[row.pool] -= free
        start = climbed.get(row.pool, ZERO)
        climbed[row.pool] = start + quantity - free
        steps = _climb(row, start, quantity - free, hours)
        saved = row.cost(row.tiers[0], free, hours) if row.tiers else ZERO
        per = row.per or hours
        found[item] = Line(row, quantity, free, quantity / per, free / per, steps, saved, _NOTHING)
    return found


def _climb(row: Price, start: Fraction, quantity: Fraction, hours: int) -> tuple[Step, ...]:
    """``quantity`` paid units from ``start`` up the ladder."""
    steps: list[Step] = []
    at, end = start, start + quantity
    for tier in row.tiers:
        top = end if tier.upto is None else min(end, row.counted(tier.upto, hours))
        if top > at:
            steps.append(Step(tier.price, top - at, row.cost(tier, top - at, hours)))
            at = top
    return tuple(steps)


def _less(line: Line, earlier: Line) -> Line:
    return _joined(line, earlier, -1)


def _more(line: Line, other: Line) -> Line:
    return _joined(line, other, 1)


def _joined(line: Line, other: Line, sign: int) -> Line:
    by_price: dict[Decimal, tuple[Fraction, Fraction]] = {}
    for factor, steps in ((1, line.steps), (sign, other.steps)):
        for step in steps:
            quantity, amount = by_price.get(step.price, (ZERO, ZERO))
            by_price[step.price] = (
                quantity + factor * step.quantity,
                amount + factor * step.amount,
            )
    steps = tuple(Step(price, *sums) for price, sums in by_price.items() if any(sums))
    return replace(
        line,
        quantity=line.quantity + sign * other.quantity,
        free=line.free + sign * other.free,
        size=line.size + sign * other.size,
        free_size=line.free_size + sign * other.free_size,
        steps=steps,
        saved=line.saved + sign * other.saved,
    )


# -- in words
_NOTHING = Reason("", "")


def _told(line: Line, hours: int | None) -> Line:
    row = line.price
    used = counted(row, line.quantity)
    inputs = {
        "quantity": number(line.quantity),
        "free": number(line.free),
        "as_of": row.as_of,
        "source": row.source,
    }
    if not row.tiers:
        reason = Reason("not priced", f"{used}; the price table has no price for it", inputs)
    elif not any(tier.price for tier in row.tiers):
        reason = Reason("free of charge", used, inputs)
    else:
        reason = Reason("priced", _priced(line, hours), inputs)
    return replace(line, because=reason)


def _priced(line: Line, hours: int | None) -> str:
    row = line.price
    parts = [counted(row, line.quantity)]
    if row.converted:
        parts[0] += f" = {size(row, line.size)}"
        if row.by_month and hours is not None:
            parts[0] += f" of {hours} hours"
    if line.free == line.quantity:
        parts.append("all of it free")
    elif line.free:
        parts.append(f"{number(line.free_size if row.converted else line.free)} free")
    for step in line.steps:
        at = f" at ${_plain(step.price)} {_each(row)}"
        if line.free or len(line.steps) > 1:
            parts.append(_paid(row, line, step) + at)
        else:
            parts[0] += at
    return "; ".join(parts)


def _paid(row: Price, line: Line, step: Step) -> str:
    if row.converted and line.quantity:
        return number(step.quantity * line.size / line.quantity)
    return number(step.quantity)


def _each(row: Price) -> str:
    """What one price is for: ``a metric-month``, ``an hour``, ``for 1,000 requests``."""
    if row.priced[0].isdigit():
        return f"for {row.priced}"
    one = row.priced if row.priced.startswith("million") else singular(row.priced)
    return f"{'an' if one[0] in 'aeh' or one[0] == 'o' else 'a'} {one}"


def singular(words: str) -> str:
    """The same for one: ``requests`` -> ``request``, ``GB`` stays."""
    return words[:-1] if words.endswith("s") else words


def counted(row: Price, quantity: Fraction) -> str:
    """A quantity in counted units: ``400 requests``, ``1 request``."""
    return f"{number(quantity)} {singular(row.unit) if quantity == 1 else row.unit}"


def size(row: Price, amount: Fraction) -> str:
    """A size in priced units: ``1 metric-month``, ``0.54 metric-months``."""
    return f"{number(amount)} {singular(row.priced) if amount == 1 else row.priced}"


def _plain(price: Decimal) -> str:
    """A price as it stands in a list: at least cents, no idle zeros."""
    whole, _, part = f"{price:f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def number(value: Fraction) -> str:
    """A quantity as people read it: whole with commas, else four significant digits."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    if value >= 1000:
        return f"{float(value):,.0f}"
    return f"{float(value):.4g}"


def dollars(amount: Fraction | Decimal) -> str:
    """An amount: cents, or where it is less than a cent the digits that say something.

    >>> dollars(Fraction(27)), dollars(Fraction(31, 10000)), dollars(Fraction(0))
    ('$27.00', '$0.0031', '$0.00')
    """
    value = (
        Decimal(amount.numerator) / Decimal(amount.denominator)
        if isinstance(amount, Fraction)
        else amount
    )
    if value == 0 or abs(value) >= Decimal("0.01"):
        return f"${value:,.2f}"
    if abs(value) < Decimal("0.000001"):
        return "under $0.000001"
    return f"${value:.{1 - value.adjusted()}f}".rstrip("0")
