"""Sheet: a surface to draw on in pixels. matplotlib draws, and the SVG is the same everywhere.

Theory of operation
-------------------
1. matplotlib is used without pyplot and without anybody's settings: a bare ``Figure`` with its SVG
   canvas, built and rendered inside a private ``rc_context`` that starts from matplotlib's own
   defaults. It is imported when the first sheet is drawn.
2. Coordinates are pixels from the upper left corner, worked out in plain Python floats by whoever
   draws. matplotlib only turns them over.
3. Text stays text (selectable, readable in a diff, a quarter of the size of outlines), set in a
   list of fonts as wide as the DejaVu Sans that comes with matplotlib. Where a text's width matters
   it is measured with that very file, so the layout doesn't depend on the machine's fonts.
4. The SVG that matplotlib wrote is written again by :func:`_tidy`: without metadata and date,
   without matplotlib's numbered group ids, pattern ids named after the drawing's content, one
   element per line, numbers with two decimals. Rounding is off centre by a hair, since coordinates
   are fond of values like ``.125`` and ``.5``: there the last bit would decide, which differs
   between processors.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from math import floor
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from labkit.views.drawing import WIDTH, escape, printable
from labkit.views.theme import INK, LINE, MAIL, PAPER
from labkit.views.wording import cut

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

Point = tuple[float, float]

_FONTS = ["DejaVu Sans", "Verdana", "sans-serif"]
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}
#: The families of settings that can change what is drawn here.
_FAMILIES = frozenset({"font", "hatch", "lines", "patch", "path", "svg", "text"})
#: Those that a font is opened with; to set all of them takes longer than to measure a text.
_MEASURED_BY = frozenset({"text.kerning_factor", "text.hinting_factor", "font.enable_last_resort"})
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "labkit",
    "font.family": _FONTS,
    "font.sans-serif": [],
    "path.simplify": False,
    "hatch.linewidth": 1.0,
}


@lru_cache(maxsize=2)
def _settings(families: frozenset[str]) -> dict[Any, Any]:
    """matplotlib's own defaults of some families or names, and ours."""
    import matplotlib

    told = dict(matplotlib.rcParamsDefault.items()) | _SETTINGS
    return {
        name: value
        for name, value in told.items()
        if name in families or name.partition(".")[0] in families
    }


@contextmanager
def _own_settings(families: frozenset[str] = _FAMILIES) -> Iterator[None]:
    """matplotlib as it comes out of the box plus our settings, and silent, for a while."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # "building the font cache", on a machine's first import
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # glyphs that DejaVu lacks: the reader's browser has them
            import matplotlib

            with matplotlib.rc_context(_settings(families)):
                yield
    finally:
        logger.setLevel(level)


def draw(height: float, paint: Callable[[Sheet], None], alt: str = "", width: float = WIDTH) -> str:
    """An SVG of ``width`` x ``height`` pixels; ``paint`` draws on the sheet it is given."""
    with _own_settings():
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        figure = _figure(width, height)
        canvas = FigureCanvasSVG(figure)
        sheet = Sheet(figure, height)
        sheet.box(0.5, 0.5, width - 1, height - 1, PAPER, edge=LINE)
        paint(sheet)
        written = BytesIO()
        canvas.print_svg(
            written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    return _tidy(written.getvalue().decode(), width, height, alt)


def png(width: int, height: int, paint: Callable[[Sheet], None]) -> bytes:
    """The same as a PNG of ``width`` x ``height`` pixels."""
    with _own_settings():
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure = _figure(width, height)
        canvas = FigureCanvasAgg(figure)
        sheet = Sheet(figure, height)
        sheet.box(0, 0, width, height, PAPER)
        paint(sheet)
        written = BytesIO()
        canvas.print_png(written, metadata={"Software": None})
    return written.getvalue()


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), dpi=72, frameon=False)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = 12, bold: bool = False) -> float:
    """Width in pixels of a text in DejaVu Sans, the same on every machine."""
    with _own_settings(_MEASURED_BY):
        import matplotlib
        from matplotlib.font_manager import get_font
        from matplotlib.ft2font import LoadFlags

        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        font = get_font(f"{matplotlib.get_data_path()}/fonts/ttf/{name}")
        font.set_size(100, 72)
        font.set_text(printable(text), 0.0, flags=LoadFlags.NO_HINTING)
        width: float = font.get_width_height()[0] / 64 * size / 100
    return round(width, 2)


def fit(text: str, width: float, size: float = 12, bold: bool = False) -> str:
    """The text, its middle left out where it is too wide (in pixels): ids differ at the end."""
    longest = len(text)
    while longest > 1 and text_width(cut(text, longest), size, bold) > width:
        longest -= 1
    return cut(text, longest)


def wrap(text: str, width: float, size: float = 12, bold: bool = False) -> list[str]:
    """The text as lines no wider than ``width`` pixels."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size, bold) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, width, size, bold))
    return lines


class Sheet:
    """A picture in the making; what is drawn later lies on top.

    Parameters
    ----------
    figure:
        matplotlib's figure, made by :func:`draw`.
    height:
        Height in pixels: ``y`` counts from above.
    """

    def __init__(self, figure: Figure, height: float) -> None:
        from matplotlib.transforms import Affine2D

        self.height = height
        self._figure = figure
        self._layer = 0
        self._pixels = Affine2D().scale(1, -1).translate(0, height)

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self._pixels)
        artist.set_clip_on(False)
        self._layer += 1
        artist.set_zorder(self._layer)
        self._figure.add_artist(artist)

    def line(
        self,
        points: Sequence[Point],
        colour: str = LINE,
        width: float = 1,
        dashes: tuple[float, ...] = (),
        opacity: float = 1,
    ) -> None:
        """A line through the points; ``dashes`` are lengths in pixels, drawn and left out."""
        from matplotlib.lines import Line2D

        self._add(
            Line2D(
                [x for x, _ in points],
                [y for _, y in points],
                color=colour,
                linewidth=width,
                linestyle=(0, tuple(d / width for d in dashes)) if dashes else "-",
                alpha=opacity if opacity < 1 else None,
                solid_capstyle="butt",
                solid_joinstyle="round",
            )
        )

    def lines(self, runs: Sequence[Sequence[Point]], colour: str, width: float = 1) -> None:
        """Several lines as one element: a curve with gaps, a grid."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        points = [point for run in runs for point in run]
        if not points:
            return
        codes = [Path.MOVETO if n == 0 else Path.LINETO for run in runs for n in range(len(run))]
        self._add(PathPatch(Path(points, codes), fill=False, edgecolor=colour, linewidth=width))

    def areas(self, outlines: Sequence[Sequence[Point]], fill: str, opacity: float = 1) -> None:
        """Several filled areas as one element."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        points: list[Point] = []
        codes: list[Any] = []
        for outline in outlines:
            points += [*outline, outline[0]]
            codes += [Path.MOVETO, *[Path.LINETO] * (len(outline) - 1), Path.CLOSEPOLY]
        if points:
            self._add(
                PathPatch(
                    Path(points, codes),
                    facecolor=fill,
                    linewidth=0,
                    alpha=opacity if opacity < 1 else None,
                )
            )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str | None,
        *,
        edge: str = "",
        edge_width: float = 1,
        hatch: str = "",
        hatch_ink: str = "",
    ) -> None:
        """A rectangle by its upper left corner; ``hatch`` in matplotlib's notation (``////``)."""
        from matplotlib.patches import Rectangle

        if fill is not None or edge:
            self._add(
                Rectangle(
                    (x, y), width, height,
                    fill=fill is not None, facecolor=fill or "none",
                    edgecolor=edge or "none", linewidth=edge_width if edge else 0,
                )
            )  # fmt: skip
        if hatch:
            self._add(
                Rectangle(
                    (x, y), width, height,
                    fill=False, edgecolor=hatch_ink, hatch=hatch, linewidth=0,
                )
            )  # fmt: skip

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "start",
        halo: str = "",
    ) -> None:
        """One line of text, ``y`` its baseline; anchored at its start, middle or end.

        ``halo`` puts a box of that colour behind it, where it would lie on lines.
        """
        from matplotlib.text import Text

        text = printable(text)
        if halo:
            wide = text_width(text, size, bold)
            left = x - wide * {"start": 0, "middle": 0.5, "end": 1}[anchor]
            self.box(left - 3, y - size, wide + 6, size * 1.3, halo)
        artist = Text(
            x, y, text, color=colour, size=size, weight="bold" if bold else "normal",
            ha=_ANCHORS[anchor], va="baseline", parse_math=False,
        )  # fmt: skip
        self._add(artist)

    def envelope(self, x: float, y: float, colour: str = MAIL) -> None:
        """A small envelope around the point (x, y): 16 x 11 pixels."""
        self.box(x - 8, y - 5.5, 16, 11, PAPER, edge=colour, edge_width=1.4)
        self.line([(x - 8, y - 5.5), (x, y + 1.5), (x + 8, y - 5.5)], colour, 1.4)


# -- writing the SVG again ------------------------------------------------------------------------
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_SVG = "{http://www.w3.org/2000/svg}"
_DROPPED = {"metadata", "style"}
_USUAL = {"text-anchor:start", "stroke-dashoffset:0", "stroke-linecap:butt", "fill:#000000"}


def _rounded(match: re.Match[str]) -> str:
    # Off centre by 0.0137 of a step: see the head of this file, 4.
    value = floor(float(match.group()) * 100 + 0.5137) / 100
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _path(data: str) -> str:
    """Path data rounded and short: ``M10 20H30V40``, since steps are all there is to a curve."""
    out: list[str] = []
    x = y = ""
    for command, inside in re.findall(r"([MLQCz])([^MLQCz]*)", _NUMBER.sub(_rounded, data)):
        numbers = inside.split()
        if command == "L" and numbers == [x, y]:
            continue
        if command == "L" and numbers[0] == x:
            out.append(f"V{numbers[1]}")
        elif command == "L" and numbers[1] == y:
            out.append(f"H{numbers[0]}")
        else:
            out.append(command + " ".join(numbers))
        x, y = numbers[-2:] if numbers else ("", "")
    return "".join(out)


def _tidy(svg: str, width: float, height: float, alt: str) -> str:
    """matplotlib's SVG written again, the same bytes everywhere (see the head of this file, 4)."""
    root = ElementTree.fromstring(svg)
    lines: list[str] = []
    for child in root:
        _write(child, lines)
    body = "\n".join(lines)
    ids = list(dict.fromkeys(re.findall(r' id="([^"]+)"', body)))
    for number, old in enumerate(ids):
        body = body.replace(f'id="{old}"', f'id="@{number}"').replace(
            f"url(#{old})", f"url(#@{number})"
        )
    mark = "k" + hashlib.blake2b(body.encode(), digest_size=4).hexdigest()
    body = re.sub(r'(id="|url\(#)@', rf"\g<1>{mark}-", body)
    fonts = ", ".join(_FONTS)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(alt)}" '
        f'style="max-width:100%;height:auto" stroke-linejoin="round" font-family="{fonts}">'
    )
    return f"{head}\n{body}\n</svg>"


def _write(element: ElementTree.Element, lines: list[str]) -> None:
    tag = element.tag.removeprefix(_SVG)
    if tag in _DROPPED:
        return
    inner: list[str] = []
    for child in element:
        _write(child, inner)
    if tag == "g":  # matplotlib's groups only carry numbered ids
        lines += inner
        return
    attributes = "".join(
        f' {name}="{escape(_value(name, value))}"'
        for name, value in element.attrib.items()
        if not (name == "transform" and value.startswith("rotate(-0"))
    )
    if inner:
        lines += [f"<{tag}{attributes}>", *inner, f"</{tag}>"]
    elif tag == "text":
        lines.append(f"<{tag}{attributes}>{escape(element.text or '')}</{tag}>")
    elif tag != "defs":
        lines.append(f"<{tag}{attributes}/>")


def _value(name: str, value: str) -> str:
    if name == "d":
        return _path(value)
    if name == "style":
        parts = [part.strip().replace(": ", ":") for part in value.split(";")]
        return ";".join(
            part if "#" in part else _NUMBER.sub(_rounded, part)
            for part in parts
            if not part.startswith("font-family") and part not in _USUAL
        )
    if name in ("id", "patternUnits"):
        return value
    return _NUMBER.sub(_rounded, value)
