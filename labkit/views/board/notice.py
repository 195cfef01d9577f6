"""What stands in a tile where there is nothing to draw: what is missing, or what went wrong."""

from __future__ import annotations

from labkit.views import theme
from labkit.views.board.values import Box, Notice
from labkit.views.sheet import Sheet, wrap

_INKS = {"error": theme.ERRORS, "missing": theme.INCIDENT_INK, "empty": theme.MUTED}
_FILLS = {"error": "#fdecea", "missing": "#fff8ea", "empty": theme.PAPER}


def paint(sheet: Sheet, box: Box, notice: Notice) -> None:
    """The sentence, wrapped, in the colour of its kind."""
    ink = _INKS[notice.kind]
    sheet.box(
        box.x, box.y, box.width, box.height, _FILLS[notice.kind],
        hatch="////" if notice.kind == "missing" else "", hatch_ink="#f3e6c8",
    )  # fmt: skip
    said = [(line, True) for line in wrap(notice.said, box.width - 20, 13, True)]
    said += [(line, False) for line in wrap(notice.detail, box.width - 20, 12)]
    said = said[: max(int((box.height - 6) / 17), 1)]
    y = box.y + (box.height - 17 * len(said)) / 2 + 13
    for line, bold in said:
        sheet.text(
            box.x + box.width / 2, y, line, size=13 if bold else 12, bold=bold, colour=ink,
            anchor="middle", halo=_FILLS[notice.kind],
        )  # fmt: skip
        y += 17


def told(notice: Notice) -> list[str]:
    """The sentence in characters."""
    return [f"[{notice.kind}] {notice.said}", *([notice.detail] if notice.detail else [])]
