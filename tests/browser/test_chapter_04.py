"""Chapter 04 in JupyterLab: its pictures can be seen, its control moves, its exercise opens."""

import pytest

from browser.test_lessons_in_jupyterlab import expected_refusals

pytestmark = [pytest.mark.browser, pytest.mark.long]

NAME = "04_composite_alarms_and_actions.ipynb"


def test_the_lesson_draws_capacity_and_its_control_moves(open_notebook):
    lesson = open_notebook(f"notebooks/{NAME}")
    lesson.run_all()
    assert len(lesson.failed()) == expected_refusals(f"notebooks/{NAME}"), lesson.failed()
    pictures = lesson.page.locator(".jp-OutputArea-output img[src^='data:image/svg']")
    assert pictures.count() >= 6
    for number in range(pictures.count()):
        box = pictures.nth(number).bounding_box()
        assert box["width"] > 300 and box["height"] > 100, "a picture that can be seen"
        lesson.shoot(f"picture-{number}", pictures.nth(number))
    control = lesson.page.locator(".jp-CodeCell", has=lesson.page.locator(".widget-slider")).first
    control.scroll_into_view_if_needed()
    before = control.locator(".jupyter-widgets img").first.get_attribute("src")
    control.locator(".noUi-handle").first.focus()
    lesson.page.keyboard.press("ArrowRight")
    lesson.page.wait_for_function(
        "before => document.querySelector('.jp-CodeCell:has(.widget-slider) .jupyter-widgets img')"
        "?.getAttribute('src') !== before",
        arg=before,
    )
    lesson.shoot("control", control)
    assert lesson.offsite == [] and lesson.errors == []


def test_the_untouched_exercise_says_where_to_start(open_notebook):
    page = open_notebook(f"exercises/{NAME}")
    page.run_all()
    assert page.failed() == []
    for number, words in ((1, "has no scaling policy"), (2, "no composite alarm")):
        cell = page.cell(f"ex.check({number})")
        cell.scroll_into_view_if_needed()
        assert words in cell.inner_text()
        page.shoot(f"check-{number}", cell)
    assert page.offsite == [] and page.errors == []
