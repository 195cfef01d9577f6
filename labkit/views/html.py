"""HTML for pages that allow nothing: tables, chips and cards with inline styles only.

No scripts, no style sheets, nothing from outside, so that the same output stands in a trusted and
an untrusted notebook, in JupyterLab's light and dark themes, and in a saved page. Colours are set
on the card itself and on every cell: a theme's own table colours would shine through otherwise.
Texts are escaped here; what is already HTML is an :class:`Html`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labkit.views import theme
from labkit.views.drawing import WIDTH, escape

_FONT = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif"
_MONO = "font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
_HEAD = "font-size:14px;font-weight:700;margin-bottom:6px"


class Html(str):
    """A piece of HTML: goes into a page as it is, while any other text is escaped."""


def markup(value: object) -> str:
    """The value as HTML: escaped, unless it is HTML already."""
    return str(value) if isinstance(value, Html) else escape(value)


def element(tag: str, inside: object = "", style: str = "") -> Html:
    """``<tag style="...">inside</tag>``."""
    styled = f' style="{escape(style)}"' if style else ""
    return Html(f"<{tag}{styled}>{markup(inside)}</{tag}>")


def together(parts: Iterable[object], between: str = "") -> Html:
    """Several pieces as one."""
    return Html(between.join(markup(part) for part in parts))


def card(title: object, *inside: object, alt: str = "") -> str:
    """A white card with a bold title, readable on any theme."""
    style = (
        f"box-sizing:border-box;max-width:{WIDTH}px;overflow-x:auto;background:{theme.PAPER};"
        f"color:{theme.INK};border:1px solid {theme.LINE};border-radius:6px;padding:12px 18px;"
        f"{_FONT};font-size:13px;line-height:1.45"
    )
    head = element("div", title, _HEAD) if title else ""
    label = f' role="group" aria-label="{escape(alt)}"' if alt else ""
    shown = together(inside, chr(10))
    # A notebook's MathJax makes a formula of what stands between two dollars: `$.a = 1 && $.b`.
    plain = ' class="mathjax_ignore"' if f"{head}{shown}".count("$") > 1 else ""
    return f'<div{plain} style="{escape(style)}"{label}>{head}{shown}</div>'


def note(text: object) -> Html:
    """A muted line."""
    return element("div", text, f"color:{theme.MUTED};margin:4px 0")


def whole(text: object) -> Html:
    """Text that no line break parts: times, labels."""
    return Html(escape(text).replace(" ", "&nbsp;"))


def muted(text: object) -> Html:
    """Words that step back."""
    return element("span", text, f"color:{theme.MUTED}")


def mono(text: object) -> Html:
    """Text in a typewriter face: names, ids."""
    return element("span", text, f"{_MONO};font-size:12px")


def chip(state: str) -> Html:
    """An alarm state: sign, name and colour."""
    face = theme.face(state)
    style = (
        f"display:inline-block;white-space:nowrap;padding:0 8px;border-radius:9px;font-size:12px;"
        f"font-weight:600;background:{face.fill};color:{face.ink};border:1px solid {face.edge}"
    )
    return element("span", f"{face.sign} {face.name}", style)


def change(old: str, new: str) -> Html:
    """From one state to another."""
    arrow = "&nbsp;\u2192&nbsp;"
    return element("span", together([chip(old), chip(new)], arrow), "white-space:nowrap")


def table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> Html:
    """A table, without a head when that is empty; ``right`` numbers columns set to the right."""
    cell = f"background:{theme.PAPER};color:{theme.INK};padding:4px 14px 4px 0;vertical-align:top"

    def line(cells: Sequence[object], tag: str, extra: str) -> Html:
        made = [
            element(tag, value, f"{cell};text-align:{'right' if n in right else 'left'};{extra}")
            for n, value in enumerate(cells)
        ]
        return element("tr", together(made), f"background:{theme.PAPER}")

    heavy = f"font-weight:600;color:{theme.MUTED};border-bottom:1px solid {theme.LINE}"
    light = f"border-bottom:1px solid {theme.GRID}"
    lines = [line([whole(name) for name in head], "th", heavy)] if head else []
    lines += [line(row, "td", light) for row in rows]
    style = "border-collapse:collapse;border:none;margin:2px 0;width:auto;font-size:13px"
    return element("table", together(lines, "\n"), style)


def fold(title: object, inside: object) -> Html:
    """Something that opens on a click."""
    head = element("summary", title, f"cursor:pointer;color:{theme.MUTED}")
    return element("details", together([head, inside]), "margin-top:6px")


def letter(text: str) -> Html:
    """Text as it was written, line breaks and all."""
    style = (
        "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;margin:6px 0 0 0;padding:0;"
        "border:none;"
        f"background:{theme.PAPER};color:{theme.INK};{_MONO};font-size:12px;line-height:1.45"
    )
    return element("pre", text, style)
