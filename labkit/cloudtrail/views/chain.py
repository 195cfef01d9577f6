"""The chain of digests: each hour's digest, the log files that it names, and where the proof fails.

A digest is a box with a tick or a cross, an arrow leads to the one before it, and below it hang the
log files that it names, a square each. What is not as it was delivered is red, has a cross, and its
reason stands in the list below the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudtrail.engine.digest import Judged, Proof
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Digests drawn at most: the newest, and every one with something wrong.
MOST_DRAWN = 24
_COLUMNS, _WIDE, _HIGH, _SMALL = 6, 104.0, 84.0, 12
_MOST_FILES = 6
_YES, _NO = "\u2713", "\u2717"

_Link = tuple[Judged, list[Judged]]


def chain(proof: Proof, trail: str) -> Drawing:
    """What a proof found.

    Parameters
    ----------
    proof:
        Of :func:`labkit.cloudtrail.engine.digest.validate`.
    trail:
        The trail's name, for the title.
    """
    links = _links(proof)
    bad = [one for one in proof.files if not one.valid]
    digests, logs = len(proof.of("digest")), len(proof.of("log"))
    checked = f"{count(digests, 'digest')} and {count(logs, 'log file')} of {trail}"
    if not proof.files:
        title = f"{trail} has no digest files here: nothing can be proven."
    elif bad:
        verb = "is not as it was" if len(bad) == 1 else "are not as they were"
        title = f"{len(bad)} of {digests + logs} files of {trail} {verb} delivered."
    else:
        title = f"{checked} are as they were delivered."
    wrong = [
        f"{_NO} {one.kind} {one.key.rpartition('/')[2]}: {one.verdict}"
        + (f" ({one.because})" if one.because else "")
        for one in bad
    ]
    gaps = [f"nothing was logged or proven from {gap.start} to {gap.end}" for gap in proof.gaps]
    lines = [title]
    for digest, files in links:
        sign = _YES if digest.valid else _NO
        names = " ".join(_YES if one.valid else _NO for one in files) or "no files"
        lines.append(f"{sign} {_hour(digest.key)}  {names}")
    data = {
        "valid": proof.valid,
        "digests": digests,
        "log_files": logs,
        "files": [
            {"kind": one.kind, "key": one.key, "verdict": one.verdict, "because": one.because}
            for one in proof.files
        ],
        "gaps": [[gap.start, gap.end] for gap in proof.gaps],
    }
    text = "\n".join([*lines, *wrong, *gaps])
    if not proof.files:
        return Drawing(title, text, data, body=f"<div>{title}</div>")
    told = [_short(one) for one in bad]
    return Drawing(title, text, data, svg=_picture(title, links, told, gaps, proof))


def _links(proof: Proof) -> list[_Link]:
    """Digests with their log files, the oldest first."""
    links: list[_Link] = []
    for one in proof.files:
        if one.kind == "digest":
            links.append((one, []))
        else:
            links[-1][1].append(one)
    return links[::-1]


def _hour(key: str) -> str:
    """Day and time of a digest's end, from its key."""
    stamp = key.removesuffix(".json.gz")[-16:]
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]}"


def _drawn(links: list[_Link]) -> tuple[list[_Link], int]:
    """The links that are drawn, and how many are left out."""
    if len(links) <= MOST_DRAWN:
        return links, 0
    wrong = [
        n
        for n, (digest, files) in enumerate(links)
        if not digest.valid or not all(one.valid for one in files)
    ]
    newest = range(len(links) - 1, -1, -1)
    chosen = sorted(list(dict.fromkeys([*wrong[-MOST_DRAWN:], *newest]))[:MOST_DRAWN])
    return [links[n] for n in chosen], len(links) - len(chosen)


def _picture(
    title: str, links: list[_Link], wrong: list[str], gaps: list[str], proof: Proof
) -> str:
    from labkit.views.sheet import WIDTH, draw, fit

    drawn, left_out = _drawn(links)
    rows = -(-len(drawn) // _COLUMNS)
    notes = wrong[:6] + ([f"and {len(wrong) - 6} more"] if len(wrong) > 6 else []) + gaps[:3]
    if left_out:
        notes.append(f"{count(left_out, 'valid digest')} between these not drawn")
    bottom = 62 + rows * (_HIGH + 20)
    ends = {_hour_of_gap(gap.start) for gap in proof.gaps}

    def paint(sheet: Sheet) -> None:
        sheet.text(16, 26, fit(title, WIDTH - 32, 14, True), size=14, bold=True)
        key = "a box is an hour's digest, the squares below it the log files that it names"
        sheet.text(16, 46, key, size=_SMALL, colour=theme.MUTED)
        for number, link in enumerate(drawn):
            row, column = divmod(number, _COLUMNS)
            x, y = 24 + column * (_WIDE + 40), 66 + row * (_HIGH + 20)
            begins = number == 0 or _hour(drawn[number - 1][0].key) in ends
            _link(sheet, link, x, y, arrow=not begins)
        for n, line in enumerate(notes):
            colour = theme.ERRORS if line.startswith(_NO) else theme.MUTED
            sheet.text(16, bottom + 16 + 18 * n, fit(line, WIDTH - 32, _SMALL), colour=colour)

    return draw(bottom + 18 * len(notes) + 14, paint, title)


def _hour_of_gap(time: str) -> str:
    return time[:10] + " " + time[11:16]


def _short(one: Judged) -> str:
    """A wrong file on a line of the picture: without the account, which all have."""
    name = one.key.rpartition("/")[2].partition("_")[2].removesuffix(".json.gz")
    return f"{_NO} {name}: {one.verdict}"


def _link(sheet: Sheet, link: _Link, x: float, y: float, *, arrow: bool) -> None:
    digest, files = link
    face = theme.OK if digest.valid else theme.ALARM
    if arrow:
        tip = max(x - 34, 10)
        sheet.line([(x - 4, y + 20), (tip, y + 20)], theme.MUTED, 1.4)
        sheet.line([(tip + 6, y + 16), (tip, y + 20), (tip + 6, y + 24)], theme.MUTED, 1.4)
    sheet.box(x, y, _WIDE, 40, face.fill, edge=face.edge)
    day, _, time = _hour(digest.key).partition(" ")
    sign = _YES if digest.valid else _NO
    sheet.text(x + 8, y + 17, f"{sign} {time}", size=13, bold=True, colour=face.ink)
    sheet.text(x + 8, y + 33, day, size=_SMALL, colour=face.ink)
    # A wrong file is always among those that are drawn.
    shown = sorted(files, key=lambda one: one.valid)[:_MOST_FILES]
    for n, one in enumerate(shown):
        mark = theme.OK if one.valid else theme.ALARM
        left = x + n * 17
        sheet.line([(left + 7, y + 40), (left + 7, y + 50)], theme.LINE)
        sheet.box(left, y + 50, 14, 16, mark.fill, edge=mark.edge)
        sheet.text(
            left + 7, y + 62, _YES if one.valid else _NO, size=_SMALL, colour=mark.ink,
            anchor="middle",
        )  # fmt: skip
    if not files:
        sheet.text(x, y + 58, "no files", size=_SMALL, colour=theme.MUTED)
    elif len(files) > len(shown):
        more = f"+ {len(files) - len(shown)}"
        sheet.text(x + _WIDE, y + 80, more, size=_SMALL, colour=theme.MUTED, anchor="end")
