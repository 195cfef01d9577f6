"""What the three checks have in common: is there a screen, what is on it, how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.core.jsontext import parse
from labkit.course.bench import Bench
from labkit.course.checks.c05_dashboards.screen import NAME
from labkit.course.outcomes import Attempted, Broken, NotAttempted
from labkit.course.task import Check
from labkit.views.board.board import board as draw_board
from labkit.views.board.values import Board, Tile
from labkit.views.drawing import Drawing
from labkit.views.wording import count

_KINDS = {"metric": "metric", "alarm": "alarm", "text": "text", "log": "log"}


def _dashboards(bench: Bench) -> Mapping[str, Any]:
    lab = bench.lab
    return lab.parts.cloudwatch.dashboards.of(lab.account)


def price() -> str:
    """What a dashboard costs, from the dated price table."""
    row = price_table().row("cloudwatch.dashboard")
    return f"one dashboard, ${float(row.tiers[0].price):.2f} a month; the first {row.free} are free"


def one_tile(board: Board, number: int, title: str, name: str = "") -> Tile:
    """A tile of a board as a wide one, for a picture of the counter-example."""
    tile = board.tiles[number]
    return Tile(0, 0, 24, 6, f"{name}{tile.title or title}", tile.content, tile.warnings)


def pair(title: str, quiet: Board, bad: Board, number: int) -> Drawing:
    """One tile twice: on a quiet day at that hour, and when it happened."""
    left, right = quiet.tiles[number], bad.tiles[number]
    named = left.title or f"tile {number + 1}"
    tiles = (
        Tile(0, 0, 12, 6, f"quiet: {named}", left.content),
        Tile(12, 0, 12, 6, f"incident: {named}", right.content),
    )
    return draw_board(Board(title, tiles, bad.start_us, bad.end_us))


class ScreenCheck(Check):
    """Judges the dashboard ``on-call``."""

    cell = "screen"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The screen in one line: ``on-call``: 5 widgets (4 metric, 1 text), 12 rows high."""
        held = _dashboards(bench).get(NAME)
        if held is not None:
            return Attempted(described(parse(held.body)["widgets"]))
        refused = [
            entry
            for entry in bench.lab.world.journal
            if entry.error and entry.name == "cloudwatch:PutDashboard"
        ]
        return Attempted("") if refused else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """No dashboard of that name."""
        others = sorted(name for name in _dashboards(bench) if name != "wall")
        said = "Nothing has been built yet: the account has no dashboard but the wall."
        if others:
            said = f"There is no dashboard `{NAME}`; there is `{others[0]}`."
        return NotAttempted(
            said,
            start=f'one tile: `cloudwatch.put_dashboard(DashboardName="{NAME}", DashboardBody='
            f'json.dumps({{"widgets": [...]}}))`, then look at it: `ex.lab.dashboard("{NAME}")`.',
        )

    def refused(self, bench: Bench) -> Broken:
        """PutDashboard was refused, and nothing is stored."""
        entry = [e for e in bench.lab.world.journal if e.error][-1]
        return Broken(
            f"There is no dashboard `{NAME}`: PutDashboard was refused.",
            error=f"PutDashboard answered {entry.error}",
            where="the cell that called it; AWS's text stands below that cell.",
            means="the body breaks a rule, and nothing of it was stored. Each message has a "
            "`dataPath`: `/widgets/2/properties` is the third widget's.",
        )


def described(widgets: Sequence[Mapping[str, Any]]) -> str:
    """The screen in one line."""
    kinds: dict[str, int] = {}
    for one in widgets:
        kinds[one["type"]] = kinds.get(one["type"], 0) + 1
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda p: -p[1]))
    return f"`{NAME}`: {count(len(widgets), 'widget')} ({told})."
