"""What stands on a board, as values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def inset(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The rectangle with margins taken off, never less than a pixel."""
        return Box(
            self.x + left,
            self.y + top,
            max(self.width - left - right, 1),
            max(self.height - top - bottom, 1),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One series.

    Parameters
    ----------
    label:
        Its name in the legend.
    starts, values:
        Microseconds ascending, and as many finite numbers; nothing for a series without points.
    period_us:
        Where the next point is further away than this and a half, there is a gap.
    colour:
        ``#rrggbb``; empty for one that the board chooses.
    right:
        Whether the right axis counts.
    unit:
        CloudWatch's word.
    """

    label: str
    starts: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    period_us: int = 60_000_000
    colour: str = ""
    right: bool = False
    unit: str = ""

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.values[-1] if self.values else None

    def runs(self) -> list[tuple[int, int]]:
        """Stretches without a gap, as (first index, index behind the last)."""
        most = self.period_us + self.period_us // 2
        starts = self.starts
        breaks = [n for n in range(1, len(starts)) if starts[n] - starts[n - 1] > most]
        return list(zip([0, *breaks], [*breaks, len(starts)], strict=True)) if starts else []


@dataclass(frozen=True, slots=True)
class Axis:
    """A value axis: ends that were asked for, and what it is called."""

    low: float | None = None
    high: float | None = None
    label: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal annotation: a line, or a band up to ``upto``; ``fill`` is above or below."""

    value: float
    upto: float | None = None
    label: str = ""
    colour: str = ""
    fill: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A vertical annotation: an instant, or a stretch; ``fill`` is before or after."""

    at_us: int
    until_us: int | None = None
    label: str = ""
    colour: str = ""
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines or stacked areas over time."""

    lines: tuple[Line, ...]
    start_us: int
    end_us: int
    left: Axis = Axis()
    right: Axis = Axis()
    levels: tuple[Level, ...] = ()
    moments: tuple[Moment, ...] = ()
    bands: tuple[tuple[Line, Line], ...] = ()
    stacked: bool = False
    legend: str = "bottom"
    #: States of an alarm under the axis: (from, to, state).
    states: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """Single values, each with its line; ``sparkline`` draws that behind it."""

    lines: tuple[Line, ...]
    sparkline: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value on a scale from ``low`` to ``high``, the levels as coloured stretches."""

    lines: tuple[Line, ...]
    low: float = 0
    high: float = 100
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each line's value."""

    lines: tuple[Line, ...]
    left: Axis = Axis()


@dataclass(frozen=True, slots=True)
class Pie:
    """A slice for each line's value."""

    lines: tuple[Line, ...]
    labels: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Markdown."""

    markdown: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One alarm: its name, its state, since when."""

    name: str
    state: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class States:
    """The states of alarms."""

    alarms: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands where there is nothing to draw: ``kind`` is empty, missing or error."""

    kind: str
    said: str
    detail: str = ""


Content = Graph | Numbers | Gauge | Bars | Pie | Grid | Words | States | Notice


@dataclass(frozen=True, slots=True)
class Tile:
    """A content in its place on the grid of 24 columns.

    Parameters
    ----------
    x, y, width, height:
        In grid units.
    title:
        Above the content; may be empty.
    content:
        What is shown.
    warnings:
        What a reader should know about it; shown by a sign.
    """

    x: int
    y: int
    width: int
    height: int
    title: str
    content: Content
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on a dashboard, for one range of time."""

    title: str
    tiles: tuple[Tile, ...]
    start_us: int
    end_us: int
    note: str = ""
    data: dict[str, object] = field(default_factory=dict)
