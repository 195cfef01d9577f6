"""A set-up of tracing, drawn: the four places where a segment can get lost, and what was found."""

from __future__ import annotations

from labkit.core.verdict import Reason, Verdict
from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Place -> the rules of reasons that are about it.
PLACES = (
    ("who sends?", ("container", "address", "links", "shape")),
    ("who listens?", (
        "daemon", "user data", "port", "port mapping", "bind", "host port", "network", "file",
        "file name", "option", "platform", "tracing", "command", "local mode", "instance", "task",
        "essential", "strategy",
    )),
    ("who may pass on?", ("role", "permission", "region", "telemetry")),
    ("what is recorded?", ("sampling",)),
)  # fmt: skip


def setup_view(verdict: Verdict[bool]) -> Drawing:
    """Draw a verdict of :mod:`labkit.xray.engine.setups`."""
    wrong = [one for one in verdict.because if not _is_remark(one)] if not verdict.value else []
    title = (
        "Traces of this program arrive"
        if verdict.value
        else f"No traces of this program arrive: {count(len(wrong), 'mistake')}"
    )
    rows, lines, data = [], [title, ""], []
    for place, rules in PLACES:
        mine = [one for one in verdict.because if _rule(one) in rules]
        found = [(_mark(one, verdict.value), one.text) for one in mine]
        for mark, text in found or [("?" if not verdict.value else "\u2713", "")]:
            rows.append((place, mark, text))
            lines.append(f"{mark}  {place:18} {text}".rstrip())
            data.append({"place": place, "mark": mark, "text": text})
    body = html.card(title, html.table(("", "", ""), rows))
    return Drawing(title, "\n".join(lines), {"works": verdict.value, "places": data}, body=body)


def _is_remark(reason: Reason) -> bool:
    return reason.rule.startswith("remark: ")


def _rule(reason: Reason) -> str:
    return reason.rule.removeprefix("remark: ")


def _mark(reason: Reason, works: bool) -> str:
    if _is_remark(reason):
        return "!"
    return "\u2713" if works else "\u2717"
