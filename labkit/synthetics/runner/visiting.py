"""The browser of one run: started while the script is still loading, a page in a fresh context."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from labkit.synthetics.engine.run import RunRequest, Site
from labkit.synthetics.engine.traffic import Exchange
from labkit.synthetics.runner import browsers as shelf
from labkit.synthetics.runner.browsers import Browser, Browsers
from labkit.synthetics.runner.devtools import BrowserGone
from labkit.synthetics.runner.recorder import Recorder

#: Switches that a script may not give: they would lead out of the machine or into other runs.
_REFUSED = ("--proxy-", "--host-", "--load-extension", "--remote-", "--user-data", "--disk-cache")


def switches(site: Site) -> tuple[str, ...]:
    """How a browser is told where names lead: the site's to their ports, all others nowhere."""
    rules = []
    for host, (plain, secure) in sorted(site.ports.items()):
        rules += [f"MAP {host}:80 127.0.0.1:{plain}"] if plain else []
        rules += [f"MAP {host}:443 127.0.0.1:{secure}"] if secure else []
    rules += ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE localhost"]
    # Where the authority can't be made known (no NSS: macOS), the key of valid certificates is.
    keys = (f"--ignore-certificate-errors-spki-list={site.key_hash}",) if site.key_hash else ()
    return (f"--host-resolver-rules={', '.join(rules)}", *keys)


class Visit:
    """What a run has of browsers.

    Parameters
    ----------
    request, site:
        Of the run.
    kept:
        Browsers that are kept from run to run; None for a cold one.
    began:
        The machine's second at which the run began.
    """

    def __init__(
        self, request: RunRequest, site: Site, kept: Browsers | None, began: float
    ) -> None:
        self._request, self._site, self._kept, self._began = request, site, kept, began
        self._switches = switches(site)
        self._browser: Browser | None = None
        self._taken: tuple[str, ...] = ()
        self._context = ""
        self._starting: threading.Thread | None = None
        self._problem = ""
        self._ready: dict[str, Any] | None = None
        self._recorder: Recorder | None = None
        self._before: list[Exchange] = []
        self.warm = False
        self.version = ""
        self.used = False

    def prepare(self) -> None:
        """Begin to start a browser with a page: the script is likely to ask for one."""
        if shelf.find() is not None:
            self._starting = threading.Thread(target=self._get_ready, daemon=True)
            self._starting.start()

    def _get_ready(self) -> None:
        self._start(())
        if self._browser is not None:
            with contextlib.suppress(BrowserGone):  # whoever asks for it hears why
                self._ready = self._page("")

    def browser(self, arguments: list[str], agent: str) -> dict[str, Any]:
        """What a script gets that asks for a browser: driver, debugger and page, or a problem."""
        self.used = True
        refused = [one for one in arguments if str(one).startswith(_REFUSED)]
        if refused:
            return _problem(f"a canary's browser does not take {refused[0].split('=')[0]}")
        self._settle()
        wanted = tuple(str(one) for one in arguments)
        ready, self._ready = self._ready, None
        if self._browser is None or wanted != self._taken:
            self._drop()
            self._start(wanted)
        elif ready is not None and not agent:
            return ready
        if self._browser is None:
            return _problem(self._problem or shelf.missing())
        try:
            return self._page(agent)
        except BrowserGone as problem:
            self._problem = str(problem)
            return _problem(f"the browser failed: {problem}")

    @property
    def problem(self) -> str:
        """Why there is no browser though one was asked for; ''."""
        return self._problem

    @property
    def pids(self) -> list[int]:
        """Process groups of the browser."""
        return [] if self._browser is None else self._browser.pids

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests of its pages."""
        return [*self._before, *([] if self._recorder is None else self._recorder.exchanges)]

    @property
    def pending(self) -> list[str]:
        """Addresses that have not answered."""
        return [] if self._recorder is None else self._recorder.pending

    @property
    def heard_at(self) -> float:
        """The machine's second at which something was heard of its pages last."""
        return self._began if self._recorder is None else self._recorder.heard_at

    @property
    def too_large(self) -> str:
        """The address of a response that is larger than a canary takes."""
        return "" if self._recorder is None else self._recorder.too_large

    @property
    def no_page(self) -> str:
        """Why the last page could not be had."""
        self.catch_up()
        return "" if self._recorder is None else self._recorder.no_page

    def catch_up(self) -> None:
        """Hear what the browser has told so far: its answers come behind what it told before."""
        if self._recorder is not None and self._browser is not None and self._browser.devtools:
            with contextlib.suppress(BrowserGone):  # then it tells no more
                self._browser.devtools.ask("Browser.getVersion")

    def end(self, *, reuse: bool) -> None:
        """End the run's context, and the browser unless it is kept. Idempotent."""
        self._settle()
        browser, self._browser = self._browser, None
        if browser is None:
            return
        if reuse and self._kept is not None and self._clean(browser):
            self._kept.give_back(browser, self._taken_key(), self._site.authority)
        else:
            browser.close()

    # -- inside
    def _settle(self) -> None:
        if self._starting is not None:
            self._starting.join()
            self._starting = None

    def _taken_key(self) -> tuple[str, ...]:
        return self._switches + self._taken

    def _start(self, arguments: tuple[str, ...]) -> None:
        found = shelf.find()
        if found is None:
            self._problem = shelf.missing()
            return
        self._taken = arguments
        try:
            key, authority = self._taken_key(), self._site.authority
            if self._kept is not None:
                self._browser = self._kept.take(found, key, authority)
            else:
                self._browser = Browser(found, key, authority)
        except BrowserGone as problem:
            self._problem = f"the browser does not start: {problem}"
            return
        self.warm = self._browser.runs > 0
        self._browser.runs += 1
        self.version = found.version

    def _page(self, agent: str) -> dict[str, Any]:
        browser = self._browser
        assert browser is not None and browser.devtools is not None
        tools = browser.devtools
        told = tools.ask("Browser.getVersion")
        ours = f"CloudWatchSynthetics/{self._request.canary}/{self._request.run_id}"
        plain = str(told["userAgent"]).replace("HeadlessChrome", "Chrome")
        shown = f"{plain} {ours} {agent}".strip()
        if self._recorder is not None:
            self._recorder.agent = shown
        if not self._context:
            self._context = tools.ask("Target.createBrowserContext")["browserContextId"]
            self._recorder = Recorder(tools, self._context, shown, self._began)
            tools.heard = self._recorder.hear
            tools.ask(
                "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
            )
        width, height = shelf.VIEWPORT
        page = tools.ask(
            "Target.createTarget", url="about:blank", browserContextId=self._context,
            width=width, height=height, newWindow=True,
        )  # fmt: skip
        return {
            "t": "browser",
            "driver": f"http://127.0.0.1:{browser.driver_port}",
            "debugger": f"127.0.0.1:{browser.debug_port}",
            "page": page["targetId"],
            "viewport": [width, height],
        }

    def _clean(self, browser: Browser) -> bool:
        """Take away what the run has left in a browser; whether that was possible."""
        if not browser.alive or browser.devtools is None:
            return False
        try:
            if self._context:
                browser.devtools.ask("Target.disposeBrowserContext", browserContextId=self._context)
                self._context = ""
            browser.devtools.ask(
                "Target.setAutoAttach",
                autoAttach=False,
                waitForDebuggerOnStart=False,
                flatten=True,
            )
            browser.devtools.heard = None
        except BrowserGone:
            return False
        return True

    def _drop(self) -> None:
        if self._browser is not None:
            browser, self._browser = self._browser, None
            self._before = self.exchanges
            self._context, self._recorder = "", None
            browser.close()


def _problem(text: str) -> dict[str, Any]:
    return {"t": "browser", "problem": text}
