"""Bad code is contained, and named in the log as Lambda names it."""

import json
import os

import psutil
import pytest
from functionkit import processes

from labkit.backing import function_workers

HANGS = "def handler(event, context):\n    while True: pass\n"


@pytest.fixture
def quick(stage):
    """Functions that hang are given up after a moment of the machine's time."""
    before = stage.functions.guard_seconds
    stage.functions.guard_seconds = 0.6
    yield stage
    stage.functions.guard_seconds = before


def failed(got, kind, message=None):
    assert got.error == "Unhandled" and got.status == 200
    assert got.value["errorType"] == kind
    if message is not None:
        assert got.value["errorMessage"] == message
    return got


def test_an_exception_of_the_function(stage):
    name = stage.make(
        "def inner(n):\n    return 1 / n\n\ndef handler(event, context):\n    return inner(event)\n"
    )
    got = failed(stage.call(name, 0), "ZeroDivisionError", "division by zero")
    assert list(got.value) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert got.value["requestId"] == got.id
    assert got.value["stackTrace"] == [
        '  File "/var/task/app.py", line 5, in handler\n    return inner(event)\n',
        '  File "/var/task/app.py", line 2, in inner\n    return 1 / n\n',
    ]
    blank = "\u00a0"
    assert (
        "[ERROR] ZeroDivisionError: division by zero\nTraceback (most recent call last):\n"
        f'{blank * 2}File "/var/task/app.py", line 5, in handler\n{blank * 4}return inner(event)\n'
        f'{blank * 2}File "/var/task/app.py", line 2, in inner\n{blank * 4}return 1 / n\n'
    ) in stage.logged(name)
    assert "Status:" not in got.log
    assert stage.call(name, 2).value == 0.5  # the environment lives on


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        ("import requests", "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'requests'"),
        ("", "shop.handler", "Runtime.ImportModuleError",
         "Unable to import module 'shop': No module named 'shop'"),
        ("def other(e, c): pass", "app.handler", "Runtime.HandlerNotFound",
         "Handler 'handler' missing on module 'app'"),
        ("", "handler", "Runtime.MalformedHandlerName",
         "Bad handler 'handler': not enough values to unpack (expected 2, got 1)"),
        ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'app': invalid syntax (app.py, line 1)"),
        ("raise ValueError('at import')", "app.handler", "ValueError", "at import"),
    ],
)  # fmt: skip
def test_what_can_not_be_loaded(stage, code, handler, kind, message):
    name = stage.make(code, Handler=handler)
    got = failed(stage.call(name), kind, message)
    lines = stage.logged(name)
    assert lines[0].startswith("INIT_START ")
    assert lines[1].startswith(f"[ERROR] {kind}: {message}\nTraceback (most recent call last):\n")
    assert lines[2].startswith("INIT_REPORT Init Duration: ")
    assert lines[2].endswith(f" ms\tPhase: init\tStatus: error\tError Type: {kind}\t\n")
    assert lines[-1].endswith(f"\tStatus: error\tError Type: {kind}\t\n")
    assert got.value["requestId"] == got.id
    failed(stage.call(name), kind)  # and again: nothing is cached


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys\ndef handler(e, c): sys.exit(3)", "exit status 3"),
        ("import os\ndef handler(e, c): os._exit(4)", "exit status 4"),
        ("import sys\ndef handler(e, c): sys.exit('said')", "exit status 1"),
        ("import sys\ndef handler(e, c): sys.exit()", None),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 11)", "signal: segmentation fault"),
        ("def handler(e, c): raise KeyboardInterrupt", "exit status 1"),
        ("import sys\nsys.exit(2)\ndef handler(e, c): pass", "exit status 2"),
        ("import os\ndef handler(e, c): os.closerange(3, 100); __import__('time').sleep(1)", None),
    ],
)
def test_what_ends_its_process(quick, code, message):
    name = quick.make("print('loading')\n" + code)
    got = failed(quick.call(name), "Runtime.ExitError")
    said = got.value["errorMessage"]
    assert said.startswith(f"RequestId: {got.id} Error: Runtime exited with")
    if message is not None:
        assert said.endswith(f"Runtime exited with error: {message}")
    assert "loading\n" in quick.logged(name)
    assert f"{said}\nRuntime.ExitError\n" in quick.logged(name)
    assert got.log.endswith("\tStatus: error\tError Type: Runtime.ExitError\t\n")


def test_all_memory(stage):
    name = stage.make(
        "def handler(event, context):\n"
        "    held = []\n"
        "    while True: held.append(bytearray(8_000_000))\n"
    )
    got = failed(stage.call(name), "Runtime.ExitError")
    assert got.value["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert "Max Memory Used: 128 MB" in got.log
    enough = stage.run("def handler(e, c): return len(bytearray(e))", 200_000_000, MemorySize=512)
    assert enough.value == 200_000_000


def test_sleeping_too_long_is_told_exactly_and_costs_nothing(stage):
    name = stage.make("import time\ndef handler(e, c):\n    print('a'); time.sleep(500)\n")
    got = failed(stage.call(name), "Sandbox.Timedout")
    assert got.value["errorMessage"] == (
        f"RequestId: {got.id} Error: Task timed out after 3.00 seconds"
    )
    at = stage.lab.now.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%S")
    late = next(line for line in stage.logged(name) if "Task timed out" in line)
    assert late.endswith(f"Z {got.id} Task timed out after 3.00 seconds\n\n")
    assert late[:19] > at
    assert "\tDuration: 3000.00 ms\t" in got.log and got.log.endswith("\tStatus: timeout\t\n")
    assert stage.metrics(name, "Duration") == [3000.0]
    assert "a\n" in stage.logged(name)


def test_calls_that_take_too_long_together(stage):
    got = stage.run(
        "import boto3\n"
        "def handler(e, c):\n"
        "    sqs = boto3.client('sqs')\n"
        "    while True: sqs.list_queues()\n",
        Timeout=1,
    )
    failed(got, "Sandbox.Timedout")


def test_hanging_is_given_up(quick):
    got = failed(quick.run(HANGS), "Sandbox.Timedout")
    assert "Task timed out after 3.00 seconds" in got.log
    failed(quick.run("while True: pass\n"), "Sandbox.Timedout")


def test_a_wait_that_python_does_not_see_is_given_up(quick):
    failed(quick.run("import select\ndef handler(e, c): select.select([], [], [], 60)"),
           "Sandbox.Timedout")  # fmt: skip


def test_printing_without_end(quick):
    name = quick.make("def handler(e, c):\n    while True: print('x' * 1000)\n")
    failed(quick.call(name), "Sandbox.Timedout")
    lines = quick.logged(name)
    assert sum(map(len, lines)) < 1_100_000
    assert any("the rest of this invocation is dropped" in line for line in lines)
    name = quick.make("import os\ndef handler(e, c):\n    while True: os.write(1, b'y' * 1000)\n")
    failed(quick.call(name), "Sandbox.Timedout")
    assert sum(map(len, quick.logged(name))) < 1_100_000


def test_what_is_written_past_python_is_logged_too(stage):
    name = stage.make(
        "import os, sys, subprocess\n"
        "def handler(e, c):\n"
        "    os.write(1, b'raw\\n'); sys.stdout.buffer.write(b'bytes\\n')\n"
        "    subprocess.run(['/bin/echo', 'child'], check=True)\n"
        "    print('no end', end=''); sys.stderr.write('err\\n'); return sys.stdin.read()\n"
    )
    assert stage.call(name).value == ""
    lines = stage.logged(name)[2:-2]
    assert sorted(lines) == ["bytes\n", "child\n", "err\n", "no end\n", "raw\n"]
    assert lines.index("raw\n") < lines.index("child\n")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{1, 2}", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("object", "Unable to marshal response: Object of type type is not JSON serializable"),
        ("{(1, 2): 3}", None),
        ("(lambda a: a.append(a) or a)([])", None),
    ],
)
def test_what_json_can_not_hold(stage, returned, message):
    got = stage.run(f"def handler(e, c): return {returned}")
    failed(got, "Runtime.MarshalError", message)


def test_an_answer_that_is_too_large(stage):
    got = stage.run("def handler(e, c): return 'x' * 7_000_000")
    failed(got, "Function.ResponseSizeTooLarge")
    assert "6291556 bytes" in got.value["errorMessage"]


def test_errors_that_can_not_be_told(stage):
    got = stage.run(
        "class Odd(Exception):\n"
        "    def __str__(self): raise ValueError\n"
        "def handler(e, c): raise Odd\n"
    )
    failed(got, "Odd")
    deep = stage.run("def handler(e, c): return handler(e, c)")
    failed(deep, "RecursionError")


def test_children_do_not_outlive_the_invocation(stage):
    before = set(processes())
    name = stage.make(
        "import os, subprocess, time\n"
        "def handler(e, c):\n"
        "    subprocess.Popen(['/bin/sleep', '1000'])\n"
        "    subprocess.Popen(['/bin/sleep', '1001'], start_new_session=True)\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            os.execv('/bin/sleep', ['sleep', '1002'])\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "    return 'started'\n"
    )
    assert stage.call(name).value == "started"
    left = {psutil.Process(pid).name() for pid in set(processes()) - before}
    assert "sleep" not in left
    assert stage.call(name).value == "started"


def test_a_child_that_goes_on_as_if_it_were_the_function(stage):
    name = stage.make(
        "import os\ndef handler(e, c):\n    return ['child' if os.fork() == 0 else 'parent']\n"
    )
    assert [stage.call(name).value for _ in range(3)] == [["parent"]] * 3


def test_forking_without_end_is_stopped(quick):
    got = quick.run("import os\ndef handler(e, c):\n    while True:\n        os.fork()\n")
    assert got.error == "Unhandled"
    assert not any(
        psutil.pid_exists(pid) for pid in set(processes()) - set(quick.functions.workers)
    )


def test_writing_into_the_sockets(quick):
    got = quick.run(
        "import os\n"
        "def handler(e, c):\n"
        "    for number in range(3, 30):\n"
        "        try: os.write(number, b'\\xff' * 64)\n"
        "        except OSError: pass\n"
        "    return 1\n"
    )
    failed(got, "Runtime.ExitError")
    again = quick.run(
        "import os, struct\n"
        "def handler(e, c):\n"
        "    for number in range(3, 30):\n"
        "        try: os.write(number, struct.pack('!I', 4) + b'1234')\n"
        "        except OSError: pass\n"
        "    return 1\n"
    )
    assert again.error == "Unhandled"


def test_a_zip_of_odd_names_stays_where_it_is_unpacked(stage, tmp_path):
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../../../../outside.py", "x")
        archive.writestr("/abs/olute.py", "x")
        archive.writestr("app.py", "def handler(e, c):\n    return 'fine'\n")
    name = stage.make("", Code={"ZipFile": held.getvalue()})
    assert stage.call(name).value == "fine"
    assert not os.path.exists("/abs/olute.py")


def test_no_network(stage):
    got = stage.run(
        "import urllib.request\n"
        "def handler(e, c):\n"
        "    urllib.request.urlopen('https://sqs.us-east-1.amazonaws.com', timeout=1)\n"
    )
    failed(got, "URLError")
    assert "a function of a lab has no network" in got.value["errorMessage"]


def test_failures_of_moto_are_none_of_this(stage):
    assert list(stage.lab.parts.backing.moto.failures) == []
    assert json.dumps(stage.functions.workers)


def test_a_function_does_not_hang_because_the_machine_is_busy(stage, monkeypatch):
    """A machine whose seconds go by while the function waits for a processor."""
    passed, real = [0.0], function_workers.machine_seconds

    def seconds():
        passed[0] += 100
        return real() + passed[0]

    monkeypatch.setattr(function_workers, "machine_seconds", seconds)
    name = stage.make("def handler(e, c): print('a'); return sum(range(1_000_000))")
    got = stage.call(name)
    assert got.value == 499_999_500_000
