"""Film: one recorded run, as it is kept in the package and as the views take it.

A film is a folder: ``film.json`` with the steps, the comparisons and the requests of a HAR, and a
WebP beside it for each picture, half as wide as the browser's window. Of each step the last picture
is kept, which is the one that a film strip shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labkit.core.clock import iso, to_datetime
from labkit.core.errors import LabError
from labkit.synthetics.engine.run import Artifact, Comparison, HttpCounts, RunResult, StepResult
from labkit.synthetics.records import Run

#: Where the films of the package lie.
SHELF = Path(__file__).parent
_FILE, _BASELINE = "film.json", "baseline-"
#: Width of a kept picture, pixels.
WIDE = 640


@dataclass(frozen=True)
class Film:
    """A recorded run.

    Parameters
    ----------
    canary:
        The name that its canary had.
    browser:
        Version of the browser.
    run:
        The run; its artifacts are the pictures and ``results.har``.
    baseline:
        File name -> picture that was compared with.
    """

    canary: str
    browser: str
    run: Run
    baseline: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What stands above whatever is shown of it."""
        at = to_datetime(self.run.started_us)
        return (
            f"recorded on {at:%Y-%m-%d} at {at:%H:%M} (the lab's clock) with a real browser; "
            "this machine has none"
        )


def names(shelf: Path = SHELF) -> list[str]:
    """What films there are."""
    return sorted(place.parent.name for place in shelf.glob(f"*/{_FILE}"))


def read(name: str, shelf: Path = SHELF) -> Film:
    """A film.

    Raises
    ------
    LabError
        When there is none of that name.
    """
    if name not in names(shelf):
        raise LabError(f"no film is called {name!r}; there are {', '.join(names(shelf))}")
    folder = shelf / name
    told = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    run = told["run"]
    pictures = [Artifact(one, _picture(folder, one), "image/webp") for one in told["pictures"]]
    har = Artifact("results.har", _har(told["requests"]), "application/json")
    result = RunResult(
        run["state"] == "PASSED", run["reason"], run["reason_code"], run["test_result"],
        run["started_us"], run["duration_ms"],
        tuple(StepResult(**one | {"screenshots": tuple(one["screenshots"])})
              for one in told["steps"]),
        HttpCounts(**told["http"]), (*pictures, har), took_picture=bool(pictures),
        comparisons=tuple(Comparison(**one) for one in told["comparisons"]),
    )  # fmt: skip
    made = Run(
        "recorded", "recorded", 0, run["started_us"],
        run["started_us"] + round(run["duration_ms"] * 1000), run["state"], run["reason"],
        run["reason_code"], run["test_result"], "", "", result, duration_ms=run["duration_ms"],
    )  # fmt: skip
    baseline = {one: _picture(folder, _BASELINE + one) for one in told["baseline"]}
    return Film(told["canary"], told["browser"], made, baseline)


def write(name: str, film: Film, shelf: Path = SHELF) -> int:
    """Keep a run as a film, in place of an earlier one; how many bytes it takes.

    Parameters
    ----------
    name:
        Of the film.
    film:
        Its run with pictures as PNG.
    shelf:
        The folder of the films.
    """
    from labkit.synthetics.views.film import last_of_each_step

    run, result = film.run, film.run.result
    folder = shelf / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    shown = last_of_each_step(run)
    shown += [one.difference for one in result.comparisons if one.difference]
    for one in shown:
        _keep(folder, one, result.artifact(one))
    for one, body in film.baseline.items():
        _keep(folder, _BASELINE + one, body)
    told = {
        "canary": film.canary,
        "recorded": iso(run.started_us),
        "browser": film.browser,
        "run": {
            "started_us": run.started_us, "duration_ms": round(run.duration_ms, 1),
            "state": run.state, "reason": run.reason, "reason_code": run.reason_code,
            "test_result": run.test_result,
        },
        "steps": [_step(one, shown) for one in result.steps],
        "http": asdict(result.http),
        "comparisons": [asdict(one) for one in result.comparisons],
        "pictures": shown,
        "baseline": sorted(film.baseline),
        "requests": _requests(result),
    }  # fmt: skip
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    (folder / _FILE).write_text(text, encoding="utf-8", newline="\n")
    return sum(place.stat().st_size for place in folder.iterdir())


def _step(step: StepResult, shown: list[str]) -> dict[str, Any]:
    return asdict(step) | {
        "start_ms": round(step.start_ms, 1),
        "duration_ms": round(step.duration_ms, 1),
        "screenshots": [one for one in step.screenshots if one in shown],
        "error": step.error.split("\n  (Session info")[0].split("\nStacktrace")[0],
    }


def _keep(folder: Path, name: str, body: bytes) -> None:
    from labkit.synthetics.engine.pixels import smaller

    _place(folder, name).write_bytes(smaller(body, WIDE))


def _picture(folder: Path, name: str) -> bytes:
    return _place(folder, name).read_bytes()


def _place(folder: Path, name: str) -> Path:
    return folder / f"{name.removesuffix('.png')}.webp"


def _requests(result: RunResult) -> list[list[Any]]:
    """The figures of a HAR: method, address, status, start, milliseconds, bytes, type."""
    held = {one.name: one.body for one in result.artifacts}
    entries = json.loads(held.get("results.har", b'{"log": {"entries": []}}'))["log"]["entries"]
    return [
        [
            one["request"]["method"], one["request"]["url"], one["response"]["status"],
            one["startedDateTime"], round(one["time"], 1), one["response"]["content"]["size"],
            one["response"]["content"]["mimeType"],
        ]
        for one in entries
    ]  # fmt: skip


def _har(requests: list[list[Any]]) -> bytes:
    entries = [
        {
            "startedDateTime": at,
            "time": took,
            "request": {"method": method, "url": url},
            "response": {"status": status, "content": {"size": size, "mimeType": mime}},
        }
        for method, url, status, at, took, size, mime in requests
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()
