"""One invocation: an environment runs it, and the log and the figures tell of it.

What becomes of it, and how Lambda calls it:

==========================================  ==========================  ===========================
what the function does                      ``errorType``               the environment
==========================================  ==========================  ===========================
comes back                                                              stays warm
raises                                      the exception's class       stays warm
answers what JSON can't hold                ``Runtime.MarshalError``    stays warm
answers more than 6 MB                      ``Function.Response...``    stays warm
can't be loaded                             ``Runtime.Import...`` etc.  is given up
runs longer than its limit                  ``Sandbox.Timedout``        is given up
calls ``sys.exit``, dies, takes all memory  ``Runtime.ExitError``       is given up
==========================================  ==========================  ===========================

An invocation takes no time on the lab's clock. Its log events carry the instant of the invocation;
its duration stands in the REPORT line and in the metric.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.backing.function_endings import exit_message, not_run_here
from labkit.backing.function_environments import Environment, Environments, Function
from labkit.backing.function_figures import Figures, call_us, figures, used_mb
from labkit.backing.function_log import LogWriter, stream_name, trace
from labkit.backing.function_traces import Traced, Tracer, Under
from labkit.backing.function_variables import variables
from labkit.backing.function_workers import GUARD_SECONDS, Outcome
from labkit.core.call import Principal
from labkit.core.clock import SECOND
from labkit.core.errors import ChainTooDeep
from labkit.core.facts import MAX_CHAIN
from labkit.core.traces import TraceHeader
from labkit.core.world import World

#: The largest answer of a function, bytes (Lambda quotas; the number is Lambda's own).
MOST_ANSWERED = 6_291_556

#: How long loading may take before the invocation begins (developer guide, "Init phase").
INIT_LIMIT_US = 10 * SECOND

#: Call back: the message of a worker and who calls -> HTTP status and parsed answer.
CallBack = Callable[[dict[str, Any], Principal], tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of an invocation.

    Parameters
    ----------
    ok:
        Whether the function ran and came back, or an asynchronous event was taken.
    payload:
        What it answered, JSON; of a failed one the error as Lambda tells it.
    error_type, error_message:
        Of a failed one: the function's error, or why it was not run (``AccessDenied``,
        ``ResourceNotFoundException``, ``TooManyRequestsException``).
    log:
        Everything that it logged, START to REPORT.
    duration_ms:
        The duration, drawn.
    request_id:
        The invocation's id.
    timed_out:
        Whether it ran into its time limit.
    ran:
        Whether it was run at all.
    version:
        The version that ran.
    """

    ok: bool
    payload: bytes = b""
    error_type: str = ""
    error_message: str = ""
    log: str = ""
    duration_ms: float = 0.0
    request_id: str = ""
    timed_out: bool = False
    ran: bool = False
    version: str = ""


@dataclass(slots=True)
class _End:
    """How an invocation ended, before it is told."""

    payload: str = "null"
    error: dict[str, Any] | None = None
    status: str = ""
    lines: tuple[str, ...] = ()
    timed_out: bool = False
    full: bool = False
    broken: bool = False


class Runner:
    """Runs invocations of one lab.

    Parameters
    ----------
    world:
        Clock, facts and ids.
    seed:
        Of the figures.
    environments:
        Where functions run.
    """

    def __init__(self, world: World, seed: int, environments: Environments) -> None:
        self._world = world
        self._seed = seed
        self._environments = environments
        #: Answers a function's own calls; a lab sets it when it is assembled.
        self.call_back: CallBack | None = None
        #: Whether a role may write this log stream; everybody may while nobody judges.
        self.may_log: Callable[[Principal, Function, str], bool] = lambda who, function, name: True
        #: How a fact is told: when no call of the backing is under way.
        self.tell: Callable[[Callable[[], None]], None] = lambda work: work()
        self.guard_seconds = GUARD_SECONDS
        self.tracer = Tracer(world, seed)
        #: What invocations took for which a function's call waits, microseconds.
        self.waited_us = 0

    def run(
        self,
        function: Function,
        payload: str,
        *,
        request_id: str,
        invoked_arn: str,
        role: Principal,
        attempt: int = 0,
        waits: bool = True,
        client_context: str = "",
        trace: str = "",
        links: Sequence[TraceHeader] = (),
    ) -> Invocation:
        """Run a function once.

        Parameters
        ----------
        function, payload:
            What, with which event (JSON text).
        request_id, invoked_arn:
            As its context shows them.
        role:
            Who the function is when it calls.
        attempt:
            How often this event was tried before.
        waits:
            Whether somebody waits in virtual time, so that the environment is free afterwards.
        client_context:
            JSON text of the caller's ``ClientContext``.
        trace:
            The tracing header that came with the event; that of the call under way when left out.
        links:
            Those of the messages that are the event.

        Raises
        ------
        ChainTooDeep
            When functions have caused functions too often: a loop.
        """
        clock = self._world.clock
        if len(clock.cause) >= MAX_CHAIN - 1:
            chain = "\n  ".join([*clock.cause, f"lambda {function.name}"])
            raise ChainTooDeep(
                f"one thing led to another {MAX_CHAIN} times and would never end:\n  {chain}"
            )
        now_us = clock.now_us
        under = Under(TraceHeader.read(trace)) if trace else self.tracer.under

        def traced_as(cold: str) -> Traced:
            return self.tracer.begin(function, role, request_id, attempt, under, cold, links)

        if self._throttled(function, now_us):
            self.tracer.throttled(function, traced_as(""), request_id)
            self._measure(function, invoked_arn, [("Throttles", 1.0, "Count")])
            return Invocation(
                False,
                error_type="TooManyRequestsException",
                error_message="Rate Exceeded.",
                request_id=request_id,
                version=function.version,
            )
        one, cold = self._environments.take(function, now_us, self._new_environment)
        traced = traced_as(one.name if cold else "")
        told = _Told(self, function, one, role, request_id, attempt, traced)
        concurrent = self._environments.running(function.arn, now_us)
        busy_until = now_us
        try:
            message = {
                "event": payload,
                "request_id": request_id,
                "arn": invoked_arn,
                "client_context": client_context,
                "now_us": now_us,
                "limit_us": function.timeout_s * SECOND,
                "seed": told.name,
                "trace": traced.header,
            }
            end, got, lines = told.run(message, cold)
            if waits:
                self.waited_us += int((got.init_ms + got.duration_ms) * 1000)
                self.waited_us += self.tracer.around_us(request_id)
            else:
                busy_until = now_us + int(got.duration_ms * 1000)
        finally:
            self._environments.give_back(one, now_us, busy_until)
        if end.broken:
            self._environments.drop(one)
        self.tracer.finish(
            function, traced, request_id, got.duration_ms, end.error, told.ran, told.datagrams
        )
        self._log(function, role, one, now_us, lines)
        self._measure(
            function,
            invoked_arn,
            [
                ("Invocations", 1.0, "Count"),
                ("Errors", 1.0 if end.error else 0.0, "Count"),
                ("Duration", got.duration_ms, "Milliseconds"),
                ("Throttles", 0.0, "Count"),
                ("ConcurrentExecutions", float(concurrent), "Count"),
            ],
        )
        return _invocation(function, request_id, end, got, lines)

    # -- parts
    def _throttled(self, function: Function, now_us: int) -> bool:
        if function.reserved is None:
            return False
        return self._environments.running(function.arn, now_us) >= function.reserved

    def _new_environment(self, function: Function) -> Environment:
        name = self._world.ids.hex(32)
        return Environment(
            function, name, stream_name(self._world.clock.now_us, function.version, name)
        )

    def _log(
        self, function: Function, role: Principal, one: Environment, now_us: int, lines: list[str]
    ) -> None:
        """A role that may not write logs leaves none: the best known riddle of Lambda."""
        if not lines or not self.may_log(role, function, one.log_stream):
            return
        data = {
            "source": "lambda",
            "log_group": function.log_group,
            "log_stream": one.log_stream,
            "events": [[now_us, line] for line in lines],
        }
        facts = self._world.facts
        self.tell(lambda: facts.publish("log.emitted", function.account, function.region, data))

    def _measure(
        self, function: Function, invoked_arn: str, values: list[tuple[str, float, str]]
    ) -> None:
        self.measure(function, values, invoked_arn.partition(":function:")[2])

    def measure(
        self, function: Function, values: Iterable[tuple[str, float, str]], resource: str = ""
    ) -> None:
        """Metrics of a function: for all functions, for it, and for the resource invoked."""
        dimensions: list[list[list[str]]] = [[], [["FunctionName", function.name]]]
        if resource:
            dimensions.append([["FunctionName", function.name], ["Resource", resource]])
        facts, place = self._world.facts, (function.account, function.region)
        told = [
            {
                "namespace": "AWS/Lambda",
                "dimensions": one,
                "metric_name": name,
                "value": value,
                "unit": unit,
            }
            for name, value, unit in values
            for one in dimensions
        ]

        def tell() -> None:
            for data in told:
                facts.publish("metric.emitted", *place, data)

        self.tell(tell)


class _Told:
    """One invocation in one environment: runs it and collects what is told of it."""

    def __init__(
        self,
        runner: Runner,
        function: Function,
        one: Environment,
        role: Principal,
        request_id: str,
        attempt: int,
        traced: Traced,
    ) -> None:
        self._runner = runner
        self._function = function
        self._one = one
        self._role = role
        self._request_id = request_id
        self._traced = traced
        #: Whether the handler ran, and what its X-Ray SDK sent.
        self.ran = False
        self.datagrams: list[str] = []
        #: What chance inside the function and all figures derive from.
        self.name = f"{runner._world.seed}/{request_id}/{attempt}"
        self._calls = 0
        self._now_us = runner._world.clock.now_us
        runtime = f"runtime/{function.region}/{function.runtime}"
        self._writer = LogWriter(
            function.log_format,
            function.version,
            function.runtime,
            f"arn:aws:lambda:{function.region}::runtime:{runner._world.ids.digest(runtime).hex()}",
        )

    def run(self, message: dict[str, Any], cold: bool) -> tuple[_End, Figures, list[str]]:
        """How it ended, its figures, and its log."""
        lines: list[str] = []
        elapsed_us = 0
        end: _End | None = None
        if cold:
            lines.append(self._writer.init_start(self._now_us))
            end = self._load(lines)
        lines.append(self._writer.start(self._now_us, self._request_id))
        if end is None:
            self.ran = True
            worker = self._worker
            outcome = worker.invoke(message, self._serve, self._runner.guard_seconds)
            self.datagrams = worker.datagrams
            elapsed_us = outcome.data.get("elapsed_us", 0)
            end = self._end_of(outcome)
            lines += outcome.lines
            if outcome.data.get("children"):
                end.broken = True  # what it left running shall not outlive the invocation
        lines += end.lines
        got = self._figures(end, elapsed_us, cold)
        error_type = end.error["errorType"] if end.error and end.status == "error" else ""
        lines += self._writer.ends(
            self._now_us, self._request_id, got, end.status, error_type, self._traced.told()
        )
        return end, got, lines

    @property
    def _worker(self) -> Any:
        assert self._one.worker is not None
        return self._one.worker

    def _load(self, lines: list[str]) -> _End | None:
        """Make the environment; how it failed, None when it did not."""
        problem = not_run_here(self._function)
        if problem:
            error = {
                "errorMessage": f"RequestId: {self._request_id} Error: {problem}",
                "errorType": "Runtime.NotRunByLabkit",
            }
            return _End(error=error, status="error", lines=(problem + "\n",), broken=True)
        environments = self._runner._environments
        worker = environments.start(
            self._one,
            variables(self._function, self._role, self._one.log_stream, self._runner._world.ids),
            now_us=self._now_us,
            init_limit_us=INIT_LIMIT_US,
            seed=f"{self._runner._world.seed}/{self._one.name}",
        )
        outcome = worker.wait(self._serve, self._runner.guard_seconds)
        lines += outcome.lines
        if outcome.kind == "ready":
            return None
        end = self._end_of(outcome)
        end.broken = True
        end.status = "timeout" if end.timed_out else "error"
        lines += end.lines
        end.lines = ()
        init = figures(
            self._runner._seed, self.name, elapsed_us=0, memory_mb=0, used_mb=0, cold=self._one.name
        ).init_ms
        error_type = end.error["errorType"] if end.error else ""
        lines.append(self._writer.init_report(self._now_us, init, end.status, error_type))
        return end

    def _end_of(self, outcome: Outcome) -> _End:
        request_id = self._request_id
        if outcome.kind == "done":
            payload = str(outcome.data["payload"])
            size = len(payload.encode("utf-8", "surrogatepass"))
            if size <= MOST_ANSWERED:
                return _End(payload)
            error = {
                "errorMessage": "Response payload size exceeded maximum allowed payload size "
                f"({MOST_ANSWERED} bytes).",
                "errorType": "Function.ResponseSizeTooLarge",
            }
            return _End(error=error, status="error")
        if outcome.kind in ("error", "init_error"):
            error = outcome.data["error"]
            error["requestId"] = request_id
            return _End(error=error, lines=(trace(error),))
        if outcome.kind == "timeout":
            seconds = self._function.timeout_s
            error = {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request_id} Error: Task timed out after "
                f"{seconds}.00 seconds",
            }
            late_us = self._now_us + seconds * SECOND
            lines = tuple(self._writer.timed_out(late_us, request_id, seconds))
            return _End(error=error, status="timeout", lines=lines, timed_out=True, broken=True)
        message, full = exit_message(outcome.status)
        error = {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: {request_id} Error: {message}",
        }
        lines = tuple(self._writer.exited(request_id, message))
        return _End(error=error, status="error", lines=lines, full=full, broken=True)

    def _figures(self, end: _End, elapsed_us: int, cold: bool) -> Figures:
        seed, function = self._runner._seed, self._function
        memory = used_mb(seed, self._one.name, with_sdk=self._one.calls > 0)
        return figures(
            seed,
            self.name,
            elapsed_us=elapsed_us,
            memory_mb=function.memory_mb,
            used_mb=function.memory_mb if end.full else memory,
            cold=self._one.name if cold else "",
            limit_ms=function.timeout_s * 1000.0 if end.timed_out else None,
        )

    def _serve(self, message: dict[str, Any]) -> dict[str, Any]:
        """One of the function's own calls."""
        self._calls += 1
        self._one.calls += 1
        took = call_us(self._runner._seed, self.name, self._calls)
        call_back = self._runner.call_back
        if call_back is None:
            return {"t": "failed", "text": "nobody answers calls of functions", "took_us": took}
        runner = self._runner
        before = runner.tracer.under, runner.waited_us
        runner.waited_us = 0
        # What is called has the call after half of the way.
        come_us = int(message.get("elapsed_us", 0)) + took // 2
        runner.tracer.under = self._traced.calling(
            str(message.get("trace", "")), self._now_us, come_us
        )
        try:
            status, answer = call_back(message, self._role)
        except LookupError as problem:
            return {"t": "failed", "text": str(problem), "took_us": took}
        finally:
            took += runner.waited_us
            runner.tracer.under, runner.waited_us = before
        plain = {name: _read(value) for name, value in answer.items()}
        return {"t": "answer", "status": status, "answer": plain, "took_us": took}


def _invocation(
    function: Function, request_id: str, end: _End, got: Figures, lines: list[str]
) -> Invocation:
    payload = end.payload
    if end.error is not None:
        payload = json.dumps(end.error, ensure_ascii=False)
    return Invocation(
        ok=end.error is None,
        payload=payload.encode("utf-8", "replace"),
        error_type="" if end.error is None else str(end.error["errorType"]),
        error_message="" if end.error is None else str(end.error["errorMessage"]),
        log="".join(lines),
        duration_ms=got.duration_ms,
        request_id=request_id,
        timed_out=end.timed_out,
        ran=True,
        version=function.version,
    )


def _read(value: Any) -> Any:
    return value.read() if hasattr(value, "read") else value
