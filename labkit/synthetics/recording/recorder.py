"""The recorder: a browser that somebody clicks in, and a recording of it.

playwright opens a page of the system's Chromium and puts a listener into every document. What is
clicked, typed and chosen comes back as steps in the format of Chrome's DevTools. It ends when the
window is closed, on Ctrl-C, or by :meth:`Recorder.stop`.

playwright's synchronous form refuses to work inside an event loop, and a notebook is one: the
browser lives in a thread of its own.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError
from labkit.synthetics.recording.devtools import Recording, read
from labkit.synthetics.runner.browsers import find, missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What a Chromium that talks to this machine alone is started with.
_SWITCHES = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: How often the browser's thread looks whether it shall end, milliseconds.
_LOOK_MS = 50


class Recorder:
    """A browser whose use is recorded.

    Parameters
    ----------
    url:
        The first page.
    headless:
        Whether nobody sees it: for tests.
    site:
        See :func:`labkit.synthetics.recording.devtools.read`.
    hosts:
        Host name -> address: ``{"shop.teapot.example": "127.0.0.1:8443"}``.

    Raises
    ------
    LabError
        Without a browser or without playwright.
    """

    def __init__(
        self,
        url: str,
        *,
        headless: bool = False,
        site: Mapping[str, str] | None = None,
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self._headless = headless
        self._site = dict(site or {})
        self._hosts = dict(hosts or {})
        self._steps: list[dict[str, Any]] = []
        self._work: queue.Queue[Callable[[Page], Any] | None] = queue.Queue()
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        if find() is None:
            raise LabError(missing())
        try:
            import playwright.sync_api  # noqa: F401
        except ImportError:
            raise LabError("the recorder needs playwright: pip install 'labkit[browser]'") from None
        self._thread = threading.Thread(target=self._live, name="recorder", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._problem is not None:
            raise LabError(f"the browser did not open {url}: {self._problem}")

    # -- the browser's thread
    def _live(self) -> None:
        from playwright.sync_api import Error, sync_playwright

        found = find()
        assert found is not None
        rules = ",".join(f"MAP {name} {to}" for name, to in self._hosts.items())
        switches = [*_SWITCHES, *([f"--host-resolver-rules={rules}"] if rules else [])]
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=found.chromium, headless=self._headless, args=switches
                )
                context = browser.new_context(ignore_https_errors=bool(self._hosts))
                context.expose_binding("labkitStep", self._take)
                context.add_init_script(_listener())
                page = context.new_page()
                page.on("framenavigated", self._navigated)
                page.goto(self.url)
                self._ready.set()
                self._serve(page)
                browser.close()
        except Error as problem:
            self._problem = problem
        finally:
            self._ready.set()

    def _serve(self, page: Page) -> None:
        while not page.is_closed():
            try:
                work = self._work.get_nowait()
            except queue.Empty:
                page.wait_for_timeout(_LOOK_MS)
                continue
            if work is None:
                return
            work(page)

    def _navigated(self, frame: Any) -> None:
        """A page that was gone to by its address; what a click leads to is the click's."""
        if frame.parent_frame is None and not self._steps:
            self._steps.append({"type": "navigate", "url": frame.url})

    def _take(self, source: Any, text: str) -> None:
        """A step, told by a document. Typing into one field is one step, with the last value."""
        step = json.loads(text)
        last = self._steps[-1] if self._steps else {}
        if step["type"] == last.get("type") == "change" and (
            step["selectors"] == last.get("selectors")
        ):
            self._steps.pop()
        self._steps.append(step)

    # -- for whoever has started it
    def do(self, work: Callable[[Page], Any]) -> Any:
        """Let the browser's thread do something with its page: what a test clicks.

        Parameters
        ----------
        work:
            Gets playwright's page.
        """
        answer: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

        def run(page: Page) -> None:
            try:
                answer.put((work(page), None))
            except BaseException as problem:
                answer.put((None, problem))

        self._work.put(run)
        value, problem = answer.get()
        if problem is not None:
            raise problem
        return value

    @property
    def open(self) -> bool:
        """Whether the window is still there."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait until the window is closed."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def stop(self) -> Recording:
        """Close the window; what was recorded."""
        self._work.put(None)
        self._thread.join()
        return self.recording()

    def export(self) -> dict[str, Any]:
        """What was recorded so far, in the format of Chrome's DevTools, secrets left out."""
        return {"title": f"Recording of {self.url}", "steps": list(self._steps)}

    def recording(self) -> Recording:
        """What was recorded so far.

        Raises
        ------
        LabError
            When nothing was.
        """
        return read(self.export(), site=self._site)


def _listener() -> str:
    return (files("labkit") / "synthetics" / "recording" / "listener.js").read_text("utf-8")
