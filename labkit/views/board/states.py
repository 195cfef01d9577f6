"""The states of alarms in a tile: a chip for each, as the alarm status widget has them."""

from __future__ import annotations

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Box, State, States
from labkit.views.sheet import Sheet, fit
from labkit.views.wording import count

_LEAST, _HIGH, _LOW, _GAP = 150, 42, 24, 8


def paint(sheet: Sheet, box: Box, states: States) -> None:
    """Chips side by side, in rows."""
    across = max(int((box.width + _GAP) / (_LEAST + _GAP)), 1)
    across = min(across, max(len(states.alarms), 1))
    wide = (box.width - _GAP * (across - 1)) / across
    high = _HIGH if _rooms(box, _HIGH) * across >= len(states.alarms) else _LOW
    room = _rooms(box, high) * across
    shown = states.alarms if len(states.alarms) <= room else states.alarms[: room - 1]
    for number, one in enumerate(shown):
        x = box.x + number % across * (wide + _GAP)
        y = box.y + number // across * (high + _GAP)
        _chip(sheet, Box(x, y, wide, min(high, box.height)), one)
    if len(shown) < len(states.alarms):
        number = len(shown)
        x = box.x + number % across * (wide + _GAP) + 8
        y = box.y + number // across * (high + _GAP) + 17
        left = count(len(states.alarms) - number, "more alarm")
        sheet.text(x, y, f"... {left}", size=scale.SMALL, colour=theme.MUTED)


def _rooms(box: Box, high: float) -> int:
    """How many rows of chips the tile holds."""
    return max(int((box.height + _GAP) / (high + _GAP)), 1)


def _chip(sheet: Sheet, box: Box, one: State) -> None:
    face = theme.face(one.state)
    sheet.box(box.x, box.y, box.width, box.height, face.fill, edge=face.edge)
    name = fit(f"{face.sign} {one.name}", box.width - 14, 13, True)
    sheet.text(
        box.x + 8,
        box.y + (18 if box.height >= 36 else 16),
        name,
        size=13,
        bold=True,
        colour=face.ink,
    )
    if box.height >= 36:
        said = one.state.replace("_", " ").capitalize() if one.state != "OK" else "OK"
        since = f"{said}, {one.since}" if one.since else said
        said = fit(since, box.width - 14, scale.SMALL)
        sheet.text(box.x + 8, box.y + 34, said, size=scale.SMALL, colour=face.ink)


def told(states: States) -> list[str]:
    """The states in characters."""
    return [
        f"{theme.face(one.state).sign} {one.name}: {one.state}"
        + (f" ({one.since})" if one.since else "")
        for one in states.alarms
    ] or ["no alarms"]
