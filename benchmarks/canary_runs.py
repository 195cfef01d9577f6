"""Canaries: a heartbeat against the shop, cold and warm, and a bare selenium script beside it.

``python -m benchmarks.canary_runs`` prints seconds as JSON. Both sides load the same page of the
same server by the same name, with the same switches, each in processes of its own; rounds are
interleaved and the best of each counts. The bare script loads the page and ends the browser; a
second one takes a picture too, as a heartbeat does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from benchmarks.measure import once
from labkit.synthetics import blueprints
from labkit.synthetics.engine.run import RunRequest, Site
from labkit.synthetics.runner import run
from labkit.synthetics.runner.browsers import FLAGS, VIEWPORT, Browsers, find
from labkit.synthetics.runner.visiting import switches
from labkit.workloads.shop_faults import SiteSnapshot
from labkit.workloads.shop_site import DOMAIN
from labkit.workloads.shop_web import ShopWeb

_URL = f"http://{DOMAIN}/"

_BARE = """
import json, sys
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
told = json.loads(sys.argv[1])
options = webdriver.ChromeOptions()
options.binary_location = told["chromium"]
for one in told["switches"]:
    options.add_argument(one)
browser = webdriver.Chrome(options=options, service=Service(told["driver"]))
browser.get(told["url"])
assert browser.title == "Teapot", browser.title
if told["picture"]:
    browser.save_screenshot(told["picture"])
browser.quit()
"""


def main(rounds: int = 7) -> dict[str, float]:
    """Seconds: a cold heartbeat, a warm one, a bare script, one with a picture."""
    found = find()
    if found is None:
        return {}
    web = ShopWeb(SiteSnapshot)
    site = Site({DOMAIN: (web.ports[0], 0)}, "whole")
    code = blueprints.package(blueprints.script("heartbeat", URLS=[_URL]))
    asked = RunRequest("heartbeat", "run", code, blueprints.HANDLER, memory_mb=3008)
    kept = Browsers()
    times: dict[str, list[float]] = {"cold": [], "warm": [], "bare": [], "picture": []}

    def ours(browsers: Browsers | None) -> None:
        done = run(asked, site, browsers=browsers)
        assert done.passed and done.took_picture, done.state_reason

    with tempfile.TemporaryDirectory() as folder:
        width, height = VIEWPORT
        theirs = [one for one in FLAGS if not one.startswith("--remote-debugging")]
        told = {
            "chromium": found.chromium,
            "driver": found.driver,
            "url": _URL,
            "switches": [*theirs, *switches(site), f"--window-size={width},{height}"],
        }

        def bare(picture: str) -> None:
            text = json.dumps({**told, "picture": picture})
            subprocess.run([sys.executable, "-c", _BARE, text], check=True)

        ours(kept)
        for _ in range(rounds):
            times["cold"].append(once(lambda: ours(None)))
            times["bare"].append(once(lambda: bare("")))
            times["warm"].append(once(lambda: ours(kept)))
            times["picture"].append(once(lambda: bare(os.path.join(folder, "a.png"))))
    kept.close()
    web.close()
    return {name: min(several) for name, several in times.items()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)))
