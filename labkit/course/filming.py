"""Filming: the runs of lesson 09, recorded with a real browser for machines that have none.

Each scene is what the lesson does up to the picture: the same scripts, the same incidents, the same
hour of the lab. ``labkit course record-films`` plays them all and writes what was seen into
:mod:`labkit.synthetics.films`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labkit.core.errors import LabError
from labkit.course import canary_start
from labkit.lab import Lab
from labkit.synthetics import blueprints
from labkit.synthetics.films.film import SHELF, Film, write

#: What all films together may take.
MOST_BYTES = 400_000
#: The pages of the lesson's heartbeat.
PAGES = ("", "search?q=tea", "product/sencha")
_HALF_AN_HOUR = 30


def home(lab: Lab) -> str:
    """The heartbeat, on the morning when nobody can buy: PASSED."""
    _the_banner(lab)
    pages = [f"https://shop.teapot.example/{page}" for page in PAGES]
    name = canary_start.started(lab, "home", blueprints.script("heartbeat", URLS=pages))
    lab.advance(minutes=1)
    return name


def till(lab: Lab) -> str:
    """The customer's whole way, on the same morning: FAILED at the step ``pay``."""
    _the_banner(lab)
    lab.advance(minutes=12)
    name = canary_start.started(lab, "till", blueprints.script("workflow"))
    lab.advance(minutes=1)
    return name


def looks(lab: Lab) -> str:
    """Two pages against their baseline, after the style sheet is gone: FAILED."""
    lab.advance(hours=2)
    name = canary_start.canary(lab, "looks", blueprints.script("visual"))
    synthetics = lab.client("synthetics")
    synthetics.update_canary(Name=name, VisualReference={"BaseCanaryRunId": "nextrun"})
    lab.advance(seconds=20)
    synthetics.start_canary(Name=name)
    lab.advance(minutes=2)
    lab.shop.incident("page_unstyled", "home", minutes=60)
    lab.advance(minutes=5)
    return name


def _the_banner(lab: Lab) -> None:
    lab.shop.incident("page_covered", "checkout", minutes=90)
    lab.advance(minutes=_HALF_AN_HOUR)


#: Name of a film -> what happens in it.
SCENES: dict[str, Callable[[Lab], str]] = {"home": home, "till": till, "looks": looks}


def record(shelf: Path | None = None, only: str = "") -> dict[str, int]:
    """Record the films; the bytes that each takes.

    Parameters
    ----------
    shelf:
        Where to; the package's own folder when left out.
    only:
        One of :data:`SCENES`; all of them when left out.

    Raises
    ------
    LabError
        On a machine without a browser, or when a run took no picture.
    """
    from labkit.synthetics.runner.browsers import find, missing

    browser = find()
    if browser is None:
        raise LabError(missing())
    sizes = {}
    for name, scene in SCENES.items():
        if only and name != only:
            continue
        with Lab() as lab:
            canary = lab.synthetics.canary(scene(lab))
            run = lab.synthetics.run(canary.name)
            if not run.result.took_picture:
                raise LabError(f"{name} took no picture: {run.result.no_picture}")
            held = canary.baselines.get(canary.settings.browsers[0])
            baseline = {} if held is None else dict(held.screenshots)
            sizes[name] = write(
                name, Film(canary.name, browser.version, run, baseline), shelf or SHELF
            )
    return sizes
