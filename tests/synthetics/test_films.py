"""Recorded runs: what a machine without a browser shows where a lesson asks for one."""

import io
import json

import pytest
from PIL import Image

import labkit
from labkit.core.errors import LabError
from labkit.course.filming import MOST_BYTES, SCENES
from labkit.synthetics.engine.pixels import mark, smaller
from labkit.synthetics.engine.run import Artifact, Comparison, HttpCounts, RunResult, StepResult
from labkit.synthetics.films.film import SHELF, Film, names, read, write
from labkit.synthetics.records import Run
from labkit.synthetics.runner import browsers
from labkit.synthetics.views.compared import comparison
from labkit.synthetics.views.film import clicked, film_strip, last_of_each_step
from labkit.synthetics.views.requests import request_list, requests_of

START = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z
LABEL = "with a real browser; this machine has none"
CLICK = "intercepted: not clickable at point (78, 503). Other element would receive it"


def png(wide=1280, tall=800, colour=(250, 250, 250)):
    place = io.BytesIO()
    Image.new("RGB", (wide, tall), colour).save(place, "PNG")
    return place.getvalue()


def opened(body):
    return Image.open(io.BytesIO(body)).convert("RGB")


def a_run(*, pictures=True, reason="", no_picture="", comparisons=(), more=()):
    """A run of two steps with two pictures each, the second of which failed."""
    shots = [("01-home-starting.png", "02-home-succeeded.png"),
             ("03-pay-starting.png", "04-pay-failed.png")]  # fmt: skip
    held = [Artifact(one, png(), "image/png") for pair in shots for one in pair]
    steps = (
        StepResult("home", "PASSED", 10.26, 20, "https://x/", "", shots[0] if pictures else ()),
        StepResult("pay", "FAILED", 40, 9, "https://x/", reason, shots[1] if pictures else ()),
    )
    result = RunResult(
        False, reason, "CANARY_FAILURE", "FAILED", START, 900.0, steps, HttpCounts(3, 0, 0, 0),
        (*(held if pictures else ()), *more), took_picture=pictures, no_picture=no_picture,
        comparisons=comparisons,
    )  # fmt: skip
    return Run("r1", "r1", 0, START, START + 900_000, "FAILED", reason, "CANARY_FAILURE", "FAILED",
               "b/p", "us-east-1", result, duration_ms=900.0)  # fmt: skip


@pytest.fixture
def no_browser(monkeypatch):
    monkeypatch.setenv("LABKIT_NO_BROWSER", "1")
    browsers.find.cache_clear()
    yield
    browsers.find.cache_clear()


@pytest.fixture
def lab():
    """A lab whose canary "till" had one run over HTTP."""
    from labkit.course import canary_start

    told = "no browser on this machine: canaries take pictures with Chromium"
    run = a_run(pictures=False, reason="RuntimeError: no browser", no_picture=told)
    with labkit.Lab() as made:
        canary_start.canary(made, "till", "def handler(event, context): pass\n")
        made.synthetics.canary("till").runs.append(run)
        yield made


# -- those of the package
@pytest.mark.parametrize("name", SCENES)
def test_a_film_of_the_package_is_whole(name):
    film = read(name)
    held = {one.name: one.body for one in film.run.result.artifacts if one.name.endswith(".png")}
    assert held and all(body[8:12] == b"WEBP" for body in held.values())
    assert all(opened(body).width <= 640 for body in held.values())
    shots = [shot for step in film.run.result.steps for shot in step.screenshots]
    differences = {one.difference for one in film.run.result.comparisons if one.difference}
    compared = {one.name for one in film.run.result.comparisons}
    assert {*shots, *differences, *compared} == set(held)
    assert film.label.startswith("recorded on 2026-01-05 at ") and film.label.endswith(LABEL)
    assert requests_of(film.run) and film.browser


def test_the_films_tell_what_the_lesson_tells_of():
    assert read("home").run.state == "PASSED"
    till = read("till").run
    assert till.reason.startswith("Step 'pay' failed: ElementClickIntercepted")
    assert clicked(till.result.steps[-1]) is not None
    looks = read("looks")
    failed = [one.name for one in looks.run.result.comparisons if not one.passed]
    assert failed == ["01-home.png"] and set(looks.baseline) == {"01-home.png", "02-cart.png"}
    paths = [one.path for one in requests_of(till)]
    assert "/checkout" in paths and "/pay" not in paths


def test_the_films_are_small_and_none_is_forgotten():
    assert names() == sorted(SCENES)
    assert sum(one.stat().st_size for one in SHELF.rglob("*") if one.is_file()) < MOST_BYTES
    with pytest.raises(LabError, match="no film is called 'shop'; there are home, looks, till"):
        read("shop")


# -- where they are shown
def test_without_a_browser_a_view_shows_the_film_that_it_was_given(lab, no_browser):
    show = lab.synthetics
    for drawn in (
        show.film_strip("till", recorded="till"), show.view_steps("till", recorded="till"),
        show.view_requests("till", recorded="till"), show.compare("till", recorded="looks"),
    ):  # fmt: skip
        assert drawn.data["recorded"] is True
        assert LABEL in str(drawn)
        assert "this machine's own run of till at 09:00:00: FAILED, no picture" in str(drawn)
        assert LABEL in drawn.html.replace("%23", "#")


def test_without_a_browser_and_without_a_film_nothing_pretends(lab, no_browser):
    show = lab.synthetics
    strip = show.film_strip("till")
    assert "no picture: no browser on this machine" in str(strip) and "<img" not in strip.html
    assert strip.data["recorded"] is show.view_steps("till").data["recorded"] is False
    assert "no browser on this machine" in str(show.compare("till"))
    assert LABEL not in str(strip) + str(show.view_steps("till")) + str(show.compare("till"))
    assert show.run("till").result.took_picture is False


def test_with_a_browser_the_run_itself_is_shown(lab, monkeypatch):
    monkeypatch.setattr(browsers, "find", lambda: browsers.Found("chromium", "driver", "143"))
    for drawn in (
        lab.synthetics.film_strip("till", recorded="till"),
        lab.synthetics.view_steps("till", recorded="till"),
        lab.synthetics.compare("till", recorded="looks"),
    ):
        assert drawn.data["recorded"] is False and LABEL not in str(drawn) + drawn.html
    with pytest.raises(LabError, match="no film is called 'tilt'"):
        lab.synthetics.film_strip("till", recorded="tilt")


# -- a film is kept and read again
def test_a_run_is_kept_with_the_last_picture_of_each_step(tmp_path):
    answer = {"status": 500, "content": {"size": 7, "mimeType": "text/html"}}
    asked = {"method": "GET", "url": "https://x/a?b=1"}
    entry = {"startedDateTime": "2026-01-05T09:00:00Z", "time": 3.26}
    har = {"log": {"entries": [entry | {"request": asked, "response": answer}]}}
    more = (Artifact("results.har", json.dumps(har).encode(), "application/json"),
            Artifact("02-home-difference.png", png(), "image/png"))  # fmt: skip
    found = (Comparison("02-home-succeeded.png", 12.5, False, "02-home-difference.png"),)
    run = a_run(reason=f"{CLICK}\n  (Session info: chrome=1)", comparisons=found, more=more)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "old.webp").write_bytes(b"old")
    size = write("x", Film("shop", "143", run, {"02-home-succeeded.png": png()}), tmp_path)
    again = read("x", tmp_path)
    assert size == sum(one.stat().st_size for one in (tmp_path / "x").iterdir()) < 12_000
    assert not (tmp_path / "x" / "old.webp").exists()
    pictures = [one.name for one in again.run.result.artifacts if one.name.endswith(".png")]
    assert sorted(pictures) == [
        "02-home-difference.png", "02-home-succeeded.png", "04-pay-failed.png",
    ]  # fmt: skip
    assert again.run.result.steps[1].error == CLICK
    assert (again.canary, again.run.state, again.run.started_us) == ("shop", "FAILED", START)
    assert again.run.result.comparisons == found and again.run.result.http.ok_2xx == 3
    assert requests_of(again.run)[0].path == "/a?b=1" and requests_of(again.run)[0].bad
    assert write("x", again, tmp_path) > 0  # a film of a film is one


# -- pictures
def test_a_strip_shows_the_last_picture_of_each_step_and_the_failed_one_large():
    run = a_run(reason=CLICK)
    assert last_of_each_step(run) == ["02-home-succeeded.png", "04-pay-failed.png"]
    drawn = film_strip("shop", run)
    assert drawn.data["pictures"] == ["02-home-succeeded.png", "04-pay-failed.png"]
    assert "4 pictures, the last one of each step is shown (2)" in str(drawn)
    assert "The ring is where it clicked: (78, 503)" in drawn.html and drawn.html.count("<img") == 3
    whole = film_strip("shop", run, every=True)
    assert len(whole.data["pictures"]) == 4 and "is shown" not in str(whole)
    assert len(drawn.html) < 10_000


def test_a_ring_is_drawn_around_the_point_at_either_size():
    ringed = opened(mark(png(), 640, 400))
    assert ringed.getpixel((640 + 31, 400)) != (250, 250, 250)
    assert ringed.getpixel((640, 400)) == (250, 250, 250)
    half = opened(mark(smaller(png(), 640), 640, 400))
    assert half.size == (640, 400) and half.getpixel((320 + 16, 200))[0] > 240
    assert half.getpixel((320 + 16, 200))[1] < 100


def test_what_is_no_picture_stays_as_it_is():
    for body in (b"", b"png", png()[:60], b"<svg/>"):
        assert smaller(body, 100) == mark(body, 1, 1) == body
    assert opened(smaller(png(), 320)).size == (320, 200)
    assert opened(smaller(png(100, 50), 320)).size == (100, 50)
    small = smaller(png(), 320)
    assert smaller(small, 640) == small


def test_requests_are_those_of_the_har_and_their_title_is_the_finding():
    assert (
        "12 requests, none of them answered with an error"
        in request_list("till", read("till").run).title
    )
    drawn = request_list("till", read("till").run)
    assert "/images/" not in str(drawn) and "and 7 pictures of the pages" in str(drawn)
    assert "/images/" in str(request_list("till", read("till").run, images=True))
    assert "no HAR" in request_list("shop", a_run()).title


def test_nothing_compared_says_so():
    assert comparison("shop", a_run(), {}).title.endswith("nothing was compared")


# -- made anew
@pytest.mark.long
@pytest.mark.browser
def test_a_maintainer_records_them_again(tmp_path, capsys):
    from labkit.course import filming

    if browsers.find() is None:
        pytest.skip("no Chromium, chromedriver and selenium here")
    sizes = filming.record(tmp_path, only="looks")
    assert names(tmp_path) == ["looks"] and 0 < sizes["looks"] < MOST_BYTES / 3
    made, kept = read("looks", tmp_path), read("looks")
    assert made.run.reason.split(":")[0] == kept.run.reason.split(":")[0]
    assert [one.name for one in made.run.result.comparisons] == ["01-home.png", "02-cart.png"]


def test_they_are_not_recorded_without_a_browser(no_browser, tmp_path):
    from labkit import cli

    assert cli.main(["course", "record-films", "--out", str(tmp_path)]) == 2
    assert not list(tmp_path.iterdir())
