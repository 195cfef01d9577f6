"""Check 1: one screen without scrolling, and nothing on it is empty."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from labkit.cloudwatch.engine.dashboard.body import check as check_body
from labkit.cloudwatch.engine.dashboard.layout import Place, places
from labkit.course.bench import Bench
from labkit.course.checks.c05_dashboards.playing import Week
from labkit.course.checks.c05_dashboards.screen import NAME, Screen, empty_tiles, marks
from labkit.course.checks.c05_dashboards.screens import ScreenCheck, one_tile, price
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views.board.board import board as draw_board
from labkit.views.board.values import Board
from labkit.views.wording import joined

MOST_WIDGETS, MOST_ROWS = 8, 12


class OneScreen(ScreenCheck):
    """Eight tiles at most, twelve rows, no overlap, no empty line."""

    title = "one screen, and every tile shows something"
    points = 1
    hints = (
        "Count the tiles, then the rows: `y` plus `height` of the lowest. Then look at the screen: "
        "which tile has nothing in it?",
        "A dashboard has 24 columns; a tile of `width` 12 leaves room for one more beside it. A "
        "metric is found by exactly its dimensions, in the Region that the widget names in "
        "`region`: `list_metrics` tells both.",
        '{"type": "metric", "x": 12, "y": 0, "width": 12, "height": 6, "properties": {"region": '
        '"____", "metrics": [[ex.namespace, "Errors", "service", "payment", {"stat": "Sum"}]]}}',
    )
    alternatives = (
        "More tiles are more to read; the wall has 24, and nobody saw anything.",
        "A widget that asks for a metric that nobody publishes is stored without a complaint, "
        "and stays empty.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Size, places, then what two quiet days show."""
        if not attempted.built:
            return self.refused(bench)
        screen = Screen(bench.copy)
        said = "the body, then two quiet days on it."
        return (
            self.too_much(screen, attempted, said)
            or self.unpublished(screen, attempted, said)
            or self.drawn(bench, attempted, said)
        )

    def too_much(self, screen: Screen, attempted: Attempted, said: str) -> NotYet | None:
        """Too many tiles, too many rows, or two in one place."""
        widgets = screen.widgets
        if len(widgets) > MOST_WIDGETS:
            return NotYet(
                f"{len(widgets)} tiles; Lena asked for {MOST_WIDGETS} at most.",
                attempted.built, said,
                f"Ten seconds are {10 / len(widgets):.1f} seconds for each of them.",
                "Which one does she look at first?",
            )  # fmt: skip
        stood = [
            _said(widget, place) for widget, place in zip(widgets, places(widgets), strict=True)
        ]
        for (n, one), (m, other) in combinations(enumerate(stood, 1), 2):
            if one.overlaps(other):
                return NotYet(
                    f"Tiles {n} and {m} lie on each other.", attempted.built, said,
                    f"Tile {n} takes columns {one.x} to {one.x + one.width - 1} and rows {one.y} "
                    f"to {one.y + one.height - 1}; tile {m} begins at column {other.x}, row "
                    f"{other.y}. CloudWatch takes such a body and moves one of them down.",
                    "Where does a tile end that begins at x and has a width?",
                )  # fmt: skip
        rows = max((one.y + one.height for one in stood), default=0)
        if rows > MOST_ROWS:
            lowest = max(range(len(stood)), key=lambda n: stood[n].y + stood[n].height)
            return NotYet(
                f"{rows} rows; a screen shows {MOST_ROWS} without scrolling.",
                attempted.built, said,
                f"Tile {lowest + 1} ends in row {rows - 1}, below the edge of the screen.",
                "What stands beside what?",
            )  # fmt: skip
        return None

    def unpublished(self, screen: Screen, attempted: Attempted, said: str) -> NotYet | None:
        """A metric that nobody publishes: say what is near."""
        for number, names, region, account in screen.unknown_metrics():
            world = screen.world
            service = world.parts.cloudwatch
            here = service.series(service.store(account, region), world.world.clock.now_us, 0)
            asked = " ".join(names)
            alike = [
                one
                for one in service.series(
                    service.store(world.account, world.region), world.world.clock.now_us, 0
                )
                if one.name == names[1] and one.namespace == names[0]
            ]
            if alike and not any(one.namespace == names[0] for one in here):
                happened = (
                    f"It asks for `{asked}` in {region}. There is nothing of `{names[0]}` there; "
                    f"the shop reports in {world.region}. A dashboard is global, its widgets are "
                    "not."
                )
                question = "In which Region does this widget look?"
            elif alike:
                wanted = joined([f"`{name}`" for name in names[2:]]) or "no dimension"
                has = sorted({f"`{n}={v}`" for one in alike for n, v in one.dimensions})
                happened = (
                    f"It asks for `{names[1]}` with {wanted}; the metric has {joined(has)}. No "
                    "such metric, and no error."
                )
                question = "Which words does this metric answer to, letter for letter?"
            else:
                happened = f"It asks for `{asked}`: nobody publishes a metric of that name."
                question = "What does list_metrics say?"
            return NotYet(
                f"Tile {number + 1} asks for a metric that is not there.",
                attempted.built, said, happened, question,
            )  # fmt: skip
        return None

    def drawn(self, bench: Bench, attempted: Attempted, said: str) -> Outcome:
        """Tiles that stay empty on two quiet days."""
        week = Week(bench, with_troubles=False)
        for number, tile, label in empty_tiles(week.days):
            what = (
                f"The line `{label}` has no point"
                if label and hasattr(tile.content, "lines")
                else f"It says: {label}"
                if label
                else "It found no metric"
            )
            return NotYet(
                f"Tile {number + 1} is empty.", attempted.built, said,
                f"{what}, on a whole weekday and a whole Sunday.",
                "What would you have to see in it to know that it works?",
                draw_board(
                    Board(NAME, (one_tile(week.days[0], number, f"tile {number + 1}"),),
                          week.days[0].start_us, week.days[0].end_us)
                ),
            )  # fmt: skip
        if not any(hasattr(tile.content, "lines") for tile in week.days[0].tiles) and not marks(
            week.days[0]
        ):
            return NotYet(
                "There is no metric and no alarm on the screen.", attempted.built, said,
                "It says the same on every day.", "What would change in it when people can't buy?",
            )  # fmt: skip
        widgets = week.screen.widgets
        rows = max(one.y + one.height for one in places(widgets))
        return Passed(
            f"{len(widgets)} of {MOST_WIDGETS} tiles, {rows} of {MOST_ROWS} rows, nothing empty.",
            why="Every tile has a place of its own on the 24 columns, and every metric is named as "
            "it is published, in the Region in which it is published.",
            built=attempted.built,
            cost=f"{price()}.",
            remarks=_remarks(week),
        )


def _remarks(week: Week) -> tuple[str, ...]:
    text = week.world.parts.cloudwatch.dashboards.of(week.world.account)[NAME].body
    told = [
        f"PutDashboard warned: {one.path} {one.message}." for one in check_body(text).warnings[:2]
    ]
    untitled = [
        str(n)
        for n, widget in enumerate(week.screen.widgets, 1)
        if widget["type"] == "metric" and not widget["properties"].get("title")
    ]
    if untitled:
        told.append(
            f"Tile {joined(untitled)} has no title: write the question there that it answers."
        )
    return tuple(told)


def _said(widget: Mapping[str, Any], place: Place) -> Place:
    """Where a widget says it stands: its own x and y, else where it finds room."""
    if "x" in widget and "y" in widget:
        return Place(int(widget["x"]), int(widget["y"]), place.width, place.height)
    return place
