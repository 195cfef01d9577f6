"""Visual monitoring: a screenshot against its baseline, pixel by pixel.

A pixel differs when one of its colours does by more than what anti-aliasing and rounding make;
what is ignored is counted neither as differing nor as compared. Pictures of different sizes differ
entirely: a page that has grown has moved whatever is below.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.synthetics.engine.run import Comparison, Rectangle

if TYPE_CHECKING:
    import numpy as np

#: By how much a colour (0 to 255) may differ without being another.
TOLERANCE = 12

#: A picture of more pixels is no screenshot.
_MOST_PIXELS = 40_000_000

#: The colour of differences in the picture that shows them: red, green, blue.
MARK = (255, 0, 92)


def compare(
    name: str,
    before: bytes,
    after: bytes | None,
    ignore: Sequence[Rectangle] = (),
    threshold_percent: float = 0.0,
) -> tuple[Comparison, bytes]:
    """A screenshot against its baseline, and a picture of what differs.

    Parameters
    ----------
    name:
        Of the screenshot.
    before, after:
        PNG; ``after`` is None when this run took no such screenshot, which differs entirely.
    ignore:
        Rectangles (left, top, right, bottom), pixels.
    threshold_percent:
        How many percent of the pixels may differ.
    """
    if after is None:
        return Comparison(name, 100.0, False), b""
    one, two = _pixels(before), _pixels(after)
    if one is None or two is None:
        return Comparison(name, 100.0, False), b""
    if one.shape != two.shape:
        return Comparison(name, 100.0, threshold_percent >= 100), b""
    import numpy as np

    differs = np.abs(one.astype(np.int16) - two.astype(np.int16)).max(axis=2) > TOLERANCE
    counted = np.ones(differs.shape, dtype=bool)
    for left, top, right, bottom in ignore:
        counted[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = False
    differs &= counted
    compared = int(counted.sum())
    percent = 100.0 * int(differs.sum()) / compared if compared else 0.0
    passed = percent <= threshold_percent
    if not differs.any():
        return Comparison(name, 0.0, passed), b""
    stem = name[:-4] if name.endswith(".png") else name
    return Comparison(name, percent, passed, f"{stem}-difference.png"), _marked(two, differs)


def smaller(picture: bytes, wide: int) -> bytes:
    """A picture as a WebP that is ``wide`` pixels wide at most: a twentieth of a PNG's bytes.

    What can't be read as a picture, and all where Pillow was built without WebP, stays as it is.
    """
    image = _image(picture)
    if image is None or (image.width <= wide and image.format == "WEBP"):
        return picture
    made = image.convert("RGB")
    if made.width > wide:
        tall = max(round(made.height * wide / made.width), 1)
        made = made.resize((wide, tall), _filter())
    return _webp(made) or picture


def mark(picture: bytes, x: int, y: int, window: int = 1280) -> bytes:
    """A picture with a ring around a point; as it is when it can't be read.

    Parameters
    ----------
    picture:
        PNG, a pixel for each pixel of the browser's window; or a WebP that was made smaller.
    x, y:
        The point, pixels of the window.
    window:
        How wide the window was of which a WebP was made.
    """
    image = _image(picture)
    if image is None:
        return picture
    from PIL import ImageDraw

    made = image.convert("RGB")
    scale = made.width / window if image.format == "WEBP" else 1.0
    pen = ImageDraw.Draw(made)
    for radius, colour, width in ((37, (255, 255, 255), 12), (35, MARK, 8)):
        around = [(x - radius) * scale, (y - radius) * scale]
        around += [(x + radius) * scale, (y + radius) * scale]
        pen.ellipse(around, outline=colour, width=max(round(width * scale), 2))
    place = io.BytesIO()
    made.save(place, "PNG", optimize=False)
    return place.getvalue()


def _filter() -> Any:
    from PIL import Image

    return Image.Resampling.LANCZOS


def _webp(image: Any) -> bytes:
    """The image as WebP; empty where that can't be written."""
    from PIL import features

    if not features.check("webp"):
        return b""
    place = io.BytesIO()
    image.save(place, "WEBP", quality=60, method=4)
    return place.getvalue()


def _image(picture: bytes) -> Any:
    """An image of Pillow's, loaded; None for what is none (a script may call any file so)."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(picture), formats=["PNG", "WEBP"])
        if image.width * image.height > _MOST_PIXELS:
            return None
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return image


def _pixels(picture: bytes) -> np.ndarray | None:
    """The pixels of a PNG; None for what is none."""
    import numpy as np

    image = _image(picture)
    if image is None or image.format != "PNG":
        return None
    return np.asarray(image.convert("RGB"))


def _marked(pixels: np.ndarray, differs: np.ndarray) -> bytes:
    """The later picture, pale, with what differs in a strong colour."""
    import numpy as np
    from PIL import Image

    pale = (255 - (255 - pixels.astype(np.uint16)) * 2 // 5).astype(np.uint8)
    pale[differs] = MARK
    place = io.BytesIO()
    Image.fromarray(pale).save(place, "PNG", optimize=False)
    return place.getvalue()
