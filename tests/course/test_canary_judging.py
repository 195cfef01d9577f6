"""The judge of exercise 09 in pieces: prices of schedules, card numbers, pictures."""

import io
from types import SimpleNamespace

import pytest

from labkit.course.checks.c09_canaries import playing, showing, situations
from labkit.course.checks.c09_canaries.playing import Played
from labkit.synthetics import blueprints
from labkit.synthetics.engine.run import Artifact, RunResult, StepResult


def canary(expression="rate(5 minutes)", code="", replicas=()):
    return SimpleNamespace(
        expression=expression, replicas=replicas, started_us=None, created_us=0,
        settings=SimpleNamespace(code=blueprints.package(code)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "runs"),
    [("rate(1 minute)", 43_200), ("rate(1 hour)", 720), ("rate(0 minute)", 1),
     ("cron(0/10 8-17 * * ? *)", 1_800)],
)  # fmt: skip
def test_a_month_is_counted_from_the_schedule(expression, runs):
    assert round(playing.runs_a_month(canary(expression))) == runs
    assert round(playing.a_month([canary(expression)] * 2), 4) == round(2 * runs * 0.0012, 4)


def test_each_further_region_costs_the_same_again():
    assert playing.runs_a_month(canary(replicas=["eu-west-1"])) == 2 * 8_640


@pytest.mark.parametrize(
    ("text", "digits"),
    [("card = '4111 1111 1111 1111'", "1111"), ("x = 5555555555554444", "4444"),
     ("4111-1111-1111-1111", "1111"), ("card = '4242 4242 4242 4242'", ""),
     ("at = 1767603600000000", ""), ("pi = 3.1415926535897932", ""), ("", "")],
)  # fmt: skip
def test_a_card_number_is_found_and_the_shops_test_card_is_none(text, digits):
    assert playing.card_in(canary(code=text))[1] == digits


def test_what_is_no_archive_holds_no_card():
    one = canary()
    one.settings.code = b"no archive"
    assert playing.card_in(one) == ("", "")


def result(passed, ms=900.0, **more):
    return RunResult(passed, "" if passed else "Step 'a' failed", "", "", 0, ms, **more)


def test_a_late_run_counts_as_seen_when_an_alarm_looks_at_durations():
    slow = situations.faults()[1]
    late = result(True, 12_400.0)
    assert not Played(slow, {"a": late}).good
    assert Played(slow, {"a": late}, timed=True).good
    assert not Played(slow, {"a": result(True)}, timed=True).good
    assert Played(slow, {"a": result(True), "b": result(False)}).good
    assert not Played(situations.HEALTHY, {"a": result(False)}).good
    assert not Played(situations.HEALTHY).good


def png(colour):
    from PIL import Image

    place = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(place, "PNG")
    return Artifact(f"01-{colour}.png", place.getvalue(), "image/png")


def test_a_false_alarm_is_shown_beside_the_healthy_shop_with_what_differs():
    good = png("white"), png("red")
    before = result(True, artifacts=good,
                    steps=(StepResult("home", "PASSED", screenshots=(good[0].name,)),
                           StepResult("cart", "PASSED", screenshots=(good[1].name,))))  # fmt: skip
    bad = png("blue")
    after = result(False, artifacts=(bad,),
                   steps=(StepResult("home", "PASSED"),
                          StepResult("cart", "FAILED", screenshots=(bad.name,))))  # fmt: skip
    shots = showing.beside(before, after, "a change")
    assert [words for words, _ in shots] == ["a healthy shop", "a change", "what differs"]
    assert shots[0][1] == good[0].body
    assert showing.beside(None, after, "") == showing.beside(before, result(False), "") == []
