"""GUI workflow builder: a form of steps, and the script of a canary that does them.

Five kinds of step, as in AWS's console: click, verify selector, verify text, input text, click with
navigation; and, first of all, the page to open. In a notebook it is a form of ipywidgets whose
script follows every change; in a terminal it is the list of its steps. ``builder.script`` and
``builder.package()`` are what ``create_canary`` takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.core.errors import LabError
from labkit.synthetics.blueprints import package, script
from labkit.views.control import WIDGET_VIEW
from labkit.views.text import table

#: Kind of step -> how the console calls it, and whether it has a text.
KINDS: dict[str, tuple[str, bool]] = {
    "navigate": ("Open page", False),
    "click": ("Click", False),
    "click_with_navigation": ("Click with navigation", False),
    "verify_selector": ("Verify selector", False),
    "verify_text": ("Verify text", True),
    "input_text": ("Input text", True),
}
#: The login of the notes' example.
LOGIN: tuple[tuple[str, ...], ...] = (
    ("open", "navigate", "https://shop.teapot.example/login"),
    ("name", "input_text", "#user", "demo"),
    ("password", "input_text", "#password", "$PASSWORD"),
    ("log in", "click_with_navigation", "#login-button"),
    ("welcome", "verify_text", "#welcome", "Welcome"),
)


class WorkflowBuilder:
    """A form that builds the steps of a workflow canary.

    Parameters
    ----------
    steps:
        To begin with: (name, kind, selector or address[, text]); the login of the shop when left
        out.
    """

    def __init__(self, steps: Sequence[Sequence[str]] = LOGIN) -> None:
        self._steps = [self._checked(step) for step in steps]
        self._form: Any = None
        self._rows: Any = None
        self._shown: Any = None

    # -- steps
    def _checked(self, step: Sequence[str]) -> list[str]:
        if not 3 <= len(step) <= 4 or step[1] not in KINDS:
            kinds = ", ".join(KINDS)
            raise LabError(f"a step is (name, kind, selector[, text]) with one of {kinds}: {step}")
        return [*step, ""][:4]

    @property
    def steps(self) -> list[tuple[str, ...]]:
        """The steps, as the blueprint ``workflow`` takes them."""
        return [tuple(one if KINDS[one[1]][1] else one[:3]) for one in self._steps]

    @property
    def script(self) -> str:
        """The script of the canary."""
        return script("workflow", STEPS=self.steps)

    def package(self) -> bytes:
        """The script as the archive that CreateCanary takes; its handler is ``canary.handler``."""
        return package(self.script)

    def add(self, name: str, kind: str, selector: str, text: str = "") -> WorkflowBuilder:
        """Add a step at the end; the builder itself, so that steps can be strung together."""
        self._steps.append(self._checked((name, kind, selector, text)))
        self._redraw()
        return self

    def remove(self, place: int) -> WorkflowBuilder:
        """Take a step out by its place, counted from 0."""
        del self._steps[place]
        self._redraw()
        return self

    def change(self, place: int, **parts: str) -> WorkflowBuilder:
        """Change ``name``, ``kind``, ``selector`` or ``text`` of a step."""
        step = dict(zip(("name", "kind", "selector", "text"), self._steps[place], strict=True))
        unknown = set(parts) - set(step)
        if unknown:
            raise LabError(f"a step has no {', '.join(sorted(unknown))}")
        self._steps[place] = self._checked(list((step | parts).values()))
        self._redraw()
        return self

    # -- shown
    def __str__(self) -> str:
        rows = [
            (str(number), name, KINDS[kind][0], selector, text if KINDS[kind][1] else "")
            for number, (name, kind, selector, text) in enumerate(self._steps, 1)
        ]
        head = ("", "step", "what", "selector or address", "text")
        return f"Workflow of {len(rows)} steps\n{table(head, rows)}"

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        form = self.form
        bundle: dict[str, Any] = form._repr_mimebundle_()
        return {"text/plain": str(self), WIDGET_VIEW: bundle[WIDGET_VIEW]}

    @property
    def form(self) -> Any:
        """The form, an ipywidgets box; made when it is first asked for."""
        if self._form is None:
            import ipywidgets as widgets

            more = widgets.Button(description="Add step", icon="plus")
            more.on_click(lambda _: self.add("step", "click", "#"))
            self._rows = widgets.VBox()
            self._shown = widgets.Textarea(
                disabled=True, layout=widgets.Layout(width="100%", height="220px")
            )
            self._form = widgets.VBox([self._rows, more, self._shown])
            self._redraw()
        return self._form

    def _redraw(self) -> None:
        if self._form is None:
            return
        self._rows.children = tuple(self._row(place) for place in range(len(self._steps)))
        self._shown.value = self.script

    def _row(self, place: int) -> Any:
        import ipywidgets as widgets

        name, kind, selector, text = self._steps[place]
        options = [(label, key) for key, (label, _) in KINDS.items()]
        fields = {
            "name": widgets.Text(name, layout=widgets.Layout(width="130px")),
            "kind": widgets.Dropdown(
                options=options, value=kind, layout=widgets.Layout(width="190px")
            ),
            "selector": widgets.Text(selector, layout=widgets.Layout(width="300px")),
            "text": widgets.Text(
                text, disabled=not KINDS[kind][1], layout=widgets.Layout(width="150px")
            ),
        }
        for part, field in fields.items():
            field.observe(self._changed(place, part), names="value")
        gone = widgets.Button(icon="trash", layout=widgets.Layout(width="40px"))
        gone.on_click(lambda _: self.remove(place))
        return widgets.HBox([*fields.values(), gone])

    def _changed(self, place: int, part: str) -> Any:
        def follow(event: Any) -> None:
            step = self._steps[place]
            step[("name", "kind", "selector", "text").index(part)] = event["new"]
            if part == "kind":
                self._redraw()
            else:
                self._shown.value = self.script

        return follow
