"""Who did what: one lane for each identity and address, a mark for each call.

A call that changes something is a tall dark mark, a read a short pale one, and a refused call has a
red cross above the lane, so that no colour is needed to tell them apart. Somebody who calls
from two addresses has two lanes: a key that was stolen shows itself by that alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.views.acts import Act, acts_of
from labkit.core.clock import iso
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, day_text, ticks
from labkit.views.wording import count

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Lanes drawn at most; whoever did least is counted below.
MOST_LANES = 14
#: Marks of one kind in a lane: calls closer than a pixel are one mark.
_WRITE, _READ = theme.LATENCY, "#a9c4dd"
_TOP, _STEP, _SMALL = 66.0, 30.0, 12

_Lane = tuple[str, str]


def who_did_what(
    given: Iterable[Act | Mapping[str, Any]], start_us: int = 0, end_us: int = 0
) -> Drawing:
    """A timeline of calls, a lane for each identity and address.

    Parameters
    ----------
    given:
        Acts or CloudTrail records, in any order.
    start_us, end_us:
        The stretch that is shown; from the first to the last call when left out.
    """
    acts = acts_of(given)
    if acts:
        start_us, end_us = start_us or acts[0].at_us, end_us or acts[-1].at_us + 1
    acts = [act for act in acts if start_us <= act.at_us < end_us]
    lanes = _lanes(acts)
    title = _title(acts, lanes)
    shown = list(lanes)[:MOST_LANES]
    note = count(len(lanes) - len(shown), "further identity").replace("identitys", "identities")
    note = f"{note} not shown" if len(lanes) > len(shown) else ""
    labels = _labels(shown)
    data = {
        "start": iso(start_us),
        "end": iso(end_us),
        "lanes": [
            {
                "who": who,
                "source_ip": ip,
                "calls": len(lanes[who, ip]),
                "writes": sum(not act.read_only for act in lanes[who, ip]),
                "refused": sum(bool(act.error) for act in lanes[who, ip]),
                "first": iso(lanes[who, ip][0].at_us),
                "last": iso(lanes[who, ip][-1].at_us),
            }
            for who, ip in lanes
        ],
    }
    text = _text(title, shown, lanes, note)
    if not acts:
        return Drawing(title, title, data, body=f"<div>{title}</div>")
    svg = _picture(title, shown, labels, lanes, start_us, end_us, note)
    return Drawing(title, text, data, svg=svg)


def _lanes(acts: Sequence[Act]) -> dict[_Lane, list[Act]]:
    """Calls by identity and address, in order of the first call that changed something."""
    found: dict[_Lane, list[Act]] = {}
    for act in acts:
        found.setdefault((act.who, act.source_ip), []).append(act)
    weight = {
        lane: (-sum(not a.read_only for a in mine), -len(mine), lane)
        for lane, mine in found.items()
    }
    return {lane: found[lane] for lane in sorted(found, key=weight.__getitem__)}


def _labels(lanes: Sequence[_Lane]) -> list[str]:
    several = Counter(who for who, _ in lanes)
    return [f"{who} from {ip}" if several[who] > 1 else who for who, ip in lanes]


def _title(acts: Sequence[Act], lanes: Mapping[_Lane, Sequence[Act]]) -> str:
    if not acts:
        return "Nobody called in this time."
    people = len({who for who, _ in lanes})
    twice = [who for who, n in Counter(who for who, _ in lanes).items() if n > 1]
    refused = [act for act in acts if act.error]
    said = f"{count(len(acts), 'call')} of {people} " + ("identities" if people > 1 else "identity")
    if refused:
        most, many = Counter(act.who for act in refused).most_common(1)[0]
        said += f"; {len(refused):,} refused, most of {most} ({many:,})"
    if twice:
        said += f"; {twice[0]} from {sum(who == twice[0] for who, _ in lanes)} addresses"
    return said + "."


def _text(
    title: str, shown: Sequence[_Lane], lanes: Mapping[_Lane, Sequence[Act]], note: str
) -> str:
    rows = []
    for lane in shown:
        mine = lanes[lane]
        writes = Counter(act.what for act in mine if not act.read_only).most_common(2)
        first, last = mine[0].at_us, mine[-1].at_us
        rows.append(
            [
                *lane, f"{len(mine):,}", f"{sum(bool(a.error) for a in mine):,}",
                f"{day_text(first)} {clock_text(first // 1_000_000 * 1_000_000)}",
                f"{day_text(last)} {clock_text(last // 1_000_000 * 1_000_000)}",
                ", ".join(f"{name} {many}" for name, many in writes),
            ]
        )  # fmt: skip
    head = ["who", "from", "calls", "refused", "first (UTC)", "last", "changed most"]
    lines = [title, *([table(head, rows)] if rows else []), *([note] if note else [])]
    return "\n".join(lines)


def _picture(
    title: str,
    shown: Sequence[_Lane],
    labels: Sequence[str],
    lanes: Mapping[_Lane, Sequence[Act]],
    start_us: int,
    end_us: int,
    note: str,
) -> str:
    from labkit.views.sheet import WIDTH, draw, fit, text_width

    left = min(max(text_width(label, _SMALL) for label in labels) + 28, 260)
    right = WIDTH - 24
    bottom = _TOP + _STEP * len(shown)

    def x(us: int) -> float:
        return float(left + (right - left) * (us - start_us) / max(1, end_us - start_us))

    def paint(sheet: Sheet) -> None:
        sheet.text(16, 26, fit(title, WIDTH - 32, 14, True), size=14, bold=True)
        key = "a tall mark changed something, a short one read, a red cross was refused"
        sheet.text(16, 46, key, size=_SMALL, colour=theme.MUTED)
        for tick in ticks(start_us, end_us, 8):
            at = x(tick.at_us)
            sheet.line([(at, _TOP - 6), (at, bottom)], theme.GRID)
            for text, y in ((tick.label, 16), (tick.below, 32)):
                if text:
                    sheet.text(
                        at, bottom + y, text, size=_SMALL, colour=theme.MUTED, anchor="middle"
                    )
        for number, lane in enumerate(shown):
            base = _TOP + _STEP * number + _STEP - 6
            label = fit(labels[number], left - 24, _SMALL)
            sheet.text(left - 10, base - 4, label, size=_SMALL, anchor="end")
            sheet.line([(left, base), (right, base)], theme.LINE)
            _marks(sheet, lanes[lane], base, x)
        if note:
            sheet.text(16, bottom + 50, note, size=_SMALL, colour=theme.MUTED)

    return draw(bottom + (62 if note else 46), paint, title)


def _marks(sheet: Sheet, mine: Sequence[Act], base: float, x: Any) -> None:
    reads = sorted({round(x(act.at_us)) for act in mine if act.read_only and not act.error})
    writes = sorted({round(x(act.at_us)) for act in mine if not act.read_only and not act.error})
    refused = sorted({round(x(act.at_us)) for act in mine if act.error})
    sheet.lines([[(at, base), (at, base - 6)] for at in reads], _READ, 1.2)
    sheet.lines([[(at, base), (at, base - 14)] for at in writes], _WRITE, 1.6)
    crosses = []
    for at in refused:
        crosses.append([(at - 3, base - 20), (at + 3, base - 14)])
        crosses.append([(at - 3, base - 14), (at + 3, base - 20)])
    sheet.lines(crosses, theme.ERRORS, 1.6)
