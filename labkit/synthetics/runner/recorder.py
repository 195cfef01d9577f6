"""What a browser is told and answered during one run: every request, from the debugging pipe."""

from __future__ import annotations

from typing import Any

from labkit.core.clock import machine_seconds
from labkit.synthetics.engine.run import RESPONSE_CAP
from labkit.synthetics.engine.traffic import Exchange
from labkit.synthetics.runner.devtools import DevTools


class Recorder:
    """Listens to the pages of one browser context.

    Parameters
    ----------
    devtools:
        The browser's.
    context:
        The context's id.
    agent:
        The user agent of its pages.
    began:
        The machine's second at which the run began.
    """

    def __init__(self, devtools: DevTools, context: str, agent: str, began: float) -> None:
        self._devtools, self._context = devtools, context
        #: The user agent of pages that are opened from now on.
        self.agent = agent
        self._began = began
        self._zero: float | None = None
        self._open: dict[str, Exchange] = {}
        self._ours: set[str] = set()
        self.exchanges: list[Exchange] = []
        #: The machine's second at which something was heard last.
        self.heard_at = began
        #: The address of a response that is larger than a canary takes; ''.
        self.too_large = ""
        #: Why the last page could not be had; ''.
        self.no_page = ""

    def hear(self, method: str, params: dict[str, Any], session: str) -> None:
        """One event of the browser."""
        self.heard_at = machine_seconds()
        if method == "Target.attachedToTarget":
            self._attached(params)
        elif session in self._ours and method.startswith("Network."):
            handler = getattr(self, f"_{method[8:]}", None)
            if handler is not None:
                handler(params, session)

    @property
    def pending(self) -> list[str]:
        """Addresses that have not answered yet."""
        # A copy first: the thread that hears the browser changes it meanwhile.
        return [one.url for one in list(self._open.values()) if one.ms < 0 and not one.status]

    def _attached(self, params: dict[str, Any]) -> None:
        session, about = params["sessionId"], params["targetInfo"]
        send = self._devtools.send
        if about.get("browserContextId") == self._context:
            self._ours.add(session)
            send("Network.enable", session)
            if about["type"] in ("page", "iframe"):
                send("Emulation.setUserAgentOverride", session, userAgent=self.agent)
            send(
                "Target.setAutoAttach", session,
                autoAttach=True, waitForDebuggerOnStart=True, flatten=True,
            )  # fmt: skip
        if params.get("waitingForDebugger"):
            send("Runtime.runIfWaitingForDebugger", session)

    def _ms(self, timestamp: float) -> float:
        """Milliseconds since the run's begin of one of the browser's timestamps."""
        if self._zero is None:
            self._zero = timestamp - (machine_seconds() - self._began)
        return (timestamp - self._zero) * 1000

    def _requestWillBeSent(self, params: dict[str, Any], _: str) -> None:  # noqa: N802 - CDP's name
        asked, key = params["request"], params["requestId"]
        if not asked["url"].startswith(("http:", "https:")):
            return
        before = self._open.pop(key, None)
        at = self._ms(params["timestamp"])
        if before is not None and "redirectResponse" in params:
            self._answer(before, params["redirectResponse"])
            before.ms = at - before.start_ms
        kind = str(params.get("type", "other")).lower()
        one = Exchange(asked["method"], asked["url"], at, asked=_headers(asked), kind=kind)
        self._open[key] = one
        self.exchanges.append(one)
        if kind == "document":
            self.no_page = ""

    def _responseReceived(self, params: dict[str, Any], session: str) -> None:  # noqa: N802
        one = self._open.get(params["requestId"])
        if one is not None:
            self._answer(one, params["response"])
            told = next((v for k, v in one.told if k.lower() == "content-length"), "")
            if told.isdigit() and int(told) > RESPONSE_CAP:
                self._stop(one, session)

    def _dataReceived(self, params: dict[str, Any], session: str) -> None:  # noqa: N802
        one = self._open.get(params["requestId"])
        if one is None:
            return
        one.size += int(params["dataLength"])
        if one.size > RESPONSE_CAP:
            self._stop(one, session)

    def _stop(self, one: Exchange, session: str) -> None:
        if not self.too_large:
            self.too_large = one.url
            self._devtools.send("Page.stopLoading", session)

    def _loadingFinished(self, params: dict[str, Any], _: str) -> None:  # noqa: N802
        one = self._open.pop(params["requestId"], None)
        if one is not None:
            one.ms = self._ms(params["timestamp"]) - one.start_ms

    def _loadingFailed(self, params: dict[str, Any], _: str) -> None:  # noqa: N802
        one = self._open.pop(params["requestId"], None)
        if one is None:
            return
        one.ms = self._ms(params["timestamp"]) - one.start_ms
        one.error = str(params.get("errorText") or params.get("blockedReason") or "failed")
        one.cancelled = bool(params.get("canceled"))
        if one.kind == "document":
            self.no_page = one.error

    def _answer(self, one: Exchange, told: dict[str, Any]) -> None:
        one.status, one.status_text = int(told["status"]), str(told.get("statusText", ""))
        one.mime, one.told = str(told.get("mimeType", "")), _headers(told)


def _headers(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in message.get("headers", {}).items()]
