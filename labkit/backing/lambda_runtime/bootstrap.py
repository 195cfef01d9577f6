"""The runtime inside a worker: set up like Lambda's, load the handler, answer invocations.

One worker is one execution environment: module-level state lives from invocation to invocation, as
on Lambda. Which errors are called what (``Runtime.ImportModuleError`` ...) and how traces look
follows Lambda's runtime interface client for Python.

The worker's limits are real: memory (what it may take *beyond* what the runtime itself has), open
files, the size of files, and how many processes it may fork. Time is virtual, with a real guard on
the kernel's side (``function_workers.py``).
"""

from __future__ import annotations

import contextlib
import decimal
import importlib
import json
import logging
import mmap
import os
import random
import resource
import signal
import socket
import sys
import threading
import traceback
import types
import uuid
from typing import Any

from labkit.backing.lambda_runtime import datagrams, frames, modules
from labkit.backing.lambda_runtime.aws_calls import Calls
from labkit.backing.lambda_runtime.output import Handler, Output, Stream
from labkit.backing.lambda_runtime.virtual_time import VirtualTime

MEGABYTE = 1024 * 1024

#: How many processes a function may fork; the rest of the machine belongs to others.
FORKS = 64


class Fault(Exception):
    """An error that the runtime itself names.

    Parameters
    ----------
    kind:
        ``Runtime.HandlerNotFound`` and its sisters.
    message:
        As Lambda words it.
    trace:
        Lines of a stack trace.
    """

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


def run(spec: dict[str, Any], control_fd: int, call_fd: int, raw_fd: int) -> int:
    """Be a worker until the kernel closes the socket; the exit status."""
    control, calls = socket.socket(fileno=control_fd), socket.socket(fileno=call_fd)

    def without_sockets() -> None:
        control.close()
        calls.close()

    os.register_at_fork(after_in_child=without_sockets)
    _descriptors(raw_fd)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(spec["env"])
    sys.dont_write_bytecode = True
    os.umask(0o077)
    os.chdir(spec["task_root"])
    clock = VirtualTime(spec["now_us"])
    paths = modules.names_on_lambda(spec["task_root"], spec["layer_root"], spec["home"])
    say = _Saying(control)
    output = Output(say.line, paths)
    runtime = Runtime(control, say, clock, output, spec)
    modules.install(spec["task_root"], spec["layer_root"])
    Calls(calls, clock).install()
    datagrams.install(say)
    clock.install()
    _limit_forks()
    _limits(spec["memory_mb"])
    return runtime.serve()


class _Saying:
    """Sends to the kernel, one message at a time whichever thread it is."""

    def __init__(self, place: socket.socket) -> None:
        self._place = place
        self._one_at_a_time = threading.RLock()

    def __call__(self, message: dict[str, Any]) -> None:
        with self._one_at_a_time:
            frames.send(self._place, message)

    def line(self, text: str) -> None:
        """One log event; of a forked child, which has no socket, it goes where its output goes."""
        try:
            self({"t": "line", "text": text})
        except OSError:
            os.write(1, text.encode("utf-8", "replace"))


class Runtime:
    """Loads a handler and answers with it.

    Parameters
    ----------
    control, say:
        The socket of invocations, and what sends what comes of them.
    clock, output:
        The worker's time and log.
    spec:
        What the kernel told of the function.
    """

    def __init__(
        self,
        control: socket.socket,
        say: _Saying,
        clock: VirtualTime,
        output: Output,
        spec: dict[str, Any],
    ) -> None:
        self._control = control
        self._say = say
        self._clock = clock
        self._output = output
        self._spec = spec
        self._streams = [Stream(output, 1), Stream(output, 2)]
        self._logging = Handler(output, spec["log_format"] == "JSON")
        sys.stdout, sys.stderr = self._streams
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for the worker's life
        clock.out_of_time = self._out_of_time

    def serve(self) -> int:
        """Load the handler, then one invocation after the other."""
        root = logging.getLogger()
        root.addHandler(self._logging)
        if self._spec["log_level"]:
            root.setLevel(self._spec["log_level"])
        self._clock.begin(self._spec["now_us"], self._spec["init_limit_us"])
        chance(self._spec["seed"])
        try:
            handler = self._load()
        except Fault as fault:
            self._finish("init_error", error=self._error(fault))
            return 1
        except SystemExit:
            self._flush()
            raise
        except MemoryError:
            out_of_memory()
        except BaseException as problem:
            self._finish("init_error", error=self._error(problem))
            return 1
        self._finish("ready")
        while True:
            message = frames.receive(self._control)
            if message is None:
                return 0
            self._invoke(handler, message)

    # -- loading
    def _load(self) -> Any:
        text = self._spec["handler"]
        name, dot, function = text.rpartition(".")
        if not dot:
            raise Fault(
                "Runtime.MalformedHandlerName",
                f"Bad handler '{text}': not enough values to unpack (expected 2, got 1)",
            )
        module_name = name.replace("/", ".")
        try:
            module = importlib.import_module(module_name)
        except ImportError as problem:
            raise Fault(
                "Runtime.ImportModuleError", f"Unable to import module '{name}': {problem}"
            ) from problem
        except SyntaxError as problem:
            where = os.path.basename(problem.filename or "")
            raise Fault(
                "Runtime.UserCodeSyntaxError",
                f"Syntax error in module '{name}': {problem.msg} ({where}, line {problem.lineno})",
                [f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text}'],
            ) from problem
        found = getattr(module, function, None)
        if found is None:
            raise Fault(
                "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{name}'"
            )
        return found

    # -- one invocation
    def _invoke(self, handler: Any, message: dict[str, Any]) -> None:
        self._clock.begin(message["now_us"], message["limit_us"])
        self._output.begin()
        chance(message["seed"])
        self._logging.request_id = message["request_id"]
        os.environ["_X_AMZN_TRACE_ID"] = message["trace"]
        context = self._context(message)
        try:
            event = json.loads(message["event"])
            payload = self._marshal(handler(event, context))
        except Fault as fault:
            self._finish("error", error=self._error(fault, message["request_id"]))
        except MemoryError:
            out_of_memory()
        except Exception as problem:
            self._finish("error", error=self._error(problem, message["request_id"]))
        except BaseException:  # sys.exit and its like end the process, as on Lambda
            self._flush()
            raise
        else:
            self._finish("done", payload=payload)

    @staticmethod
    def _marshal(value: Any) -> str:
        def plain(one: Any) -> Any:
            if isinstance(one, decimal.Decimal):
                return int(one) if one == one.to_integral_value() else float(one)
            raise TypeError(f"Object of type {type(one).__name__} is not JSON serializable")

        try:
            text = json.dumps(value, default=plain)
        except (TypeError, ValueError, RecursionError) as problem:
            raise Fault(
                "Runtime.MarshalError", f"Unable to marshal response: {problem}"
            ) from problem
        return text

    def _context(self, message: dict[str, Any]) -> Any:
        clock = self._clock
        told = message["client_context"]
        context = types.SimpleNamespace(
            aws_request_id=message["request_id"],
            log_group_name=self._spec["env"]["AWS_LAMBDA_LOG_GROUP_NAME"],
            log_stream_name=self._spec["env"]["AWS_LAMBDA_LOG_STREAM_NAME"],
            function_name=self._spec["env"]["AWS_LAMBDA_FUNCTION_NAME"],
            memory_limit_in_mb=self._spec["env"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            function_version=self._spec["env"]["AWS_LAMBDA_FUNCTION_VERSION"],
            invoked_function_arn=message["arn"],
            client_context=None,
            identity=types.SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None),
            tenant_id=None,
            get_remaining_time_in_millis=clock.remaining_ms,
            log=lambda text: sys.stdout.write(str(text)),
        )
        if told:
            with contextlib.suppress(ValueError, AttributeError):
                given = json.loads(told)
                context.client_context = types.SimpleNamespace(
                    custom=given.get("custom"), env=given.get("env"), client=given.get("client")
                )
        return context

    # -- what comes of it
    def _error(self, problem: BaseException, request_id: str = "") -> dict[str, Any]:
        if isinstance(problem, Fault):
            kind, message, trace = problem.kind, problem.message, problem.trace
        else:
            kind = type(problem).__name__
            try:
                message = str(problem)
            except Exception as unspeakable:
                message = f"<{type(unspeakable).__name__} while the error was turned into text>"
            found = traceback.extract_tb(problem.__traceback__)
            lines = [(f.filename, f.lineno, f.name, f.line) for f in found if not _ours(f.filename)]
            trace = traceback.format_list(lines)  # type: ignore[arg-type]
        return {
            "errorMessage": self._output.named(message),
            "errorType": kind,
            "requestId": request_id,
            "stackTrace": [self._output.named(line) for line in trace],
        }

    def _flush(self) -> None:
        for stream in self._streams:
            stream.finish()

    def _finish(self, kind: str, **more: Any) -> None:
        self._flush()
        took = min(self._clock.elapsed_us, self._clock.limit_us)
        self._clock.limit_us = 0
        self._say({"t": kind, "elapsed_us": took, "children": _has_children(), **more})

    def _out_of_time(self) -> None:
        self._clock.limit_us = 0
        self._flush()
        self._say({"t": "timeout"})
        while True:  # the kernel ends this process; whatever the function would do, it does not
            signal.pause()


def _ours(filename: str) -> bool:
    return f"{os.sep}lambda_runtime{os.sep}" in filename or filename.startswith("<frozen importlib")


def _has_children() -> bool:
    """Whether this one has children, be they dead and not waited for; asking reaps none."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def chance(seed: str) -> None:
    """Let everything drawn from here on derive from ``seed``: the same in every replay."""
    source = random.Random(seed)
    random.seed(seed + "/random")
    os.urandom = source.randbytes
    setattr(random, "_urandom", source.randbytes)  # noqa: B010
    setattr(uuid, "_generate_time_safe", None)  # noqa: B010 - uuid1 then draws as well
    setattr(uuid, "_node", source.getrandbits(48) | (1 << 40))  # noqa: B010


def out_of_memory() -> None:
    """Go as the system would end it: Lambda kills what takes more memory than it has."""
    os.kill(os.getpid(), signal.SIGKILL)


# -- limits ---------------------------------------------------------------------------------------
def _descriptors(raw_fd: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(raw_fd, 1)
    os.dup2(raw_fd, 2)
    os.close(nothing)
    os.close(raw_fd)


def _limits(memory_mb: int) -> None:
    """Memory, files and core dumps.

    Data and not address space is limited: each thread reserves 64 MB of addresses that nobody
    ever fills, and three of them would break a function of 128 MB.
    """
    wanted = {
        resource.RLIMIT_DATA: _data_now() + memory_mb * MEGABYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_FSIZE: 512 * MEGABYTE,
    }
    for which, value in wanted.items():
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (value, value))


def _data_now() -> int:
    """How much memory of its own this process has, bytes."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 256 * MEGABYTE


def _limit_forks() -> None:
    """One count for the whole family: children of children count too."""
    count = mmap.mmap(-1, 8)
    real = os.fork

    def fork() -> int:
        forked = int.from_bytes(count[:8], "little") + 1
        if forked > FORKS:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        count[:8] = forked.to_bytes(8, "little")
        return real()

    os.fork = fork
