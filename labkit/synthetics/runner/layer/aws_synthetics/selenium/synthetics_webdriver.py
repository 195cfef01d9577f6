"""``synthetics_webdriver``: a browser, steps, and requests that are counted.

``execute_step(name, function)`` is documented with the name first; scripts found in the wild, and
lessons, also write it the other way round. The function is whichever of the two can be called.
Inside a coroutine the documented examples ``await`` these functions, so there what they return can
be awaited.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from .. import _run
from ..common import synthetics_logger as logger
from ..common.configuration import CONFIGURATION

if TYPE_CHECKING:
    from .browser import SyntheticsBrowser
    from .http_step import HttpResponse

_BROWSERS: list[SyntheticsBrowser] = []
#: The name of a picture of the last step, which succeeded; it is taken once no step follows.
_AWAITED: list[str] = []
_AGENT: list[str] = []
_UNSAFE = re.compile(r"[^A-Za-z0-9_\-]+")


class _Done:
    """A finished value that can be awaited, and otherwise is of no use."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        """The value, at once."""
        yield from ()
        return self.value


def Chrome(*_: Any, **given: Any) -> SyntheticsBrowser:  # noqa: N802 - AWS's name
    """Start Chromium. ``options`` (or ``chrome_options``) may hold further arguments.

    Raises
    ------
    RuntimeError
        When this machine has no browser.
    """
    from .browser import SyntheticsBrowser

    options = given.get("options") or given.get("chrome_options")
    browser = SyntheticsBrowser(options, " ".join(_AGENT))
    _BROWSERS.append(browser)
    return browser


def last_picture() -> None:
    """Take the picture of the last step, when it was put off until now."""
    if _AWAITED and _BROWSERS:
        _BROWSERS[-1].shoot(_AWAITED.pop())


def browsers() -> list[SyntheticsBrowser]:
    """The browsers that this run has started."""
    return _BROWSERS


def add_user_agent(user_agent_str: str) -> Any:
    """Append to the user agent of the browser that is started next."""
    _AGENT.append(str(user_agent_str))
    return _result(None)


def get_canary_user_agent_string() -> str:
    """What canaries append to their user agent, so that a site can tell them from people."""
    run = _run.link()
    return f"CloudWatchSynthetics/{run.canary}/{run.run_id}"


def add_execution_error(error_message: str, ex: BaseException | None = None) -> None:
    """Fail the run, and go on: the test itself (``SuccessPercent``) may still pass."""
    text = str(error_message) if ex is None else f"{error_message}: {_run.brief(ex)}"
    _run.EXECUTION_ERRORS.append(text)
    _run.link().tell("execution_error", text=text)
    logger.error("Execution error: %s", text)


def get_http_response(url: str) -> int | str:
    """The status of a GET of ``url``, or ``"error"`` when there was no answer."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": get_canary_user_agent_string()})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code
    except Exception as problem:
        logger.error("No response from %s: %s", url, _run.brief(problem))
        return "error"


def execute_step(step_name: Any, function_to_execute: Any = None, **_: Any) -> Any:
    """Run a function as a step: timed, logged, with screenshots, and with metrics of its own.

    Returns
    -------
    object
        What the function returns; None of a failed step when the run is to go on.

    Raises
    ------
    Exception
        What the function raises, unless ``continue_on_step_failure`` is set.
    """
    if callable(step_name):
        step_name, function_to_execute = function_to_execute, step_name
    if not callable(function_to_execute):
        raise TypeError("execute_step wants a name and a function without arguments")
    step = _Step(str(step_name) if step_name is not None else "step")
    if inspect.iscoroutinefunction(function_to_execute):
        return step.coroutine(function_to_execute)
    return _result(step.run(function_to_execute))


def execute_http_step(
    step_name: str,
    request: Any,
    callback: Callable[[HttpResponse], Any] | None = None,
    **_: Any,
) -> Any:
    """Make one request as a step. Without ``callback`` any status from 200 to 299 passes.

    Parameters
    ----------
    step_name:
        Of the step.
    request:
        A URL, or a dict: ``url`` (or ``protocol``, ``hostname``, ``port``, ``path``), ``method``,
        ``headers``, ``body``, ``timeout`` in seconds.
    callback:
        Gets the response (``status``, ``headers``, ``body``, ``json()``); raises when it is wrong.
    """
    from .http_step import ask

    def one() -> Any:
        response = ask(request)
        if callback is None:
            if not 200 <= response.status <= 299:
                raise Exception(f"{response.method} {response.url} answered {response.status}")
            return response
        told = callback(response)
        return response if told is None else told

    return execute_step(step_name, one)


def _result(value: Any) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return value
    return _Done(value)


class _Step:
    """One step under way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = _UNSAFE.sub("-", name).strip("-") or "step"
        self._began = 0.0
        self._shots: list[str] = []

    def run(self, function: Callable[[], Any]) -> Any:
        """Run a plain function; one that returns something to await gets a loop for it."""
        self._begin()
        try:
            value = function()
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
        except BaseException as problem:
            return self._failed(problem)
        self._passed()
        return value

    async def coroutine(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine function."""
        self._begin()
        try:
            value = await function()
        except BaseException as problem:
            return self._failed(problem)
        self._passed()
        return value

    def _begin(self) -> None:
        logger.info("Step %s started", self._name)
        if CONFIGURATION.get_screenshot_on_step_start():
            self._shoot("starting")
        self._began = _run.link().seconds()
        _run.link().tell("step_begins", name=self._name, shots=self._shots)

    def _passed(self) -> None:
        took = _run.link().seconds() - self._began
        logger.info("Step %s succeeded in %d ms", self._name, round(took * 1000))
        if CONFIGURATION.get_screenshot_on_step_success():
            if CONFIGURATION.last_success_only:
                _AWAITED[:] = [f"{self._file}-succeeded"]
            else:
                self._shoot("succeeded")
        self._told("PASSED", took, "")

    def _failed(self, problem: BaseException) -> None:
        took = _run.link().seconds() - self._began
        text = _run.brief(problem)
        logger.error("Step %s failed: %s", self._name, text)
        if CONFIGURATION.get_screenshot_on_step_failure():
            _AWAITED.clear()
            self._shoot("failed")
        self._told("FAILED", took, text)
        if not CONFIGURATION.get_continue_on_step_failure() or not isinstance(problem, Exception):
            problem._labkit_step = self._name  # type: ignore[attr-defined]
            raise problem
        _run.FAILED_STEPS.append((self._name, text))

    def _told(self, status: str, took: float, error: str) -> None:
        url = _BROWSERS[-1].where() if _BROWSERS else ""
        _run.link().tell(
            "step_ends", name=self._name, status=status, ms=took * 1000, error=error, url=url,
            shots=self._shots,
        )  # fmt: skip

    def _shoot(self, suffix: str) -> None:
        if _BROWSERS:
            name = _BROWSERS[-1].shoot(f"{self._file}-{suffix}")
            if name:
                self._shots.append(name)
