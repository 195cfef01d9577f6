"""A day on one sheet: who spoke when, a row for each source, on one time axis.

A row has marks (a call, an e-mail, a line somebody found) and bars (an alarm in ALARM, a canary
that fails). What is said of them stands beside them as far as there is room, and all of it in the
text form, one line each, in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE, iso
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text, ticks
from labkit.views.wording import count, cut

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: What a moment is, and its sign in a terminal.
KINDS = {"call": "*", "refused": "x", "alarm": "A", "canary": "A", "rule": "!", "insight": "!",
         "mail": "@", "note": "+"}  # fmt: skip
#: Kinds that tell somebody of trouble without being asked.
SPEAKS = ("alarm", "canary", "rule", "insight")

_TOP, _STEP, _SMALL, _BAR = 66.0, 30.0, 12, 16.0
_MOST_LINES, _COLUMNS = 80, 60
_CALL, _NOTE = theme.LATENCY, theme.INCIDENT_EDGE


@dataclass(frozen=True, slots=True)
class Moment:
    """Something on the timeline.

    Parameters
    ----------
    at_us:
        When it began, microseconds since the epoch.
    row:
        In which row it stands.
    text:
        What it is, a few words.
    kind:
        One of :data:`KINDS`.
    until_us:
        When it was over; None for what has no length.
    """

    at_us: int
    row: str
    text: str
    kind: str = "note"
    until_us: int | None = None


def timeline(moments: Sequence[Moment], start_us: int, end_us: int) -> Drawing:
    """The moments of a stretch as a drawing.

    Parameters
    ----------
    moments:
        In any order; rows stand in the order in which they first appear here.
    start_us, end_us:
        The stretch that is shown.
    """
    end_us = max(end_us, start_us + 1)
    inside = [one for one in moments if _overlaps(one, start_us, end_us)]
    rows = list(dict.fromkeys(one.row for one in inside))
    ordered = sorted(inside, key=_order)
    title = _title(ordered, start_us)
    data = {
        "start": iso(start_us),
        "end": iso(end_us),
        "rows": rows,
        "moments": [
            {
                "at": iso(one.at_us),
                "until": None if one.until_us is None else iso(one.until_us),
                "row": one.row,
                "kind": one.kind,
                "text": one.text,
            }
            for one in ordered
        ],
        "first": _first(ordered, start_us),
    }
    text = _text(title, ordered, rows)
    if not inside:
        return Drawing(title, title, data, body=f"<div>{title}</div>")
    return Drawing(title, text, data, svg=_picture(title, ordered, rows, start_us, end_us))


#: Within a minute the cause stands before those who tell of it: some know the minute alone.
_AFTER = {"mail": 2} | dict.fromkeys(SPEAKS, 1)


def _order(one: Moment) -> tuple[int, int, int]:
    return one.at_us // MINUTE, _AFTER.get(one.kind, 0), one.at_us


def _overlaps(one: Moment, start_us: int, end_us: int) -> bool:
    last = one.at_us if one.until_us is None else one.until_us
    return one.at_us < end_us and last >= start_us


def _first(ordered: Sequence[Moment], start_us: int) -> dict[str, str] | None:
    """Who spoke first: the row and the minute."""
    for one in ordered:
        if one.kind in SPEAKS and one.at_us >= start_us:
            return {"row": one.row, "at": iso(one.at_us), "text": one.text}
    return None


def _title(ordered: Sequence[Moment], start_us: int) -> str:
    if not ordered:
        return "Nothing happened that anybody wrote down"
    spoke = [one for one in ordered if one.kind in SPEAKS and one.at_us >= start_us]
    mails = [one for one in ordered if one.kind == "mail"]
    calls = sum(one.kind == "call" for one in ordered)
    told = [f"{spoke[0].row} spoke first, at {_clock(spoke[0].at_us)}"] if spoke else [
        "Nobody spoke"]  # fmt: skip
    if mails:
        first = f"e-mail at {_clock(mails[0].at_us)}"
        several = f"{count(len(mails), 'e-mail')}, the first at {_clock(mails[0].at_us)}"
        told.append(first if len(mails) == 1 else several)
    else:
        told.append("no e-mail")
    if calls:
        told.append(f"{count(calls, 'call')} changed something")
    return "; ".join(told)


def _clock(us: int) -> str:
    """``10:47``: a day is told in minutes."""
    return clock_text(us - us % MINUTE)


def _text(title: str, ordered: Sequence[Moment], rows: Sequence[str]) -> str:
    wide = max((len(row) for row in rows), default=0)
    lines, day = [title], ""
    for one in ordered[:_MOST_LINES]:
        if day_text(one.at_us) != day:
            day = day_text(one.at_us)
            lines.append(f"{day}, UTC")
        until = "" if one.until_us is None else f", until {_clock(one.until_us)}"
        sign = KINDS.get(one.kind, "+")
        lines.append(f"  {_clock(one.at_us)} {sign} {one.row:<{wide}}  {one.text}{until}")
    if len(ordered) > _MOST_LINES:
        lines.append(f"  ... and {len(ordered) - _MOST_LINES} more")
    return "\n".join(lines)


def _picture(
    title: str, ordered: Sequence[Moment], rows: Sequence[str], start_us: int, end_us: int
) -> str:
    from labkit.views.sheet import WIDTH, draw, fit, text_width, wrap

    left = min(max(text_width(row, _SMALL) for row in rows) + 30, 250.0)
    right = WIDTH - 24.0
    heads = wrap(title, WIDTH - 32, 14, True)
    top = _TOP + 18 * (len(heads) - 1)

    def x(us: int) -> float:
        share = (min(max(us, start_us), end_us) - start_us) / (end_us - start_us)
        return left + (right - left) * share

    def paint(sheet: Sheet) -> None:
        for number, head in enumerate(heads):
            sheet.text(16, 26 + 18 * number, head, size=14, bold=True, colour=theme.INK)
        bottom = top + _STEP * len(rows)
        for tick in ticks(start_us, end_us, 9):
            at = x(tick.at_us)
            sheet.line([(at, top - 8), (at, bottom)], theme.GRID)
            for label, below in ((tick.label, 15), (tick.below, 31)):
                if label:
                    sheet.text(at, bottom + below, label, size=_SMALL, colour=theme.MUTED,
                               anchor="middle")  # fmt: skip
        for number, row in enumerate(rows):
            y = top + _STEP * number + _STEP / 2
            sheet.line([(left, y), (right, y)], theme.GRID)
            label = fit(row, left - 26, _SMALL)
            sheet.text(left - 10, y + 4, label, size=_SMALL, colour=theme.INK, anchor="end")
            mine = [one for one in ordered if one.row == row]
            for one in mine:
                _mark(sheet, one, x, y)
            _words(sheet, mine, x, y, right)

    return draw(top + _STEP * len(rows) + 44, paint, title)


def _mark(sheet: Sheet, one: Moment, x: Any, y: float) -> None:
    at = x(one.at_us)
    if one.until_us is not None:
        face = theme.ALARM
        wide = max(x(one.until_us) - at, 3.0)
        sheet.box(at, y - _BAR / 2, wide, _BAR, face.fill, hatch=face.hatch,
                  hatch_ink=face.hatch_ink)  # fmt: skip
    elif one.kind == "mail":
        sheet.envelope(at, y)
    elif one.kind == "refused":
        for way in (-4, 4):
            sheet.line([(at - 4, y - way), (at + 4, y + way)], theme.ERRORS, 2)
    else:
        colour = {"call": _CALL, "note": _NOTE}.get(one.kind, theme.ERRORS)
        sheet.box(at - 2, y - _BAR / 2, 4, _BAR, colour)


def _words(sheet: Sheet, mine: Sequence[Moment], x: Any, y: float, right: float) -> None:
    """Say beside each mark what it is, as far as there is room before the next one.

    The last one is told to its left where there is more room.
    """
    from labkit.views.sheet import fit, text_width

    taken = 0.0
    for one, after in zip(mine, [*mine[1:], None], strict=True):
        begin = x(one.at_us if one.until_us is None else one.until_us) + 12
        room = (right if after is None else x(after.at_us) - 16) - begin
        whole = text_width(one.text, _SMALL)
        before = x(one.at_us) - 24 - taken
        if after is None and room < whole <= before:
            sheet.text(x(one.at_us) - 12, y + 4, one.text, size=_SMALL, colour=theme.MUTED,
                       anchor="end", halo=theme.PAPER)  # fmt: skip
        elif room >= min(whole, 60):
            words = one.text if whole <= room else fit(cut(one.text, _COLUMNS), room, _SMALL)
            sheet.text(begin, y + 4, words, size=_SMALL, colour=theme.MUTED, halo=theme.PAPER)
            taken = begin + text_width(words, _SMALL)
        taken = max(taken, begin)
