"""A bill as a picture and as text: a bar for each item, what is free hatched, what is paid full."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from labkit.billing.pricing import ZERO, Line, counted, dollars, number, size
from labkit.core.clock import to_us
from labkit.views import theme
from labkit.views.drawing import WIDTH, Drawing
from labkit.views.timeaxis import when

if TYPE_CHECKING:
    from labkit.billing.bill import Bill
    from labkit.views.sheet import Sheet

_ROW, _TOP, _FOOT = 40, 72, 58
_BAR_LEFT, _BAR_WIDTH = 272, 330
_RIGHT = _BAR_LEFT + _BAR_WIDTH + 16
_HATCH_INK = "#c9a27a"
_UNSEEN = "Not metered: volumes, what buckets hold, data transfer."


def title(bill: Bill) -> str:
    """The finding: what it comes to, and what most of it is."""
    head = "A month like this costs" if bill.month else "So far"
    if bill.start > bill.end or not bill.lines:
        return f"{head} {dollars(ZERO)}: nothing was used"
    saved = sum((line.saved for line in bill.lines), ZERO)
    if not bill.exact:
        tail = f"; without the free tier {dollars(saved)}" if saved else ""
        return f"{head} {dollars(ZERO)}: all of it is free{tail}"
    main = max(bill.lines, key=lambda line: line.exact or ZERO)
    share = (main.exact or ZERO) / bill.exact
    name = f"{main.service} {main.name}" if "API" in main.name else main.name
    if share == 1:
        return f"{head} {dollars(bill.exact)}, all of it {name}"
    if share >= Fraction(9, 10):
        return f"{head} {dollars(bill.exact)}, nearly all of it {name}"
    if share > Fraction(1, 2):
        return f"{head} {dollars(bill.exact)}, most of it {name}"
    return f"{head} {dollars(bill.exact)}; the most for {name}"


def bill(bill: Bill) -> Drawing:
    """The bill as a drawing."""
    from labkit.views.sheet import draw

    heading = title(bill)
    height = _TOP + _ROW * len(bill.lines) + (_FOOT if bill.lines else _FOOT - 30)
    svg = draw(height, lambda sheet: _paint(sheet, bill, heading), heading)
    return Drawing(heading, text(bill), data(bill), svg=svg)


def data(bill: Bill) -> dict[str, Any]:
    """The numbers, as plain values; amounts as texts, exact to ten decimals."""
    return {
        "account": bill.account,
        "month": bill.month,
        "total": str(bill.total),
        "as_of": bill.as_of,
        "lines": [
            {
                "item": line.price.item,
                "service": line.service,
                "name": line.name,
                "unit": line.price.unit,
                "quantity": str(line.quantity),
                "free": str(line.free),
                "steps": [[str(s.price), str(s.quantity)] for s in line.steps],
                "amount": None if line.amount is None else str(line.amount),
                "why": line.because.text,
            }
            for line in bill.lines
        ],
    }


def _paint(sheet: Sheet, bill: Bill, heading: str) -> None:
    from labkit.views.sheet import fit

    sheet.text(20, 30, fit(heading, WIDTH - 40, 16, True), size=16, bold=True)
    sheet.text(20, 52, _span(bill), size=12, colour=theme.MUTED)
    worth = [line.saved + (line.exact or ZERO) for line in bill.lines]
    most = max(worth, default=ZERO)
    y = float(_TOP)
    for line, value in zip(bill.lines, worth, strict=True):
        sheet.line([(20, y), (WIDTH - 20, y)], theme.GRID)
        _row(sheet, line, y, float(value / most) if most else 0.0)
        y += _ROW
    sheet.line([(20, y), (WIDTH - 20, y)], theme.LINE)
    if bill.lines:
        _key(sheet, y + 14)
        y += 24
    sheet.text(20, y + 20, _foot(bill), size=12, colour=theme.MUTED)


def _row(sheet: Sheet, line: Line, y: float, share: float) -> None:
    from labkit.views.sheet import fit

    sheet.text(20, y + 17, fit(line.name, _BAR_LEFT - 32, 13), size=13)
    sheet.text(20, y + 33, line.service, size=12, colour=theme.MUTED)
    width = round(share * _BAR_WIDTH, 2)
    if width and line.exact is not None:
        paid = line.exact / (line.saved + line.exact) if line.exact else ZERO
        full = round(float(paid) * width, 2)
        free = width - full
        if full:
            sheet.box(_BAR_LEFT, y + 11, max(full, 1.5), 18, theme.COST)
        if free > 0.5:
            sheet.box(
                _BAR_LEFT + full, y + 11, free, 18, theme.PAPER, edge=_HATCH_INK,
                hatch="////", hatch_ink=_HATCH_INK,
            )  # fmt: skip
    sheet.text(_RIGHT, y + 17, _price(line), size=13, bold=bool(line.exact))
    sheet.text(
        _RIGHT, y + 33, fit(_amount(line), WIDTH - _RIGHT - 20, 12), size=12, colour=theme.MUTED
    )


def _key(sheet: Sheet, y: float) -> None:
    sheet.box(20, y, 22, 12, theme.COST)
    sheet.text(48, y + 10.5, "paid", size=12)
    sheet.box(
        98, y, 22, 12, theme.PAPER, edge=_HATCH_INK, hatch="////", hatch_ink=_HATCH_INK
    )  # fmt: skip
    sheet.text(126, y + 10.5, "what the free tier covers, at list price", size=12)


def _span(bill: Bill) -> str:
    if bill.month:
        return "730 hours in which everything stays as it is now"
    start, end = (to_us(moment.replace(microsecond=0)) for moment in (bill.start, bill.end))
    return f"{when(start, start, end)} to {when(end, start, end)} UTC, account {bill.account}"


def _foot(bill: Bill) -> str:
    return f"List prices, {bill.region}, table of {bill.as_of}: a meter, not a quote. {_UNSEEN}"


def _price(line: Line) -> str:
    if line.exact is None:
        return "not priced"
    if not any(tier.price for tier in line.price.tiers):
        return "free of charge"
    return dollars(line.exact)


def _amount(line: Line) -> str:
    """How much, as it is priced, and how much of that is free."""
    row = line.price
    by_size = row.converted and not (row.by_month and line.size < 1)
    told = size(row, line.size) if by_size else counted(row, line.quantity)
    if not line.free:
        return told
    if line.free == line.quantity:
        return f"{told}, in the free tier"
    return f"{told}, {number(line.free_size if by_size else line.free)} free"


def text(bill: Bill) -> str:
    """The bill for a terminal: a line for each item, with how it came about."""
    rows = [
        (f"{line.service}: {line.name}", _price(line), line.because.text) for line in bill.lines
    ]
    names = max((len(name) for name, _, _ in rows), default=0)
    prices = max((len(price) for _, price, _ in rows), default=0)
    lines = [title(bill)]
    lines += [f"  {name:<{names}}  {price:>{prices}}  {why}" for name, price, why in rows]
    lines.append(f"  {_foot(bill)}")
    return "\n".join(lines)


__all__ = ["bill", "data", "text", "title"]
