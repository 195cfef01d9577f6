"""One JupyterLab for all browser tests of a module, on copies of the notebooks."""

import os
import shutil
from pathlib import Path

import pytest

from browser.jupyterlab import FLAGS, Notebook, Server, chromium

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Where screenshots go: LABKIT_SCREENSHOTS, else a folder of pytest's."""
    named = os.environ.get("LABKIT_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="browser tests need playwright: pip install labkit[browser]"
    )
    if chromium() is None:
        pytest.skip("browser tests need Chromium: none at /usr/bin/chromium, nor LABKIT_CHROMIUM")
    assert playwright
    folder = tmp_path_factory.mktemp("course")
    for shelf in ("notebooks", "exercises", "solutions"):
        shutil.copytree(ROOT / shelf, folder / shelf)
    (folder / "labkit").mkdir()
    running = Server(folder, tmp_path_factory.mktemp("jupyter"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def open_notebook(browser, server, shots):
    """``open_notebook("notebooks/01_metrics.ipynb")``: a page with that notebook."""
    pages = []

    def open_one(name):
        page = browser.new_page(viewport={"width": 1300, "height": 1200})
        page.set_default_timeout(150_000)  # a busy machine; nothing waits when it is there
        pages.append(page)
        return Notebook(page, server, name, shots)

    yield open_one
    for page in pages:
        page.close()
