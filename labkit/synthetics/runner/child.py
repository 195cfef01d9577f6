"""Inside a canary's process: set up, load the script, run it, tell what came of it.

Started by ``running.py`` with two sockets: *control* (what the runner is told and asked) and
*calls* (boto3's calls). The first message holds everything there is to know. What happens is told
as it happens, so that a script that is killed leaves its steps, its lines and its pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import os
import resource
import socket
import sys
import threading
import traceback
from typing import Any

from labkit.backing.lambda_runtime import frames
from labkit.core.clock import machine_seconds
from labkit.synthetics.runner import instruments
from labkit.synthetics.runner.instruments import ResponseTooLarge  # noqa: F401 - for the script

MEGABYTE = 1024 * 1024

#: The largest file that a script may write, bytes.
_LARGEST_FILE = 64 * MEGABYTE


class _Link:
    """The run, as the library sees it (``aws_synthetics._run.Link``)."""

    def __init__(self, place: socket.socket, spec: dict[str, Any]) -> None:
        self._place = place
        self._lock = threading.RLock()
        self.folder: str = spec["tmp"]
        self.canary: str = spec["canary"]
        self.run_id: str = spec["run_id"]
        self.seconds = machine_seconds
        self.own_ports: set[int] = set()

    def tell(self, kind: str, **what: Any) -> None:
        with self._lock:
            frames.send(self._place, {"t": kind, "at": self.seconds(), **what})

    def ask(self, kind: str, **what: Any) -> dict[str, Any]:
        with self._lock:
            frames.send(self._place, {"t": kind, "at": self.seconds(), **what})
            answer = frames.receive(self._place)
        if answer is None:
            os._exit(1)  # the runner is gone
        if kind == "browser" and answer.get("driver"):
            self.own_ports.add(int(answer["driver"].rpartition(":")[2]))
        return answer


def main(control: int, calls: int) -> None:
    """Be a canary's process, and leave."""
    place = socket.socket(fileno=control)
    spec = frames.receive(place)
    if spec is None:
        os._exit(1)
    link = _Link(place, spec)
    try:
        told = _run(spec, link, socket.socket(fileno=calls))
    except BaseException as problem:  # whatever it was, the runner hears it
        told = _failure("failed", problem)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    link.tell("done", **told)
    os._exit(0)  # threads that the script left are not waited for


def _run(spec: dict[str, Any], link: _Link, calls: socket.socket) -> dict[str, Any]:
    ports = {host: (pair[0], pair[1]) for host, pair in spec["ports"].items()}
    instruments.guard_network(ports)
    instruments.watch_requests(link.tell, machine_seconds, link.own_ports)
    instruments.trust_the_site(os.environ.get("SSL_CERT_FILE", ""))
    instruments.when_imported("selenium.webdriver", _lend_browser)
    instruments.call_the_lab(calls, lambda: link.tell("depends", on="calls of AWS"))
    sys.path[:0] = [spec["layer"], os.path.join(spec["task"], "python"), spec["task"]]
    from aws_synthetics import _run as run
    from aws_synthetics.common import (
        synthetics_configuration,
    )

    run.LINK = link
    os.chdir(spec["task"])
    _import_selenium(spec)
    sys.dont_write_bytecode = True
    _limits(spec["memory_mb"])
    link.tell("begins")
    told = _checks(spec, run) if spec["checks"] is not None else _script(spec)
    told["options"] = synthetics_configuration.as_dict()
    told["failed_steps"] = [list(one) for one in run.FAILED_STEPS]
    told["execution_errors"] = list(run.EXECUTION_ERRORS)
    return told


def _lend_browser() -> None:
    """Let a script written for plain selenium have the runner's browser, as on AWS it has one.

    Without it, selenium looks for a driver in the network and says nothing but
    NoSuchDriverException.
    """
    from aws_synthetics.selenium import synthetics_webdriver

    sys.modules["selenium.webdriver"].Chrome = synthetics_webdriver.Chrome  # type: ignore[attr-defined]


def _import_selenium(spec: dict[str, Any]) -> None:
    """Import for a script with a browser what it is going to import, and keep it compiled.

    A script's own files are not to be compiled into its folder. Were selenium imported by the
    script, it would not be either; and where nobody else has compiled it (uv does not), that takes
    each run a second.
    """
    try:
        with open(spec["file"], "rb") as held:
            wanted = b".Chrome(" in held.read()
    except (OSError, KeyError):
        return
    if wanted:
        with contextlib.suppress(Exception):  # what can't be imported, the script hears of itself
            importlib.import_module("aws_synthetics.selenium.browser")
            importlib.import_module("selenium.webdriver.support.expected_conditions")


def _checks(spec: dict[str, Any], run: Any) -> dict[str, Any]:
    from aws_synthetics.common import synthetics_logger

    from labkit.synthetics.runner.checking import Checking

    level = os.environ.get("CW_SYNTHETICS_LOG_LEVEL", "").upper()
    if level in ("DEBUG", "INFO", "WARN", "ERROR"):
        synthetics_logger.set_level(level)
    records = {(name, kind): tuple(values) for name, kind, values in spec["records"]}
    try:
        Checking(spec["checks"], spec["ports"], records).run()
    except Exception as problem:
        return _failure("failed", problem, run.brief(problem))
    return {"how": "returned", "value": ""}


def _script(spec: dict[str, Any]) -> dict[str, Any]:
    instruments.own_tmp(spec["tmp"])
    try:
        function = _load(spec["file"], spec["function"])
    except SystemExit as problem:
        return _failure("exited", problem, f"sys.exit({problem.code!r}) while it was loaded")
    except SyntaxError as problem:
        where = f"{os.path.basename(problem.filename or '')}, line {problem.lineno}"
        return _failure("not_loaded", problem, f"SyntaxError: {problem.msg} ({where})")
    except BaseException as problem:
        return _failure("not_loaded", problem)
    try:
        try:
            value = _call(function, spec)
        finally:
            _last_picture()
    except SystemExit as problem:
        return _failure("exited", problem, f"sys.exit({problem.code!r})")
    except BaseException as problem:
        return _failure("failed", problem)
    return {"how": "returned", "value": "" if value is None else repr(value)[:500]}


def _last_picture() -> None:
    steps = sys.modules.get("aws_synthetics.selenium.synthetics_webdriver")
    if steps is not None:
        steps.last_picture()


def _load(file: str, function: str) -> Any:
    name = os.path.splitext(os.path.basename(file))[0]
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = getattr(module, function, None)
    if not callable(found):
        raise AttributeError(f"{os.path.basename(file)} has no function {function!r}")
    return found


class _Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.aws_request_id: str = spec["run_id"]
        self.function_name = f"cwsyn-{spec['canary']}"
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        where = f"{spec['region']}:{spec['account']}"
        self.invoked_function_arn = f"arn:aws:lambda:{where}:function:{self.function_name}:1"
        self.memory_limit_in_mb = str(spec["memory_mb"])
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = self.client_context = None
        self._end = machine_seconds() + float(spec["timeout_s"])

    def get_remaining_time_in_millis(self) -> int:
        """Until the canary's time limit."""
        return max(0, round((self._end - machine_seconds()) * 1000))


def _call(function: Any, spec: dict[str, Any]) -> Any:
    event = {"canaryName": spec["canary"], "canaryRunId": spec["run_id"]}
    value = function(event, _Context(spec))
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def _limits(memory_mb: int) -> None:
    """The script's own memory; the browser's processes are none of its children."""
    taken = 0
    try:
        with open("/proc/self/statm", "rb") as told:
            taken = int(told.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return  # macOS does not hold processes to such a limit; the runner watches
    most = taken + memory_mb * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _failure(kind: str, problem: BaseException, text: str = "") -> dict[str, Any]:
    if not text:
        from aws_synthetics._run import brief

        text = brief(problem)
    trace = "".join(traceback.format_exception(problem))
    return {
        "how": kind,
        "error": text,
        "memory": isinstance(problem, MemoryError),
        "step": getattr(problem, "_labkit_step", ""),
        "trace": trace[-20_000:],
    }
