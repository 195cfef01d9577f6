"""One run from its workspace to its result: start, watch, end, collect.

Theory of operation
-------------------
The script runs in a process of its own; this thread waits for it at three places at once: *control*
(what the script's process tells and asks), *calls* (boto3's calls, answered here, inside the lab's
dispatch), and its *output*. In between it looks at the limits, ten times a second.

A run ends in one of these ways, whichever comes first: the process tells that it is done; it ends
without a word; time, memory or output runs out; a site sends too much. Which one comes first must
not hang on when this thread gets round to looking: what was written before the end is read before
the end is believed, and an end counts by the second at which the script's process had it, not by
the one at which it was heard. The time limit is the script's alone: it begins when the script
begins, and stands while the script waits for a browser to start or for the lab to answer a call,
both of which take what this machine takes. In each case everything that
belongs to the run is ended then, before anything is collected: the script's process group, whatever
carries the run's mark, and the browser unless it waits for the next run. The folder goes last.
"""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from labkit.backing.lambda_runtime import frames
from labkit.core.clock import machine_seconds, to_datetime
from labkit.synthetics.engine import package
from labkit.synthetics.engine import run as values
from labkit.synthetics.engine.outcome import Ended
from labkit.synthetics.engine.run import OUTPUT_CAP, RunRequest, RunResult, Site
from labkit.synthetics.engine.traffic import Exchange
from labkit.synthetics.runner import Serve, processes
from labkit.synthetics.runner.browsers import Browsers
from labkit.synthetics.runner.collecting import Collected, collect
from labkit.synthetics.runner.forkserver import SWITCHES, Forked
from labkit.synthetics.runner.visiting import Visit
from labkit.synthetics.runner.workspace import Workspace

_ROOT = str(Path(__file__).parents[3])
_LAYER = str(Path(__file__).parent / "layer")

_START = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from labkit.synthetics.runner.child import main; "
    "sys.path.remove({root!r}); main({control}, {calls})"
)

#: How often the limits are looked at, seconds.
_LOOK_SECONDS = 0.1

#: How many messages that were told before the time limit are still heard behind it: a script that
#: has got hold of the socket could tell for ever.
_LAST_WORDS = 10_000

#: How long the rest of a message may take at least, seconds: its sender may have to wait for a
#: processor, and near the time limit there is little left.
_RECEIVE_SECONDS = 5.0

#: What the script waits for; there is no point in answering it behind the time limit.
_QUESTIONS = ("browser", "why_no_page")

#: Something that was told behind the time limit.
_LATE = "late"

#: How long a process may take until its script begins, seconds.
_START_SECONDS = 60.0

_NO_LAB = "this canary was run without a lab: its calls of AWS have nobody to answer them"


#: A script's process, started in one of two ways.
_Process = subprocess.Popen[bytes] | Forked


class Running:
    """A run under way.

    Parameters
    ----------
    request, site:
        What, and where names lead.
    serve:
        Who answers the script's calls of AWS.
    browsers:
        Browsers that are kept from run to run.
    """

    def __init__(
        self, request: RunRequest, site: Site, serve: Serve | None, browsers: Browsers | None
    ) -> None:
        self._request, self._site, self._serve = request, site, serve
        self._checks = request.checks
        self._began = machine_seconds()
        self._visit = Visit(request, site, browsers, self._began)
        self._kept, self._browses = browsers, False
        self._found = Collected()
        self._mark = f"{os.getpid()}-{id(self):x}"
        self._output = 0
        self._told_at = self._deadline = self._began
        self._begun = False
        self._rest = b""

    def result(self) -> RunResult:
        """Run to the end, end everything, and tell what came of it."""
        request = self._request
        space: Workspace | None = None
        try:
            try:
                space = Workspace(request.code, self._site.authority)
                if self._checks is None and not request.handler:
                    self._checks = package.configuration(request.code, space.names)
                checks = self._checks is not None
                problem = package.unsupported(request.runtime, checks=checks)
                ended = Ended("refused", problem) if problem else self._run(space)
            except package.BadPackage as bad:
                ended = Ended("not_loaded", str(bad))
            self._found.ended = ended
            clean = ended.kind in ("returned", "failed", "exited", "not_loaded")
            self._visit.end(reuse=clean)
            return collect(request, self._site, self._found, self._visit, space, self._ms(ended))
        finally:
            self._visit.end(reuse=False)
            if space is not None:
                space.remove()

    def _ms(self, ended: Ended) -> float:
        if ended.kind in ("timeout", "impatient"):
            return self._request.timeout_s * 1000
        return (machine_seconds() - self._began) * 1000

    # -- the process
    def _run(self, space: Workspace) -> Ended:
        entry = None
        if self._checks is None:
            entry = package.find(self._request.handler, space.names)
            self._browses = space.uses_browser()
            if self._browses:
                self._visit.prepare()
        control, theirs = socket.socketpair()
        calls, their_calls = socket.socketpair()
        with contextlib.closing(control), contextlib.closing(calls):
            try:
                process = self._start(space, theirs, their_calls)
            finally:
                theirs.close()
                their_calls.close()
            try:
                frames.send(control, self._spec(space, entry))
                return self._watch(process, control, calls)
            finally:
                processes.end([process.pid], f"{processes.MARK}={self._mark}")
                process.wait()
                self._drain(process)
                assert process.stdout is not None
                process.stdout.close()

    def _start(self, space: Workspace, control: socket.socket, calls: socket.socket) -> _Process:
        request = self._request
        function = f"cwsyn-{request.canary}"
        given = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **dict(request.environment),
            "AWS_REGION": request.region,
            "AWS_DEFAULT_REGION": request.region,
            "AWS_ACCESS_KEY_ID": request.access_key or "ASIACANARY",
            "AWS_SECRET_ACCESS_KEY": "labkit",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(request.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{to_datetime(request.now_us):%Y/%m/%d}/[1]canary",
            "LAMBDA_TASK_ROOT": space.task,
            "HOME": space.tmp,
            "TMPDIR": space.tmp,
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            processes.MARK: self._mark,
        }
        if space.authority:
            given |= {"SSL_CERT_FILE": space.authority, "REQUESTS_CA_BUNDLE": space.authority}
        if self._kept is not None:
            forked = self._kept.scripts.start(
                given, space.task, (control, calls), space.names, browser=self._browses
            )
            if forked is not None:
                return forked
        code = _START.format(root=_ROOT, control=control.fileno(), calls=calls.fileno())
        return subprocess.Popen(
            [sys.executable, *SWITCHES, "-c", code],
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[control.fileno(), calls.fileno()],
            cwd=space.task,
            start_new_session=True,
        )

    def _spec(self, space: Workspace, entry: package.Entry | None) -> dict[str, Any]:
        request = self._request
        return {
            "t": "begin",
            "canary": request.canary,
            "run_id": request.run_id,
            "task": space.task,
            "tmp": space.tmp,
            "layer": _LAYER,
            "file": "" if entry is None else os.path.join(space.task, entry.file),
            "function": "" if entry is None else entry.function,
            "memory_mb": request.memory_mb,
            "timeout_s": request.timeout_s,
            "account": request.account,
            "region": request.region,
            "ports": {host: list(pair) for host, pair in self._site.ports.items()},
            "records": [[*key, list(values)] for key, values in self._site.records.items()],
            "checks": None if self._checks is None else dict(self._checks),
            "now_us": request.now_us,
        }

    # -- watching
    def _watch(self, process: _Process, control: socket.socket, calls: socket.socket) -> Ended:
        request = self._request
        wait = min(request.timeout_s, request.patience_s)
        self._deadline, look = machine_seconds() + max(wait, _START_SECONDS), 0.0
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        with selectors.DefaultSelector() as selector:
            for place in (control, calls, process.stdout):
                selector.register(place, selectors.EVENT_READ)
            while True:
                now, deadline = machine_seconds(), self._deadline
                if now >= min(look, deadline):
                    look = now + _LOOK_SECONDS
                    ended = self._limits(process)
                    if ended is not None:
                        return ended
                if now >= deadline:
                    ended = self._last_words(process, control)
                    kind = "timeout" if wait == request.timeout_s else "impatient"
                    return ended or Ended(kind, step=self._found.under_way)
                places = {
                    key.fileobj for key, _ in selector.select(min(_LOOK_SECONDS, deadline - now))
                }
                if process.stdout in places and not self._read(process):
                    selector.unregister(process.stdout)
                if self._output > OUTPUT_CAP:
                    return Ended("output", step=self._found.under_way)
                if calls in places and not self._answer_call(calls):
                    selector.unregister(calls)
                if control in places:
                    ended = self._message(process, control)
                    if ended is not None:
                        return ended

    def _last_words(self, process: _Process, control: socket.socket) -> Ended | None:
        """What was told until the time limit and not heard yet: a step, maybe the script's end."""
        with selectors.DefaultSelector() as selector:
            selector.register(control, selectors.EVENT_READ)
            for _ in range(_LAST_WORDS):
                if not selector.select(0):
                    return None
                ended = self._message(process, control, self._deadline)
                if ended is not None:
                    return None if ended.kind == _LATE else ended
        return None

    def _limits(self, process: _Process) -> Ended | None:
        # A page without end takes memory too; what it is matters more than what it does.
        if self._visit.too_large:
            return Ended("too_large", self._visit.too_large, self._found.under_way)
        if self._waits_in_vain():
            return Ended("timeout", step=self._found.under_way)
        taken = processes.memory_mb([process.pid, *self._visit.pids])
        if taken > self._request.memory_mb:
            return Ended("memory", step=self._found.under_way)
        return None

    def _waits_in_vain(self) -> bool:
        """Whether it waits for a site that never answers, and does nothing else."""
        if not self._site.silent or not (self._visit.pending or self._found.asking):
            return False
        last = max(self._told_at, self._visit.heard_at)
        return machine_seconds() - last > (self._request.silence_s or values.SILENCE_SECONDS)

    def _message(
        self, process: _Process, control: socket.socket, until: float = math.inf
    ) -> Ended | None:
        self._told_at = machine_seconds()
        message = self._receive(control)
        if message is None:
            return self._died(process)
        try:
            if float(message["at"]) > until or (until < math.inf and message["t"] in _QUESTIONS):
                return Ended(_LATE)
            return self._told(process, message, control)
        except (KeyError, TypeError, ValueError, AttributeError):
            return self._died(process)  # the script has got hold of the socket, and says nonsense

    def _told(
        self, process: _Process, message: dict[str, Any], control: socket.socket
    ) -> Ended | None:
        kind = message["t"]
        if kind == "done":
            return self._done(process, message)
        if kind == "begins":
            self._begins(float(message["at"]))
            return None
        began = machine_seconds()
        if kind == "browser":
            answer = self._visit.browser(
                message.get("arguments") or [], str(message.get("agent", ""))
            )
        elif kind == "why_no_page":
            answer = {"t": "why", "problem": self._visit.no_page}
        else:
            self._found.take(message, self._began)
            return None
        self._deadline += machine_seconds() - began
        with contextlib.suppress(OSError):
            frames.send(control, answer)
        return None

    def _begins(self, at: float) -> None:
        """The script begins, and its time limit; it can say so once more itself, and in vain."""
        if not self._begun:
            self._begun = True
            self._deadline = at + min(self._request.timeout_s, self._request.patience_s)

    def _receive(self, place: socket.socket) -> dict[str, Any] | None:
        """A message that has begun to come; None when there is none, or not within the limit."""
        place.settimeout(max(self._deadline - machine_seconds(), _RECEIVE_SECONDS))
        try:
            return frames.receive(place)
        except (frames.BrokenFrame, TimeoutError):
            return None

    def _done(self, process: _Process, message: dict[str, Any]) -> Ended:
        self._found.options = dict(message.get("options") or {})
        self._found.trace = str(message.get("trace", ""))
        failed = [(str(name), str(error)) for name, error in message.get("failed_steps") or []]
        errors = [str(one) for one in message.get("execution_errors") or []]
        kind = "memory" if message.get("memory") else str(message["how"])
        text = str(message.get("error", ""))
        if kind == "failed" and "ResponseTooLarge" in text:
            text = text.partition(": ")[2]
        step = str(message.get("step", ""))
        # What it wrote may still lie in the pipe.
        self._drain(process)
        if self._output > OUTPUT_CAP:
            return Ended("output", step=step)
        # A page that sends too much is stopped, and to the script it has loaded: a script that
        # returns at once would pass before anybody has looked at the limits again.
        self._visit.catch_up()
        if self._visit.too_large:
            return Ended("too_large", self._visit.too_large, step)
        return Ended(kind, text, step, tuple(failed), tuple(errors))

    def _died(self, process: _Process) -> Ended:
        processes.end([process.pid], f"{processes.MARK}={self._mark}")
        status = process.wait()
        told = f"signal {-status}" if status < 0 else f"exit status {status}"
        return Ended("died", told, self._found.under_way)

    def _answer_call(self, calls: socket.socket) -> bool:
        message = self._receive(calls)
        if message is None:
            return False
        began = machine_seconds()
        if self._serve is None:
            answer: dict[str, Any] = {"t": "failed", "text": _NO_LAB, "took_us": 0}
        else:
            answer = self._serve(message)
        self._deadline += machine_seconds() - began
        with contextlib.suppress(OSError):
            frames.send(calls, answer)
        return True

    # -- output
    def _read(self, process: _Process) -> bool:
        """Read what was written; False at its end."""
        assert process.stdout is not None
        try:
            data = os.read(process.stdout.fileno(), 65_536)
        except BlockingIOError:
            return True
        self._output += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [self._rest], b""
        self._found.lines += [line.decode("utf-8", "replace") for line in lines]
        return bool(data)

    def _drain(self, process: _Process) -> None:
        while self._output <= OUTPUT_CAP:
            before = self._output
            if not self._read(process) or self._output == before:
                return


def exchange(message: dict[str, Any], began: float) -> Exchange:
    """A request that the script's process told of."""
    told = [(str(name), str(value)) for name, value in message.get("headers") or []]
    kinds = {name.lower(): value for name, value in told}
    length = kinds.get("content-length", "0")
    return Exchange(
        str(message["method"]), str(message["url"]), (float(message["start"]) - began) * 1000,
        float(message["ms"]), int(message["status"]), told=told, error=str(message["error"]),
        size=int(length) if length.isdigit() else 0, mime=kinds.get("content-type", ""),
    )  # fmt: skip
