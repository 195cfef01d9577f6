"""Recordings and the workflow builder: what becomes of clicks and typing."""

import ast
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from canarykit import visit
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cli import main
from labkit.core.errors import LabError
from labkit.synthetics.recording.devtools import frailty, is_card, read, readable
from labkit.synthetics.views.builder import WorkflowBuilder
from labkit.synthetics.views.record_button import RecordButton

#: An export, as Chrome's DevTools writes it.
EXPORT = {
    "title": "Log in",
    "steps": [
        {"type": "setViewport", "width": 1280, "height": 720, "deviceScaleFactor": 1},
        {"type": "navigate", "url": "chrome://newtab/"},
        {"type": "navigate", "url": "http://127.0.0.1:8080/login", "assertedEvents": []},
        {"type": "click", "target": "main", "offsetX": 5, "offsetY": 5,
         "selectors": [["aria/Name"], ["#user"], ["xpath///*[@id=\"user\"]"], ["pierce/#user"]]},
        {"type": "change", "value": "demo", "selectors": [["aria/Name"], ["#user"]]},
        {"type": "change", "value": "teapot", "selectors": [["#password"]]},
        {"type": "keyDown", "key": "Enter"},
        {"type": "keyUp", "key": "Enter"},
        {"type": "scroll", "x": 0, "y": 300},
        {"type": "change", "value": "4242 4242 4242 4242", "selectors": [["[name=card]"]]},
        {"type": "doubleClick", "selectors": [["body > main > div:nth-of-type(2) > a"],
                                              ["text/Buy now"]]},
    ],
}  # fmt: skip


def test_an_export_becomes_a_script_without_its_secrets():
    found = read(json.dumps(EXPORT), site={"http://127.0.0.1:8080": "https://shop.teapot.example"})
    assert found.start == "https://shop.teapot.example/login"
    kinds = [step["type"] for step in found.steps]
    assert kinds == ["setViewport", "click", "change", "change", "change", "doubleClick"]
    assert found.steps[1]["selectors"][0] == "#user"
    assert found.steps[3]["value"] == "$PASSWORD\n" and found.steps[4]["value"] == "$TEST_CARD"
    assert found.steps[5]["selectors"][0].startswith("xpath=//*[")
    assert found.left_out == {"keyUp": 1, "scroll": 1}
    script = found.script()
    ast.parse(script)
    assert 'teapot"' not in script and "4242" not in script
    assert "environment variable PASSWORD" in str(found)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("{", "no recording"), ("[]", "no list of steps"), ('{"steps": [1]}', "no list of steps"),
        ('{"steps": []}', "opens no page"),
        ({"steps": [{"type": "teleport"}]}, "not known"),
        ({"steps": [EXPORT["steps"][2], {"type": "click", "selectors": [["a", "b"]]}]},
         "names no element"),
    ],
)  # fmt: skip
def test_what_is_no_recording_says_why(told, text):
    with pytest.raises(LabError, match=text):
        read(told)


def test_selectors_that_hold_longest_come_first():
    found = readable([["body > a:nth-of-type(3)"], ["text/Buy"], ["[name=q]"], ["#buy"]])
    assert [frailty(one) for one in found] == [0, 1, 2, 3]


def test_a_field_is_named_by_its_label_and_a_heading_by_what_it_says():
    [field] = readable([["aria/Email address"]], field=True)
    assert "@id=//label[normalize-space()='Email address' or" in field
    [heading] = readable([["aria/Welcome back"]])
    assert heading.endswith("not(*[normalize-space()='Welcome back']))]")


@given(st.text(alphabet="0123456789 -", min_size=1, max_size=24))
@settings(max_examples=60)
def test_a_card_has_thirteen_digits_at_least(text):
    if is_card(text):
        assert sum(sign.isdigit() for sign in text) >= 13


def test_labkit_record_reads_an_export(tmp_path, capsys):
    source, out = tmp_path / "login.json", tmp_path / "login.py"
    source.write_text(json.dumps(EXPORT))
    told = ["record", "--from", str(source), "--out", str(out)]
    assert main([*told, "--as", "https://shop.teapot.example"]) == 0
    assert "https://shop.teapot.example/login" in out.read_text()
    assert "login.handler" in capsys.readouterr().out
    assert main(["record"]) == 2
    assert main(["record", "--from", str(tmp_path / "none.json")]) == 1


def test_a_workflow_is_built_step_by_step_and_follows_its_form():
    builder = WorkflowBuilder([("home", "navigate", "https://shop.teapot.example/")])
    builder.add("search", "input_text", "#q", "sencha").add("go", "click", "#search-button")
    form = builder.form
    rows, _, shown = form.children
    assert len(rows.children) == 3 and shown.value == builder.script
    rows.children[2].children[1].value = "click_with_navigation"
    rows.children[1].children[3].value = "assam"
    assert builder.steps[1:] == [
        ("search", "input_text", "#q", "assam"),
        ("go", "click_with_navigation", "#search-button"),
    ]
    assert "'assam'" in shown.value
    rows.children[0].children[4].click()
    assert len(builder.steps) == 2 and "Workflow of 2 steps" in str(builder)
    builder.change(0, text="oolong")
    assert builder.steps[0][3] == "oolong" and builder.package()[:2] == b"PK"
    with pytest.raises(LabError, match="a step is"):
        builder.add("x", "fly", "#q")
    with pytest.raises(LabError, match="no colour"):
        builder.change(0, colour="red")


def test_a_button_records_and_shows_the_canary():
    class Played:
        def stop(self):
            return read(EXPORT)

    def nothing():
        raise LabError("no browser on this machine")

    button = RecordButton(Played)
    button.form.children[0].click()
    assert button.recording_now and button.form.children[0].description == "Stop"
    button.form.children[0].click()
    assert "STEPS" in button.form.children[2].value and "Log in" in str(button)
    broken = RecordButton(nothing)
    broken.press()
    assert str(broken) == "no browser on this machine" and not broken.recording_now


#: A page with what recordings of other sites hold: a field known by its label, a select, a range, a
#: frame, a menu that opens below the pointer, a double click, and a link to another tab.
PAGE = b"""<!doctype html><title>Form</title><h1>Welcome <i>back</i></h1>
<label for=e>Email address</label><input id=e><label>City<select><option value=>-</option>
<option value=b>Berlin</option></select></label><input type=range id=r min=0 max=9 value=1>
<div id=menu onmouseover="sub.hidden=false">Menu<button id=sub hidden
onclick="this.textContent='chosen'">Item</button></div>
<p id=twice ondblclick="this.className='done'">Twice</p>
<iframe srcdoc="<button onclick=&quot;this.textContent='inside'&quot;>In</button>"></iframe>
<a href=/other target=_blank>Other</a>"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE if self.path == "/" else b"<!doctype html><title>Other</title><h2>There</h2>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing on the error output."""


@pytest.fixture
def page():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.browser
@pytest.mark.long
def test_recordings_of_other_sites_are_played_too(web, kept, page):
    def on(kind, *selectors, **more):
        return {"type": kind, "target": "main", "selectors": [[one] for one in selectors], **more}

    recording = read({"title": "Form", "steps": [
        {"type": "navigate", "url": f"{page}/"},
        on("waitForElement", "aria/back"),
        on("change", "aria/Email address", value="ada@example.com"),
        on("change", "aria/City", value="b"),
        on("change", "#r", value="7"),
        on("hover", "#menu"),
        on("click", "text/Item"),
        on("waitForElement", "aria/chosen[role=\"button\"]"),
        on("doubleClick", "aria/Twice"),
        on("waitForElement", ".done", count=1, operator="=="),
        on("click", "aria/In", frame=[0]),
        on("waitForElement", "text/inside", frame=[0]),
        on("click", "aria/Other"),
        on("waitForElement", "h2", target=f"{page}/other"),
        {"type": "waitForExpression", "target": "main",
         "expression": "e.value == 'ada@example.com' && r.value == 7 && "
                       "document.querySelector('select').value == 'b'"},
    ]})  # fmt: skip
    assert not recording.left_out
    fewer = {"LABKIT_FEWER_PICTURES": "1"}
    done = visit(web, recording.script(), browsers=kept, environment=fewer)
    assert done.passed, done.state_reason


@pytest.mark.browser
@pytest.mark.long
def test_what_is_clicked_in_a_browser_can_be_played_as_a_canary(lab):
    lab.shop.open()

    def log_in(page):
        page.click("#login-link")
        page.fill("#user", "demo")
        page.fill("#password", "teapot")
        page.click("#login-button")
        page.wait_for_selector("#welcome")

    recorder = lab.shop.record("/", headless=True)
    recorder.do(log_in)
    recording = recorder.stop()
    assert not recorder.open
    assert recording.start == "https://shop.teapot.example/"
    assert [step["selectors"][0] for step in recording.steps] == [
        "#login-link", "#user", "#password", "#login-button",
    ]  # fmt: skip
    assert 'teapot"' not in recording.script()
    done = lab.shop.visit(recording.script(), environment={"PASSWORD": "teapot"})
    assert done.state == "PASSED", done.state_reason
