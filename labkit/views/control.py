"""Control: a picture with handles, to be moved after the idea has been worked by hand.

::

    control(morning, threshold=handle(50, 100, start=70), monitoring=choice("basic", "detailed"))

``morning(threshold, monitoring)`` is any function that returns a drawing. In a notebook the handles
are ipywidgets and the picture follows them; in a terminal, and on a page that is only looked at,
the picture stands as it is at the handles' present values. ipywidgets is imported when a control is
first shown in a notebook.

Why not ``ipywidgets.interact``: its output area is filled by messages that arrive after the cell is
done, in an order that differs from run to run, so a strict comparison of the notebook fails; and
what it shows can't be asked for from code. A control can: ``.drawing``, ``.at(minutes=5)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import LabError
from labkit.views.drawing import Drawing, Shown, escape
from labkit.views.theme import ERRORS, MUTED

#: What a notebook's front end shows as a live widget.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
#: Handles stand apart, so that a name is read with its own handle; a narrow page breaks the row.
_ROW = {"flex_flow": "row wrap", "grid_gap": "4px 24px"}


@dataclass(frozen=True, slots=True)
class Handle:
    """One thing that can be moved.

    Parameters
    ----------
    options:
        The values that it can take, in order.
    value:
        The one that it has at first.
    kind:
        ``slider`` or ``choice``: how it looks.
    """

    options: tuple[Any, ...]
    value: Any
    kind: str


def handle(first: int, last: int, *, step: int = 1, start: int | None = None) -> Handle:
    """A slider over whole numbers from ``first`` to ``last``, both included."""
    options = tuple(range(first, last + 1, step))
    return Handle(options, options[0] if start is None else start, "slider")


def choice(*options: Any) -> Handle:
    """A drop-down of the given values; the first one is chosen at first."""
    return Handle(options, options[0], "choice")


class Control(Shown):
    """A picture that is drawn from the values of its handles.

    Parameters
    ----------
    picture:
        Called with the handles' values by name; returns the drawing. What it draws for the same
        values is kept, so it must not depend on anything else.
    handles:
        By the name of the picture's parameter.

    Raises
    ------
    LabError
        When a handle's first value is none of its options.
    """

    def __init__(self, picture: Callable[..., Drawing], handles: Mapping[str, Handle]) -> None:
        self._picture = picture
        self._handles = dict(handles)
        self._drawn: dict[tuple[Any, ...], Drawing] = {}
        self._box: Any = None
        self._hands: dict[str, Any] = {}
        #: The present value of each handle.
        self.values: dict[str, Any] = {}
        self.values |= self._checked({name: one.value for name, one in handles.items()})

    def set(self, **values: Any) -> Control:
        """Move some handles, as a hand would; those that a notebook shows move too.

        Raises
        ------
        LabError
            For a handle that is not there, or a value that is none of its options.
        """
        self.values |= self._checked(values)
        for name in values:
            if name in self._hands:
                self._hands[name].value = values[name]
        return self

    def at(self, **values: Any) -> Drawing:
        """The picture at some other values, with the handles left where they are.

        Raises
        ------
        LabError
            As :meth:`set`.
        """
        key = tuple((self.values | self._checked(values)).values())
        if key not in self._drawn:
            self._drawn[key] = self._picture(**dict(zip(self._handles, key, strict=True)))
        return self._drawn[key]

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if name not in self._handles:
                raise LabError(
                    f"no handle is called {name!r}; there are {', '.join(self._handles)}"
                )
            if value not in self._handles[name].options:
                one = self._handles[name].options
                raise LabError(f"{name} can be {one[0]!r} to {one[-1]!r}, not {value!r}")
        return values

    @property
    def drawing(self) -> Drawing:
        """The picture at the present values."""
        return self.at()

    def _repr_html_(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.values.items())
        note = f'<div style="color:{MUTED}">{escape(told)} (run the cell to move the handles)</div>'
        return self.drawing.html + note

    def __str__(self) -> str:
        handles = "\n".join(
            f"  {name}: {self.values[name]}  (of {_span(one)})"
            for name, one in self._handles.items()
        )
        return (
            f"{self.drawing}\nhandles, moved by .set({next(iter(self._handles))}=...):\n{handles}"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return super()._repr_mimebundle_() | {WIDGET_VIEW: self._live()}

    # -- in a notebook
    def _live(self) -> dict[str, Any]:
        """The widgets, made when a notebook first shows the control."""
        import ipywidgets

        if self._box is None:
            view = ipywidgets.HTML(self.drawing.html)
            hands = [self._hand(ipywidgets, name, view) for name in self._handles]
            self._box = ipywidgets.VBox([ipywidgets.HBox(hands, layout=_ROW), view])
        return {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}

    def _hand(self, ipywidgets: Any, name: str, view: Any) -> Any:
        one = self._handles[name]
        first, last = one.options[0], one.options[-1]
        hand = (
            # A screen reader hears the value of this one; of a SelectionSlider, its place.
            ipywidgets.IntSlider(min=first, max=last, step=_step(one), continuous_update=False)
            if one.kind == "slider"
            else ipywidgets.Dropdown(options=[(str(option), option) for option in one.options])
        )
        hand.value = self.values[name]
        hand.description = name.replace("_", " ")
        hand.style.description_width = "initial"

        def moved(change: Mapping[str, Any]) -> None:
            self.values[name] = change["new"]
            try:
                view.value = self.drawing.html
            except Exception as problem:
                # A callback's traceback goes to the server's log, where no learner looks.
                told = f"{type(problem).__name__}: {problem}"
                view.value = f'<div style="color:{ERRORS}">{escape(told)}</div>'

        hand.observe(moved, "value")
        self._hands[name] = hand
        return hand


def control(picture: Callable[..., Drawing], **handles: Handle) -> Control:
    """A picture with handles: see the head of this file."""
    if not handles:
        raise LabError("a control without a handle is a picture: call the function itself")
    return Control(picture, handles)


def _step(one: Handle) -> int:
    return int(one.options[1] - one.options[0]) if len(one.options) > 1 else 1


def _span(one: Handle) -> str:
    options = [str(option) for option in one.options]
    return f"{options[0]} to {options[-1]}" if one.kind == "slider" else ", ".join(options)


__all__ = ["Control", "Handle", "choice", "control", "handle"]
