"""A JupyterLab of our own and a page in it: opened, driven, photographed.

The server listens on 127.0.0.1 with a token, keeps its settings and workspaces in a folder of the
test's, and works on copies of the notebooks. Every request that leaves this machine is noted.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
    # All cells are in the page at once: what is asked for need not be scrolled to.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def chromium():
    """The system's Chromium, None when there is none."""
    named = os.environ.get("LABKIT_CHROMIUM") or shutil.which("chromium")
    return next((path for path in (named, *CHROMIUM) if path and Path(path).exists()), None)


class Server:
    """JupyterLab on a free port, on a folder."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        settings = state / "settings" / "@jupyterlab"
        for name, values in SETTINGS.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(state / "config"),
            "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
            "JUPYTER_DATA_DIR": str(state / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
            "IPYTHONDIR": str(state / "ipython"),
            "LABKIT_PROGRESS": str(state / "progress.json"),
            "LABKIT_LEARNER": "demo",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
             "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={folder}",
             f"--IdentityProvider.token={self.token}", "--LabApp.news_url=None",
             "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._reader: threading.Thread | None = None
        self.log: list[str] = []
        self.url = ""
        watchdog = threading.Timer(90, self.stop)
        watchdog.start()
        for line in self._process.stdout or ():
            self.log.append(line)
            at = line.find("http://127.0.0.1:")
            if at >= 0 and "/lab" in line:
                self.url = line[at:].split("/lab")[0]
                break
        watchdog.cancel()
        # Nobody reads on otherwise, and a full pipe would stop the server.
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        if not self.url:
            raise RuntimeError("JupyterLab did not start:\n" + "".join(self.log))

    def _drain(self) -> None:
        for line in self._process.stdout or ():
            self.log.append(line)

    def stop(self) -> None:
        """End the server and its kernels."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
        if self._reader is not None:
            self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Notebook:
    """One notebook open in a page of the browser."""

    def __init__(self, page, server: Server, name: str, shots: Path) -> None:
        self.page = page
        self.shots = shots
        self.name = Path(name).stem
        self.offsite: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{server.url}/lab/tree/{name}?token={server.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self._wait_idle()

    def _note(self, request) -> None:
        here = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")
        if not request.url.startswith(here):
            self.offsite.append(request.url)

    def _wait_idle(self) -> None:
        self.page.wait_for_function(
            "() => document.querySelector('.jp-Notebook-ExecutionIndicator')"
            "?.getAttribute('data-status') === 'idle'"
        )

    def run_all(self) -> None:
        """Run all cells and wait until the last one has run."""
        page = self.page
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        # Stored numbers, or those of a run before, would be taken for those of this one.
        self.menu("Edit", "Clear Outputs of All Cells")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
            ".every(e => !/\\d/.test(e.textContent))"
        )
        self.menu("Run", "Run All Cells")
        page.wait_for_function(
            """() => {
                const cells = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
                    .filter(c => c.querySelector('.cm-content')?.textContent.trim());
                return cells.every(c => /\\d/.test(c.querySelector('.jp-InputPrompt').textContent));
            }"""
        )
        self._wait_idle()

    def menu(self, name: str, item: str) -> None:
        """Choose from the menu bar."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def cell(self, text: str):
        """The code cell whose source holds a text."""
        source = self.page.locator(".cm-content", has_text=text)
        return self.page.locator(".jp-Notebook .jp-CodeCell", has=source).first

    def type_into(self, cell, source: str) -> None:
        """Replace a cell's source."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def failed(self) -> list[str]:
        """The texts of error outputs."""
        return self.page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        ).all_inner_texts()

    def shoot(self, what: str, element=None) -> Path:
        """A screenshot, of the page or of one element."""
        path = self.shots / f"{self.name}-{what}.png"
        (element or self.page).screenshot(path=path)
        return path
