"""Drawings: both forms for Jupyter, files, and nothing that a hostile name could do."""

import os
import subprocess
import sys

import pytest

from labkit.cloudwatch import views
from labkit.core.errors import LabError
from labkit.views.drawing import Drawing, escape, image, printable
from labkit.views.html import Html, card, chip, element, table


def morning_drawing(morning):
    series = morning.pop("series")
    return views.metric(series, **morning)


def test_jupyter_gets_an_image_with_its_finding_as_alt_text(morning):
    drawing = morning_drawing(morning)
    bundle = drawing._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert bundle["text/html"].startswith(f'<img alt="{escape(drawing.title)}"')
    assert "width:100%;max-width:900px" in bundle["text/html"]
    assert bundle["text/plain"] == str(drawing) == repr(drawing)
    assert str(drawing).splitlines()[0] == drawing.title == drawing.alt


def test_a_given_title_keeps_the_finding_as_alt_text(morning):
    series = morning.pop("series")
    drawing = views.metric(series, title="The e-mail came 8 minutes after the trouble", **morning)
    assert drawing.title == "The e-mail came 8 minutes after the trouble"
    assert drawing.alt.startswith(f"{drawing.title}: CPUUtilization crossed 70 % at 09:15")


def test_saving(morning, tmp_path):
    drawing = morning_drawing(morning)
    assert drawing.save(tmp_path / "a.svg").read_text() == drawing.svg
    assert drawing.html in drawing.save(tmp_path / "a.html").read_text()
    assert drawing.save(tmp_path / "a.txt").read_text() == f"{drawing}\n"
    with pytest.raises(LabError, match=r"a\.png: this drawing can be saved as \.svg, \.html or"):
        drawing.save(tmp_path / "a.png")
    with pytest.raises(LabError, match=r"can be saved as \.html or \.txt"):
        Drawing("a table", "a table", body="<p>a table</p>").save(tmp_path / "a.svg")


HOSTILE = "<script>alert('x')</script>\"&\x00\ud800$x^2$"


def test_hostile_names_stay_text_everywhere():
    drawing = views.metric((HOSTILE, [0, 60_000_000], [1, 2]), title=HOSTILE, states={HOSTILE: []})
    for text in (drawing.svg, drawing.html, card(HOSTILE, table([HOSTILE], [[HOSTILE]]))):
        assert "<script" not in text
        assert "\x00" not in text
    assert "$x^2$" in drawing.svg, "no formula is made of a name"


def test_printable_and_escape():
    assert printable("a\x00b\x1bc\td") == "a\ufffdb\ufffdc\td"
    assert escape("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"


def test_html_that_is_html_already_is_not_escaped_again():
    assert element("b", "<i>") == "<b>&lt;i&gt;</b>"
    assert element("b", Html("<i>x</i>")) == "<b><i>x</i></b>"


def test_a_chip_says_its_state_in_words():
    assert "! ALARM" in chip("ALARM")
    assert "? INSUFFICIENT_DATA" in chip("INSUFFICIENT_DATA")
    assert "SOMETHING" in chip("SOMETHING")


def test_an_image_source_survives_as_an_attribute():
    made = image('<svg fill="url(#a)">100%\'</svg>', 'say "hi"')
    assert "src='data:image/svg+xml,%3Csvg fill=\"url(%23a)\"%3E100%25%27%3C/svg%3E'" in made
    assert 'alt="say &quot;hi&quot;"' in made


QUIET = """
import sys
from labkit.cloudwatch import views
assert "matplotlib" not in sys.modules and "numpy" not in sys.modules, "heavy imports are lazy"
print(views.metric(("\\u65e5\\u672c \\U0001f642", [0, 60_000_000], [1, 2])).svg)
assert "matplotlib.pyplot" not in sys.modules, "pyplot is global state"
"""


def test_drawing_is_silent_lazy_and_without_pyplot():
    made = subprocess.run(
        [sys.executable, "-W", "default", "-c", QUIET],
        capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    assert "\u65e5\u672c" in made.stdout


def test_an_image_is_still_an_svg_once_html_has_read_its_attribute():
    from html.parser import HTMLParser
    from urllib.parse import unquote
    from xml.etree import ElementTree

    from labkit.views.sheet import draw

    told = 'service("cart") { fault } & <more>'
    svg = draw(60, lambda sheet: sheet.text(16, 26, told), told)
    found = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.update(attrs)

    Reader().feed(image(svg, told))
    picture = ElementTree.fromstring(unquote(found["src"].partition(",")[2]))
    assert picture.get("aria-label") == found["alt"] == told
