"""``SyntheticsBrowser``: selenium's Chrome, started and ended by the runner."""

from __future__ import annotations

import base64
import os
from typing import Any

from selenium.common.exceptions import NoAlertPresentException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.remote.webdriver import WebDriver as RemoteWebDriver

from .. import _run
from ..common import synthetics_logger as logger

#: Arguments that are the runner's own business.
_NOT_THEIRS = (
    "--user-data-dir", "--remote-debugging", "--host-resolver-rules", "--headless", "--no-sandbox",
    "--single-process", "--no-zygote",
)  # fmt: skip


class SyntheticsBrowser(WebDriver):
    """A browser with one page of its own; all of selenium's methods, and three more.

    Parameters
    ----------
    options:
        selenium's options; their arguments are Chromium's.
    agent:
        What is appended to the user agent.
    """

    def __init__(self, options: Options | None, agent: str) -> None:
        given = options or Options()
        # As chromedriver does it: an argument is a switch, whatever it begins with. The guide's
        # own example has two long dashes before "incognito", which Chromium takes for an address.
        told = [one if one.startswith("--") else f"--{one}" for one in given.arguments]
        wanted = [one for one in told if not one.startswith(_NOT_THEIRS)]
        run = _run.link()
        there = run.ask("browser", arguments=wanted, agent=agent)
        if there.get("problem"):
            raise RuntimeError(there["problem"])
        ours = Options()
        ours.add_experimental_option("debuggerAddress", there["debugger"])
        for name in ("page_load_strategy", "timeouts", "unhandled_prompt_behavior"):
            value = getattr(given, name, None)
            if value:
                setattr(ours, name, value)
        self.options = given
        RemoteWebDriver.__init__(
            self, command_executor=ChromeRemoteConnection(there["driver"]), options=ours
        )
        #: The browser's own pages, which this run has not opened.
        self._others = set(super().window_handles) - {there["page"]}
        self.switch_to.window(there["page"])
        self.set_viewport_size(*there["viewport"])

    def get(self, url: str) -> None:
        """Open a page.

        Raises
        ------
        WebDriverException
            When it can't be had, for a bad certificate too: selenium shows the browser's warning
            page and goes on, and a canary that photographs it would pass.
        """
        super().get(url)
        if self.where().startswith("chrome-error:"):
            told = _run.link().ask("why_no_page")
            raise WebDriverException(f"unknown error: {told.get('problem') or 'no page'} at {url}")

    @property
    def window_handles(self) -> list[str]:
        """The run's own windows and tabs, oldest first: ``window_handles[-1]`` is the new one."""
        return [one for one in super().window_handles if one not in self._others]

    def quit(self) -> None:
        """Do nothing: the runner ends the browser after the run."""

    def set_viewport_size(self, width: int, height: int) -> None:
        """Set the size of the page's window, in pixels."""
        self.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def save_screenshot(self, filename: Any, suffix: str | None = None) -> bool:
        """Take a screenshot that becomes an artifact.

        Parameters
        ----------
        filename:
            ``loaded.png``; a path's last part counts.
        suffix:
            Put behind the name.
        """
        name = os.path.basename(str(filename))
        stem = name[:-4] if name.lower().endswith(".png") else name
        self._write(f"{stem}-{suffix}" if suffix else stem)
        return True

    def shoot(self, stem: str) -> str:
        """Take a screenshot of a step; '' when that can't be done, which fails no step.

        Nor does it close a dialog, as any other command would: the script shall find it.
        """
        try:
            if self._dialog():
                logger.warning("No screenshot %s: a dialog is open", stem)
                return ""
            return self._write(stem)
        except Exception as problem:
            logger.warning("Unable to take screenshot %s: %s", stem, _run.brief(problem))
            return ""

    def _dialog(self) -> bool:
        try:
            return bool(self.switch_to.alert)
        except NoAlertPresentException:
            return False

    def where(self) -> str:
        """The address of the page; '' when the browser does not tell."""
        try:
            told = self.execute_script("return document.documentURI")
            return str(told or "")
        except Exception:
            return ""

    def _write(self, stem: str) -> str:
        # The same pixels as selenium's own command gives, packed in less time into more bytes.
        told = self.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}
        )
        picture = base64.b64decode(told["data"])
        name = f"{_run.next_picture():02d}-{stem.replace(os.sep, '-')}.png"
        with open(os.path.join(_run.link().folder, name), "wb") as file:
            file.write(picture)
        _run.link().tell("screenshot", name=name)
        return name
