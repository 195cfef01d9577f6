"""A dashboard shown: the picture, with its range of time and its variables as handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.engine.dashboard.body import check
from labkit.cloudwatch.engine.dashboard.times import DEFAULT_US, instant_us
from labkit.cloudwatch.widgets.frame import Frame
from labkit.cloudwatch.widgets.reader import board_of
from labkit.cloudwatch.widgets.variables import Variable, chosen, variables
from labkit.core.clock import DAY, HOUR, to_us
from labkit.core.errors import LabError
from labkit.views.control import Control, Handle
from labkit.views.wording import stretch

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.core.ports import Ports
    from labkit.views.drawing import Drawing

#: The ranges that the console offers.
RANGES = {
    "1 hour": HOUR, "3 hours": 3 * HOUR, "12 hours": 12 * HOUR, "1 day": DAY, "3 days": 3 * DAY,
    "1 week": 7 * DAY,
}  # fmt: skip


class DashboardView(Control):
    """A dashboard as it stands now, its range of time and its variables to be moved.

    What was read once is kept: ask ``lab.dashboard(name)`` again after time has passed.
    """

    def save(self, path: str | Path) -> Path:
        """Write the picture at the present range to ``.svg``, ``.html`` or ``.txt``."""
        return self.drawing.save(path)

    @property
    def data(self) -> Mapping[str, Any]:
        """The numbers drawn, tile by tile."""
        return self.drawing.data

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return self.drawing.svg


def show(
    service: CloudWatch,
    ports: Ports,
    account: str,
    region: str,
    name: str,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    width: int = 900,
) -> DashboardView:
    """The dashboard called ``name``.

    Raises
    ------
    LabError
        When there is none, with the names there are; for a range that ends before it begins.
    """
    held = service.dashboards.of(account)
    found = held.get(name)
    if found is None:
        names = ", ".join(sorted(held)) or "none at all"
        raise LabError(f"no dashboard is called {name!r} in account {account}; there are: {names}")
    body = check(found.body).body
    assert body is not None  # PutDashboard stores nothing else
    now_us = service.clock.now_us
    first = _range(body, now_us, start, end)
    frame = Frame(
        service, ports, account, region, now_us, *first,
        automatic=body.get("periodOverride", "auto") == "auto",
    )  # fmt: skip
    ranges = _ranges(first, now_us)
    held_variables = variables(frame, body)

    def picture(range: str, **choices: str) -> Drawing:
        from labkit.views.board.board import board

        start_us, end_us = ranges[range]
        by_id = {one.id: choices[_handle(one)] for one in held_variables}
        asked = replace(frame, start_us=start_us, end_us=end_us)
        return board(board_of(asked, name, chosen(body, by_id)), width)

    handles = {"range": Handle(tuple(ranges), next(iter(ranges)), "choice")}
    for one in held_variables:
        handles[_handle(one)] = Handle(one.values, one.default, "choice")
    return DashboardView(picture, handles)


def _handle(one: Variable) -> str:
    """A variable's name as a handle has it: a Python name that is not taken."""
    name = "".join(c if c.isalnum() else "_" for c in one.id)
    return f"{name}_" if name == "range" or not name.isidentifier() else name


def _range(
    body: Mapping[str, Any], now_us: int, start: datetime | str | None, end: datetime | str | None
) -> tuple[int, int]:
    start_us = _instant(start if start is not None else body.get("start"), now_us)
    end_us = _instant(end if end is not None else body.get("end"), now_us)
    end_us = now_us if end_us is None else end_us
    start_us = end_us - DEFAULT_US if start_us is None else start_us
    if start_us >= end_us:
        raise LabError("the range of a dashboard begins before it ends")
    return start_us, end_us


def _instant(said: Any, now_us: int) -> int | None:
    if said is None:
        return None
    if isinstance(said, datetime):
        if said.tzinfo is None:
            raise LabError("start and end are aware datetimes, or texts such as '-PT3H'")
        return to_us(said)
    found = instant_us(str(said), now_us)
    if found is None:
        raise LabError(f"{said!r} is no time; say '-PT3H', or '2026-01-05T09:00:00Z'")
    return found


def _ranges(first: tuple[int, int], now_us: int) -> dict[str, tuple[int, int]]:
    """The ranges to choose from, the asked one first."""
    known = {name: (now_us - size, now_us) for name, size in RANGES.items()}
    for name, one in known.items():
        if one == first:
            return {name: one, **known}
    length = stretch((first[1] - first[0]) // 1_000_000 * 1_000_000)
    name = length if first[1] == now_us and length not in known else f"as asked ({length})"
    return {name: first, **known}
