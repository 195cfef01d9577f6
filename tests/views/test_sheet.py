"""The drawing surface: measuring, fitting, folding, and the SVG written again."""

from labkit.views.sheet import _path, draw, fit, text_width, wrap
from labkit.views.steps import apart


def test_widths_come_from_the_font_that_matplotlib_brings():
    assert text_width("") == 0
    assert (text_width("09:20", 12), text_width("09:20", 24)) == (34.58, 69.17)
    assert text_width("ALARM", 12, True) > text_width("ALARM", 12)


def test_fitting_leaves_out_the_middle():
    assert fit("short", 100) == "short"
    made = fit("Consumed capacity of table orders-15", 120)
    assert "\u2026" in made
    assert made.endswith("s-15")
    assert text_width(made) <= 120


def test_wrapping():
    lines = wrap("one two three four five six seven", 80)
    assert " ".join(lines) == "one two three four five six seven"
    assert all(text_width(line) <= 80 for line in lines)
    assert wrap("", 80) == []


def test_path_data_is_short():
    assert _path("M 10 20 \nL 30 20 \nL 30 40 \nL 30 40 \nL 50.004 60.128 \nz") == (
        "M10 20H30V40L50 60.13z"
    )
    assert _path("M 0 -0.001 C 1 2 3 4 5 6 L 5 9") == "M0 0C1 2 3 4 5 6V9"


def test_what_is_drawn_later_lies_on_top():
    def paint(sheet):
        sheet.text(10, 20, "below")
        sheet.line([(0, 0), (900, 0)])
        sheet.box(0, 0, 10, 10, "#ff0000")
        sheet.text(10, 40, "above")

    lines = draw(50, paint).splitlines()
    places = [next(n for n, line in enumerate(lines) if word in line)
              for word in ("below", "H900", "#ff0000", "above")]  # fmt: skip
    assert places == sorted(places)


def test_labels_are_moved_apart_and_stay_inside():
    assert apart([10, 11, 12], 15, 0, 100) == [10, 25, 40]
    assert apart([95, 96, 97], 15, 0, 100) == [70, 85, 100]
    assert apart([], 15, 0, 100) == []
