"""A quiet month of one canary: what it costs, and how often it rings for nothing.

Played run by run, over thirty days in which nobody is kept from buying:

1. Every night at 03:00 the shop restarts and is away for two minutes.
2. One attempt in five hundred fails for nothing: a packet is lost, a page comes late.
3. A run takes five seconds. Where retries are set, a failed one is tried again at once, and only
   the last attempt counts; each attempt is paid.
4. The alarm's period is the canary's rate: so many bad runs in a row, and somebody is paged.

Only the runs are paid here: $0.0012 each in us-east-1, those beyond the first hundred of a month.
Lambda, logs and S3 come on top. One in five hundred is a number of this course, not of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.views import html, text, theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count

RUN_PRICE, FREE_RUNS = 0.0012, 100
#: What can be chosen: minutes between runs, retries, bad runs in a row.
RATES, RETRIES, IN_A_ROW = (5, 1, 10, 60), (0, 1, 2), (1, 2)
_DAYS, _DAY, _RUN = 30, 86_400, 5
_RESTART = (3 * 3600, 3 * 3600 + 120)
#: Seconds after the full minute at which the canary runs.
_OFFSET = 25
_LOST = 1 / 500
_RETRY = ("no retry", "1 retry", "2 retries")
_COLUMNS = (
    "retries",
    "bad runs in a row",
    "pages for nothing",
    "dollars",
    "an outage is told after",
)


@dataclass(frozen=True, slots=True)
class Month:
    """One quiet month.

    Parameters
    ----------
    attempts:
        Runs that are paid, retries among them.
    pages:
        Days of the month on which somebody was paged, one for each page.
    restarts:
        How many of the pages were the restart's.
    """

    attempts: int
    pages: tuple[int, ...]
    restarts: int

    @property
    def dollars(self) -> float:
        """What the runs cost."""
        return round(max(self.attempts - FREE_RUNS, 0) * RUN_PRICE, 2)


def month(minutes: int, retries: int, in_a_row: int) -> Month:
    """Play a quiet month.

    Parameters
    ----------
    minutes:
        Between two runs.
    retries:
        ``MaxRetries``: 0, 1 or 2.
    in_a_row:
        Bad runs after which the alarm rings.
    """
    import numpy as np

    from labkit.workloads.noise import key_of, share

    begun = np.arange(_OFFSET, _DAYS * _DAY, minutes * 60, dtype=np.int64)
    bad = np.ones(len(begun), dtype=bool)
    attempts = 0
    for attempt in range(retries + 1):
        attempts += int(bad.sum())
        clock = (begun + _RUN * attempt) % _DAY
        away = (clock >= _RESTART[0]) & (clock < _RESTART[1])
        lost = share(key_of("canary month", minutes, attempt), begun.astype(np.uint64)) < _LOST
        bad &= away | lost
    pages: list[int] = []
    restarts, streak, due = 0, 0, 0
    for at in begun[bad].tolist():
        streak = streak + 1 if at == due else 1
        due = at + minutes * 60
        if streak == in_a_row:
            pages.append(at // _DAY)
            restarts += _RESTART[0] <= at % _DAY < _RESTART[1] + minutes * 60 * (in_a_row - 1)
    return Month(attempts, tuple(pages), restarts)


def watched(minutes: int, retries: int, in_a_row: int) -> Drawing:
    """A month at one rate: each choice of retries and bad runs, one of them picked out."""
    chosen = month(minutes, retries, in_a_row)
    told = minutes * in_a_row
    title = (
        f"Every {minutes} min, {_RETRY[retries]}, {_runs(in_a_row)}: "
        f"{count(len(chosen.pages), 'page')} for nothing, ${chosen.dollars:.2f} a month; an outage "
        f"is told after {told} min at most"
    )
    rows = []
    for many in IN_A_ROW:
        for again in RETRIES:
            one = month(minutes, again, many)
            mark = " \u25c0" if (again, many) == (retries, in_a_row) else ""
            rows.append([f"{again}{mark}", str(many), str(len(one.pages)), f"{one.dollars:.2f}",
                         f"{minutes * many} min"])  # fmt: skip
    rest = len(chosen.pages) - chosen.restarts
    why = f"{chosen.restarts} pages of the restart at 03:00, {rest} of a lost attempt"
    days = "".join(str(chosen.pages.count(day) or "\u00b7") for day in range(_DAYS))
    data = {
        "pages": len(chosen.pages), "restarts": chosen.restarts, "dollars": chosen.dollars,
        "minutes": told,
    }  # fmt: skip
    body = html.card(
        title, html.table(_COLUMNS, rows, right=(0, 1, 2, 3, 4)), html.note(why), _calendar(chosen),
        alt=title,
    )  # fmt: skip
    written = f"{title}\n{text.table(_COLUMNS, rows)}\n{why}\nthirty nights: {days}"
    return Drawing(title, written, data, body=body)


def _runs(in_a_row: int) -> str:
    return "1 bad run" if in_a_row == 1 else f"{in_a_row} bad runs in a row"


def _calendar(played: Month) -> html.Html:
    """Thirty days as small boxes, each with its pages."""
    cells = []
    for day in range(_DAYS):
        many = played.pages.count(day)
        fill = theme.face("ALARM").edge if many else theme.SHADE
        ink = theme.PAPER if many else theme.MUTED
        style = (
            f"width:22px;height:22px;line-height:22px;text-align:center;border-radius:3px;"
            f"background:{fill};color:{ink};font-size:12px"
        )
        cells.append(html.element("div", many or "\u00b7", style))
    return html.element("div", html.together(cells), "display:flex;flex-wrap:wrap;gap:3px")
