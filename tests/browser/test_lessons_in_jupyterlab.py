"""A lesson and an exercise as a learner has them: in JupyterLab, in a browser."""

import nbformat
import pytest
from course.answers import c01_metrics

from browser.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.long]


def expected_refusals(name):
    """How many cells of a notebook fail on purpose."""
    notebook = nbformat.read(ROOT / name, as_version=4)
    return sum("raises-exception" in cell.metadata.get("tags", ()) for cell in notebook.cells)


def test_lesson_01_runs_draws_and_its_control_moves(open_notebook):
    name = "notebooks/01_metrics.ipynb"
    lesson = open_notebook(name)
    lesson.run_all()
    assert len(lesson.failed()) == expected_refusals(name), lesson.failed()
    pictures = lesson.page.locator(".jp-OutputArea-output img[src^='data:image/svg']")
    assert pictures.count() >= 4
    for number in range(pictures.count()):
        box = pictures.nth(number).bounding_box()
        assert box["width"] > 300 and box["height"] > 100, "a picture that can be seen"

    control = lesson.page.locator(".jp-CodeCell", has=lesson.page.locator(".widget-slider")).first
    control.scroll_into_view_if_needed()
    picture = control.locator(".jupyter-widgets img").first
    before = picture.get_attribute("src")
    control.locator(".noUi-handle").first.focus()
    for _ in range(3):
        lesson.page.keyboard.press("ArrowRight")
    lesson.page.wait_for_function(  # fails by its timeout when the picture stays
        "before => document.querySelector('.jp-CodeCell:has(.widget-slider) .jupyter-widgets img')"
        "?.getAttribute('src') !== before",
        arg=before,
    )
    assert picture.get_attribute("src") != before
    lesson.shoot("control", control)
    assert lesson.offsite == [] and lesson.errors == []


def test_lesson_00_shows_its_letters(open_notebook):
    lesson = open_notebook("notebooks/00_start_here.ipynb")
    lesson.run_all()
    assert len(lesson.failed()) == expected_refusals("notebooks/00_start_here.ipynb")
    letter = lesson.page.locator("[role=group][aria-label^='E-mail: ALARM']").first
    letter.scroll_into_view_if_needed()
    assert letter.bounding_box()["height"] > 80
    assert "cpu-high" in letter.inner_text()
    assert lesson.offsite == [] and lesson.errors == []


def test_exercise_01_with_a_right_answer_typed_in(open_notebook):
    page = open_notebook("exercises/01_metrics.ipynb")
    page.run_all()
    assert page.failed() == []
    verdicts = page.page.locator("[role=group][aria-label^='Not attempted']")
    assert verdicts.count() == 3
    page.shoot("untouched", page.page.locator(".jp-Notebook"))

    page.type_into(page.cell("@ex.deliver"), c01_metrics.RIGHT)
    page.run_all()
    page.page.locator("[role=group][aria-label^='Passed']").nth(2).wait_for()
    assert page.page.locator("[role=group][aria-label^='Passed']").count() == 3
    assert page.failed() == []
    assert (
        "$1.80 a month for the metrics and $0.4"
        in page.page.locator("[role=group][aria-label^='Passed. 6 metrics']").inner_text()
    ), "MathJax sees no formula between two prices"
    for number, what in enumerate(("first", "second", "third")):
        face = page.page.locator("[role=group][aria-label^='Passed']").nth(number)
        page.shoot(f"passed-{what}", face)
    assert page.offsite == [] and page.errors == []
