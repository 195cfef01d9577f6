"""Scripts and sites that go wrong: FAILED, with a reason that names it, and nothing left behind."""

import os
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from io import BytesIO

import pytest
from canarykit import HOME, NOW, asked, script, visit

from labkit.synthetics.engine.run import CANARY_FAILURE, RunRequest, Site
from labkit.synthetics.runner import processes, run, running
from labkit.synthetics.runner.browsers import Browser, Browsers, find

pytestmark = pytest.mark.usefixtures("nothing_left")


def test_a_script_that_hangs_is_ended_with_all_that_it_started(web, time_is_up_when):
    time_is_up_when(lambda run: run._found.under_way)
    done = visit(web, script("""
import subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
webdriver.execute_step("wait", lambda: time.sleep(600))
"""), timeout_s=1.5)  # fmt: skip
    assert (done.state, done.reason_code) == ("FAILED", CANARY_FAILURE)
    assert done.state_reason == "Canary timed out after 1.5 seconds at step 'wait'"
    assert (done.test_result, done.duration_ms) == ("UNKNOWN", 1500)
    assert "INFO: Step wait started" in done.log_lines, "what it said until then is kept"


WRONG = {
    "exits": ("sys.exit(3)", "The script ended the run itself with sys.exit(3)"),
    "leaves": ("os._exit(0)", "before the handler returned: exit status 0"),
    "kills itself": ("os.kill(os.getpid(), 11)", "before the handler returned: signal 11"),
    "eats memory": ("x = bytearray(2_000_000_000)", "ran out of memory: it took more than its 300"),
    "eats memory slowly": (
        "x = []\nwhile True: x.append(bytearray(1_000_000))", "it took more than its 300 MB",
    ),
    "prints without end": ("while True: print('tea' * 1000)", "wrote more than 1 MB of output"),
    "throws": ("raise ValueError('no tea')", "ValueError: no tea"),
    "throws in a step": (
        "webdriver.execute_step('pay', lambda: 1 / 0)",
        "Step 'pay' failed: ZeroDivisionError: division by zero",
    ),
    "speaks for the library": (
        "from aws_synthetics import _run\n_run.LINK.tell('http')\ntime.sleep(60)",
        "before the handler returned",
    ),
    "writes into its sockets": (
        "for number in range(3, 64):\n    try: os.write(number, b'x' * 9)\n"
        "    except OSError: pass\ntime.sleep(60)",
        "before the handler returned",
    ),
    "wants the network": (
        "import urllib.request\nurllib.request.urlopen('http://example.com/')",
        "a canary of a lab reaches sites of this machine only",
    ),
    "wants an address": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)",
        "192.0.2.1: a canary of a lab reaches sites of this machine only",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def forking():
    """What keeps the process that scripts' processes are forked from."""
    kept = Browsers()
    yield kept
    kept.close()


@pytest.mark.long
@pytest.mark.parametrize("started", ["as usual", "forked"])
@pytest.mark.parametrize("case", WRONG)
def test_a_script_that_goes_wrong(web, forking, case, started):
    body, reason = WRONG[case]
    kept = forking if started == "forked" else None
    done = visit(web, script(body), memory_mb=300, browsers=kept)
    assert (done.state, done.reason_code) == ("FAILED", CANARY_FAILURE)
    assert reason in done.state_reason


@pytest.mark.long
def test_a_script_that_can_not_be_loaded(web):
    broken = visit(web, "def handler(event, context)\n    pass\n")
    assert broken.state_reason == (
        "The script could not be loaded: SyntaxError: expected ':' (canary.py, line 1)"
    )
    no_module = visit(web, "import pandalyzer\ndef handler(event, context): pass\n")
    assert "ModuleNotFoundError: No module named 'pandalyzer'" in no_module.state_reason
    no_function = visit(web, "def other(event, context): pass\n")
    assert "canary.py has no function 'handler'" in no_function.state_reason
    exits = visit(web, "import sys\nsys.exit('bye')\n")
    assert "sys.exit('bye') while it was loaded" in exits.state_reason


def test_archives_that_can_not_be_run():
    other = replace(asked("x = 1"), handler="home.handler")
    assert run(other).state_reason == (
        "The script could not be loaded: Unable to import module 'home': the archive has no "
        "python/home.py; it has python/canary.py"
    )
    no_zip = run(RunRequest("c", "r", b"def handler(): pass", "home.handler", now_us=NOW))
    assert "is no zip archive" in no_zip.state_reason
    outside = BytesIO()
    with zipfile.ZipFile(outside, "w") as made:
        made.writestr("../evil.py", "")
    assert "leads outside of it" in run(replace(other, code=outside.getvalue())).state_reason
    node = run(replace(other, runtime="syn-nodejs-puppeteer-17.0"))
    assert "labkit runs canaries for Python" in node.state_reason
    assert [one.name for one in node.artifacts][-1] == "SyntheticsReport-FAILED.json"


@pytest.mark.long
@pytest.mark.browser
def test_a_site_that_never_answers_and_one_that_sends_without_end(web, cold, time_is_up_when):
    load = script(f"webdriver.Chrome().get({HOME!r})")
    huge = visit(web, load, ("home", "page_huge", 200))
    assert f"{HOME} sent more than 20 MB" in huge.state_reason
    time_is_up_when(lambda run: run._visit.pending)
    silent = visit(web, load, ("home", "page_silent", 0), timeout_s=6)
    assert silent.state_reason == f"Canary timed out after 6 seconds, waiting for {HOME}"


@pytest.mark.long
@pytest.mark.browser
def test_a_script_that_is_done_before_the_limits_are_looked_at_again(web, cold, monkeypatch):
    done = running.Running._done

    def held(run, process, message):
        while not run._visit.too_large:  # the browser is telling of it
            threading.Event().wait(0.01)
        return done(run, process, message)

    monkeypatch.setattr(running.Running, "_limits", lambda run, process: None)
    monkeypatch.setattr(running.Running, "_done", held)
    huge = visit(web, script(f"""
from selenium.webdriver.chrome.options import Options
at_once = Options()
at_once.page_load_strategy = "none"
webdriver.Chrome(options=at_once).get({HOME!r})
"""), ("home", "page_huge", 200))  # fmt: skip
    assert (huge.state, huge.test_result) == ("FAILED", "FAILED")
    assert huge.state_reason == f"{HOME} sent more than 20 MB, which is as much as a canary takes"


def test_output_counts_that_is_read_after_the_script_was_done(web, monkeypatch):
    read, done, over = running.Running._read, running.Running._done, []
    monkeypatch.setattr(running, "OUTPUT_CAP", 30_000)
    monkeypatch.setattr(
        running.Running, "_read", lambda run, process: not over or read(run, process)
    )
    monkeypatch.setattr(
        running.Running, "_done", lambda run, *told: over.append(1) or done(run, *told)
    )
    found = visit(web, script("print('x' * 30_000)"))
    assert found.state_reason == "Canary wrote more than 1 MB of output, and was ended"


@pytest.mark.long
def test_a_script_that_is_done_in_time_is_not_late_for_being_heard_late(web, monkeypatch):
    began, over, limits = running.machine_seconds(), [], running.Running._limits

    def held(run, process):
        process.wait(60)
        over.append(1)
        return limits(run, process)

    monkeypatch.setattr(running.Running, "_limits", held)
    monkeypatch.setattr(running, "machine_seconds", lambda: began + (1e6 if over else 0))
    found = visit(web, script("webdriver.execute_step('look', lambda: 1)"))
    assert (found.state_reason, [one.name for one in found.steps]) == ("", ["look"])


@pytest.mark.long
def test_while_the_lab_answers_a_call_the_time_limit_stands(web, monkeypatch):
    real, slow = running.machine_seconds, [0]
    monkeypatch.setattr(running, "machine_seconds", lambda: real() + sum(slow))

    def serve(_):
        slow.append(100)
        answer = {"Buckets": [], "ResponseMetadata": {"HTTPStatusCode": 200}}
        return {"t": "answer", "status": 200, "answer": answer, "took_us": 0}

    text = script("import boto3\nboto3.client('s3').list_buckets()")
    assert visit(web, text, serve=serve, access_key="ASIATEST").state_reason == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_end_of_a_run_waits_for_one_that_is_becoming_another_program(monkeypatch):
    """Between two programs a process shows no environment: it seems to be nobody's."""
    value = f"{os.getpid()}-becoming"
    detached = subprocess.Popen(
        ["sleep", "600"], env={processes.MARK: value, "PATH": os.defpath}, start_new_session=True
    )
    carried, looks = processes._carried, []

    def becoming(pid):
        if pid == detached.pid:
            looks.append(pid)
        return None if looks == [pid] else carried(pid)

    monkeypatch.setattr(processes, "_carried", becoming)
    processes.end([], f"{processes.MARK}={value}")
    assert detached.wait(60) == -9


@pytest.mark.long
@pytest.mark.browser
def test_a_browser_takes_along_what_left_its_group(cold):
    browser = Browser(find(), (), "")
    detached = subprocess.Popen(
        ["sleep", "600"], env={"HOME": browser.home, "PATH": os.defpath}, start_new_session=True
    )
    browser.close()
    assert detached.wait(60) == -9


@pytest.mark.long
def test_the_same_sites_without_a_browser(web, time_is_up_when):
    load = script(f"import urllib.request\nurllib.request.urlopen({HOME!r}).read()")
    huge = visit(web, load, ("home", "page_huge", 200))
    assert "sent more than 20 MB, which is as much as a canary takes" in huge.state_reason
    cut = visit(web, load, ("home", "page_reset", 0))
    assert cut.http.failed == 1
    time_is_up_when(lambda run: run._found.asking)
    silent = visit(web, load, ("home", "page_silent", 0), timeout_s=3)
    assert silent.state_reason == f"Canary timed out after 3 seconds, waiting for {HOME}"


@pytest.mark.long
@pytest.mark.browser
def test_a_dialog_and_a_site_out_of_reach(web, cold):
    dialog = visit(web, script(f"""
browser = webdriver.Chrome()
browser.get({HOME!r})
browser.execute_script("setTimeout(() => alert('tea?'), 0)")
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.ui import WebDriverWait
WebDriverWait(browser, 50).until(alert_is_present())
webdriver.execute_step("click", lambda: browser.find_element("id", "q").click())
"""))  # fmt: skip
    assert "Step 'click' failed: UnexpectedAlertPresentException" in dialog.state_reason
    away = visit(web, script("webdriver.Chrome().get('http://192.0.2.1/')"))
    assert "ERR_NAME_NOT_RESOLVED" in away.state_reason


@pytest.mark.long
@pytest.mark.browser
def test_a_site_that_never_answers_is_not_waited_for_in_earnest(web, cold, monkeypatch):
    from canarykit import shop_with

    from labkit.synthetics.engine import run as values
    from labkit.workloads.shop_site import DOMAIN

    monkeypatch.setattr(values, "SILENCE_SECONDS", 2.0)
    site = Site({DOMAIN: web.ports}, "silent", web.authority.pem, silent=True)
    for load in (f"webdriver.Chrome().get({HOME!r})", f"webdriver.get_http_response({HOME!r})"):
        with web.hold(shop_with(("home", "page_silent", 0))):
            done = run(asked(script(load), timeout_s=300), site)
        assert done.state_reason == f"Canary timed out after 300 seconds, waiting for {HOME}"
        assert done.duration_ms == 300_000


@pytest.mark.long
def test_patience_ends_before_a_long_time_limit(web):
    done = visit(web, script("time.sleep(600)"), timeout_s=840, patience_s=1.0)
    assert done.state_reason == (
        "Canary timed out: no end after 1 seconds of the machine's time, which counts as its 840 "
        "seconds"
    )
    assert done.duration_ms == 840_000


@pytest.mark.long
def test_without_a_browser_a_canary_says_so(web, monkeypatch):
    from labkit.synthetics.blueprints import script as blueprint
    from labkit.synthetics.runner import browsers

    monkeypatch.setenv("LABKIT_NO_BROWSER", "1")
    browsers.find.cache_clear()
    try:
        for name in ("heartbeat", "broken_links"):
            done = visit(web, blueprint(name))
            assert done.passed, done.state_reason
            assert done.no_picture.startswith("no browser on this machine")
        gui = visit(web, blueprint("workflow"))
        assert "no browser on this machine" in gui.state_reason
    finally:
        browsers.find.cache_clear()


def test_nothing_of_a_site_is_needed():
    done = run(asked(script("return 'ok'")), Site())
    assert (done.state, done.state_reason) == ("PASSED", "")
