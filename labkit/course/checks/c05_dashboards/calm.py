"""Check 3: two quiet days, and nothing turns red."""

from __future__ import annotations

from labkit.core.clock import HOUR, MINUTE
from labkit.course.bench import Bench
from labkit.course.checks.c05_dashboards.playing import Week
from labkit.course.checks.c05_dashboards.screen import NAME, Signal, marks, signals
from labkit.course.checks.c05_dashboards.screens import ScreenCheck, one_tile, price
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views.board.board import board as draw_board
from labkit.views.board.values import Board
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, number

DAY_US = 24 * HOUR


class Calm(ScreenCheck):
    """A weekday and a Sunday."""

    title = "two quiet days stay calm"
    points = 2
    hints = (
        'Look at a whole quiet day, the night too: `ex.lab.dashboard("on-call", '
        'start="-P1D")`. Where does each line come nearest to its mark?',
        "At night one error is a large share of few requests: a longer period (300) or `IF(errors "
        "> 2, rate)` keeps the peace. The stock-taking at 03:00 makes everything a little slower. "
        "`Maximum` is one single customer.",
        '"annotations": {"horizontal": [{"value": ____}]} between the highest value of a quiet '
        "day and what the ticket calls bad.",
    )
    alternatives = (
        "A count of errors has no good mark: noon on a good day has as many as the whole night has "
        "payments.",
        "`Maximum` shows a single straggler every quarter of an hour.",
        "A share by the minute jumps at night, when eight people an hour pay.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Both days, minute by minute."""
        if not attempted.built:
            return self.refused(bench)
        week = Week(bench, with_troubles=False)
        names = [day_text(board.start_us) for board in week.days]
        said = f"two quiet days, {names[0]} and {names[1]}, as a screen of three hours shows them."
        if not any(map(marks, week.days)):
            return NotYet(
                "Nothing on this screen can turn red.", attempted.built, said,
                "It has no annotation and no alarm, so it is calm whatever happens: so is the "
                "wall.",
                "By what does Lena know that a value is bad?",
            )  # fmt: skip
        for number_, board in enumerate(week.days, 1):
            reds = signals(board, week.quiet)
            reds += [
                Signal(tile, -1, board.tiles[tile].title, name, at)
                for tile, name, at in week.screen.alarm_reds(board.start_us, board.end_us)
            ]
            if reds:
                return self.red(week, board, number_, reds, attempted, said)
        tightest = _tightest(week)
        return Passed(
            "Two quiet days, and nothing turned red.",
            why="Every mark lies above the worst of a quiet day: the lunch hour, the stock-taking "
            "at 03:00, and a night in which a single error is a large share.",
            built=attempted.built,
            cost=f"{price()}.",
            alternative="the share by the minute under `IF(errors > 2, ...)`: it shows a failure "
            "some minutes sooner, and leaves out the single errors of the night.",
            remarks=tightest,
        )

    def red(
        self, week: Week, board: Board, which: int, reds: list[Signal], attempted: Attempted,
        said: str,
    ) -> NotYet:  # fmt: skip
        """Something turned red: when, and how far."""
        first = reds[0]
        mine = [one for one in reds if (one.tile, one.line) == (first.tile, first.line)]
        name = first.label or first.title
        when = f"{day_text(first.at_us)} {clock_text(first.at_us)}"
        if first.value is None:
            happened = f"At {when} the alarm `{name}` was red."
        else:
            happened = (
                f"At {when} tile {first.tile + 1}, `{name}`, stood at {number(first.value, 3)}, "
                f"beyond its mark at {number(first.level or 0, 3)}; "
                f"{count(len(mine), 'time')} on that day."
            )
        question = "How high does this line get on the best of days, at noon and at night?"
        night = first.at_us % DAY_US < 6 * HOUR
        if night:
            question = "How many customers are there at that hour, and what is one of them worth?"
        start = max(board.start_us, first.at_us - 90 * MINUTE)
        shown = week.screen.read(start, start + 3 * HOUR)
        return NotYet(
            f"Quiet day {which} turned red.", attempted.built, said, happened, question,
            draw_board(Board(
                f"{NAME}: a quiet day, and {name} beyond its mark at {when}",
                (one_tile(shown, first.tile, f"tile {first.tile + 1}"),), start, start + 3 * HOUR,
            )),
        )  # fmt: skip


def _tightest(week: Week) -> tuple[str, ...]:
    """A remark on a mark that a quiet day nearly reached."""
    for board in week.days:
        for tile_number, tile in enumerate(board.tiles):
            levels = getattr(tile.content, "levels", ())
            for place, line in enumerate(getattr(tile.content, "lines", ())):
                band = week.quiet.get((tile_number, place))
                if band is None:
                    continue
                for level in levels:
                    if 0.9 * level.value < band.high <= level.value:
                        return (
                            f"`{line.label or tile.title}` came up to {number(band.high, 3)} on a "
                            f"quiet day; its mark at {number(level.value, 3)} is tight.",
                        )
    return ()
