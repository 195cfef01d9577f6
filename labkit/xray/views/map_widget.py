"""The service map to click on: a node shows its response times and its traces, a trace itself.

Time moves in steps with a slider, and the map, the histogram and the list of traces follow. In a
notebook the discs of the map lie under buttons that can't be seen; a drop-down names the services
too, for those who use no mouse. In a terminal the explorer writes what is chosen, and
:meth:`Explorer.set` is the hand.

The handles are ipywidgets, made when a notebook first shows the explorer; setting the value of one
does what a click does, with or without a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from labkit.core.errors import LabError
from labkit.views.drawing import Drawing, Shown, escape
from labkit.views.text import table
from labkit.views.theme import ERRORS, MUTED
from labkit.xray.engine.service_graph import ServiceGraph
from labkit.xray.engine.trace import Span, Trace, service_of
from labkit.xray.views.histogram import histogram
from labkit.xray.views.service_map import as_graph, places, service_map
from labkit.xray.views.waterfall import waterfall
from labkit.xray.views.words import took

#: What a notebook's front end shows as a live widget.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
#: Traces that are offered at most.
MOST = 20


@dataclass(frozen=True)
class Window:
    """A stretch of time: its graph and the traces that began in it."""

    graph: ServiceGraph
    traces: Sequence[Trace]


class Explorer(Shown):
    """A service map with hands.

    Parameters
    ----------
    windows:
        Names of the stretches of time, in order (``09:00 to 09:05``).
    look:
        What there is in one: called once for each that is looked at.

    Raises
    ------
    LabError
        Without a window.
    """

    def __init__(self, windows: Sequence[str], look: Callable[[str], Window]) -> None:
        if not windows:
            raise LabError("there is no time to look at: end has to be after start")
        self.windows = tuple(windows)
        self._look = lru_cache(maxsize=None)(look)
        # A cell's result is asked for its text, its HTML and its widget: one picture serves all.
        self._map = lru_cache(maxsize=None)(lambda window: service_map(self._look(window).graph))
        self._times = lru_cache(maxsize=None)(self._histogram)
        #: The present window, service (empty: none) and trace (empty: none).
        self.window, self.service, self.trace = self.windows[-1], "", ""
        self._box: Any = None
        self._hands: dict[str, Any] = {}
        self._panes: dict[str, Any] = {}
        self._moving = False

    # -- what is chosen
    def set(
        self, *, window: str | None = None, service: str | None = None, trace: str | None = None
    ) -> Explorer:
        """Move the hands: to a window, a service by its name, a trace by its id; empty for none.

        Another window or service lets the trace go.

        Raises
        ------
        LabError
            For what there is not.
        """
        if window is not None:
            if window not in self.windows:
                raise LabError(f"there is no {window!r}; there are {', '.join(self.windows)}")
            self.window, self.trace = window, ""
            if self.service not in self.services:
                self.service = ""
        if service is not None:
            if service and service not in self.services:
                raise LabError(f"no service {service!r} here: {', '.join(self.services)}")
            self.service, self.trace = service, ""
        if trace is not None:
            if trace and trace not in [one.id for one in self.traces]:
                raise LabError(f"{trace!r} is none of the traces that are listed")
            self.trace = trace
        self._follow()
        return self

    @property
    def services(self) -> list[str]:
        """The services of the present window."""
        graph = as_graph(self._look(self.window).graph)
        return [node.name for node in graph.nodes if not node.client]

    @property
    def traces(self) -> list[Trace]:
        """Traces of the present service: those that failed in it first, then the slowest."""
        if not self.service:
            return []
        found = []
        for trace in self._look(self.window).traces:
            spans = [one for one in trace.segments if service_of(one).name == self.service]
            if spans:
                bad = any(one.fault or one.throttle for one in spans)
                found.append((not bad, -max(one.duration for one in spans), trace.id, trace))
        return [one[-1] for one in sorted(found, key=lambda one: one[:3])[:MOST]]

    # -- what is shown
    @property
    def map(self) -> Drawing:
        """The map of the present window."""
        return self._map(self.window)

    @property
    def times(self) -> Drawing | None:
        """The histogram of the present service."""
        return self._times(self.window, self.service)

    def _histogram(self, window: str, service: str) -> Drawing | None:
        graph = self._look(window).graph
        place = graph.find(service) if service else None
        return None if place is None else histogram(graph.nodes[place])

    @property
    def waterfall(self) -> Drawing | None:
        """The present trace."""
        for one in self.traces:
            if one.id == self.trace:
                return waterfall(one)
        return None

    def _line(self, trace: Trace) -> tuple[str, str, str]:
        spans = [one for one in trace.segments if service_of(one).name == self.service]
        worst = max(spans, key=lambda one: one.duration)
        root = trace.root
        url = "" if root is None else str(root.request.get("url") or root.name)
        return took(worst.duration), _ended(spans), url

    def __str__(self) -> str:
        parts = [f"{self.window}: {self.map}"]
        if self.times is not None:
            parts.append(str(self.times))
            rows = [[one.id, *self._line(one)] for one in self.traces]
            parts.append(table(["trace", f"in {self.service}", "", "request"], rows))
        if self.waterfall is not None:
            parts.append(str(self.waterfall))
        hint = "moved by .set(window=..., service=..., trace=...); windows: "
        return "\n\n".join([*parts, hint + ", ".join(self.windows)])

    def _repr_html_(self) -> str:
        note = f'<div style="color:{MUTED}">{escape(self.window)} (run the cell to click)</div>'
        return note + "".join(
            one.html for one in (self.map, self.times, self.waterfall) if one is not None
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return super()._repr_mimebundle_() | {WIDGET_VIEW: self.live()}

    # -- in a notebook
    def live(self) -> dict[str, Any]:
        """The widgets, made when first asked for; what a front end needs to show them."""
        if self._box is None:
            self._make()
        return {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}

    @property
    def hands(self) -> dict[str, Any]:
        """The widgets that are moved: ``window``, ``service``, ``trace``, and ``nodes``."""
        self.live()
        return {**self._hands, "nodes": list(self._panes["map"].children[1:])}

    def _make(self) -> None:
        import ipywidgets

        wide = {"description_width": "initial"}
        self._hands["window"] = ipywidgets.SelectionSlider(
            options=self.windows, value=self.window, description="time", continuous_update=False,
            style=wide, layout=ipywidgets.Layout(width="520px"),
        )  # fmt: skip
        self._hands["service"] = ipywidgets.Dropdown(description="service", style=wide)
        self._hands["trace"] = ipywidgets.Dropdown(
            description="trace", style=wide, layout=ipywidgets.Layout(width="640px")
        )
        self._panes["map"] = ipywidgets.GridBox(layout=ipywidgets.Layout(width="900px"))
        for name in ("times", "waterfall"):
            self._panes[name] = ipywidgets.HTML()
        top = ipywidgets.HBox([self._hands["window"], self._hands["service"]])
        self._box = ipywidgets.VBox(
            [
                top, self._panes["map"], self._panes["times"], self._hands["trace"],
                self._panes["waterfall"],
            ]
        )  # fmt: skip
        self._follow()
        for name, hand in self._hands.items():
            hand.observe(lambda change, name=name: self._moved(name, change["new"]), "value")

    def _moved(self, name: str, value: Any) -> None:
        if self._moving:
            return
        try:
            self.set(**{name: value or ""})
        except Exception as problem:
            # A callback's traceback goes to the server's log, where no learner looks.
            told = escape(f"{type(problem).__name__}: {problem}")
            self._panes["times"].value = f'<div style="color:{ERRORS}">{told}</div>'

    def _follow(self) -> None:
        """Let the widgets show what is chosen."""
        if self._box is None:
            return
        self._moving = True
        try:
            self._hands["window"].value = self.window
            service, trace = self._hands["service"], self._hands["trace"]
            service.options = [("click on one", ""), *((one, one) for one in self.services)]
            service.value = self.service
            lines = [("  ".join(p for p in self._line(o) if p), o.id) for o in self.traces]
            trace.options = [("choose one", ""), *lines]
            trace.value = self.trace
            trace.layout.display = None if self.service else "none"
            self._panes["map"].children = self._clickable()
            for name, drawing in (("times", self.times), ("waterfall", self.waterfall)):
                self._panes[name].value = "" if drawing is None else drawing.html
        finally:
            self._moving = False

    def _clickable(self) -> list[Any]:
        """The map, and a button that can't be seen on each of its discs: all in one grid cell."""
        import ipywidgets

        area = "1 / 1 / 2 / 2"
        graph = as_graph(self._look(self.window).graph)
        picture = ipywidgets.HTML(
            self.map.html, layout=ipywidgets.Layout(grid_area=area, width="900px", margin="0")
        )
        buttons = []
        for place, (x, y, size) in places(graph).items():
            node = graph.nodes[place]
            if node.client:
                continue
            button = ipywidgets.Button(
                tooltip=f"{node.name}: response times and traces",
                style={"button_color": "transparent"},
                layout=ipywidgets.Layout(
                    grid_area=area, width=f"{2 * size:.0f}px", height=f"{2 * size:.0f}px",
                    margin=f"{y - size:.0f}px 0 0 {x - size:.0f}px", padding="0", border="none",
                ),
            )  # fmt: skip
            button.on_click(lambda _, name=node.name: self._moved("service", name))
            buttons.append(button)
        return [picture, *buttons]


def _ended(spans: Sequence[Span]) -> str:
    for name in ("fault", "throttle", "error"):
        if any(getattr(one, name) for one in spans):
            return f"\u2717 {name}"
    return ""


__all__ = ["Explorer", "Window"]
