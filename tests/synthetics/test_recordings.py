"""Recordings of the DevTools' Recorder become canaries that hold on to what lasts."""

import ast
import json

import pytest

from labkit.core.errors import LabError
from labkit.synthetics.blueprints.recording import from_recording, selectors_of

LOGIN = {
    "title": "Log in",
    "steps": [
        {"type": "setViewport", "width": 1280, "height": 800, "deviceScaleFactor": 1,
         "isMobile": False, "hasTouch": False, "isLandscape": False},
        {"type": "navigate", "url": "https://shop.teapot.example/login", "assertedEvents": []},
        {"type": "click", "target": "main", "offsetX": 9, "offsetY": 9,
         "selectors": [["aria/Name"], ["#user"], ["xpath///*[@id=\"user\"]"], ["pierce/#user"]]},
        {"type": "change", "value": "demo", "target": "main", "selectors": [["#user"]]},
        {"type": "keyDown", "key": "Tab", "target": "main"},
        {"type": "keyUp", "key": "Tab", "target": "main"},
        {"type": "change", "value": "teapot", "target": "main",
         "selectors": [["aria/Password"], ["#password"]]},
        {"type": "click", "target": "main",
         "selectors": [["main > form > button"], ["aria/Log in"], ["text/Log in"]]},
        {"type": "waitForElement", "selectors": [["#welcome"]]},
    ],
}  # fmt: skip


def setting(text, name):
    node = next(
        one for one in ast.parse(text).body
        if isinstance(one, ast.Assign) and one.targets[0].id == name
    )  # fmt: skip
    return ast.literal_eval(node.value)


def test_a_recording_becomes_a_script():
    made = from_recording(json.dumps(LOGIN))
    assert (made.title, made.passed_over) == ("Log in", ("keyDown", "keyUp"))
    assert setting(made.text, "START") == "https://shop.teapot.example/login"
    kinds = [step["type"] for step in setting(made.text, "STEPS")]
    assert kinds == ["setViewport", "click", "change", "change", "click", "waitForElement"]
    compile(made.text, "recorded", "exec")


def test_what_is_secret_is_a_variable_and_not_in_the_script():
    made = from_recording(LOGIN)
    assert "'teapot'" not in made.text and '"teapot"' not in made.text
    assert made.secrets == {"PASSWORD": "teapot"}
    card = {"type": "change", "value": "4242 4242 4242 4242", "selectors": [["#number"]]}
    paid = from_recording({"steps": [LOGIN["steps"][1], card]})
    assert "4242" not in paid.text and paid.secrets == {"NUMBER": "4242 4242 4242 4242"}


@pytest.mark.parametrize(
    ("recorded", "first"),
    [
        ([["div:nth-of-type(3) > button"], ["#buy"]], "#buy"),
        ([["main > form > button"], ["text/Buy now"]],
         'xpath=//*[normalize-space(text())="Buy now"]'),
        ([["xpath///*[@id='a']"]], "xpath=//*[@id='a']"),
        (["#plain"], "#plain"),
        ([["host", "#inside-a-shadow-root"], ["button.buy"]], "button.buy"),
    ],
)  # fmt: skip
def test_selectors_that_last_come_first(recorded, first):
    assert selectors_of(recorded)[0] == first


@pytest.mark.parametrize(
    ("recording", "told"),
    [
        ("tea", "no JSON"),
        ("[]", "a JSON object with a list of steps"),
        ({"steps": []}, "opens no page"),
        ({"steps": [{"url": "x"}]}, "step 1 of the recording has no type"),
        ({"steps": [{"type": "navigate", "url": "x"}, {"type": "waitForExpression"}]},
         "step 2 of the recording is of type 'waitForExpression'"),
        ({"steps": [{"type": "navigate", "url": "x"}, {"type": "click", "selectors": []}]},
         "names no element"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused(recording, told):
    with pytest.raises(LabError, match=told):
        from_recording(recording)


@pytest.mark.long
@pytest.mark.browser
def test_the_canary_of_a_recording_runs(web, kept):
    from canarykit import visit

    made = from_recording(LOGIN)
    done = visit(web, made.text, browsers=kept, environment=dict(made.secrets))
    assert done.state_reason == ""
    assert done.steps[-1].url.endswith("/account")
    without = visit(web, made.text.replace("WAIT_SECONDS = 10", "WAIT_SECONDS = 2"), browsers=kept)
    assert "none of #welcome is there after 2 seconds" in without.state_reason
