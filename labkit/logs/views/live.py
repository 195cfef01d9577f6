"""Live Tail as a widget: lines appear as they come in, whichever cell lets time pass.

::

    tail = lab.logs.live("/shop/access", "ERROR")
    tail                    # in its own cell; it goes on living
    lab.advance(minutes=1)  # in any other cell: the lines are there

Above the lines are a filter pattern that can be changed while it runs, Pause, Clear, Stop, and a
button that lets ten seconds of the lab pass. In a terminal ``print(tail)`` lists what is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from labkit.core.clock import to_datetime
from labkit.core.errors import LabError
from labkit.views.control import WIDGET_VIEW
from labkit.views.drawing import escape
from labkit.views.text import table
from labkit.views.wording import count

#: Lines that are kept to be seen; of those the newest are shown.
MOST_KEPT, MOST_SHOWN = 1_000, 40


class LiveTailView:
    """Lines of log groups as they come in.

    Parameters
    ----------
    begin:
        Begins a session: gets a filter pattern and who is to be told of each line; gives what ends
        it. Raises LabError for a pattern that is none.
    where:
        The groups, for the head line.
    pattern:
        The filter pattern at first.
    forward:
        Lets ten seconds of the lab's time pass.
    """

    def __init__(
        self,
        begin: Callable[[str, Callable[[Mapping[str, Any]], None]], Callable[[], None]],
        where: str,
        pattern: str,
        forward: Callable[[], None],
    ) -> None:
        self._begin, self._where, self._forward = begin, where, forward
        self.lines: deque[tuple[int, str, str]] = deque(maxlen=MOST_KEPT)
        #: How many lines came in, those that are not kept any more among them.
        self.seen = 0
        self.paused = False
        self.problem = ""
        self._waiting: list[tuple[int, str, str]] = []
        self._form: Any = None
        self.pattern = pattern
        self._end: Callable[[], None] | None = begin(pattern, self._take)

    # -- what happens
    def _take(self, line: Mapping[str, Any]) -> None:
        told = (int(line["timestamp"]), str(line["logStreamName"]), str(line["message"]))
        self.seen += 1
        if self.paused:
            self._waiting.append(told)
        else:
            self.lines.append(told)
            self._redraw()

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._end is not None

    def filter(self, pattern: str) -> None:
        """Listen with another filter pattern; lines that are there stay.

        A pattern that is none is said, and the one before goes on.
        """
        if not self.running:
            return
        try:
            end = self._begin(pattern, self._take)
        except LabError as problem:
            self.problem = str(problem)
            self._redraw()
            return
        assert self._end is not None
        self._end()
        self._end, self.pattern, self.problem = end, pattern, ""
        self._redraw()

    def pause(self) -> None:
        """Hold the lines back, or show those that were held back."""
        self.paused = not self.paused
        if not self.paused:
            self.lines.extend(self._waiting)
            self._waiting.clear()
        self._redraw()

    def clear(self) -> None:
        """Forget the lines that are shown."""
        self.lines.clear()
        self._redraw()

    def stop(self) -> None:
        """End the session; its minutes are on the bill."""
        if self._end is not None:
            self._end()
            self._end = None
        self._redraw()

    # -- shown
    def _head(self) -> str:
        state = "paused" if self.paused else "live" if self.running else "stopped"
        waiting = f", {count(len(self._waiting), 'line')} held back" if self._waiting else ""
        asked = f" with {self.pattern}" if self.pattern else ""
        return f"{self._where}{asked}: {state}, {count(self.seen, 'line')}{waiting}"

    def _rows(self) -> list[tuple[str, str, str]]:
        newest = list(self.lines)[-MOST_SHOWN:]
        return [(f"{to_datetime(ms * 1000):%H:%M:%S}", name, text) for ms, name, text in newest]

    def __str__(self) -> str:
        rows = self._rows()
        told = table(("time (UTC)", "stream", "line"), rows) if rows else "no line so far"
        return "\n".join(part for part in (self._head(), self.problem, told) if part)

    __repr__ = __str__

    @property
    def form(self) -> Any:
        """Buttons and lines, an ipywidgets box; made when it is first asked for."""
        if self._form is None:
            import ipywidgets as widgets

            wide = widgets.Layout(width="300px")
            self._asked = widgets.Text(self.pattern, placeholder="filter pattern", layout=wide)
            self._asked.continuous_update = False
            self._asked.observe(lambda event: self.filter(event["new"]), names="value")
            buttons = []
            for name, act in (
                ("Pause", self.pause), ("Clear", self.clear), ("Stop", self.stop),
                ("+10 s", self._forward),
            ):  # fmt: skip
                button = widgets.Button(description=name, layout=widgets.Layout(width="80px"))
                button.on_click(lambda _, act=act: act())
                buttons.append(button)
            self._pause = buttons[0]
            self._told = widgets.HTML()
            self._form = widgets.VBox([widgets.HBox([self._asked, *buttons]), self._told])
            self._redraw()
        return self._form

    def _redraw(self) -> None:
        if self._form is None:
            return
        self._pause.description = "Go on" if self.paused else "Pause"
        body = "\n".join(f"{at}  {name}  {text}" for at, name, text in self._rows())
        style = "max-height:320px;overflow:auto;font-size:12px;line-height:1.4"
        self._told.value = (
            f"<b>{escape(self._head())}</b>"
            + (f"<div>{escape(self.problem)}</div>" if self.problem else "")
            + f'<pre style="{style}">{escape(body or "no line so far")}</pre>'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self.form._repr_mimebundle_()
        return {"text/plain": str(self), WIDGET_VIEW: bundle[WIDGET_VIEW]}
