"""Numbers and stretches of time as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

from labkit.core.clock import DAY, HOUR, MINUTE, SECOND

_SIGNS = {
    "Percent": " %",
    "Seconds": " s",
    "Milliseconds": " ms",
    "Microseconds": " \u00b5s",
    "Bytes": " B",
    "Kilobytes": " KB",
    "Megabytes": " MB",
    "Gigabytes": " GB",
    "Bytes/Second": " B/s",
    "Count/Second": " /s",
}
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def figures(value: float, digits: int = 9) -> float:
    """The value with at most ``digits`` significant figures: what leaves a view as a number."""
    return float(f"{value:.{digits}g}") if isfinite(value) else value


def number(value: float, digits: int = 4) -> str:
    """A number as people write it: four figures, no idle zeros, thousands parted.

    >>> number(66.8), number(23143433), number(0.1 + 0.2), number(12345.6), number(-0.0)
    ('66.8', '23,143,433', '0.3', '12,346', '0')
    """
    if not isfinite(value):
        return str(value)
    value = figures(value, 12)  # 66.845 must not become 66.84 here and 66.85 on another processor
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    places = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:,.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float, unit: str = "") -> str:
    """A number with its unit's sign where it has one: ``66.8 %``, ``212 ms``, ``23.14 MB``, ``12``.

    Many bytes are counted in thousands of thousands, as CloudWatch's graphs count them.
    """
    if unit.startswith("Bytes"):
        for size, suffix in _SUFFIXES:
            if abs(value) >= size:
                return f"{number(value / size)} {suffix}{_SIGNS[unit].strip()}"
    return number(value) + _SIGNS.get(unit, "")


def short(value: float) -> str:
    """A number for an axis: ``2.5M`` instead of ``2,500,000``."""
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return number(value / size, 3) + suffix
    return number(value, 6)


def stretch(us: int) -> str:
    """``8 minutes``, ``1 hour``, ``2 h 5 min``, ``30 seconds``, ``3 days``."""
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if us >= size and us % size == 0:
            return count(us // size, name)
    if us >= DAY:
        return f"{us // DAY} d {us % DAY // HOUR} h"
    if us >= HOUR:
        return f"{us // HOUR} h {us % HOUR // MINUTE} min"
    if us >= MINUTE:
        return f"{us // MINUTE} min {us % MINUTE // SECOND} s"
    return f"{number(us / SECOND)} s"


def period(us: int) -> str:
    """A period as an adjective: ``5-minute``, ``1-hour``, ``10-second``."""
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if us >= size and us % size == 0:
            return f"{us // size}-{name}"
    return f"{number(us / SECOND)}-second"


def count(how_many: int, thing: str) -> str:
    """``1 e-mail``, ``3 e-mails``, ``no e-mail``."""
    if how_many == 0:
        return f"no {thing}"
    return f"{how_many:,} {thing}" + ("s" if how_many != 1 else "")


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; nothing for none."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def nice_step(span: float, most: int) -> float:
    """The finest step of 1, 2, 2.5 or 5 times a power of ten with at most ``most`` steps."""
    rough = span / most
    power = 10.0 ** floor(log10(rough))
    for factor in (1, 2, 2.5, 5, 10):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def nice_axis(
    low: float, high: float, unit: str = "", most: int = 4
) -> tuple[float, float, list[float]]:
    """Ends and ticks of a value axis that holds ``low`` to ``high``.

    Counts and percents begin at zero; others too, unless they would be a flat line at the top.

    >>> nice_axis(20, 98, "Percent")
    (0.0, 100.0, [0.0, 25.0, 50.0, 75.0, 100.0])
    >>> nice_axis(71.2, 71.9)
    (71.2, 72.0, [71.2, 71.4, 71.6, 71.8, 72.0])
    """
    if low >= 0 and (low <= 0.8 * high or low == high or unit in ("Count", "Percent")):
        low = 0
    elif high <= 0 and (high >= 0.8 * low or low == high):
        high = 0
    if high <= low:
        high = low + 1
    step = nice_step(high - low, most)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    marks = [figures(n * step, 12) for n in range(first, last + 1)]
    return marks[0], marks[-1], marks


def cut(text: str, longest: int) -> str:
    """The text, its middle left out when it is longer than ``longest`` characters."""
    if len(text) <= longest:
        return text
    head = (longest - 1) * 2 // 3
    return text[:head] + "\u2026" + text[len(text) - (longest - 1 - head) :]
