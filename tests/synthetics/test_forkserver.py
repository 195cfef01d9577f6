"""Scripts' processes that are forked: their own in all, ended with all, or started as usual."""

import os
import signal
import sys
import zipfile
from io import BytesIO

import pytest
from canarykit import asked, script, text, visit

from labkit.synthetics.engine.run import RunRequest
from labkit.synthetics.runner import forkserver, processes, run
from labkit.synthetics.runner.browsers import Browsers
from labkit.synthetics.runner.forkserver import ForkServer
from labkit.synthetics.runner.visiting import Visit

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux only"),
    pytest.mark.usefixtures("nothing_left"),
]


@pytest.fixture(scope="module")
def warm():
    """What is kept from run to run, with the fork server in it."""
    kept = Browsers()
    run(asked("def handler(event, context): pass\n"), browsers=kept)
    yield kept
    kept.close()


def said(warm, body, **more):
    """The lines of a script's run."""
    return run(asked(script(body), **more), browsers=warm).log_lines


def test_a_process_is_its_own_and_looks_like_one_that_was_started(warm):
    body = """
import random
print(os.getppid(), os.getpid() == os.getpgrp() == os.getsid(0))
print(sorted(os.environ.items()))
print(os.path.basename(os.getcwd()), sys.argv, sorted(map(int, os.listdir("/proc/self/fd")))[:5])
print(sys.stdin.read() == "", sys.flags.hash_randomization, sys.flags.no_user_site)
"""
    mine = {"TEA": "sencha"}
    forked = said(warm, body, environment=mine)
    usual = run(asked(script(body), environment=mine)).log_lines
    server = warm.scripts.pids[0]
    assert forked[0] == f"{server} True" and usual[0] == f"{os.getpid()} True"
    assert "('TEA', 'sencha')" in forked[1]
    assert [*map(_names, forked[1:2]), *forked[3:]] == [*map(_names, usual[1:2]), *usual[3:]]
    assert forked[2].startswith("task ['-c'] [0, 1, 2, 3, 4")
    assert "TEA" not in said(warm, "print(os.environ)")[0], "nothing is left of the run before"


def _names(line):
    return [name for name, _ in eval(line)]


def test_each_draws_other_numbers(warm):
    drawn = [said(warm, "import random\nprint(random.random())") for _ in range(2)]
    assert drawn[0] != drawn[1]


ENDS = {
    "os._exit(3)": "exit status 3",
    "os.kill(os.getpid(), 11)": "signal 11",
    "os.kill(os.getppid(), 9)\nos._exit(4)": "before the handler returned",
}


@pytest.mark.parametrize("body", ENDS)
def test_how_it_ended_is_told_and_the_next_one_runs(warm, body):
    assert ENDS[body] in run(asked(script(body)), browsers=warm).state_reason
    assert said(warm, "print('next')") == ("next",)


def test_what_it_forked_and_detached_is_ended_too(warm):
    body = """
read, write = os.pipe()
if (away := os.fork()) == 0:
    os.setsid()
    os.write(write, b"away")
    time.sleep(600)
os.read(read, 4)
print(away, os.getpgid(away) == away)
"""
    number, detached = said(warm, body)[0].split()
    assert detached == "True" and not processes._lives(int(number))


def test_a_module_of_the_archive_goes_before_one_that_the_server_has(warm, monkeypatch):
    pytest.importorskip("selenium")
    monkeypatch.setattr(Visit, "prepare", lambda self: None)
    seen = "print(sys.modules.get('urllib3') is not None)"
    assert said(warm, f"# webdriver.Chrome()\n{seen}") == ("True",), "now it has selenium's"
    assert said(warm, seen) == ("True",)
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("python/canary.py", "import urllib3\ndef handler(e, c): print(urllib3.x)")
        archive.writestr("python/urllib3.py", "x = 'mine'")
    request = RunRequest("shop", "run-1", held.getvalue(), "canary.handler")
    assert run(request, browsers=warm).log_lines == ("mine",)


def test_the_site_is_visited_and_the_wrong_is_told_the_same(web, warm):
    body = """
webdriver.execute_http_step("home", "https://shop.teapot.example/")
webdriver.execute_http_step("none", "https://shop.teapot.example/none")
"""
    forked, usual = (visit(web, script(body), browsers=kept) for kept in (warm, None))
    assert forked.state_reason == usual.state_reason and "answered 404" in usual.state_reason
    assert forked.http == usual.http and forked.repeatable
    assert "Step none started" in text(forked, "log.txt")


def test_a_server_that_was_closed_begins_anew_and_one_that_is_gone_is_replaced():
    server = ForkServer()
    kept = Browsers(scripts=server)
    assert server.pids == []
    assert said(kept, "print(1)") == ("1",)
    first = server.pids
    os.kill(first[0], signal.SIGKILL)
    assert said(kept, "print(2)") == ("2",)
    server.close()
    assert server.pids == [] and not processes._lives(first[0])
    assert said(kept, "print(3)") == ("3",) and server.pids != first
    server.close()


def test_where_nothing_may_be_forked_scripts_start_as_usual(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    server = ForkServer()
    monkeypatch.undo()
    assert said(Browsers(scripts=server), "print(os.getppid())") == (str(os.getpid()),)
    assert server.pids == []


def test_a_server_that_does_not_answer_is_ended_and_the_script_starts_as_usual(monkeypatch):
    kept = Browsers()
    assert said(kept, "print(1)") == ("1",)
    (stuck,) = kept.pids
    os.kill(stuck, signal.SIGSTOP)
    monkeypatch.setattr(forkserver, "_LONGEST_SECONDS", 0.2)
    assert said(kept, "print(os.getppid())") == (str(os.getpid()),)
    assert not processes._lives(stuck)
    kept.close()
