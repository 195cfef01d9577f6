"""Capacity: how many machines there were, how many were needed, and when customers waited.

::

    views.capacity(
        {"five-minute metrics": autoscaling.describe_scaling_activities(...), "one-minute": ...},
        need=[(start, 0.8), (rush, 3.75)],
    )

A panel for each group, above each other on one time axis: machines in service as grey steps, what
was needed as a dashed line, and red where the need was above the machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

from labkit.core.clock import MINUTE, iso
from labkit.core.errors import LabError
from labkit.views import sheet as paper
from labkit.views import theme
from labkit.views.drawing import WIDTH, Drawing
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, instant, ticks
from labkit.views.wording import figures, joined, number

_PANEL, _GAP, _TOP, _BELOW, _LEFT, _RIGHT = 118, 34, 60, 48, 46, 24
_SMALL = theme.SMALLEST_TEXT

Moves = list[tuple[int, float]]
Lack = tuple[int, int, float]


@dataclass(frozen=True)
class Grown:
    """One group over a stretch of time.

    Parameters
    ----------
    label:
        What it is called.
    machines:
        (instant, how many are in service from then on), ascending.
    lacks:
        (from, to, machines too few), where there were too few.
    """

    label: str
    machines: Moves
    lacks: tuple[Lack, ...]

    @property
    def waited(self) -> float:
        """Minutes in which customers waited."""
        return sum(end - start for start, end, _ in self.lacks) / MINUTE

    @property
    def lacking(self) -> float:
        """Machine-minutes that were missing: how long, times how many."""
        return sum((end - start) * by for start, end, by in self.lacks) / MINUTE

    @property
    def most(self) -> float:
        """The largest number of machines."""
        return max((value for _, value in self.machines), default=0.0)

    def grew(self, start_us: int, end_us: int) -> int | None:
        """When the first machine joined within a stretch; None when none did."""
        value = _at(self.machines, start_us)
        for at, now in self.machines:
            if start_us < at <= end_us and now > value:
                return at
        return None


def capacity(
    groups: Mapping[str, Any],
    *,
    need: Sequence[tuple[Any, float]],
    start: Any,
    end: Any,
    title: str | None = None,
) -> Drawing:
    """Machines in service against machines needed, a panel for each group.

    Parameters
    ----------
    groups:
        Label -> what ``describe_scaling_activities`` answered for the group, or
        ``[(instant, machines), ...]``.
    need:
        (instant, machines needed from then on): what the load would keep at 100 %.
    start, end:
        The stretch to show.
    title:
        Replaces the title that says how long customers waited in each.

    Raises
    ------
    LabError
        When the stretch is empty, or something is no instant.
    """
    start_us, end_us = instant(start), instant(end)
    if end_us <= start_us:
        raise LabError(f"the stretch to show ends ({iso(end_us)}) before it starts")
    wanted = sorted((instant(at), float(value)) for at, value in need)
    grown = []
    for label, given in groups.items():
        machines = moves(given)
        grown.append(Grown(label, machines, tuple(_lacks(machines, wanted, start_us, end_us))))
    head = title or _title(grown)
    data = {
        one.label: {
            "waited_minutes": figures(one.waited),
            "machine_minutes_missing": figures(one.lacking),
            "most": figures(one.most),
            "grew": None if (at := one.grew(start_us, end_us)) is None else iso(at),
            "machines": [[iso(at), figures(value)] for at, value in one.machines],
        }
        for one in grown
    }
    height = _TOP + len(grown) * (_PANEL + _GAP) + _BELOW
    picture = _Picture(head, grown, wanted, start_us, end_us)
    rows = [
        [one.label, number(one.waited), number(one.lacking), number(one.most),
         "-" if (at := one.grew(start_us, end_us)) is None else clock_text(at)]
        for one in grown
    ]  # fmt: skip
    columns = ["group", "minutes of waiting", "machine-minutes missing", "most", "first joined"]
    plain = head + "\n" + table(columns, rows)
    return Drawing(head, plain, data, svg=paper.draw(height, picture.paint, head), alt=head)


def moves(given: Any) -> Moves:
    """(instant, machines in service) of activities, or of such pairs, ascending.

    A machine counts from the end of its launch on, and no more from the beginning of its end.
    """
    if not isinstance(given, Mapping):
        return sorted((instant(at), float(value)) for at, value in given)
    steps: dict[int, int] = {}
    for one in given["Activities"]:
        launch = one["Description"].startswith("Launching")
        if one["StatusCode"] in ("Failed", "Cancelled") or (launch and "EndTime" not in one):
            continue
        at = instant(one["EndTime"] if launch else one["StartTime"])
        steps[at] = steps.get(at, 0) + (1 if launch else -1)
    out: Moves = []
    total = 0
    for at in sorted(steps):
        total += steps[at]
        out.append((at, float(total)))
    return out


def _at(values: Moves, at_us: int) -> float:
    found = 0.0
    for at, value in values:
        if at > at_us:
            break
        found = value
    return found


def _lacks(machines: Moves, need: Moves, start_us: int, end_us: int) -> list[Lack]:
    """Where the need is above the machines; stretches that touch and lack the same are one."""
    cuts = sorted(
        {start_us, end_us}
        | {at for at, _ in [*machines, *need] if start_us < at < end_us}
    )  # fmt: skip
    out: list[Lack] = []
    for a, b in pairwise(cuts):
        by = _at(need, a) - _at(machines, a)
        if by > 1e-9:
            if out and out[-1][1] == a and abs(out[-1][2] - by) < 1e-9:
                out[-1] = (out[-1][0], b, by)
            else:
                out.append((a, b, by))
    return out


def _title(grown: Sequence[Grown]) -> str:
    """``Customers waited 6.25 minutes with five-minute metrics, 2.25 with one-minute metrics``."""
    if not any(one.lacks for one in grown):
        return f"Nobody waited, with at most {number(max(one.most for one in grown))} machines"
    if len(grown) == 1:
        one = grown[0]
        return f"Customers waited {number(one.waited)} minutes; most machines: {number(one.most)}"
    told = [f"{number(one.waited)} with {one.label}" for one in grown]
    return "Customers waited, in minutes: " + joined(told)


class _Picture:
    """Draws the panels."""

    def __init__(
        self, title: str, grown: Sequence[Grown], need: Moves, start_us: int, end_us: int
    ) -> None:
        self.title = title
        self.grown = grown
        self.need = need
        self.start_us = start_us
        self.end_us = end_us
        top = max([one.most for one in grown] + [value for _, value in need] + [1.0])
        self.top_value = float(ceil(top + 0.5))

    def x(self, us: int) -> float:
        share = (us - self.start_us) / (self.end_us - self.start_us)
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(max(share, 0.0), 1.0)

    def y(self, value: float, bottom: float) -> float:
        return bottom - _PANEL * value / self.top_value

    def steps(self, values: Moves, bottom: float) -> list[tuple[float, float]]:
        """A step curve as points, from edge to edge."""
        level = _at(values, self.start_us)
        out = [(self.x(self.start_us), self.y(level, bottom))]
        for at, value in values:
            if self.start_us < at < self.end_us:
                out += [(self.x(at), out[-1][1]), (self.x(at), self.y(value, bottom))]
        return [*out, (self.x(self.end_us), out[-1][1])]

    def paint(self, sheet: paper.Sheet) -> None:
        lines = paper.wrap(self.title, WIDTH - 40, 15, True)
        for place, line in enumerate(lines[:2]):
            sheet.text(20, 26 + 19 * place, line, size=15, bold=True)
        bottom = float(_TOP)
        for one in self.grown:
            bottom += _PANEL + _GAP
            self.panel(sheet, one, bottom)
        for tick in ticks(self.start_us, self.end_us, 12):
            x = self.x(tick.at_us)
            sheet.line([(x, bottom), (x, bottom + 4)], theme.MUTED)
            sheet.text(x, bottom + 18, tick.label, size=_SMALL, anchor="middle")
            if tick.below:
                below = f"{tick.below}, UTC"
                half = paper.text_width(below, _SMALL) / 2
                middle = max(x, half + 8)
                sheet.text(
                    middle, bottom + 35, below, size=_SMALL, colour=theme.MUTED, anchor="middle"
                )

    def panel(self, sheet: paper.Sheet, one: Grown, bottom: float) -> None:
        right = WIDTH - _RIGHT
        sheet.text(_LEFT, bottom - _PANEL - 8, one.label, size=_SMALL, bold=True)
        step = 1 if self.top_value <= 5 else 2
        for value in range(0, int(self.top_value) + 1, step):
            y = self.y(value, bottom)
            sheet.line([(_LEFT, y), (right, y)], theme.GRID)
            sheet.text(_LEFT - 8, y + 4, str(value), size=_SMALL, colour=theme.MUTED, anchor="end")
        curve = self.steps(one.machines, bottom)
        sheet.areas([[(curve[0][0], bottom), *curve, (curve[-1][0], bottom)]], theme.GRID)
        red = []
        for start, end, by in one.lacks:
            low = self.y(_at(one.machines, start), bottom)
            high = self.y(_at(one.machines, start) + by, bottom)
            left, to = self.x(start), self.x(end)
            red.append([(left, low), (left, high), (to, high), (to, low)])
        sheet.areas(red, theme.ERRORS, 0.45)
        sheet.lines([curve], theme.CAPACITY, 2.4)
        sheet.line(self.steps(self.need, bottom), theme.INK, 1.4, (5, 4))
        said = f"customers waited {number(one.waited)} min" if one.lacks else "nobody waited"
        told = f"{said}; most machines: {number(one.most)}"
        colour = theme.ERRORS if one.lacks else theme.MUTED
        sheet.text(right, bottom - _PANEL - 8, told, size=_SMALL, colour=colour, anchor="end")
        if one is self.grown[0]:
            width = paper.text_width(one.label, _SMALL, True)
            sheet.text(
                _LEFT + width + 16, bottom - _PANEL - 8,
                "grey: machines in service, dashed: needed, red: customers wait",
                size=_SMALL, colour=theme.MUTED,
            )  # fmt: skip
        sheet.line([(_LEFT, bottom), (right, bottom)], theme.MUTED)


def reversals(machines: Moves) -> int:
    """How often a group turned from growing to shrinking or back.

    >>> reversals([(0, 2), (1, 4), (2, 5), (3, 4), (4, 5)])
    2
    """
    signs = [after > before for (_, before), (_, after) in pairwise(machines) if after != before]
    return sum(a != b for a, b in pairwise(signs))


def waiting(machines: Moves, need: Moves, start_us: int, end_us: int) -> list[Lack]:
    """(from, to, machines too few) between two instants."""
    return _lacks(machines, need, start_us, end_us)
