"""Where the lines of log groups go on, and what became of them.

A picture of the wiring: groups on the left, destinations on the right, a line for each filter with
its pattern and what it sent. A line is red and dashed where its destination refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.views import html, sheet, theme
from labkit.views.drawing import WIDTH, Drawing, image
from labkit.views.text import table
from labkit.views.wording import count, number

_HEAD = ["filter", "log group", "pattern", "to", "forwarded", "waiting", "dropped", "last refusal"]
_KINDS = {"lambda": "Lambda function", "kinesis": "Kinesis stream", "firehose": "Firehose stream",
          "logs": "destination"}  # fmt: skip

#: Pixels: a filter's row, the title, the edge of the groups' and of the destinations' boxes.
_ROW, _TOP, _LEFT, _STUB, _RIGHT = 52, 52, 200, 560, 660
_EDGE = 18


def named(arn: str) -> tuple[str, str, str]:
    """Kind, name and account of a destination."""
    parts = arn.split(":", 6)
    name = parts[-1] if parts[2:3] in (["lambda"], ["logs"]) else arn.rpartition("/")[2]
    return _KINDS.get(parts[2], parts[2]), name.rpartition(":")[2], parts[4]


def subscriptions(rows: Sequence[Mapping[str, object]], account: str = "") -> Drawing:
    """Subscription filters as a picture.

    Parameters
    ----------
    rows:
        ``filter``, ``group``, ``pattern``, ``to`` (ARN), ``forwarded``, ``waiting``, ``dropped``
        (events), ``last`` (what the destination said when it last refused).
    account:
        Whose they are: destinations of another account say so.
    """
    title = _title(rows)
    if not rows:
        return Drawing(title, title, {"subscriptions": []}, body=html.card(title))
    plain = [
        [
            str(row["filter"]), str(row["group"]), str(row["pattern"]) or "everything",
            _place(str(row["to"]), account), *(number(_many(row, name)) for name in _HEAD[4:7]),
            str(row["last"]),
        ]
        for row in rows
    ]  # fmt: skip
    notes = [html.note(f"{row[0]} of {row[1]}, last refusal: {row[7]}") for row in plain if row[7]]
    picture = _picture(rows, account, title)
    told = f"{title}\n{table(_HEAD, plain, longest=60)}"
    data = {"subscriptions": [dict(row) for row in rows]}
    body = f"{image(picture, title)}\n{html.card('', *notes)}" if notes else ""
    return Drawing(title, told, data, svg=picture, body=body)


def _many(row: Mapping[str, object], name: str) -> float:
    return float(str(row[name]))


def _title(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return "No subscription filters"
    sent, waiting, dropped = (
        sum(_many(row, name) for row in rows) for name in ("forwarded", "waiting", "dropped")
    )
    title = f"{count(len(rows), 'subscription filter')}: {number(sent)} events went on"
    title += f", {number(waiting)} wait" if waiting else ""
    return title + (f", {number(dropped)} were dropped" if dropped else ", none was dropped")


def _place(arn: str, account: str) -> str:
    kind, name, whose = named(arn)
    return f"{kind} {name}" + (f" of {whose}" if account and whose != account else "")


def _picture(rows: Sequence[Mapping[str, object]], account: str, title: str) -> str:
    groups: dict[str, list[int]] = {}
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(str(row["group"]), []).append(place)
        places.setdefault(str(row["to"]), []).append(place)
    # A destination stands at the height of its filters; two that want one place move apart.
    order = sorted(places, key=lambda arn: (sum(places[arn]) / len(places[arn]), arn))
    height = _TOP + _ROW * max(len(rows), len(order)) + 12
    spread = (height - _TOP - 12) / len(order)
    middles = {arn: _TOP + spread * (n + 0.5) for n, arn in enumerate(order)}

    def paint(paper: sheet.Sheet) -> None:
        paper.text(18, 30, sheet.fit(title, WIDTH - 36, 15, True), size=15, bold=True)
        for place, row in enumerate(rows):
            _edge(paper, row, _middle(place), middles[str(row["to"])])
        for name, mine in groups.items():
            top, bottom = _middle(min(mine)) - _EDGE, _middle(max(mine)) + _EDGE
            paper.box(18, top, _LEFT - 18, bottom - top, theme.SHADE, edge=theme.LINE)
            shown = sheet.fit(name, _LEFT - 38, 13, True)
            paper.text(28, (top + bottom) / 2 + 4.5, shown, size=13, bold=True)
        for arn, middle in middles.items():
            _destination(paper, arn, account, middle)

    return sheet.draw(height, paint, title)


def _middle(place: int) -> float:
    return _TOP + _ROW * (place + 0.5)


def _edge(paper: sheet.Sheet, row: Mapping[str, object], y: float, end: float) -> None:
    """A filter: its name and pattern above the line, what it sent below."""
    broken = bool(_many(row, "dropped") or _many(row, "waiting"))
    colour = theme.ERRORS if broken else theme.MUTED
    points = [(_LEFT, y), (_STUB, y), (_RIGHT, end)]
    paper.line(points, colour, 1.6, (6, 4) if broken else ())
    paper.areas([[(_RIGHT - 8, end - 4.5), (_RIGHT, end), (_RIGHT - 8, end + 4.5)]], colour)
    name = str(row["filter"])
    paper.text(_LEFT + 12, y - 6, sheet.fit(name, 170, 12, True), size=12, bold=True)
    begin = _LEFT + 22 + min(sheet.text_width(name, 12, True), 170)
    pattern = str(row["pattern"]).strip() or "every line"
    paper.text(begin, y - 6, sheet.fit(pattern, _STUB - begin - 6), colour=theme.MUTED)
    told = f"{number(_many(row, 'forwarded'))} went on"
    for word, what in (("waiting", "wait"), ("dropped", "dropped")):
        told += f", {number(_many(row, word))} {what}" if _many(row, word) else ""
    paper.text(_LEFT + 12, y + 15, told, colour=colour)


def _destination(paper: sheet.Sheet, arn: str, account: str, middle: float) -> None:
    kind, name, whose = named(arn)
    other = bool(account) and whose != account
    wide = WIDTH - 18 - _RIGHT
    edge = theme.MAIL if other else theme.LINE
    paper.box(_RIGHT, middle - _EDGE - 3, wide, 2 * _EDGE + 6, theme.PAPER, edge=edge,
              edge_width=1.6 if other else 1)  # fmt: skip
    paper.text(_RIGHT + 10, middle - 3, sheet.fit(name, wide - 20, 13, True), size=13, bold=True)
    more = f"{kind} of {whose}" if other else kind
    paper.text(_RIGHT + 10, middle + 14, sheet.fit(more, wide - 20), colour=theme.MUTED)
