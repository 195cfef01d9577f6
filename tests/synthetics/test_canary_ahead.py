"""Runs ahead: what is kept of them, and what need not be run at all."""

import pytest

import labkit
from labkit import canary_ahead
from labkit.canary_ahead import Errand, key_of, pages_of, run_ahead
from labkit.course.canary_start import started
from labkit.synthetics import blueprints
from labkit.synthetics.engine.run import RunRequest
from labkit.synthetics.runner import browsers
from labkit.synthetics.running import Memory
from labkit.workloads.shop_faults import SiteSnapshot

CODE = blueprints.package(blueprints.script("api"))
ORDER = RunRequest("orders", "ahead", CODE, blueprints.HANDLER)
USUAL = SiteSnapshot()


def broken(page, kind="page_error", size=500.0):
    return Errand(ORDER, SiteSnapshot(faults=((page, kind, size),)))


def test_a_page_that_is_not_visited_is_not_played_and_all_is_kept(monkeypatch):
    monkeypatch.setattr(canary_ahead, "LANES_WITHOUT", 1)
    real = []
    run = canary_ahead.run
    monkeypatch.setattr(canary_ahead, "run", lambda *a, **k: real.append(1) or run(*a, **k))
    errands = [Errand(ORDER, USUAL), broken("api", "page_empty", 0.0), broken("checkout"),
               broken("site", "page_promotion", 0.0)]  # fmt: skip
    memory, told = Memory(), []
    found = run_ahead(errands, memory, lambda *at: told.append(at))
    assert [one.state for one in found] == ["PASSED", "FAILED", "PASSED", "PASSED"]
    assert len(real) == 3 and pages_of(found[0]) == {"api"}
    assert found[2] is found[0]
    assert told[0] == (0, 4) and told[-1] == (4, 4)
    again = run_ahead(errands, memory)
    assert len(real) == 3 and [one.state for one in again] == [one.state for one in found]


def test_a_lab_replays_what_was_run_ahead_and_retries_too():
    lab = labkit.Lab(active=False)
    name = started(lab, "orders", blueprints.script("api"),
                   **{"RunConfig": {"TimeoutInSeconds": 60}})  # fmt: skip
    service = lab.parts.synthetics
    canary = service.canary(name)
    canary.retries = 1
    asked = service.runs.request(canary, canary.settings, "ahead", "bucket/x")
    memory = Memory()
    bad = SiteSnapshot(faults=(("api", "page_error", 500.0),))
    run_ahead([Errand(asked, lab.parts.shop_visits.now()), Errand(asked, bad)], memory)
    assert memory.find(key_of(Errand(asked, bad))) is not None
    other = Memory()
    other.take_over(memory)
    service.runs.memory, service.runs.replays_retries = other, True
    lab.advance(minutes=4)
    lab.shop.incident("page_error", "api", 500, minutes=4)
    lab.advance(minutes=6)
    assert [(run.state, run.attempt) for run in canary.runs][:3] == [
        ("PASSED", 0), ("FAILED", 0), ("FAILED", 1),
    ]  # fmt: skip
    assert other.real == 0 and other.replayed >= 3
    lab.close()


def test_a_script_that_calls_the_lab_is_not_kept():
    script = """
import boto3

def handler(event, context):
    boto3.client("sts").get_caller_identity()
"""
    errand = Errand(RunRequest("who", "ahead", blueprints.package(script), blueprints.HANDLER),
                    USUAL)  # fmt: skip
    memory = Memory()
    (result,) = run_ahead([errand], memory)
    assert not result.repeatable and memory.find(key_of(errand)) is None


PICTURES = """
from aws_synthetics.selenium import synthetics_webdriver as webdriver

def handler(event, context):
    browser = webdriver.Chrome()
    for page in ("login", "cart", "api/none"):
        webdriver.execute_step(page, lambda: browser.get("https://shop.teapot.example/" + page))
"""


@pytest.mark.long
def test_the_usual_state_is_photographed_at_each_step_another_at_its_end():
    if browsers.find() is None:
        pytest.skip("this machine has no browser")
    code = blueprints.package(PICTURES)
    request = RunRequest("walk", "ahead", code, blueprints.HANDLER)
    slow = SiteSnapshot(faults=(("login", "page_slow", 0.1),))
    usual, other = run_ahead([Errand(request, USUAL), Errand(request, slow)], Memory())
    shots = [[one.name for one in each.artifacts if one.name.endswith(".png")]
             for each in (usual, other)]  # fmt: skip
    assert shots[0] == ["01-login-succeeded.png", "02-cart-succeeded.png",
                        "03-api-none-succeeded.png"]  # fmt: skip
    assert shots[1] == ["01-api-none-succeeded.png"]
    assert usual.passed and other.passed
