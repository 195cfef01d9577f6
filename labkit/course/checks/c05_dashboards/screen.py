"""A screen, read as Lena reads it: which lines are on the wrong side of a mark, and since when.

A **signal** is what an eye catches: a line that lies beyond a horizontal annotation, on the side on
which it does not lie on a quiet day; a gauge likewise; an alarm that is red. How a widget was made
(math, SEARCH, a percentile, an alarm) makes no difference here: what is judged is what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from labkit.cloudwatch.engine.dashboard.metrics import entries
from labkit.cloudwatch.widgets import alarm
from labkit.cloudwatch.widgets.frame import Frame
from labkit.cloudwatch.widgets.reader import board_of
from labkit.core.clock import HOUR, MINUTE, to_us
from labkit.core.jsontext import parse
from labkit.lab import Lab
from labkit.views.board.values import Board, Gauge, Graph, Level, Line, Notice, States, Tile
from labkit.workloads.shop_figures import SERVICES

NAME = "on-call"
#: How far back a screen shows when nobody says otherwise.
RANGE_US = 3 * HOUR

Where = tuple[int, int]
"""A line: (its tile, its place in the tile), both from 0."""


@dataclass(frozen=True)
class Signal:
    """Something that an eye catches.

    Parameters
    ----------
    tile, line:
        Which tile and which line in it, both from 0; line -1 for an alarm.
    title, label:
        The tile's title; the line's label or the alarm's name.
    at_us:
        When it began, within what is shown.
    value, level:
        The first value beyond the mark, and the mark; None for an alarm.
    tells_when:
        Whether the tile shows since when.
    upto_us:
        The end of the period of its first point; of an alarm, when it began.
    """

    tile: int
    line: int
    title: str
    label: str
    at_us: int
    value: float | None = None
    level: float | None = None
    tells_when: bool = True
    upto_us: int = 0

    @property
    def services(self) -> frozenset[str]:
        """The services that a reader finds named: by the label, else by the title."""
        return named(self.label) or named(self.title)


def named(text: str) -> frozenset[str]:
    """The services whose names a text holds; ``pay`` says payment."""
    lower = text.lower()
    return frozenset(
        name for name in SERVICES if name in lower or (name == "payment" and "pay" in lower)
    )


@dataclass
class Screen:
    """The dashboard of a world, to be read at several instants.

    Parameters
    ----------
    world:
        The lab; its clock stands at the instant of the newest reading.
    """

    world: Lab

    def __post_init__(self) -> None:
        held = self.world.parts.cloudwatch.dashboards.of(self.world.account)
        self.body: Mapping[str, Any] = parse(held[NAME].body)

    @property
    def widgets(self) -> Sequence[Mapping[str, Any]]:
        """The widgets as they were sent."""
        found: Sequence[Mapping[str, Any]] = self.body["widgets"]
        return found

    def frame(self, start_us: int, end_us: int) -> Frame:
        """Where and when it is read: periods are those of a screen that shows three hours."""
        world = self.world
        return Frame(
            world.parts.cloudwatch, world.world.ports, world.account, world.region,
            world.world.clock.now_us, start_us, end_us, automatic=False,
        )  # fmt: skip

    def read(self, start_us: int, end_us: int) -> Board:
        """The board of a stretch of time."""
        return board_of(self.frame(start_us, end_us), NAME, self.body)

    def now(self) -> Board:
        """The board as it stands: the last three hours."""
        end_us = self.world.world.clock.now_us
        return self.read(end_us - RANGE_US, end_us)

    def unknown_metrics(self) -> Iterator[tuple[int, tuple[str, ...], str, str]]:
        """Metrics that a widget names and nobody publishes: (tile, names, Region, account)."""
        service = self.world.parts.cloudwatch
        now_us = self.world.world.clock.now_us
        for number, widget in enumerate(self.widgets):
            properties = widget["properties"]
            for entry in entries(properties.get("metrics", ())):
                if entry.expression:
                    continue
                region = entry.rendering.get("region") or properties["region"]
                account = entry.rendering.get("accountId") or properties.get("accountId")
                account = self.world.account if account in (None, "LOCAL") else account
                store = service.store(account, region)
                known = {
                    (one.namespace, one.name, tuple(one.dimensions))
                    for one in service.series(store, now_us, 0)
                }
                if (entry.namespace, entry.name, tuple(entry.dimensions)) not in known:
                    pairs = [f"{name}={value}" for name, value in entry.dimensions]
                    yield number, (entry.namespace, entry.name, *pairs), region, account

    def alarm_reds(self, start_us: int, end_us: int) -> list[tuple[int, str, int]]:
        """(tile, alarm, since when) of each alarm on the screen that was red within a stretch."""
        frame = self.frame(start_us, end_us)
        found = []
        for number, widget in enumerate(self.widgets):
            properties = widget["properties"]
            arns = list(properties.get("alarms", ()))
            arns += properties.get("annotations", {}).get("alarms", ())
            for arn in arns:
                held = alarm.find(frame, str(arn))
                if held is None:
                    continue
                for begin, _, state in alarm.spans(held[0], held[1], start_us, end_us):
                    if state == "ALARM":
                        found.append((number, held[1].name, begin))
        return found


@dataclass(frozen=True)
class Band:
    """Between what a line moves on quiet days, and where it lies most of the time."""

    low: float
    middle: float
    high: float


def bands(boards: Sequence[Board]) -> dict[Where, Band]:
    """The quiet band of each line."""
    held: dict[Where, list[float]] = {}
    for one in boards:
        for where, line, _ in lines_of(one):
            held.setdefault(where, []).extend(line.values)
    return {
        where: Band(min(values), median(values), max(values))
        for where, values in held.items()
        if values
    }


def lines_of(board: Board) -> Iterator[tuple[Where, Line, Tile]]:
    """Every line of every tile."""
    for number, tile in enumerate(board.tiles):
        for place, line in enumerate(_lines(tile)):
            yield (number, place), line, tile


def _lines(tile: Tile) -> Sequence[Line]:
    found: Sequence[Line] = getattr(tile.content, "lines", ())
    return found


def empty_tiles(boards: Sequence[Board]) -> Iterator[tuple[int, Tile, str]]:
    """Tiles that show nothing, or a line without a single point, on all of the boards."""
    for number, tile in enumerate(boards[0].tiles):
        if isinstance(tile.content, Notice):
            if tile.content.kind == "missing":
                continue  # a kind of tile that labkit has not: nothing that is the learner's
            yield number, tile, f"{tile.content.said} {tile.content.detail}".strip()
        elif hasattr(tile.content, "lines"):
            lines = [line for one in boards for line in _lines(one.tiles[number])]
            if not lines:
                yield number, tile, ""
            full = {line.label for line in lines if line.starts}
            for label in sorted({line.label for line in lines} - full):
                yield number, tile, label


def marks(board: Board) -> int:
    """How many things on a board could ever be a signal."""
    told = 0
    for tile in board.tiles:
        content = tile.content
        if isinstance(content, Graph):
            told += len(content.levels) + bool(content.states)
        elif isinstance(content, Gauge):
            told += len(content.levels)
        elif isinstance(content, States):
            told += len(content.alarms)
    return told


def signals(board: Board, quiet: Mapping[Where, Band]) -> list[Signal]:
    """All that an eye catches on a board, in the order of its tiles."""
    found: list[Signal] = []
    for number, tile in enumerate(board.tiles):
        content = tile.content
        if isinstance(content, Graph):
            for place, line in enumerate(content.lines):
                for level in content.levels:
                    if level.right == line.right:
                        found += _beyond(number, place, tile, line, level, quiet)
            found += [
                Signal(number, -1, tile.title, tile.title, begin)
                for begin, _, state in content.states
                if state == "ALARM"
            ]
        elif isinstance(content, Gauge) and content.lines:
            last = content.lines[0]
            newest = Line(last.label, last.starts[-1:], last.values[-1:])
            for level in content.levels:
                for one in _beyond(number, 0, tile, newest, level, quiet):
                    found.append(
                        Signal(number, 0, tile.title, last.label, one.at_us, one.value,
                               one.level, tells_when=False)
                    )  # fmt: skip
    return found


def _beyond(
    number: int, place: int, tile: Tile, line: Line, level: Level, quiet: Mapping[Where, Band]
) -> Iterator[Signal]:
    """Each stretch in which a line lies beyond a mark."""
    usual = quiet.get((number, place))
    before = False
    for at, value in zip(line.starts, line.values, strict=True):
        beyond = _is_beyond(value, level, usual)
        if beyond and not before:
            yield Signal(
                number, place, tile.title, line.label, at, value, level.value,
                upto_us=at + line.period_us,
            )  # fmt: skip
        before = beyond


def _is_beyond(value: float, level: Level, usual: Band | None) -> bool:
    """Above is bad, unless ``fill`` says below or a quiet day lies above the mark throughout."""
    if level.upto is not None:
        low, high = sorted((level.value, level.upto))
        inside = usual is not None and low <= usual.middle <= high
        return (low <= value <= high) != inside
    if level.fill == "below" or (usual is not None and usual.low > level.value):
        return value < level.value
    return value > level.value


def minute_us(moment: Any) -> int:
    """An instant's minute."""
    at = to_us(moment)
    return at - at % MINUTE
