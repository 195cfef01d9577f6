"""Drawing: what every view returns. It shows itself in a notebook, in a terminal, and as a file.

In a notebook a drawing is ``text/html`` with an ``<img>`` that holds the SVG, not the bare SVG:
JupyterLab shows an image also in a notebook that is not trusted yet (a lesson fresh from the
repository), reads its alt text aloud, and fits it to the page's width. The SVG inside is kept as
lines, one element each, so that the difference between two versions of a notebook can be read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.core.errors import LabError
from labkit.views.theme import PAPER

#: Width of every figure in pixels, at 100 % zoom.
WIDTH = 900

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Shown:
    """Something that shows itself: subclasses say :meth:`_repr_html_` and ``__str__``."""

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Both forms, for Jupyter."""
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, eq=False, repr=False)
class Drawing(Shown):
    """A picture or a table with its finding, its numbers, and its plain-text form.

    Parameters
    ----------
    title:
        The finding, one sentence computed from the data.
    text:
        The same for a terminal; its first line is the finding.
    data:
        The numbers drawn, as plain values (texts, numbers, lists, dictionaries).
    svg:
        The picture; empty when the view is a table.
    body:
        The table as HTML; empty when the view is a picture.
    alt:
        What is read aloud in place of the picture; the title when left out.
    """

    title: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    svg: str = ""
    body: str = ""
    alt: str = ""

    def __post_init__(self) -> None:
        if not self.alt:
            object.__setattr__(self, "alt", self.title)

    @property
    def html(self) -> str:
        """The drawing as a piece of HTML without scripts and without anything from outside."""
        return self.body or image(self.svg, self.alt)

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return self.text

    def save(self, path: str | Path) -> Path:
        """Write the drawing to a file: ``.svg``, ``.html`` or ``.txt``.

        Raises
        ------
        LabError
            When the drawing has no such form.
        """
        path = Path(path)
        if path.suffix == ".svg" and self.svg:
            text = self.svg
        elif path.suffix == ".html":
            text = (
                '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
                f"<title>{escape(self.title)}</title></head>\n<body>\n{self.html}\n</body></html>\n"
            )
        elif path.suffix == ".txt":
            text = self.text + "\n"
        else:
            forms = ".svg, .html or .txt" if self.svg else ".html or .txt"
            raise LabError(f"{path.name}: this drawing can be saved as {forms}")
        path.write_text(text, encoding="utf-8", newline="\n")
        return path


def printable(text: object) -> str:
    """The text with U+FFFD for every character that XML can't hold (control characters)."""
    return _UNPRINTABLE.sub("\ufffd", str(text))


def escape(text: object) -> str:
    """Text as it stands in HTML or SVG, between tags or in an attribute."""
    return html.escape(printable(text))


def image(svg: str, alt: str) -> str:
    """An SVG as an HTML image on a white card, as wide as the page, 900 pixels at most."""
    style = (
        f"display:block;width:100%;max-width:{WIDTH}px;height:auto;background:{PAPER};"
        "border-radius:6px"
    )
    source = svg
    # An ampersand too: HTML would read &quot; in the attribute, and leave a bare quote in the SVG.
    for char in "%#<>'&":
        source = source.replace(char, f"%{ord(char):02X}")
    return f'<img alt="{escape(alt)}" style="{style}" src=\'data:image/svg+xml,{source}\'>'
