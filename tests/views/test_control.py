"""A picture with handles: the same in a notebook, in a terminal, and on a page only looked at."""

import pytest

from labkit.core.errors import LabError
from labkit.views.control import WIDGET_VIEW, choice, control, handle
from labkit.views.drawing import Drawing


class Painter:
    def __init__(self):
        self.painted = []

    def __call__(self, minutes, monitoring):
        self.painted.append((minutes, monitoring))
        if minutes == 9:
            raise ValueError("nine is <too> many")
        told = f"{minutes} minutes, {monitoring}"
        return Drawing(told, told, body=f"<b>{told}</b>")


@pytest.fixture
def painter():
    return Painter()


@pytest.fixture
def handles(painter):
    return control(painter, minutes=handle(1, 10, start=3), monitoring=choice("basic", "detailed"))


def test_it_stands_at_its_first_values(handles):
    assert handles.values == {"minutes": 3, "monitoring": "basic"}
    assert handles.drawing.title == "3 minutes, basic"


def test_moving_draws_anew_and_coming_back_does_not(handles, painter):
    assert handles.set(minutes=8).drawing.title == "8 minutes, basic"
    assert handles.set(minutes=3).drawing.title == "3 minutes, basic"
    handles.set(minutes=8, monitoring="detailed")
    assert handles.drawing.title == "8 minutes, detailed"
    assert painter.painted == [(8, "basic"), (3, "basic"), (8, "detailed")]


def test_a_terminal_is_told_the_handles(handles):
    text = str(handles)
    assert text.splitlines()[0] == "3 minutes, basic"
    assert "minutes: 3  (of 1 to 10)" in text
    assert "monitoring: basic  (of basic, detailed)" in text


def test_a_page_that_is_only_looked_at_shows_the_picture(handles):
    html = handles._repr_html_()
    assert "<b>3 minutes, basic</b>" in html
    assert "minutes 3, monitoring basic" in html


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"minutes": 11}, "minutes can be 1 to 10, not 11"),
        ({"monitoring": "none"}, "monitoring can be 'basic' to 'detailed', not 'none'"),
        ({"period": 60}, "no handle is called 'period'; there are minutes, monitoring"),
    ],
)
def test_values_that_are_not_there_are_refused(handles, values, words):
    with pytest.raises(LabError, match=words):
        handles.set(**values)
    assert handles.values == {"minutes": 3, "monitoring": "basic"}


def test_a_handle_needs_a_first_value_of_its_own(painter):
    with pytest.raises(LabError, match="can be 1 to 10"):
        control(painter, minutes=handle(1, 10, start=0))


def test_no_handle_no_control(painter):
    with pytest.raises(LabError, match="without a handle"):
        control(painter)


def test_in_a_notebook_the_hands_move_the_picture(handles):
    bundle = handles._repr_mimebundle_()
    assert set(bundle) == {WIDGET_VIEW, "text/html", "text/plain"}
    hands, view = handles._box.children
    slider, menu = hands.children
    assert (slider.description, slider.value) == ("minutes", 3)
    slider.value = 5
    assert view.value == "<b>5 minutes, basic</b>"
    menu.value = "detailed"
    assert view.value == "<b>5 minutes, detailed</b>"
    assert handles.values == {"minutes": 5, "monitoring": "detailed"}
    assert handles._repr_mimebundle_()[WIDGET_VIEW] == bundle[WIDGET_VIEW]


def test_code_moves_the_hands_that_are_shown(handles):
    handles._repr_mimebundle_()
    hands, view = handles._box.children
    handles.set(minutes=6)
    assert hands.children[0].value == 6
    assert view.value == "<b>6 minutes, basic</b>"


def test_a_look_at_other_values_moves_nothing(handles):
    handles._repr_mimebundle_()
    hands, view = handles._box.children
    assert handles.at(minutes=6).title == "6 minutes, basic"
    assert handles.values == {"minutes": 3, "monitoring": "basic"}
    assert (hands.children[0].value, view.value) == (3, "<b>3 minutes, basic</b>")
    with pytest.raises(LabError, match="minutes can be 1 to 10, not 11"):
        handles.at(minutes=11)


def test_a_picture_that_fails_says_so_where_the_learner_looks(handles):
    handles._repr_mimebundle_()
    hands, view = handles._box.children
    hands.children[0].value = 9
    assert "ValueError: nine is &lt;too&gt; many" in view.value
    hands.children[0].value = 4
    assert view.value == "<b>4 minutes, basic</b>"


def test_handles_stand_apart_and_break_on_a_narrow_page():
    made = control(lambda a, b: Drawing(f"{a}{b}", "", {}), a=choice(1, 2), b=choice(3))
    made._repr_mimebundle_()
    row = made._box.children[0].layout
    assert row.flex_flow == "row wrap"
    assert row.grid_gap.endswith("24px"), "a name stands nearer to its own handle"


def test_a_slider_says_its_value_and_keeps_to_its_steps():
    made = control(lambda n: Drawing(f"{n}", "", {}), n=handle(10, 95, step=10, start=40))
    made._repr_mimebundle_()
    slider = made._box.children[0].children[0]
    assert (slider.min, slider.max, slider.step, slider.value) == (10, 90, 10, 40)
