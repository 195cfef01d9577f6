"""Chart: curves, a threshold, states, incidents and e-mails on one time axis.

The figure is built from above: the finding as title, one panel (or one for each curve) with the
steps, under it a band for each alarm, a row of envelopes, and the time axis that they all share.
The same chart can write itself in characters for a terminal (:func:`labkit.views.text.plot`).
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.views import theme
from labkit.views.curves import Curve, missing
from labkit.views.drawing import WIDTH
from labkit.views.sheet import Sheet, draw, fit, text_width, wrap
from labkit.views.steps import Panel, apart, area, bars_of, breaches, extremes, steps
from labkit.views.timeaxis import clock_text, ticks
from labkit.views.wording import nice_axis, period, quantity, short

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Band:
    """The states of one alarm: (from, to, state), in order of time."""

    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit and which side of it is the bad one; ``comparison`` is CloudWatch's operator."""

    value: float
    comparison: str = "GreaterThanThreshold"
    unit: str = ""

    @property
    def below(self) -> bool:
        """Whether values under the limit are the bad ones."""
        return self.comparison.startswith("LessThan")

    def breached_by(self, value: float) -> bool:
        """Whether the value is on the bad side; exactly on the limit only with OrEqual."""
        if value == self.value:
            return "OrEqual" in self.comparison
        return (value < self.value) == self.below

    def __str__(self) -> str:
        amount = quantity(self.value, self.unit)
        if "OrEqual" in self.comparison:
            return f"{amount} or {'less' if self.below else 'more'}"
        return f"{'below' if self.below else 'above'} {amount}"


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn, as values.

    Parameters
    ----------
    title:
        The finding.
    curves:
        At least one; one without points shows as a gap.
    start_us, end_us:
        The stretch of time shown.
    threshold:
        The limit, if there is one.
    bands:
        One for each alarm.
    mails:
        When an e-mail arrived; None where e-mails are not the subject (no row is drawn).
    incidents:
        (from, to, name).
    stacked:
        A panel of its own for each curve, above each other on the same scales.
    note:
        What stands in place of the curve when there is no point at all.
    envelope:
        The lower and upper bound of what is normal, drawn as an area behind the curves.
    bands_only:
        States and e-mails are the subject: there is no panel for curves.
    """

    title: str
    curves: tuple[Curve, ...]
    start_us: int
    end_us: int
    threshold: Threshold | None = None
    bands: tuple[Band, ...] = ()
    mails: tuple[int, ...] | None = None
    incidents: tuple[Span, ...] = ()
    stacked: bool = False
    note: str = ""
    envelope: tuple[Curve, Curve] | None = None
    bands_only: bool = False

    def svg(self, alt: str = "") -> str:
        """The chart as SVG, 900 pixels wide."""
        layout = _Layout(self)
        return draw(layout.height, layout.paint, alt or self.title)


_EDGE = 18  # between the card's edge and whatever comes first
_TITLE, _TITLE_LINE = 15, 21
_SMALL = theme.SMALLEST_TEXT
_PANEL, _PANEL_STACKED = 190, 130
_BAND, _BAND_STEP = 18, 23


class _Layout:
    """Where everything is."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.title = wrap(chart.title, WIDTH - 2 * _EDGE, _TITLE, True)
        names = [(curve.label, curve.unit) for curve in chart.curves]
        colours = [theme.colours([n])[0] for n in names] if chart.stacked else theme.colours(names)
        drawn = list(zip(chart.curves, colours, strict=True))
        groups = [[one] for one in drawn] if chart.stacked else [drawn]
        scales = self._scales(groups)
        self.left = self._left_margin([mark for _, _, marks in scales for mark in marks])
        self.right = WIDTH - self._right_margin()
        self.names = self._incident_names()
        self.names_height = 16 * (1 + max((lane for _, _, lane in self.names), default=-1))
        self.panels = self._panels(groups, scales)
        last = self.panels[-1]
        self.bands_top = last.top + last.height + 10
        y = self.bands_top + _BAND_STEP * len(chart.bands)
        self.mails_y = y + 9
        if chart.mails is not None:
            y += 24
        self.axis_y = y
        self.height = y + 50

    # -- measures
    def _scales(
        self, groups: list[list[tuple[Curve, str]]]
    ) -> list[tuple[float, float, list[float]]]:
        """The value axis of each panel; one for all where they share a unit."""
        if len({curve.unit for curve in self.chart.curves}) == 1:
            return [self._scale(list(self.chart.curves))] * len(groups)
        return [self._scale([curve for curve, _ in group]) for group in groups]

    def _panels(
        self,
        groups: list[list[tuple[Curve, str]]],
        scales: list[tuple[float, float, list[float]]],
    ) -> list[Panel]:
        y = 16 + _TITLE_LINE * len(self.title)
        height = _PANEL_STACKED if len(groups) > 1 else _PANEL
        if self.chart.bands_only:
            return [Panel(y + 4 + self.names_height, 0, groups[0], 0, 1, [])]
        panels: list[Panel] = []
        for group, (low, high, marks) in zip(groups, scales, strict=True):
            top = y + 30 + (self.names_height if not panels else 0)
            panels.append(Panel(top, height, group, low, high, marks))
            y = top + height
        return panels

    def _incident_names(self) -> list[tuple[float, str, int]]:
        """(left, name, lane) of the names above the first panel; what finds no lane is left out."""
        placed: list[tuple[float, str, int]] = []
        free = [0.0] * 3
        for start, end, name in sorted(self.chart.incidents):
            if end <= self.chart.start_us or start >= self.chart.end_us:
                continue
            wide = text_width(name, _SMALL)
            left = max(_EDGE, min(self.x(start) + 4, WIDTH - _EDGE - wide))
            lane = next((n for n, taken in enumerate(free) if left >= taken), None)
            if lane is not None:
                placed.append((left, name, lane))
                free[lane] = left + wide + 8
        return placed

    def _scale(self, curves: list[Curve]) -> tuple[float, float, list[float]]:
        values = [value for curve in curves for value in (extremes(curve))]
        if self.chart.threshold is not None:
            values.append(self.chart.threshold.value)
        for bound in self.chart.envelope or ():
            values += extremes(bound)
        if not values:
            return 0, 1, []
        return nice_axis(min(values), max(values), curves[0].unit)

    def _left_margin(self, marks: list[float]) -> float:
        words = [text_width(short(mark), _SMALL) + 8 for mark in marks]
        words += [text_width(band.label, _SMALL) + 8 for band in self.chart.bands]
        if self.chart.mails is not None:
            words.append(text_width("e-mail", _SMALL) + 8)
        return _EDGE + min(max([*words, 46]), 150)

    def _right_margin(self) -> float:
        texts = [self._limit_text()] if self.chart.threshold else []
        if not self.chart.stacked and len(self.chart.curves) > 1:
            texts += ["\u2014\u2014 " + curve.label for curve in self.chart.curves]
        return 14 + min(max([text_width(text, 12) + 10 for text in texts] + [16]), 220)

    def _limit_text(self) -> str:
        said = str(self.chart.threshold)
        if not self.chart.bands:
            return said
        return f"ALARM at {said}" if said.endswith(("more", "less")) else f"ALARM {said}"

    def x(self, us: int) -> float:
        """Where an instant is, in pixels; what is off the axis is at its end."""
        chart = self.chart
        span = max(1, chart.end_us - chart.start_us)
        share = min(max((us - chart.start_us) / span, 0.0), 1.0)
        return self.left + (self.right - self.left) * share

    # -- painting
    def paint(self, sheet: Sheet) -> None:
        for number, line in enumerate(self.title):
            sheet.text(_EDGE, 28 + _TITLE_LINE * number, line, size=_TITLE, bold=True)
        marks = self._time_grid(sheet)
        for panel in () if self.chart.bands_only else self.panels:
            self._panel(sheet, panel)
        for number, band in enumerate(self.chart.bands):
            self._band(sheet, band, self.bands_top + _BAND_STEP * number)
        if self.chart.mails is not None:
            self._mails(sheet)
        self._time_axis(sheet, marks)

    def _time_grid(self, sheet: Sheet) -> list[tuple[float, str, str]]:
        width = self.right - self.left
        chosen = ticks(self.chart.start_us, self.chart.end_us, max(3, int(width // 58)))
        marks = [(self.x(tick.at_us), tick.label, tick.below) for tick in chosen]
        sheet.lines([[(x, self.panels[0].top), (x, self.axis_y)] for x, _, _ in marks], theme.GRID)
        return marks

    def _time_axis(self, sheet: Sheet, marks: list[tuple[float, str, str]]) -> None:
        y = self.axis_y
        sheet.lines([[(x, y), (x, y + 4)] for x, _, _ in marks], theme.MUTED)
        sheet.line([(self.left, y), (self.right, y)], theme.MUTED)
        free = -float(WIDTH)
        zone = ", UTC"
        for x, label, below in marks:
            sheet.text(x, y + 18, label, size=_SMALL, anchor="middle")
            half = text_width(below + zone, _SMALL) / 2
            if below and x - half >= free:
                middle = min(max(x, _EDGE + half), WIDTH - 8 - half)
                sheet.text(
                    middle, y + 35, below + zone, size=_SMALL, colour=theme.MUTED, anchor="middle"
                )
                free, zone = middle + half + 12, ""
        self._key(sheet, max(free, self.left))

    def _key(self, sheet: Sheet, left: float) -> None:
        """What the bands' colours mean, for states that nowhere have the room to be written."""
        x = float(WIDTH - _EDGE)
        for state in reversed(self._unwritten()):
            face = theme.face(state)
            wide = text_width(state, _SMALL) + 22
            if x - wide < left:
                return
            y = self.axis_y + 25
            sheet.box(
                x - wide, y, 14, 12, face.fill, edge=face.edge, hatch=face.hatch,
                hatch_ink=face.hatch_ink,
            )  # fmt: skip
            sheet.text(x - wide + 19, y + 10, state, size=_SMALL, colour=theme.MUTED)
            x -= wide + 10

    def _unwritten(self) -> list[str]:
        spans = [span for band in self.chart.bands for span in band.spans]
        states = list(dict.fromkeys(state for _, _, state in spans))
        written = {state for start, end, state in spans if self._fits(start, end, state)}
        return [state for state in states if state not in written]

    def _fits(self, start: int, end: int, state: str) -> bool:
        return self.x(end) - self.x(start) >= text_width(state, _SMALL, True) + 10

    # -- one panel
    def _panel(self, sheet: Sheet, panel: Panel) -> None:
        chart = self.chart
        bottom = panel.top + panel.height
        self._caption(sheet, panel)
        self._incidents(sheet, panel)
        grid = [[(self.left, panel.y(v)), (self.right, panel.y(v))] for v in panel.marks]
        sheet.lines(grid, theme.GRID)
        for mark in panel.marks:
            sheet.text(
                self.left - 8, panel.y(mark) + 4, short(mark), size=_SMALL, colour=theme.MUTED,
                anchor="end",
            )  # fmt: skip
        for start, end in missing([c for c, _ in panel.curves], chart.start_us, chart.end_us):
            x, wide = self.x(start), self.x(end) - self.x(start)
            if wide >= 1:
                sheet.box(
                    x, panel.top, wide, panel.height, None, hatch="////", hatch_ink=theme.GAP_HATCH
                )
                if wide > 54 and not chart.note:
                    sheet.text(
                        x + wide / 2, panel.top + panel.height / 2 + 4, "no data", size=_SMALL,
                        colour=theme.MUTED, anchor="middle", halo=theme.PAPER,
                    )  # fmt: skip
        if chart.note:
            sheet.text(
                (self.left + self.right) / 2, panel.top + panel.height / 2 + 4, chart.note, size=13,
                anchor="middle", halo=theme.PAPER,
            )  # fmt: skip
        sheet.line([(self.left, bottom), (self.right, bottom)], theme.LINE)
        if chart.envelope is not None:
            sheet.areas(area(panel, self, *chart.envelope), theme.MUTED, 0.18)
        bars = [(curve, colour, bars_of(curve, self)) for curve, colour in panel.curves]
        if chart.threshold is not None:
            for _, _, runs in bars:
                sheet.areas(breaches(panel, runs, chart.threshold), theme.BREACH, 0.16)
        for _, colour, runs in bars:
            lines, dots = steps(panel, runs)
            sheet.lines(lines, colour, 2)
            sheet.lines(dots, colour, 4)
        if chart.threshold is not None:
            y = panel.y(chart.threshold.value)
            sheet.line([(self.left, y), (self.right, y)], theme.THRESHOLD, 1.3, (6, 4))
        self._end_labels(sheet, panel)

    def _caption(self, sheet: Sheet, panel: Panel) -> None:
        curves = [curve for curve, _ in panel.curves]
        y = panel.top - 9 - (self.names_height if panel is self.panels[0] else 0)
        x: float = self.left
        if len(curves) == 1 and curves[0].label:
            name = fit(curves[0].label, 0.6 * (self.right - self.left))
            sheet.text(x, y, name)
            x += text_width(name) + 10
        words = list(dict.fromkeys(curve.unit for curve in curves if curve.unit))
        periods = list(dict.fromkeys(curve.period_us for curve in curves if curve.starts))
        if len(periods) == 1:
            words.append(f"{period(periods[0])} periods")
        sheet.text(x, y, fit(", ".join(words), self.right - x), colour=theme.MUTED)

    def _incidents(self, sheet: Sheet, panel: Panel) -> None:
        first = panel is self.panels[0]
        for start, end, _ in self.chart.incidents:
            x, to = self.x(start), self.x(end)
            if end <= self.chart.start_us or start >= self.chart.end_us:
                continue
            sheet.box(x, panel.top, max(to - x, 2), panel.height, theme.INCIDENT)
            top = panel.top - (5 if first else 0)
            edges = [[(edge, top), (edge, panel.top + panel.height)] for edge in (x, to)]
            sheet.lines(edges, theme.INCIDENT_EDGE)
        if first:
            for left, name, lane in self.names:
                y = panel.top - 6 - 16 * lane
                sheet.text(left, y, name, size=_SMALL, colour=theme.INCIDENT_INK)

    def _end_labels(self, sheet: Sheet, panel: Panel) -> None:
        """What stands at the curves' and the threshold's right ends, moved apart where needed."""
        entries: list[tuple[float, str, str]] = []
        room = WIDTH - 8 - self.right
        if len(panel.curves) > 1:
            for curve, colour in panel.curves:
                if curve.values:
                    entries.append((panel.y(curve.values[-1]), curve.label, colour))
        most = int(panel.height // 15) - (1 if self.chart.threshold else 0)
        entries.sort(key=lambda entry: entry[0])
        if len(entries) > most:
            more = len(entries) - most + 1
            entries = [*entries[: most - 1], (panel.top + panel.height, f"and {more} more", "")]
        if self.chart.threshold is not None:
            entries.append((panel.y(self.chart.threshold.value), self._limit_text(), ""))
        entries.sort(key=lambda entry: entry[0])
        for (_, label, colour), y in zip(
            entries, apart([y for y, _, _ in entries], 15, panel.top, panel.top + panel.height),
            strict=True,
        ):  # fmt: skip
            x = self.right + 6
            if colour:
                sheet.line([(x, y), (x + 12, y)], colour, 3)
                x += 17
            sheet.text(x, y + 4, fit(label, room - (23 if colour else 6)), size=12)

    # -- bands and envelopes
    def _band(self, sheet: Sheet, band: Band, top: float) -> None:
        label = fit(band.label, self.left - _EDGE - 8, _SMALL)
        sheet.text(self.left - 8, top + 13, label, size=_SMALL, colour=theme.MUTED, anchor="end")
        # An alarm of two minutes in ninety days still shows: narrow ALARM spans come last, wider.
        ordered = sorted(band.spans, key=lambda span: span[2] == "ALARM")
        narrow: dict[int, None] = {}
        for start, end, state in ordered:
            face = theme.face(state)
            x, to = self.x(start), self.x(end)
            if to - x < 1.5:
                if state != "ALARM" or round(x) in narrow:
                    continue
                narrow[round(x)] = None
                to = x + 1.5
            sheet.box(x, top, to - x, _BAND, face.fill, hatch=face.hatch, hatch_ink=face.hatch_ink)
            if self._fits(start, end, state):
                halo = face.fill if face.hatch else ""
                sheet.text(
                    (x + to) / 2, top + 13, state, size=_SMALL, bold=True, colour=face.ink,
                    anchor="middle", halo=halo,
                )  # fmt: skip

    def _mails(self, sheet: Sheet) -> None:
        mails = [at for at in self.chart.mails or () if self._shown(at)]
        sheet.text(
            self.left - 8, self.mails_y + 4, "e-mail", size=_SMALL, colour=theme.MUTED, anchor="end"
        )
        groups: list[list[int]] = []
        for at in sorted(mails):
            if groups and self.x(at) - self.x(groups[-1][0]) < 20:
                groups[-1].append(at)
            else:
                groups.append([at])
        if not groups:
            sheet.text(self.left + 4, self.mails_y + 4, "none", size=_SMALL, colour=theme.MUTED)
        places = [self.x(group[0]) for group in groups]
        sheet_top = self.panels[0].top
        for number, (group, x) in enumerate(zip(groups, places, strict=True)):
            sheet.line([(x, sheet_top), (x, self.mails_y)], theme.MAIL, 1, (1.5, 3))
            sheet.envelope(x, self.mails_y)
            text = clock_text(group[0]) if len(group) == 1 else f"\u00d7{len(group)}"
            following = places[number + 1] - 10 if number + 1 < len(places) else WIDTH - 8
            if x + 12 + text_width(text, _SMALL) < following:
                sheet.text(x + 12, self.mails_y + 4, text, size=_SMALL, colour=theme.MAIL)

    def _shown(self, at: int) -> bool:
        return self.chart.start_us <= at <= self.chart.end_us
