"""Check 2: five incidents, and Lena's four questions to each."""

from __future__ import annotations

from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c05_dashboards.playing import ALL, FEW, WITHIN, Seen, Week
from labkit.course.checks.c05_dashboards.screen import Band, lines_of, marks, named
from labkit.course.checks.c05_dashboards.screens import ScreenCheck, pair, price
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views.board.board import board as draw_board
from labkit.views.board.values import Board, Graph
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text
from labkit.views.wording import count, joined, number


class Tells(ScreenCheck):
    """Can people buy, is it slow and for how many, which part, since when."""

    title = "five incidents are seen: buying, waiting, which part, since when"
    points = 3
    hints = (
        "Which question does each tile answer? Write it as the tile's title. A tile without a "
        "question can go.",
        "Errors as a share of requests by metric math, p99 for a few and p50 for all, a line for "
        "each service with its name as `label`, and `annotations.horizontal` on every tile: a line "
        "alone says nothing about good and bad.",
        '{"expression": "100*e/r", "id": "rate", "label": "payment"} over ["...", "Errors", '
        '"service", "payment", {"id": "e", "stat": "Sum", "visible": False}] and the same of '
        'Requests as "r"; "annotations": {"horizontal": [{"label": "page", "value": ____}]}.',
    )
    alternatives = (
        "`Average` hides two customers in a hundred behind the other ninety-eight.",
        "One p99 says that somebody waits, not how many: p50 beside it does.",
        "A period of an hour has one point for the whole incident, dated at the full hour.",
        "Without an annotation a line that doubled has doubled from what?",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Look 40 minutes into each incident."""
        if not attempted.built:
            return self.refused(bench)
        week = Week(bench)
        unmarked = not any(marks(seen.board) for seen in week.seen)
        blind = [seen for seen in week.seen if not seen.signals]
        if blind:
            return self.unseen(week, blind, attempted, unmarked)
        return (
            self.which_part(week, attempted)
            or self.since_when(week, attempted)
            or self.for_how_many(week, attempted)
            or self.passed(week, attempted)
        )

    def unseen(self, week: Week, blind: list[Seen], attempted: Attempted, unmarked: bool) -> NotYet:
        """Nothing on the screen changed sides: say what moved most."""
        first = blind[0]
        trouble = first.trouble
        seen = len(week.seen) - len(blind)
        found = f"{seen} of {len(week.seen)} incidents seen."
        also = (
            f"Also unseen: incident {joined([str(one.trouble.number) for one in blind[1:]])}."
            if blind[1:]
            else ""
        )
        tile, happened = _moved_most(week, first)
        question = {
            True: "Of a hundred who try, how many succeed, and where on the screen does that "
            "stand?",
            False: "Where on the screen does the slowest customer in a hundred stand?",
        }[trouble.buying]
        if unmarked:
            happened += " There is no annotation and no alarm on the screen."
            question = "It moved; from what is it far, and who says so?"
        elif tile is not None and not _marked(first.board, tile):
            question = "It moved; from what is it far, and who says so?"
        figure = None
        if tile is not None:
            quiet = _same_hours(week, first)
            figure = pair(f"Incident {trouble.number}: nothing crosses a mark", quiet,
                          first.board, tile)  # fmt: skip
        return NotYet(
            found, attempted.built, f"{trouble.said}. Lena looks 40 minutes later.",
            happened, question, figure, also,
        )  # fmt: skip

    def which_part(self, week: Week, attempted: Attempted) -> NotYet | None:
        """Some signal has to name the service that it is about, and none another one."""
        for seen in week.seen:
            service = seen.trouble.service
            alone = [one.services for one in seen.signals if len(one.services) == 1]
            if frozenset({service}) in alone:
                continue
            labels = list(dict.fromkeys(f"`{one.label or one.title}`" for one in seen.signals))
            return NotYet(
                f"Incident {seen.trouble.number} is seen, and nobody knows which part it is.",
                attempted.built, f"{seen.trouble.said}. Lena looks 40 minutes later.",
                f"What changed sides is called {joined(labels[:3])}; the part was {service}, and "
                "nothing that is red has that name alone.",
                "Whom does Lena call, and where does the screen say so?",
                _board(seen),
            )  # fmt: skip
        return None

    def since_when(self, week: Week, attempted: Attempted) -> NotYet | None:
        """Some signal has to begin when the incident began."""
        for seen in week.seen:
            start = to_us(seen.trouble.start)
            within = round(WITHIN.total_seconds() * 1_000_000)
            timed = [
                one
                for one in seen.signals
                if one.tells_when
                and (one.tile, one.line) not in seen.early
                and abs(one.at_us - start) <= within
            ]
            if timed:
                continue
            one = seen.signals[0]
            early = seen.early.get((one.tile, one.line))
            at = one.at_us if early is None else early
            happened = (
                f"Tile {one.tile + 1}, `{one.label or one.title}`, changes sides at "
                f"{clock_text(at)}; it began at {clock_text(start)}."
                if one.tells_when
                else f"Tile {one.tile + 1} shows how it is now, and no time."
            )
            return NotYet(
                f"Incident {seen.trouble.number} is seen, and not since when.",
                attempted.built, f"{seen.trouble.said}. Lena looks 40 minutes later.",
                happened, "How long is one point of this line?", _board(seen),
            )  # fmt: skip
        return None

    def for_how_many(self, week: Week, attempted: Attempted) -> NotYet | None:
        """A few who wait have to look otherwise than all who wait."""
        by_number = {seen.trouble.number: seen for seen in week.seen}
        few, everybody = by_number[FEW], by_number[ALL]

        def crossed(seen: Seen) -> set[tuple[int, int]]:
            return {(one.tile, one.line) for one in seen.signals}

        if crossed(everybody) - crossed(few):
            return None
        same = joined([f"`{one.label or one.title}`" for one in few.signals[:2]])
        return NotYet(
            "A few wait, all wait: the screen shows the same.", attempted.built,
            f"{few.trouble.said}; then {everybody.trouble.said}.",
            f"Both times {same} changed sides and nothing else did. In incident {FEW} two in a "
            f"hundred waited, in incident {ALL} everybody.",
            "What does the customer in the middle see?",
            _board(everybody),
        )  # fmt: skip

    def passed(self, week: Week, attempted: Attempted) -> Passed:
        """All five."""
        tiles = len({one.tile for seen in week.seen for one in seen.signals})
        first = week.seen[0]
        return Passed(
            f"{len(week.seen)} of {len(week.seen)} incidents seen, with the part and the time.",
            why=f"{count(tiles, 'tile')} changed sides: a share of requests does not ask how many "
            "customers there are, the p99 sees two in a hundred and the p50 everybody, each line "
            "has the name of its part, and its mark says what is bad.",
            built=attempted.built,
            cost=f"{price()}.",
            alternative="an alarm for each part and one alarm widget: red tiles, and an e-mail "
            "when nobody looks, at the price of the alarms.",
            figure=_board(first),
        )


def _board(seen: Seen) -> Drawing:
    return draw_board(seen.board)


def _marked(board: Board, tile: int) -> bool:
    content = board.tiles[tile].content
    return bool(getattr(content, "levels", ()) or getattr(content, "states", ()))


def _same_hours(week: Week, seen: Seen) -> Board:
    """The same three hours on the quiet day."""
    board = seen.board
    day = to_us(week.quiet_days[0])
    shift = board.start_us - day
    start_us = day + shift % 86_400_000_000
    return week.screen.read(start_us, start_us + board.end_us - board.start_us)


def _moved_most(week: Week, seen: Seen) -> tuple[int | None, str]:
    """The line that left its quiet middle furthest since the incident began, in words."""
    start = to_us(seen.trouble.start)
    best: tuple[float, int, str] | None = None
    for where, line, tile in lines_of(seen.board):
        band: Band | None = week.quiet.get(where)
        values = [v for at, v in zip(line.starts, line.values, strict=True) if at >= start]
        if band is None or not values or not isinstance(tile.content, Graph):
            continue
        if named(line.label) and seen.trouble.service not in named(line.label):
            continue
        before = [v for at, v in zip(line.starts, line.values, strict=True) if at < start]
        was = sum(before) / len(before) if before else band.middle
        top = max(values, key=lambda v: abs(v - was))
        size = max(band.high - band.low, 1e-9)
        inside = band.low <= top <= band.high
        told = (
            f"inside its quiet band, {number(band.low, 3)} to {number(band.high, 3)}"
            if inside
            else f"out of its quiet band, {number(band.low, 3)} to {number(band.high, 3)}"
            + ("" if _marked(seen.board, where[0]) else ", and there is no mark: far from what")
        )
        name = line.label or tile.title
        said = (
            f"The line that moved most is `{name}` in tile {where[0] + 1}: from {number(was, 3)} "
            f"to {number(top, 3)}, {told}."
        )
        if best is None or abs(top - was) / size > best[0]:
            best = (abs(top - was) / size, where[0], said)
    if best is None:
        return None, "No line of the screen is about that part."
    return best[1], best[2]
