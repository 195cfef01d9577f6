"""A button for a notebook: records in a browser, then shows the canary that came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.core.errors import LabError
from labkit.synthetics.recording.devtools import Recording
from labkit.views.control import WIDGET_VIEW


class RecordButton:
    """Start, click and type, stop: ``.recording`` is what came of it.

    Parameters
    ----------
    begin:
        Opens the browser; something with ``stop()``.
    """

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._recorder: Any = None
        self._form: Any = None
        #: The last recording; None before the first.
        self.recording: Recording | None = None
        #: Why there is none.
        self.problem = ""

    @property
    def recording_now(self) -> bool:
        """Whether a browser is open."""
        return self._recorder is not None

    def press(self) -> None:
        """What a click on the button does: begin, or end."""
        try:
            if self._recorder is None:
                self._recorder = self._begin()
            else:
                recorder, self._recorder = self._recorder, None
                self.recording = recorder.stop()
            self.problem = ""
        except LabError as problem:
            self._recorder = None
            self.problem = str(problem)
        self._redraw()

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        if self.recording_now:
            return "recording: press again to end it"
        return str(self.recording) if self.recording else "press() opens a browser and records"

    __repr__ = __str__

    @property
    def form(self) -> Any:
        """Button and text, an ipywidgets box."""
        if self._form is None:
            import ipywidgets as widgets

            self._button = widgets.Button(icon="circle")
            self._button.on_click(lambda _: self.press())
            self._told = widgets.HTML()
            self._script = widgets.Textarea(
                disabled=True, layout=widgets.Layout(width="100%", height="220px")
            )
            self._form = widgets.VBox([self._button, self._told, self._script])
            self._redraw()
        return self._form

    def _redraw(self) -> None:
        if self._form is None:
            return
        from labkit.views.drawing import escape

        self._button.description = "Stop" if self.recording_now else "Record"
        self._told.value = f"<pre>{escape(str(self))}</pre>"
        self._script.value = self.recording.script() if self.recording else ""
        self._script.layout.display = "" if self.recording else "none"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self.form._repr_mimebundle_()
        return {"text/plain": str(self), WIDGET_VIEW: bundle[WIDGET_VIEW]}
